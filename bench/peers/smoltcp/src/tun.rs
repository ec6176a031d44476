//! smoltcp over a TUN, to the kernel's TCP in a network of its own, on one core.
//!
//! The device is the one that osier has in `osier bench tun`, with its vnet header: a link that
//! takes super-segments gives them to smoltcp whole and unsummed, which it takes, and leaves the
//! sums of what it sends to the kernel; it sends super-segments itself in the build with `whole`
//! alone.

use bench_devices::{Far, LONGEST, TunTap, VNET, descriptor, enter, wrong};
use bench_work::{Checker, Link, Payload, READ, Stop, Task, WRITTEN, Work, pattern};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

const KERNEL: [u8; 4] = [10, 71, 0, 1];
const OWN: IpAddress = IpAddress::v4(10, 71, 0, 2);
const PORT: u16 = 49_171;

/// The vnet header: a checksum is left to the kernel, from this offset on, to be put there.
const NEEDS_SUM: u8 = 1;
/// What is cut, and what it is cut into.
#[cfg(feature = "whole")]
const TCP_V4: u8 = 1;
const IP_LEN: u16 = 20;
const SUM_AT: u16 = 16;

/// A stream over the device.
pub(crate) struct OverTun {
    interface: Interface,
    port: Port,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    pub(crate) far: Far,
    work: Work,
    text: Vec<u8>,
    buffer: Vec<u8>,
    done: u64,
    checker: Checker,
}

impl OverTun {
    /// A connection to a program that does what is measured, or checks it.
    pub(crate) fn new(task: &Task, window: usize, part: &str) -> Result<OverTun, Stop> {
        enter()?;
        let device = bench_devices::tun("smol0", task.link, task.mtu, KERNEL)?;
        let far = Far::listen(part, KERNEL)?;
        let mut port = Port::new(device, task);
        let now = Instant::now();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = 71;
        let mut interface = Interface::new(config, &mut port, now);
        interface.update_ip_addrs(|all| all.push(IpCidr::new(OWN, 24)).expect("the first"));
        let buffer = || tcp::SocketBuffer::new(vec![0; window]);
        let mut sockets = SocketSet::new(Vec::new());
        let mut socket = tcp::Socket::new(buffer(), buffer());
        let to = (IpAddress::from(std::net::Ipv4Addr::from(KERNEL)), 7);
        socket.connect(interface.context(), to, PORT).map_err(wrong)?;
        let handle = sockets.add(socket);
        let (text, buffer, checker) = (pattern(), vec![0; READ], Checker::default());
        let (work, done) = (task.work, 0);
        Ok(OverTun { interface, port, sockets, handle, far, work, text, buffer, done, checker })
    }

    /// Moves so many octets more.
    pub(crate) fn advance(&mut self, octets: u64, payload: Payload) -> Result<(), Stop> {
        let target = self.done + octets;
        while self.done < target {
            self.turn()?;
            match self.work {
                Work::Out => self.write(target)?,
                _ => self.read(payload)?,
            }
        }
        if payload == Payload::Verified && self.work == Work::Out {
            return self.hear_that_all_is_well();
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), Stop> {
        let OverTun { interface, port, sockets, .. } = self;
        interface.poll(Instant::now(), port, sockets);
        // What it has to say to what was read or written goes out before it waits.
        let socket = sockets.get::<tcp::Socket>(self.handle);
        let may_go_on = match self.work {
            Work::Out => !socket.may_send() || socket.can_send(),
            _ => socket.can_recv(),
        };
        if may_go_on && socket.state() == tcp::State::Established {
            return Ok(());
        }
        let longest = smoltcp::time::Duration::from_secs(1);
        let delay = interface.poll_delay(Instant::now(), sockets).unwrap_or(longest).min(longest);
        let timeout = Timespec {
            tv_sec: delay.secs().cast_signed(),
            tv_nsec: (delay.total_micros() % 1_000_000 * 1_000).cast_signed(),
        };
        let fd = descriptor(&port.device);
        poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&timeout)).map_err(wrong)?;
        Ok(())
    }

    fn write(&mut self, target: u64) -> Result<(), Stop> {
        let socket = self.sockets.get_mut::<tcp::Socket>(self.handle);
        while self.done < target && socket.can_send() {
            let from = (self.done % WRITTEN as u64) as usize;
            let wanted = usize::try_from(target - self.done).unwrap_or(usize::MAX);
            let text = &self.text[from..WRITTEN.min(from.saturating_add(wanted))];
            self.done += socket.send_slice(text).map_err(wrong)? as u64;
        }
        Ok(())
    }

    fn read(&mut self, payload: Payload) -> Result<(), Stop> {
        let socket = self.sockets.get_mut::<tcp::Socket>(self.handle);
        while socket.can_recv() {
            let len = socket.recv_slice(&mut self.buffer).map_err(wrong)?;
            if payload == Payload::Verified {
                self.checker.take(&self.buffer[..len]).map_err(Stop::Wrong)?;
            }
            self.done += len as u64;
        }
        Ok(())
    }

    fn hear_that_all_is_well(&mut self) -> Result<(), Stop> {
        loop {
            let now = Instant::now();
            self.interface.poll(now, &mut self.port, &mut self.sockets);
            let socket = self.sockets.get_mut::<tcp::Socket>(self.handle);
            if socket.can_recv() {
                let mut answer = [0];
                let heard = socket.recv_slice(&mut answer).map_err(wrong)?;
                return match (heard, &answer) {
                    (1, b"!") => Ok(()),
                    _ => Err(wrong("the kernel's program saw wrong octets")),
                };
            }
            if !socket.is_open() {
                return Err(wrong("the connection ended"));
            }
        }
    }
}

