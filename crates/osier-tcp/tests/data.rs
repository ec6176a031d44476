//! Does text arrive exactly once and in order, whatever the wire does?

mod pair;

use osier_tcp::{
    Algorithm, Config, Event, MtuProbing, Nagle, Offer, ProbingMode, Reason, Sending, State,
};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use pair::{Dice, Fate, Pair, Who, pattern, wide};

const LONG: Duration = Duration::from_secs(600);

#[test]
fn bulk_text_flows_both_ways_at_the_rate_of_the_window() {
    let mut pair = Pair::connected();
    let text = pattern(4 << 20);
    let start = pair.now;
    pair.transfer(Who::A, &text, LONG);
    // 4 MiB in windows of up to 1 MiB a round trip of 20 ms, after slow start.
    assert!(pair.now - start < Duration::from_millis(400), "{}", pair.now - start);
    pair.transfer(Who::B, &text, LONG);
    let again = pair.a.connection().info(pair.now).unwrap().total_retrans;
    assert_eq!(again, 0);
}

#[test]
fn a_second_full_segment_is_acknowledged_at_once_and_a_lone_one_a_little_later() {
    let mut pair = Pair::connected();
    pair.transfer(Who::A, &pattern(200_000), LONG);
    pair.run_for(Duration::from_secs(1));
    let acks = pair.sent(Who::B).count();
    let texts = pair.sent(Who::A).filter(|s| !s.text.is_empty()).count();
    assert!(acks <= texts / 2 + 20, "{acks} acknowledgments for {texts} segments");
    pair.write(Who::A, b"x");
    pair.run_for(Duration::from_millis(15));
    assert_eq!(pair.sent(Who::B).count(), acks, "it may be held back");
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.sent(Who::B).count(), acks + 1);
}

#[test]
fn who_speaks_first_still_acknowledges_the_first_answers_at_once() {
    let mut pair = Pair::connected();
    pair.write(Who::B, b"hello");
    pair.run_for(Duration::from_millis(500));
    let acks = pair.sent(Who::B).count();
    pair.write(Who::A, b"welcome");
    pair.run_for(Duration::from_millis(15));
    assert_eq!(pair.sent(Who::B).count(), acks + 1, "nothing of A's came shortly before");
}

#[test]
fn three_duplicate_acks_repair_one_loss_without_the_timer() {
    for sack in [true, false] {
        let offer = Offer { window_scale: true, timestamps: true, sack };
        let config = Config { offer, ..Config::default() };
        let mut pair = Pair::connected_with(config.clone(), config);
        let mut n = 0;
        pair.rule = Box::new(move |from, segment| {
            n += i32::from(from == Who::A && !segment.text.is_empty());
            let drop = n == 20 && from == Who::A;
            n += i32::from(drop);
            if drop { Fate::Drop } else { Fate::Deliver }
        });
        pair.transfer(Who::A, &pattern(500_000), LONG);
        let fast = |r: &Reason| match r {
            Reason::OvertakenRetransmit { .. } => sack,
            Reason::FastRetransmit { .. } => !sack,
            _ => false,
        };
        assert!(pair.a.reasons.iter().any(fast));
        assert!(!pair.a.reasons.iter().any(|r| matches!(r, Reason::RtoExpired { .. })));
        assert_eq!(pair.a.connection().info(pair.now).unwrap().total_retrans, 1, "sack: {sack}");
    }
}

/// A pair whose wire loses the segments of text from A with these numbers.
fn losing(config: &Config, lost: &'static [usize]) -> Pair {
    let mut pair = Pair::connected_with(config.clone(), config.clone());
    let mut n = 0;
    pair.rule = Box::new(move |from, segment| {
        n += usize::from(from == Who::A && !segment.text.is_empty());
        let drop = from == Who::A && !segment.text.is_empty() && lost.contains(&n);
        if drop { Fate::Drop } else { Fate::Deliver }
    });
    pair
}

#[test]
fn without_sack_a_lost_tail_is_repaired_by_the_timer() {
    let offer = Offer { window_scale: true, timestamps: true, sack: false };
    let mut pair = losing(&Config { offer, ..Config::default() }, &[1]);
    pair.transfer(Who::A, b"tail", LONG);
    assert!(pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }));
}

/// RFC 8985 §7: the last three of ten segments are lost. Two round trips later the last goes out
/// again, its report shows the loss of the two before it, and no timer expires.
#[test]
fn a_lost_tail_is_found_by_a_probe_in_a_few_round_trips() {
    let mut pair = losing(&Config::default(), &[8, 9, 10]);
    let start = pair.now;
    pair.transfer(Who::A, &pattern(10 * 1448), LONG);
    let took = pair.now - start;
    // The acknowledgment of the seventh at 20 ms, twice the round trip, 20 ms for the report, and
    // 30 for two repairs one after the other (RFC 9937).
    assert!(took <= Duration::from_millis(110), "{took}");
    assert!(pair.a.has_reason(&Reason::TailProbeAgain { seq: SeqNumber(0) }));
    assert!(!pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }));
    assert_eq!(pair.a.connection().info(pair.now).unwrap().total_retrans, 3);
}

