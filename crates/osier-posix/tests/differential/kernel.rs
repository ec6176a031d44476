//! How is the kernel put to the test? By its sockets, with a TUN as the cable.
//!
//! A write to a TUN returns when the kernel has heard the packet and, as a rule, sent its answer.
//! Now and then it leaves that to a thread of its own: [`Grace`] says how long the cable must be
//! still before it is believed to be. Its congestion control is pinned: what it would be by itself
//! is a setting of the machine, and one that paces sends from timers.

use crate::osier::MTU;
use crate::script::{How, Setting, Wire};
use crate::sockets::{Answer, BUFFER, Fd, No, Reading, Sockets};
use bytes::Bytes;
use osier_device::tuntap::Config;
use osier_device::{Device, TunTap, interface};
use osier_time::Instant;
use osier_wire::Frame;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::sockopt;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, accept_with, bind,
    connect, getpeername, getsockname, ipproto, listen, recv, send, shutdown, socket_with,
};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant as Clock};

/// The kernel's own addresses.
const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 71, 0, 1));
const V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::new(0xfd71, 0, 0, 0, 0, 0, 0, 1));

/// The kernel's congestion control on every socket.
const CONGESTION: &str = "cubic";

/// The longest packet that is looked at for where it goes.
const V6_HEADER: usize = 40;

/// How long the cable must be still before nothing more is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grace(pub(crate) Duration);

impl Grace {
    pub(crate) const SHORT: Grace = Grace(Duration::from_micros(200));
    /// When a difference has been seen, to be sure of it.
    pub(crate) const LONG: Grace = Grace(Duration::from_millis(4));
}

/// The cable into the kernel of this namespace.
pub(crate) struct Cable {
    tun: TunTap,
    played: u32,
}

impl Cable {
    /// Plugs it in.
    pub(crate) fn new() -> Cable {
        let tun = TunTap::open(&Config { mtu: Some(MTU), ..Config::tun("osier0") }).unwrap();
        interface::add_address("osier0", V4, 8).unwrap();
        interface::add_address("osier0", V6, 64).unwrap();
        interface::set_up("osier0").unwrap();
        let until = Clock::now() + Duration::from_secs(5);
        while !interface::is_in_use(V6).unwrap() {
            assert!(Clock::now() < until, "the kernel takes its IPv6 address into use");
            std::thread::sleep(Duration::from_millis(1));
        }
        Cable { tun, played: 0 }
    }

    /// The subject's address; what the other end is called from now on; and the first of the ports
    /// of a script. Old connections of the kernel are left to their timers: nobody is called so
    /// again, and ports come round after a longer time than TIME-WAIT.
    pub(crate) fn places(&mut self, wire: Wire) -> (IpAddr, IpAddr, u16) {
        self.played += 1;
        let [_, a, b, c] = self.played.to_be_bytes();
        let peer = match wire {
            Wire::V6 => {
                IpAddr::from([0xfd71, 0, 0, 0, 0, 1, u16::from(a), u16::from_be_bytes([b, c])])
            }
            Wire::V4 | Wire::Mapped => IpAddr::from([10, 80 + a, b, c]),
        };
        let port = 1_024 + (self.played % 3_900) * 8;
        (if wire == Wire::V6 { V6 } else { V4 }, peer, port as u16)
    }
}

/// The kernel's sockets, for one script.
pub(crate) struct Kernel<'a> {
    cable: &'a mut Cable,
    peer: IpAddr,
    grace: Grace,
    /// By descriptor of ours.
    files: Vec<Option<OwnedFd>>,
    early: Vec<Bytes>,
}

