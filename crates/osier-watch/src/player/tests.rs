//! Is going back the same moment again, and does a deed change what follows?

use super::{Deal, Mark, Player};
use crate::source::Source;
use osier_lab::scenario::{Order, Run, Scenario, Stepped, shipped};
use osier_lab::{Fate, Origin};
use osier_tcp::State;
use osier_time::Duration;

fn player(name: &str, seed: u64) -> Player {
    let text = shipped(name).expect("it is shipped").text.to_owned();
    Player::new(Source { file: format!("{name}.toml"), text }, seed).expect("it is well formed")
}

/// What there is at this moment, and what follows from it: every frame with its reasons.
fn all(player: &Player) -> (String, Vec<u8>) {
    let run = player.run();
    let now = format!("{} {:?} {:?}", run.elapsed(), run.standing(), run.under_way());
    let mut later = run.clone();
    while later.step() {}
    let mut octets = Vec::new();
    later.write_capture(&mut octets).expect("memory takes it");
    (now, octets)
}

fn to_the_end(player: &mut Player) {
    while player.forward() {}
}

#[test]
fn back_and_forth_is_the_same_moment_to_the_last_octet() {
    for name in ["four-way-teardown", "zero-window", "stale-syn-time-wait"] {
        let mut player = player(name, 2);
        let mut moments = vec![all(&player)];
        while moments.len() < 40 && player.forward() {
            moments.push(all(&player));
        }
        for steps in [35, 7, 20, 0, 1] {
            let steps = steps.min(moments.len() - 1);
            while player.steps() < steps && player.forward() {}
            player.go_to(steps);
            assert!(moments[steps] == all(&player), "{name}: {steps} is another moment");
        }
    }
}

#[test]
fn a_kept_copy_is_the_moment_that_the_seed_leads_to() {
    let mut long = player("syn-flood-cookies", 4);
    for _ in 0..4_000 {
        long.forward();
    }
    assert!(long.kept.len() > 2 && long.kept.len() <= super::KEPT_MAX, "{}", long.kept.len());
    let steps = long.kept[2].0 + 3;
    long.go_to(steps);
    let mut fresh = player("syn-flood-cookies", 4);
    while fresh.steps() < steps && fresh.forward() {}
    assert!(all(&long) == all(&fresh));
}

#[test]
fn a_step_ends_where_something_of_its_kind_has_happened() {
    let mut player = player("syn-lost", 1);
    let sent = |player: &Player| player.run().world().passages().len();
    assert_eq!(sent(&player), 1, "the SYN is on the wire from the beginning");
    assert!(player.forward_to(Mark::Timer));
    let now = player.run().elapsed();
    assert!(now >= Duration::from_secs(1) && sent(&player) == 2, "the SYN again, at {now}");
    assert!(player.forward_to(Mark::Event));
    assert!(player.run().elapsed() > now);
    assert!(player.back_to(Mark::Timer) && player.run().elapsed() == now);
    while player.back_to(Mark::Packet) {}
    assert_eq!(player.steps(), 0);
}

#[test]
fn a_segment_that_is_dropped_is_sent_again_and_what_is_saved_does_the_same() {
    let mut player = player("three-way-handshake", 7);
    let said = player.deal(0, Deal::Drop).expect("it is under way");
    assert_eq!(said, "when client sends the 1st segment to server: drop");
    assert!(matches!(player.run().world().passages()[0].fate, Fate::Lost(_)));
    to_the_end(&mut player);
    let syns = player.run().world().passages().iter();
    let syns = syns.filter(|p| p.segment.header.flags == osier_wire::tcp::Flags::SYN).count();
    assert_eq!(syns, 2);
    same_again(&player);
    assert!(player.undo().is_some() && player.deeds().is_empty());
    to_the_end(&mut player);
    assert!(player.run().world().passages().iter().all(|p| matches!(p.fate, Fate::Arrives(_))));
}

/// What was saved is run from its file, as `osier lab run` does, and gives the same capture.
fn same_again(player: &Player) {
    let text = player.saved().expect("it can be saved");
    let scenario = Scenario::parse("again.toml", &text).unwrap_or_else(|why| panic!("{why}"));
    let again = Run::new(&scenario, player.seed(), Order::Written);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    player.run().write_capture(&mut one).expect("memory takes it");
    again.write_capture(&mut other).expect("memory takes it");
    assert!(one == other, "{text}");
    assert!(again.judge().iter().all(|verdict| verdict.holds), "{text}");
}

