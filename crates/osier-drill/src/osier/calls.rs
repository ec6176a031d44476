//! System calls on [`Posix`]: numbers into its types, and its answers into numbers.

use super::{Osier, mode};
use crate::numbers::{
    AF_INET, AF_INET6, F_GETFL, F_SETFL, FIONREAD, O_NONBLOCK, O_RDWR, SOCK_DGRAM, SOCK_KIND,
    SOCK_STREAM,
};
use crate::stack::{Buffers, Control, ControlData, Form, Given, Outcome, Syscall};
use osier_posix::{
    Call, Control as MessageControl, Errno, Family, Fd, Flags, How, Kind, Mode, Name, Stop, Value,
};
use osier_time::Duration;
use std::net::SocketAddr;

const SIOCOUTQ: i64 = 0x5411;
const SIOCOUTQNSD: i64 = 0x894b;
const SOL_TCP: i32 = 6;
const TCP_CM_INQ: i32 = 36;
/// SOL_IP with IP_RECVERR, SOL_IPV6 with IPV6_RECVERR.
const IP_RECVERR: (i32, i32) = (0, 11);
const IPV6_RECVERR: (i32, i32) = (41, 25);
const ORIGIN_ZEROCOPY: i64 = 5;
const ZEROCOPY_COPIED: i64 = 1;

/// So much at most is thrown away in one call.
const THROWN_MAX: usize = 1 << 20;

/// How far a call has come that would wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Partly {
    /// `connect` waits for the peer.
    Connecting,
    /// So much of a text has been taken.
    Sent(usize),
}

impl Osier {
    pub(super) fn do_call(&mut self, call: &Syscall) -> Outcome {
        let now = self.now;
        match call {
            Syscall::Socket { domain, kind, protocol: _ } => self.socket(*domain, *kind),
            Syscall::Bind(fd, at) => plain(self.posix().bind(*fd, *at)),
            Syscall::Listen(fd, backlog) => plain(self.posix().listen(*fd, *backlog)),
            Syscall::Accept(fd) => {
                let accepted = self.posix().accept(now, *fd, Mode::Blocking);
                number(accepted.map(|(fd, _)| i64::from(fd)))
            }
            Syscall::Connect(fd, Some(to)) => self.connect(*fd, *to),
            Syscall::Connect(_, None) => Outcome::Failed(Errno::EOPNOTSUPP.number()),
            Syscall::Receive { fd, buffers, flags, form } => {
                self.receive(*fd, buffers, *flags, *form)
            }
            // Linux: nothing is opened towards AF_UNSPEC.
            Syscall::Send { flags, to: None, form: Form::Address, .. }
                if Flags(*flags as u32).has(Flags::FASTOPEN) =>
            {
                Outcome::Failed(Errno::EOPNOTSUPP.number())
            }
            Syscall::Send { fd, buffers, flags, to, form } => {
                let to = to.filter(|_| matches!(form, Form::Address | Form::Message));
                self.send(*fd, buffers, (*flags, to))
            }
            Syscall::Shutdown(fd, how) => match how {
                0 => plain(self.posix().shutdown(now, *fd, How::Read)),
                1 => plain(self.posix().shutdown(now, *fd, How::Write)),
                2 => plain(self.posix().shutdown(now, *fd, How::Both)),
                _ => Outcome::Failed(Errno::EINVAL.number()),
            },
            Syscall::Close(fd) => self.close(*fd),
            Syscall::Fcntl(fd, command, argument) => self.fcntl(*fd, *command, *argument),
            Syscall::Ioctl(fd, request) => {
                let octets = match *request {
                    FIONREAD => self.posix().readable(*fd),
                    SIOCOUTQ => self.posix().unacknowledged(*fd),
                    SIOCOUTQNSD => self.posix().unsent(now, *fd),
                    _ => return Outcome::Failed(ENOTTY),
                };
                match octets {
                    Ok(octets) => Outcome::Done(0, Given::Number(octets as i64)),
                    Err(errno) => Outcome::Failed(errno.number()),
                }
            }
            Syscall::SetOption { fd, level, name, value } => {
                self.set_option(*fd, (*level, *name), value)
            }
            Syscall::GetOption { fd, level, name, len } => {
                self.get_option(*fd, (*level, *name), *len)
            }
            Syscall::Poll(entries, timeout) => self.poll(entries, *timeout),
            Syscall::EpollCreate(size) => self.epoll_create(*size),
            Syscall::EpollControl { epoll, operation, fd, event } => {
                self.epoll_control(*epoll, *operation, *fd, *event)
            }
            Syscall::EpollWait(epoll, most, timeout) => self.epoll_wait(*epoll, *most, *timeout),
            Syscall::Pipe | Syscall::Splice { .. } => Outcome::Failed(Errno::ENOSYS.number()),
        }
    }

