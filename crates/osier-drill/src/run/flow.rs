//! Which numbers on the wire are those of the script?
//!
//! In a SYN a script's numbers are absolute, elsewhere they count from the ISNs, as tcpdump prints
//! them. The peer's ISN is the script's own; ours is chosen by the stack and learnt from its SYN or
//! SYN,ACK. A TSval is remembered with what stands in the script, so that it can be echoed.

use crate::ast::packet::{Body, IpFields, Packet, Quoted, Segment, TcpOption};
use crate::config::TsEcr;
use crate::packet::build::Ends;
use osier_wire::tcp::Flags;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Where in its life a socket of the script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// `socket` was called.
    New,
    /// `listen` was called.
    Listening,
    /// `connect` was called; its SYN is not in the script yet.
    Connecting,
    /// The script has our SYN.
    SynSent,
    /// The script has the peer's SYN.
    SynReceived,
    /// The script has our SYN,ACK; `accept` may give this socket.
    SynAckSent,
    /// `accept` has given it, or the peer has answered our SYN.
    Open,
}

/// Which protocol a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Tcp,
    Udp,
}

/// A socket of the script with its peer.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) stage: Stage,
    pub(super) speaks: Speaks,
    /// The script's descriptor and the stack's, once there are some.
    pub(super) fd: Option<(i32, i32)>,
    pub(super) local: Option<SocketAddr>,
    pub(super) remote: Option<SocketAddr>,
    script_isn: u32,
    local_isn: u32,
    remote_isn: u32,
    timestamps: Timestamps,
    /// The flow label in the script and the one that was seen.
    label: Option<(u32, u32)>,
}

#[derive(Clone, Debug, Default)]
struct Timestamps {
    /// By the script's TSval: the one that was seen.
    seen: BTreeMap<u32, u32>,
    /// The first pair.
    first: Option<(u32, u32)>,
}

impl Flow {
    pub(super) fn new(speaks: Speaks) -> Flow {
        Flow {
            stage: Stage::New,
            speaks,
            fd: None,
            local: None,
            remote: None,
            script_isn: 0,
            local_isn: 0,
            remote_isn: 0,
            timestamps: Timestamps::default(),
            label: None,
        }
    }

    /// The ends of a packet to us, when both are known.
    pub(super) fn inbound(&self) -> Option<Ends> {
        Some(Ends { src: self.remote?, dst: self.local? })
    }

    /// Whether a packet between these ends is one of ours.
    pub(super) fn sends(&self, ends: Ends, packet: &Packet) -> bool {
        match &packet.body {
            Body::Icmp(_) => {
                let ip = |end: Option<SocketAddr>| end.map(|end| end.ip());
                ip(self.remote) == Some(ends.dst.ip())
            }
            _ => self.local == Some(ends.src) && self.remote == Some(ends.dst),
        }
    }

