//! What can stand at the end of a link?

use crate::computer::Computer;
use crate::flooder::Flooder;
use crate::guest::Guest;
use crate::rogue::Rogue;
use crate::router::Router;
use crate::switch::Switch;
use osier_time::Instant;

/// A node.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A host of ours with programs.
    Computer(Box<Computer>),
    /// An Ethernet switch.
    Switch(Switch),
    /// An IP router.
    Router(Router),
    /// A peer that follows no rules.
    Rogue(Box<Rogue>),
    /// One that sends nothing but SYNs.
    Flooder(Box<Flooder>),
    /// A real computer, which stands outside.
    Guest(Box<Guest>),
}

impl Node {
    /// When it wants a turn.
    pub(crate) fn await_turn(&mut self) -> Option<Instant> {
        match self {
            Node::Computer(computer) => computer.await_turn(),
            Node::Switch(_) | Node::Router(_) | Node::Guest(_) => None,
            Node::Rogue(rogue) => rogue.next_deadline(),
            Node::Flooder(flooder) => flooder.next_deadline(),
        }
    }
}
