//! Does a listener stay open, and small, while it is flooded with SYNs? (RFC 4987)

mod stranger;

use core::net::SocketAddr;
use osier_host::{Config, ConnectionId, CookieKeys, Host, Keys, ListenerId, SynCookies};
use osier_ip::LinkId;
use osier_tcp::{TcpInfo, Text};
use osier_time::{Duration, Instant};
use osier_wire::tcp::{Flags, Options};
use stranger::{HOST_V4, Said, counter, hear, host, say, syn, usual_options};

/// SYNs of a flood.
const FLOOD: u32 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };

const NOW: Instant = Instant::from_secs(1_000);

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

fn somebody(n: u32) -> SocketAddr {
    let [a, b, c, d] = n.to_be_bytes();
    SocketAddr::from(([100 + a % 16, b, c, d | 1], 1_024 + (n % 60_000) as u16))
}

/// A host that listens at port 80 and sends cookies.
fn listening(cookies: SynCookies, keys: Keys) -> (Host, LinkId, ListenerId) {
    let config = Config { syn_cookies: cookies, ..Config::default() };
    let (mut host, link) = host(config, keys);
    let listener = host.listen(here(), 100).unwrap();
    (host, link, listener)
}

fn always() -> (Host, LinkId, ListenerId) {
    listening(SynCookies::Always, Keys::from_seed(1))
}

/// The SYN,ACK that answers a SYN.
fn syn_ack(host: &mut Host, link: LinkId, now: Instant, syn: &Said) -> Said {
    let heard = say(host, link, now, syn);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0].flags(), Flags::SYN | Flags::ACK);
    heard[0].clone()
}

#[test]
fn a_flood_of_syns_costs_no_memory_and_a_client_gets_through() {
    let (mut host, link, listener) = listening(SynCookies::WhenFull, Keys::from_seed(1));
    let limit = Config::default().syn_queue;
    let mut answered = 0;
    for n in 0..FLOOD {
        let options = usual_options(n);
        answered += say(&mut host, link, NOW, &syn(somebody(n), here(), n, options)).len() as u32;
    }
    assert_eq!(answered, FLOOD, "everybody is answered");
    let usage = host.usage();
    assert_eq!((usage.handshakes, usage.flows, usage.connections), (limit, limit, 0));
    assert_eq!(counter(&host, "syn_cookies_sent"), u64::from(FLOOD) - limit as u64);

    let from = SocketAddr::from(([192, 0, 2, 9], 4_321));
    let answer = syn_ack(&mut host, link, NOW, &syn(from, here(), 7, usual_options(50)));
    let later = NOW + Duration::from_millis(20);
    say(&mut host, link, later, &answer.answer(70).with_text(b"hello"));
    let (id, peer) = host.accept(listener).expect("it got through");
    assert_eq!(peer, from);
    assert_eq!(host.read_chunk(later, id, 64), Text::Got("hello".into()));
    assert_eq!(counter(&host, "syn_cookies_accepted"), 1);
}

#[test]
fn a_burst_of_syns_that_the_device_does_not_take_is_bounded_and_counted() {
    let (mut host, link, _) = always();
    for n in 0..10_000 {
        host.on_frame(NOW, link, syn(somebody(n), here(), n, usual_options(n)).frame());
    }
    let sent = hear(&mut host, NOW).len() as u64;
    assert!(sent < 1_000, "{sent} SYN,ACKs were held");
    assert_eq!(counter(&host, "syn_cookies_sent"), sent);
    assert_eq!(counter(&host, "dropped_syn_queue_full"), 10_000 - sent);
}

fn accepted(host: &mut Host, listener: ListenerId) -> ConnectionId {
    host.accept(listener).expect("a connection").0
}

#[test]
fn window_scale_sack_and_timestamps_survive_where_the_peer_sends_timestamps() {
    for (scale, sack) in [(Some(7), true), (Some(0), false), (None, true)] {
        let (mut host, link, listener) = always();
        let mut options = usual_options(50);
        (options.window_scale, options.sack_permitted) = (scale, sack);
        let from = somebody(3);
        let answer = syn_ack(&mut host, link, NOW, &syn(from, here(), 7, options));
        assert_eq!(answer.header.options.window_scale.is_some(), scale.is_some());
        assert_eq!(answer.header.options.sack_permitted, sack);
        say(&mut host, link, NOW, &answer.answer(70));
        let id = accepted(&mut host, listener);
        let info = host.tcp_info(id, NOW).unwrap();
        assert_ne!(info.options & TcpInfo::OPT_TIMESTAMPS, 0);
        assert_eq!(info.options & TcpInfo::OPT_WSCALE != 0, scale.is_some());
        assert_eq!(info.options & TcpInfo::OPT_SACK != 0, sack);
        assert_eq!(info.snd_wscale, scale.unwrap_or(0));
        assert_eq!(info.snd_mss, 1_448);
        // The window of the ACK is scaled.
        assert_eq!(info.snd_wnd, 500 << scale.unwrap_or(0));
    }
}

