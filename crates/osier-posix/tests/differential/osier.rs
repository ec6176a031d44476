//! How is osier put to the test? By its BSD sockets, in virtual time.

use crate::script::{How, Setting, Wire};
use crate::sockets::{Answer, BUFFER, Fd, No, Reading, Sockets};
use bytes::Bytes;
use osier_host::{Config, Keys};
use osier_posix::{
    Call, Errno, Family, Flags, How as Shut, Kind, Mode, Name, Posix, Setup, Stop, Value,
};
use osier_time::{Duration, Instant};
use osier_wire::link::{Medium, Offloads};
use std::net::{IpAddr, SocketAddr};

/// The longest IP packet of the cable.
pub(crate) const MTU: usize = 1_500;

/// osier's sockets over one host.
pub(crate) struct Osier {
    posix: Posix,
    now: Instant,
}

impl Osier {
    pub(crate) fn new(address: IpAddr, seed: u64) -> Osier {
        let posix = Posix::new(Setup {
            config: Config::default(),
            keys: Keys::from_seed(seed),
            mtu: MTU,
            addresses: vec![address],
            offloads: Offloads::none(Medium::Ip, MTU),
        });
        Osier { posix, now: Instant::ZERO }
    }

    fn number(&mut self, fd: Fd, name: Name) -> Answer<i32> {
        match self.posix.getsockopt(self.now, fd, name).map_err(no)? {
            Value::Int(n) => Ok(n),
            Value::Linger(time) => Ok(time.map_or(-1, |time| time.as_secs() as i32)),
            other => panic!("{name:?} is a number, not {other:?}"),
        }
    }
}

fn no(errno: Errno) -> No {
    No(errno.number())
}

/// A descriptor that never waits.
fn told<T>(call: Call<T>) -> Answer<T> {
    call.map_err(|stop| match stop {
        Stop::Errno(errno) => no(errno),
        Stop::Blocked(_) => panic!("a non-blocking descriptor would wait"),
    })
}

fn name_of(setting: Setting) -> Name {
    match setting {
        Setting::NoDelay => Name::NoDelay,
        Setting::Cork => Name::Cork,
        Setting::KeepAlive => Name::KeepAlive,
        Setting::ReuseAddr => Name::ReuseAddr,
        Setting::KeepIdle => Name::KeepIdle,
        Setting::UserTimeout => Name::UserTimeout,
        Setting::Linger => Name::Linger,
        Setting::AcceptConn => Name::AcceptConn,
    }
}

impl Sockets for Osier {
    fn socket(&mut self, wire: Wire) -> Answer<Fd> {
        let family = if wire == Wire::V4 { Family::Inet } else { Family::Inet6 };
        let fd = self.posix.socket(family, Kind::Stream, Mode::NonBlocking).map_err(no)?;
        for name in [Name::SendBuffer, Name::ReceiveBuffer] {
            let value = Value::Int(BUFFER as i32);
            self.posix.setsockopt(self.now, fd, name, value).map_err(no)?;
        }
        Ok(fd)
    }

    fn bind(&mut self, fd: Fd, at: SocketAddr) -> Answer<()> {
        self.posix.bind(fd, at).map_err(no)
    }

    fn listen(&mut self, fd: Fd, backlog: i32) -> Answer<()> {
        self.posix.listen(fd, backlog).map_err(no)
    }

    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Answer<()> {
        told(self.posix.connect(self.now, fd, to))
    }

    fn accept(&mut self, fd: Fd) -> Answer<Fd> {
        told(self.posix.accept(self.now, fd, Mode::NonBlocking)).map(|(fd, _)| fd)
    }

    fn read(&mut self, fd: Fd, into: &mut [u8], how: Reading) -> Answer<usize> {
        let flags = if how == Reading::Peek { Flags::PEEK } else { Flags::NONE };
        told(self.posix.recv(self.now, fd, into, flags))
    }

    fn write(&mut self, fd: Fd, text: &[u8]) -> Answer<usize> {
        told(self.posix.send(self.now, fd, text, Flags::NOSIGNAL))
    }

    fn shutdown(&mut self, fd: Fd, how: How) -> Answer<()> {
        let how = match how {
            How::Read => Shut::Read,
            How::Write => Shut::Write,
            How::Both => Shut::Both,
        };
        self.posix.shutdown(self.now, fd, how).map_err(no)
    }

    fn close(&mut self, fd: Fd) -> Answer<()> {
        self.posix.close(self.now, fd).map_err(no)
    }

    fn set(&mut self, fd: Fd, setting: Setting, value: i32) -> Answer<()> {
        let value = match setting {
            Setting::Linger => Value::Linger((value == 0).then_some(Duration::ZERO)),
            _ => Value::Int(value),
        };
        self.posix.setsockopt(self.now, fd, name_of(setting), value).map_err(no)
    }

    fn get(&mut self, fd: Fd, setting: Setting) -> Answer<i32> {
        self.number(fd, name_of(setting))
    }

    fn take_error(&mut self, fd: Fd) -> Answer<i32> {
        self.number(fd, Name::Error)
    }

    fn ready(&mut self, fd: Fd) -> u32 {
        self.posix.ready(fd).map_or(0, |ready| ready.0)
    }

    fn queued(&mut self, fd: Fd) -> Answer<usize> {
        self.posix.readable(fd).map_err(no)
    }

    fn local(&mut self, fd: Fd) -> Answer<SocketAddr> {
        self.posix.getsockname(fd).map_err(no)
    }

    fn remote(&mut self, fd: Fd) -> Answer<SocketAddr> {
        self.posix.getpeername(fd).map_err(no)
    }

    fn sent(&mut self, into: &mut Vec<Bytes>) {
        into.extend(std::iter::from_fn(|| self.posix.packet_out(self.now)));
    }

    fn arrive(&mut self, packet: &Bytes) {
        self.posix.packet_in(self.now, packet);
    }

    fn pass(&mut self, now: Instant) {
        self.now = now;
        if self.posix.next_deadline().is_some_and(|due| due <= now) {
            self.posix.on_deadline(now);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.posix.next_deadline()
    }

    fn comes_more(&mut self) -> bool {
        false
    }
}