    fn socket(&mut self, domain: i32, kind: i32) -> Outcome {
        let family = match domain {
            AF_INET => Family::Inet,
            AF_INET6 => Family::Inet6,
            _ => return Outcome::Failed(Errno::EAFNOSUPPORT.number()),
        };
        let speaks = match kind & SOCK_KIND {
            SOCK_STREAM => Kind::Stream,
            SOCK_DGRAM => Kind::Datagram,
            _ => return Outcome::Failed(Errno::EINVAL.number()),
        };
        let made = self.posix().socket(family, speaks, mode(kind & O_NONBLOCK != 0));
        number(made.map(i64::from).map_err(Stop::Errno))
    }

    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Outcome {
        let now = self.now;
        let result = match self.partly.remove(&fd) {
            Some(Partly::Connecting) => self.posix().connected(fd),
            _ => self.posix().connect(now, fd, to),
        };
        if matches!(result, Err(Stop::Blocked(_))) {
            self.partly.insert(fd, Partly::Connecting);
        }
        number(result.map(|()| 0))
    }

    fn receive(&mut self, fd: Fd, buffers: &Buffers, flags: i32, form: Form) -> Outcome {
        let now = self.now;
        let room: usize = match buffers {
            Buffers::Of(lens) => lens.iter().sum(),
            Buffers::Null(0) => 0,
            // Linux: what is thrown away needs no room.
            Buffers::Null(len) if Flags(flags as u32).has(Flags::TRUNC) => (*len).min(THROWN_MAX),
            Buffers::Null(_) => {
                return match self.posix().readable(fd) {
                    Ok(0) => number(
                        self.posix().recv(now, fd, &mut [], Flags(flags as u32)).map(|n| n as i64),
                    ),
                    _ => Outcome::Failed(Errno::EFAULT.number()),
                };
            }
        };
        let mut octets = vec![0; room];
        let flags = Flags(flags as u32);
        if form == Form::Message {
            return match self.posix().recvmsg(now, fd, &mut octets, flags) {
                Ok(message) => {
                    let v4 = matches!(self.posix().getsockname(fd), Ok(SocketAddr::V4(_)));
                    let control = message.control.iter().map(|control| told(control, v4)).collect();
                    let given = Given::Message { flags: message.flags.0 as i32, control };
                    Outcome::Done(message.octets as i64, given)
                }
                Err(stop) => number(Err(stop)),
            };
        }
        number(self.posix().recv(now, fd, &mut octets, flags).map(|n| n as i64))
    }

    fn send(
        &mut self,
        fd: Fd,
        buffers: &Buffers,
        (flags, to): (i32, Option<SocketAddr>),
    ) -> Outcome {
        let now = self.now;
        let len = match buffers {
            Buffers::Of(lens) => lens.iter().sum(),
            Buffers::Null(0) => 0,
            Buffers::Null(_) => return Outcome::Failed(Errno::EFAULT.number()),
        };
        let before = match self.partly.remove(&fd) {
            Some(Partly::Sent(octets)) => octets,
            _ => 0,
        };
        let text = vec![0; len - before.min(len)];
        match self.posix().sendto(now, fd, &text, (Flags(flags as u32), to)) {
            Err(Stop::Blocked(more)) => {
                self.partly.insert(fd, Partly::Sent(before + more));
                Outcome::Blocked
            }
            Err(Stop::Errno(errno)) => {
                let told = self.posix().cut_short(fd, before, errno).map_err(Stop::Errno);
                number(told.map(|n| n as i64))
            }
            other => number(other.map(|n| (before + n) as i64)),
        }
    }

    fn close(&mut self, fd: Fd) -> Outcome {
        let now = self.now;
        self.partly.remove(&fd);
        plain(self.posix().close(now, fd))
    }

