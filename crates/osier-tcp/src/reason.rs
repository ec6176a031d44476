//! Why did that happen? Every decision that a user may later ask about, as a value.
//!
//! A [`Reason`] is `Copy`, at most 16 bytes with its numbers; its `Display` is the sentence that a
//! ladder or a capture shows. Counters are always on. The reasons themselves are kept only while
//! somebody listens, and only until the host takes them, which it does after every door.

use crate::state::Arrow;
use core::fmt;
use osier_time::Duration;
use osier_wire::SeqNumber;

macro_rules! reasons {
    ($( $(#[$doc:meta])* $name:ident $({ $($field:ident: $ty:ty),* })?
        = $counter:literal, $sentence:literal; )*) => {
        /// A decision of a connection, with its numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $(
            $(#[$doc])*
            $name $({ $(
                /// A number of the sentence.
                $field: $ty
            ),* })?,
        )* }

        #[derive(Clone, Copy)]
        enum Kind { $( $name, )* }

        impl Reason {
            /// The names of the counters, by [`Reason::index`].
            pub const NAMES: &'static [&'static str] = &[ $( $counter, )* ];

            /// Which counter counts this.
            pub const fn index(&self) -> usize {
                match self { $( Reason::$name $({ $($field: _),* })? => Kind::$name as usize, )* }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( Reason::$name $({ $($field),* })? => write!(f, $sentence), )* }
            }
        }
    };
}

