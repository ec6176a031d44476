//! What is to be sent next? The only builder of data, ACK, FIN, RST and probe segments.
//!
//! Events record obligations; here they become segments, most pressing first: a RST, the SYN,ACK
//! of a simultaneous open, an acknowledgment that tells of holes, what was lost, new text with the
//! FIN behind it, a probe, and an acknowledgment where nothing else has carried it.

use crate::config::AfterIdle;
use crate::handshake::active::syn_ack_of;
use crate::loss;
use crate::model;
use crate::path_mtu::{self, Say};
use crate::reason::{Notes, Reason};
use crate::recovery::{Cause, ProbeOf, Retransmission};
use crate::segment::Transmit;
use crate::sendable::{self, New};
use crate::tally::Limit;
use crate::tcb::{Due, Fin, Look, Probe, Reset, Tcb};
use crate::timers::Timer;
use crate::{pace, room};
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::ip::Ecn;
use osier_wire::tcp::{Flags, SackBlocks};

/// What is to be sent next, most pressing first.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The SYN,ACK of a simultaneous open.
    SynAck,
    /// An acknowledgment that tells of holes.
    Report(SackBlocks),
    /// What recovery says is lost.
    Again(Retransmission),
    /// New text, and our FIN where its flag is set.
    New(u32, Flags),
    /// New text as a probe of the path MTU: a segment of this size.
    MtuProbe(u16),
    /// A probe of the end of the flight.
    TailProbe,
    /// A probe of a closed window or of a silent peer.
    Probe(Reason),
    /// An acknowledgment that nothing else has carried.
    Ack,
}

/// Writes the next segment to send into `out`, which is empty; says whether there is one.
#[inline]
pub(crate) fn next(tcb: &mut Tcb, now: Instant, out: &mut Transmit, notes: &mut Notes) -> bool {
    if tcb.owed.look == Look::Nothing {
        return false;
    }
    if let Some(reset) = tcb.owed.reset.take() {
        rst(tcb, now, reset, out);
        return true;
    }
    if let Some(octets) = sendable::at_once(tcb, now) {
        debug_assert!(would_go(tcb.clone(), now, octets), "{octets} octets would not go");
        send_new(tcb, now, octets, Flags::NONE, out);
        debug_assert!(!tcb.has_work(), "that was all");
        tcb.owed.look = Look::Nothing;
        return true;
    }
    let Some(next) = look(tcb, now) else {
        tcb.owed.look = Look::Nothing;
        return false;
    };
    build(tcb, now, next, out, notes);
    if !tcb.has_work() {
        tcb.owed.look = Look::Nothing;
    }
    true
}

/// Whether [`look`], which may change something, finds the same.
fn would_go(mut tcb: Tcb, now: Instant, octets: u32) -> bool {
    matches!(look(&mut tcb, now), Some(Next::New(n, Flags::NONE)) if n == octets)
}

/// Decides what is to be sent; changes nothing but what is thereby no longer owed.
#[inline]
fn look(tcb: &mut Tcb, now: Instant) -> Option<Next> {
    if tcb.ending.is_some() {
        return None;
    }
    if core::mem::take(&mut tcb.owed.syn_ack) == Due::Now {
        return Some(Next::SynAck);
    }
    if let Some(next) = report(tcb).or_else(|| paced(tcb, now)) {
        return Some(next);
    }
    match tcb.owed.probe.take() {
        Some(Probe::Window) => {
            let attempt = tcb.persist.attempts();
            return Some(Next::Probe(Reason::ZeroWindowProbe { attempt }));
        }
        Some(Probe::KeepAlive) => {
            let attempt = tcb.liveness.probes();
            return Some(Next::Probe(Reason::KeepAliveProbe { attempt }));
        }
        Some(Probe::Tail) if tcb.snd.una != tcb.snd.nxt => return Some(Next::TailProbe),
        // What a tail loss probe asks for was acknowledged before the probe could go.
        Some(Probe::Tail | Probe::Override) | None => {}
    }
    if tcb.owed.ack == Due::Now {
        return Some(Next::Ack);
    }
    wait(tcb, now);
    None
}

