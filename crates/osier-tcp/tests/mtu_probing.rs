//! Does a connection find the largest segment that the path takes, without harm? (RFC 4821)

mod pair;

use osier_tcp::{
    Algorithm, Belief, Config, Event, MtuProbing, Offer, PathMtuChange, ProbingMode, Reason,
    Sending,
};
use osier_time::Duration;
use pair::{Fate, Pair, Who, pattern, wide};

const LONG: Duration = Duration::from_secs(3_600);

fn probing(probing: MtuProbing) -> Config {
    let config = wide();
    Config { sending: Sending { mtu_probing: probing, ..config.sending }, ..config }
}

fn always() -> MtuProbing {
    MtuProbing { mode: ProbingMode::Always, ..MtuProbing::default() }
}

/// The wire takes no more than so much text in a segment.
fn narrow(config: Config, longest: usize) -> Pair {
    let mut pair = Pair::connected_with(config, wide());
    set_longest(&mut pair, longest);
    pair
}

fn set_longest(pair: &mut Pair, longest: usize) {
    pair.rule = Box::new(
        move |_, segment| {
            if segment.text.len() > longest { Fate::Drop } else { Fate::Deliver }
        },
    );
}

/// Text enough for every probe that there can be, and time enough after each that is lost.
fn send_on_and_on(pair: &mut Pair) {
    for _ in 0..40 {
        pair.transfer(Who::A, &pattern(60_000), LONG);
        pair.run_for(Duration::from_millis(300));
    }
}

/// Octets of text in a full segment of A; timestamps take 12 off the MSS.
fn mss(pair: &mut Pair) -> u32 {
    pair.a.connection().info(pair.now).unwrap().snd_mss
}

fn count(pair: &Pair, like: &Reason) -> usize {
    pair.a.reasons.iter().filter(|reason| reason.index() == like.index()).count()
}

fn probes(pair: &Pair) -> Vec<u16> {
    let sizes = pair.a.reasons.iter().filter_map(|reason| match reason {
        Reason::MtuProbe { mss, .. } => Some(*mss),
        _ => None,
    });
    sizes.collect()
}

fn cuts(pair: &Pair) -> usize {
    count(pair, &Reason::WindowCut { cwnd: 0, ssthresh: 0 })
}

#[test]
fn a_search_from_below_finds_what_the_path_takes_and_cuts_no_window() {
    for algorithm in Algorithm::ALL {
        for (longest, least) in [(9_000, 1_448), (1_448, 1_448), (1_300, 1_292), (1_100, 1_092)] {
            let config = Config { congestion: algorithm, ..probing(always()) };
            let mut pair = narrow(config, longest);
            assert_eq!(mss(&mut pair), 1_012, "the base at first");
            send_on_and_on(&mut pair);
            let found = mss(&mut pair) as usize;
            assert!(
                (least..=longest.min(1_448)).contains(&found),
                "{algorithm} {longest}: {found}"
            );
            assert_eq!(cuts(&pair), 0, "{algorithm} {longest}: {:?}", probes(&pair));
            assert!(!pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }));
            let (sent, lost) =
                (probes(&pair).len(), count(&pair, &Reason::MtuProbeLost { mss: 0 }));
            assert!(sent <= 9 && (lost > 0) == (longest < 1_448), "{sent} sent, {lost} lost");
        }
    }
}

/// RFC 4821 §7.6.2, where nobody reports: three duplicates show the loss of the probe.
#[test]
fn without_sack_a_lost_probe_cuts_no_window_either() {
    let offer = Offer { window_scale: true, timestamps: false, sack: false };
    let mut pair = narrow(Config { offer, ..probing(always()) }, 1_200);
    send_on_and_on(&mut pair);
    let found = mss(&mut pair);
    assert!((1_192..=1_200).contains(&found), "{found} {:?}", probes(&pair));
    assert_eq!(cuts(&pair), 0);
}