reasons! {
    /// The state changed.
    Moved { arrow: Arrow } = "state_changes", "{arrow}";

    /// RFC 9293 §3.10.7.4, first: no octet of the segment lies in the window.
    OutsideWindow { seq: SeqNumber, len: u32 } = "dropped_outside_window",
        "dropped: outside the window (seq {seq}, {len} octets)";
    /// The same, where everything in it was received before.
    OldDuplicate { seq: SeqNumber, len: u32 } = "dropped_old_duplicate",
        "dropped: a duplicate of what was received before (seq {seq}, {len} octets)";
    /// RFC 5961 §3.2: a RST in the window, but not at the next number.
    ResetNotExact { seq: SeqNumber } = "dropped_resets_not_exact",
        "dropped: a RST in the window, but not exactly at the next number (seq {seq}, RFC 5961)";
    /// RFC 9293 §3.10.7.4, fifth: no ACK bit in a synchronized state.
    NoAck = "dropped_no_ack", "dropped: a segment without ACK in a synchronized connection";
    /// An acknowledgment of something not yet sent.
    AckOfUnsent { ack: SeqNumber } = "dropped_ack_of_unsent",
        "dropped: acknowledges {ack}, which was never sent";
    /// An acknowledgment older than any that can be honest (RFC 5961 §5).
    AckTooOld { ack: SeqNumber } = "dropped_ack_too_old",
        "dropped: acknowledges {ack}, older than the largest window ever seen (RFC 5961)";
    /// RFC 7323 §5: the timestamp is older than the latest one.
    Paws { value: u32 } = "dropped_paws", "dropped: timestamp {value} is too old (PAWS, RFC 7323)";
    /// RFC 7323 §3.2: no timestamp, though both ends agreed to send them.
    NoTimestamp = "dropped_no_timestamp", "dropped: without the timestamp that was agreed on";
    /// Text arrived when nobody will read it any more.
    TextAfterClose { len: u32 } = "reset_text_after_close",
        "{len} octets arrived after our user had closed: nobody will read them, so we reset";
    /// Text out of order beyond the memory for it.
    ReassemblyFull { seq: SeqNumber } = "dropped_reassembly_full",
        "dropped: out of order at {seq} and no memory to keep it";
    /// Text for which the host has no memory.
    NoMemory { seq: SeqNumber, len: u32 } = "dropped_no_memory",
        "dropped: the host has no memory for {len} octets at {seq}; the peer will send them again";
    /// A segment to a handshake that it does not fit.
    NotOfHandshake { seq: SeqNumber } = "dropped_not_of_handshake",
        "dropped: does not fit the handshake (seq {seq})";

    /// Text kept until the hole before it is filled.
    OutOfOrder { seq: SeqNumber, len: u32 } = "out_of_order",
        "out of order: {len} octets at {seq} kept until the hole before them is filled";

    /// RFC 5961: an acknowledgment that asks the sender whether it meant it.
    ChallengeAck = "challenge_acks", "challenge ACK: if the peer meant it, it will say so again";
    /// The same, suppressed by the rate limit.
    ChallengeSuppressed = "challenge_acks_suppressed",
        "no challenge ACK: one was sent to this connection less than 500 ms ago";

    /// RST accepted.
    ResetByPeer = "resets_received", "reset by the peer";
    /// RST answers our SYN.
    RefusedByPeer = "refused", "the peer refused the connection";
    /// We reset.
    ResetSent = "resets_sent", "we reset the connection";
    /// A segment that belongs to no connection is answered with RST.
    StrayReset = "stray_resets", "RST: the segment belongs to no connection";
    /// A stray RST is not answered.
    StrayIgnored = "stray_ignored", "dropped: a RST that belongs to no connection";

    /// RFC 7413: text travelled with the SYN.
    FastOpened { octets: u32 } = "fast_opens",
        "{octets} octets travelled with the SYN (Fast Open, RFC 7413)";
    /// RFC 7413 §4.2.2: the text of our SYN was not acknowledged.
    FastOpenUnheard { octets: u32 } = "fast_opens_unheard",
        "the {octets} octets of our SYN were not acknowledged: they follow the handshake";
    /// SYN or SYN,ACK sent again.
    SynAgain { attempt: u8, waited: Duration } = "syn_retransmissions",
        "retransmission: no answer to our SYN for {waited} (attempt {attempt})";
    /// RFC 6298 §5: the timer expired.
    RtoExpired { rto: Duration } = "rto_expired", "retransmission: RTO {rto} expired";
    /// Sent again in the repair that followed a timeout.
    AfterTimeout { seq: SeqNumber } = "retransmissions_after_rto",
        "retransmission: {seq} was in flight when the RTO expired";
    /// RFC 5681 §3.2.
    FastRetransmit { seq: SeqNumber } = "fast_retransmissions",
        "retransmission: fast, three duplicate ACKs ask for {seq} (RFC 5681)";
    /// RFC 8985 §6.2: something sent later has arrived.
    OvertakenRetransmit { seq: SeqNumber } = "rack_retransmissions",
        "retransmission: what was sent after {seq} has arrived and {seq} has not (RACK, RFC 8985)";
    /// RFC 8985 §6.3: reordering explains it no longer.
    ReorderingTimeout = "reordering_timeouts",
        "lost: overtaken for longer than reordering on this path takes (RFC 8985)";
    /// RFC 3522: the retransmission was needless.
    SpuriousRetransmission = "spurious_retransmissions",
        "no loss: what was sent again had only been overtaken (Eifel, RFC 3522)";
    /// RFC 3522, RFC 5682.
    SpuriousTimeout = "spurious_timeouts",
        "no loss: the RTO had expired too early, what was in flight arrives (RFC 3522, RFC 5682)";
    /// RFC 4015, RFC 9438 §4.9.
    CutUndone { cwnd: u32, ssthresh: u32 } = "cuts_undone",
        "congestion window back at {cwnd} octets (ssthresh {ssthresh}): the cut was for nothing";
    /// RFC 8985 §7.3.
    TailProbe { seq: SeqNumber } = "tail_loss_probes",
        "probe: the end of the flight is unacknowledged for two round trips, so {seq} goes out \
         (RFC 8985)";
    /// The same, with what was sent before.
    TailProbeAgain { seq: SeqNumber } = "tail_loss_probe_retransmissions",
        "probe: the end of the flight is unacknowledged for two round trips, so {seq} goes out \
         again (RFC 8985)";
    /// RFC 6582 §3.2: a further hole.
    RecoveryRetransmit { seq: SeqNumber } = "recovery_retransmissions",
        "retransmission: a further hole at {seq} in fast recovery";
    /// RFC 1191 §6.4: cut anew, since the path takes shorter segments only.
    TooLongForPath { seq: SeqNumber } = "path_mtu_retransmissions",
        "retransmission: the segment at {seq} was too long for the path";
    /// RFC 7413 §4.2: sent again, since the peer did not take the text of the SYN.
    SynTextAgain { seq: SeqNumber } = "syn_text_retransmissions",
        "retransmission: the text at {seq} went with the SYN and was not taken";
    /// RFC 3168: a router marked what arrived.
    CongestionMarked = "congestion_marks_received",
        "a router on the way here marks congestion; the peer is told (CE, RFC 3168)";
    /// RFC 3168 §6.1.2: the peer says that what we sent was marked.
    MarkEchoed = "congestion_marks_echoed",
        "a router on the way to the peer marks congestion, it says: we slow down (ECE, RFC 3168)";
    /// The congestion window was cut.
    WindowCut { cwnd: u32, ssthresh: u32 } = "window_cuts",
        "congestion window cut to {cwnd} octets (ssthresh {ssthresh})";
    /// RFC 9293 §3.8.6.1.
    ZeroWindowProbe { attempt: u8 } = "window_probes",
        "probe {attempt} of the peer's zero window";
    /// RFC 9293 §3.8.4.
    KeepAliveProbe { attempt: u8 } = "keepalive_probes", "keep-alive probe {attempt}";

    /// Given up: R2 or the user timeout.
    TimedOut = "timed_out", "given up: the peer has not answered for too long";
    /// ICMP said it is unreachable and the handshake was not done.
    Unreachable = "unreachable", "given up: the network says that the peer is unreachable";
    /// ICMP hint in a synchronized state (RFC 5927 §4).
    SoftError = "soft_errors", "ICMP error noted: in a synchronized state it is only a hint";
    /// ICMP error that quotes nothing we have in flight (RFC 5927 §4).
    IcmpOutsideFlight = "icmp_outside_flight",
        "ICMP error ignored: it quotes nothing that is in flight (RFC 5927)";
    /// The path MTU shrank.
    PathMtu { mss: u16 } = "path_mtu_changes", "segments limited to {mss} octets by the path";
    /// RFC 4821 §7.7: full segments vanish.
    BlackHole { mss: u16 } = "black_holes",
        "full segments go unanswered: {mss} octets are tried, in case a router drops longer ones";
    /// RFC 4821 §7.5: text in a segment longer than the path is known to take.
    MtuProbe { seq: SeqNumber, mss: u16 } = "mtu_probes",
        "probe: {seq} goes in one segment of {mss} octets, in case the path takes it (RFC 4821)";
    /// RFC 4821 §7.6.1.
    MtuProbeArrived { mss: u16 } = "mtu_probes_arrived",
        "the probe of {mss} octets arrived: segments are as long from now on (RFC 4821)";
    /// RFC 4821 §7.6.2: no sign of congestion.
    MtuProbeLost { mss: u16 } = "mtu_probes_lost",
        "the probe of {mss} octets did not arrive: the path takes less (RFC 4821)";
    /// Orphan in FIN-WAIT-2 ended.
    FinWait2Over = "fin_wait_2_over",
        "given up in FIN-WAIT-2: the peer did not close and no user is left here";
}

