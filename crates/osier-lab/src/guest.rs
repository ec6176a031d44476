//! How does a real computer take part in a world?
//!
//! It stands in the place of one host, outside: what arrives there leaves the world by a door, and
//! what it sends comes in by the same. Whoever holds the door (osier-cli) has the device and the
//! clock; here is neither. Nobody looks inside a guest: its states are those that its frames show
//! (`observed.rs`).

use crate::node::Node;
use crate::observed::Observed;
use crate::sight::look;
use crate::world::{NodeId, World};
use bytes::Bytes;
use osier_host::Flow;
use osier_time::Instant;
use osier_wire::link::Medium;
use osier_wire::{Protocol, ip};
use std::collections::VecDeque;

/// Frames that wait at the door at most; a world goes on by milliseconds between two looks there.
const WAITING_MAX: usize = 4_096;

/// The place of a real computer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guest {
    /// What has arrived for it and is not handed out yet.
    waiting: VecDeque<Bytes>,
    observed: Observed,
}

/// The door.
impl World {
    /// When the next turn is; it may turn out that there is nothing to do then.
    pub(crate) fn next_turn(&self) -> Option<Instant> {
        self.agenda.next_at()
    }

    /// The next frame that a guest is to have now.
    pub fn poll_out(&mut self, id: NodeId) -> Option<Bytes> {
        match &mut self.nodes[id.0 as usize].node {
            Node::Guest(guest) => guest.waiting.pop_front(),
            _ => None,
        }
    }

    /// A guest sends a frame now: such as a wire carries, its checksums filled.
    pub fn hand_in(&mut self, id: NodeId, frame: Bytes) {
        let (now, medium) = (self.now, self.guest_medium(id));
        let Node::Guest(guest) = &mut self.nodes[id.0 as usize].node else { return };
        if let Some(sent) = look(&frame, medium) {
            let flow = Flow { protocol: Protocol::TCP, local: sent.src, remote: sent.dst };
            for arrow in guest.observed.on_sent(&sent) {
                self.record.concluded((now, id), (flow, arrow), None);
            }
        }
        self.launch(id, 0, frame);
    }

    /// A frame has arrived in the place of a guest.
    pub(crate) fn hand_out(&mut self, id: NodeId, frame: Bytes) {
        let (now, medium) = (self.now, self.guest_medium(id));
        let Node::Guest(guest) = &mut self.nodes[id.0 as usize].node else { return };
        if let Some(heard) = look(&frame, medium).filter(|_| is_whole(&frame, medium)) {
            let flow = Flow { protocol: Protocol::TCP, local: heard.dst, remote: heard.src };
            for arrow in guest.observed.on_heard(&heard) {
                self.record.concluded((now, id), (flow, arrow), Some(&heard));
            }
        }
        if guest.waiting.len() < WAITING_MAX {
            guest.waiting.push_back(frame);
        }
    }

    fn guest_medium(&self, id: NodeId) -> Medium {
        let wire = self.wires_from(id).first();
        wire.map_or(Medium::Ip, |wire| self.link(*wire).medium())
    }
}

/// Whether the checksum of a segment is right: else nobody takes it in.
fn is_whole(frame: &[u8], medium: Medium) -> bool {
    let Some(datagram) = frame.get(medium.header_len()..) else { return false };
    let Ok((header, body)) = ip::Header::parse(datagram) else { return false };
    let Some(payload) = datagram.get(body) else { return false };
    header.pseudo_header(Protocol::TCP, payload.len()).and(payload).verifies()
}

#[cfg(test)]
mod tests {
    use crate::build::Cable;
    use crate::conditions::Conditions;
    use crate::program::{Program, Script, Server};
    use crate::rogue::packet;
    use crate::world::{NodeId, World};
    use osier_host::Config;
    use osier_time::Duration;
    use osier_wire::SeqNumber;
    use osier_wire::tcp::{Flags, Header, Options};

    fn world() -> (World, NodeId) {
        let mut world = World::new(1);
        let guest = world.add_guest("guest");
        let host = world.add_host("host", Config::linux());
        let conditions = Conditions { delay: Duration::from_millis(10), ..Conditions::default() };
        world.join(guest, host, &Cable::both_ways(&conditions));
        world.add_address(host, 0, [10, 0, 0, 2].into(), 24);
        let (at, script) = (([10, 0, 0, 2], 80).into(), Script::sink());
        world.run_program(host, Program::Server(Server { at, backlog: 1, script }));
        (world, guest)
    }

    #[test]
    fn what_a_guest_sends_is_answered_at_the_door_when_the_links_have_carried_it() {
        let (mut world, guest) = world();
        let syn = Header {
            src_port: 1_000,
            dst_port: 80,
            seq: SeqNumber(7),
            ack: SeqNumber(0),
            flags: Flags::SYN,
            window: 1_000,
            urgent: 0,
            options: Options::default(),
        };
        world.hand_in(guest, packet([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), &syn, &[]));
        world.run_for(Duration::from_millis(19));
        assert!(world.poll_out(guest).is_none(), "it is 20 ms to the host and back");
        world.run_for(Duration::from_millis(1));
        let frame = world.poll_out(guest).expect("the host answers");
        let segment = crate::look(&frame, osier_wire::link::Medium::Ip).expect("by a segment");
        assert_eq!(segment.header.flags, Flags::SYN | Flags::ACK);
        assert_eq!(segment.header.ack, SeqNumber(8));
        assert!(world.poll_out(guest).is_none());
    }

    #[test]
    fn nobody_else_has_a_door() {
        let (mut world, _) = world();
        assert!(world.poll_out(NodeId(1)).is_none());
    }
}
