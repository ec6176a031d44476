//! Does a host keep what RFC 9293 asks of it, where no other test shows it?
//!
//! Frames are made by hand where no honest peer would send them. One test for a requirement, named
//! in its comment as in appendix B; `docs/rfc/9293.md` has the list of all.

mod pair;
mod stranger;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use osier_host::{Config, ConnectionId, Error, Event, Host, Keys, ListenerId};
use osier_ip::{Cidr, LinkId};
use osier_tcp::{Ending, State, Trouble};
use osier_time::{Duration, Instant};
use osier_wire::checksum::Sum;
use osier_wire::offload::Offload;
use osier_wire::tcp::{Flags, Options};
use osier_wire::{Protocol, Received, SeqNumber, icmpv4, ipv4, tcp};
use pair::{Cable, Pair, Side, v4};
use stranger::{HOST_V4, Said, counter, hear, host, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

fn here_v6() -> SocketAddr {
    "[fd71::1]:80".parse().unwrap()
}

fn peer() -> SocketAddr {
    "192.0.2.9:4321".parse().unwrap()
}

fn peer_v6() -> SocketAddr {
    "[2001:db8::9]:4321".parse().unwrap()
}

fn listening() -> (Host, LinkId, ListenerId) {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let listener = host.listen("[::]:80".parse().unwrap(), 100).unwrap();
    (host, link, listener)
}

/// Completes the handshake that `syn` begins; the last word of the host, and the connection.
fn open(
    (host, link, listener): &mut (Host, LinkId, ListenerId),
    syn: &Said,
) -> (Said, ConnectionId) {
    let syn_ack = say(host, *link, NOW, syn)[0].clone();
    assert_eq!(syn_ack.flags(), Flags::SYN | Flags::ACK);
    say(host, *link, NOW, &syn_ack.answer(1));
    (syn_ack, host.accept(*listener).expect("a connection").0)
}

/// Sums up a frame of IPv4 whose bytes were changed by hand: the header, then TCP or ICMP.
fn sealed(mut bytes: Vec<u8>) -> Received {
    let at = usize::from(bytes[0] & 15) * 4;
    let total = bytes.len() as u16;
    bytes[2..4].copy_from_slice(&total.to_be_bytes());
    bytes[10..12].fill(0);
    let sum = Sum::of(&bytes[..at]).checksum();
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
    let address = |from: usize| {
        IpAddr::from([bytes[from], bytes[from + 1], bytes[from + 2], bytes[from + 3]])
    };
    let (pseudo, field) = match Protocol(bytes[9]) {
        Protocol::TCP => {
            let len = bytes.len() - at;
            (Sum::pseudo_header(address(12), address(16), Protocol::TCP, len), tcp::CHECKSUM_OFFSET)
        }
        _ => (Sum::ZERO, icmpv4::CHECKSUM_OFFSET),
    };
    bytes[at + field..][..2].fill(0);
    let sum = pseudo.and(&bytes[at..]).checksum();
    bytes[at + field..][..2].copy_from_slice(&sum.to_be_bytes());
    Received { bytes: bytes.into(), offload: Offload::NONE }
}

/// The SYN with these option bytes.
fn syn_with(from: SocketAddr, options: &[u8]) -> Received {
    let mut bytes = syn(from, here(), 7, Options::default()).frame().bytes.to_vec();
    bytes.extend_from_slice(options);
    bytes[20 + 12] = ((20 + options.len()) as u8 / 4) << 4;
    sealed(bytes)
}

fn tell(host: &mut Host, link: LinkId, frame: Received) -> Vec<Said> {
    host.on_frame(NOW, link, frame);
    hear(host, NOW)
}

/// [MUST-3].
#[test]
fn a_segment_with_a_wrong_checksum_is_dropped() {
    let (mut host, link, _) = listening();
    for (from, to) in [(peer(), here()), (peer_v6(), here_v6())] {
        let good = syn(from, to, 7, usual_options(1)).frame();
        let mut bytes = good.bytes.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        let damaged = Received { bytes: bytes.into(), offload: Offload::NONE };
        assert!(tell(&mut host, link, damaged).is_empty());
        assert_eq!(tell(&mut host, link, good).len(), 1);
    }
    assert_eq!(counter(&host, "dropped_bad_checksum"), 2);
}

/// [MUST-2].
#[test]
fn every_segment_leaves_with_a_good_checksum() {
    let mut all = listening();
    for (from, to) in [(peer(), here()), (peer_v6(), here_v6())] {
        let (_, id) = open(&mut all, &syn(from, to, 7, usual_options(1)));
        all.0.write(id, b"text").unwrap();
        let mut segments = 0;
        while let Some((_, frame)) = all.0.poll_transmit(NOW) {
            let bytes: Vec<u8> = frame.parts().flatten().copied().collect();
            let (ip, payload) = osier_wire::ip::Header::parse(&bytes).unwrap();
            let segment = &bytes[payload];
            let sum = Sum::pseudo_header(ip.src(), ip.dst(), Protocol::TCP, segment.len());
            assert!(sum.and(segment).verifies());
            segments += 1;
        }
        assert!(segments > 0);
    }
}

/// [MUST-6, MUST-7]: none of these keeps a SYN from being answered.
#[test]
fn unknown_and_illegal_options_are_survived() {
    let cases: [(&str, &[u8]); 7] = [
        ("an unknown kind", &[253, 4, 9, 9]),
        ("an unknown kind without data", &[77, 2, 1, 1]),
        ("length zero", &[253, 0, 9, 9]),
        ("length one", &[253, 1, 9, 9]),
        ("beyond the header", &[253, 40, 9, 9]),
        ("an MSS of a wrong length", &[2, 3, 9, 1]),
        ("a kind in the last octet", &[1, 1, 1, 253]),
    ];
    let (mut host, link, _) = listening();
    for (n, (what, options)) in cases.into_iter().enumerate() {
        let from = SocketAddr::new(peer().ip(), 5_000 + n as u16);
        let answer = tell(&mut host, link, syn_with(from, options));
        assert_eq!(answer.len(), 1, "{what}");
        assert_eq!(answer[0].flags(), Flags::SYN | Flags::ACK, "{what}");
    }
}

/// The longest text of what a host sends after a handshake with these option bytes in the SYN.
fn longest_text(options: &[u8]) -> usize {
    let mut all = listening();
    let answer = tell(&mut all.0, all.1, syn_with(peer(), options))[0].clone();
    longest_after(&mut all, &answer)
}

fn longest_after(all: &mut (Host, LinkId, ListenerId), syn_ack: &Said) -> usize {
    let mut third = syn_ack.answer(1);
    third.header.window = 0xFFFF;
    say(&mut all.0, all.1, NOW, &third);
    let (id, _) = all.0.accept(all.2).expect("a connection");
    all.0.write(id, &[7; 6_000]).unwrap();
    hear(&mut all.0, NOW).iter().map(|said| said.text.len()).max().unwrap()
}

/// [MUST-64]: the MSS option at every offset; [MUST-4]: NOP before it, the end of the list behind.
#[test]
fn options_are_read_at_any_alignment() {
    assert_eq!(longest_text(&[2, 4, 3, 232]), 1_000);
    assert_eq!(longest_text(&[1, 2, 4, 3, 232, 0, 0, 0]), 1_000);
    assert_eq!(longest_text(&[1, 1, 2, 4, 3, 232, 0, 2]), 1_000);
    assert_eq!(longest_text(&[253, 3, 9, 2, 4, 3, 232, 0]), 1_000);
}

/// [MUST-15], IPv4.
#[test]
fn a_peer_that_names_no_mss_takes_536_octets_over_ipv4() {
    assert_eq!(longest_text(&[]), 536);
}

/// [MUST-15], IPv6.
#[test]
fn a_peer_that_names_no_mss_takes_1220_octets_over_ipv6() {
    let mut all = listening();
    let plain = syn(peer_v6(), here_v6(), 7, Options::default());
    let answer = say(&mut all.0, all.1, NOW, &plain)[0].clone();
    assert_eq!(longest_after(&mut all, &answer), 1_220);
}

/// [MUST-57, MUST-63]: neither a SYN nor anything else, to a group or from one, is answered.
#[test]
fn what_goes_to_a_group_or_comes_from_one_is_dropped_in_silence() {
    let (mut host, link, _) = listening();
    let groups = ["255.255.255.255", "224.0.0.1", "10.71.0.255"];
    let mut cases: Vec<(SocketAddr, SocketAddr)> = Vec::new();
    for group in groups.map(|group| group.parse::<IpAddr>().unwrap()) {
        cases.push((peer(), SocketAddr::new(group, 80)));
        cases.push((SocketAddr::new(group, 4_321), here()));
    }
    cases.push((peer_v6(), "[ff02::1]:80".parse().unwrap()));
    cases.push(("[ff02::1]:4321".parse().unwrap(), here_v6()));
    cases.push(("0.0.0.0:4321".parse().unwrap(), here()));
    cases.push(("[::]:4321".parse().unwrap(), here_v6()));
    for (from, to) in cases {
        for flags in [Flags::SYN, Flags::ACK, Flags::SYN | Flags::ACK, Flags::FIN | Flags::ACK] {
            let mut said = syn(from, to, 7, Options::default());
            said.header.flags = flags;
            assert_eq!(say(&mut host, link, NOW, &said).len(), 0, "{flags} from {from} to {to}");
        }
    }
    assert_eq!(host.usage().handshakes, 0);
}

/// [MUST-46], both rows.
#[test]
fn no_connection_is_opened_to_a_group_or_to_nobody() {
    let (mut host, _) = host(Config::default(), Keys::from_seed(1));
    for to in ["255.255.255.255:80", "224.0.0.1:80", "10.71.0.255:80", "[ff02::1]:80"] {
        let refused = host.connect(NOW, to.parse().unwrap(), None);
        assert_eq!(refused, Err(Error::InvalidInput), "{to}");
    }
    for to in ["240.0.0.1:80", "0.1.2.3:80"] {
        assert!(host.connect(NOW, to.parse().unwrap(), None).is_err(), "{to}");
    }
    assert_eq!(hear(&mut host, NOW).len(), 0);
}

/// [MUST-50]: a timestamp, a record of the route and one that nobody knows.
#[test]
fn options_of_ip_that_mean_nothing_to_us_are_ignored() {
    let (mut host, link, _) = listening();
    let cases: [&[u8]; 3] =
        [&[68, 8, 5, 0, 0, 0, 0, 0], &[7, 7, 4, 0, 0, 0, 0, 0], &[0x9E, 4, 1, 2]];
    for (n, options) in cases.into_iter().enumerate() {
        let from = SocketAddr::new(peer().ip(), 5_000 + n as u16);
        let plain = syn(from, here(), 7, Options::default()).frame().bytes;
        let mut bytes = plain[..20].to_vec();
        bytes.extend_from_slice(options);
        bytes.extend_from_slice(&plain[20..]);
        bytes[0] = 0x45 + options.len() as u8 / 4;
        let answer = tell(&mut host, link, sealed(bytes));
        assert_eq!(answer.len(), 1, "{options:?}");
    }
}

/// An ICMP message that quotes what a host said.
fn icmp_about(said: &Said, message: icmpv4::Message) -> Received {
    let quoted = said.frame().bytes;
    let mut bytes = vec![0; 20];
    let (IpAddr::V4(dst), src) = (said.from.ip(), Ipv4Addr::new(192, 0, 2, 254)) else { panic!() };
    let header = ipv4::Header {
        src,
        dst,
        protocol: Protocol::ICMP,
        ttl: 64,
        tos: 0,
        identification: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        payload_len: 0,
        options: ipv4::Options::NONE,
    };
    header.emit(&mut bytes);
    let mut body = [0; 8];
    message.emit(&mut body);
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(&quoted[..28]);
    sealed(bytes)
}

fn unreachable(code: u8) -> icmpv4::Message {
    icmpv4::Message::DestinationUnreachable { code, next_hop_mtu: 0 }
}

/// The soft errors of RFC 9293 §3.9.2.2.
fn soft_errors() -> [icmpv4::Message; 6] {
    [
        unreachable(0),
        unreachable(1),
        unreachable(5),
        icmpv4::Message::TimeExceeded { code: 0 },
        icmpv4::Message::TimeExceeded { code: 1 },
        icmpv4::Message::ParameterProblem { code: 0, pointer: 9 },
    ]
}

/// A host that has just called somebody: its SYN and the attempt.
fn calling() -> (Host, LinkId, Said, ConnectionId) {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let id = host.connect(NOW, peer(), None).unwrap();
    let syn = hear(&mut host, NOW)[0].clone();
    (host, link, syn, id)
}

fn events(host: &mut Host) -> Vec<Event> {
    core::iter::from_fn(|| host.poll_event()).collect()
}

/// [MUST-56, SHLD-25, MUST-47]: told, and nothing is broken off: neither an attempt …
#[test]
fn a_soft_error_ends_no_attempt_and_is_told() {
    for message in soft_errors() {
        let (mut host, link, syn, id) = calling();
        tell(&mut host, link, icmp_about(&syn, message));
        assert_eq!(events(&mut host), [Event::Trouble(id, Trouble::Unreachable)], "{message:?}");
        assert_eq!(host.sockets()[0].state, Some(State::SynSent), "{message:?}");
    }
}

/// … nor an open connection.
#[test]
fn a_soft_error_ends_no_connection_and_is_told() {
    for message in soft_errors() {
        let mut all = listening();
        let (_, id) = open(&mut all, &syn(peer(), here(), 7, usual_options(1)));
        all.0.write(id, b"in flight").unwrap();
        let sent = hear(&mut all.0, NOW).pop().unwrap();
        events(&mut all.0);
        tell(&mut all.0, all.1, icmp_about(&sent, message));
        let told = events(&mut all.0);
        assert_eq!(told, [Event::Trouble(id, Trouble::Unreachable)], "{message:?}");
        assert_eq!(all.0.write(id, b"more"), Ok(4), "{message:?}");
    }
}

/// [SHLD-26]: protocol and port unreachable end an attempt, and by RFC 5927 no open connection.
#[test]
fn a_hard_error_ends_an_attempt_and_no_connection() {
    for code in [2, 3] {
        let (mut host, link, syn, id) = calling();
        tell(&mut host, link, icmp_about(&syn, unreachable(code)));
        assert_eq!(events(&mut host), [Event::Closed(id, Ending::Refused)]);

        let mut all = listening();
        let (_, id) = open(&mut all, &stranger::syn(peer(), here(), 7, usual_options(1)));
        all.0.write(id, b"in flight").unwrap();
        let sent = hear(&mut all.0, NOW).pop().unwrap();
        tell(&mut all.0, all.1, icmp_about(&sent, unreachable(code)));
        assert_eq!(all.0.write(id, b"more"), Ok(4));
    }
}

/// [MUST-54]: the error reaches the connection that it is about, and no other.
#[test]
fn an_icmp_error_concerns_the_connection_that_it_quotes() {
    let (mut host, link, first, _) = calling();
    let second = host.connect(NOW, peer(), None).unwrap();
    let second_syn = hear(&mut host, NOW)[0].clone();
    assert_ne!(first.from, second_syn.from);
    tell(&mut host, link, icmp_about(&second_syn, unreachable(3)));
    assert_eq!(events(&mut host), [Event::Closed(second, Ending::Refused)]);
}

/// RFC 5927 §7, RFC 8201 §7: who has not seen our segments does not lower the MTU of a path.
#[test]
fn too_big_is_believed_about_what_is_in_flight_alone() {
    let mut all = listening();
    let (_, id) = open(&mut all, &syn(peer(), here(), 7, usual_options(1)));
    all.0.write(id, b"in flight").unwrap();
    let sent = hear(&mut all.0, NOW).pop().unwrap();
    let before = all.0.tcp_info(id, NOW).map(|info| info.pmtu);
    let too_big = icmpv4::Message::DestinationUnreachable { code: 4, next_hop_mtu: 600 };
    let mut forged = sent.clone();
    forged.header.seq += 1_000_000;
    tell(&mut all.0, all.1, icmp_about(&forged, too_big));
    assert_eq!(all.0.tcp_info(id, NOW).map(|info| info.pmtu), before);
    tell(&mut all.0, all.1, icmp_about(&sent, too_big));
    assert_eq!(all.0.tcp_info(id, NOW).map(|info| info.pmtu), Some(600));
}

/// [MUST-55].
#[test]
fn a_source_quench_changes_nothing() {
    let mut all = listening();
    let (_, id) = open(&mut all, &syn(peer(), here(), 7, usual_options(1)));
    all.0.write(id, b"in flight").unwrap();
    let sent = hear(&mut all.0, NOW).pop().unwrap();
    events(&mut all.0);
    let before = all.0.tcp_info(id, NOW);
    let quench = icmpv4::Message::Unknown { kind: 4, code: 0, rest: [0; 4] };
    tell(&mut all.0, all.1, icmp_about(&sent, quench));
    assert_eq!(events(&mut all.0), []);
    assert_eq!(all.0.tcp_info(id, NOW), before);
}

/// [MUST-41, MUST-42]: listeners at one port of two addresses, and of a port that a connection has.
#[test]
fn a_passive_open_disturbs_nobody() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let second: IpAddr = "10.71.0.77".parse().unwrap();
    host.add_address(NOW, link, Cidr { address: second, prefix_len: 24 });
    let first = host.listen(here(), 8).unwrap();
    let mut all = (host, link, first);
    let (syn_ack, id) = open(&mut all, &syn(peer(), here(), 7, usual_options(1)));
    let (mut host, ..) = all;

    let other = host.listen(SocketAddr::new(second, 80), 8).unwrap();
    host.close_listener(NOW, first);
    host.listen("0.0.0.0:80".parse().unwrap(), 8).expect_err("the second one has the port");
    let again = host.listen(here(), 8).expect("a connection holds no port against a listener");
    assert_eq!(host.write(id, b"still here"), Ok(10));
    assert_eq!(hear(&mut host, NOW)[0].text, "still here");

    let knock = syn(peer(), SocketAddr::new(second, 80), 7, usual_options(1));
    let answer = say(&mut host, link, NOW, &knock)[0].clone();
    say(&mut host, link, NOW, &answer.answer(1));
    assert!(host.accept(other).is_some() && host.accept(again).is_none());
    // The segments of the connection still reach it, and no listener.
    let mut text = syn_ack.answer(2).with_text(b"hello");
    text.header.ack = syn_ack.header.seq + 11;
    say(&mut host, link, NOW, &text);
    assert_eq!(host.read_chunk(NOW, id, 9), osier_tcp::Text::Got("hello".into()));
}

