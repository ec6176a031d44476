//! Can frames of a stranger make a host panic or grow?
//!
//! Frames of real connections, handshakes, datagrams, neighbour messages and pings are mutated and
//! mixed with noise; the device vouches for some checksums so that damage gets past them. Whatever
//! comes in, every table stays within its bound and the process within its memory.

mod pair;

use bytes::Bytes;
use core::net::SocketAddr;
use osier_host::{Config, Event, Host};
use osier_tcp::{Recording, Text};
use osier_time::{Duration, Instant};
use osier_wire::Received;
use osier_wire::checksum::Sum;
use osier_wire::offload::{Checksum, Gso, GsoKind, Offload};
use pair::{Cable, Moment, Pair, Side, v4, v6};

/// Frames in a debug build; many times as many in the test that is ignored.
const FRAMES: u64 = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.roll().is_multiple_of(n)
    }
}

/// B with open connections, a listener and a UDP socket, and every moment before a frame of A
/// reached it.
fn scene(ethernet: bool) -> (Pair, Vec<Moment>) {
    let config =
        Config { syn_queue: 50, time_wait_max: 60, connections_max: 100, ..Config::default() };
    let cable = Cable { ethernet, loss: 20, seed: 3, ..Cable::default() };
    let mut pair = Pair::new(cable, &config);
    pair.meet();
    pair.moments = Some(Vec::new());
    let listener = pair.listen(([0u16; 8], 80).into(), 20);
    let echo = pair.b.host.udp_bind(([0u16; 8], 7).into()).expect("free");
    for address in [v4(Side::B), v6(Side::B)] {
        let udp = pair.a.host.udp_bind(([0u16; 8], 0).into()).expect("free");
        for port in [7, 9] {
            let to = SocketAddr::new(address, port);
            pair.a.host.udp_send(pair.now, udp, Some(to), "datagram".into()).expect("room");
        }
        for round in 0..4 {
            let (client, server) = pair.open(listener, SocketAddr::new(address, 80));
            pair.transfer((Side::A, client), server, 30_000);
            pair.transfer((Side::B, server), client, 30_000);
            match round {
                0 => pair.a.host.shutdown(pair.now, client).expect("open"),
                1 => pair.b.host.release(pair.now, server),
                2 => pair.a.host.abort(pair.now, client),
                _ => {}
            }
        }
        // B opens too, and says to A that nobody is at its port: A's ICMP errors join the frames.
        let to = SocketAddr::new(if address.is_ipv4() { v4(Side::A) } else { v6(Side::A) }, 9);
        pair.b.host.udp_send(pair.now, echo, Some(to), "anybody?".into()).expect("room");
        pair.b.host.connect(pair.now, to, None).expect("there is a way");
        pair.run_for(Duration::from_secs(2));
    }
    let moments = pair.moments.take().expect("wanted");
    assert!(moments.len() > 200, "{} moments to start from", moments.len());
    (pair, moments)
}

fn mutate(dice: &mut Dice, from: &[Moment], at: usize) -> Received {
    let one = dice.below(from.len());
    damage(dice, one, from, at)
}

/// The frame of a moment, with up to four things changed.
fn damage(dice: &mut Dice, one: usize, from: &[Moment], at: usize) -> Received {
    let mut bytes = from[one].frame.bytes.to_vec();
    for _ in 0..dice.below(5) {
        let len = bytes.len().max(1);
        match dice.below(6) {
            0 => bytes.truncate(dice.below(len)),
            1 => bytes.resize(len + dice.below(64), dice.roll() as u8),
            2 => {
                let other = &from[dice.below(from.len())].frame.bytes;
                let cut = dice.below(len.min(other.len()).max(1)).min(bytes.len());
                bytes.truncate(cut);
                bytes.extend_from_slice(&other[cut.min(other.len())..]);
            }
            // Headers matter most.
            _ if !bytes.is_empty() => {
                let near = bytes.len().min(if dice.one_in(4) { 2_000 } else { 90 });
                let at = dice.below(near);
                bytes[at] = if dice.one_in(2) { dice.roll() as u8 } else { bytes[at] ^ 1 };
            }
            _ => {}
        }
    }
    if !dice.one_in(4) {
        repair_ipv4(&mut bytes, at);
    }
    let checksum = if dice.one_in(4) { Checksum::Filled } else { Checksum::Verified };
    let size = dice.below(3_000) as u16;
    let gso = dice.one_in(16).then_some(Gso { kind: GsoKind::TcpV4, size, header_len: 54 });
    Received { bytes: Bytes::from(bytes), offload: Offload { checksum, gso } }
}

