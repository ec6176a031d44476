//! How is the kernel asked about its interfaces and sockets?
//!
//! By netlink (netlink(7), RFC 3549): a request is a header, a fixed part and attributes; the
//! answer is a run of messages of that form. This file knows the envelope only; what the letters
//! say is in `interface.rs` and `sock_diag.rs`.

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink};
use rustix::net::{recv, send, socket_with};
use std::io;
use std::os::fd::OwnedFd;

/// Ask the kernel to confirm.
pub(crate) const NLM_F_ACK: u16 = 0x4;
/// Ask for all objects, not for one.
pub(crate) const NLM_F_DUMP: u16 = 0x300;
/// Make the object if it is not there.
pub(crate) const NLM_F_CREATE: u16 = 0x400;
/// Refuse if the object is there.
pub(crate) const NLM_F_EXCL: u16 = 0x200;

const NLM_F_REQUEST: u16 = 0x1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const HEADER_LEN: usize = 16;

/// The kernel fills at most 32 KiB at a time.
const ANSWER_MAX: usize = 64 * 1024;

/// Which part of the kernel is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Interfaces and addresses; it has the number 0.
    Route,
    /// Sockets.
    SockDiag,
}

/// A request that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A request of this kind (`RTM_…`, `SOCK_DIAG_…`) with its fixed part.
    pub(crate) fn new(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER_LEN];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&(flags | NLM_F_REQUEST).to_ne_bytes());
        bytes.extend_from_slice(fixed);
        Request { bytes }.padded()
    }

    /// Adds an attribute.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let len = u16::try_from(4 + value.len()).expect("our attributes are short");
        self.bytes.extend_from_slice(&len.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        self.bytes.extend_from_slice(value);
        self.padded()
    }

    fn padded(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    fn finished(mut self) -> Vec<u8> {
        let len = u32::try_from(self.bytes.len()).expect("our requests are short");
        self.bytes[..4].copy_from_slice(&len.to_ne_bytes());
        self.bytes
    }
}

/// One message of an answer: its kind and what follows the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) kind: u16,
    pub(crate) body: &'a [u8],
}

/// Asks one question on a socket of its own and shows each message of the answer to `each`.
///
/// # Errors
/// What the kernel answered, or refused: `raw_os_error` is its number.
pub(crate) fn ask(
    family: Family,
    request: Request,
    mut each: impl FnMut(Message<'_>),
) -> io::Result<()> {
    let socket = open(family)?;
    send(&socket, &request.finished(), SendFlags::empty())?;
    let mut answer = vec![0; ANSWER_MAX];
    loop {
        // The kernel has written the first part of its answer before `send` returned, and writes
        // each further part inside `recv`: this does not wait.
        let (len, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
        if part(&answer[..len], &mut each)? == Part::Last {
            return Ok(());
        }
    }
}

fn open(family: Family) -> io::Result<OwnedFd> {
    let protocol = match family {
        Family::Route => None,
        Family::SockDiag => Some(netlink::SOCK_DIAG),
    };
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
    Ok(socket)
}

/// Whether more of an answer is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    More,
    Last,
}

/// Reads one datagram: some messages of an answer.
fn part(mut bytes: &[u8], each: &mut impl FnMut(Message<'_>)) -> io::Result<Part> {
    const NLM_F_MULTI: u16 = 0x2;
    let mut state = Part::Last;
    while let Some((message, flags, rest)) = message(bytes) {
        match message.kind {
            NLMSG_DONE => return Ok(Part::Last),
            NLMSG_ERROR => return acknowledgment(message.body).map(|()| Part::Last),
            _ => each(message),
        }
        state = if flags & NLM_F_MULTI != 0 { Part::More } else { Part::Last };
        bytes = rest;
    }
    Ok(state)
}

/// Cuts the first message off, with its flags.
fn message(bytes: &[u8]) -> Option<(Message<'_>, u16, &[u8])> {
    let len = u32::from_ne_bytes(field(bytes, 0)?) as usize;
    let body = bytes.get(HEADER_LEN..len)?;
    let kind = u16::from_ne_bytes(field(bytes, 4)?);
    let flags = u16::from_ne_bytes(field(bytes, 6)?);
    let rest = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    Some((Message { kind, body }, flags, rest))
}

/// NLMSG_ERROR carries 0 for "done", else the negated number of the error.
fn acknowledgment(body: &[u8]) -> io::Result<()> {
    match field(body, 0).map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(number) => Err(io::Error::from_raw_os_error(-number)),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The attributes in these bytes: kind and value. Stops at the first that does not fit.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(u16::from_ne_bytes(field(bytes, 0)?));
        let kind = u16::from_ne_bytes(field(bytes, 2)?);
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// `N` bytes at an offset.
pub(crate) fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_padded_to_four_bytes_and_read_back() {
        let request = Request::new(16, NLM_F_ACK, &[1; 4]).attribute(3, b"lo\0").attribute(4, &[9]);
        let bytes = request.finished();
        let (message, flags, rest) = message(&bytes).unwrap();
        assert_eq!((message.kind, flags, rest.len()), (16, NLM_F_ACK | NLM_F_REQUEST, 0));
        let read: Vec<_> = attributes(&message.body[4..]).collect();
        assert_eq!(read, [(3, &b"lo\0"[..]), (4, &[9])]);
    }

    #[test]
    fn a_refusal_carries_the_number_of_the_error() {
        let mut bytes = Request::new(NLMSG_ERROR, 0, &(-1i32).to_ne_bytes()).finished();
        let refused = part(&bytes, &mut |_| ()).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(1));
        bytes[16..20].fill(0);
        assert_eq!(part(&bytes, &mut |_| ()).unwrap(), Part::Last);
    }

    #[test]
    fn lengths_that_lie_end_the_walk() {
        assert!(message(&[0; 15]).is_none());
        assert!(message(&[0; 16]).is_none());
        assert!(message(&[0xff; 64]).is_none());
        assert_eq!(attributes(&[0; 8]).count(), 0);
        assert_eq!(attributes(&[0xff; 8]).count(), 0);
    }
}