#[test]
fn without_timestamps_only_the_mss_survives_and_nothing_more_is_promised() {
    let (mut host, link, listener) = always();
    let options = Options { timestamps: None, mss: Some(1_400), ..usual_options(0) };
    let answer = syn_ack(&mut host, link, NOW, &syn(somebody(3), here(), 7, options));
    assert_eq!(answer.header.options.window_scale, None);
    assert!(!answer.header.options.sack_permitted);
    say(&mut host, link, NOW, &answer.answer(0));
    let id = accepted(&mut host, listener);
    let info = host.tcp_info(id, NOW).unwrap();
    assert_eq!((info.snd_mss, info.snd_wscale, info.options), (1_400, 0, 0));
    // Nobody knows when the SYN,ACK was sent: no round trip was measured.
    assert_eq!(info.rtt, 0);
}

#[test]
fn the_timestamps_of_the_connection_are_never_older_than_that_of_the_cookie() {
    for millis in 0..130 {
        let (mut host, link, listener) = always();
        let now = NOW + Duration::from_millis(millis);
        let answer = syn_ack(&mut host, link, now, &syn(somebody(3), here(), 7, usual_options(5)));
        say(&mut host, link, now, &answer.answer(6));
        let id = accepted(&mut host, listener);
        host.write(id, b"x").unwrap();
        let text = hear(&mut host, now).pop().unwrap();
        let stamp = |said: &Said| said.header.options.timestamps.unwrap().value;
        let ahead = stamp(&text).wrapping_sub(stamp(&answer));
        assert!(ahead < 128, "{ahead} ms");
    }
}

#[test]
fn a_guess_a_forged_option_and_a_stray_ack_make_no_connection() {
    let (mut host, link, listener) = always();
    let answer = syn_ack(&mut host, link, NOW, &syn(somebody(3), here(), 7, usual_options(5)));
    let good = answer.answer(6);
    let mut guess = good.clone();
    guess.header.ack += 8;
    let mut class = good.clone();
    class.header.ack += 1;
    let mut forged = good.clone();
    forged.header.options.timestamps.as_mut().unwrap().echo ^= 1;
    let mut other_port = good.clone();
    other_port.from.set_port(9);
    other_port.header.src_port = 9;
    let mut other_isn = good.clone();
    other_isn.header.seq += 1;
    for (n, bad) in (1..).zip([guess, class, forged, other_port, other_isn]) {
        let heard = say(&mut host, link, NOW, &bad);
        assert_eq!(heard[0].flags(), Flags::RST, "{bad:?}");
        assert_eq!(counter(&host, "syn_cookies_rejected"), n);
    }
    assert!(host.accept(listener).is_none());
    say(&mut host, link, NOW, &good);
    assert!(host.accept(listener).is_some());
}

#[test]
fn a_cookie_is_believed_for_a_minute_and_not_for_three() {
    for (secs, believed) in [(0, true), (60, true), (129, false), (180, false)] {
        let (mut host, link, listener) = always();
        let answer = syn_ack(&mut host, link, NOW, &syn(somebody(3), here(), 7, usual_options(5)));
        // Somebody else keeps the listener looking for cookies.
        let later = NOW + Duration::from_secs(secs);
        syn_ack(&mut host, link, later, &syn(somebody(4), here(), 8, usual_options(5)));
        say(&mut host, link, later, &answer.answer(6));
        assert_eq!(host.accept(listener).is_some(), believed, "after {secs} s");
    }
}

#[test]
fn a_listener_that_sent_no_cookie_lately_believes_none() {
    let (mut host, link, listener) = listening(SynCookies::WhenFull, Keys::from_seed(1));
    let (mut sender, its_link, _) = always();
    let answer =
        syn_ack(&mut sender, its_link, NOW, &syn(somebody(3), here(), 7, usual_options(5)));
    let heard = say(&mut host, link, NOW, &answer.answer(6));
    assert_eq!(heard[0].flags(), Flags::RST);
    assert_eq!(counter(&host, "syn_cookies_rejected"), 0);
    assert!(host.accept(listener).is_none());
}

