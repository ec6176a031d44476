//! Are the states that frames show those that the host is in?

use super::Observed;
use crate::link::Fate;
use crate::record::{Origin, Passage};
use crate::scenario::{Order, Run, SHIPPED};
use crate::world::{NodeId, World};
use osier_host::Reason;
use osier_tcp::{Arrow, State};
use osier_time::Instant;

/// What somebody at the door of a node would conclude from the frames there.
fn concluded(world: &World, node: NodeId) -> Vec<Arrow> {
    let mut steps: Vec<(Instant, u8, &Passage)> = Vec::new();
    for passage in world.passages() {
        if passage.between.0 == node && passage.origin == Origin::Node {
            steps.push((passage.at, 1, passage));
        }
        if let (Fate::Arrives(at), true) = (passage.fate, passage.between.1 == node) {
            steps.push((at, 0, passage));
        }
    }
    steps.sort_by_key(|(at, way, _)| (*at, *way));
    let mut observed = Observed::default();
    let arrows = steps.into_iter().flat_map(|(_, way, passage)| match way {
        0 => observed.on_heard(&passage.segment),
        _ => observed.on_sent(&passage.segment),
    });
    arrows.collect()
}

/// What the host says itself.
fn told(world: &World, node: NodeId) -> Vec<Arrow> {
    let own = world.told().iter().filter(|told| told.node == node);
    let arrows = own.filter_map(|told| match told.reason {
        Reason::Tcp(osier_tcp::Reason::Moved { arrow }) => Some(arrow),
        _ => None,
    });
    arrows.collect()
}

/// A step that no segment shows.
fn is_silent(arrow: &Arrow) -> bool {
    arrow.from() == State::TimeWait
}

#[test]
fn what_frames_show_is_what_hosts_say() {
    // Here a host decides something that nobody sees: it gives up or forgets a handshake, loses its
    // power, or keeps a FIN back.
    let not = ["connect-gives-up", "half-open-", "syn-flood-", "close-wait-leak", "black-hole"];
    let mut compared = 0;
    for shipped in SHIPPED.iter().filter(|s| !not.iter().any(|not| s.name.starts_with(not))) {
        let run = Run::new(&shipped.scenario(), 1, Order::Written);
        let world = run.world();
        for (node, _) in world.computers() {
            let mut own = told(world, node);
            own.retain(|arrow| !is_silent(arrow));
            assert_eq!(concluded(world, node), own, "{} {}", shipped.name, world.name(node));
            compared += own.len();
        }
    }
    assert!(compared > 200, "only {compared} arrows were compared");
}
