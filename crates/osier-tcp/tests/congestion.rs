//! Can the congestion control of a connection be chosen, and changed while it lives?

mod pair;

use osier_tcp::{Algorithm, Config};
use osier_time::Duration;
use pair::{Dice, Fate, Pair, Role, Who, pattern};

fn name(pair: &mut Pair) -> &'static str {
    pair.a.connection().congestion_name()
}

#[test]
fn a_name_is_read_and_written_as_linux_does_it() {
    for name in ["cubic", "reno", "bbr"] {
        assert_eq!(name.parse::<Algorithm>().unwrap().to_string(), name);
    }
    assert!("vegas".parse::<Algorithm>().is_err());
    assert!("BBR".parse::<Algorithm>().is_err());
}

#[test]
fn a_choice_made_before_the_syn_is_answered_holds_from_the_start() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.b.role = Role::Listen;
    pair.connect(Who::A);
    let now = pair.now;
    pair.a.connection().set_congestion(now, Algorithm::Bbr);
    assert_eq!(pair.a.connection().congestion(), Some(Algorithm::Bbr));
    pair.run_for(Duration::from_millis(100));
    assert_eq!(name(&mut pair), "bbr");
    pair.transfer(Who::A, &pattern(100_000), Duration::from_secs(5));
}

const ORDER: [Algorithm; 4] = [Algorithm::Bbr, Algorithm::Cubic, Algorithm::Bbr, Algorithm::Reno];

/// Changes the control of a live connection again and again; says the window before and after.
fn change(pair: &mut Pair, each: impl Fn(u32, u32)) {
    let mut written = 0;
    for algorithm in [ORDER; 3].concat() {
        written += pair.write(Who::A, &pattern(200_000));
        pair.run_for(Duration::from_millis(30));
        let now = pair.now;
        let before = pair.a.connection().info(now).unwrap().snd_cwnd;
        pair.a.connection().set_congestion(now, algorithm);
        each(before, pair.a.connection().info(now).unwrap().snd_cwnd);
        assert_eq!(name(pair), algorithm.name());
        pair.run_for(Duration::from_secs(3));
    }
    assert_eq!(pair.b.received.len(), written);
}

#[test]
fn a_live_connection_changes_its_control_and_keeps_its_window() {
    let mut pair = Pair::connected();
    change(&mut pair, |before, after| assert_eq!(before, after));
}

#[test]
fn a_change_amid_losses_harms_nothing() {
    let mut pair = Pair::connected();
    let mut dice = Dice::new(3);
    pair.rule = Box::new(move |_, _| if dice.below(100) < 5 { Fate::Drop } else { Fate::Deliver });
    change(&mut pair, |_, after| assert!(after >= 1));
}

#[test]
fn a_paced_connection_is_no_longer_held_back_once_it_is_not_bbr_any_more() {
    let mut pair = Pair::connected();
    let now = pair.now;
    pair.a.connection().set_congestion(now, Algorithm::Bbr);
    pair.transfer(Who::A, &pattern(50_000), Duration::from_secs(5));
    let now = pair.now;
    pair.a.connection().set_congestion(now, Algorithm::Cubic);
    pair.log.clear();
    pair.write(Who::A, &pattern(9 * 1_448));
    assert_eq!(pair.sent(Who::A).map(|s| s.text.len()).sum::<usize>(), 9 * 1_448, "all at once");
}
