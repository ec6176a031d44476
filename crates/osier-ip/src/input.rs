//! What happens to a frame that comes in? (RFC 894, RFC 1122 §3.2.1, RFC 8200)
//!
//! Link header, IP header, for whom, from whom; then ARP and ICMP stay in the layer and all else
//! goes up as slices of the frame. Fragments are dropped until reassembly is there.

use crate::addresses::{Audience, is_no_source};
use crate::layer::Layer;
use crate::ndp::HOP_LIMIT;
use crate::packet::{Delivered, LinkId, Packet, Vouched};
use crate::reason::Reason;
use bytes::{Buf, Bytes};
use core::net::IpAddr;
use osier_time::Instant;
use osier_wire::ethernet::{self, EtherType};
use osier_wire::link::Medium;
use osier_wire::offload::Offload;
use osier_wire::{Ecn, Error, MacAddr, Protocol, Received, ipv4, ipv6};

/// To whom the link carried a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carried {
    /// To us.
    Alone,
    /// To a group or to all.
    ToGroup,
}

/// A frame that came in, its link header read.
#[derive(Clone, Copy)]
struct Arrival {
    link: LinkId,
    /// Where the IP header starts.
    at: usize,
    carried: Carried,
    /// Which station sent it; unspecified on a link without stations.
    station: MacAddr,
}

/// What the layer has found out about a packet besides the packet itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// For whom it is.
    pub(crate) audience: Audience,
    /// Whether its source is one that nobody outside may have; only a neighbour message may.
    pub(crate) source: Source,
    /// Which station sent it.
    pub(crate) station: MacAddr,
}

/// Whether a source can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// It looks like a host.
    Plausible,
    /// A group, unspecified, loopback, or one of our own from outside.
    Martian,
}

