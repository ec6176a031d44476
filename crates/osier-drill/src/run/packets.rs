//! Packets: those of the script into the stack, those of the stack beside the script's.

use super::clock::{Due, Kind};
use super::flow::{Flow, Speaks, Stage};
use super::{Checked, Failure, Happened, Runner};
use crate::ast::packet::{Body, Packet, Segment};
use crate::config::Segments;
use crate::packet::build;
use crate::packet::compare::{TsCheck, differ};
use crate::packet::see::{self, Seen};
use crate::span::Span;
use crate::stack::Stack;
use osier_time::{Duration, Instant};
use osier_wire::tcp::Flags;
use std::net::SocketAddr;

/// So long after its time a packet is still waited for, so that the report can show it.
const PATIENCE: Duration = Duration::from_secs(2);

/// So long a packet is waited for whose time is open: longer than all timers but keep-alive's.
const OPEN_WAIT: Duration = Duration::from_secs(1200);

/// The port from which the script's peer calls; the next ones follow it.
const FIRST_PORT: u16 = 40_001;

impl<S: Stack> Runner<'_, S> {
    /// A packet of the script comes in.
    pub(super) fn inject(&mut self, packet: &Packet, at: Span, due: Due) -> Checked {
        self.adopt_inbound(packet, at)?;
        self.wait_for(at, due)?;
        let scaled = self.config.ts_ecr;
        let Some(flow) = self.flow() else { return Err(no_socket(at)) };
        let wire = flow.on_wire(packet, scaled).map_err(|says| Failure::malformed(at, says))?;
        let Some(ends) = flow.inbound() else { return Err(no_socket(at)) };
        let now = self.now();
        self.trace.push(Happened::Packet(now, Box::new(packet.clone())));
        self.stack.packet_in(&build::build(&wire, ends));
        self.go_on_waiting()
    }

    /// Whose packet it is; a SYN to a listener begins a connection.
    fn adopt_inbound(&mut self, packet: &Packet, at: Span) -> Checked {
        let listening = self.flow().is_none_or(|flow| flow.stage == Stage::Listening);
        let segment = match &packet.body {
            Body::Tcp(segment) => Some(segment),
            Body::Udp(_) | Body::Icmp(_) => None,
        };
        if let (true, Some(segment)) = (listening, segment) {
            self.begin_passive(segment);
            return Ok(());
        }
        let (bound, called) = (self.wire_local(), self.wire_remote());
        let Some(flow) = self.flow() else { return Err(no_socket(at)) };
        match segment {
            Some(segment) => {
                let syn = segment.flags.contains(Flags::SYN);
                if flow.stage == Stage::SynSent && syn {
                    flow.peer_opens(Stage::Open, segment.seq);
                }
            }
            // A datagram may come before any has left.
            None if flow.speaks == Speaks::Udp => {
                flow.local.get_or_insert(bound);
                flow.remote.get_or_insert(called);
            }
            None => {}
        }
        Ok(())
    }

    fn begin_passive(&mut self, segment: &Segment) {
        let mut flow = Flow::new(Speaks::Tcp);
        let port = FIRST_PORT + self.flows.len() as u16;
        flow.remote = Some(SocketAddr::new(self.config.remote, port));
        flow.local = Some(self.wire_local());
        flow.peer_opens(Stage::SynReceived, segment.seq);
        self.flows.push(flow);
        self.under_test = Some(self.flows.len() - 1);
    }

    fn wire_local(&self) -> SocketAddr {
        SocketAddr::new(self.config.local, self.config.bind_port)
    }

    pub(super) fn wire_remote(&self) -> SocketAddr {
        SocketAddr::new(self.config.remote, self.config.connect_port)
    }

    /// A packet of the script must leave.
    pub(super) fn expect(&mut self, packet: &Packet, at: Span, due: Due) -> Checked {
        let Some(flow) = self.flow() else { return Err(no_socket(at)) };
        if let Body::Tcp(segment) = &packet.body {
            let syn = segment.flags.contains(Flags::SYN);
            let ack = segment.flags.contains(Flags::ACK);
            match flow.stage {
                Stage::Connecting if syn && !ack => flow.script_opens(Stage::SynSent, segment.seq),
                Stage::SynReceived if syn && ack => {
                    flow.script_opens(Stage::SynReceived, segment.seq);
                }
                _ => {}
            }
        }
        let Some((when, seen)) = self.next_of_flow(at, due)? else {
            let mut failure = Failure::differs(at, "this packet was expected, and none has left");
            failure.expected = Some((due.from, packet.clone()));
            return Err(failure);
        };
        let (when, seen) = match self.config.segments {
            Segments::Joined => self.join(packet, (when, seen), (at, due))?,
            Segments::Strict => (when, seen),
        };
        self.compare(packet, &seen, (at, due, self.script_time(when)))
    }

    /// As packetdrill does, segments that follow each other are taken for one where the script has
    /// more text: it shall not matter where a stack cuts, nor whether an acknowledgment goes ahead
    /// of the text. The last one gives flags and time.
    fn join(
        &mut self,
        expected: &Packet,
        mut joined: (Instant, Seen),
        (at, due): (Span, Due),
    ) -> Result<(Instant, Seen), Box<Failure>> {
        let Body::Tcp(Segment { len: wanted, .. }) = expected.body else { return Ok(joined) };
        let mut last_len = None;
        loop {
            let Body::Tcp(first) = &joined.1.packet.body else { return Ok(joined) };
            let (seq, len) = (first.seq, first.len);
            if len >= wanted {
                return Ok(joined);
            }
            let Some((when, mut next)) = self.next_of_flow(at, due)? else { return Ok(joined) };
            let Body::Tcp(segment) = &mut next.packet.body else { return Ok(joined) };
            if let Some(says) = does_not_join(first, segment) {
                return Err(Failure::differs(at, says));
            }
            let is_last = len.saturating_add(segment.len) >= wanted;
            if !is_last && last_len.unwrap_or(len) != segment.len {
                let says = format!("{} octets in a segment among others", segment.len);
                return Err(Failure::differs(at, says));
            }
            last_len = Some(segment.len);
            (segment.seq, segment.len) = (seq, len.saturating_add(segment.len));
            next.plain &= joined.1.plain;
            joined = (when, next);
        }
    }

    /// The next packet of the socket under test; those of others are passed over.
    fn next_of_flow(
        &mut self,
        at: Span,
        due: Due,
    ) -> Result<Option<(Instant, Seen)>, Box<Failure>> {
        let patience = match due.kind {
            Kind::Any => self.now() + OPEN_WAIT,
            Kind::Exact | Kind::Range => due.to + PATIENCE,
        };
        loop {
            while let Some((when, octets)) = self.stack.packet_out() {
                let seen = see::see(&octets)
                    .map_err(|says| Failure::differs(at, format!("the stack has sent {says}")))?;
                if self.belongs(&seen) {
                    return Ok(Some((when, seen)));
                }
            }
            if self.now() >= patience {
                return Ok(None);
            }
            self.stack.wait(self.start + patience);
            self.go_on_waiting()?;
        }
    }

    fn belongs(&mut self, seen: &Seen) -> bool {
        let Some(flow) = self.flow() else { return false };
        if flow.opens(seen.ends, &seen.packet) {
            let isn = match &seen.packet.body {
                Body::Tcp(segment) => segment.seq,
                Body::Udp(_) | Body::Icmp(_) => 0,
            };
            flow.stack_opens(seen.ends.src, isn);
            return true;
        }
        flow.sends(seen.ends, &seen.packet)
    }

    fn compare(
        &mut self,
        expected: &Packet,
        seen: &Seen,
        (at, due, when): (Span, Due, Duration),
    ) -> Checked {
        let timestamps = self.ts_check(due);
        let version = self.config.over.version();
        let Some(flow) = self.flow() else { return Err(no_socket(at)) };
        match (flow.stage, &seen.packet.body) {
            (Stage::SynReceived, Body::Tcp(segment))
                if segment.flags.contains(Flags::SYN | Flags::ACK) =>
            {
                flow.stage = Stage::SynAckSent;
                flow.stack_opens(seen.ends.src, segment.seq);
            }
            _ => {}
        }
        let packet = flow.in_script(&seen.packet, expected);
        self.trace.push(Happened::Packet(when, Box::new(packet.clone())));
        let says = differ(expected, &packet, version, timestamps)
            .or_else(|| (!seen.plain).then(|| "the payload is not what was written".to_owned()));
        let result = match says {
            Some(says) => Err(Failure::differs(at, says)),
            None => self.check_time(at, due, when, "this packet"),
        };
        result.map_err(|mut failure| {
            failure.expected = Some((due.from, expected.clone()));
            failure.actual = Some((when, packet));
            failure
        })
    }

    /// How far a TSval may be off: by the tolerance over the whole script.
    fn ts_check(&self, due: Due) -> TsCheck {
        match self.config.ts_tick {
            Some(tick) => {
                let tolerance = self.tolerance(due.from);
                TsCheck::Within(tolerance.as_nanos() / tick.as_nanos().max(1))
            }
            None => TsCheck::Off,
        }
    }
}

/// Why a segment is not the rest of the one before.
fn does_not_join(first: &Segment, next: &Segment) -> Option<String> {
    let kept = Flags::SYN | Flags::RST | Flags::ACK | Flags::URG | Flags::ECE;
    let flags = |segment: &Segment| Flags(segment.flags.0 & kept.0);
    let what = if next.seq != first.seq.wrapping_add(u32::from(first.len)) {
        "sequence number"
    } else if flags(first) != flags(next) {
        "flags"
    } else if (first.ack, first.window) != (next.ack, next.window) {
        "acknowledgment or window"
    } else {
        return None;
    };
    Some(format!("more text was expected, and the next segment has another {what}"))
}

fn no_socket(at: Span) -> Box<Failure> {
    Failure::malformed(at, "a socket that this packet belongs to was expected before")
}