#[test]
fn hosts_that_share_a_key_finish_each_others_handshakes() {
    let shared = CookieKeys { current: [7; 16], previous: None };
    let keys = |seed| Keys { cookies: Some(shared), ..Keys::from_seed(seed) };
    let (mut one, link, _) = listening(SynCookies::Always, keys(1));
    let (mut other, other_link, listener) = listening(SynCookies::WhenFull, keys(2));
    let answer = syn_ack(&mut one, link, NOW, &syn(somebody(3), here(), 7, usual_options(5)));
    say(&mut other, other_link, NOW, &answer.answer(6).with_text(b"hello"));
    let id = accepted(&mut other, listener);
    assert_eq!(other.read_chunk(NOW, id, 64), Text::Got("hello".into()));
    // Its timestamps go on where the SYN,ACK's were.
    let ack = hear(&mut other, NOW + Duration::from_millis(50));
    let stamp = |said: &Said| said.header.options.timestamps.unwrap().value;
    other.write(id, b"x").unwrap();
    let text = hear(&mut other, NOW).pop().unwrap();
    assert!(stamp(&text).wrapping_sub(stamp(&answer)) < 200, "{ack:?} {text:?}");
}

#[test]
fn a_replaced_key_is_believed_until_the_next_replacement() {
    for (replacements, believed) in [(1, true), (2, false)] {
        let (mut host, link, listener) = always();
        let answer = syn_ack(&mut host, link, NOW, &syn(somebody(3), here(), 7, usual_options(5)));
        for n in 0..replacements {
            host.replace_cookie_key([n; 16]);
        }
        say(&mut host, link, NOW, &answer.answer(6));
        assert_eq!(host.accept(listener).is_some(), believed, "{replacements} replacements");
    }
}

#[test]
fn a_full_accept_queue_drops_the_cookie_that_comes_back_and_takes_it_later() {
    let config = Config { syn_cookies: SynCookies::Always, ..Config::default() };
    let (mut host, link) = host(config, Keys::from_seed(1));
    let listener = host.listen(here(), 1).unwrap();
    let answers: Vec<Said> = (0..2)
        .map(|n| syn_ack(&mut host, link, NOW, &syn(somebody(n), here(), 7, usual_options(5))))
        .collect();
    say(&mut host, link, NOW, &answers[0].answer(6));
    let heard = say(&mut host, link, NOW, &answers[1].answer(6).with_text(b"early"));
    assert!(heard.is_empty(), "neither acknowledged nor reset: {heard:?}");
    assert_eq!(counter(&host, "dropped_accept_queue_full"), 1);
    accepted(&mut host, listener);
    say(&mut host, link, NOW, &answers[1].answer(6).with_text(b"early"));
    accepted(&mut host, listener);
}

#[test]
fn with_cookies_off_a_full_queue_drops() {
    let config = Config { syn_cookies: SynCookies::Off, syn_queue: 10, ..Config::default() };
    let (mut host, link) = host(config, Keys::from_seed(1));
    host.listen(here(), 100).unwrap();
    let answered: usize = (0..30)
        .map(|n| say(&mut host, link, NOW, &syn(somebody(n), here(), n, usual_options(5))).len())
        .sum();
    assert_eq!(answered, 10);
    assert_eq!(counter(&host, "dropped_syn_queue_full"), 20);
    assert_eq!(counter(&host, "syn_cookies_sent"), 0);
}

#[test]
fn cookies_work_over_ipv6() {
    let (mut host, link, _) = always();
    let at = SocketAddr::from(([0xfd71, 0, 0, 0, 0, 0, 0, 1u16], 80));
    host.close_listener(NOW, osier_host::ListenerId(0));
    let listener = host.listen(at, 5).unwrap();
    let from = SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 9u16], 4_321));
    let options = Options { mss: Some(1_440), ..usual_options(5) };
    let answer = syn_ack(&mut host, link, NOW, &syn(from, at, 7, options));
    say(&mut host, link, NOW, &answer.answer(6));
    let id = accepted(&mut host, listener);
    assert_eq!(host.tcp_info(id, NOW).unwrap().snd_mss, 1_428);
}
