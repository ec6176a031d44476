//! What have all packets of a flow in common? Their way, and link and IP headers but for length,
//! identification and checksum.
//!
//! [`Layer::address`] finds out once; [`Layer::enclose`] writes it in front of each packet. An
//! envelope is good until addresses or routes change; who keeps one asks before each use.

use crate::layer::{Layer, Unreachable};
use crate::link::group_mac_v4;
use crate::output::{Fit, Hop, LENGTH_MAX, Next, ip_header, longest_cut};
use crate::packet::{LinkId, ToSend};
use core::net::{IpAddr, Ipv4Addr};
use osier_time::Instant;
use osier_wire::ethernet::{self, EtherType};
use osier_wire::link::Medium;
use osier_wire::{Frame, MacAddr, ip, ipv4, ipv6};

/// The headers of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    link: LinkId,
    /// Who takes it from us.
    next: Next,
    link_header: Option<ethernet::Header>,
    ip: Template,
    /// Octets of transport header and payload: what the MTU allows, and what the device cuts.
    whole_max: u32,
    cut_max: u32,
    checksums_filled: bool,
    /// Which state of addresses and routes it follows.
    epoch: u32,
}

/// What was written in front of a packet, and where its transport header starts.
#[derive(Clone, Copy, Debug)]
pub struct Enclosed {
    /// Bytes of `frame.head` in front of the transport header.
    pub transport_at: u16,
    /// Whether the MTU allows it.
    pub(crate) fit: Fit,
}

impl Envelope {
    /// Whether the device fills in the transport's checksum.
    #[inline]
    pub const fn has_checksums_filled(&self) -> bool {
        self.checksums_filled
    }

    /// Who takes the packets from us.
    pub(crate) const fn next(&self) -> Next {
        self.next
    }
}

/// The header of one version of IP, and where IPv4's identification comes from.
#[derive(Clone, Copy, Debug)]
enum Template {
    V4(ipv4::Template, Ipv4Addr),
    V6(ipv6::Template),
}

impl Layer {
    /// Prepares for packets like this one, however long they are.
    ///
    /// # Errors
    /// [`Unreachable`], but for the length; counted.
    pub fn address(&mut self, packet: &ToSend) -> Result<Envelope, Unreachable> {
        let packet = ToSend { len: 0, ..*packet };
        match self.way(&packet) {
            Ok(hop) => Ok(self.envelope(hop, &packet)),
            Err(error) => Err(self.refuse(&packet, error)),
        }
    }

    /// Whether addresses and routes are what they were when the envelope was made.
    #[inline]
    pub fn is_current(&self, envelope: &Envelope) -> bool {
        envelope.epoch == self.recent.epoch()
    }

    /// Writes link and IP headers for `len` octets of transport header and payload into an empty
    /// frame; the rest is as for [`Layer::wrap`], but that [`Layer::post`] takes the frame.
    ///
    /// # Errors
    /// [`Unreachable::TooBig`] where the link carries no packet of that length; counted.
    #[inline]
    pub fn enclose(
        &mut self,
        envelope: &Envelope,
        len: usize,
        frame: &mut Frame,
    ) -> Result<Enclosed, Unreachable> {
        if len > envelope.cut_max as usize {
            return Err(self.refuse_len(envelope.link, len));
        }
        Ok(self.write(envelope, len, frame))
    }

    /// [`Layer::submit`] of what was enclosed.
    #[inline]
    pub fn post(
        &mut self,
        now: Instant,
        envelope: &Envelope,
        enclosed: Enclosed,
        frame: &mut Frame,
    ) -> Option<LinkId> {
        if (envelope.next, enclosed.fit) == (Next::All, Fit::Whole) {
            return Some(envelope.link);
        }
        self.dispatch(now, (envelope.link, &envelope.next), enclosed.fit, frame)
    }

    /// [`Layer::enclose`] of what the link carries.
    #[inline]
    pub(crate) fn write(&mut self, envelope: &Envelope, len: usize, frame: &mut Frame) -> Enclosed {
        if let Some(header) = &envelope.link_header {
            header.emit(frame.head.grow(ethernet::HEADER_LEN));
        }
        match &envelope.ip {
            Template::V4(template, dst) => {
                let segments = if len <= envelope.whole_max as usize {
                    1
                } else {
                    len / envelope.whole_max.max(1) as usize + 1
                };
                let identification = self.identification.take(*dst, segments as u16);
                template.emit(len as u16, identification, frame.head.grow_by());
            }
            Template::V6(template) => template.emit(len as u16, frame.head.grow_by()),
        }
        let fit = if len <= envelope.whole_max as usize { Fit::Whole } else { Fit::IfCut };
        let transport_at = frame.head.len() as u16;
        Enclosed { transport_at, fit }
    }

    /// The envelope of packets like this one on a way that was found.
    /// `dst` of its link header is right for a group; for a neighbour it is written once the
    /// neighbour is known.
    pub(crate) fn envelope(&self, hop: Hop, packet: &ToSend) -> Envelope {
        let link = &self.links[usize::from(hop.link.0)];
        let medium = link.config.medium;
        let (ip_header_len, ethertype, group) = match packet.dst {
            IpAddr::V4(dst) => (ipv4::HEADER_LEN, EtherType::IPV4, group_mac_v4(dst)),
            IpAddr::V6(dst) => (ipv6::HEADER_LEN, EtherType::IPV6, MacAddr::of_ipv6_group(dst)),
        };
        let (link_header, next) = match medium {
            Medium::Ip => (None, Next::All),
            Medium::Ethernet(src) => {
                (Some(ethernet::Header { dst: group, src, ethertype }), hop.to)
            }
        };
        let ip = match ip_header(packet) {
            ip::Header::V4(header) => Template::V4(ipv4::Template::of(&header), header.dst),
            ip::Header::V6(header) => Template::V6(ipv6::Template::of(&header)),
        };
        let whole = link.config.mtu.min(LENGTH_MAX);
        let room = |max: usize| max.saturating_sub(ip_header_len) as u32;
        let cut_max = room(whole.max(longest_cut(&link.config, packet)));
        Envelope {
            link: hop.link,
            next,
            link_header,
            ip,
            whole_max: room(whole),
            cut_max,
            checksums_filled: link.config.offloads.checksum,
            epoch: self.recent.epoch(),
        }
    }
}
