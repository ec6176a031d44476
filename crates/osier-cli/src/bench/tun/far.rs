//! Who is at the kernel's side of the device?
//!
//! A program of a few lines on the kernel's sockets: it sends, takes, checks or answers until the
//! connection ends or its parent does. Its congestion control is CUBIC, as osier's, whatever the
//! system's own is. The peers of `bench/` have this very file as their far end, too, so that all
//! are measured against the same one. It knows nothing of devices and namespaces: it runs where it
//! is started.

use rustix::net::sockopt::set_tcp_congestion;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// What is written in one call. Prime, so that neither segments nor buffers divide it and a piece
/// in the wrong place shows.
pub(crate) const WRITTEN: usize = 65_521;

/// What is read in one call at most.
pub(crate) const READ: usize = 65_536;

/// After so many octets [`Part::Meter`] says that they came.
pub(crate) const STEP: u64 = 1 << 20;

/// What [`Part::Check`] answers when all came as it was sent.
pub(crate) const ALL_WELL: u8 = b'!';

/// What the program says once it listens.
pub(crate) const READY: &str = "ready";

/// How long the other end may take until it listens.
const PATIENCE: Duration = Duration::from_secs(5);

/// The congestion control of the kernel's sockets.
const CONGESTION: &str = "cubic";

/// What it does with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Sends the pattern, on and on.
    Source,
    /// Takes what comes.
    Sink,
    /// Takes what comes, and prints a line after each [`STEP`].
    Meter,
    /// Holds so many octets against the pattern, and answers [`ALL_WELL`].
    Check(u64),
    /// Answers each octet with its complement.
    Echo,
}

/// Who begins the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The other end; we listen here.
    Listen(SocketAddr),
    /// We do, with this one, as soon as it listens.
    Connect(SocketAddr),
}

/// Opens the connection and does the part, to the end of the connection.
///
/// # Errors
/// What the system refuses; wrong octets.
pub(crate) fn play(part: Part, place: Place) -> io::Result<()> {
    let stream = match place {
        Place::Listen(at) => accept(at)?,
        Place::Connect(to) => connect(to)?,
    };
    stream.set_nodelay(true)?;
    match part {
        Part::Source => source(stream),
        Part::Sink => sink(stream, |_| Ok(())),
        Part::Meter => {
            let mut said = 0;
            sink(stream, |read| {
                if read / STEP > said {
                    said = read / STEP;
                    say(&read.to_string())?;
                }
                Ok(())
            })
        }
        Part::Check(octets) => check(stream, octets),
        Part::Echo => echo(stream),
    }
}

fn accept(at: SocketAddr) -> io::Result<TcpStream> {
    let listener = TcpListener::bind(at)?;
    // An accepted socket inherits it.
    set_congestion(&listener)?;
    say(READY)?;
    Ok(listener.accept()?.0)
}

fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let until = Instant::now() + PATIENCE;
    loop {
        match connect_once(to) {
            Err(error) if refused(&error) && Instant::now() < until => {
                std::thread::sleep(PATIENCE / 100);
            }
            other => return other,
        }
    }
}

fn refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

fn connect_once(to: SocketAddr) -> io::Result<TcpStream> {
    let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    set_congestion(&socket)?;
    rustix::net::connect(&socket, &to)?;
    Ok(socket.into())
}

fn set_congestion(socket: &impl AsFd) -> io::Result<()> {
    set_tcp_congestion(socket, CONGESTION).map_err(|errno| {
        let why = io::Error::from(errno);
        io::Error::new(why.kind(), format!("the kernel's sockets cannot be {CONGESTION}: {why}"))
    })
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn source(mut to: TcpStream) -> io::Result<()> {
    let text = pattern();
    loop {
        match to.write_all(&text) {
            Err(error) if is_end(&error) => return Ok(()),
            other => other?,
        }
    }
}

fn sink(mut from: TcpStream, mut came: impl FnMut(u64) -> io::Result<()>) -> io::Result<()> {
    let (mut buffer, mut read) = (vec![0; READ], 0);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Err(error) if is_end(&error) => return Ok(()),
            got => read += got? as u64,
        }
        came(read)?;
    }
}

