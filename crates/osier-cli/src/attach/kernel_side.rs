//! What does the kernel's side of the link need, and who does it?
//!
//! The same as `ip link set NAME up` and `ip address add CIDR dev NAME`, each only where it is not
//! so already. What nobody asked us to do is told, as a command to type.

use super::{Network, contains};
use crate::exit::Failure;
use crate::link::Link;
use osier_device::interface::{self, Interface};
use osier_ip::Cidr;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How long an IPv6 address of the kernel's may take to come into use.
const IN_USE_WAIT: Duration = Duration::from_secs(1);

/// One `ip` command, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The command.
    pub(crate) words: String,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// We did the same.
    Done,
    /// It was so already.
    AlreadySo,
    /// Somebody has to do it.
    Needed,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fate {
            Fate::Done => write!(f, "done         {}", self.words),
            Fate::AlreadySo => write!(f, "already so   {}", self.words),
            Fate::Needed => write!(f, "to be done   sudo {}", self.words),
        }
    }
}

/// Brings the kernel's side up and gives it its addresses. `before` is the interface as it was
/// before we opened it, if it was there.
pub(super) fn set_up(
    network: &Network,
    name: &str,
    before: Option<&Interface>,
) -> Result<Vec<Step>, Failure> {
    let mode = if matches!(network.link, Link::Tun(_)) { "tun" } else { "tap" };
    let made = if before.is_some() { Fate::AlreadySo } else { Fate::Done };
    let mut steps = vec![step(format!("ip tuntap add dev {name} mode {mode}"), made)];
    if let Some(mtu) = network.mtu {
        steps.push(step(format!("ip link set {name} mtu {mtu}"), Fate::Done));
    }
    let there = interface::addresses(name)?;
    for peer in &network.peers {
        steps.push(give(name, *peer, &there)?);
    }
    steps.push(bring_up(name, before)?);
    for cidr in network.addresses.iter().filter(|cidr| !network.has_peer(cidr)) {
        let near = |(address, _): &&(IpAddr, u8)| contains(cidr, *address);
        if there.iter().find(near).is_none() {
            steps.push(step(wanted(name, cidr), Fate::Needed));
        }
    }
    wait_until_in_use(&network.peers)?;
    Ok(steps)
}

/// What a packet socket does to its interface.
pub(super) fn listens(name: &str) -> Vec<Step> {
    let up = step(format!("ip link set {name} up"), Fate::AlreadySo);
    vec![up, step(format!("ip link set {name} promisc on"), Fate::Done)]
}

impl Network {
    fn has_peer(&self, cidr: &Cidr) -> bool {
        self.peers.iter().any(|peer| contains(cidr, peer.address))
    }
}

fn step(words: String, fate: Fate) -> Step {
    Step { words, fate }
}

fn add(name: &str, address: IpAddr, prefix_len: u8) -> String {
    let nodad = if address.is_ipv6() { " nodad" } else { "" };
    format!("ip address add {address}/{prefix_len} dev {name}{nodad}")
}

fn give(name: &str, peer: Cidr, there: &[(IpAddr, u8)]) -> Result<Step, Failure> {
    let Cidr { address, prefix_len } = peer;
    let words = add(name, address, prefix_len);
    if there.contains(&(address, prefix_len)) {
        return Ok(step(words, Fate::AlreadySo));
    }
    interface::add_address(name, address, prefix_len)?;
    Ok(step(words, Fate::Done))
}

fn bring_up(name: &str, before: Option<&Interface>) -> Result<Step, Failure> {
    let words = format!("ip link set {name} up");
    if before.is_some_and(|interface| interface.up) {
        return Ok(step(words, Fate::AlreadySo));
    }
    interface::set_up(name)?;
    Ok(step(words, Fate::Done))
}

/// The command that gives the kernel an address in the network of one of ours: the first of the
/// network, or the second where the first is ours.
fn wanted(name: &str, ours: &Cidr) -> String {
    let bits = if ours.address.is_ipv4() { 32 } else { 128 };
    let mask = u128::MAX.checked_shl(bits - u32::from(ours.prefix_len)).unwrap_or(0);
    let nth = |n: u128| match ours.address {
        IpAddr::V4(v4) => IpAddr::from((v4.to_bits() & mask as u32 | n as u32).to_be_bytes()),
        IpAddr::V6(v6) => IpAddr::from((v6.to_bits() & mask | n).to_be_bytes()),
    };
    let address = if nth(1) == ours.address { nth(2) } else { nth(1) };
    add(name, address, ours.prefix_len)
}

/// The kernel takes an IPv6 address into use a few milliseconds after it was given.
fn wait_until_in_use(peers: &[Cidr]) -> Result<(), Failure> {
    let until = Instant::now() + IN_USE_WAIT;
    for peer in peers {
        while !interface::is_in_use(peer.address)? && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::cidr;

    #[test]
    fn the_kernel_is_offered_an_address_that_is_not_ours() {
        for (ours, command) in [
            ("10.71.0.2/24", "ip address add 10.71.0.1/24 dev o0"),
            ("10.71.0.1/24", "ip address add 10.71.0.2/24 dev o0"),
            ("fd71::2/64", "ip address add fd71::1/64 dev o0 nodad"),
            ("fd71::1/64", "ip address add fd71::2/64 dev o0 nodad"),
        ] {
            assert_eq!(wanted("o0", &cidr(ours).unwrap()), command);
        }
    }

    #[test]
    fn what_is_left_to_do_is_a_command_to_type() {
        let words = "ip link set o0 up".to_owned();
        let text = |fate| Step { words: words.clone(), fate }.to_string();
        assert_eq!(text(Fate::Needed), "to be done   sudo ip link set o0 up");
        assert_eq!(text(Fate::Done), "done         ip link set o0 up");
    }
}
