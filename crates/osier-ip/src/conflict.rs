//! Does somebody else on the link use an address of ours, or one that we would like to use?
//! (RFC 5227, RFC 4862 §5.4)
//!
//! The owner asks before it uses an address (`probe_address`) and hears of a rival as an event,
//! before and after. How long to wait for a rival, and what to do about one, is the owner's choice.

use crate::layer::{Event, Layer};
use crate::packet::LinkId;
use crate::reason::Reason;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use osier_time::{Duration, Instant};
use osier_wire::MacAddr;
use osier_wire::icmpv6::solicited_node;

/// Addresses that may be asked about at a time: more than an owner has at once.
const PROBES_MAX: usize = 64;

/// How long after the last probe a rival may still speak up (RFC 5227 §1.1: PROBE_WAIT, three
/// probes PROBE_MAX apart and ANNOUNCE_WAIT are 9 s together).
const PROBE_LIFE: Duration = Duration::from_secs(10);

/// How often an address is defended (RFC 5227 §1.1, DEFEND_INTERVAL).
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// Addresses that the owner asked about, and until when an answer counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probes {
    probes: Vec<(LinkId, IpAddr, Instant)>,
}

impl Probes {
    fn add(&mut self, now: Instant, link: LinkId, address: IpAddr) {
        self.probes.retain(|(l, a, until)| (*l, *a) != (link, address) && now < *until);
        if self.probes.len() >= PROBES_MAX {
            self.probes.remove(0);
        }
        self.probes.push((link, address, now + PROBE_LIFE));
    }

    /// The address is ours now.
    pub(crate) fn remove(&mut self, link: LinkId, address: IpAddr) {
        self.probes.retain(|(l, a, _)| (*l, *a) != (link, address));
    }

    /// Whether this is the group of an address that is asked about.
    pub(crate) fn is_group_of(&self, now: Instant, link: LinkId, group: Ipv6Addr) -> bool {
        let of_group = |address: IpAddr| match address {
            IpAddr::V6(address) => solicited_node(address) == group,
            IpAddr::V4(_) => false,
        };
        self.probes.iter().any(|(l, a, until)| *l == link && of_group(*a) && now < *until)
    }

    /// Whether the address is asked about and not yet ours.
    pub(crate) fn contains(&self, now: Instant, link: LinkId, address: IpAddr) -> bool {
        self.probes.iter().any(|(l, a, until)| (*l, *a) == (link, address) && now < *until)
    }
}

impl Layer {
    /// Asks whether anybody uses an address, without claiming it.
    pub(crate) fn send_probe(&mut self, now: Instant, link: LinkId, address: IpAddr) {
        self.probes.add(now, link, address);
        match address {
            IpAddr::V4(address) => self.send_arp_probe(link, address),
            IpAddr::V6(address) => self.send_detection(link, address),
        }
    }

    /// Says unasked that an address is ours.
    pub(crate) fn announce(&mut self, link: LinkId, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.announce_arp(link, address),
            IpAddr::V6(address) => self.announce_ndp(link, address),
        }
    }

    /// Another station claims an address: where it is ours or asked about, that is a conflict.
    /// Says whether it is one.
    pub(crate) fn hear_claim(
        &mut self,
        now: Instant,
        link: LinkId,
        address: IpAddr,
        mac: MacAddr,
    ) -> bool {
        let probed = self.probes.contains(now, link, address);
        let Some(own) = self.addresses.on_link(link, address) else {
            if probed {
                self.raise_conflict(address, mac);
            }
            return probed;
        };
        // RFC 5227 §2.4 (b): announce once; if the rival insists, do not shout back.
        let defend = own.defended.is_none_or(|last| now.since(last) >= DEFEND_INTERVAL);
        if defend {
            own.defended = Some(now);
            self.announce(link, address);
            self.notes.push(Reason::AddressDefended);
        }
        self.raise_conflict(address, mac);
        true
    }

    fn raise_conflict(&mut self, address: IpAddr, mac: MacAddr) {
        self.notes.push(Reason::AddressConflict);
        let event = Event::AddressConflict { address, mac };
        // A rival that repeats itself fills no queue.
        if !self.events.contains(&event) {
            self.raise(event);
        }
    }
}