impl Kernel<'_> {
    pub(crate) fn new(cable: &mut Cable, peer: IpAddr, grace: Grace) -> Kernel<'_> {
        Kernel { cable, peer, grace, files: Vec::new(), early: Vec::new() }
    }

    fn file(&self, fd: Fd) -> Answer<&OwnedFd> {
        let file = usize::try_from(fd).ok().and_then(|at| self.files.get(at));
        file.and_then(Option::as_ref).ok_or(no(Errno::BADF))
    }

    fn keep(&mut self, file: OwnedFd) -> Fd {
        self.files.push(Some(file));
        self.files.len() as Fd - 1
    }

    /// Takes what waits on the cable and is for the peer: no question of the kernel to routers, and
    /// nothing for the peer of another script.
    fn hear(&mut self, into: &mut Vec<Bytes>) {
        let mut frames = Vec::new();
        while self.cable.tun.receive(&mut frames, 64).unwrap() > 0 {
            let of_peer = frames.drain(..).map(|frame| frame.bytes);
            into.extend(of_peer.filter(|packet| destination(packet) == Some(self.peer)));
        }
    }
}

fn no(errno: Errno) -> No {
    No(errno.raw_os_error())
}

/// Whom a packet is for.
fn destination(packet: &Bytes) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(packet.get(16..20)?).ok()?)),
        _ => Some(IpAddr::from(<[u8; 16]>::try_from(packet.get(24..V6_HEADER)?).ok()?)),
    }
}

