//! How does an AF_XDP socket come to an interface, and why was it refused?

use super::{XdpSocket, program};
use crate::buffer::Slabs;
use crate::device::Properties;
use crate::error::{Error, ErrorKind};
use crate::packet::{self, PacketSocket, Room};
use crate::sys::bpf::{self, Mode};
use crate::sys::xdp::{LONGEST, Shared};
use osier_wire::MacAddr;
use osier_wire::link::Medium;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// The queue of the interface that is ours; what comes by others comes by the packet socket.
const QUEUE: u32 = 0;

/// What is to be opened, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The interface's name.
    pub name: String,
    /// The link address of our station: another than the interface's, locally administered and
    /// unique on this wire.
    pub mac: MacAddr,
    /// The longest IP packet that we send, in bytes; `None` takes the interface's.
    pub mtu: Option<usize>,
}

impl Config {
    /// The interface of this name, on which osier has this link address.
    pub fn new(name: impl Into<String>, mac: MacAddr) -> Self {
        Config { name: name.into(), mac, mtu: None }
    }
}

impl XdpSocket {
    /// Joins the wire of an interface, which is promiscuous and has our program as long as this
    /// value lives. Its MTU is read now, and is not followed.
    ///
    /// # Errors
    /// As [`PacketSocket::open`]; the interface's MTU is more than fits into a page, it has an XDP
    /// program already, or we may not (CAP_NET_ADMIN, CAP_BPF).
    pub fn open(config: &Config) -> Result<XdpSocket, Error> {
        let station = packet::Config::new(&config.name, config.mac);
        let beside = PacketSocket::open(&packet::Config { mtu: config.mtu, ..station })?;
        let Properties { medium, mtu, .. } = crate::Device::properties(&beside);
        fits(&config.name, medium, mtu)?;
        let refused = |e: io::Error| refused(&config.name, e);
        let map = bpf::socket_map(QUEUE + 1).map_err(refused)?;
        let program = program::for_us(config.mac.0, map.as_raw_fd());
        let program = bpf::load(&program).map_err(refused)?;
        let index = beside.index;
        let attached = bpf::attach(program.as_fd(), index, Mode::Driver)
            .or_else(|e| match is(&e, Errno::BUSY) || is(&e, Errno::PERM) {
                true => Err(e),
                false => bpf::attach(program.as_fd(), index, Mode::Generic),
            })
            .map_err(refused)?;
        let shared = Shared::open(index, QUEUE).map_err(refused)?;
        beside.wait_also_for(shared.fd()).map_err(refused)?;
        bpf::put(map.as_fd(), QUEUE, shared.fd()).map_err(refused)?;
        Ok(XdpSocket {
            _attached: attached,
            shared,
            beside,
            properties: Properties::plain(medium, mtu),
            slabs: Slabs::new(LONGEST),
            ring: VecDeque::new(),
            untold: false,
            room: Room::NotNeeded,
            fetched: 0,
            dropped: 0,
            lost: 0,
        })
    }
}

/// A frame of the longest packet must fit into its place in the shared memory.
fn fits(name: &str, medium: Medium, mtu: usize) -> Result<(), Error> {
    let most = LONGEST - medium.header_len();
    if mtu <= most {
        return Ok(());
    }
    let what = format!("AF_XDP carries packets of at most {most} bytes, and {name} has {mtu}");
    Err(Error::new(ErrorKind::Unsupported, what)
        .remedy(format!("sudo ip link set {name} mtu {most}, or use --link packet:{name}")))
}

fn is(e: &io::Error, errno: Errno) -> bool {
    e.raw_os_error() == Some(errno.raw_os_error())
}

fn refused(name: &str, e: io::Error) -> Error {
    let tried = format!("AF_XDP was refused on {name}");
    let other = format!("--link packet:{name} does with less");
    if is(&e, Errno::PERM) || is(&e, Errno::ACCESS) {
        let remedy = format!("run as root (of the machine, not of a user namespace); {other}");
        return Error::kernel(ErrorKind::NoPermission, tried, e).remedy(remedy);
    }
    if is(&e, Errno::BUSY) {
        return Error::kernel(ErrorKind::Busy, tried, e).remedy(format!(
            "another XDP program or AF_XDP socket is there (`ip link show {name}`): end it first"
        ));
    }
    if is(&e, Errno::NOBUFS) {
        return Error::kernel(ErrorKind::Io, tried, e)
            .remedy("let the process lock 8 MiB of memory: ulimit -l 8192");
    }
    let kind = match e.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP | Errno::AFNOSUPPORT) => {
            ErrorKind::Unsupported
        }
        _ => ErrorKind::Io,
    };
    Error::kernel(kind, tried, e).remedy(format!("Linux 5.9 or newer is wanted; {other}"))
}
