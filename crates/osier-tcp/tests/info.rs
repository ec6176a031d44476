//! Does a connection tell its numbers as Linux would? (`tcp_info`, RFC 9293 §3.9.1.6)

mod pair;

use osier_tcp::{Algorithm, Config, TcpInfo};
use osier_time::Duration;
use pair::{Fate, Pair, Who, pattern};

const LONG: Duration = Duration::from_secs(60);
const MSS: usize = 1_448;

fn info(pair: &mut Pair, who: Who) -> TcpInfo {
    let now = pair.now;
    pair.end(who).connection().info(now).unwrap()
}

#[test]
fn after_the_handshake_the_caller_has_counted_its_syn_and_the_called_has_not() {
    let mut pair = Pair::connected();
    let a = info(&mut pair, Who::A);
    assert_eq!((a.state, a.ca_state), (1, 0));
    assert_eq!((a.segs_out, a.segs_in, a.data_segs_out, a.data_segs_in), (2, 1, 0, 0));
    assert_eq!((a.bytes_acked, a.bytes_sent, a.delivered), (1, 0, 1));
    assert_eq!((a.snd_mss, a.advmss, a.pmtu), (1_448, 1_448, 1_480));
    assert_eq!((a.snd_cwnd, a.snd_ssthresh), (10, 0x7fff_ffff));
    let all = TcpInfo::OPT_TIMESTAMPS | TcpInfo::OPT_SACK | TcpInfo::OPT_WSCALE;
    assert_eq!(a.options, all);
    // One sample of 20 ms: the deviation is half of it, the timeout 20 + max(4 * 10, 200) ms.
    assert_eq!((a.rtt, a.rttvar, a.min_rtt, a.rto), (20_000, 10_000, 20_000, 220_000));
    let b = info(&mut pair, Who::B);
    assert_eq!((b.segs_out, b.segs_in, b.bytes_acked, b.delivered), (0, 1, 0, 1));
    assert_eq!((b.last_data_recv, b.last_ack_recv), (70, 70));
}

#[test]
fn text_is_counted_in_segments_and_octets_at_both_ends() {
    let mut pair = Pair::connected_with(Config { gso_max: 60_000, ..Config::default() }, {
        Config::default()
    });
    pair.transfer(Who::A, &pattern(10 * MSS + 1), LONG);
    pair.run_for(Duration::from_millis(300));
    let (a, b) = (info(&mut pair, Who::A), info(&mut pair, Who::B));
    assert_eq!((a.data_segs_out, b.data_segs_in), (11, 11));
    assert_eq!((a.segs_out, b.segs_in), (13, 12), "two of the handshake are not B's");
    assert_eq!((a.bytes_sent, a.bytes_acked), (10 * MSS as u64 + 1, 10 * MSS as u64 + 2));
    assert_eq!(b.bytes_received, 10 * MSS as u64 + 1);
    assert_eq!((a.delivered, a.unacked, a.notsent_bytes), (12, 0, 0));
    assert_eq!(b.rcv_mss, 1_448);
    assert_eq!((a.total_retrans, a.bytes_retrans), (0, 0));
}

#[test]
fn a_loss_shows_while_it_is_repaired_and_in_the_counts_after() {
    let mut pair = Pair::connected();
    let mut lost = false;
    pair.rule = Box::new(move |from, segment| {
        let drop = from == Who::A && !segment.text.is_empty() && !lost;
        lost |= drop;
        if drop { Fate::Drop } else { Fate::Deliver }
    });
    pair.write(Who::A, &pattern(10 * MSS));
    let a = info(&mut pair, Who::A);
    assert_eq!((a.unacked, a.sacked, a.lost, a.retrans), (10, 0, 0, 0));
    pair.run_for(Duration::from_millis(25));
    let a = info(&mut pair, Who::A);
    assert_eq!((a.ca_state, a.unacked, a.sacked, a.lost, a.retrans), (3, 10, 9, 1, 1));
    assert_eq!(a.delivered, 1 + 9);
    pair.run_for(Duration::from_millis(300));
    let (a, b) = (info(&mut pair, Who::A), info(&mut pair, Who::B));
    assert_eq!((a.ca_state, a.unacked, a.sacked, a.retrans), (0, 0, 0, 0));
    assert_eq!((a.total_retrans, a.bytes_retrans, a.total_rto), (1, MSS as u64, 0));
    assert_eq!((a.bytes_sent, a.delivered, a.data_segs_out), (11 * MSS as u64, 11, 11));
    assert_eq!((b.rcv_ooopack, b.bytes_received), (9, 10 * MSS as u64));
    assert!(a.snd_ssthresh < 10 && a.snd_cwnd <= 10, "{a:?}");
}

#[test]
fn duplicates_that_the_peer_reports_are_counted() {
    let mut pair = Pair::connected();
    pair.rule = Box::new(|from, segment| {
        let twice = from == Who::A && !segment.text.is_empty();
        if twice { Fate::Twice } else { Fate::Deliver }
    });
    pair.transfer(Who::A, &pattern(3 * MSS), LONG);
    pair.run_for(Duration::from_millis(300));
    let (a, b) = (info(&mut pair, Who::A), info(&mut pair, Who::B));
    assert!(a.dsack_dups >= 1, "{a:?}");
    assert_eq!(b.data_segs_in, 6);
    assert_eq!((a.delivered, a.total_retrans), (4, 0));
}

