//! Who lies to a host of the swarm, and who is deceived?

use super::{Draft, Family, START};
use crate::build::Cable;
use crate::conditions::Conditions;
use crate::dice::Dice;
use crate::program::{Client, Program, Script, Server};
use crate::rogue::Rogue;
use crate::world::NodeId;
use core::net::SocketAddr;
use osier_tcp::KeepAlive;
use osier_time::Duration;

/// The port of the program that liars call.
const TRAP: u16 = 666;

impl Draft {
    /// Somebody who lies, on a cable of its own to the last host.
    pub(super) fn liar(&mut self) {
        let computers: Vec<NodeId> = self.world.computers().map(|(id, _)| id).collect();
        let victim = computers[computers.len() - 1];
        let (own, theirs) = (self.ip((9, 66)), self.ip((9, 1)));
        let trap = SocketAddr::new(theirs, TRAP);
        let rogue = Rogue::new(own, trap, self.heal_at, Dice::of(self.world.seed, 0x11A2));
        self.say("a liar");
        let liar = self.world.add_rogue("liar", rogue);
        self.world.join(
            victim,
            liar,
            &Cable::both_ways(&Conditions::delayed(Duration::from_millis(3))),
        );
        let port = self.world.nodes[victim.0 as usize].ports.len() - 1;
        let prefix_len = if self.family == Family::V4 { 24 } else { 64 };
        self.world.add_address(victim, port, theirs, prefix_len);
        let keep_alive = Some(KeepAlive {
            idle: Duration::from_secs(30),
            interval: Duration::from_secs(10),
            probes: 4,
        });
        let echo = Script { keep_alive, ..Script::echo() };
        let server = Server { at: trap, backlog: 16, script: echo };
        let trapped = self.world.run_program(victim, Program::Server(server));
        let ask = Script { keep_alive, hears: None, ..Script::ask(5_000, 5_000) };
        let client = Client {
            to: SocketAddr::new(own, 7),
            connections: 6,
            at_once: 3,
            start: START,
            gap: Duration::from_millis(500),
            port: None,
            script: ask,
        };
        let deceived = self.world.run_program(victim, Program::Client(client));
        self.deceived.extend([(victim, trapped), (victim, deceived)]);
    }
}
