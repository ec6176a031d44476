//! Who has this IPv4 address, and who asks for ours? (RFC 826, RFC 1122 §2.3.2, RFC 5227)
//!
//! Answers for our addresses on their own link, asks for neighbours, learns from those who ask for
//! us. An answer that nobody asked for makes no entry.

use crate::layer::Layer;
use crate::link::ethernet_frame;
use crate::neighbours::{Claim, Key};
use crate::packet::LinkId;
use crate::reason::Reason;
use core::net::{IpAddr, Ipv4Addr};
use osier_time::Instant;
use osier_wire::MacAddr;
use osier_wire::arp::{Operation, Packet};
use osier_wire::ethernet::EtherType;

impl Layer {
    /// An ARP packet arrived.
    pub(crate) fn on_arp(&mut self, now: Instant, link: LinkId, bytes: &[u8]) {
        let packet = match Packet::parse(bytes) {
            Ok((packet, _)) => packet,
            Err(error) => return self.notes.push(Reason::BadArp { error }),
        };
        if self.is_our_mac(link, packet.sender_mac) {
            return self.notes.push(Reason::OwnEcho);
        }
        let nobody = packet.sender_mac == MacAddr::UNSPECIFIED;
        if nobody || packet.sender_mac.is_multicast() || is_odd_sender(packet.sender_ip) {
            return self.notes.push(Reason::OddArp);
        }
        if packet.sender_ip.is_unspecified() {
            return self.on_arp_probe(now, link, &packet);
        }
        // RFC 5227 §2.4: a sender that has our address.
        if self.hear_claim(now, link, IpAddr::V4(packet.sender_ip), packet.sender_mac) {
            return;
        }
        let for_us = self.addresses.on_link(link, IpAddr::V4(packet.target_ip)).is_some();
        self.note_sender(now, link, &packet, for_us);
        match packet.operation {
            Operation::Request if for_us => self.answer_arp(link, &packet),
            Operation::Request => self.notes.push(Reason::AskedForOthers),
            Operation::Reply => {}
        }
    }

    /// RFC 5227 §2.1.1: somebody wants to use an address; if it is ours, it must hear so, and if
    /// we want to use it too, neither may.
    fn on_arp_probe(&mut self, now: Instant, link: LinkId, packet: &Packet) {
        let target = IpAddr::V4(packet.target_ip);
        if packet.operation == Operation::Reply {
            self.notes.push(Reason::OddArp);
        } else if self.addresses.on_link(link, target).is_some() {
            self.answer_arp(link, packet);
        } else if !self.hear_claim(now, link, target, packet.sender_mac) {
            self.notes.push(Reason::AskedForOthers);
        }
    }

    /// RFC 826: what the packet says of its sender updates an entry, and makes one if it asks
    /// for us.
    fn note_sender(&mut self, now: Instant, link: LinkId, packet: &Packet, for_us: bool) {
        let sender = IpAddr::V4(packet.sender_ip);
        let claim = match packet.operation {
            Operation::Request if for_us && self.addresses.is_neighbour(link, sender) => {
                Claim::Question
            }
            Operation::Reply if for_us => Claim::Answer,
            Operation::Request | Operation::Reply => Claim::Announcement,
        };
        self.hear_neighbour(now, (Key::new(link, sender), packet.sender_mac), claim);
    }

    fn answer_arp(&mut self, link: LinkId, request: &Packet) {
        let target = (request.sender_ip, request.sender_mac);
        self.send_arp(link, Operation::Reply, request.target_ip, target);
        self.notes.push(Reason::SaidWhoWeAre);
    }

    /// Asks everybody, or the one whom we believe to be it (RFC 1122 §2.3.2.1 (2)).
    pub(crate) fn ask_arp(&mut self, link: LinkId, target: Ipv4Addr, believed: Option<MacAddr>) {
        let source = match self.addresses.source_on(link, IpAddr::V4(target)) {
            Some(IpAddr::V4(source)) => source,
            Some(IpAddr::V6(_)) | None => Ipv4Addr::UNSPECIFIED,
        };
        let to = believed.unwrap_or(MacAddr::BROADCAST);
        self.send_arp(link, Operation::Request, source, (target, to));
    }

    /// RFC 5227 §2.1.1: a request that claims nothing.
    pub(crate) fn send_arp_probe(&mut self, link: LinkId, address: Ipv4Addr) {
        let target = (address, MacAddr::BROADCAST);
        self.send_arp(link, Operation::Request, Ipv4Addr::UNSPECIFIED, target);
    }

    /// RFC 5227 §2.3: a request for our own address.
    pub(crate) fn announce_arp(&mut self, link: LinkId, address: Ipv4Addr) {
        self.send_arp(link, Operation::Request, address, (address, MacAddr::BROADCAST));
    }

    fn send_arp(
        &mut self,
        link: LinkId,
        operation: Operation,
        sender_ip: Ipv4Addr,
        (target_ip, to): (Ipv4Addr, MacAddr),
    ) {
        let Some(sender_mac) = self.mac(link) else { return };
        let target_mac = match operation {
            Operation::Request => MacAddr::UNSPECIFIED,
            Operation::Reply => to,
        };
        let packet = Packet { operation, sender_mac, sender_ip, target_mac, target_ip };
        let mut frame = ethernet_frame(sender_mac, to, EtherType::ARP);
        packet.emit(frame.head.grow(packet.len()));
        self.send(link, frame);
    }
}

/// Whether no host has this address; unspecified is a probe's.
fn is_odd_sender(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_multicast() || address.is_broadcast()
}