fn check(mut from: TcpStream, octets: u64) -> io::Result<()> {
    let (mut buffer, mut checker) = (vec![0; READ], Checker::default());
    while checker.read < octets {
        let len = from.read(&mut buffer)?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        checker.take(&buffer[..len]).map_err(io::Error::other)?;
    }
    from.write_all(&[ALL_WELL])
}

fn echo(mut with: TcpStream) -> io::Result<()> {
    let mut byte = [0];
    loop {
        match with.read(&mut byte) {
            Ok(0) => return Ok(()),
            Err(error) if is_end(&error) => return Ok(()),
            got => got?,
        };
        with.write_all(&[!byte[0]])?;
    }
}

/// The other end has what it wanted and is gone.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// Octets without a short period, the same in every run.
pub(crate) fn pattern() -> Vec<u8> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let states = std::iter::successors(Some(71), step);
    states.map(|state| (state >> 24) as u8).take(WRITTEN).collect()
}

/// Holds what arrives against the pattern, again and again from its start.
#[derive(Debug)]
pub(crate) struct Checker {
    text: Vec<u8>,
    read: u64,
}

impl Default for Checker {
    fn default() -> Self {
        Checker { text: pattern(), read: 0 }
    }
}

impl Checker {
    /// Are these the next octets?
    pub(crate) fn take(&mut self, octets: &[u8]) -> Result<(), String> {
        let from = (self.read % WRITTEN as u64) as usize;
        let written = self.text[from..].iter().chain(self.text.iter().cycle());
        if !octets.iter().eq(written.take(octets.len())) {
            return Err(format!("wrong octets after {}", self.read));
        }
        self.read += octets.len() as u64;
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Source => f.write_str("source"),
            Part::Sink => f.write_str("sink"),
            Part::Meter => f.write_str("meter"),
            Part::Check(octets) => write!(f, "check={octets}"),
            Part::Echo => f.write_str("echo"),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(word: &str) -> Result<Part, String> {
        let unknown = || format!("there is no part `{word}`");
        match word {
            "source" => Ok(Part::Source),
            "sink" => Ok(Part::Sink),
            "meter" => Ok(Part::Meter),
            "echo" => Ok(Part::Echo),
            _ => {
                let octets = word.strip_prefix("check=").and_then(|octets| octets.parse().ok());
                octets.map(Part::Check).ok_or_else(unknown)
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Listen(at) => write!(f, "listen={at}"),
            Place::Connect(to) => write!(f, "connect={to}"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(word: &str) -> Result<Place, String> {
        let unknown = || format!("there is no place `{word}`");
        let (sort, at) = word.split_once('=').ok_or_else(unknown)?;
        let at = at.parse().map_err(|_| unknown())?;
        match sort {
            "listen" => Ok(Place::Listen(at)),
            "connect" => Ok(Place::Connect(at)),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_and_a_place_are_read_as_they_are_written() {
        let parts = [Part::Source, Part::Sink, Part::Meter, Part::Check(7), Part::Echo];
        for part in parts {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        let at = SocketAddr::from(([10, 71, 0, 1], 7));
        for place in [Place::Listen(at), Place::Connect(at)] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        assert!("run".parse::<Part>().is_err() && "listen=7".parse::<Place>().is_err());
    }

    #[test]
    fn an_octet_that_is_wrong_missing_or_twice_there_is_found() {
        let text = pattern();
        let mut checker = Checker::default();
        checker.take(&text[..70]).unwrap();
        checker.take(&text[70..]).unwrap();
        checker.take(&text[..1]).unwrap();
        assert!(checker.take(&text[2..9]).is_err(), "one is missing");
        assert!(checker.take(&text[..9]).is_err(), "one is there twice");
        checker.take(&text[1..9]).unwrap();
    }
}