    /// Whether this is the first packet of a socket that calls, by which its port is learnt.
    pub(super) fn opens(&self, ends: Ends, packet: &Packet) -> bool {
        if self.remote != Some(ends.dst) {
            return false;
        }
        match &packet.body {
            Body::Tcp(segment) => {
                let syn = segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::ACK);
                syn && self.stage == Stage::SynSent
            }
            Body::Udp(_) => self.speaks == Speaks::Udp && self.stage == Stage::Connecting,
            Body::Icmp(_) => false,
        }
    }

    /// The script has our SYN or SYN,ACK with this sequence number.
    pub(super) fn script_opens(&mut self, stage: Stage, seq: u32) {
        self.stage = stage;
        self.script_isn = seq;
    }

    /// The stack has sent it with that one.
    pub(super) fn stack_opens(&mut self, local: SocketAddr, seq: u32) {
        self.local = Some(local);
        self.local_isn = seq;
    }

    /// The peer has this ISN: in a script as on the wire.
    pub(super) fn peer_opens(&mut self, stage: Stage, seq: u32) {
        self.stage = stage;
        self.remote_isn = seq;
    }

    fn offsets(&self, flags: Flags) -> (u32, u32) {
        match flags.contains(Flags::SYN) {
            true => (self.local_isn.wrapping_sub(self.script_isn), 0),
            false => (self.local_isn, self.remote_isn),
        }
    }

    /// A packet of the script in the numbers of the wire.
    ///
    /// # Errors
    /// A TSecr that the script has from nowhere.
    pub(super) fn on_wire(&self, packet: &Packet, scaled: TsEcr) -> Result<Packet, String> {
        let mut packet = packet.clone();
        match &mut packet.body {
            Body::Udp(_) => {}
            Body::Icmp(message) => match &mut message.quoted {
                Quoted::Tcp { seq, .. } => *seq = seq.wrapping_add(self.local_isn),
                // RFC 5927 §4.1: an error about our SYN quotes its sequence number.
                quoted @ Quoted::Open if self.speaks == Speaks::Tcp => {
                    *quoted = Quoted::Tcp { seq: self.local_isn, len: 0 };
                }
                quoted @ Quoted::Open => *quoted = Quoted::Udp(0),
                Quoted::Udp(_) | Quoted::Raw(_) => {}
            },
            Body::Tcp(segment) => self.segment_to_wire(segment, scaled)?,
        }
        Ok(packet)
    }

    fn segment_to_wire(&self, segment: &mut Segment, scaled: TsEcr) -> Result<(), String> {
        let (ours, theirs) = self.offsets(segment.flags);
        segment.seq = segment.seq.wrapping_add(theirs);
        let acks = segment.flags.contains(Flags::ACK);
        if acks {
            segment.ack = segment.ack.wrapping_add(ours);
        }
        for option in segment.options.iter_mut().flatten() {
            match option {
                TcpOption::Sack(blocks) => shift(blocks, ours),
                TcpOption::Timestamps { echo, .. } if acks => {
                    *echo = self.timestamps.on_wire(*echo, scaled)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A packet that was seen in the numbers of the script; `expected` is what stands there.
    pub(super) fn in_script(&mut self, seen: &Packet, expected: &Packet) -> Packet {
        let mut packet = seen.clone();
        self.label_in_script(&mut packet.ip, expected.ip);
        if let Body::Tcp(segment) = &mut packet.body {
            let (ours, theirs) = self.offsets(segment.flags);
            segment.seq = segment.seq.wrapping_sub(ours);
            if segment.flags.contains(Flags::ACK) {
                segment.ack = segment.ack.wrapping_sub(theirs);
            }
            for option in segment.options.iter_mut().flatten() {
                match option {
                    TcpOption::Sack(blocks) => shift(blocks, 0u32.wrapping_sub(theirs)),
                    TcpOption::Timestamps { value, .. } => {
                        *value = self.timestamps.in_script(*value, expected_tsval(expected));
                    }
                    _ => {}
                }
            }
        }
        packet
    }

    /// A label that stays the same in the script must stay the same on the wire, and change where
    /// it changes: it is translated to the script's where that is so.
    fn label_in_script(&mut self, seen: &mut IpFields, expected: IpFields) {
        let (Some(live), Some(script)) = (seen.flow_label, expected.flow_label) else { return };
        match self.label {
            Some((known, wire)) if (known == script) == (wire == live) && live != 0 => {}
            None if live != 0 => {}
            _ => return,
        }
        self.label = Some((script, live));
        seen.flow_label = Some(script);
    }
}

fn expected_tsval(expected: &Packet) -> Option<u32> {
    let Body::Tcp(segment) = &expected.body else { return None };
    segment.options.iter().flatten().find_map(|option| match option {
        TcpOption::Timestamps { value, .. } => Some(*value),
        _ => None,
    })
}

fn shift(blocks: &mut [(u32, u32)], by: u32) {
    for (left, right) in blocks {
        *left = left.wrapping_add(by);
        *right = right.wrapping_add(by);
    }
}

impl Timestamps {
    /// What the stack sent where the script has this TSval.
    fn on_wire(&self, script: u32, scaled: TsEcr) -> Result<u32, String> {
        if let Some(seen) = self.seen.get(&script) {
            return Ok(*seen);
        }
        match (self.first, scaled) {
            (Some((first_script, first_seen)), TsEcr::Scaled) => {
                Ok(script.wrapping_sub(first_script).wrapping_add(first_seen))
            }
            _ => Err(format!("no packet of the script left with TS val {script} before")),
        }
    }

    /// A TSval that was seen, counted from the first one in the script.
    fn in_script(&mut self, seen: u32, script: Option<u32>) -> u32 {
        let Some(script) = script else { return seen };
        self.seen.insert(script, seen);
        let (first_script, first_seen) = *self.first.get_or_insert((script, seen));
        seen.wrapping_sub(first_seen).wrapping_add(first_script)
    }
}
