//! The Linux kernel under the runner: [`Stack`] over a TUN in a network of our own, in real time.
//!
//! Each script has a network that nobody has used ([`renew_private_network`]), with one TUN; its
//! settings are written under `/proc/sys/net`, which shows that network alone. The kernel's sockets
//! never wait: a call that would is made again by the runner.

mod calls;
mod info;

use crate::config::Config;
use crate::settings::{SEGMENTATION, TCP_METRICS};
use crate::stack::{Outcome, Refused, Stack, Syscall};
use bytes::Bytes;
use calls::Files;
use osier_device::netns::renew_private_network;
use osier_device::sockets::wait_readable;
use osier_device::tuntap::{Config as TunConfig, OffloadMode, TunTap};
use osier_device::{Device, Error, Readiness, interface};
use osier_time::Instant;
use osier_wire::link::Medium;
use osier_wire::offload::finish;
use osier_wire::{Frame, Received};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

/// The interface that scripts name.
const NAME: &str = "tun0";

/// Where the clock begins: as osier's.
const BEGINNING: Instant = Instant::from_secs(1000);

/// So long at most is slept at once, so that a call that waits is looked after.
const NAP: core::time::Duration = core::time::Duration::from_micros(500);

/// Settings of a machine that nobody has tuned, and no talk with neighbours and routers.
const AS_LINUX_COMES: [(&str, &str); 4] = [
    ("net.ipv4.tcp_rmem", "4096 131072 6291456"),
    ("net.ipv4.tcp_wmem", "4096 16384 4194304"),
    ("net.ipv6.conf.tun0.router_solicitations", "0"),
    ("net.ipv6.conf.tun0.addr_gen_mode", "1"),
];

/// How often it is looked for a route: for two seconds.
const ROUTE_TRIES: u32 = 4_000;

/// Packets that are read at once.
const BUDGET: usize = 64;

/// One network with one TUN, and the descriptors of its program.
#[derive(Debug)]
pub struct Kernel {
    device: TunTap,
    begun: std::time::Instant,
    left: VecDeque<(Instant, Vec<u8>)>,
    files: Files,
}

impl Kernel {
    /// A network as a script wants it. The process has moved to a private network before.
    ///
    /// # Errors
    /// What the kernel refused.
    pub fn new(config: &Config) -> Result<Kernel, Error> {
        renew_private_network()?;
        // As packetdrill's: segments leave whole, unless a script switches that off.
        let (mtu, offload) = (Some(config.mtu), OffloadMode::Segmentation);
        let device = TunTap::open(&TunConfig { mtu, offload, ..TunConfig::tun(NAME) })?;
        for (name, value) in AS_LINUX_COMES {
            // A kernel without it has nothing to be set.
            let _ = write(name, value);
        }
        interface::set_up(NAME)?;
        // The peer is reached without a route of its own: half of all addresses are on the link.
        let prefix = if config.local.is_ipv4() { 1 } else { 8 };
        interface::add_address(NAME, config.local, prefix)?;
        if let IpAddr::V6(address) = config.local {
            until_there_is_a_route(address);
        }
        let (left, files) = (VecDeque::new(), Files::new("cubic"));
        Ok(Kernel { device, begun: clock(), left, files })
    }

    fn collect(&mut self) {
        let now = self.now();
        let mut frames = Vec::new();
        // A device that is gone gives nothing, and the script fails of that.
        while self.device.receive(&mut frames, BUDGET).is_ok_and(|n| n == BUDGET) {}
        let packets = frames.into_iter().map(|frame| whole(&frame));
        self.left.extend(packets.filter(|packet| is_of_a_script(packet)).map(|it| (now, it)));
    }
}

/// A packet with its checksums, which the kernel leaves to the device.
fn whole(received: &Received) -> Vec<u8> {
    let mut frame = received.to_frame(Medium::Ip);
    finish(&mut frame);
    frame.parts().fold(Vec::new(), |mut packet, part| {
        packet.extend_from_slice(part);
        packet
    })
}

/// Waits until packets to an address of IPv6 arrive: Linux does that a little later than it says.
#[allow(clippy::disallowed_methods, reason = "the kernel tells nobody when it is done")]
fn until_there_is_a_route(address: Ipv6Addr) {
    let hex: String = address.octets().iter().map(|octet| format!("{octet:02x}")).collect();
    let host = format!("{hex} 80 ");
    for _ in 0..ROUTE_TRIES {
        let routes =
            std::fs::read_to_string("/proc/thread-self/net/ipv6_route").unwrap_or_default();
        if routes.lines().any(|line| line.starts_with(&host)) {
            return;
        }
        std::thread::sleep(NAP);
    }
}

#[allow(clippy::disallowed_methods, reason = "the kernel's time is the machine's")]
fn clock() -> std::time::Instant {
    std::time::Instant::now()
}

/// TCP, UDP, and errors: not what IPv6 says to its neighbours.
fn is_of_a_script(packet: &[u8]) -> bool {
    match packet.first().map(|first| first >> 4) {
        Some(4) => packet.get(9).is_some_and(|protocol| [1, 6, 17].contains(protocol)),
        Some(6) => match packet.get(6) {
            Some(6 | 17) => true,
            Some(58) => packet.get(40).is_some_and(|kind| *kind < 128),
            _ => false,
        },
        _ => false,
    }
}

/// Writes a setting of this network.
fn write(name: &str, value: &str) -> std::io::Result<()> {
    std::fs::write(format!("/proc/sys/{}", name.replace('.', "/")), value)
}

impl Stack for Kernel {
    fn now(&self) -> Instant {
        let passed = clock().duration_since(self.begun).as_nanos();
        BEGINNING + osier_time::Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    fn wait(&mut self, until: Instant) {
        let now = self.now();
        let left = if until > now { until.since(now).as_nanos() } else { 0 };
        let longest = core::time::Duration::from_nanos(left).min(NAP);
        if let Readiness::Fd(fd) = self.device.readiness() {
            // Where it cannot be waited for, time passes by itself.
            let _ = wait_readable(fd, longest);
        }
        self.collect();
    }

    fn packet_in(&mut self, packet: &[u8]) {
        let mut frame = Frame::default();
        frame.payload.push(Bytes::copy_from_slice(packet));
        // Where the kernel does not take it, the script misses its answer.
        let _ = self.device.transmit(frame);
        self.collect();
    }

    fn packet_out(&mut self) -> Option<(Instant, Vec<u8>)> {
        self.collect();
        self.left.pop_front()
    }

    fn call(&mut self, call: &Syscall) -> Outcome {
        let outcome = self.files.call(call);
        self.collect();
        outcome
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        match name {
            // A new network has none.
            TCP_METRICS => return Ok(()),
            // A network of our own may not choose every algorithm, but its root may for a socket.
            "net.ipv4.tcp_congestion_control" => {
                value.trim().clone_into(&mut self.files.congestion);
                return Ok(());
            }
            SEGMENTATION => {
                let on = value == "on";
                let mode = if on { OffloadMode::Segmentation } else { OffloadMode::None };
                return self.device.leave_to_us(mode).map_err(|_| Refused::Unsupported);
            }
            _ => {}
        }
        match write(name, value) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                Err(Refused::Value(error.to_string()))
            }
            Err(_) => Err(Refused::Unsupported),
        }
    }

    fn tcp_info(&mut self, fd: i32) -> Result<BTreeMap<&'static str, i64>, i32> {
        Ok(info::read(&self.files.info(fd)?))
    }
}