impl Sockets for Kernel<'_> {
    fn socket(&mut self, wire: Wire) -> Answer<Fd> {
        let family = if wire == Wire::V4 { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let file =
            socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP)).map_err(no)?;
        sockopt::set_tcp_congestion(&file, CONGESTION).map_err(no)?;
        sockopt::set_socket_send_buffer_size(&file, BUFFER).map_err(no)?;
        sockopt::set_socket_recv_buffer_size(&file, BUFFER).map_err(no)?;
        Ok(self.keep(file))
    }

    fn bind(&mut self, fd: Fd, at: SocketAddr) -> Answer<()> {
        bind(self.file(fd)?, &at).map_err(no)
    }

    fn listen(&mut self, fd: Fd, backlog: i32) -> Answer<()> {
        listen(self.file(fd)?, backlog).map_err(no)
    }

    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Answer<()> {
        connect(self.file(fd)?, &to).map_err(no)
    }

    fn accept(&mut self, fd: Fd) -> Answer<Fd> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let file = accept_with(self.file(fd)?, flags).map_err(no)?;
        Ok(self.keep(file))
    }

    fn read(&mut self, fd: Fd, into: &mut [u8], how: Reading) -> Answer<usize> {
        let flags = if how == Reading::Peek { RecvFlags::PEEK } else { RecvFlags::empty() };
        recv(self.file(fd)?, into, flags).map(|(n, _)| n).map_err(no)
    }

    fn write(&mut self, fd: Fd, text: &[u8]) -> Answer<usize> {
        send(self.file(fd)?, text, SendFlags::NOSIGNAL).map_err(no)
    }

    fn shutdown(&mut self, fd: Fd, how: How) -> Answer<()> {
        let how = match how {
            How::Read => Shutdown::Read,
            How::Write => Shutdown::Write,
            How::Both => Shutdown::Both,
        };
        shutdown(self.file(fd)?, how).map_err(no)
    }

    fn close(&mut self, fd: Fd) -> Answer<()> {
        self.file(fd)?;
        self.files[fd as usize] = None;
        Ok(())
    }

    fn set(&mut self, fd: Fd, setting: Setting, value: i32) -> Answer<()> {
        let file = self.file(fd)?;
        let seconds = Duration::from_secs(value.unsigned_abs().into());
        match setting {
            Setting::NoDelay => sockopt::set_tcp_nodelay(file, value != 0),
            Setting::Cork => sockopt::set_tcp_cork(file, value != 0),
            Setting::KeepAlive => sockopt::set_socket_keepalive(file, value != 0),
            Setting::ReuseAddr => sockopt::set_socket_reuseaddr(file, value != 0),
            Setting::KeepIdle => sockopt::set_tcp_keepidle(file, seconds),
            Setting::UserTimeout => sockopt::set_tcp_user_timeout(file, value.unsigned_abs()),
            Setting::Linger => {
                sockopt::set_socket_linger(file, (value == 0).then_some(Duration::ZERO))
            }
            Setting::AcceptConn => Err(Errno::NOPROTOOPT),
        }
        .map_err(no)
    }

    fn get(&mut self, fd: Fd, setting: Setting) -> Answer<i32> {
        let file = self.file(fd)?;
        let number = |n: u64| n as i32;
        match setting {
            Setting::NoDelay => sockopt::tcp_nodelay(file).map(i32::from),
            Setting::Cork => sockopt::tcp_cork(file).map(i32::from),
            Setting::KeepAlive => sockopt::socket_keepalive(file).map(i32::from),
            Setting::ReuseAddr => sockopt::socket_reuseaddr(file).map(i32::from),
            Setting::KeepIdle => sockopt::tcp_keepidle(file).map(|time| number(time.as_secs())),
            Setting::UserTimeout => sockopt::tcp_user_timeout(file).map(|n| n as i32),
            Setting::Linger => {
                sockopt::socket_linger(file).map(|time| time.map_or(-1, |t| number(t.as_secs())))
            }
            Setting::AcceptConn => sockopt::socket_acceptconn(file).map(i32::from),
        }
        .map_err(no)
    }

    fn take_error(&mut self, fd: Fd) -> Answer<i32> {
        let error = sockopt::socket_error(self.file(fd)?).map_err(no)?;
        Ok(error.map_or_else(Errno::raw_os_error, |()| 0))
    }

    fn ready(&mut self, fd: Fd) -> u32 {
        let Ok(file) = self.file(fd) else { return 0 };
        let all = PollFlags::IN | PollFlags::OUT | PollFlags::PRI | PollFlags::RDHUP;
        let mut entry = [PollFd::new(file, all)];
        poll(&mut entry, Some(&Timespec::default())).unwrap();
        entry[0].revents().bits().into()
    }

    fn queued(&mut self, fd: Fd) -> Answer<usize> {
        ioctl_fionread(self.file(fd)?).map(|n| n as usize).map_err(no)
    }

    fn local(&mut self, fd: Fd) -> Answer<SocketAddr> {
        let name = getsockname(self.file(fd)?).map_err(no)?;
        SocketAddr::try_from(name).map_err(no)
    }

    fn remote(&mut self, fd: Fd) -> Answer<SocketAddr> {
        let name = getpeername(self.file(fd)?).map_err(no)?.ok_or(no(Errno::NOTCONN))?;
        SocketAddr::try_from(name).map_err(no)
    }

    fn sent(&mut self, into: &mut Vec<Bytes>) {
        into.append(&mut self.early);
        self.hear(into);
    }

    fn arrive(&mut self, packet: &Bytes) {
        let mut frame = Frame::default();
        frame.payload.push(packet.clone());
        self.cable.tun.transmit(frame).unwrap();
        self.cable.tun.flush().unwrap();
    }

    fn pass(&mut self, _: Instant) {}

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn comes_more(&mut self) -> bool {
        let until = Clock::now() + self.grace.0;
        let mut early = Vec::new();
        while early.is_empty() && Clock::now() < until {
            let osier_device::Readiness::Fd(fd) = self.cable.tun.readiness() else { return false };
            let mut entry = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
            let left = until.saturating_duration_since(Clock::now());
            let time = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            poll(&mut entry, Some(&time)).unwrap();
            self.hear(&mut early);
        }
        self.early.append(&mut early);
        !self.early.is_empty()
    }
}

impl Drop for Kernel<'_> {
    /// What a script left open is reset, not left to the kernel's patience.
    fn drop(&mut self) {
        for file in self.files.iter().flatten() {
            debug_assert!(file.as_raw_fd() >= 0);
            let _ = sockopt::set_socket_linger(file, Some(Duration::ZERO));
        }
    }
}
