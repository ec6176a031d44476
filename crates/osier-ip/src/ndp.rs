//! Who has this IPv6 address, and who asks for ours? (RFC 4861 §7, RFC 4862 §5.4)
//!
//! Solicitations and advertisements. Router discovery and redirects are not here.

use crate::addresses::{ALL_NODES, is_no_source};
use crate::layer::Layer;
use crate::link::ethernet_frame;
use crate::neighbours::{Claim, Key};
use crate::packet::{LinkId, Packet};
use crate::reason::Reason;
use core::net::{IpAddr, Ipv6Addr};
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::ethernet::EtherType;
use osier_wire::icmpv6::{self, Message, solicited_node};
use osier_wire::{MacAddr, Protocol, ipv6};

/// A neighbour message that has crossed a router has less (RFC 4861 §7.1).
pub(crate) const HOP_LIMIT: u8 = 255;

/// A neighbour message, and between whom it goes.
struct Heard {
    link: LinkId,
    src: Ipv6Addr,
    dst: Ipv6Addr,
    /// Which station sent the frame.
    station: MacAddr,
    message: Message,
}

impl Layer {
    /// A neighbour message arrived; its checksum is good.
    pub(crate) fn on_neighbour_message(
        &mut self,
        now: Instant,
        packet: &Packet,
        station: MacAddr,
        message: Message,
    ) {
        let (IpAddr::V6(src), IpAddr::V6(dst)) = (packet.src, packet.dst) else { return };
        if self.mac(packet.link).is_none() {
            return self.notes.push(Reason::IcmpIgnored { kind: 135, code: 0 });
        }
        let heard = Heard { link: packet.link, src, dst, station, message };
        if packet.hop_limit != HOP_LIMIT || !heard.is_valid() {
            return self.notes.push(Reason::BadNeighbourMessage);
        }
        match message {
            Message::NeighborSolicitation { target, source_link_addr } => {
                self.on_solicitation(now, &heard, target, source_link_addr);
            }
            Message::NeighborAdvertisement { target, .. } => {
                self.on_advertisement(now, &heard, target);
            }
            _ => {}
        }
    }

    fn on_solicitation(
        &mut self,
        now: Instant,
        heard: &Heard,
        target: Ipv6Addr,
        asker: Option<MacAddr>,
    ) {
        let link = heard.link;
        if asker.is_some_and(|mac| self.is_our_mac(link, mac)) {
            return self.notes.push(Reason::OwnEcho);
        }
        if self.addresses.on_link(link, IpAddr::V6(target)).is_none() {
            // RFC 4862 §5.4.3: two that want the same address. What we sent ourselves does not
            // come here: `input.rs` drops frames from our own station.
            let detects = heard.src.is_unspecified();
            if !(detects && self.hear_claim(now, link, IpAddr::V6(target), heard.station)) {
                self.notes.push(Reason::AskedForOthers);
            }
            return;
        }
        if let Some(mac) = asker {
            let key = Key::new(link, IpAddr::V6(heard.src));
            if self.is_good_neighbour(link, heard.src) {
                self.hear_neighbour(now, (key, mac), Claim::Question);
            }
        }
        self.answer_solicitation(now, heard, target, asker);
    }

    /// RFC 4861 §7.2.4: to the asker, or to all nodes where it has no address yet.
    fn answer_solicitation(
        &mut self,
        now: Instant,
        heard: &Heard,
        target: Ipv6Addr,
        asker: Option<MacAddr>,
    ) {
        let solicited = !heard.src.is_unspecified();
        let dst = if solicited { heard.src } else { ALL_NODES };
        let known = match asker {
            Some(mac) => Some(mac),
            None if solicited => {
                self.neighbours.find(now, Key::new(heard.link, IpAddr::V6(heard.src)))
            }
            None => Some(MacAddr::of_ipv6_group(ALL_NODES)),
        };
        // Who asks without saying where it is will ask again, and is asked for by then.
        let Some(to) = known else { return self.notes.push(Reason::BadNeighbourMessage) };
        self.advertise(heard.link, target, (dst, to), solicited);
        self.notes.push(Reason::SaidWhoWeAre);
    }

    fn on_advertisement(&mut self, now: Instant, heard: &Heard, target: Ipv6Addr) {
        let Message::NeighborAdvertisement {
            solicited,
            override_cache,
            target_link_addr: Some(mac),
            ..
        } = heard.message
        else {
            // RFC 4861 §7.2.5: without an address it can only confirm what we know; we ask again.
            return self.notes.push(Reason::UnaskedAnswer);
        };
        if self.is_our_mac(heard.link, mac) {
            return self.notes.push(Reason::OwnEcho);
        }
        if self.hear_claim(now, heard.link, IpAddr::V6(target), mac) {
            return;
        }
        let claim = match (solicited, override_cache) {
            (true, true) => Claim::Answer,
            (true, false) => Claim::MildAnswer,
            (false, true) => Claim::Announcement,
            (false, false) => Claim::MildAnnouncement,
        };
        let key = Key::new(heard.link, IpAddr::V6(target));
        self.hear_neighbour(now, (key, mac), claim);
    }

