//! What when the path carries less than we thought? (RFC 1191 §6.4, RFC 8201, RFC 5927 §7)
//!
//! Segments become smaller, and what is in flight and too long is sent again at once, without a
//! cut of the window: nothing was lost to congestion.
//!
//! A router that drops what is too long and says nothing is a black hole (RFC 4821 §7.7): where
//! full segments go unanswered R1 times in a row, smaller ones are tried. It may have been an
//! outage, so later the former size is tried again, with the text itself; RFC 4821's search with
//! probes of many sizes is not here.

use crate::config::BlackHole;
use crate::options::SEND_MSS_MIN;
use crate::reason::{Notes, Reason};
use crate::send::window::Hole;
use crate::tcb::Tcb;
use osier_time::{Duration, Instant};

/// A TCP header without options.
const HEADER_LEN: u16 = 20;

/// What nearly every path carries (RFC 4821 §7.2, eff_pmtu after a black hole).
const SAFE_MSS: u16 = 1024;

/// How long smaller segments are sent before the former size is tried again: at first, when it may
/// have been an outage, and later (RFC 4821 §7.7, RFC 8201 §4: ten minutes).
const TRY_AGAIN: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(600)];

/// The retransmission timer has expired R1 times in a row.
pub(crate) fn unanswered(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    let mss = tcb.snd.mss;
    let suspect = tcb.settings.sending.black_hole == BlackHole::Suspect;
    if !suspect || mss <= SAFE_MSS || tcb.recovery.oldest_segment() <= u32::from(SAFE_MSS) {
        return;
    }
    let again = tcb.snd.hole.take();
    let wait = TRY_AGAIN[usize::from(again.is_some())];
    let former = again.map_or(mss, |hole| hole.former.max(mss));
    tcb.snd.hole = Some(Hole { former, until: now + wait });
    notes.push(Reason::BlackHole { mss: SAFE_MSS });
    narrow(tcb, SAFE_MSS);
}

/// Text is sent, and smaller segments than there once were: is it time to try the former size?
#[cold]
pub(crate) fn try_former(tcb: &mut Tcb, now: Instant) {
    let Some(hole) = tcb.snd.hole else { return };
    let smaller = tcb.snd.mss < hole.former;
    if smaller && now >= hole.until && tcb.recovery.attempts() == 0 {
        tcb.snd.mss = hole.former;
        tcb.congestion.set_mss(tcb.text_mss());
    }
}

/// The path takes TCP segments of at most `octets`, header included.
pub(crate) fn on_path_mtu(tcb: &mut Tcb, octets: u16, notes: &mut Notes) {
    let mss = octets.saturating_sub(HEADER_LEN).max(SEND_MSS_MIN);
    if mss >= tcb.snd.mss || tcb.ending.is_some() {
        return;
    }
    if let Some(hole) = &mut tcb.snd.hole {
        hole.former = hole.former.min(mss);
    }
    notes.push(Reason::PathMtu { mss });
    narrow(tcb, mss);
}

/// Segments carry at most `mss` octets from now on, and what is in flight and longer goes again.
fn narrow(tcb: &mut Tcb, mss: u16) {
    tcb.snd.mss = mss;
    let text_mss = tcb.text_mss();
    tcb.congestion.set_mss(text_mss);
    tcb.recovery.on_path_mtu(text_mss);
    tcb.look_again();
}
