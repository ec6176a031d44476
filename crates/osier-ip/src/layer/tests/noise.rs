//! Whatever bytes arrive: no panic, no growth.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

/// Frames that a host really sees: what two hosts say to each other.
fn good_frames() -> Vec<Received> {
    let mut wire = Wire::pair();
    for dst in ["10.0.0.2", "fd00::2", "fe80::ff:fe00:2", "10.0.0.255", "ff02::1"] {
        wire.hosts[0].send_echo(T0, ip(dst), (1, 1), Bytes::from_static(&[7; 48])).unwrap();
        wire.settle(T0);
        wire.send(T0, 0, &ToSend { protocol: Protocol::UDP, ..packet_to(&wire.hosts[0], dst) });
    }
    for (_, packet) in wire.packets() {
        wire.hosts[1].send_error(T0, &packet.datagram, ErrorToSend::PortUnreachable);
    }
    wire.hosts[0].probe_address(T0, ETH, ip("10.0.0.9"));
    wire.hosts[0].probe_address(T0, ETH, ip("fd00::9"));
    wire.settle(T0);
    wire.seen
}

/// How a good frame is spoilt.
#[derive(Clone, Debug)]
enum Spoil {
    Byte(usize, u8),
    Cut(usize),
    Append(Vec<u8>),
    /// Set right again what a header checksum covers, so that more of the code is reached.
    Reseal,
}

fn spoils() -> impl Strategy<Value = Vec<Spoil>> {
    let spoil = prop_oneof![
        4 => (0..120usize, any::<u8>()).prop_map(|(at, byte)| Spoil::Byte(at, byte)),
        1 => (0..120usize).prop_map(Spoil::Cut),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Spoil::Append),
        3 => Just(Spoil::Reseal),
    ];
    proptest::collection::vec(spoil, 0..6)
}

fn spoil(bytes: &mut Vec<u8>, spoils: &[Spoil]) {
    for spoil in spoils {
        match spoil {
            Spoil::Byte(at, byte) if *at < bytes.len() => bytes[*at] = *byte,
            Spoil::Byte(..) => {}
            Spoil::Cut(at) => bytes.truncate(*at),
            Spoil::Append(more) => bytes.extend(more),
            Spoil::Reseal => reseal(bytes),
        }
    }
}

/// Fills the checksums of IPv4, ICMP and ICMPv6 where there is room for them.
fn reseal(bytes: &mut [u8]) {
    use osier_wire::checksum::Sum;
    let Some(datagram) = bytes.get_mut(14..).filter(|d| d.len() >= 48) else { return };
    let (at, sum) = if datagram[0] >> 4 == 4 {
        datagram[10..12].fill(0);
        let sum = Sum::of(&datagram[..20]).checksum();
        datagram[10..12].copy_from_slice(&sum.to_be_bytes());
        (20, Sum::ZERO)
    } else {
        let src: [u8; 16] = datagram[8..24].try_into().unwrap();
        let dst: [u8; 16] = datagram[24..40].try_into().unwrap();
        let len = datagram.len() - 40;
        (40, Sum::pseudo_header_v6(src.into(), dst.into(), Protocol::ICMPV6, len))
    };
    datagram[at + 2..at + 4].fill(0);
    let sum = sum.and(&datagram[at..]).checksum();
    datagram[at + 2..at + 4].copy_from_slice(&sum.to_be_bytes());
}

/// What must hold whatever came in.
fn check(layer: &mut Layer, now: Instant) {
    assert!(layer.neighbours.len() <= 1024);
    assert!(layer.neighbours.waiting_octets() <= 1024 * 1024);
    assert!(layer.events.len() <= 1024);
    assert!(layer.next_deadline().is_none_or(|due| due > now));
    layer.neighbours.check();
}

/// A host with something to lose: it waits for one neighbour and knows another.
fn busy_host() -> Layer {
    let mut wire = Wire::pair();
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "10.0.0.2"));
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "10.0.0.3"));
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "fd00::3"));
    wire.hosts[0].probe_address(T0, ETH, ip("10.0.0.9"));
    wire.hosts.remove(0)
}

/// Feeds frames, lets a tenth of a second pass after each, and hears what the host has to say.
fn feed(frames: impl Iterator<Item = (LinkId, Vec<u8>)>) {
    static BUSY: LazyLock<Layer> = LazyLock::new(busy_host);
    let mut layer = BUSY.clone();
    let mut now = T0;
    for (link, bytes) in frames {
        now += Duration::from_millis(100);
        layer.on_deadline(now);
        let mut frame = Bytes::from(bytes).into();
        let delivered = layer.on_frame(now, link, &mut frame);
        if let Some(Delivered::Packet(_)) = delivered {
            layer.send_error(now, &frame.bytes, ErrorToSend::ProtocolUnreachable);
        }
        check(&mut layer, now);
    }
    while layer.poll_transmit(now).is_some() {}
    while layer.poll_event().is_some() {}
}

proptest! {
    // 500 cases of 100 frames each, for each of the two: 100,000 frames.
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_frames_do_no_harm(
        picks in proptest::collection::vec((any::<prop::sample::Index>(), spoils()), 100)
    ) {
        static GOOD: LazyLock<Vec<Received>> = LazyLock::new(good_frames);
        let good = &*GOOD;
        feed(picks.iter().map(|(pick, spoils)| {
            let mut bytes = pick.get(good).bytes.to_vec();
            spoil(&mut bytes, spoils);
            (ETH, bytes)
        }));
    }

    #[test]
    fn random_frames_do_no_harm(
        frames in proptest::collection::vec(
            (0..3u8, proptest::collection::vec(any::<u8>(), 0..100)), 100)
    ) {
        feed(frames.into_iter().map(|(link, bytes)| (LinkId(link), bytes)));
    }
}
