//! How does another program look into a running stack?
//!
//! It connects to a Unix socket that only the owner may use (mode 0600), and receives, without
//! asking, one JSON object a line ([`Line`]): the stack, every socket, every counter; then the
//! connection is closed. `osier ss` is a client; so is `socat - UNIX:/run/osier/tap-osier0.sock`.
//! Nothing can be changed through it.

mod line;
mod place;

use crate::stack::Stack;
pub use line::{Line, SocketLine, TimerLine};
pub use place::{directory, find, path_of};
use rustix::fs::{Mode, fchmod};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::task::JoinHandle;

/// Programs that may wait to be served.
const BACKLOG: u32 = 16;

/// How long a program may take to read what it asked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer that a client reads: about a million sockets.
const ANSWER_MAX: u64 = 512 << 20;

/// Serves a stack on a control socket until it is dropped; then the socket's file is removed.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Serves `stack` at `path`; `link` names its link in the answer. The folder is made if need
    /// be, for the owner only. A file that a dead process left behind is replaced.
    ///
    /// # Errors
    /// `AddrInUse` where a living process serves there; those of the file system.
    pub fn serve(stack: &Stack, link: &str, path: impl AsRef<Path>) -> io::Result<Control> {
        let path = path.as_ref().to_owned();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            place::make_private(folder)?;
        }
        let listener = listen(&path)?;
        let task = tokio::spawn(answer_all(listener, stack.clone(), link.to_owned()));
        Ok(Control { path, task })
    }

    /// Where it is served.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Asks the stack that serves at `path`. Blocks for as long as it takes to answer, a few seconds at
/// most.
///
/// # Errors
/// `NotFound`, `ConnectionRefused`: no stack serves there; `PermissionDenied`: it is another
/// user's; `InvalidData`: what answered is no stack.
pub fn ask(path: impl AsRef<Path>) -> io::Result<Vec<Line>> {
    let stream = BlockingStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    BufReader::new(stream.take(ANSWER_MAX))
        .lines()
        .map(|line| serde_json::from_str(&line?).map_err(io::Error::from))
        .collect()
}

/// Binds, where nobody living is bound.
fn listen(path: &Path) -> io::Result<UnixListener> {
    match bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            match BlockingStream::connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                    bind(path)
                }
                Ok(_) => Err(io::Error::new(
                    io::ErrorKind::AddrInUse,
                    format!("another process serves {} already", path.display()),
                )),
                Err(other) => Err(other),
            }
        }
        other => other,
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = UnixSocket::new_stream()?;
    // Before anybody can connect: Linux gives the file the mode of the socket.
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    socket.bind(path)?;
    socket.listen(BACKLOG)
}

/// Answers one program after the other.
async fn answer_all(listener: UnixListener, stack: Stack, link: String) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is left: later there may be one.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        // Who goes away or does not read has had their chance.
        let _ = tokio::time::timeout(PATIENCE, answer(&stream, &stack, &link)).await;
    }
}

async fn answer(stream: &UnixStream, stack: &Stack, link: &str) -> io::Result<()> {
    let mut text = Vec::new();
    for line in line::lines(stack, link) {
        serde_json::to_writer(&mut text, &line)?;
        text.push(b'\n');
    }
    let mut rest = &text[..];
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