#[test]
fn backing_off_shows_and_ends_with_the_next_sample() {
    let mut pair = Pair::connected();
    let silent_until = pair.now + Duration::from_millis(1_000);
    pair.write(Who::A, b"hello");
    pair.wire.clear();
    while pair.now < silent_until {
        pair.wire.clear();
        pair.step(silent_until);
    }
    let a = info(&mut pair, Who::A);
    // The probe of the tail is not counted, but starts the timer anew: 240 + 220, + 440 ms.
    assert_eq!((a.retransmits, a.backoff, a.total_rto, a.ca_state), (2, 2, 2, 4));
    assert_eq!(a.rto, 880_000);
    pair.run_for(LONG);
    let a = info(&mut pair, Who::A);
    assert_eq!((a.retransmits, a.backoff, a.total_rto, a.ca_state), (0, 0, 3, 0));
}

#[test]
fn the_time_that_was_limited_is_told_by_whom() {
    let small = Config { receive_buffer: 10_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(Config::default(), small);
    pair.b.reads = false;
    pair.write(Who::A, &pattern(20_000));
    pair.run_for(Duration::from_secs(1));
    let a = info(&mut pair, Who::A);
    assert!(a.rwnd_limited >= 900_000 && a.rwnd_limited <= a.busy_time, "{a:?}");
    assert_eq!(a.sndbuf_limited, 0);
    let small = Config { send_buffer: 5_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(small, Config::default());
    let until = pair.now + Duration::from_secs(1);
    while pair.now < until {
        // A user who writes until there is no room.
        while pair.a.connection().write(&[7; 999]).unwrap() > 0 {}
        pair.flush();
        pair.step(until);
    }
    let a = info(&mut pair, Who::A);
    assert!(a.sndbuf_limited * 10 >= a.busy_time * 8, "{a:?}");
    let busy = a.busy_time;
    pair.run_for(Duration::from_secs(1));
    let a = info(&mut pair, Who::A);
    assert!(a.busy_time - busy <= 100_000, "idle time is not busy");
}

#[test]
fn an_unanswered_syn_tells_how_often_it_was_sent() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.connect(Who::A);
    pair.wire.clear();
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.run_for(Duration::from_millis(3_500));
    let a = info(&mut pair, Who::A);
    assert_eq!((a.state, a.retransmits, a.segs_out, a.rto), (2, 2, 3, 4_000_000));
    assert_eq!((a.unacked, a.min_rtt, a.rtt), (1, u32::MAX, 0));
}

#[test]
fn fields_have_the_names_of_linux() {
    let names = TcpInfo::NAMES;
    for name in ["state", "snd_cwnd", "unacked", "bytes_acked", "rcv_ooopack", "total_rto"] {
        assert!(names.contains(&name), "{name}");
    }
    let info = TcpInfo { min_rtt: 7, ..TcpInfo::default() };
    assert_eq!((info.get("min_rtt"), info.get("tcpi_min_rtt")), (Some(7), None));
    assert_eq!(info.fields().count(), names.len());
    assert!(info.fields().any(|field| field == ("min_rtt", 7)));
}

#[test]
fn the_pace_that_a_user_sets_is_told() {
    let mut pair = Pair::connected();
    assert_eq!(info(&mut pair, Who::A).pacing_rate, u64::MAX);
    pair.a.connection().set_pacing_rate(Some(1_000_000));
    assert_eq!(info(&mut pair, Who::A).pacing_rate, 1_000_000);
    assert_eq!(info(&mut pair, Who::A).max_pacing_rate, 1_000_000);
    pair.a.connection().set_pacing_rate(None);
    assert_eq!(info(&mut pair, Who::A).max_pacing_rate, u64::MAX);
}

/// What the segments of 1500 octets that a link takes a millisecond for carry.
const LINK: u64 = MSS as u64 * 1_000;

#[test]
fn the_rate_of_delivery_is_told_where_it_is_measured() {
    for (congestion, told) in
        [(Algorithm::Bbr, LINK * 9 / 10..LINK * 11 / 10), (Algorithm::Cubic, 0..1)]
    {
        let config = Config { congestion, ..pair::wide() };
        let mut pair = Pair::connected_with(config.clone(), config);
        pair.serialization = Duration::from_millis(1);
        pair.write(Who::A, &pattern(1_000_000));
        pair.run_for(Duration::from_millis(400));
        let a = info(&mut pair, Who::A);
        assert!(told.contains(&a.delivery_rate), "{congestion}: {}", a.delivery_rate);
        assert_eq!(a.delivery_rate_app_limited, 0);
    }
}

#[test]
fn a_lower_rate_that_the_user_is_the_cause_of_is_not_told_and_a_first_one_is() {
    let config = Config { congestion: Algorithm::Bbr, ..pair::wide() };
    let mut pair = Pair::connected_with(config.clone(), config);
    pair.transfer(Who::A, &pattern(100), LONG);
    pair.run_for(Duration::from_secs(1));
    let first = info(&mut pair, Who::A);
    assert!(first.delivery_rate > 0);
    assert_eq!(first.delivery_rate_app_limited, 1);
    pair.transfer(Who::A, &pattern(10), LONG);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(info(&mut pair, Who::A).delivery_rate, first.delivery_rate);
}

/// Linux: tcp_check_sack_reordering counts from the start of what was overtaken.
#[test]
fn the_segments_by_which_another_was_overtaken_are_told() {
    let mut pair = Pair::connected();
    let mut nth = 0;
    // The eighth of ten, and then the fourth of ten.
    pair.rule = Box::new(move |from, segment| {
        nth += u32::from(from == Who::A && !segment.text.is_empty());
        let late = from == Who::A && [8, 14].contains(&nth);
        if late { Fate::Delay(Duration::from_millis(1)) } else { Fate::Deliver }
    });
    for (reordering, seen) in [(3, 1), (7, 2)] {
        pair.transfer(Who::A, &pattern(10 * MSS), LONG);
        pair.run_for(Duration::from_secs(1));
        let a = info(&mut pair, Who::A);
        assert_eq!((a.reordering, a.reord_seen, a.total_retrans), (reordering, seen, 0));
    }
}