/// RFC 8985 §7.4: the probe itself was the repair, and the window is cut for the loss.
#[test]
fn a_probe_that_repairs_the_only_loss_cuts_the_window_for_it() {
    let mut pair = losing(&Config::default(), &[10]);
    pair.transfer(Who::A, &pattern(10 * 1448), LONG);
    assert!(!pair.a.has_reason(&Reason::WindowCut { cwnd: 0, ssthresh: 0 }));
    pair.transfer(Who::A, &pattern(1448), LONG);
    pair.run_for(Duration::from_millis(100));
    assert!(pair.a.has_reason(&Reason::WindowCut { cwnd: 0, ssthresh: 0 }));
    assert!(!pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }));
}

/// RFC 3522, RFC 5682, RFC 4015: for 300 ms nothing moves. The timer expires, and the first or the
/// second acknowledgment shows that nothing was lost: one segment was sent again needlessly, and a
/// probe, and the window is what it was.
#[test]
fn a_sudden_delay_is_no_loss_and_its_cut_is_undone() {
    for timestamps in [true, false] {
        let offer = Offer { window_scale: true, timestamps, sack: true };
        let config = Config { offer, ..wide() };
        let mut pair = Pair::connected_with(config.clone(), config);
        pair.transfer(Who::A, &pattern(200_000), LONG);
        let before = pair.a.connection().info(pair.now).unwrap();
        pair.stall(Duration::from_millis(300));
        pair.write(Who::A, &pattern(40 * 1448));
        pair.run_for(Duration::from_millis(295));
        assert!(pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }));
        // More text, so that F-RTO has something to ask with.
        pair.write(Who::A, &pattern(500_000));
        pair.run_for(Duration::from_secs(3));
        assert_eq!(pair.b.received.len(), 200_000 + 40 * 1448 + 500_000);
        assert!(pair.a.has_reason(&Reason::SpuriousTimeout), "timestamps: {timestamps}");
        let after = pair.a.connection().info(pair.now).unwrap();
        assert!(after.snd_cwnd >= before.snd_cwnd, "{} of {}", after.snd_cwnd, before.snd_cwnd);
        // The last for a probe; the oldest, and as it was short a part of the next.
        assert!(after.total_retrans <= 3, "{}", after.total_retrans);
    }
}

/// RFC 8985 §3.3: the fifth segment is lost, and so are its first three retransmissions.
#[test]
fn a_retransmission_that_is_lost_is_sent_again_without_the_timer() {
    let mut pair = Pair::connected_with(wide(), wide());
    let mut lost = 0;
    pair.rule = Box::new(move |from, segment| {
        let fifth = from == Who::A && segment.seq == SeqNumber(1_001 + 4 * 1448);
        lost += u32::from(fifth);
        if fifth && lost <= 4 { Fate::Drop } else { Fate::Deliver }
    });
    pair.transfer(Who::A, &pattern(1 << 20), LONG);
    assert!(!pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }));
    assert_eq!(pair.a.connection().info(pair.now).unwrap().total_retrans, 4);
}

