//! How does a segment arrive that nobody has sent just now: an old one, or a forged one?
//!
//! A network may hold a segment back for as long as it lives, and anybody may write any address
//! into a packet. Either way the segment turns up at the end of a link, now.

use crate::link::Fate;
use crate::record::Origin;
use crate::rogue::packet;
use crate::world::{WireId, World};
use bytes::Bytes;
use core::net::SocketAddr;
use osier_wire::SeqNumber;
use osier_wire::link::Medium;
use osier_wire::tcp::{Flags, Header, Options};

/// A segment that an attacker writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged {
    /// Who it says it is from.
    pub src: SocketAddr,
    /// To whom.
    pub dst: SocketAddr,
    /// Its flags.
    pub flags: Flags,
    /// Its sequence number.
    pub seq: SeqNumber,
    /// Its acknowledgment number, where it has ACK.
    pub ack: SeqNumber,
}

impl World {
    /// The copy that a rule of this direction of a link has made by that number
    /// ([`crate::Then::Copy`]) arrives. Says whether there is one.
    pub fn deliver_copy(&mut self, wire: WireId, number: u8) -> bool {
        let copy = self.link(wire).copy(number);
        let Some(frame) = copy else { return false };
        self.hand_over(wire, Origin::Network, frame);
        true
    }

    /// A forged segment arrives by this direction of a link, whose frames begin with the IP header.
    pub fn forge(&mut self, wire: WireId, forged: &Forged) {
        let header = Header {
            src_port: forged.src.port(),
            dst_port: forged.dst.port(),
            seq: forged.seq,
            ack: forged.ack,
            flags: forged.flags,
            window: 1_024,
            urgent: 0,
            options: Options::default(),
        };
        debug_assert_eq!(self.link(wire).medium(), Medium::Ip, "there is nobody to ask for");
        let frame = packet(forged.src.ip(), forged.dst.ip(), &header, &[]);
        self.hand_over(wire, Origin::Forger, frame);
    }

    fn hand_over(&mut self, id: WireId, origin: Origin, frame: Bytes) {
        let from = self.wires[id.back().0 as usize].to.0;
        let now = self.now;
        let wire = &mut self.wires[id.0 as usize];
        if self.record.wants_passages(now) {
            let medium = wire.link.medium();
            let what = (origin, Fate::Arrives(now));
            self.record.passage((now, from, wire.to.0), what, &frame, medium);
        }
        wire.link.hand_over(now, frame);
        self.ask_wire(id);
    }
}