/// The device as smoltcp sees it.
struct Port {
    device: TunTap,
    capabilities: DeviceCapabilities,
    link: Link,
    inward: Vec<u8>,
    outward: Vec<u8>,
}

impl Port {
    fn new(device: TunTap, task: &Task) -> Port {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = task.mtu.into();
        if task.link == Link::Whole {
            capabilities.checksum.tcp = Checksum::None;
            #[cfg(feature = "whole")]
            {
                capabilities.segmentation.tcpv4 = std::num::NonZeroUsize::new(LONGEST - VNET);
            }
        }
        let (inward, outward) = (vec![0; LONGEST], vec![0; LONGEST]);
        Port { device, capabilities, link: task.link, inward, outward }
    }
}

impl Device for Port {
    type RxToken<'a> = Arrived<'a>;
    type TxToken<'a> = Slot<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Arrived<'_>, Slot<'_>)> {
        let len = rustix::io::read(descriptor(&self.device), &mut self.inward[..]).ok()?;
        let Port { device, link, inward, outward, .. } = self;
        let slot = Slot { device, link: *link, outward };
        Some((Arrived(inward.get(VNET..len)?), slot))
    }

    fn transmit(&mut self, _: Instant) -> Option<Slot<'_>> {
        let Port { device, link, outward, .. } = self;
        Some(Slot { device, link: *link, outward })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.capabilities.clone()
    }
}

/// A frame that has come.
struct Arrived<'a>(&'a [u8]);

impl RxToken for Arrived<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a frame.
struct Slot<'a> {
    device: &'a TunTap,
    link: Link,
    outward: &'a mut [u8],
}

impl TxToken for Slot<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let (header, frame) = self.outward.split_at_mut(VNET);
        let frame = &mut frame[..len];
        let result = f(frame);
        header.fill(0);
        if self.link == Link::Whole {
            leave_sum(header, frame);
        }
        // What finds no room is lost, as on any wire.
        let _ = rustix::io::write(descriptor(self.device), &self.outward[..VNET + len]);
        result
    }
}

/// Leaves the checksum of TCP to the kernel: its field holds the sum of the pseudo-header.
fn leave_sum(header: &mut [u8], frame: &mut [u8]) {
    let len = frame.len() as u32 - u32::from(IP_LEN);
    let words = frame[12..20].chunks_exact(2).map(|w| u32::from(u16::from_be_bytes([w[0], w[1]])));
    let mut sum = words.sum::<u32>() + 6 + (len & 0xffff) + (len >> 16);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let at = usize::from(IP_LEN + SUM_AT);
    frame[at..at + 2].copy_from_slice(&(sum as u16).to_be_bytes());
    header[0] = NEEDS_SUM;
    header[6..8].copy_from_slice(&IP_LEN.to_le_bytes());
    header[8..10].copy_from_slice(&SUM_AT.to_le_bytes());
    #[cfg(feature = "whole")]
    if frame.len() > 1500 {
        let headers = IP_LEN + u16::from(frame[32] >> 4) * 4;
        header[1] = TCP_V4;
        header[2..4].copy_from_slice(&headers.to_le_bytes());
        header[4..6].copy_from_slice(&(1500 - headers).to_le_bytes());
    }
}