/// RFC 4821 §7.4, §7.5.
#[test]
fn a_probe_is_followed_by_enough_and_goes_alone() {
    let mut pair = narrow(probing(always()), 9_000);
    send_on_and_on(&mut pair);
    let sent: Vec<usize> = pair.sent(Who::A).map(|segment| segment.text.len()).collect();
    let mut usual = 1_012;
    let mut found = 0;
    for (n, len) in sent.iter().enumerate().filter(|(_, len)| **len > 0) {
        if *len > usual {
            let behind = &sent[n + 1..n + 5];
            assert!(behind.iter().all(|next| *next == usual), "{len}, then {behind:?}");
            (usual, found) = (*len, found + 1);
        }
    }
    assert_eq!((usual, found), (1_448, probes(&pair).len()));
}

#[test]
fn with_too_little_to_send_there_is_no_probe() {
    let mut pair = narrow(probing(always()), 9_000);
    for _ in 0..50 {
        pair.transfer(Who::A, &pattern(5_000), LONG);
    }
    assert_eq!((probes(&pair), mss(&mut pair)), (Vec::new(), 1_012));
}

/// RFC 4821 §7.6.4.
#[test]
fn a_probe_that_is_lost_among_others_shows_nothing_and_is_sent_again_later() {
    let mut pair = narrow(probing(always()), 9_000);
    let mut left = 3;
    pair.rule = Box::new(move |who, segment| {
        let doomed = who == Who::A && left > 0 && (left < 3 || segment.text.len() > 1_012);
        left -= u32::from(doomed);
        if doomed { Fate::Drop } else { Fate::Deliver }
    });
    send_on_and_on(&mut pair);
    let sizes = probes(&pair);
    assert_eq!(sizes[0], sizes[1], "{sizes:?}");
    assert_eq!(count(&pair, &Reason::MtuProbeLost { mss: 0 }), 0);
    assert!(cuts(&pair) > 0, "the others were lost to congestion");
    assert_eq!(mss(&mut pair), 1_448);
}

#[test]
fn the_owner_hears_of_every_change_and_why() {
    let mut pair = narrow(probing(always()), 9_000);
    send_on_and_on(&mut pair);
    assert!(pair.a.events.contains(&Event::PathMtu(1_480, PathMtuChange::Probed)));
    let mut notes = osier_tcp::Notes::new(osier_tcp::Recording::Off);
    pair.a.connection().on_path_mtu(1_220, None, &mut notes);
    pair.flush();
    assert_eq!(pair.a.events.last(), Some(&Event::PathMtu(1_220, PathMtuChange::Reported)));
    pair.a.events.clear();
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, &pattern(20_000));
    pair.run_for(Duration::from_secs(3));
    assert!(pair.a.events.contains(&Event::PathMtu(1_044, PathMtuChange::BlackHole)));
}

/// RFC 4821 §7.6.2: the router's word spares the wait.
#[test]
fn a_router_that_refuses_a_probe_is_believed_and_the_probe_goes_again_in_pieces() {
    let mut pair = narrow(probing(always()), 9_000);
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, &pattern(100_000));
    let probe = pair.sent(Who::A).find(|sent| sent.text.len() > 1_012).unwrap().seq;
    set_longest(&mut pair, 1_088);
    let before = pair.log.len();
    let notes = &mut pair.a.notes;
    let belief = match &mut pair.a.role {
        pair::Role::Open(open) => open.on_path_mtu(1_120, Some(probe), notes),
        other => panic!("{other:?}"),
    };
    assert_eq!(belief, Belief::Believed);
    pair.flush();
    let again = &pair.log[before].segment;
    assert_eq!((again.seq, again.text.len()), (probe, 1_012));
    assert_eq!((mss(&mut pair), cuts(&pair)), (1_012, 0));
    pair.run_for(Duration::from_secs(60));
    assert!(probes(&pair)[1..].iter().all(|size| *size <= 1_100), "{:?}", probes(&pair));
}

