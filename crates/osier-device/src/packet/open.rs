//! How is a packet socket bound to an interface, and why was it refused?

use super::{PacketSocket, READABLE, RECEIVE_QUEUE, SEND_QUEUE};
use crate::device::Properties;
use crate::error::{Error, ErrorKind};
use crate::framed::{Framed, SUPER, VLAN};
use crate::interface::{self, Interface};
use crate::sys::packet;
use crate::tuntap::{OffloadMode, checked};
use crate::vnet;
use osier_wire::MacAddr;
use osier_wire::link::{Medium, Offloads};
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What is to be opened, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The interface's name.
    pub name: String,
    /// The link address of our station: another than the interface's, locally administered and
    /// unique on this wire.
    pub mac: MacAddr,
    /// How much work is left to the kernel and the card. What they have merged comes whole in
    /// every mode.
    pub offload: OffloadMode,
    /// The longest IP packet that we send, in bytes; `None` takes the interface's.
    pub mtu: Option<usize>,
}

impl Config {
    /// The interface of this name, on which osier has this link address: no offloads.
    pub fn new(name: impl Into<String>, mac: MacAddr) -> Self {
        Config { name: name.into(), mac, offload: OffloadMode::None, mtu: None }
    }
}

impl PacketSocket {
    /// Joins the wire of an interface, which is promiscuous as long as this value lives. Its MTU
    /// is read now, and is not followed.
    ///
    /// # Errors
    /// There is no such interface, it is none of Ethernet, it is down, its MTU is less than ours,
    /// or we may not (CAP_NET_RAW).
    pub fn open(config: &Config) -> Result<PacketSocket, Error> {
        let name = checked(&config.name)?;
        let Interface { index, mtu, .. } = usable(name)?;
        let mtu = ours(config, mtu)?;
        let fd = socket()?;
        let setting = |e: io::Error| refused(name, e);
        packet::with_vnet_header(fd.as_fd()).map_err(setting)?;
        packet::ignore_outgoing(fd.as_fd()).map_err(setting)?;
        packet::attach_filter(fd.as_fd(), &packet::for_us(config.mac.0)).map_err(setting)?;
        let queue = bound_queues(fd.as_fd()).map_err(setting)?;
        packet::bind(fd.as_fd(), index).map_err(setting)?;
        packet::make_promiscuous(fd.as_fd(), index).map_err(setting)?;
        let waits = waiting(&fd).map_err(setting)?;
        let medium = Medium::Ethernet(config.mac);
        // UDP super-frames by a packet socket came with Linux 6.2, and cannot be asked for.
        let accepts = Offloads { uso: false, ..Offloads::all(medium) };
        let longest = vnet::LEN + medium.header_len() + VLAN + SUPER;
        Ok(PacketSocket {
            frames: Framed::new(fd, longest, accepts),
            waits,
            watched: READABLE,
            name: name.to_owned(),
            index,
            properties: Properties { medium, mtu, offloads: offered(config, mtu, accepts) },
            queue,
            fetched: 0,
            lost: 0,
        })
    }
}

/// The interface of this name, if a station can stand on its wire.
fn usable(name: &str) -> Result<Interface, Error> {
    let there = interface::find(name)?.ok_or_else(|| {
        Error::new(ErrorKind::NoSuchDevice, format!("there is no interface {name}"))
            .remedy("`ip link` lists those that there are; one of osier's own is --link tap:NAME")
    })?;
    if !there.ethernet {
        let what =
            format!("{name} is no Ethernet interface, and a packet socket of osier wants one");
        return Err(Error::new(ErrorKind::Unsupported, what)
            .remedy("`ip link` shows link/ether for those that are"));
    }
    if !there.up {
        return Err(Error::new(ErrorKind::Io, format!("the interface {name} is down"))
            .remedy(format!("bring it up: sudo ip link set {name} up")));
    }
    Ok(there)
}

/// Our MTU, which must not exceed the wire's.
fn ours(config: &Config, wire: usize) -> Result<usize, Error> {
    match config.mtu {
        Some(mtu) if mtu > wire => {
            let name = &config.name;
            let what = format!("an MTU of {mtu} is too much for {name}, which has {wire}");
            Err(Error::new(ErrorKind::Malformed, what).remedy(format!(
                "ask for less, or change the interface: sudo ip link set {name} mtu {mtu}"
            )))
        }
        mtu => Ok(mtu.unwrap_or(wire)),
    }
}

/// A packet socket that hears nothing yet: it has no protocol until it is bound.
fn socket() -> Result<OwnedFd, Error> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None).map_err(|errno| {
        let tried = "a packet socket was refused";
        match errno {
            Errno::PERM | Errno::ACCESS => {
                Error::kernel(ErrorKind::NoPermission, tried, errno.into()).remedy(
                    "run as root, or give the program the right to raw sockets: sudo setcap \
                     cap_net_raw+ep PROGRAM",
                )
            }
            Errno::AFNOSUPPORT => Error::kernel(ErrorKind::Unsupported, tried, errno.into())
                .remedy("load the kernel's module: sudo modprobe af_packet"),
            _ => Error::kernel(ErrorKind::Io, tried, errno.into()),
        }
    })
}

/// Makes both queues as long as they may be; how many bytes the kernel keeps for us.
fn bound_queues(fd: BorrowedFd<'_>) -> io::Result<usize> {
    // The kernel counts its own upkeep and doubles what it is told. Beyond what the administrator
    // set only CAP_NET_ADMIN may go; others get that much.
    let (receive, send) = (RECEIVE_QUEUE / 2, SEND_QUEUE / 2);
    sockopt::set_socket_recv_buffer_size_force(fd, receive)
        .or_else(|_| sockopt::set_socket_recv_buffer_size(fd, receive))?;
    sockopt::set_socket_send_buffer_size_force(fd, send)
        .or_else(|_| sockopt::set_socket_send_buffer_size(fd, send))?;
    Ok(sockopt::socket_recv_buffer_size(fd)?)
}

/// What is waited for: an error of the socket alone does not make it readable.
fn waiting(fd: &OwnedFd) -> io::Result<OwnedFd> {
    let waits = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&waits, fd, epoll::EventData::new_u64(0), READABLE)?;
    Ok(waits)
}

/// What the host may leave undone.
fn offered(config: &Config, mtu: usize, accepts: Offloads) -> Offloads {
    let none = Offloads::none(Medium::Ethernet(config.mac), mtu);
    match config.offload {
        OffloadMode::None => none,
        OffloadMode::Checksum => Offloads { checksum: true, ..none },
        OffloadMode::Segmentation => accepts,
    }
}

fn refused(name: &str, e: io::Error) -> Error {
    let tried = format!("a packet socket could not be set up on {name}");
    match e.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOPROTOOPT) => Error::kernel(ErrorKind::Unsupported, tried, e)
            .remedy("this kernel is too old: Linux 4.20 or newer is wanted"),
        Some(Errno::NODEV | Errno::NXIO) => Error::kernel(ErrorKind::NoSuchDevice, tried, e)
            .remedy("`ip link` lists the interfaces that there are"),
        _ => Error::kernel(ErrorKind::Io, tried, e),
    }
}
