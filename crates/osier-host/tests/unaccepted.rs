//! What may connections hold that nobody has accepted?

mod stranger;

use core::net::SocketAddr;
use osier_host::{Config, Host, Keys};
use osier_ip::LinkId;
use osier_time::Instant;
use osier_wire::tcp::Options;
use stranger::{HOST_V4, Said, counter, host, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);

/// The bounds of `unaccepted.rs`.
const SEGMENTS_MAX: u32 = 8_192;
const OCTETS_MAX: u32 = 16 << 20;

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

/// Connects from this port; the segment that a peer would send next.
fn connect(host: &mut Host, link: LinkId, port: u16) -> Said {
    let from = SocketAddr::from(([192, 0, 2, 9], port));
    let options = Options { timestamps: None, ..usual_options(0) };
    let answer = say(host, link, NOW, &syn(from, here(), 7, options)).remove(0);
    let ack = answer.answer(0);
    say(host, link, NOW, &ack);
    ack
}

/// Sends text from there on, so many times, `text` octets each.
fn send(host: &mut Host, link: LinkId, from: &Said, text: &'static [u8], times: u32) {
    let mut next = from.clone().with_text(text);
    for _ in 0..times {
        say(host, link, NOW, &next);
        next.header.seq += text.len() as u32;
    }
}

static TEXT: [u8; 1_400] = [b'x'; 1_400];

#[test]
fn small_segments_to_unaccepted_connections_are_bounded_in_number() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let listener = host.listen(here(), 100).unwrap();
    for port in 1_000..1_010 {
        let from = connect(&mut host, link, port);
        send(&mut host, link, &from, b"a", 1_000);
    }
    assert_eq!(host.unaccepted(listener), Some((SEGMENTS_MAX, SEGMENTS_MAX)));
    let over = 10_000 - u64::from(SEGMENTS_MAX);
    assert_eq!(counter(&host, "dropped_unaccepted_full"), over);
}

#[test]
fn octets_held_by_unaccepted_connections_are_bounded_and_free_when_accepted() {
    let wide = osier_tcp::Config { receive_buffer: (1 << 20).into(), ..Default::default() };
    let config = Config { tcp: wide, ..Config::default() };
    let (mut host, link) = host(config, Keys::from_seed(1));
    let listener = host.listen(here(), 100).unwrap();
    let mut last = None;
    for port in 1_000..1_030 {
        let from = connect(&mut host, link, port);
        send(&mut host, link, &from, &TEXT, 700);
        last = Some(from);
    }
    let (segments, octets) = host.unaccepted(listener).unwrap();
    assert!(segments <= SEGMENTS_MAX && octets <= OCTETS_MAX, "{segments} {octets}");
    assert!(counter(&host, "dropped_unaccepted_full") > 0);
    let mut held = 0;
    while let Some((id, _)) = host.accept(listener) {
        held += host.info(id).unwrap().receive_queue;
    }
    assert_eq!(held, octets, "what is counted is what is held");
    assert_eq!(host.unaccepted(listener), Some((0, 0)));
    // What was dropped comes again and is taken now.
    let dropped = counter(&host, "dropped_unaccepted_full");
    send(&mut host, link, &last.unwrap(), &TEXT, 10);
    assert_eq!(counter(&host, "dropped_unaccepted_full"), dropped);
}

#[test]
fn a_closed_listener_leaves_nothing_counted() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let listener = host.listen(here(), 100).unwrap();
    let from = connect(&mut host, link, 1_000);
    send(&mut host, link, &from, &TEXT, 5);
    assert_eq!(host.unaccepted(listener), Some((5, 7_000)));
    host.close_listener(NOW, listener);
    assert_eq!(host.unaccepted(listener), None);
    let again = host.listen(here(), 100).unwrap();
    assert_eq!(host.unaccepted(again), Some((0, 0)));
}