/// Builds what was chosen, and records that it was sent.
#[inline]
fn build(tcb: &mut Tcb, now: Instant, next: Next, out: &mut Transmit, notes: &mut Notes) {
    match next {
        Next::SynAck => {
            tcb.owed.ack = Due::No;
            *out = syn_ack_of(tcb, now);
        }
        Next::Report(blocks) => {
            segment(tcb, now, tcb.snd.nxt, out);
            out.segment.options.sack = blocks;
        }
        Next::Again(retransmission) => send_again(tcb, now, retransmission, out, notes),
        Next::New(octets, fin) => send_new(tcb, now, octets, fin, out),
        Next::MtuProbe(mss) => mtu_probe(tcb, now, mss, out, notes),
        Next::TailProbe => tail_probe(tcb, now, out, notes),
        Next::Probe(reason) => {
            notes.push(reason);
            // An octet that the peer has had, so that it answers with what it expects (RFC 9293
            // §3.8.4; Linux probes windows so, too).
            segment(tcb, now, tcb.snd.una - 1, out);
        }
        Next::Ack => segment(tcb, now, tcb.snd.nxt, out),
    }
}

/// RFC 9293 §3.5.3: in our own sequence, so that the peer believes it, or at the number that the
/// offending segment acknowledged.
fn rst(tcb: &mut Tcb, now: Instant, reset: Reset, out: &mut Transmit) {
    segment(tcb, now, tcb.snd.nxt, out);
    out.segment.flags = Flags::RST | Flags::ACK;
    if let Reset::At(seq) = reset {
        out.segment.seq = seq;
        out.segment.ack = SeqNumber(0);
        out.segment.flags = Flags::RST;
    }
}

/// An acknowledgment with SACK blocks. It goes first and alone: in a segment full of text there is
/// no room for them, and the peer should learn of a hole at once (RFC 2018 §4).
fn report(tcb: &mut Tcb) -> Option<Next> {
    if tcb.owed.ack == Due::No {
        return None;
    }
    let room = if tcb.clock.is_some() { 3 } else { 4 };
    let sack = tcb.sack.as_mut().filter(|sack| !sack.is_silent(&tcb.text))?;
    let blocks = sack.blocks(tcb.rcv.nxt, &tcb.text, room);
    (!blocks.is_empty()).then_some(Next::Report(blocks))
}

/// What was lost or new text, as far as the pace allows.
fn paced(tcb: &mut Tcb, now: Instant) -> Option<Next> {
    if tcb.snd.outstanding() == 0 {
        restart_after_idle(tcb, now);
    }
    let new = |tcb: &Tcb| sendable::text(tcb).map(|New { octets, fin }| Next::New(octets, fin));
    let mut next = lost(tcb);
    if next.is_none() && tcb.snd.search.is_some() {
        next = match path_mtu::say(tcb, now) {
            Say::Probe(mss) => Some(Next::MtuProbe(mss)),
            Say::Wait => return None,
            Say::Usual => None,
        };
    }
    let next = next.or_else(|| new(tcb))?;
    match (pace::allowance(tcb, now), next) {
        (u32::MAX, next) => Some(next),
        (0, _) => None,
        // Whole segments, and no FIN before the rest.
        (allowed, Next::New(octets, _)) if octets > allowed.next_multiple_of(tcb.text_mss()) => {
            Some(Next::New(allowed.next_multiple_of(tcb.text_mss()), Flags::NONE))
        }
        (_, next) => Some(next),
    }
}

/// What recovery says is lost, as far as the congestion window allows.
fn lost(tcb: &Tcb) -> Option<Next> {
    let retransmission = tcb.recovery.next_retransmission()?;
    // The first retransmission of a loss always goes (RFC 5681 §3.2 step 3, RFC 6675 §5 (4.1)).
    let first = retransmission.from == tcb.snd.una;
    let fits = tcb.recovery.in_flight() + tcb.text_mss() <= loss::window(tcb);
    (first || fits).then_some(Next::Again(retransmission))
}

/// Sends the front of a range again: one segment of it.
fn send_again(
    tcb: &mut Tcb,
    now: Instant,
    Retransmission { from, to, cause }: Retransmission,
    out: &mut Transmit,
    notes: &mut Notes,
) {
    if tcb.snd.syn_is_unacknowledged() && from == tcb.snd.iss {
        tcb.recovery.on_retransmitted(now, from, from + 1);
        *out = syn_ack_of(tcb, now);
        return;
    }
    let record = tcb.out.record_left(from.since(tcb.snd.text_start())).unwrap_or(u32::MAX);
    let len = to.since(from).min(tcb.text_mss()).min(record);
    tcb.recovery.on_retransmitted(now, from, from + len);
    pace::on_sent(tcb, len);
    tcb.timers.set_if_idle(Timer::Retransmit, now + tcb.recovery.rto());
    notes.push(match cause {
        Cause::Timeout => Reason::AfterTimeout { seq: from },
        Cause::Fast => Reason::FastRetransmit { seq: from },
        Cause::Overtaken => Reason::OvertakenRetransmit { seq: from },
        Cause::Recovery => Reason::RecoveryRetransmit { seq: from },
        Cause::PathMtu => Reason::TooLongForPath { seq: from },
        Cause::Unheard => Reason::SynTextAgain { seq: from },
    });
    sent_before(tcb, now, from, len, out);
}

