//! How is a TAP or TUN interface made or taken, and why was it refused?

use super::TunTap;
use crate::device::Properties;
use crate::error::{Error, ErrorKind};
use crate::framed::{Framed, SUPER, VLAN};
use crate::sys::tun;
use crate::{interface, vnet};
use osier_wire::MacAddr;
use osier_wire::link::{Medium, Offloads};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The device node behind every TAP and TUN.
pub const TUN_NODE: &str = "/dev/net/tun";

/// What is to be opened, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The interface's name, at most 15 bytes.
    pub name: String,
    /// A TAP ([`Medium::Ethernet`], with the link address of *our* end: another than the
    /// kernel's, locally administered and unique on this link) or a TUN ([`Medium::Ip`]).
    pub medium: Medium,
    /// How much work each side leaves to the other.
    pub offload: OffloadMode,
    /// Whether others may open it too.
    pub queue: Queue,
    /// The longest IP packet, in bytes; `None` leaves what the interface has (a new one: 1500).
    pub mtu: Option<usize>,
}

impl Config {
    /// A TAP where osier has this link address: no offloads, one queue.
    pub fn tap(name: impl Into<String>, mac: MacAddr) -> Self {
        Config { medium: Medium::Ethernet(mac), ..Config::tun(name) }
    }

    /// A TUN: no offloads, one queue.
    pub fn tun(name: impl Into<String>) -> Self {
        let (offload, queue) = (OffloadMode::None, Queue::Single);
        Config { name: name.into(), medium: Medium::Ip, offload, queue, mtu: None }
    }
}

/// How much work each side leaves to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OffloadMode {
    /// Frames are such as a wire carries.
    #[default]
    None,
    /// Transport checksums between the kernel and us are not computed: no wire lies between.
    Checksum,
    /// And super-frames of up to 64 KiB pass whole.
    Segmentation,
}

/// Whether an interface has one file descriptor behind it or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queue {
    /// One; a second open is refused.
    #[default]
    Single,
    /// Several; the kernel spreads connections over them.
    Multi,
}

impl TunTap {
    /// Takes the interface of this name, or makes it if there is none; it is then gone with this
    /// value. Its MTU is set or read now, and is not followed. A new one is down and has no
    /// address (see [`crate::interface`]).
    ///
    /// # Errors
    /// The name cannot be one, `/dev/net/tun` is missing or refused, we may not make interfaces,
    /// another process holds it, or it is one of another sort.
    pub fn open(config: &Config) -> Result<TunTap, Error> {
        let name = checked(&config.name)?;
        let fd = open_node(config)?;
        attach(fd.as_fd(), config)?;
        tun::set_vnet_header_len(fd.as_fd(), vnet::LEN)
            .map_err(|e| Error::kernel(ErrorKind::Unsupported, "the vnet header was refused", e))?;
        let uso = set_offload(fd.as_fd(), config.offload)?;
        if let Some(mtu) = config.mtu {
            interface::set_mtu(name, mtu)?;
        }
        let mtu = interface::find(name)?.map_or(1500, |interface| interface.mtu);
        let properties = properties(config, mtu);
        let link = config.medium.header_len() + VLAN;
        let longest = vnet::LEN + link + if segmented(config.offload) { SUPER } else { mtu };
        let accepts = accepts(config, mtu, uso);
        let frames = Framed::new(fd, longest, accepts);
        Ok(TunTap { frames, name: name.to_owned(), properties })
    }
}

impl TunTap {
    /// Says anew what the kernel leaves to us in the frames that we read, as `ethtool -K` does from
    /// its side: no more than what was said when the interface was opened.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn leave_to_us(&mut self, offload: OffloadMode) -> Result<(), Error> {
        set_offload(self.frames.fd(), offload).map(|_| ())
    }
}

fn segmented(offload: OffloadMode) -> bool {
    offload == OffloadMode::Segmentation
}

/// What a host may hand over. Where the kernel is not to cut or to sum, the device does: a
/// super-segment goes the host's way once, and what the kernel gets is what a wire carries.
fn properties(config: &Config, mtu: usize) -> Properties {
    Properties { medium: config.medium, mtu, offloads: Offloads::all(config.medium) }
}

/// What the kernel takes from us.
fn accepts(config: &Config, mtu: usize, uso: Uso) -> Offloads {
    let none = Offloads::none(config.medium, mtu);
    match config.offload {
        OffloadMode::None => none,
        OffloadMode::Checksum => Offloads { checksum: true, ..none },
        OffloadMode::Segmentation => {
            Offloads { uso: uso == Uso::Known, ..Offloads::all(config.medium) }
        }
    }
}

/// Whether this kernel knows UDP segmentation on a TUN: Linux 6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uso {
    Known,
    Unknown,
}

