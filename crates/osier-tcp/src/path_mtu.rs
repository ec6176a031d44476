//! What when the path carries less than we thought? (RFC 1191 §6.4, RFC 8201, RFC 5927 §7)
//!
//! Segments become smaller, and what is in flight and too long is sent again at once, without a
//! cut of the window: nothing was lost to congestion.

use crate::options::SEND_MSS_MIN;
use crate::reason::{Notes, Reason};
use crate::tcb::Tcb;

/// A TCP header without options.
const HEADER_LEN: u16 = 20;

/// The path takes TCP segments of at most `octets`, header included.
pub(crate) fn on_path_mtu(tcb: &mut Tcb, octets: u16, notes: &mut Notes) {
    let mss = octets.saturating_sub(HEADER_LEN).max(SEND_MSS_MIN);
    if mss >= tcb.snd.mss || tcb.ending.is_some() {
        return;
    }
    tcb.snd.mss = mss;
    notes.push(Reason::PathMtu { mss });
    let text_mss = tcb.text_mss();
    tcb.congestion.set_mss(text_mss);
    tcb.recovery.on_path_mtu(text_mss);
    tcb.look_again();
}