    /// Only who could really be on the link is learned.
    fn is_good_neighbour(&self, link: LinkId, address: Ipv6Addr) -> bool {
        let ip = IpAddr::V6(address);
        !is_no_source(ip)
            && self.addresses.find(ip).is_none()
            && self.addresses.is_neighbour(link, ip)
    }

    /// Asks the group of the target, or the one whom we believe to be it (RFC 4861 §7.2.2).
    pub(crate) fn ask_ndp(&mut self, link: LinkId, target: Ipv6Addr, believed: Option<MacAddr>) {
        let source = match self.addresses.source_on(link, IpAddr::V6(target)) {
            Some(IpAddr::V6(source)) => source,
            Some(IpAddr::V4(_)) | None => return,
        };
        let group = solicited_node(target);
        let to = match believed {
            Some(mac) => (target, mac),
            None => (group, MacAddr::of_ipv6_group(group)),
        };
        let source_link_addr = self.mac(link);
        let message = Message::NeighborSolicitation { target, source_link_addr };
        self.send_neighbour_message(link, source, to, message);
    }

    /// RFC 4862 §5.4.2: a solicitation from nobody.
    pub(crate) fn send_detection(&mut self, link: LinkId, target: Ipv6Addr) {
        let group = solicited_node(target);
        let to = (group, MacAddr::of_ipv6_group(group));
        let message = Message::NeighborSolicitation { target, source_link_addr: None };
        self.send_neighbour_message(link, Ipv6Addr::UNSPECIFIED, to, message);
    }

    /// RFC 4861 §7.2.6: an advertisement that nobody asked for.
    pub(crate) fn announce_ndp(&mut self, link: LinkId, address: Ipv6Addr) {
        let to = (ALL_NODES, MacAddr::of_ipv6_group(ALL_NODES));
        self.advertise(link, address, to, false);
    }

    fn advertise(
        &mut self,
        link: LinkId,
        target: Ipv6Addr,
        to: (Ipv6Addr, MacAddr),
        solicited: bool,
    ) {
        let message = Message::NeighborAdvertisement {
            target,
            router: false,
            solicited,
            override_cache: true,
            target_link_addr: self.mac(link),
        };
        self.send_neighbour_message(link, target, to, message);
    }

    fn send_neighbour_message(
        &mut self,
        link: LinkId,
        src: Ipv6Addr,
        (dst, to): (Ipv6Addr, MacAddr),
        message: Message,
    ) {
        let Some(mac) = self.mac(link) else { return };
        let mut frame = ethernet_frame(mac, to, EtherType::IPV6);
        let header = ipv6::Header {
            src,
            dst,
            next_header: Protocol::ICMPV6,
            hop_limit: HOP_LIMIT,
            traffic_class: 0,
            flow_label: 0,
            payload_len: message.len() as u16,
        };
        header.emit(frame.head.grow(header.len()));
        let out = frame.head.grow(message.len());
        message.emit(out);
        let sum = Sum::pseudo_header_v6(src, dst, Protocol::ICMPV6, out.len()).and(out);
        let field = icmpv6::CHECKSUM_OFFSET;
        out[field..field + 2].copy_from_slice(&sum.checksum().to_be_bytes());
        self.send(link, frame);
    }
}

impl Heard {
    /// RFC 4861 §7.1.1 and §7.1.2. Hop limit, checksum, code and length are checked elsewhere.
    fn is_valid(&self) -> bool {
        match self.message {
            Message::NeighborSolicitation { target, source_link_addr } => {
                let nobody = self.src.is_unspecified();
                let to_group = self.dst == solicited_node(target);
                is_target(target)
                    && !self.src.is_multicast()
                    && is_station(source_link_addr)
                    && (!nobody || (to_group && source_link_addr.is_none()))
            }
            Message::NeighborAdvertisement { target, solicited, target_link_addr, .. } => {
                is_target(target)
                    && !self.src.is_multicast()
                    && !self.src.is_unspecified()
                    && is_station(target_link_addr)
                    && !(solicited && self.dst.is_multicast())
            }
            _ => false,
        }
    }
}

fn is_target(target: Ipv6Addr) -> bool {
    !is_no_source(IpAddr::V6(target))
}

/// A link address that one station can have.
fn is_station(mac: Option<MacAddr>) -> bool {
    mac.is_none_or(|mac| !mac.is_multicast() && mac != MacAddr::UNSPECIFIED)
}