/// Sets it in every mode: a persistent interface keeps what its last user wished.
fn set_offload(fd: BorrowedFd<'_>, mode: OffloadMode) -> Result<Uso, Error> {
    let tcp = tun::TUN_F_CSUM | tun::TUN_F_TSO4 | tun::TUN_F_TSO6;
    let udp = tcp | tun::TUN_F_USO4 | tun::TUN_F_USO6;
    let answer = match mode {
        OffloadMode::None => tun::set_offload(fd, 0).map(|()| Uso::Unknown),
        OffloadMode::Checksum => tun::set_offload(fd, tun::TUN_F_CSUM).map(|()| Uso::Unknown),
        OffloadMode::Segmentation => tun::set_offload(fd, udp)
            .map(|()| Uso::Known)
            .or_else(|_| tun::set_offload(fd, tcp).map(|()| Uso::Unknown)),
    };
    answer.map_err(|e| Error::kernel(ErrorKind::Unsupported, "the offloads were refused", e))
}

/// A name that the kernel would take as it stands.
pub(crate) fn checked(name: &str) -> Result<&str, Error> {
    let fits = (1..=tun::NAME_MAX).contains(&name.len());
    let taken_literally = |c: char| !c.is_whitespace() && !c.is_control() && !"/:%".contains(c);
    if fits && name.chars().all(taken_literally) && name != "." && name != ".." {
        return Ok(name);
    }
    let what = format!("{name:?} cannot be the name of an interface");
    Err(Error::new(ErrorKind::Malformed, what)
        .remedy("use 1 to 15 letters, digits, dots and dashes, such as osier0"))
}

fn open_node(config: &Config) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(TUN_NODE, flags, Mode::empty()).map_err(|errno| node_refused(config, errno))
}

fn node_refused(config: &Config, errno: Errno) -> Error {
    let make = make(config);
    let tried = format!("{TUN_NODE} cannot be opened");
    match errno {
        Errno::ACCESS | Errno::PERM => Error::kernel(ErrorKind::NoPermission, tried, errno.into())
            .remedy(format!(
                "run as root, or let your user open it: sudo chmod 0666 {TUN_NODE} && {make}"
            )),
        Errno::NOENT | Errno::NXIO | Errno::NODEV => {
            Error::kernel(ErrorKind::NoSuchDevice, tried, errno.into()).remedy(
                "load the kernel's module: sudo modprobe tun; in a container add the device",
            )
        }
        _ => Error::kernel(ErrorKind::Io, tried, errno.into()),
    }
}

fn attach(fd: BorrowedFd<'_>, config: &Config) -> Result<(), Error> {
    let sort = match config.medium {
        Medium::Ethernet(_) => tun::IFF_TAP,
        Medium::Ip => tun::IFF_TUN,
    };
    let queue = match config.queue {
        Queue::Single => 0,
        Queue::Multi => tun::IFF_MULTI_QUEUE,
    };
    let flags = sort | queue | tun::IFF_NO_PI | tun::IFF_VNET_HDR;
    tun::set_interface(fd, &config.name, flags).map_err(|e| attach_refused(config, e))
}

fn mode(config: &Config) -> &'static str {
    match config.medium {
        Medium::Ethernet(_) => "tap",
        Medium::Ip => "tun",
    }
}

/// The command that makes such an interface for an ordinary user.
fn make(config: &Config) -> String {
    format!("sudo ip tuntap add dev {} mode {} user $USER", config.name, mode(config))
}

fn attach_refused(config: &Config, e: io::Error) -> Error {
    let name = &config.name;
    let (mode, make) = (mode(config), make(config));
    let there = interface::exists(name).unwrap_or(true);
    match e.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PERM) if there => {
            Error::kernel(ErrorKind::NoPermission, format!("{name} belongs to another user"), e)
                .remedy(format!("run as root, or have it made anew for you: {make}"))
        }
        Some(Errno::PERM) => {
            let tried = format!("there is no {mode} interface {name}, and making it was refused");
            Error::kernel(ErrorKind::NoSuchDevice, tried, e)
                .remedy(format!("run as root, or make it first: {make}"))
        }
        Some(Errno::BUSY) => Error::kernel(
            ErrorKind::Busy,
            format!("another process holds {name}"),
            e,
        )
        .remedy(format!(
            "end that process (sudo grep -l {name} /proc/*/fdinfo/* shows it), or use another name"
        )),
        Some(Errno::INVAL) if there => {
            let tried = format!("{name} is there, but is no {mode} interface of this sort");
            Error::kernel(ErrorKind::Unsupported, tried, e).remedy(format!(
                "use another name, or make it anew: sudo ip link del {name} && {make}"
            ))
        }
        _ => Error::kernel(ErrorKind::Io, format!("{name} cannot be made a {mode} interface"), e),
    }
}
