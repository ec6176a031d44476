//! Who floods a server with SYNs, and from whose addresses? (RFC 4987 §2)
//!
//! It writes addresses of others into its SYNs and never looks at an answer. Addresses, ports and
//! numbers come from its dice; it stands behind one link whose frames begin with the IP header.

use crate::dice::Dice;
use crate::rogue::packet;
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Header, Options};

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;

/// A source of SYNs.
#[derive(Clone, Debug)]
pub struct Flooder {
    /// Whom it floods.
    pub victim: SocketAddr,
    /// The first of the addresses that it writes into its SYNs, and how many there are.
    pub from: (Ipv4Addr, u32),
    /// SYNs a second.
    pub rate: u64,
    /// When the first.
    pub start: Instant,
    /// When it stops.
    pub end: Instant,
    /// What it draws from.
    pub dice: Dice,
    /// How many were sent.
    pub sent: u64,
}

impl Flooder {
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let nanos = u128::from(self.sent) * u128::from(NANOS) / u128::from(self.rate.max(1));
        let next = self.start + Duration::from_nanos(u64::try_from(nanos).ok()?);
        (next < self.end).then_some(next)
    }

    pub(crate) fn on_deadline(&mut self, now: Instant, out: &mut Vec<(usize, Bytes)>) {
        while self.next_deadline().is_some_and(|due| due <= now) {
            self.sent += 1;
            let (first, count) = self.from;
            let host = self.dice.below(u64::from(count.max(1))) as u32;
            let src = Ipv4Addr::from(u32::from(first).wrapping_add(host));
            let header = Header {
                src_port: self.dice.between(1_024, 65_535) as u16,
                dst_port: self.victim.port(),
                seq: SeqNumber(self.dice.next_u64() as u32),
                ack: SeqNumber(0),
                flags: Flags::SYN,
                window: 64_240,
                urgent: 0,
                options: Options { mss: Some(1_460), ..Options::default() },
            };
            out.push((0, packet(IpAddr::V4(src), self.victim.ip(), &header, &[])));
        }
    }
}
