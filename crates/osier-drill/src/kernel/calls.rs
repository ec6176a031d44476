//! System calls on the kernel's sockets, which never wait: what would is said to be blocked.

use crate::numbers::{
    F_GETFL, F_SETFL, FIONREAD, MSG_FASTOPEN, O_NONBLOCK, O_RDWR, SOCK_KIND, SOCK_STREAM,
};
use crate::stack::{Buffers, Form, Given, Outcome, Syscall};
use osier_device::sockets::{Answer, KernelSock};
use std::collections::BTreeMap;
use std::net::SocketAddr;

const MSG_DONTWAIT: i32 = 0x40;
const MSG_TRUNC: i32 = 0x20;
const MSG_WAITALL: i32 = 0x100;
const MSG_ERRQUEUE: i32 = 0x2000;
const POLLIN: i32 = 1;
const POLLOUT: i32 = 4;
const POLLRDHUP: i32 = 0x2000;
/// So much at most is thrown away in one call.
const THROWN_MAX: usize = 1 << 20;
const POLLFAILED: i32 = 8 | 16;
const SO_ERROR: (i32, i32) = (1, 4);
const TCP_INFO: (i32, i32) = (6, 11);
const TCP_CONGESTION: (i32, i32) = (6, 13);
/// As much as any kernel gives.
const INFO_MAX: usize = 512;
const EBADF: i32 = 9;
const EAGAIN: i32 = 11;
const EFAULT: i32 = 14;
const EINVAL: i32 = 22;
const ENOTTY: i32 = 25;
const EINPROGRESS: i32 = 115;

/// A socket, and how the script uses it.
#[derive(Debug)]
struct File {
    sock: KernelSock,
    /// Whether calls on it may wait.
    waits: bool,
    /// How much of a send that waits was taken.
    sent: usize,
    /// Whether a `connect` waits.
    connecting: bool,
}

/// The descriptors.
#[derive(Debug, Default)]
pub(super) struct Files {
    open: BTreeMap<i32, File>,
    next: i32,
    /// What connections that are made from now on use.
    pub(super) congestion: String,
}

impl Files {
    pub(super) fn new(congestion: &str) -> Files {
        Files { congestion: congestion.to_owned(), ..Files::default() }
    }

    pub(super) fn call(&mut self, call: &Syscall) -> Outcome {
        match self.answer(call) {
            Ok(outcome) => outcome,
            Err(errno) => Outcome::Failed(errno),
        }
    }

    pub(super) fn info(&self, fd: i32) -> Answer<Vec<u8>> {
        self.file(fd)?.sock.option(TCP_INFO.0, TCP_INFO.1, INFO_MAX)
    }

    fn file(&self, fd: i32) -> Answer<&File> {
        self.open.get(&fd).ok_or(EBADF)
    }

    fn file_mut(&mut self, fd: i32) -> Answer<&mut File> {
        self.open.get_mut(&fd).ok_or(EBADF)
    }

    fn keep(&mut self, sock: KernelSock, waits: bool) -> Outcome {
        self.next += 1;
        self.open.insert(self.next, File { sock, waits, sent: 0, connecting: false });
        done(self.next as usize)
    }

    fn answer(&mut self, call: &Syscall) -> Answer<Outcome> {
        match call {
            Syscall::Socket { domain, kind, protocol } => {
                let sock = KernelSock::open(*domain, *kind, *protocol)?;
                if kind & SOCK_KIND == SOCK_STREAM {
                    let (level, name) = TCP_CONGESTION;
                    sock.set_option(level, name, self.congestion.as_bytes())?;
                }
                Ok(self.keep(sock, kind & O_NONBLOCK == 0))
            }
            Syscall::Bind(fd, at) => self.file(*fd)?.sock.bind(*at).map(|()| done(0)),
            Syscall::Listen(fd, backlog) => self.file(*fd)?.sock.listen(*backlog).map(|()| done(0)),
            Syscall::Accept(fd) => {
                let file = self.file(*fd)?;
                match file.sock.accept() {
                    Ok(sock) => Ok(self.keep(sock, true)),
                    Err(EAGAIN) if file.waits => Ok(Outcome::Blocked),
                    Err(errno) => Err(errno),
                }
            }
            Syscall::Connect(fd, to) => self.connect(*fd, *to),
            Syscall::Receive { fd, buffers, flags, form } => {
                self.receive(*fd, buffers, *flags, *form)
            }
            Syscall::Send { fd, buffers, flags, to, form } => {
                let to = to.filter(|_| matches!(form, Form::Address | Form::Message));
                self.send(*fd, buffers, (*flags, to))
            }
            Syscall::Shutdown(fd, how) => self.file(*fd)?.sock.shutdown(*how).map(|()| done(0)),
            Syscall::Close(fd) => self.open.remove(fd).map(|_| done(0)).ok_or(EBADF),
            Syscall::Fcntl(fd, F_GETFL, _) => {
                let waits = self.file(*fd)?.waits;
                Ok(done((O_RDWR | if waits { 0 } else { O_NONBLOCK }) as usize))
            }
            Syscall::Fcntl(fd, F_SETFL, flags) => {
                self.file_mut(*fd)?.waits = flags & O_NONBLOCK == 0;
                Ok(done(0))
            }
            Syscall::Fcntl(..) => Err(EINVAL),
            Syscall::Ioctl(fd, FIONREAD) => {
                let octets = self.file(*fd)?.sock.readable()?;
                Ok(Outcome::Done(0, Given::Number(octets as i64)))
            }
            Syscall::Ioctl(..) => Err(ENOTTY),
            Syscall::SetOption { fd, level, name, value } => {
                self.file(*fd)?.sock.set_option(*level, *name, value).map(|()| done(0))
            }
            Syscall::GetOption { fd, level, name, len } => {
                let value = self.file(*fd)?.sock.option(*level, *name, *len)?;
                Ok(Outcome::Done(0, Given::Octets(value)))
            }
            Syscall::Poll(entries, timeout) => self.poll(entries, *timeout),
            Syscall::EpollCreate(_)
            | Syscall::EpollControl { .. }
            | Syscall::EpollWait(..)
            | Syscall::Pipe
            | Syscall::Splice { .. } => Ok(Outcome::Unsupported),
        }
    }