/// Steps until a segment with text is under way.
fn text_under_way(player: &mut Player) -> usize {
    loop {
        assert!(player.forward());
        let world = player.run().world();
        let passages = world.passages();
        let has_text = |n: &usize| {
            let launch = &world.frames()[*n];
            launch.passage.is_some_and(|p| passages[p].segment.len > 0)
        };
        if let Some(n) = player.run().under_way().into_iter().find(has_text) {
            return n;
        }
    }
}

#[test]
fn every_deed_does_what_it_says() {
    let two = Duration::from_secs(2);
    for deal in [Deal::Drop, Deal::Delay(two), Deal::Duplicate, Deal::Corrupt] {
        let mut player = player("half-close", 3);
        let frame = text_under_way(&mut player);
        let sent = player.run().world().frames()[frame].clone();
        let counts = |player: &Player| {
            player.run().world().links().map(|(_, link)| link.counts()).collect::<Vec<_>>()
        };
        player.deal(frame, deal).expect("it is under way");
        let now = player.run().world().frames()[frame].clone();
        assert_eq!((sent.at, sent.between, &sent.octets), (now.at, now.between, &now.octets));
        match (deal, sent.fate, now.fate) {
            (Deal::Drop, _, fate) => assert!(matches!(fate, Fate::Lost(_))),
            (Deal::Delay(by), Fate::Arrives(old), Fate::Arrives(new)) => assert_eq!(new, old + by),
            (Deal::Duplicate, old, new) => {
                assert_eq!(old, new);
                assert_eq!(counts(&player).iter().map(|c| c.duplicated).sum::<u64>(), 1);
            }
            (Deal::Corrupt, ..) => {
                assert_eq!(counts(&player).iter().map(|c| c.corrupted).sum::<u64>(), 1);
            }
            other => panic!("{other:?}"),
        }
        to_the_end(&mut player);
        same_again(&player);
    }
}

#[test]
fn a_reordered_segment_arrives_right_behind_the_next_of_its_direction() {
    let mut player = player("half-close", 3);
    let frame = text_under_way(&mut player);
    let number = player.run().world().frames()[frame].passage.expect("a segment");
    player.deal(frame, Deal::Reorder).expect("something follows");
    to_the_end(&mut player);
    let passages = player.run().world().passages();
    let own = &passages[number];
    let Fate::Arrives(late) = own.fate else { panic!("it is lost") };
    let mut arrivals: Vec<_> = passages
        .iter()
        .filter(|p| p.between == own.between && p.origin == Origin::Node)
        .filter_map(|p| match p.fate {
            Fate::Arrives(at) => Some((at, p.at)),
            Fate::Lost(_) => None,
        })
        .collect();
    arrivals.sort();
    let place = arrivals.iter().position(|(at, _)| *at == late).expect("it arrives");
    let overtakers = arrivals[..place].iter().filter(|(_, sent)| *sent > own.at).count();
    assert_eq!(overtakers, 1, "{arrivals:?}");
    same_again(&player);
}

#[test]
fn what_has_arrived_or_is_no_segment_is_left_alone_and_it_is_said_why() {
    let mut player = player("three-way-handshake", 1);
    assert_eq!(player.deal(99, Deal::Drop), Err("there is no packet".to_owned()));
    for _ in 0..3 {
        player.forward_to(Mark::Packet);
    }
    assert!(player.deal(0, Deal::Drop).unwrap_err().contains("not under way any more"));
    to_the_end(&mut player);
    assert!(player.deeds().is_empty());
}

#[test]
fn time_passes_between_steps_and_back() {
    let mut player = player("time-wait-kept", 1);
    let second = Duration::from_secs(1);
    assert_ne!(player.pass(second * 10, 10_000), Stepped::ToTheEnd);
    assert_eq!(player.run().elapsed(), second * 10);
    let standing = player.run().standing();
    let time_wait = |s: &&osier_lab::scenario::Standing| {
        s.connections.iter().any(|c| c.state == State::TimeWait)
    };
    let waits = standing.iter().find(time_wait).expect("one of them waits");
    let left = waits.connections[0].alarms[0].1;
    player.pass(second * 15, 10_000);
    let later =
        player.run().standing().iter().find(time_wait).expect("still").connections[0].alarms[0].1;
    assert_eq!(left - later, second * 5, "the timer counts down");
    player.back_to_time(second * 10);
    assert_eq!(player.run().elapsed(), second * 10);
    let again =
        player.run().standing().iter().find(time_wait).expect("again").connections[0].alarms[0].1;
    assert_eq!(again, left);
}
