//! Where does a scenario come from, and where is what comes of it written?
//!
//! A scenario is one that osier brings along or a file of the user's; whatever is wrong with a file
//! is a sentence with its remedy. No output overwrites the scenario or another output.

use super::Show;
use crate::exit::{Failure, Outcome};
use osier_lab::scenario::{Scenario, nearest, shipped};
use std::borrow::Cow;
use std::fs;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A scenario by its name, or from its file.
pub(super) fn scenario(name: &str) -> Result<Scenario, Failure> {
    let (file, text) = source(name)?;
    Scenario::parse(&file, &text).map_err(|mistake| Failure::usage(mistake.to_string()))
}

/// The name of a scenario's file, and what it says.
pub(super) fn source(name: &str) -> Result<(String, Cow<'static, str>), Failure> {
    if let Some(shipped) = shipped(name) {
        return Ok((format!("{name}.toml"), Cow::Borrowed(shipped.text)));
    }
    let path = Path::new(name);
    if path.is_dir() {
        return Err(Failure::usage(format!("{name} is a folder"))
            .remedy("name the file of a scenario, which ends in .toml"));
    }
    let octets = fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound if name.ends_with(".toml") || name.contains('/') => {
            Failure::usage(format!("there is no file {name}"))
                .remedy("`osier lab list` names the scenarios that need no file")
        }
        ErrorKind::NotFound => {
            Failure::usage(format!("there is no scenario `{name}`")).remedy(meant(name))
        }
        _ => Failure::refused(format!("{name} cannot be read: {error}"))
            .remedy("see who may read it: `ls -l`"),
    })?;
    let text = String::from_utf8(octets).map_err(|_| {
        Failure::usage(format!("{name} is no text")).remedy("a scenario is TOML, in UTF-8")
    })?;
    Ok((name.to_owned(), Cow::Owned(text)))
}

/// What somebody who wrote this may have meant.
fn meant(name: &str) -> String {
    let list = "`osier lab list` names those that there are; a file of yours ends in .toml";
    match nearest(name)[..] {
        [] => list.to_owned(),
        [one] => format!("did you mean `{one}`? {list}"),
        [ref more @ .., last] => {
            format!("did you mean `{}` or `{last}`? {list}", more.join("`, `"))
        }
    }
}

/// That every output has a file of its own.
pub(super) fn are_apart(scenario: &str, show: &Show) -> Outcome {
    let outputs = [
        ("--capture", &show.capture),
        ("--svg", &show.svg),
        ("--html", &show.html),
        ("--save", &show.save),
    ];
    let own = shipped(scenario).is_none().then(|| ("the scenario", same(Path::new(scenario))));
    let mut taken: Vec<(&str, PathBuf)> = own.into_iter().collect();
    for (option, path) in outputs {
        let Some(path) = path else { continue };
        let at = same(path);
        if let Some((other, _)) = taken.iter().find(|(_, known)| *known == at) {
            let says = format!("{option} would overwrite {other}: both are {}", path.display());
            return Err(Failure::usage(says).remedy(format!("give {option} a file of its own")));
        }
        taken.push((option, at));
    }
    Ok(())
}

/// A path by which the same file is found the same; one that is not there yet by its folder.
fn same(path: &Path) -> PathBuf {
    if let Ok(known) = path.canonicalize() {
        return known;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// Writes a file to its last octet.
pub(super) fn write(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<fs::File>) -> std::io::Result<()>,
) -> Outcome {
    let refused = |error: std::io::Error| {
        let remedy = match error.kind() {
            ErrorKind::NotFound => "make its folder first",
            ErrorKind::IsADirectory => "that is a folder: name a file in it",
            ErrorKind::PermissionDenied => "name a file in a folder of yours",
            ErrorKind::StorageFull => "make room there, or name a file elsewhere",
            _ => "name another file",
        };
        Failure::refused(format!("{} cannot be written: {error}", path.display())).remedy(remedy)
    };
    let mut file = BufWriter::new(fs::File::create(path).map_err(refused)?);
    write(&mut file).and_then(|()| file.flush()).map_err(refused)
}
