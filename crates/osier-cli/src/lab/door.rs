//! What is the kernel asked for when it is to stand in the place of a host, and how do frames pass?
//!
//! An interface with the addresses that the scenario gives that host, and with ways to the others.
//! Nothing is left to the device: every frame is what a wire would carry. The interface is gone
//! with this process, unless somebody made it beforehand.

use crate::attach::{Fate, Network, Nic, Offload, Profile, Step, contains};
use crate::exit::Failure;
use crate::link::Link;
use bytes::Bytes;
use osier_device::{Device, Readiness, interface};
use osier_ip::Cidr;
use osier_lab::scenario::Scenario;
use osier_wire::Received;
use osier_wire::ethernet::{self, EtherType};
use osier_wire::link::Medium;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

/// Frames that are taken from the device at once.
const BATCH: usize = 64;

/// Our end of the interface.
#[derive(Debug)]
pub(super) struct Door {
    device: Nic,
    medium: Medium,
    steps: Vec<Step>,
    inbox: Vec<Received>,
    ipv6: Ipv6,
}

/// Whether the world has any IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ipv6 {
    Spoken,
    Unknown,
}

impl Door {
    /// Makes or takes the interface, and gives the kernel what the host has in the scenario.
    ///
    /// # Errors
    /// As [`Network::attach`]; this machine has one of the scenario's addresses already.
    pub(super) fn open(scenario: &Scenario, link: &Link) -> Result<Door, Failure> {
        let name = match link {
            Link::Tap(name) | Link::Tun(name) | Link::Packet(name) | Link::Xdp(name) => name,
            Link::Mem => "mem",
        };
        let own = scenario.guest_addresses();
        nobody_else_has(scenario, name)?;
        let near = |address: &IpAddr| own.iter().find(|cidr| contains(cidr, *address));
        let others: Vec<IpAddr> = scenario.other_addresses().collect();
        let with_prefix = |address: &IpAddr| {
            Some(Cidr { address: *address, prefix_len: near(address)?.prefix_len })
        };
        let network = Network {
            link: link.clone(),
            addresses: others.iter().filter_map(with_prefix).collect(),
            gateways: Vec::new(),
            peers: own.to_vec(),
            mtu: scenario.guest_mtu().and_then(|mtu| u32::try_from(mtu).ok()),
            offload: Offload::None,
            profile: Profile::Linux,
            capture: None,
            seed: None,
        };
        let attached = network.attach()?;
        let mut steps = attached.steps;
        for far in others.iter().filter(|address| near(address).is_none()) {
            interface::add_route(name, *far)?;
            let words = format!("ip route add {far} dev {name}");
            steps.push(Step { words, fate: Fate::Done });
        }
        let medium = attached.device.properties().medium;
        let v6 = own.iter().any(|cidr| cidr.address.is_ipv6());
        let ipv6 = if v6 { Ipv6::Spoken } else { Ipv6::Unknown };
        Ok(Door { device: attached.device, medium, steps, inbox: Vec::new(), ipv6 })
    }

    /// What was done at the kernel's side.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What the kernel has sent; without its questions for IPv6 neighbours and routers where the
    /// scenario has no IPv6, for nobody there would know what to do with them.
    pub(super) fn receive(&mut self) -> Result<impl Iterator<Item = Bytes>, Failure> {
        self.device.flush()?;
        while self.device.receive(&mut self.inbox, BATCH)? == BATCH {}
        let (ipv6, medium) = (self.ipv6, self.medium);
        let frames = self.inbox.drain(..).map(|frame| frame.bytes);
        Ok(frames.filter(move |frame| ipv6 == Ipv6::Spoken || !is_ipv6(frame, medium)))
    }

    /// Gives the kernel a frame. One that finds no room is lost, as on any wire.
    pub(super) fn send(&mut self, frame: Bytes) -> Result<(), Failure> {
        if self.device.room() == 0 {
            return Ok(());
        }
        Ok(self.device.transmit(Received::from(frame).to_frame(self.medium))?)
    }
}

impl AsFd for Door {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.device.readiness() {
            Readiness::Fd(fd) => fd,
            Readiness::Waker => unreachable!("a TAP or TUN is a file descriptor"),
        }
    }
}

fn is_ipv6(frame: &[u8], medium: Medium) -> bool {
    match medium {
        Medium::Ip => frame.first().is_some_and(|octet| octet >> 4 == 6),
        Medium::Ethernet(_) => ethernet::Header::parse(frame)
            .is_ok_and(|(header, _)| header.ethertype == EtherType::IPV6),
    }
}

/// That the scenario's network is not one that this machine is in already: it would be cut off.
fn nobody_else_has(scenario: &Scenario, name: &str) -> Result<(), Failure> {
    let own = scenario.guest_addresses();
    for there in interface::all_addresses()?.into_iter().filter(|there| there.name != name) {
        let (address, prefix_len) = (there.address, there.prefix_len);
        let near = Cidr { address, prefix_len };
        let mut all = own.iter().map(|cidr| cidr.address).chain(scenario.other_addresses());
        let clash = all.find(|one| contains(&near, *one));
        let within = own.iter().any(|cidr| contains(cidr, address));
        if let Some(one) = clash.or(within.then_some(address)) {
            let interface = there.name;
            return Err(Failure::refused(format!(
                "{one} of the scenario is in a network of this machine's, {address}/{prefix_len} \
                 on {interface}"
            ))
            .remedy("run it in a network of its own: `unshare -rn`, and in its shell again"));
        }
    }
    Ok(())
}