/// The account of decisions: counters, and the reasons of the doors just called.
///
/// One for each host, lent to each door.
#[derive(Clone, Debug)]
pub struct Notes {
    counters: [u64; Reason::NAMES.len()],
    recording: Recording,
    fresh: [Option<Reason>; Notes::FRESH_MAX],
    len: u8,
}

/// Whether reasons are kept besides being counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Only the counters.
    #[default]
    Off,
    /// Reasons too.
    On,
}

impl Notes {
    /// As many reasons as one call of a door can sensibly give; later ones are only counted.
    pub const FRESH_MAX: usize = 12;

    /// Nothing counted yet.
    pub const fn new(recording: Recording) -> Self {
        Notes {
            counters: [0; Reason::NAMES.len()],
            recording,
            fresh: [None; Notes::FRESH_MAX],
            len: 0,
        }
    }

    /// Starts or stops keeping reasons.
    pub fn set_recording(&mut self, recording: Recording) {
        self.recording = recording;
        self.len = 0;
    }

    /// Counts a decision, and keeps it where somebody listens.
    pub fn push(&mut self, reason: Reason) {
        self.counters[reason.index()] += 1;
        if self.recording == Recording::On && usize::from(self.len) < Self::FRESH_MAX {
            self.fresh[usize::from(self.len)] = Some(reason);
            self.len += 1;
        }
    }

    /// Takes the reasons given since the last call, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Reason> + '_ {
        let len = core::mem::take(&mut self.len);
        self.fresh[..usize::from(len)].iter_mut().filter_map(Option::take)
    }

    /// Whether no reason waits to be taken.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The counters by name.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Reason::NAMES.iter().copied().zip(self.counters.iter().copied())
    }

    /// How often a decision of this kind was made.
    pub const fn count(&self, like: &Reason) -> u64 {
        self.counters[like.index()]
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Notes, Reason, Recording};
    use crate::state::Arrow;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn a_reason_is_small() {
        assert!(size_of::<Reason>() <= 16, "{} bytes", size_of::<Reason>());
    }

    #[test]
    fn a_reason_reads_as_a_sentence() {
        let reason = Reason::Moved { arrow: Arrow::SynAcked };
        assert_eq!(
            reason.to_string(),
            "SYN-SENT -> ESTABLISHED: the peer acknowledged our SYN (step 2 of 3)"
        );
    }

    #[test]
    fn counters_count_and_reasons_are_kept_only_for_a_listener() {
        let mut notes = Notes::new(Recording::Off);
        notes.push(Reason::ChallengeAck);
        assert_eq!(notes.count(&Reason::ChallengeAck), 1);
        assert!(notes.is_empty());
        notes.set_recording(Recording::On);
        for _ in 0..100 {
            notes.push(Reason::ResetSent);
        }
        assert_eq!(notes.drain().collect::<Vec<_>>().len(), Notes::FRESH_MAX);
        assert_eq!(notes.count(&Reason::ResetSent), 100);
        assert!(notes.is_empty());
    }
}
