//! How is a connection told of many segments at once? (RFC 9293 §3.10.7.4)
//!
//! As of one long segment, where they are alike in all but the sequence number and each of them
//! would have been the next in order. It decides nothing: what is not plain is left to
//! [`Connection::on_segment`], one by one.

use super::{Connection, Phase};
use crate::segment::{Arrived, Segment};
use crate::segment_arrives;
use alloc::vec::Vec;
use bytes::Bytes;
use osier_time::Instant;

impl Connection {
    /// Segments arrived together that are alike in all but the sequence number and their text:
    /// `segment` is the first of them without its text, `texts` what they carry, in order, none
    /// longer than that of a segment that came before. Takes all of it where each of them alone
    /// would have been taken as the next in order, with nothing else to it; else takes nothing and
    /// says so: they are to be given to [`Connection::on_segment`] one by one.
    pub fn on_texts(
        &mut self,
        now: Instant,
        segment: &mut Segment,
        texts: &mut Vec<Bytes>,
        arrived: Arrived,
    ) -> bool {
        let taken = match &mut self.phase {
            Phase::Synchronized(tcb) if tcb.ending.is_none() => {
                segment_arrives::texts_arrive(tcb, now, segment, texts, arrived)
            }
            Phase::SynSent(_) | Phase::Synchronized(_) | Phase::Failed(..) => false,
        };
        self.check();
        taken
    }
}