    fn fcntl(&mut self, fd: Fd, command: i32, argument: i32) -> Outcome {
        match command {
            F_GETFL => match self.posix().mode(fd) {
                Ok(Mode::Blocking) => Outcome::Done(O_RDWR.into(), Given::Nothing),
                Ok(Mode::NonBlocking) => {
                    Outcome::Done((O_RDWR | O_NONBLOCK).into(), Given::Nothing)
                }
                Err(errno) => Outcome::Failed(errno.number()),
            },
            F_SETFL => plain(self.posix().set_mode(fd, mode(argument & O_NONBLOCK != 0))),
            _ => Outcome::Failed(Errno::EINVAL.number()),
        }
    }

    fn set_option(&mut self, fd: Fd, (level, name): (i32, i32), value: &[u8]) -> Outcome {
        let now = self.now;
        let Some(name) = Name::of_numbers(level, name) else {
            return Outcome::Failed(Errno::ENOPROTOOPT.number());
        };
        let value = match (name, value) {
            (Name::Linger, [..]) if value.len() == 8 => {
                let (on, seconds) = value.split_at(4);
                let linger = Duration::from_secs(int(seconds).max(0) as u64);
                Value::Linger((int(on) != 0).then_some(linger))
            }
            (Name::FastOpenKey, octets) => Value::Octets(octets.to_vec()),
            (Name::Congestion, text) => {
                let text = String::from_utf8_lossy(text);
                Value::Text(text.trim_end_matches('\0').to_owned())
            }
            (_, []) => return Outcome::Failed(Errno::EINVAL.number()),
            (_, octets) => Value::Int(int(octets)),
        };
        plain(self.posix().setsockopt(now, fd, name, value))
    }

    fn get_option(&mut self, fd: Fd, (level, name): (i32, i32), len: usize) -> Outcome {
        let now = self.now;
        let Some(name) = Name::of_numbers(level, name) else {
            return Outcome::Failed(Errno::ENOPROTOOPT.number());
        };
        let mut octets = match self.posix().getsockopt(now, fd, name) {
            Err(errno) => return Outcome::Failed(errno.number()),
            Ok(Value::Int(number)) => number.to_le_bytes().to_vec(),
            Ok(Value::Text(text)) => text.into_bytes(),
            Ok(Value::Octets(octets)) => octets,
            Ok(Value::Linger(linger)) => {
                let seconds = linger.map_or(0, |linger| linger.as_secs() as i32);
                [i32::from(linger.is_some()).to_le_bytes(), seconds.to_le_bytes()].concat()
            }
            Ok(_) => return Outcome::Failed(Errno::ENOPROTOOPT.number()),
        };
        octets.truncate(len);
        Outcome::Done(0, Given::Octets(octets))
    }
}

/// ENOTTY: a request that is not known.
const ENOTTY: i32 = 25;

/// A control message with the numbers of Linux, which are others for each family.
fn told(control: &MessageControl, v4: bool) -> Control {
    match *control {
        MessageControl::Inq(left) => {
            let data = ControlData::Number(left.into());
            Control { level: SOL_TCP, kind: TCP_CM_INQ, data }
        }
        MessageControl::ZeroCopyDone { first, last } => {
            let (level, kind) = if v4 { IP_RECVERR } else { IPV6_RECVERR };
            let data = [0, ORIGIN_ZEROCOPY, 0, ZEROCOPY_COPIED, first.into(), last.into()];
            Control { level, kind, data: ControlData::ExtendedError(data) }
        }
    }
}

/// A number as a program hands it over: four octets, or fewer of a shorter one.
fn int(octets: &[u8]) -> i32 {
    let mut bytes = [0; 4];
    let len = octets.len().min(4);
    bytes[..len].copy_from_slice(&octets[..len]);
    i32::from_le_bytes(bytes)
}

fn plain(result: Result<(), Errno>) -> Outcome {
    number(result.map(|()| 0).map_err(Stop::Errno))
}

fn number(result: Call<i64>) -> Outcome {
    match result {
        Ok(number) => Outcome::Done(number, Given::Nothing),
        Err(Stop::Blocked(_)) => Outcome::Blocked,
        Err(Stop::Errno(errno)) => Outcome::Failed(errno.number()),
    }
}
