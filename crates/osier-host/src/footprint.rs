//! How much memory does an entry of which there may be many take?
//!
//! Counted over its place, the lists that it may stand in and its share of the flow table, after
//! every insertion, so at any fill; never estimated.

use crate::config::{Config, Keys};
use crate::flow::FlowKey;
use crate::half_open::Handshake;
use crate::host::Host;
use crate::slots::Slots;
use crate::time_wait::Entry;
use core::net::{Ipv4Addr, SocketAddr};
use osier_tcp::{HalfOpen, Notes, Opening, Recording, Segment, TimeWait};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// Entries; below the second number shares are not yet worth the name.
const MANY: u32 = 60_000;
const FEW: u32 = 1_000;

fn key(n: u32) -> FlowKey {
    let remote = SocketAddr::from((Ipv4Addr::from(0x6400_0000 + n), 4_000));
    FlowKey::new(SocketAddr::from(([10, 0, 0, 1], 80)), remote).unwrap()
}

fn host() -> Host {
    let config = Config { syn_queue: MANY as usize, ..Config::default() };
    Host::new(config, Keys::from_seed(1))
}

fn half_open() -> HalfOpen {
    let syn = Segment { flags: Flags::SYN, ..Segment::default() };
    let mut notes = Notes::new(Recording::Off);
    let opening = Opening::default();
    HalfOpen::new(Instant::ZERO, &syn, &osier_tcp::Config::default(), opening, &mut notes)
}

/// A connection that went through its whole life, as a value.
fn time_wait() -> TimeWait {
    let (config, mut notes) = (osier_tcp::Config::default(), Notes::new(Recording::Off));
    let mut ack = Segment { seq: SeqNumber(1), flags: Flags::ACK, window: 9, ..Segment::default() };
    ack.ack = SeqNumber(1);
    let now = Instant::ZERO;
    let half = half_open();
    let mut connection = half.complete(now, ack.clone(), Default::default(), &config, &mut notes);
    connection.close(&mut notes);
    while connection.poll_transmit(now, &mut notes).is_some() {}
    ack.ack = SeqNumber(2);
    ack.flags = Flags::ACK | Flags::FIN;
    connection.on_segment(now, &mut ack, Default::default(), &mut notes);
    connection.time_wait(now).expect("we closed first")
}

#[test]
fn a_handshake_takes_96_octets_and_a_connection_in_time_wait_64() {
    assert!(Slots::<Handshake>::place() <= 96, "{}", Slots::<Handshake>::place());
    assert!(Slots::<Entry>::place() <= 64, "{}", Slots::<Entry>::place());
}

#[test]
fn with_all_its_shares_a_handshake_takes_144_octets_at_any_fill() {
    let mut host = host();
    let listener = host.listen(([0, 0, 0, 0], 80).into(), 10).unwrap().0;
    let half = half_open();
    for n in 0..MANY {
        let link = Host::LOOPBACK;
        host.keep_handshake(Handshake::new(half.clone(), listener, key(n), link));
        let octets = host.handshakes.octets() + host.flows.octets();
        let share = octets / (n as usize + 1);
        assert!(n < FEW || share <= 144, "{share} octets each, with {n}");
    }
    assert_eq!(host.usage().handshakes, MANY as usize);
}

#[test]
fn with_all_its_shares_a_time_wait_takes_96_octets_at_any_fill() {
    let mut host = host();
    let time_wait = time_wait();
    for n in 0..MANY {
        host.keep_time_wait(key(n), time_wait.clone());
        let octets = host.time_waits.octets() + host.flows.octets();
        let share = octets / (n as usize + 1);
        assert!(n < FEW || share <= 96, "{share} octets each, with {n}");
    }
    assert_eq!(host.usage().time_waits, MANY as usize);
    // All end when they should, and the table is small again.
    let full = host.flows.octets();
    for _ in 0..MANY {
        host.on_deadline(Instant::ZERO + Duration::from_secs(61));
    }
    assert_eq!(host.usage().flows, 0);
    assert!(host.flows.octets() * 20 < full, "{} of {full}", host.flows.octets());
}
