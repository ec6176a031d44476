//! One end of a pair, spoken for by hand, segment by segment.

use super::{Fate, Pair, Role, Who};
use bytes::Bytes;
use osier_tcp::{Config, Connection, Offer, Segment, TcpInfo};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// A connection whose A side is spoken for by hand.
pub struct Puppet {
    pub pair: Pair,
    /// What B expects from A, and what it has sent to A.
    pub seq: SeqNumber,
    pub ack: SeqNumber,
}

impl Puppet {
    pub fn new(config: Config) -> Puppet {
        let mut pair = Pair::connected_with(config.clone(), config);
        let last = pair.sent(Who::A).last().unwrap();
        let (seq, ack) = (last.end(), last.ack);
        pair.a.role = Role::Closed;
        pair.rule = Box::new(|_, _| Fate::Drop);
        Puppet { pair, seq, ack }
    }

    pub fn plain() -> Puppet {
        let offer = Offer { window_scale: false, timestamps: false, sack: true };
        Puppet::new(Config { offer, ..super::wide() })
    }

    pub fn segment(&self, flags: Flags, text: &'static [u8]) -> Segment {
        let text = Bytes::from_static(text);
        Segment { seq: self.seq, ack: self.ack, flags, window: 60_000, text, ..Segment::default() }
    }

    /// Gives B a segment, and says what B sent in answer.
    pub fn give(&mut self, segment: Segment) -> Vec<Segment> {
        let before = self.pair.log.len();
        self.pair.inject(Who::B, segment);
        self.pair.log[before..].iter().map(|entry| entry.segment.clone()).collect()
    }

    pub fn info(&mut self) -> TcpInfo {
        let now = self.pair.now;
        self.b().info(now).unwrap()
    }

    pub fn b(&mut self) -> &mut Connection {
        self.pair.b.connection()
    }
}
