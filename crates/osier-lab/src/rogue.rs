//! What does a peer do that follows no rules?
//!
//! It answers a handshake, so as to get in, and lies from then on: acknowledges what was never
//! sent, takes its window back, sends other octets under the same numbers, resets nearly at the
//! right place, repeats, falls silent. All of it comes from its dice. It stands behind one link
//! whose frames begin with the IP header.

use crate::dice::Dice;
use crate::sight::{Sight, look};
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use osier_time::{Duration, Instant};
use osier_wire::checksum::Sum;
use osier_wire::link::Medium;
use osier_wire::tcp::{self, Flags, Options, Timestamps};
use osier_wire::{Protocol, SeqNumber, ip};

/// Connections that it remembers.
const FLOWS_MAX: usize = 8;

/// The longest text of one of its segments.
const TEXT_MAX: u64 = 1_200;

/// A peer that lies.
#[derive(Clone, Debug)]
pub struct Rogue {
    address: IpAddr,
    dice: Dice,
    /// Whom it calls.
    victim: SocketAddr,
    /// When it falls silent for good.
    until: Instant,
    next: Instant,
    flows: Vec<Flow>,
}

/// A connection as it sees it.
#[derive(Clone, Debug)]
struct Flow {
    own: SocketAddr,
    peer: SocketAddr,
    /// The number that the peer expects next, as far as it knows.
    nxt: SeqNumber,
    /// The number that it expects next of the peer.
    rcv: SeqNumber,
    /// The peer's last timestamp.
    stamp: Option<u32>,
}

impl Rogue {
    /// A liar at this address, which calls `victim` and talks to whoever calls it, until then.
    pub fn new(address: IpAddr, victim: SocketAddr, until: Instant, dice: Dice) -> Rogue {
        Rogue { address, dice, victim, until, next: Instant::from_secs(1), flows: Vec::new() }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        (self.next < self.until).then_some(self.next)
    }

    /// It says something unasked.
    pub(crate) fn on_deadline(&mut self, now: Instant, out: &mut Vec<(usize, Bytes)>) {
        if now < self.next || now >= self.until {
            return;
        }
        self.next = now + Duration::from_micros(self.dice.between(500, 400_000));
        if self.flows.is_empty() || self.dice.one_in(6) {
            self.call(out);
        } else {
            let n = self.dice.below(self.flows.len() as u64) as usize;
            self.lie(n, out);
        }
    }

    /// Somebody speaks to it.
    pub(crate) fn on_frame(&mut self, now: Instant, frame: &Bytes, out: &mut Vec<(usize, Bytes)>) {
        if now >= self.until {
            return;
        }
        let Some(segment) = look(frame, Medium::Ip) else { return };
        let Some(n) = self.know(&segment) else { return };
        let flags = segment.header.flags;
        if flags.contains(Flags::SYN) && !flags.contains(Flags::ACK) {
            let mut options = self.options();
            options.mss = Some(self.dice.pick(&[0, 1, 88, 536, 1_460, 65_535]));
            self.say(n, Flags::SYN | Flags::ACK, options, 0, out);
            self.flows[n].nxt += 1;
        } else if flags.contains(Flags::SYN) {
            self.say(n, Flags::ACK, Options::default(), 0, out);
        } else if !flags.contains(Flags::RST) {
            self.lie(n, out);
        }
    }

    /// The flow of a segment, with what the segment tells of it.
    fn know(&mut self, segment: &Sight) -> Option<usize> {
        let ends = (segment.dst, segment.src);
        let known = self.flows.iter().position(|flow| (flow.own, flow.peer) == ends);
        let n = known.unwrap_or_else(|| {
            if self.flows.len() == FLOWS_MAX {
                self.flows.remove(0);
            }
            let nxt = SeqNumber(self.dice.next_u64() as u32);
            let (own, peer, rcv) = (segment.dst, segment.src, segment.header.seq);
            self.flows.push(Flow { own, peer, nxt, rcv, stamp: None });
            self.flows.len() - 1
        });
        let flow = &mut self.flows[n];
        if segment.dst.ip() != self.address {
            return None;
        }
        let flags = segment.header.flags;
        let counts =
            u32::from(flags.intersects(Flags::SYN)) + u32::from(flags.intersects(Flags::FIN));
        flow.rcv = segment.header.seq + segment.len as u32 + counts;
        if flags.contains(Flags::ACK) {
            flow.nxt = segment.header.ack;
        }
        flow.stamp = segment.header.options.timestamps.map(|stamps| stamps.value);
        Some(n)
    }

    /// A SYN to its victim, on a port of its own or one that it has used.
    fn call(&mut self, out: &mut Vec<(usize, Bytes)>) {
        if self.victim.is_ipv4() != self.address.is_ipv4() {
            return;
        }
        let own = SocketAddr::new(self.address, self.dice.between(1_024, 1_030) as u16);
        let nxt = SeqNumber(self.dice.next_u64() as u32);
        if self.flows.len() == FLOWS_MAX {
            self.flows.remove(0);
        }
        self.flows.push(Flow { own, peer: self.victim, nxt, rcv: SeqNumber(0), stamp: None });
        let n = self.flows.len() - 1;
        let mut options = self.options();
        options.mss = Some(self.dice.pick(&[0, 1, 536, 1_460]));
        self.say(n, Flags::SYN, options, 0, out);
        self.flows[n].nxt = nxt + 1;
    }

