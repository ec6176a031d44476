//! What has a connection sent and received, all told, and what held it up? (RFC 4898 names these
//! counts; Linux shows them in `tcp_info`.)
//!
//! Plain increments on the path of a segment, read by `info.rs` alone: nothing is decided by them.
//! What can be had from elsewhere when somebody asks is not counted here.

use osier_time::{Duration, Instant};

/// The counts of one connection, from its SYN on.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Segments of the wire that arrived, and those of them with text.
    pub(crate) segs_in: u32,
    pub(crate) data_segs_in: u32,
    /// Segments sent, and those of them with text, retransmissions included.
    pub(crate) segs_out: u32,
    pub(crate) data_segs_out: u32,
    /// Segments with sequence numbers that had never been sent.
    pub(crate) sent_once: u32,
    /// Segments of ours that arrived and were acknowledged with ECE.
    pub(crate) delivered_ce: u32,
    /// Segments that arrived out of order.
    pub(crate) out_of_order: u32,
    /// Expiries of the retransmission timer.
    pub(crate) timeouts: u16,
    /// Sequence numbers acknowledged: text, the FIN, and the SYN of the end that called.
    pub(crate) bytes_acked: u64,
    /// Sequence numbers received in order: text and the FIN.
    pub(crate) bytes_received: u64,
    /// Text that came with a SYN and was taken.
    pub(crate) syn_text: u32,
    /// Text sent for the first time.
    pub(crate) bytes_sent_once: u64,
    /// Text that was sent again.
    pub(crate) bytes_retrans: u64,
    /// When text last arrived.
    pub(crate) text_arrived: Instant,
    /// What held us up.
    pub(crate) limits: Limits,
}

/// Which end called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// We did, with so many SYNs.
    Us(u32),
    /// They did. Linux counts from the end of the handshake.
    Them,
}

impl Tally {
    /// Both SYNs are known.
    pub(crate) fn new(now: Instant, caller: Caller) -> Self {
        // Whoever was called has had its SYN acknowledged before the count begins.
        let (segs_out, bytes_acked) = match caller {
            Caller::Us(syns) => (syns, 0),
            Caller::Them => (0, u64::MAX),
        };
        Tally {
            segs_in: 0,
            data_segs_in: 0,
            segs_out,
            data_segs_out: 0,
            sent_once: 1,
            delivered_ce: 0,
            out_of_order: 0,
            timeouts: 0,
            bytes_acked,
            bytes_received: 0,
            syn_text: 0,
            bytes_sent_once: 0,
            bytes_retrans: 0,
            text_arrived: now,
            limits: Limits::new(now),
        }
    }

    /// `segments` of the wire arrived, with `octets` of text in all.
    pub(crate) const fn on_arrival(&mut self, segments: u32, octets: usize) {
        self.segs_in = self.segs_in.wrapping_add(segments);
        if octets > 0 {
            self.data_segs_in = self.data_segs_in.wrapping_add(segments);
        }
    }

    /// New sequence numbers were sent: `octets` of text and perhaps a FIN, in one segment already
    /// counted or, where they exceed `mss`, in several.
    pub(crate) const fn on_new(&mut self, octets: u32, mss: u32) {
        let segments = if octets > mss { octets.div_ceil(mss) } else { 1 };
        self.segs_out = self.segs_out.wrapping_add(segments - 1);
        self.sent_once = self.sent_once.wrapping_add(segments);
        if octets > 0 {
            self.data_segs_out = self.data_segs_out.wrapping_add(segments);
            self.bytes_sent_once += octets as u64;
        }
    }

    /// `octets` of text were sent again, in one segment already counted.
    pub(crate) const fn on_again(&mut self, octets: u32) {
        if octets > 0 {
            self.data_segs_out = self.data_segs_out.wrapping_add(1);
            self.bytes_retrans += octets as u64;
        }
    }

    /// SND.UNA moved by `octets`.
    pub(crate) const fn on_acked(&mut self, octets: u32) {
        self.bytes_acked = self.bytes_acked.wrapping_add(octets as u64);
    }
}

/// What a connection that has something to send waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// Nothing is to be sent and nothing in flight.
    Idle,
    /// The path, or an acknowledgment.
    Path,
    /// The peer's window.
    PeerWindow,
    /// The user, who waits for room in the send buffer.
    SendBuffer,
}

/// For how long it was which (Linux: `tcpi_busy_time` and its parts).
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    now: Limit,
    since: Instant,
    spent: [Duration; 3],
}

impl Limits {
    const fn new(now: Instant) -> Self {
        Limits { now: Limit::Idle, since: now, spent: [Duration::ZERO; 3] }
    }

    /// From here on it is this.
    #[inline]
    pub(crate) fn enter(&mut self, now: Instant, limit: Limit) {
        if self.now != limit {
            self.change(now, limit);
        }
    }

    fn change(&mut self, now: Instant, limit: Limit) {
        if let Some(at) = place(self.now) {
            self.spent[at] += now.since(self.since);
        }
        (self.now, self.since) = (limit, now);
    }

    /// How long it was this until `now`.
    pub(crate) fn spent(&self, now: Instant, limit: Limit) -> Duration {
        let Some(at) = place(limit) else { return Duration::ZERO };
        let running = if self.now == limit { now.since(self.since) } else { Duration::ZERO };
        self.spent[at] + running
    }

    /// How long there was something to send or in flight.
    pub(crate) fn busy(&self, now: Instant) -> Duration {
        let parts = [Limit::Path, Limit::PeerWindow, Limit::SendBuffer];
        parts.into_iter().fold(Duration::ZERO, |sum, limit| sum + self.spent(now, limit))
    }
}

const fn place(limit: Limit) -> Option<usize> {
    match limit {
        Limit::Idle => None,
        Limit::Path => Some(0),
        Limit::PeerWindow => Some(1),
        Limit::SendBuffer => Some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::{Caller, Limit, Tally};
    use osier_time::{Duration, Instant};

    #[test]
    fn a_super_segment_counts_as_the_segments_that_the_wire_carries() {
        let mut tally = Tally::new(Instant::ZERO, Caller::Them);
        tally.segs_out += 1;
        tally.on_new(3_000, 1_448);
        assert_eq!((tally.segs_out, tally.data_segs_out, tally.sent_once), (3, 3, 4));
        tally.segs_out += 1;
        tally.on_new(0, 1_448);
        assert_eq!((tally.segs_out, tally.data_segs_out, tally.sent_once), (4, 3, 5), "a FIN");
    }

    #[test]
    fn the_time_spent_is_that_of_each_limit_and_the_one_that_lasts_counts_so_far() {
        let at = Instant::from_millis;
        let mut limits = Tally::new(at(0), Caller::Them).limits;
        limits.enter(at(10), Limit::Path);
        limits.enter(at(12), Limit::Path);
        limits.enter(at(15), Limit::PeerWindow);
        limits.enter(at(35), Limit::Idle);
        limits.enter(at(90), Limit::Path);
        assert_eq!(limits.spent(at(100), Limit::Path), Duration::from_millis(15));
        assert_eq!(limits.spent(at(100), Limit::PeerWindow), Duration::from_millis(20));
        assert_eq!(limits.busy(at(100)), Duration::from_millis(35));
    }
}
