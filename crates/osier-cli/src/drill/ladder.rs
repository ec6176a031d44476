//! A run drawn as a ladder: the script on one side, osier on the other.

use osier_drill::ast::packet::Direction;
use osier_drill::run::Happened;
use osier_ladder::{End, Fate, Ladder, Look, Step};
use osier_time::Instant;

const SCRIPT: usize = 0;
const OSIER: usize = 1;

/// Packets are drawn as they stand in the script; a call is a note beside osier.
pub(super) fn draw(trace: &[Happened]) -> String {
    let steps = trace.iter().map(step).collect();
    let ends = vec![End::new("script").detail("the peer"), End::new("osier").detail("under test")];
    Ladder { ends, steps }.draw(Look::default())
}

fn step(happened: &Happened) -> Step {
    match happened {
        Happened::Packet(at, packet) => {
            let at = Instant::ZERO + *at;
            let (from, to) = match packet.direction {
                Direction::Inbound => (SCRIPT, OSIER),
                Direction::Outbound => (OSIER, SCRIPT),
            };
            // Nothing takes time between the two.
            Step::segment(at, from, to, Fate::Arrived(at), packet.to_string())
        }
        Happened::Call { at, name, result } => {
            Step::note(Instant::ZERO + *at, OSIER, format!("{name} = {result}"))
        }
    }
}
