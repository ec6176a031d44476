//! What when the path carries less than we thought, or more? (RFC 1191 §6.4, RFC 8201, RFC 5927
//! §7; RFC 4821)
//!
//! Where it carries less, segments become smaller, and what is in flight and too long is sent
//! again at once, without a cut of the window: nothing was lost to congestion.
//!
//! A router that drops what is too long and says nothing is a black hole (RFC 4821 §7.7): where
//! full segments go unanswered R1 times in a row, smaller ones are sent. From there, or from a
//! small size to begin with, the path is searched upwards with probes: text in one longer segment,
//! sent only where its loss would be found soon and harms nobody. The order of the sizes is
//! `send/search.rs`; this file says when a probe goes and what its fate means.

use crate::config::ProbingMode;
use crate::config::SEND_MSS_MIN;
use crate::event::{Event, PathMtuChange};
use crate::keepalive::R1;
use crate::reason::{Notes, Reason};
use crate::recovery::{AckOutcome, Phase, Turn};
use crate::send::search::{OfProbe, Patience, Search};
use crate::tcb::Tcb;

use alloc::boxed::Box;
use osier_time::Instant;

/// A TCP header without options.
const HEADER_LEN: u16 = 20;

/// Halving ends here: IPv4 asks every path for packets of 68 octets (RFC 791), but every host for
/// 576, and few links of today carry less than half of that.
const SMALLEST: u16 = 256;

/// Segments of the usual size that are to follow a probe, so that reports tell of its loss before a
/// timeout must: DupThresh, and one for good measure (RFC 4821 §7.4; Linux: tcp_mtu_probe).
const FOLLOWERS: u32 = 4;

/// What may be sent now, as far as the search is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Say {
    /// A probe of this size.
    Probe(u16),
    /// Nothing new: there will be room for a probe when some of what is in flight is acknowledged.
    Wait,
    /// What would be sent without a search.
    Usual,
}

/// Whether a probe is to go now. The caller has seen that there is a search.
///
/// RFC 4821 §7.4: no other is out, nothing is being repaired, and enough is queued, and may be
/// sent, for its loss to be found by reports.
#[cold]
pub(crate) fn say(tcb: &mut Tcb, now: Instant) -> Say {
    let probing = tcb.settings.sending.mtu_probing;
    let patience = Patience { interval: probing.interval, threshold: probing.threshold };
    let usual = tcb.text_mss();
    let options = u32::from(tcb.snd.mss) - usual;
    let mss = tcb.snd.mss;
    if !tcb.recovery.is_calm() || tcb.snd.up.is_some() || tcb.snd.syn_is_unacknowledged() {
        return Say::Usual;
    }
    let size = tcb.snd.search.as_mut().and_then(|search| search.next(now, mss, patience));
    let Some(size) = size else { return Say::Usual };
    let text = u32::from(size) - options;
    let needed = text + FOLLOWERS * usual;
    let record = tcb.out.record_left(tcb.out.len() - tcb.unsent());
    let queued = record.unwrap_or(tcb.unsent());
    let window = tcb.congestion.window();
    if queued < needed || tcb.snd.wnd < needed || window < needed {
        return Say::Usual;
    }
    let room = window.saturating_sub(tcb.recovery.in_flight());
    if tcb.snd.usable() >= needed && room >= text {
        return Say::Probe(size);
    }
    // Linux: tcp_mtu_probe. Otherwise each acknowledgment would let one segment of the usual size
    // go, and never one that is longer.
    if tcb.snd.outstanding() > 0 { Say::Wait } else { Say::Usual }
}

/// A probe of `mss` was sent; its text ends before SND.NXT.
pub(crate) fn on_sent(tcb: &mut Tcb, mss: u16, octets: u32, notes: &mut Notes) {
    notes.push(Reason::MtuProbe { seq: tcb.snd.nxt - octets, mss });
    tcb.recovery.on_mtu_probe(octets);
    if let Some(search) = &mut tcb.snd.search {
        search.on_sent(tcb.snd.nxt, mss);
    }
}

/// An acknowledgment was taken in while there is a search: what does it say of a probe?
#[cold]
pub(crate) fn on_ack(tcb: &mut Tcb, now: Instant, outcome: &AckOutcome, notes: &mut Notes) {
    if outcome.turn == Turn::ProbeTooLong {
        return probe_lost(tcb, now, notes);
    }
    // RFC 4821 §7.6.4: with other losses about, it may have been sent again in pieces.
    if outcome.turn != Turn::None || tcb.recovery.phase() != Phase::Open {
        return inconclusive(tcb, now);
    }
    let una = tcb.snd.una;
    let Some(mss) = tcb.snd.search.as_mut().and_then(|search| search.on_una(una)) else { return };
    tcb.recovery.on_mtu_probe(0);
    if mss <= tcb.snd.mss {
        return;
    }
    notes.push(Reason::MtuProbeArrived { mss });
    tcb.snd.mss = mss;
    tcb.congestion.set_mss(tcb.text_mss());
    tell(tcb, PathMtuChange::Probed);
    if tcb.snd.search.as_ref().is_some_and(|search| search.is_done(mss)) {
        tcb.snd.search = None;
    }
}