impl Layer {
    /// A frame arrived.
    #[inline]
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &mut Received,
    ) -> Option<Delivered> {
        if let Some((packet, datagram)) = self.recent.repeats(link, frame) {
            trim(&mut frame.bytes, datagram.start, datagram.len());
            return Some(Delivered::Packet(packet));
        }
        self.receive_anew(now, link, frame)
    }

    /// Reads the link header.
    #[inline(never)]
    fn receive_anew(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &mut Received,
    ) -> Option<Delivered> {
        let Some(known) = self.links.get(usize::from(link.0)) else {
            return self.drop_for(Reason::UnknownLink);
        };
        let (at, ethertype, carried, station) = match known.config.medium {
            Medium::Ip => (0, None, Carried::Alone, MacAddr::UNSPECIFIED),
            Medium::Ethernet(mac) => match read_ethernet(&frame.bytes, mac) {
                Ok((header, carried)) => {
                    (ethernet::HEADER_LEN, Some(header.ethertype), carried, header.src)
                }
                Err(reason) => return self.drop_for(reason),
            },
        };
        let version = frame.bytes.get(at).map(|byte| byte >> 4);
        let arrival = Arrival { link, at, carried, station };
        match (ethertype, version) {
            (None | Some(EtherType::IPV4), Some(4)) => self.on_ipv4(now, arrival, frame),
            (None | Some(EtherType::IPV6), Some(6)) => self.on_ipv6(now, arrival, frame),
            (Some(EtherType::ARP), _) => {
                self.on_arp(now, link, &frame.bytes[at..]);
                None
            }
            (None, Some(_)) => self.drop_for(Reason::BadHeader { error: Error::BadVersion }),
            (Some(EtherType::IPV4 | EtherType::IPV6), Some(_)) => {
                self.drop_for(Reason::WrongVersion)
            }
            (None | Some(EtherType::IPV4 | EtherType::IPV6), None) => {
                self.drop_for(Reason::BadHeader { error: Error::Truncated })
            }
            (Some(EtherType(ethertype)), _) => {
                self.drop_for(Reason::UnknownEtherType { ethertype })
            }
        }
    }

    /// RFC 1122 §3.2.1: verify, then: for us? from whom?
    fn on_ipv4(
        &mut self,
        now: Instant,
        arrival: Arrival,
        frame: &mut Received,
    ) -> Option<Delivered> {
        let (header, range) = match ipv4::Header::parse(&frame.bytes[arrival.at..]) {
            Ok(parsed) => parsed,
            Err(error) => return self.drop_for(Reason::BadHeader { error }),
        };
        let (src, dst) = (IpAddr::V4(header.src), IpAddr::V4(header.dst));
        let audience = match self.judge(now, arrival, src, dst) {
            Ok((audience, Source::Plausible)) => audience,
            Ok((_, Source::Martian)) => return self.drop_for(Reason::MartianSource),
            Err(reason) => return self.drop_for(reason),
        };
        if !header.options.is_empty() && has_source_route(header.options.as_slice()) {
            return self.drop_for(Reason::SourceRoute);
        }
        if header.is_fragment() {
            return self.drop_for(Reason::IsFragment);
        }
        let fields = (header.protocol, Ecn::of(header.tos), header.ttl);
        let packet = packet(arrival, (src, dst), fields, range.start, frame.offload);
        if header.protocol == Protocol::ICMP {
            trim(&mut frame.bytes, arrival.at, range.end);
            return self.on_icmp(now, &packet, &frame.bytes, audience);
        }
        let alone = arrival.carried == Carried::Alone && audience == Audience::Unicast;
        if alone && header.options.is_empty() {
            self.recent.set_found(&packet, &frame.bytes, arrival.at);
        }
        trim(&mut frame.bytes, arrival.at, range.end);
        Some(Delivered::Packet(packet))
    }

    /// RFC 8200 §3 and §4: the header, its extensions, then as for IPv4.
    #[inline(never)]
    fn on_ipv6(
        &mut self,
        now: Instant,
        arrival: Arrival,
        frame: &mut Received,
    ) -> Option<Delivered> {
        let bytes = &frame.bytes[arrival.at..];
        let (header, range) = match ipv6::Header::parse(bytes) {
            Ok(parsed) => parsed,
            Err(error) => return self.drop_for(Reason::BadHeader { error }),
        };
        let upper = header.upper_layer(&bytes[range.clone()]);
        let (src, dst) = (IpAddr::V6(header.src), IpAddr::V6(header.dst));
        let (audience, source) = match self.judge(now, arrival, src, dst) {
            Ok(judgement) => judgement,
            Err(reason) => return self.drop_for(reason),
        };
        let upper = match upper {
            Ok(upper) => upper,
            Err(error) => return self.drop_for(Reason::BadHeader { error }),
        };
        // A rival's neighbour message may come from our address, and a new host's from nowhere.
        let neighbourly = upper.protocol == Protocol::ICMPV6 && header.hop_limit == HOP_LIMIT;
        if source == Source::Martian && !neighbourly {
            return self.drop_for(Reason::MartianSource);
        }
        if upper.fragment.is_some() {
            return self.drop_for(Reason::IsFragment);
        }
        let fields = (upper.protocol, Ecn::of(header.traffic_class), header.hop_limit);
        let transport_at = range.start + upper.offset;
        let packet = packet(arrival, (src, dst), fields, transport_at, frame.offload);
        trim(&mut frame.bytes, arrival.at, range.end);
        if upper.protocol == Protocol::ICMPV6 {
            let standing = Standing { audience, source, station: arrival.station };
            return self.on_icmpv6(now, &packet, &frame.bytes, standing);
        }
        Some(Delivered::Packet(packet))
    }

    /// For whom is it, and can it be from there? An error where it has no business here.
    #[inline]
    fn judge(
        &mut self,
        now: Instant,
        arrival: Arrival,
        src: IpAddr,
        dst: IpAddr,
    ) -> Result<(Audience, Source), Reason> {
        if arrival.carried == Carried::Alone && self.recent.is_welcome(arrival.link, src, dst) {
            return Ok((Audience::Unicast, Source::Plausible));
        }
        self.judge_anew(now, arrival, src, dst)
    }

    #[inline(never)]
    fn judge_anew(
        &mut self,
        now: Instant,
        arrival: Arrival,
        src: IpAddr,
        dst: IpAddr,
    ) -> Result<(Audience, Source), Reason> {
        let link = arrival.link;
        let audience = match dst {
            IpAddr::V4(dst) => self.addresses.audience_v4(dst),
            // RFC 4862 §5.4.2: an address that is asked about is listened for.
            IpAddr::V6(dst) if self.probes.is_group_of(now, link, dst) => Audience::Group,
            IpAddr::V6(dst) => self.addresses.audience_v6(link, dst),
        };
        if let Some(reason) = self.misdirected(arrival, dst, audience) {
            return Err(reason);
        }
        let source = self.source(link, src);
        if (audience, source) == (Audience::Unicast, Source::Plausible) {
            self.recent.set_welcome(link, src, dst);
        }
        Ok((audience, source))
    }

    /// Why a packet with this destination has no business here, if it has none.
    fn misdirected(&self, arrival: Arrival, dst: IpAddr, audience: Audience) -> Option<Reason> {
        match audience {
            Audience::Others => Some(Reason::NotForUs),
            Audience::Unicast if arrival.link == Layer::LOOPBACK => None,
            // RFC 1122 §3.2.1.3 (g), RFC 4291 §2.5.3: loopback stays in the host.
            Audience::Unicast if dst.is_loopback() => Some(Reason::MartianDestination),
            // RFC 1122 §3.3.6: a trap for those who would answer a whole link.
            Audience::Unicast if arrival.carried == Carried::ToGroup => {
                Some(Reason::UnicastInGroupFrame)
            }
            Audience::Unicast | Audience::Group | Audience::Claimed => None,
        }
    }

    /// RFC 1122 §3.2.1.3: whether the source can be that of a packet from this link.
    fn source(&self, link: LinkId, src: IpAddr) -> Source {
        let martian = match (link, src) {
            (Layer::LOOPBACK, _) => !self.addresses.is_ours(src),
            (_, IpAddr::V4(v4)) if self.addresses.broadcast_link(v4).is_some() => true,
            _ => is_no_source(src) || self.addresses.find(src).is_some(),
        };
        if martian { Source::Martian } else { Source::Plausible }
    }

    /// Counts why a frame goes no further.
    #[cold]
    pub(crate) fn drop_for(&mut self, reason: Reason) -> Option<Delivered> {
        self.notes.push(reason);
        None
    }
}