/// A segment over `len` octets of sequence space that were sent before; the last may be our FIN.
fn sent_before(tcb: &mut Tcb, now: Instant, from: SeqNumber, len: u32, out: &mut Transmit) {
    let end = from + len;
    let fin = matches!(tcb.owed.fin, Fin::Sent(at) if end.after(at));
    let octets = len - u32::from(fin);
    tcb.tally.on_again(octets);
    segment(tcb, now, from, out);
    tcb.out.gather(from.since(tcb.snd.text_start()), octets, out);
    if fin {
        out.segment.flags |= Flags::FIN;
    }
    let offset = from.since(tcb.snd.text_start());
    let ends_record = octets > 0 && tcb.out.record_left(offset) == Some(octets);
    if end == tcb.snd.nxt && octets > 0 || ends_record {
        out.segment.flags |= Flags::PSH;
    }
}

/// Sends `octets` of new text and what of `fin` is set.
#[inline]
fn send_new(tcb: &mut Tcb, now: Instant, octets: u32, fin: Flags, out: &mut Transmit) {
    let from = tcb.snd.nxt;
    let mss = tcb.text_mss();
    segment(tcb, now, from, out);
    if octets > 0 {
        tcb.out.gather(tcb.out.len() - tcb.unsent(), octets, out);
    }
    out.gso_size = if octets > mss { mss as u16 } else { 0 };
    // RFC 9293 §3.9.1.2: PSH on the last of what is queued [MUST-61]; and, as Linux does, at the
    // end of each super-segment, so that a receiver that merges segments hands it up.
    if octets > mss || octets > 0 && sendable::is_pushed(tcb, octets) {
        out.segment.flags |= Flags::PSH;
    }
    out.segment.flags |= fin;
    if tcb.owed.ecn.agreed && octets > 0 {
        may_be_marked(tcb, out);
    }
    let to = from + octets + u32::from(fin == Flags::FIN);
    if fin == Flags::FIN {
        tcb.owed.fin = Fin::Sent(from + octets);
    }
    if matches!(tcb.owed.probe, Some(Probe::Override | Probe::Tail)) {
        tcb.owed.probe = None;
        // Text goes: the next small window is not to wait longer (RFC 9293 §3.8.6.2.1).
        tcb.persist.on_window_open();
    }
    tcb.snd.nxt = to;
    tcb.out.on_sent(octets);
    tcb.snd.last_sent = now;
    tcb.tally.on_new(octets, mss);
    room::on_sent(tcb, now);
    tcb.small.on_sent(to, octets, mss);
    if octets > 0 && sendable::heard_lately(tcb, now) {
        tcb.delayed_ack.on_text_sent();
    }
    tcb.recovery.on_sent(now, from, to, mss);
    pace::on_sent(tcb, octets);
    // RFC 6298 §5.1.
    tcb.timers.set_if_idle(Timer::Retransmit, now + tcb.recovery.rto());
    loss::set_alarm(tcb);
    tcb.timers.stop(Timer::Persist);
    if let Some(limit) = tcb.liveness.user_timeout {
        tcb.timers.set_if_idle(Timer::GiveUp, now + limit);
    }
}

/// RFC 4821 §7.5: a probe is text like any other, in one segment that is longer.
#[cold]
fn mtu_probe(tcb: &mut Tcb, now: Instant, mss: u16, out: &mut Transmit, notes: &mut Notes) {
    let usual = core::mem::replace(&mut tcb.snd.mss, mss);
    let octets = tcb.text_mss();
    send_new(tcb, now, octets, Flags::NONE, out);
    tcb.snd.mss = usual;
    out.mtu_probe = true;
    path_mtu::on_sent(tcb, mss, octets, notes);
}

/// RFC 3168 §6.1.2: new text may be marked by routers, and says that the window was cut. §6.1.5:
/// what is sent again may not [MUST], nor may acknowledgments and probes.
fn may_be_marked(tcb: &mut Tcb, out: &mut Transmit) {
    out.ecn = Ecn::Ect0;
    if core::mem::take(&mut tcb.owed.ecn.cwr) {
        out.segment.flags |= Flags::CWR;
    }
}

