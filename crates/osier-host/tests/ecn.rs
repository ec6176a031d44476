//! Do the marks of routers reach TCP, and do its own packets bear ECT(0)? (RFC 3168 §5, §6.1)
//!
//! Two hosts over a link without link headers, IPv4 and IPv6, with super-segments and without.

mod pair;

use core::net::{IpAddr, SocketAddr};
use osier_host::Config;
use osier_tcp::{Algorithm, Ecn};
use osier_wire::Received;
use osier_wire::ip::Ecn as Field;
use pair::{Cable, Pair, Side, v4, v6};
use std::sync::{Arc, Mutex};

/// The ECN field of a packet.
fn field(packet: &[u8]) -> Field {
    match packet[0] >> 4 {
        4 => Field::of(packet[1]),
        _ => Field::of(packet[0] << 4 | packet[1] >> 4),
    }
}

/// Sets it to CE, as a router does that would otherwise drop the packet.
fn mark(frame: &mut Received) {
    let mut packet = frame.bytes.to_vec();
    if packet[0] >> 4 == 4 {
        packet[1] |= 3;
        packet[10..12].fill(0);
        let words = packet[..20].chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
        let sum: u32 = words.sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    } else {
        packet[1] |= 0x30;
    }
    frame.bytes = packet.into();
}

/// Fields of what each side sent, those of packets with text first.
type Seen = Arc<Mutex<Vec<(Side, bool, Field)>>>;

/// A router that marks every eighth packet that may be marked, and writes all down.
fn watch(pair: &mut Pair) -> Seen {
    let seen = Seen::default();
    let (notes, mut nth) = (seen.clone(), 0);
    pair.router = Some(Box::new(move |side, frame| {
        let header = if frame.bytes[0] >> 4 == 4 { 20 } else { 40 };
        let text = frame.bytes.len() > header + 60;
        notes.lock().unwrap().push((side, text, field(&frame.bytes)));
        nth += u32::from(field(&frame.bytes) == Field::Ect0);
        if field(&frame.bytes) == Field::Ect0 && nth % 8 == 7 {
            mark(frame);
        }
    }));
    seen
}

fn run(ecn: Ecn, algorithm: Algorithm, offloads: bool, address: IpAddr) -> (Pair, Seen) {
    let mut config = Config::default();
    (config.tcp.sending.ecn, config.tcp.congestion) = (ecn, algorithm);
    let cable = Cable { ethernet: false, offloads, ..Cable::default() };
    let mut pair = Pair::new(cable, &config);
    let seen = watch(&mut pair);
    let any: SocketAddr = "[::]:80".parse().unwrap();
    let listener = pair.listen(any, 8);
    let (client, server) = pair.open(listener, SocketAddr::new(address, 80));
    pair.transfer((Side::A, client), server, 250_000);
    (pair, seen)
}

#[test]
fn marks_travel_from_the_ip_header_to_the_congestion_window_and_back() {
    for algorithm in Algorithm::ALL {
        for offloads in [false, true] {
            for address in [v4(Side::B), v6(Side::B)] {
                let (mut pair, seen) = run(Ecn::On, algorithm, offloads, address);
                let what = format!("{algorithm}, offloads {offloads}, {address}");
                let marks = pair.counter(Side::B, "congestion_marks_received");
                let echoes = pair.counter(Side::A, "congestion_marks_echoed");
                assert!(marks > 0 && echoes > 0 && echoes <= marks, "{what}: {marks} {echoes}");
                assert_eq!(pair.counter(Side::A, "rto_expired"), 0, "{what}");
                for (side, text, field) in seen.lock().unwrap().iter().copied() {
                    let expected = if text { Field::Ect0 } else { Field::NotEct };
                    assert_eq!(field, expected, "{what}: text {text} of {side:?}");
                }
            }
        }
    }
}

#[test]
fn nothing_bears_a_mark_unless_somebody_asks() {
    for ecn in [Ecn::Off, Ecn::WhenAsked] {
        let (_, seen) = run(ecn, Algorithm::Cubic, false, v4(Side::B));
        assert!(seen.lock().unwrap().iter().all(|(_, _, field)| *field == Field::NotEct));
    }
}
