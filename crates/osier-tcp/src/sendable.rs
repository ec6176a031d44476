//! How much new text may go now, and is its end pushed? (RFC 9293 §3.8.6, §3.7.4, §3.9.1.2)
//!
//! Both windows, Nagle's algorithm and the avoidance of silly windows, ends of records, and the
//! length of a burst. Decides and changes nothing: `transmit.rs` sends it.

use crate::config::Nagle;
use crate::loss;
use crate::recovery::Phase;
use crate::send::burst::{self, Path};
use crate::send::nagle::{self, Decision, Hold, Push};
use crate::state::State;
use crate::tcb::{Due, Fin, Probe, Tcb};
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// New text that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct New {
    /// Octets of it.
    pub(crate) octets: u32,
    /// FIN where our FIN goes with it.
    pub(crate) fin: Flags,
}

/// All that waits, where that is one segment at most, nothing holds it back and nothing else is to
/// be sent: the answer of [`text`] for nearly every request and reply, found by a shorter way. In
/// debug builds it is held to be what the long way finds.
#[inline]
pub(crate) fn at_once(tcb: &Tcb, now: Instant) -> Option<u32> {
    let (octets, outstanding) = (tcb.unsent(), tcb.snd.outstanding());
    let plain = octets > 0
        && octets <= tcb.text_mss()
        && tcb.state() == State::Established
        && (tcb.owed.ack == Due::No || reports_nothing(tcb))
        && tcb.owed.probe.is_none()
        && tcb.small.hold == Hold::No
        && tcb.out.is_one_record()
        && tcb.recovery.phase() == Phase::Open
        && !tcb.congestion.is_paced();
    if !plain {
        return None;
    }
    // After an idle time the window may be another.
    let fresh = outstanding > 0 || now - tcb.snd.last_sent <= tcb.recovery.rto();
    let held = tcb.settings.nagle == Nagle::On && tcb.small.unacked(tcb.snd.una) > 0;
    let fits =
        octets <= tcb.snd.usable() && tcb.recovery.in_flight() + octets <= tcb.congestion.window();
    (fresh && !held && fits).then_some(octets)
}

/// Whether an acknowledgment has nothing to say that text cannot carry.
#[inline]
fn reports_nothing(tcb: &Tcb) -> bool {
    tcb.sack.as_ref().is_none_or(|sack| sack.is_silent(&tcb.text))
}

/// New text, as much as both windows, Nagle and the avoidance of silly windows let go, and our FIN
/// with the last of it.
#[inline]
pub(crate) fn text(tcb: &Tcb) -> Option<New> {
    let octets = may_send(tcb);
    let fin = tcb.owed.fin == Fin::Queued && octets == tcb.unsent() && fin_fits(tcb, octets);
    let flags = if fin { Flags::FIN } else { Flags::NONE };
    (octets > 0 || fin).then_some(New { octets, fin: flags })
}

/// Whether the peer's window, or the lack of anything in flight, lets the FIN go.
fn fin_fits(tcb: &Tcb, octets: u32) -> bool {
    tcb.snd.usable() > octets
}

/// Octets of new text that may go now in one transmit.
fn may_send(tcb: &Tcb) -> u32 {
    let queued = tcb.unsent();
    if queued == 0 {
        return 0;
    }
    // Up to the end of a record; what is behind it can add nothing to the segment.
    let unsent = record_left(tcb).unwrap_or(queued);
    let mss = tcb.text_mss();
    let room = loss::window(tcb).saturating_sub(tcb.recovery.in_flight());
    let overridden = tcb.owed.probe == Some(Probe::Override);
    let usable = tcb.snd.usable().min(room);
    let decision = nagle::decide(&nagle::Waiting {
        queued: unsent,
        usable,
        mss,
        max_window: tcb.snd.max_wnd,
        in_flight_unacked: match tcb.small.hold {
            Hold::No => tcb.small.unacked(tcb.snd.una),
            Hold::More | Hold::Corked => u32::MAX,
        },
        nagle: match tcb.small.hold {
            _ if tcb.owed.fin == Fin::Queued || unsent < queued => Nagle::Off,
            Hold::No => tcb.settings.nagle,
            Hold::More | Hold::Corked => Nagle::On,
        },
    });
    let octets = match decision {
        Decision::Send(octets) => octets,
        Decision::Hold if overridden => usable.min(unsent).min(mss),
        Decision::Hold => 0,
    };
    if octets > mss { octets.min(largest(tcb, mss)) } else { octets }
}

/// Octets from SND.NXT to the end of its record, where the user has marked one.
fn record_left(tcb: &Tcb) -> Option<u32> {
    tcb.out.record_left(tcb.out.len() - tcb.unsent())
}

/// Octets of text in one transmit: a super-segment's where the device cuts them, else a segment's.
fn largest(tcb: &Tcb, mss: u32) -> u32 {
    // CWR is said once; a device that cuts a super-segment may repeat it.
    if tcb.owed.ecn.cwr {
        return mss;
    }
    let path = Path {
        mss,
        cwnd: loss::window(tcb),
        ssthresh: tcb.congestion.ssthresh(),
        max_window: tcb.snd.max_wnd,
        srtt: tcb.recovery.srtt(),
    };
    // Each segment of a burst would have the same offset to the end of urgent text.
    let gso_max = if tcb.snd.up.is_some() { 0 } else { tcb.settings.gso_max };
    burst::octets(&path, gso_max, tcb.settings.sending.burst_min)
}

/// Whether the user has pushed what ends `octets` behind SND.NXT.
#[inline]
pub(crate) fn is_pushed(tcb: &Tcb, octets: u32) -> bool {
    let probed = tcb.owed.probe == Some(Probe::Override);
    let pushed = tcb.small.push == Push::Yes || probed;
    (octets == tcb.unsent() && pushed) || record_left(tcb) == Some(octets)
}

/// Whether text of the peer arrived so lately that ours may be the answer.
#[inline]
pub(crate) fn heard_lately(tcb: &Tcb, now: Instant) -> bool {
    tcb.tally.data_segs_in > 0 && now - tcb.tally.text_arrived < tcb.settings.delayed_ack
}

/// Where the last segment sent starts.
pub(crate) fn last_segment(tcb: &Tcb) -> SeqNumber {
    let nxt = tcb.snd.nxt;
    let from = tcb.recovery.last_segment().map_or(nxt, |(from, _)| from);
    // A FIN alone could not be reported where text before it is missing: it takes some along.
    let fin_alone = matches!(tcb.owed.fin, Fin::Sent(at) if from == at);
    let from = if fin_alone { from - tcb.text_mss() } else { from.max(nxt - tcb.text_mss()) };
    from.max(tcb.snd.text_start())
}
