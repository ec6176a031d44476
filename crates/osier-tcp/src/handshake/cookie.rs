//! What of a handshake fits into numbers that the peer sends back? (RFC 4987 §3.6, SYN cookies)
//!
//! A half-open connection that is not there: our SYN,ACK says all that is to be remembered, in
//! its sequence number and in the low bits of its timestamp, and the peer's ACK brings it back.
//! Of 32 bits of ISS three name the class of the peer's MSS and 29 are a MAC. Six bits of TSval
//! hold the window scale, SACK and a place for ECN; so does Linux. Without timestamps the MSS is
//! all that survives.
//!
//! Here bits are packed and unpacked. Whom the MAC covers, by which key and for how long it is
//! believed, is the host's to say.

use super::passive::HalfOpen;
use crate::config::{Config, Ecn, Offer, Opening, SEND_MSS_MIN};
use crate::options::{Agreed, Scales, agree, scale_of};
use crate::reason::{Notes, Reason};
use crate::segment::{Segment, Transmit};
use crate::state::Arrow;
use crate::tcb::ecn;
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// Bits of the ISS that name a class of MSS.
const CLASS_BITS: u32 = 3;

/// The classes: what common links carry, and a floor that every peer takes. A peer is sent no more
/// than it asked for, so it falls into the class below.
const CLASSES: [u16; 1 << CLASS_BITS] =
    [SEND_MSS_MIN, 536, 1_220, 1_300, 1_400, 1_440, 1_460, 8_940];

/// Bits of TSval that hold options: 64 ms of the clock.
const STAMP_BITS: u32 = 6;
const STAMP_MASK: u32 = (1 << STAMP_BITS) - 1;

/// Bits of the options: the peer's shift, where this value says that there is none …
const SCALE_MASK: u8 = 0b1111;
const NO_SCALE: u8 = SCALE_MASK;
/// … and SACK …
const SACK: u8 = 1 << 4;
/// … and ECN (RFC 3168).
const ECN: u8 = 1 << 5;

/// The bits that stand for a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The class of the peer's MSS.
    class: u8,
    /// Window scale and SACK; `None`: timestamps are not in use, nor are these.
    options: Option<u8>,
}

impl Cookie {
    /// What is to be remembered of a SYN, under our settings.
    pub fn of(syn: &Segment, config: &Config) -> Cookie {
        let agreed = agree(config, &syn.options);
        let class = CLASSES.iter().rposition(|mss| *mss <= agreed.mss).unwrap_or(0) as u8;
        let scale = agreed.scales.map_or(NO_SCALE, |scales| scales.snd);
        let sack = if agreed.offer.sack { SACK } else { 0 };
        let ecn = if config.sending.ecn != Ecn::Off && ecn::asks(syn.flags) { ECN } else { 0 };
        Cookie { class, options: agreed.offer.timestamps.then_some(scale | sack | ecn) }
    }

    /// What a segment that may end the handshake brings back; whether it is ours the MAC says.
    pub fn returned_by(segment: &Segment) -> Cookie {
        let acknowledged = segment.ack - 1;
        let echo = segment.options.timestamps.map(|stamp| stamp.echo);
        Cookie {
            class: (acknowledged.0 & ((1 << CLASS_BITS) - 1)) as u8,
            options: echo.map(|echo| (echo & STAMP_MASK) as u8),
        }
    }

    /// The bits, for the MAC to cover: whoever changes one must know the key.
    pub const fn octets(self) -> [u8; 2] {
        match self.options {
            Some(options) => [self.class, options],
            None => [self.class, u8::MAX],
        }
    }

    /// The ISS under which the handshake is found again.
    pub const fn iss(self, mac: u32) -> SeqNumber {
        SeqNumber(mac << CLASS_BITS | self.class as u32)
    }

    /// Step 2: the SYN,ACK that says it all.
    pub fn syn_ack(
        self,
        now: Instant,
        syn: &Segment,
        config: &Config,
        opening: Opening,
    ) -> Option<Transmit> {
        let mut half = HalfOpen::of(now, syn, &self.agreed(config), config, opening);
        // What will be forgotten is not agreed on.
        half.ecn &= self.options.is_some();
        let mut transmit = half.poll_transmit(now, config)?;
        if let (Some(options), Some(stamps)) =
            (self.options, &mut transmit.segment.options.timestamps)
        {
            stamps.value = mark(stamps.value, options);
        }
        Some(transmit)
    }

    /// Step 3: the half-open connection, as if it had been here all the time. `segment` brought
    /// the cookie back and `opening` is the one that it was made with.
    pub fn half_open(
        self,
        now: Instant,
        segment: &Segment,
        config: &Config,
        opening: Opening,
        notes: &mut Notes,
    ) -> HalfOpen {
        notes.push(Reason::Moved { arrow: Arrow::SynArrived });
        let mut syn = Segment { seq: segment.seq - 1, flags: Flags::SYN, ..Segment::default() };
        // The SYN's window is forgotten; the ACK's follows at once.
        syn.window = segment.window;
        if self.options.is_some_and(|options| options & ECN != 0) {
            syn.flags |= ecn::asking();
        }
        syn.options.timestamps = segment.options.timestamps;
        HalfOpen::of(now, &syn, &self.agreed(config), config, opening).without_round_trip()
    }

    /// What both ends agreed on.
    fn agreed(self, config: &Config) -> Agreed {
        let ours = config.offer;
        let options = self.options.filter(|_| ours.timestamps);
        let scale = options.map(|options| options & SCALE_MASK).filter(|scale| *scale != NO_SCALE);
        let scales =
            scale.filter(|_| ours.window_scale).map(|snd| Scales { snd, rcv: scale_of(config) });
        Agreed {
            mss: CLASSES[usize::from(self.class) % CLASSES.len()].min(config.mss),
            scales,
            offer: Offer {
                window_scale: scales.is_some(),
                timestamps: options.is_some(),
                sack: ours.sack && options.is_some_and(|options| options & SACK != 0),
            },
        }
    }
}

/// A timestamp with options in its low bits: never later than the true one, so that the next
/// segment's is not older.
fn mark(value: u32, options: u8) -> u32 {
    let marked = value & !STAMP_MASK | u32::from(options) & STAMP_MASK;
    if marked.wrapping_sub(value) as i32 > 0 {
        marked.wrapping_sub(1 << STAMP_BITS)
    } else {
        marked
    }
}

#[cfg(test)]
mod tests;