/// RFC 8985 §7.3, TLP_send_probe: new text, whatever the congestion window says, where the peer's
/// window takes it; else the last segment again.
fn tail_probe(tcb: &mut Tcb, now: Instant, out: &mut Transmit, notes: &mut Notes) {
    let octets = tcb.unsent().min(tcb.text_mss());
    if octets > 0 && tcb.snd.usable() >= octets {
        notes.push(Reason::TailProbe { seq: tcb.snd.nxt });
        send_new(tcb, now, octets, Flags::NONE, out);
        tcb.recovery.on_probe_sent(ProbeOf::NewText);
        loss::set_alarm(tcb);
        return;
    }
    let nxt = tcb.snd.nxt;
    let from = sendable::last_segment(tcb);
    tcb.recovery.on_retransmitted(now, from, nxt);
    pace::on_sent(tcb, nxt.since(from));
    tcb.recovery.on_probe_sent(ProbeOf::LastSegment);
    notes.push(Reason::TailProbeAgain { seq: from });
    sent_before(tcb, now, from, nxt.since(from), out);
}

/// RFC 5681 §4.1: after an idle time the window says nothing about the path any more.
fn restart_after_idle(tcb: &mut Tcb, now: Instant) {
    let idle = now - tcb.snd.last_sent;
    let sends = tcb.unsent() > 0 && tcb.snd.usable() > 0;
    let restarts = tcb.settings.sending.after_idle == AfterIdle::Restart && sends;
    if restarts && idle > tcb.recovery.rto() {
        tcb.congestion.on_idle();
    }
    if sends {
        model::on_restart(tcb, now);
    }
}

/// A segment without text at `seq` that acknowledges all we have and opens the window: every
/// segment of a synchronized connection starts here.
#[inline]
fn segment(tcb: &mut Tcb, now: Instant, seq: SeqNumber, out: &mut Transmit) {
    let (free, limit) = (tcb.free(), tcb.settings.receive_buffer);
    out.segment.window = tcb.rcv.promise(free, limit, u32::from(tcb.settings.rcv_mss));
    (out.segment.seq, out.segment.ack) = (seq, tcb.rcv.nxt);
    out.segment.flags = Flags::ACK;
    if tcb.owed.ecn.echo {
        out.segment.flags |= Flags::ECE;
    }
    out.dont_fragment = true;
    if tcb.snd.up.is_some() {
        point(tcb, out);
    }
    if let Some(clock) = tcb.clock.as_mut() {
        out.segment.options.timestamps = Some(clock.stamp(now));
        clock.on_ack_sent(tcb.rcv.nxt);
    }
    tcb.tally.segs_out = tcb.tally.segs_out.wrapping_add(1);
    tcb.owed.ack = Due::No;
    tcb.delayed_ack.on_ack_sent();
    tcb.timers.stop(Timer::DelayedAck);
}

/// RFC 9293 §3.8.5: every segment before the end of urgent text says how far it reaches
/// [MUST-62], as far as 16 bits can tell (RFC 6093 §3.4 leaves more to later segments).
#[cold]
fn point(tcb: &mut Tcb, out: &mut Transmit) {
    // Acknowledged, it is over.
    tcb.snd.up = tcb.snd.up.filter(|up| up.after(tcb.snd.una));
    if let Some(up) = tcb.snd.up.filter(|up| up.after(out.segment.seq)) {
        out.segment.flags |= Flags::URG;
        out.segment.urgent = u16::try_from(up.since(out.segment.seq)).unwrap_or(u16::MAX);
    }
}

/// Something waits: for what?
fn wait(tcb: &mut Tcb, now: Instant) {
    let room = loss::window(tcb).saturating_sub(tcb.recovery.in_flight());
    let mss = tcb.text_mss();
    if tcb.unsent() > 0 && tcb.snd.usable() < mss && room >= mss {
        tcb.tally.limits.enter(now, Limit::PeerWindow);
    }
    arm_persist(tcb, now);
}

/// Text waits, nothing is in flight whose acknowledgment could open the window: probe it in a
/// while (RFC 9293 §3.8.6.1 [MUST-36]).
fn arm_persist(tcb: &mut Tcb, now: Instant) {
    let waits = tcb.unsent() > 0 || tcb.owed.fin == Fin::Queued;
    let paced = tcb.timers.is_set(Timer::Pace);
    if waits && !paced && tcb.snd.outstanding() == 0 && !tcb.timers.is_set(Timer::Persist) {
        let wait = tcb.persist.interval(tcb.recovery.rto(), tcb.settings.rto_max);
        tcb.timers.set(Timer::Persist, now + wait);
    }
}