/// What an Ethernet frame carries, and whether to us alone.
#[inline]
fn read_ethernet(bytes: &[u8], ours: MacAddr) -> Result<(ethernet::Header, Carried), Reason> {
    let (header, _) = ethernet::Header::parse(bytes).map_err(|_| Reason::FrameTooShort)?;
    if header.src.is_multicast() {
        return Err(Reason::BadStation);
    }
    if header.src == ours {
        return Err(Reason::OwnEcho);
    }
    let carried = match header.dst {
        dst if dst == ours => Carried::Alone,
        dst if dst.is_multicast() => Carried::ToGroup,
        _ => return Err(Reason::OtherStation),
    };
    Ok((header, carried))
}

/// What is known of a packet.
#[inline]
fn packet(
    arrival: Arrival,
    (src, dst): (IpAddr, IpAddr),
    (protocol, ecn, hop_limit): (Protocol, Ecn, u8),
    transport_at: usize,
    offload: Offload,
) -> Packet {
    let mut packet = Packet {
        link: arrival.link,
        src,
        dst,
        protocol,
        ecn,
        hop_limit,
        vouched: Vouched::No,
        gso_size: 0,
        transport_at: transport_at as u16,
    };
    packet.take_offload(offload);
    packet
}

/// Leaves of a frame the datagram, which starts there and has so many octets.
#[inline]
fn trim(bytes: &mut Bytes, start: usize, len: usize) {
    bytes.advance(start);
    if bytes.len() > len {
        bytes.truncate(len);
    }
}

#[cold]
/// RFC 7126 §4.3 and §4.4: loose or strict source routing. Options that do not parse hide none.
fn has_source_route(mut options: &[u8]) -> bool {
    const LOOSE: u8 = 131;
    const STRICT: u8 = 137;
    loop {
        options = match options {
            [LOOSE | STRICT, ..] => return true,
            [] | [0, ..] => return false,
            [1, rest @ ..] => rest,
            [_, len @ 2..=u8::MAX, ..] => options.get(usize::from(*len)..).unwrap_or(&[]),
            [_, ..] => return false,
        };
    }
}