/// [MUST-43, MUST-44, MUST-45].
#[test]
fn a_connection_keeps_the_address_that_it_was_given_or_that_ip_chose() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let second: SocketAddr = "10.71.0.77:0".parse().unwrap();
    host.add_address(NOW, link, Cidr { address: second.ip(), prefix_len: 24 });
    let wished = host.connect(NOW, peer(), Some(second)).unwrap();
    let syn = hear(&mut host, NOW)[0].clone();
    assert_eq!(syn.from.ip(), second.ip(), "as the user wished");

    host.connect(NOW, SocketAddr::new(peer().ip(), 99), None).unwrap();
    assert_eq!(hear(&mut host, NOW)[0].from.ip(), IpAddr::from(HOST_V4), "as IP chose");

    let mut answer = syn.answer(1);
    answer.header.flags = Flags::SYN | Flags::ACK;
    answer.header.seq = SeqNumber(500);
    answer.header.options = usual_options(1);
    let third = say(&mut host, link, NOW, &answer);
    assert_eq!(third[0].from, syn.from);
    host.write(wished, b"text").unwrap();
    assert_eq!(hear(&mut host, NOW)[0].from, syn.from);
}

/// [MUST-20]: three timeouts make IP ask whether the next hop is still there, long before it would
/// have asked by itself.
#[test]
fn a_peer_that_falls_silent_makes_ip_doubt_the_next_hop() {
    let mut pair = Pair::new(Cable::default(), &Config::default());
    pair.meet();
    let listener = pair.listen("0.0.0.0:80".parse().unwrap(), 8);
    let (client, _) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    // By now they have asked each other, and believe the answers for half a minute.
    pair.a.host.write(client, b"hello").unwrap();
    pair.run_for(Duration::from_secs(8));
    pair.a.host.write(client, b"anybody?").unwrap();
    let asked = std::rc::Rc::new(core::cell::Cell::new(0));
    let heard = asked.clone();
    pair.lose = Some(Box::new(move |side, frame| {
        let arp = frame.bytes[12..14] == [0x08, 0x06];
        let question = arp && frame.bytes[20..22] == [0, 1];
        heard.set(heard.get() + u32::from(question && side == Side::A));
        !arp
    }));
    pair.run_for(Duration::from_secs(12));
    assert_eq!(asked.get(), 1, "the neighbour is asked, and answers");
    assert!(pair.a.events.contains(&Event::Trouble(client, Trouble::Unanswered)));
}

