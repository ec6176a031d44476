//! A network of one's own, a device in it, and a program on the kernel's sockets at its other side.
//!
//! The program and the way to one core are those of `osier bench tun`: the program is the very same
//! file. A peer calls [`be_far`] first thing in its `main`; it is started again to be that program.
//! All that is made here goes with the process that made it, however it ends.
#![forbid(unsafe_code)]

#[allow(dead_code, reason = "osier bench uses what is not used here")]
#[path = "../../../crates/osier-cli/src/bench/tun/far.rs"]
mod far;
mod gauge;

pub use gauge::Gauge;
pub use osier_device::netns::renew_private_network;
pub use osier_device::tuntap::OffloadMode;
pub use osier_device::{Device, Readiness, TunTap};

use bench_work::{Link, Stop};
use osier_device::tuntap::Config;
use osier_device::{interface, netns, process};
use osier_wire::MacAddr;
use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

/// Octets of the longest frame with its vnet header.
pub const LONGEST: usize = 65_535 + VNET;

/// Octets of the vnet header in front of each frame.
pub const VNET: usize = 10;

const PREFIX: u8 = 24;
const PORT: u16 = 7;

/// The word by which a process becomes the program at the kernel's side.
const FAR: &str = "--far";
/// And, in front of it, that it is to move to a network of its own, where a device will come.
const MOVE: &str = "--move";

/// To be told at the end of [`MOVE`]: the device is waited for.
const MOVED: &str = "moved";

/// Something could not be done.
pub fn wrong(what: impl Display) -> Stop {
    Stop::Wrong(what.to_string())
}

/// Where this process was started to be the program at the kernel's side: what came of it.
pub fn be_far() -> Option<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let played = match words[..] {
        [FAR, part, place] => play(part, place),
        [MOVE, device, address, FAR, part, place] => {
            settle(device, address).and_then(|()| play(part, place))
        }
        _ => return None,
    };
    Some(match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("the program at the kernel's side: {why}");
            ExitCode::FAILURE
        }
    })
}

fn play(part: &str, place: &str) -> Result<(), String> {
    process::end_with_parent().map_err(|error| error.to_string())?;
    far::play(part.parse()?, place.parse()?).map_err(|error| error.to_string())
}

/// Moves on to another new network, says so, and waits for a device there.
pub fn settle(device: &str, address: &str) -> Result<(), String> {
    let said = |error: osier_device::Error| error.to_string();
    process::end_with_parent().map_err(said)?;
    renew_private_network().map_err(said)?;
    println!("{MOVED}");
    while !interface::exists(device).map_err(said)? {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let address = address.parse().map_err(|_| format!("{address} is no address"))?;
    interface::add_address(device, address, PREFIX).map_err(said)?;
    interface::set_up(device).map_err(said)
}

/// Moves this process to a network of its own and keeps it to one core.
pub fn enter() -> Result<(), Stop> {
    netns::enter_private_network().map_err(wrong)?;
    process::end_with_parent().map_err(wrong)?;
    process::stay_on_one_core().map_err(wrong)
}

/// A TUN at whose other side the kernel has this address.
pub fn tun(name: &str, link: Link, mtu: u16, kernel: [u8; 4]) -> Result<TunTap, Stop> {
    let offload = match link {
        Link::Plain => OffloadMode::None,
        Link::Whole => OffloadMode::Segmentation,
    };
    let config = Config { offload, mtu: Some(mtu.into()), ..Config::tun(name) };
    let device = TunTap::open(&config).map_err(wrong)?;
    // The kernel would look for routers there; where it cannot be told not to it does.
    let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1");
    interface::add_address(name, kernel.into(), PREFIX).map_err(wrong)?;
    interface::set_up(name).map_err(wrong)?;
    Ok(device)
}

/// A TAP without offload at whose other side the kernel has this address.
pub fn tap(name: &str, kernel: [u8; 4]) -> Result<TunTap, Stop> {
    let mac = MacAddr([2, 0, 0, 0, 0, 0x71]);
    let device = TunTap::open(&Config::tap(name, mac)).map_err(wrong)?;
    address(name, kernel)?;
    Ok(device)
}

/// An address for a device that is there.
pub fn address(device: &str, address: [u8; 4]) -> Result<(), Stop> {
    interface::add_address(device, address.into(), PREFIX).map_err(wrong)?;
    interface::set_up(device).map_err(wrong)
}

/// The device's descriptor.
pub fn descriptor(device: &TunTap) -> BorrowedFd<'_> {
    match device.readiness() {
        Readiness::Fd(fd) => fd,
        Readiness::Waker => unreachable!("a TUN has a descriptor"),
    }
}

/// Where the program listens that has this address.
pub fn port_of(address: [u8; 4]) -> SocketAddr {
    SocketAddr::new(IpAddr::from(address), PORT)
}

/// The program at the kernel's side, which ends with this value.
pub struct Far {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Far {
    /// One that listens at this address; it does when this returns.
    pub fn listen(part: &str, address: [u8; 4]) -> Result<Far, Stop> {
        let mut far = Far::start(&[FAR, part, &format!("listen={}", port_of(address))])?;
        far.expect(far::READY)?;
        Ok(far)
    }

    /// One that connects to who listens at this address, or soon will.
    pub fn connect(part: &str, to: [u8; 4]) -> Result<Far, Stop> {
        Far::start(&[FAR, part, &format!("connect={}", port_of(to))])
    }

    /// One that moves to another network and connects once this device is there.
    pub fn elsewhere(device: &str, own: [u8; 4], part: &str, to: [u8; 4]) -> Result<Far, Stop> {
        let (own, to) = (IpAddr::from(own).to_string(), format!("connect={}", port_of(to)));
        Far::moved(&[MOVE, device, &own, FAR, part, &to])
    }

    /// This program with other words, which has moved to another network ([`settle`]).
    pub fn moved(words: &[&str]) -> Result<Far, Stop> {
        let mut far = Far::start(words)?;
        far.expect(MOVED)?;
        Ok(far)
    }

    /// The next line that it says.
    pub fn word(&mut self) -> Result<String, Stop> {
        let mut line = String::new();
        self.out.read_line(&mut line).map_err(wrong)?;
        Ok(line.trim().to_owned())
    }

    fn start(words: &[&str]) -> Result<Far, Stop> {
        let mut command = Command::new(std::env::current_exe().map_err(wrong)?);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(wrong)?;
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        Ok(Far { child, out })
    }

    fn expect(&mut self, wanted: &str) -> Result<(), Stop> {
        let mut line = String::new();
        self.out.read_line(&mut line).map_err(wrong)?;
        match line.trim() == wanted {
            true => Ok(()),
            false => Err(wrong("the program at the kernel's side does not start")),
        }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