/// Makes the checksum of an IPv4 header good again, and often its length.
fn repair_ipv4(bytes: &mut [u8], at: usize) {
    let total = (bytes.len() - at.min(bytes.len())) as u16;
    let Some(packet) = bytes.get_mut(at..) else { return };
    let header_len = packet.first().map_or(0, |first| usize::from(first & 15) * 4);
    if packet.len() < 20 || packet[0] >> 4 != 4 || !(20..=packet.len()).contains(&header_len) {
        return;
    }
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet[10..12].fill(0);
    let sum = Sum::of(&packet[..header_len]).checksum();
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

fn within_bounds(host: &Host) {
    let usage = host.usage();
    assert!(usage.connections <= 100, "{usage:?}");
    assert!(usage.handshakes <= 50, "{usage:?}");
    assert!(usage.time_waits <= 60, "{usage:?}");
    assert!(usage.flows <= usage.connections + usage.handshakes + usage.time_waits, "{usage:?}");
    assert!(usage.paths <= 1_024, "{usage:?}");
    assert_eq!((usage.listeners, usage.udp), (1, 1));
}

/// Pages of memory that the process holds.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0)
}

/// What an owner does who reads, writes and lets go now and then.
fn use_sockets(dice: &mut Dice, host: &mut Host, now: Instant) {
    while let Some(event) = host.poll_event() {
        match event {
            Event::Acceptable(listener) => {
                while let Some((id, _)) = host.accept(listener) {
                    if dice.one_in(4) {
                        host.release(now, id);
                    }
                }
            }
            Event::Readable(id) => {
                while let Text::Got(_) = host.read_chunk(now, id, 65_536) {}
                let _ = host.write(id, b"answer");
            }
            Event::Closed(id, _) => host.release(now, id),
            Event::UdpReadable(id) => while host.udp_receive(id).is_ok() {},
            _ => {}
        }
    }
    while host.poll_transmit(now).is_some() {}
}

fn survive(ethernet: bool, frames: u64) {
    let (mut pair, corpus) = scene(ethernet);
    let at = if ethernet { 14 } else { 0 };
    let link = pair.b.link;
    let mut dice = Dice(0x0517_e12e);
    let mut before = 0;
    for n in 0..frames {
        let frame = mutate(&mut dice, &corpus, at);
        pair.b.host.on_frame(pair.now, link, frame);
        if n % 16 == 0 {
            pair.now += Duration::from_micros(dice.roll() % 3_000);
            if pair.b.host.next_deadline().is_some_and(|due| due <= pair.now) {
                pair.b.host.on_deadline(pair.now);
            }
        }
        if n % 7 == 0 {
            use_sockets(&mut dice, &mut pair.b.host, pair.now);
        }
        if n % 1_024 == 0 {
            within_bounds(&pair.b.host);
            pair.b.host.set_recording(if dice.one_in(2) { Recording::On } else { Recording::Off });
        }
        if n == frames / 4 {
            before = resident();
        }
    }
    let grown = resident().saturating_sub(before) * 4_096;
    assert!(grown < 16 << 20, "{grown} octets more after three quarters of the frames");
    for name in ["dropped_bad_checksum", "dropped_malformed", "resets_received", "challenge_acks"] {
        assert!(pair.counter(Side::B, name) > 0, "{name}: the frames do not reach that far");
    }
}

/// The very next frame comes damaged, in every state that the scene has seen; then others.
fn survive_from_every_moment(ethernet: bool, frames: u64) {
    let (pair, moments) = scene(ethernet);
    let (link, at) = (pair.b.link, if ethernet { 14 } else { 0 });
    let mut dice = Dice(0x0b5e_55ed);
    for n in 0..frames / 8 {
        let one = n as usize % moments.len();
        let mut host = moments[one].host.clone();
        let mut now = moments[one].now;
        for next in one..one + 8 {
            let frame = damage(&mut dice, next % moments.len(), &moments, at);
            host.on_frame(now, link, frame);
            if dice.one_in(2) {
                use_sockets(&mut dice, &mut host, now);
            }
            now += Duration::from_millis(dice.roll() % 20);
            while host.next_deadline().is_some_and(|due| due <= now) {
                host.on_deadline(now);
            }
        }
        within_bounds(&host);
    }
}

#[test]
fn a_host_survives_damage_to_the_next_frame_in_every_state() {
    survive_from_every_moment(true, FRAMES / 4);
    survive_from_every_moment(false, FRAMES / 4);
}

#[test]
fn a_host_survives_mutated_frames_over_ethernet() {
    survive(true, FRAMES);
}

#[test]
fn a_host_survives_mutated_frames_over_bare_ip() {
    survive(false, FRAMES);
}

#[test]
#[ignore = "minutes: cargo test --release -p osier-host --test mutations -- --ignored"]
fn a_host_survives_ten_million_mutated_frames() {
    survive(true, 5_000_000);
    survive(false, 5_000_000);
    survive_from_every_moment(true, 5_000_000);
    survive_from_every_moment(false, 5_000_000);
}

#[test]
fn a_host_survives_noise() {
    let (mut pair, _) = scene(true);
    let mut dice = Dice(77);
    let link = pair.b.link;
    for n in 0..FRAMES / 4 {
        let len = dice.below(200);
        let bytes: Vec<u8> = (0..len).map(|_| dice.roll() as u8).collect();
        pair.b.host.on_frame(pair.now, link, Bytes::from(bytes).into());
        if n % 64 == 0 {
            use_sockets(&mut dice, &mut pair.b.host, pair.now);
        }
    }
    within_bounds(&pair.b.host);
}
