//! Where do the frames of the tour go, to be looked at again?
//!
//! Into `osier-tour.pcapng` in the working folder, each with what osier decided about it as its
//! comment. A folder that cannot be written, or a full disk, is said once; the tour goes on.

use osier_pcap::{Direction, InterfaceId, LinkType, Writer};
use osier_time::{Duration, Instant};
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// The name of the file.
pub(crate) const FILE: &str = "osier-tour.pcapng";

/// The capture, or why there is none.
#[derive(Debug)]
pub(crate) struct Capture {
    path: PathBuf,
    file: Result<Open, String>,
    frames: usize,
}

#[derive(Debug)]
struct Open {
    writer: Writer<BufWriter<File>>,
    interface: InterfaceId,
}

impl Capture {
    /// Begins the file. To be called before this process moves to a namespace in which it may not
    /// be allowed to.
    pub(crate) fn create(epoch: Duration) -> Self {
        let folder = std::env::current_dir().unwrap_or_default();
        Capture::create_at(&folder.join(FILE), epoch)
    }

    fn create_at(path: &Path, epoch: Duration) -> Self {
        let file = open(path, epoch).map_err(|e| in_words(&e));
        Capture { path: path.to_owned(), file, frames: 0 }
    }

    /// A frame, seen from osier, with the reasons.
    pub(crate) fn write(
        &mut self,
        at: Instant,
        direction: Direction,
        bytes: &[&[u8]],
        notes: &[String],
    ) {
        let Ok(Open { writer, interface }) = &mut self.file else { return };
        let comment = (!notes.is_empty()).then(|| notes.join("\n"));
        let written = writer
            .write_packet(*interface, at, direction, bytes, comment.as_deref())
            .and_then(|()| writer.flush());
        match written {
            Ok(()) => self.frames += 1,
            Err(e) => self.file = Err(in_words(&e)),
        }
    }

    /// Where the capture is, or why it is not there, as one sentence.
    pub(crate) fn words(&self) -> String {
        let path = self.path.display();
        match &self.file {
            Ok(_) => {
                let (folder, frames) = (self.path.parent().unwrap_or(Path::new(".")), self.frames);
                format!(
                    "The capture, with osier's reasons as comments, is {FILE} ({frames} frames) in \
                     {}.",
                    folder.display()
                )
            }
            Err(e) => {
                format!("There is no whole capture: {path} cannot be written ({e}).")
            }
        }
    }
}

fn open(path: &Path, epoch: Duration) -> io::Result<Open> {
    let mut writer = Writer::new(BufWriter::new(File::create(path)?), epoch)?;
    let interface = writer.add_interface(super::kernel::TAP, LinkType::Ethernet)?;
    Ok(Open { writer, interface })
}

/// The system's answer without its number.
fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_written_is_told_and_no_failure() {
        let mut capture = Capture::create_at(Path::new("/proc/osier-tour.pcapng"), Duration::ZERO);
        capture.write(Instant::ZERO, Direction::Inbound, &[b"frame"], &[]);
        assert!(capture.words().contains("/proc/osier-tour.pcapng cannot be written"));
    }

    #[test]
    fn a_full_disk_ends_the_capture_and_not_the_tour() {
        let mut capture = Capture::create_at(Path::new("/dev/full"), Duration::ZERO);
        capture.write(Instant::ZERO, Direction::Inbound, &[b"frame"], &[]);
        assert!(capture.words().ends_with("cannot be written (no space left on device)."));
    }
}