/// Other segments are lost as well, or everything is: a probe that is out shows nothing.
pub(crate) fn inconclusive(tcb: &mut Tcb, now: Instant) {
    let not_before = now + tcb.recovery.rto();
    if tcb.snd.search.as_mut().is_some_and(|search| search.on_inconclusive(not_before)) {
        tcb.recovery.on_mtu_probe(0);
    }
}

/// The probe is lost and nothing else is: the path takes less. It is sent again in usual segments,
/// and the window is not cut (RFC 4821 §7.6.2).
pub(crate) fn probe_lost(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    // RFC 4821 §7.4: some time is to pass between a probe that failed and the next.
    let not_before = now + tcb.recovery.rto();
    let Some(mss) = tcb.snd.search.as_mut().and_then(|search| search.on_lost(not_before)) else {
        return;
    };
    probe_again_in_pieces(tcb, mss, notes);
}

fn probe_again_in_pieces(tcb: &mut Tcb, mss: u16, notes: &mut Notes) {
    notes.push(Reason::MtuProbeLost { mss });
    tcb.recovery.on_mtu_probe(0);
    tcb.recovery.on_path_mtu(tcb.text_mss());
    tcb.look_again();
}

/// The retransmission timer has expired R1 times in a row, or once more after that: with each, as
/// on Linux, segments become smaller still.
pub(crate) fn unanswered(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    let (probing, mss) = (tcb.settings.sending.mtu_probing, tcb.snd.mss);
    let base = probing.base_mss.max(SEND_MSS_MIN);
    // Linux: the base first, then half of what is sent.
    let smaller = match tcb.recovery.attempts() {
        _ if mss > base => base,
        ..=R1 => return,
        _ => (mss / 2).max(SMALLEST),
    };
    let options = u32::from(mss) - tcb.text_mss();
    let vanished = tcb.recovery.oldest_segment() + options;
    if probing.mode == ProbingMode::Off || mss <= smaller || vanished <= u32::from(smaller) {
        return;
    }
    match &mut tcb.snd.search {
        Some(search) if tcb.recovery.attempts() > R1 => search.lower(smaller),
        search => {
            let after =
                Search::after_hole(search.as_deref(), now, (smaller, mss), probing.interval);
            *search = Some(Box::new(after));
        }
    }
    notes.push(Reason::BlackHole { mss: smaller });
    narrow(tcb, smaller, PathMtuChange::BlackHole);
}

/// The path takes TCP segments of at most `octets`, header included.
pub(crate) fn on_path_mtu(tcb: &mut Tcb, octets: u16, notes: &mut Notes) {
    let mss = octets.saturating_sub(HEADER_LEN).max(SEND_MSS_MIN);
    if tcb.ending.is_some() {
        return;
    }
    // What a report quotes was in flight: text was sent lately.
    let (now, usual) = (tcb.snd.last_sent, tcb.snd.mss);
    let of_probe = tcb.snd.search.as_mut().map(|search| search.on_report(now, mss));
    if let Some(OfProbe::TooLong(probe)) = of_probe {
        probe_again_in_pieces(tcb, probe, notes);
    }
    if mss >= usual {
        return;
    }
    if tcb.snd.search.is_none() && tcb.settings.sending.mtu_probing.mode != ProbingMode::Off {
        tcb.snd.search = Some(Box::new(Search::reported(now, mss, usual)));
    }
    notes.push(Reason::PathMtu { mss });
    narrow(tcb, mss, PathMtuChange::Reported);
}

/// Segments carry at most `mss` octets from now on, and what is in flight and longer goes again.
fn narrow(tcb: &mut Tcb, mss: u16, why: PathMtuChange) {
    tcb.snd.mss = mss;
    let text_mss = tcb.text_mss();
    tcb.congestion.set_mss(text_mss);
    tcb.recovery.on_mtu_probe(0);
    tcb.recovery.on_path_mtu(text_mss);
    tell(tcb, why);
    tcb.look_again();
}

fn tell(tcb: &mut Tcb, why: PathMtuChange) {
    tcb.events.push(Event::PathMtu(tcb.snd.mss.saturating_add(HEADER_LEN), why));
}