/// RFC 6056 §3.2: the profiles differ in the range of ephemeral ports.
#[test]
fn ephemeral_ports_are_those_of_the_profile() {
    for (config, range) in [(Config::rfc(), 1_024..=65_535), (Config::linux(), 32_768..=60_999)] {
        let (mut host, _) = host(config, Keys::from_seed(1));
        let mut low = u16::MAX;
        for n in 0..400 {
            host.connect(NOW, SocketAddr::new(peer().ip(), 1 + n), None).unwrap();
            let port = hear(&mut host, NOW)[0].from.port();
            assert!(range.contains(&port), "{port}");
            low = low.min(port);
        }
        assert_eq!(low < 32_768, *range.start() == 1_024, "{low}");
    }
}

/// RFC 1191 §3.
#[test]
fn segments_leave_with_df() {
    let mut all = listening();
    let (_, id) = open(&mut all, &syn(peer(), here(), 7, usual_options(1)));
    all.0.write(id, &[7; 5_000]).unwrap();
    let mut segments = 0;
    while let Some((_, frame)) = all.0.poll_transmit(NOW) {
        let bytes: Vec<u8> = frame.parts().flatten().copied().collect();
        let (header, _) = ipv4::Header::parse(&bytes).unwrap();
        assert!(header.dont_fragment);
        segments += 1;
    }
    assert!(segments > 3);
}