    fn connect(&mut self, fd: i32, to: Option<SocketAddr>) -> Answer<Outcome> {
        let file = self.file_mut(fd)?;
        if !file.connecting {
            return match file.sock.connect(to) {
                Ok(()) => Ok(done(0)),
                Err(EINPROGRESS) if file.waits => {
                    file.connecting = true;
                    Ok(Outcome::Blocked)
                }
                Err(errno) => Err(errno),
            };
        }
        if file.sock.ready(POLLOUT)? & (POLLOUT | POLLFAILED) == 0 {
            return Ok(Outcome::Blocked);
        }
        file.connecting = false;
        let error = file.sock.option(SO_ERROR.0, SO_ERROR.1, 4)?;
        match error.first_chunk().map(|octets| i32::from_le_bytes(*octets)) {
            Some(0) | None => Ok(done(0)),
            Some(errno) => Err(errno),
        }
    }

    fn receive(&mut self, fd: i32, buffers: &Buffers, flags: i32, form: Form) -> Answer<Outcome> {
        let len = match buffers {
            Buffers::Of(lens) => lens.iter().sum(),
            Buffers::Null(len) if flags & MSG_TRUNC != 0 => (*len).min(THROWN_MAX),
            Buffers::Null(_) => return Err(EFAULT),
        };
        let mut into = vec![0; len];
        let file = self.file(fd)?;
        if file.waits
            && flags & (MSG_DONTWAIT | MSG_ERRQUEUE) == 0
            && !has_enough(file, len, flags)?
        {
            return Ok(Outcome::Blocked);
        }
        match file.sock.receive(&mut into, flags) {
            Ok(octets) if form == Form::Message => {
                let given = Given::Message { flags: 0, control: Vec::new() };
                Ok(Outcome::Done(octets as i64, given))
            }
            Ok(octets) => Ok(done(octets)),
            Err(EAGAIN) if file.waits && flags & MSG_DONTWAIT == 0 => Ok(Outcome::Blocked),
            Err(errno) => Err(errno),
        }
    }

    fn send(
        &mut self,
        fd: i32,
        buffers: &Buffers,
        (flags, to): (i32, Option<SocketAddr>),
    ) -> Answer<Outcome> {
        let Buffers::Of(lens) = buffers else { return Err(EFAULT) };
        let len: usize = lens.iter().sum();
        let file = self.file_mut(fd)?;
        let waits = file.waits && flags & MSG_DONTWAIT == 0;
        let goes_on = file.connecting || file.sent > 0;
        let text = vec![0; len - file.sent.min(len)];
        // What goes on behind the SYN is an ordinary send.
        let (flags, to) = if goes_on { (flags & !MSG_FASTOPEN, None) } else { (flags, to) };
        match file.sock.send(&text, flags, to) {
            Ok(octets) if waits && file.sent + octets < len => {
                file.sent += octets;
                Ok(Outcome::Blocked)
            }
            Ok(octets) => {
                let all = file.sent + octets;
                (file.sent, file.connecting) = (0, false);
                Ok(done(all))
            }
            Err(EAGAIN) if waits => Ok(Outcome::Blocked),
            Err(EINPROGRESS) if waits => {
                file.connecting = true;
                Ok(Outcome::Blocked)
            }
            Err(errno) => {
                (file.sent, file.connecting) = (0, false);
                Err(errno)
            }
        }
    }

    fn poll(&self, entries: &[(i32, i32)], timeout: i64) -> Answer<Outcome> {
        let mut found = Vec::new();
        for (fd, events) in entries {
            found.push(self.file(*fd)?.sock.ready(*events)?);
        }
        let ready = found.iter().filter(|events| **events != 0).count();
        if ready == 0 && timeout != 0 {
            return Ok(Outcome::Blocked);
        }
        Ok(Outcome::Done(ready as i64, Given::Ready(found)))
    }
}

/// Whether as much has come as a call waits for, which a socket that never waits does not look at:
/// what makes it readable (SO_RCVLOWAT), or all of it with MSG_WAITALL; or else the end.
fn has_enough(file: &File, len: usize, flags: i32) -> Answer<bool> {
    let ready = file.sock.ready(POLLIN | POLLRDHUP)?;
    let ended = ready & (POLLRDHUP | POLLFAILED) != 0;
    let all = flags & MSG_WAITALL != 0;
    Ok(ended || ready & POLLIN != 0 && (!all || file.sock.readable()? as usize >= len))
}

fn done(result: usize) -> Outcome {
    Outcome::Done(result as i64, Given::Nothing)
}
