//! Where does the ladder of the tour go, to be shown to others?
//!
//! Into the files that `--svg` and `--html` name: the same steps and sentences as on the screen,
//! drawn for a slide or a browser. They are created before the tour begins, so that a folder that
//! cannot be written is said at once, and written when it is over.

use super::Args;
use crate::exit::Failure;
use osier_ladder::{Caption, End, Ladder, Step};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The steps so far, and the files that want them.
#[derive(Debug, Default)]
pub(crate) struct Drawings {
    ladder: Ladder,
    files: Vec<Drawing>,
}

#[derive(Debug)]
struct Drawing {
    form: Form,
    path: PathBuf,
    file: File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Svg,
    Html,
}

impl Drawings {
    /// Creates the files that are asked for. To be called before this process moves to a namespace
    /// in which it may not be allowed to.
    ///
    /// # Errors
    /// A file that cannot be created.
    pub(crate) fn create(args: &Args) -> Result<Self, Failure> {
        let svg = args.svg.as_deref().map(|path| Drawing::create(Form::Svg, path));
        let html = args.html.as_deref().map(|path| Drawing::create(Form::Html, path));
        let files = svg.into_iter().chain(html).collect::<Result<_, _>>()?;
        Ok(Drawings { ladder: Ladder::default(), files })
    }

    /// Who stands at the head of each lifeline.
    pub(crate) fn begin(&mut self, ends: &[End]) {
        self.ladder.ends = ends.to_vec();
    }

    /// The next step.
    pub(crate) fn step(&mut self, step: &Step) {
        if !self.files.is_empty() {
            self.ladder.steps.push(step.clone());
        }
    }

    /// Writes the files. One sentence for each.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn finish(self) -> Result<Vec<String>, Failure> {
        let ladder = &self.ladder;
        self.files.into_iter().map(|drawing| drawing.write(ladder)).collect()
    }
}

impl Drawing {
    fn create(form: Form, path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| refused(path, &error))?;
        Ok(Drawing { form, path: path.to_owned(), file })
    }

    fn write(mut self, ladder: &Ladder) -> Result<String, Failure> {
        let (text, what) = match self.form {
            Form::Svg => (ladder.to_svg(&caption(ladder)), "drawing"),
            Form::Html => (ladder.to_html(&caption(ladder)), "page for a browser"),
        };
        self.file.write_all(text.as_bytes()).map_err(|error| refused(&self.path, &error))?;
        Ok(format!("The ladder as a {what} is {}.", self.path.display()))
    }
}

fn caption(ladder: &Ladder) -> Caption {
    let names: Vec<&str> = ladder.ends.iter().map(|end| end.name.as_str()).collect();
    Caption::new(format!("A TCP connection: {}", names.join(" and "))).text(
        "Opened, used and closed; each segment was held until both ends had told their state. \
         Numbers are counted from the start of the connection, those on the wire in brackets.",
    )
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    Failure::refused(format!("{} cannot be written: {error}", path.display()))
        .remedy("name a file in a folder that you may write to")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;

    #[test]
    fn a_file_that_cannot_be_created_is_said_before_the_tour_begins() {
        let path = Path::new("/proc/no/such/folder.svg");
        let failure = Drawing::create(Form::Svg, path).unwrap_err();
        assert_eq!(failure.code(), Code::Refused);
        assert!(failure.to_string().contains("/proc/no/such/folder.svg"));
    }
}