/// RFC 8201 §4, RFC 1191 §6.3.
#[test]
fn ten_minutes_after_a_report_a_longer_segment_is_tried() {
    let mut pair = Pair::connected_with(wide(), wide());
    let mut notes = osier_tcp::Notes::new(osier_tcp::Recording::Off);
    pair.transfer(Who::A, &pattern(10_000), LONG);
    pair.a.connection().on_path_mtu(1_220, None, &mut notes);
    let reported = pair.now;
    while pair.now < reported + Duration::from_secs(598) {
        pair.transfer(Who::A, &pattern(20_000), LONG);
        pair.run_for(Duration::from_secs(20).min(reported + Duration::from_secs(599) - pair.now));
    }
    assert_eq!((mss(&mut pair), probes(&pair)), (1_188, Vec::new()));
    pair.run_for(Duration::from_secs(2));
    pair.transfer(Who::A, &pattern(100_000), LONG);
    assert_eq!((mss(&mut pair), probes(&pair)), (1_448, [1_460].to_vec()));
}

#[test]
fn where_probing_is_off_a_report_holds_for_life() {
    let off = MtuProbing { mode: ProbingMode::Off, ..MtuProbing::default() };
    let mut pair = Pair::connected_with(probing(off), wide());
    let mut notes = osier_tcp::Notes::new(osier_tcp::Recording::Off);
    pair.write(Who::A, &pattern(10_000));
    pair.a.connection().on_path_mtu(1_220, None, &mut notes);
    pair.run_for(LONG);
    pair.transfer(Who::A, &pattern(100_000), LONG);
    assert_eq!((mss(&mut pair), probes(&pair)), (1_188, Vec::new()));
}

/// RFC 4821 §7.2: any size between the two ends of the search.
#[test]
fn segments_may_start_larger_than_the_search_does() {
    let start = MtuProbing { base_mss: 512, initial_mss: Some(1_212), ..always() };
    let mut pair = narrow(probing(start), 9_000);
    assert_eq!(mss(&mut pair), 1_200);
    send_on_and_on(&mut pair);
    // The middles of 512 and 1460 that are longer than 1212.
    assert_eq!(probes(&pair)[..2], [1_223, 1_341]);
}

/// The path is known to take less than both ends do: what a route says.
#[test]
fn segments_may_start_smaller_than_both_ends_would_take_and_grow_later() {
    let start = MtuProbing { initial_mss: Some(600), ..MtuProbing::default() };
    let mut pair = narrow(probing(start), 9_000);
    pair.transfer(Who::A, &pattern(100_000), LONG);
    assert_eq!((mss(&mut pair), probes(&pair)), (588, Vec::new()));
    pair.run_for(Duration::from_secs(600));
    pair.transfer(Who::A, &pattern(100_000), LONG);
    assert_eq!((mss(&mut pair), probes(&pair)), (1_448, [1_460].to_vec()));
    let never = MtuProbing { mode: ProbingMode::Off, ..start };
    let mut pair = narrow(probing(never), 9_000);
    pair.run_for(LONG);
    pair.transfer(Who::A, &pattern(100_000), LONG);
    assert_eq!((mss(&mut pair), probes(&pair)), (588, Vec::new()));
}

/// Super-segments are of the usual size; the probe is a segment by itself.
#[test]
fn super_segments_and_probes_do_not_mix() {
    let config = Config { gso_max: 65_000, ..probing(always()) };
    let mut pair = narrow(config, 1_300);
    send_on_and_on(&mut pair);
    let found = mss(&mut pair);
    assert!((1_292..=1_300).contains(&found), "{found}");
    assert_eq!(cuts(&pair), 0);
}

/// The jump is longer than what acknowledgments free one by one: text waits until there is room.
#[test]
fn a_path_of_jumbo_frames_is_found() {
    let jumbo = Config { mss: 8_960, ..probing(always()) };
    let mut pair = Pair::connected_with(jumbo, Config { mss: 8_960, ..wide() });
    send_on_and_on(&mut pair);
    assert_eq!((mss(&mut pair), cuts(&pair)), (8_948, 0), "{:?}", probes(&pair));
}
