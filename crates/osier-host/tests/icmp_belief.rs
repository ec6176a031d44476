//! Which ICMP errors does a host believe? (RFC 5927 §4, RFC 5461 §4)

mod stranger;

use core::net::SocketAddr;
use osier_host::{Config, ConnectionId, Event, Host, Keys};
use osier_ip::LinkId;
use osier_tcp::Ending;
use osier_tcp::PathMtuChange;
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::icmpv4::{Message, unreachable};
use osier_wire::tcp::Options;
use stranger::{HOST_V4, Said, counter, hear, host, router_says, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

const fn too_big(mtu: u16) -> Message {
    let code = unreachable::FRAGMENTATION_NEEDED;
    Message::DestinationUnreachable { code, next_hop_mtu: mtu }
}

/// A connection with a segment in flight, and that segment.
fn in_flight() -> (Host, LinkId, ConnectionId, Said) {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let listener = host.listen(here(), 100).unwrap();
    let from = SocketAddr::from(([203, 0, 113, 9], 4_321));
    let options = Options { timestamps: None, ..usual_options(0) };
    let answer = say(&mut host, link, NOW, &syn(from, here(), 7_000, options)).remove(0);
    say(&mut host, link, NOW, &answer.answer(100));
    let (id, _) = host.accept(listener).unwrap();
    while host.poll_event().is_some() {}
    host.write(id, &[b'x'; 1_000]).unwrap();
    let sent = hear(&mut host, NOW).pop().unwrap();
    assert_eq!(sent.text.len(), 1_000);
    (host, link, id, sent)
}

fn mss(host: &Host, id: ConnectionId) -> u32 {
    u32::from(host.info(id).unwrap().mss)
}

#[test]
fn a_report_that_quotes_what_is_in_flight_is_believed_and_remembered() {
    let (mut host, link, id, sent) = in_flight();
    host.on_frame(NOW, link, router_says(&too_big(600), &sent, sent.header.seq));
    assert_eq!((mss(&host, id), host.usage().paths), (560, 1));
    assert_eq!(counter(&host, "path_mtu_learned"), 1);
    let told: Vec<Event> = core::iter::from_fn(|| host.poll_event()).collect();
    assert_eq!(told, [Event::PathMtu(id, PathMtuChange::Reported)]);
    let again = hear(&mut host, NOW);
    assert!(!again.is_empty() && again.iter().all(|said| said.text.len() <= 560));
}

#[test]
fn a_report_that_quotes_anything_else_changes_nothing_and_is_not_remembered() {
    let (mut host, link, id, sent) = in_flight();
    let seq = sent.header.seq;
    for guess in [seq - 1, seq + 1_000, SeqNumber(0), seq + (1 << 31)] {
        host.on_frame(NOW, link, router_says(&too_big(600), &sent, guess));
    }
    assert_eq!((mss(&host, id), host.usage().paths), (1_460, 0));
    assert_eq!(counter(&host, "icmp_outside_flight"), 4);
    assert_eq!(counter(&host, "path_mtu_learned"), 0);
    assert!(hear(&mut host, NOW).is_empty());
}

#[test]
fn a_hard_error_does_not_end_an_open_connection_even_if_it_quotes_what_is_in_flight() {
    let (mut host, link, id, sent) = in_flight();
    let error = Message::DestinationUnreachable { code: unreachable::PORT, next_hop_mtu: 0 };
    host.on_frame(NOW, link, router_says(&error, &sent, sent.header.seq));
    let told: Vec<Event> = core::iter::from_fn(|| host.poll_event()).collect();
    assert!(!told.iter().any(|event| matches!(event, Event::Closed(..))), "{told:?}");
    assert!(host.info(id).is_some());
    assert_eq!(counter(&host, "soft_errors"), 1);
}

#[test]
fn a_hard_error_ends_an_attempt_only_if_it_quotes_our_syn() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let to = SocketAddr::from(([203, 0, 113, 9], 80));
    let id = host.connect(NOW, to, None).unwrap();
    let syn = hear(&mut host, NOW).pop().unwrap();
    let error = Message::DestinationUnreachable { code: unreachable::PORT, next_hop_mtu: 0 };
    host.on_frame(NOW, link, router_says(&error, &syn, syn.header.seq + 1));
    assert_eq!(host.poll_event(), None);
    host.on_frame(NOW, link, router_says(&error, &syn, syn.header.seq));
    assert_eq!(host.poll_event(), Some(Event::Closed(id, Ending::Refused)));
}

#[test]
fn a_report_about_a_datagram_teaches_tcp_nothing() {
    let (mut host, link, id, sent) = in_flight();
    host.udp_bind(here()).unwrap();
    let frame = router_says(&too_big(600), &sent, sent.header.seq);
    let mut bytes = frame.bytes.to_vec();
    // The protocol of the quoted packet: UDP; its header's sum is not checked in a quotation.
    bytes[20 + 8 + 9] = 17;
    bytes[22..24].copy_from_slice(&[0, 0]);
    let checksum = osier_wire::checksum::Sum::default().and(&bytes[20..]).checksum();
    bytes[22..24].copy_from_slice(&checksum.to_be_bytes());
    let frame = osier_wire::Received { bytes: bytes.into(), offload: frame.offload };
    host.on_frame(NOW, link, frame);
    assert_eq!((mss(&host, id), host.usage().paths), (1_460, 0));
}