/// RFC 3042: what the first two duplicates tell of has left the network, so two new segments may
/// go. No rule of its own is needed: what was reported, or has departed, is not in flight.
#[test]
fn the_first_two_duplicates_let_two_new_segments_go() {
    for sack in [true, false] {
        let offer = Offer { window_scale: true, timestamps: true, sack };
        let mut pair = losing(&Config { offer, ..Config::default() }, &[1]);
        pair.write(Who::A, &pattern(20 * 1448));
        pair.run_for(Duration::from_millis(25));
        let texts = pair.sent(Who::A).filter(|s| !s.text.is_empty());
        let order: Vec<u32> = texts.map(|s| s.seq.since(SeqNumber(1_001)) / 1448).collect();
        assert_eq!(order[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "the initial window");
        assert_eq!(order[10..13], [10, 11, 0], "two new ones, and the third duplicate shows it");
    }
}

#[test]
fn a_reader_who_stops_closes_the_window_and_one_who_resumes_opens_it() {
    let config = Config { receive_buffer: 20_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(Config::default(), config);
    pair.b.reads = false;
    let text = pattern(100_000);
    let mut written = pair.write(Who::A, &text);
    pair.run_for(Duration::from_secs(30));
    let info = pair.a.connection().info(pair.now).unwrap();
    assert_eq!((info.snd_wnd, info.unacked), (0, 0));
    assert!(pair.a.has_reason(&Reason::ZeroWindowProbe { attempt: 0 }));
    assert_eq!(pair.a.state(), State::Established, "probes that are answered never give up");
    pair.b.reads = true;
    let limit = pair.now + Duration::from_secs(60);
    while pair.b.received.len() < text.len() {
        written += pair.write(Who::A, &text[written..]);
        assert!(pair.step(limit), "stuck with {} read", pair.b.received.len());
    }
    assert_eq!(pair.b.received, text);
}

#[test]
fn a_lost_window_update_is_made_good_by_a_probe() {
    let config = Config { receive_buffer: 20_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(wide(), config);
    pair.b.reads = false;
    let text = pattern(60_000);
    pair.write(Who::A, &text);
    pair.run_for(Duration::from_secs(1));
    pair.rule = Box::new(|from, _| if from == Who::B { Fate::Drop } else { Fate::Deliver });
    pair.b.reads = true;
    pair.flush();
    pair.run_for(Duration::from_millis(100));
    pair.rule = Box::new(|_, _| Fate::Deliver);
    pair.run_for(Duration::from_secs(10));
    assert_eq!(pair.b.received, text);
}

#[test]
fn small_writes_wait_for_each_other_under_nagle_and_not_without_it() {
    for (nagle, at_most, at_least) in [(Nagle::On, 2, 1), (Nagle::Off, 10, 10)] {
        let mut pair =
            Pair::connected_with(Config { nagle, ..Config::default() }, Config::default());
        for _ in 0..10 {
            pair.write(Who::A, b"tiny");
        }
        pair.run_for(Duration::from_millis(200));
        let segments = pair.sent(Who::A).filter(|s| !s.text.is_empty()).count();
        assert!((at_least..=at_most).contains(&segments), "{nagle:?}: {segments} segments");
        assert_eq!(pair.b.received.len(), 40);
    }
}

#[test]
fn a_full_send_buffer_says_when_there_is_room_again() {
    let config = Config { send_buffer: 30_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(config, Config::default());
    assert_eq!(pair.write(Who::A, &pattern(50_000)), 30_000);
    assert_eq!(pair.write(Who::A, b"no room"), 0);
    pair.run_for(Duration::from_secs(1));
    assert!(pair.a.events.contains(&Event::Writable));
}

#[test]
fn keep_alive_finds_a_peer_that_has_vanished_and_leaves_a_living_one_alone() {
    let keep_alive = osier_tcp::KeepAlive {
        idle: Duration::from_secs(10),
        interval: Duration::from_secs(1),
        probes: 3,
    };
    let config = Config { keep_alive: Some(keep_alive), ..Config::default() };
    let mut pair = Pair::connected_with(config, Config::default());
    pair.run_for(Duration::from_secs(100));
    assert_eq!(pair.a.state(), State::Established);
    assert!(pair.a.has_reason(&Reason::KeepAliveProbe { attempt: 0 }));
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.run_for(Duration::from_secs(30));
    assert_eq!(pair.a.state(), State::Closed);
}

#[test]
fn super_segments_carry_the_same_bytes() {
    let config = Config { gso_max: 65_000, ..Config::default() };
    let mut pair = Pair::connected_with(config.clone(), config);
    pair.transfer(Who::A, &pattern(3 << 20), LONG);
}

/// One line replays a failure: OSIER_SEED=n cargo test -p osier-tcp --test data swarm
#[test]
fn swarm_of_seeds_with_loss_reordering_and_duplication() {
    let one = std::env::var("OSIER_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = one.map_or(0..60, |seed: u64| seed..seed + 1);
    for seed in seeds {
        println!("replay: OSIER_SEED={seed} cargo test -p osier-tcp --test data swarm");
        swarm(seed);
    }
}

fn swarm(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut pick = |n| dice.below(n);
    let mut config = || Config {
        offer: Offer { window_scale: pick(2) == 0, timestamps: pick(2) == 0, sack: pick(2) == 0 },
        receive_buffer: [3_000, 20_000, 65_535, 1 << 20][pick(4) as usize].into(),
        send_buffer: [2_000, 50_000, 1 << 20][pick(3) as usize].into(),
        mss: [536, 1460, 9000][pick(3) as usize],
        gso_max: [0, 65_000][pick(2) as usize],
        congestion: [Algorithm::Cubic, Algorithm::Reno][pick(2) as usize],
        sending: Sending {
            mtu_probing: MtuProbing {
                mode: [ProbingMode::OnBlackHole, ProbingMode::Always][pick(2) as usize],
                ..MtuProbing::default()
            },
            ..Config::default().sending
        },
        ..Config::default()
    };
    let mut pair = Pair::connected_with(config(), config());
    let (loss, reorder, twice) = (pick(10), pick(10), pick(5));
    let mut wire = Dice::new(seed + 1_000);
    pair.rule = Box::new(move |_, _| match wire.below(100) {
        n if n < loss => Fate::Drop,
        n if n < loss + reorder => Fate::Delay(Duration::from_millis(wire.below(60))),
        n if n < loss + reorder + twice => Fate::Twice,
        _ => Fate::Deliver,
    });
    let text = pattern(20_000 + pick(150_000) as usize);
    pair.transfer(Who::A, &text, Duration::from_secs(3_000));
    pair.transfer(Who::B, &text, Duration::from_secs(3_000));
    // Heal, and let both take leave.
    pair.rule = Box::new(|_, _| Fate::Deliver);
    pair.run_for(Duration::from_secs(300));
    pair.close(Who::A);
    pair.close(Who::B);
    let end = Instant::from_secs(100_000);
    while pair.states() != (State::Closed, State::Closed) {
        assert!(pair.step(end), "no end: {:?}", pair.states());
    }
}