    /// One of its lies, or a few of them, or the truth.
    fn lie(&mut self, n: usize, out: &mut Vec<(usize, Bytes)>) {
        let flow = self.flows[n].clone();
        let near = self.dice.between(0, 3_000) as u32;
        let far = self.dice.next_u64() as u32;
        let text = self.dice.below(TEXT_MAX) as usize;
        let mut options = Options::default();
        let (mut flags, mut len) = (Flags::ACK, 0);
        match self.dice.below(16) {
            0 => return,
            1 | 2 => {}
            3 | 4 => len = text,
            5 => self.flows[n].nxt = SeqNumber(flow.nxt.0.wrapping_sub(near)),
            6 => (self.flows[n].nxt, len) = (flow.nxt + near, text),
            7 => self.flows[n].rcv = flow.rcv + near,
            8 => self.flows[n].rcv = SeqNumber(flow.rcv.0.wrapping_sub(near)),
            9 => (self.flows[n].rcv, self.flows[n].nxt) = (SeqNumber(far), SeqNumber(!far)),
            10 => {
                let left = flow.rcv + near;
                options.sack.push(left, left + (far >> 20));
                options.sack.push(SeqNumber(flow.rcv.0.wrapping_sub(near)), flow.rcv + near);
            }
            11 => (flags, self.flows[n].nxt) = (Flags::RST, flow.nxt + near),
            12 if self.dice.one_in(4) => flags = Flags::RST | Flags::ACK,
            12 => flags = Flags::SYN | self.dice.pick(&[Flags::NONE, Flags::ACK]),
            13 => (flags, len) = (Flags::FIN | Flags::ACK, self.dice.pick(&[0, text])),
            14 => (flags, len) = (Flags(far as u16 & 0x1ff), text),
            _ => options = self.options(),
        }
        if self.dice.one_in(3) {
            options.timestamps = flow.stamp.map(|echo| Timestamps { value: far, echo });
        }
        let times = if self.dice.one_in(8) { 4 } else { 1 };
        for _ in 0..times {
            self.say(n, flags, options.clone(), len, out);
        }
        self.flows[n] = flow;
    }

    /// Options of every kind that a header has room for.
    fn options(&mut self) -> Options {
        let mut options = Options::default();
        if self.dice.one_in(2) {
            options.window_scale = Some(self.dice.below(18) as u8);
        }
        options.sack_permitted = self.dice.one_in(2);
        if self.dice.one_in(2) {
            let (value, echo) = (self.dice.next_u64() as u32, 0);
            options.timestamps = Some(Timestamps { value, echo });
        }
        options
    }

    /// Sends a segment of a flow, with `len` octets of rubbish.
    fn say(
        &mut self,
        n: usize,
        flags: Flags,
        options: Options,
        len: usize,
        out: &mut Vec<(usize, Bytes)>,
    ) {
        let window = self.dice.pick(&[0, 0, 1, 100, 4_000, 29_200, 65_535]);
        let urgent = if flags.contains(Flags::URG) { self.dice.below(2_000) as u16 } else { 0 };
        let flow = &self.flows[n];
        let header = tcp::Header {
            src_port: flow.own.port(),
            dst_port: flow.peer.port(),
            seq: flow.nxt,
            ack: if flags.contains(Flags::ACK) { flow.rcv } else { SeqNumber(0) },
            flags,
            window,
            urgent,
            options,
        };
        let rubbish: Vec<u8> = (0..len).map(|_| self.dice.next_u64() as u8).collect();
        let flow = &self.flows[n];
        if flow.own.is_ipv4() == flow.peer.is_ipv4() {
            out.push((0, packet(flow.own.ip(), flow.peer.ip(), &header, &rubbish)));
        }
    }
}

/// A TCP segment in an IP packet, its checksums filled.
pub(crate) fn packet(src: IpAddr, dst: IpAddr, header: &tcp::Header, text: &[u8]) -> Bytes {
    let mut segment = vec![0; header.len()];
    header.emit(&mut segment);
    segment.extend_from_slice(text);
    let sum = Sum::pseudo_header(src, dst, Protocol::TCP, segment.len()).and(&segment).checksum();
    segment[tcp::CHECKSUM_OFFSET..][..2].copy_from_slice(&sum.to_be_bytes());
    let outer = ip::Header::new(src, dst, Protocol::TCP, segment.len() as u16);
    let outer = outer.expect("a packet has addresses of one version");
    let mut packet = vec![0; outer.len()];
    outer.emit(&mut packet);
    packet.extend_from_slice(&segment);
    packet.into()
}
