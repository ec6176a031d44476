//! Where do control sockets lie?
//!
//! In `$XDG_RUNTIME_DIR/osier`, else in `/run/osier`: one file for each link.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The folder of the control sockets of this user.
pub fn directory() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").filter(|dir| Path::new(dir).is_absolute());
    runtime.map_or_else(|| PathBuf::from("/run"), PathBuf::from).join("osier")
}

/// Where the stack on a link is served by default: `tap:osier0` in `tap-osier0.sock`.
pub fn path_of(link: &str) -> PathBuf {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let name: String = link.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    directory().join(format!("{name}.sock"))
}

/// The control sockets in [`directory`], in the order of their names, alive or not.
///
/// # Errors
/// Those of the file system; a folder that does not exist holds none.
pub fn find() -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sock"));
    paths.sort();
    Ok(paths)
}

/// Makes a folder for its owner only, unless it is there.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        let text = format!("cannot make the folder {}: {error}", folder.display());
        io::Error::new(error.kind(), text)
    })
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn no_link_leads_out_of_the_folder() {
        let name = |link| path_of(link).file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name("tap:osier0"), "tap-osier0.sock");
        assert_eq!(name("../../etc/x"), "..-..-etc-x.sock");
    }
}
