//! Is a packet socket a station on the wire of an interface, and no more than that?
//!
//! The wire is a veth: we stand on `wire`, the kernel's addresses are on `far`.

use super::frames::*;
use super::tap::{datagram, socket};
use bytes::Bytes;
use osier_device::packet::{Config, RECEIVE_QUEUE, SEND_QUEUE};
use osier_device::tuntap::{OffloadMode, RING};
use osier_device::{Device, ErrorKind, Medium, PacketSocket, Readiness, interface};
use osier_wire::ethernet::{EtherType, Header as Ethernet};
use osier_wire::offload::{Checksum, Gso, GsoKind};
use osier_wire::{Frame, MacAddr, Protocol};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::process::Command;
use std::time::Duration;

/// Somebody else.
pub(crate) const STRANGER: MacAddr = MacAddr([2, 0, 0, 0, 0, 9]);

/// `ip`, which is part of every Linux system.
pub(crate) fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().expect("ip");
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Both ends up; the kernel knows where we are.
pub(crate) fn wire() {
    ip("link add wire type veth peer name far");
    both_up();
}

pub(crate) fn both_up() {
    interface::set_up("wire").unwrap();
    interface::set_up("far").unwrap();
    interface::add_address("far", KERNEL.into(), 24).unwrap();
    ip(&format!("neighbour add {US} lladdr {MAC} dev far"));
}

fn open() -> PacketSocket {
    PacketSocket::open(&Config::new("wire", MAC)).unwrap()
}

pub(crate) fn far_mac() -> MacAddr {
    interface::mac_of("far").unwrap()
}

/// A datagram each way, the checksum left to whoever comes next; a super-frame is cut.
pub(crate) fn both_ways() {
    wire();
    let config = Config { offload: OffloadMode::Segmentation, ..Config::new("wire", MAC) };
    let mut us = PacketSocket::open(&config).unwrap();
    assert!(us.properties().offloads.tso_v4 && us.properties().offloads.checksum);
    assert_eq!((us.properties().mtu, us.name()), (1500, "wire"));
    let medium = us.properties().medium;
    let (socket, port) = socket(KERNEL.into());
    let packet = datagram(US.into(), KERNEL.into(), port, vec![Bytes::from_static(b"willow")]);
    send(&mut us, packet.frame(medium, far_mac()));
    let mut got = [0; 3000];
    let (len, from) = socket.recv_from(&mut got).unwrap();
    assert_eq!(&got[..len], b"willow");
    socket.send_to(b"basket", from).unwrap();
    let back = wait_for(&mut us, |frame| {
        let (protocol, bytes) = transport(medium, &frame.bytes)?;
        (protocol == Protocol::UDP).then(|| (bytes[8..].to_vec(), frame.offload.checksum))
    });
    let undone = Checksum::Partial { start: 34, offset: 6 };
    assert_eq!(back, Some((b"basket".to_vec(), undone)), "a veth sums nothing");
    // UDP super-frames are cut before the kernel gets them.
    let packet = datagram(US.into(), KERNEL.into(), port, vec![Bytes::from(vec![3; 2500])]);
    let mut frame = packet.frame(medium, far_mac());
    frame.offload.gso = Some(Gso { kind: GsoKind::Udp, size: 1000, header_len: 42 });
    send(&mut us, frame);
    assert_eq!([(); 3].map(|()| socket.recv(&mut got).unwrap()), [1000, 1000, 500]);
}

/// A frame of the experimental EtherType, with a number in it.
pub(crate) fn numbered(dst: MacAddr, number: u8) -> Frame {
    let mut frame = Frame::default();
    let ethertype = EtherType(0x88b5);
    Ethernet { dst, src: far_mac(), ethertype }.emit(frame.head.grow(14));
    frame.head.grow(46)[0] = number;
    frame
}

/// The numbers of all such frames that came, until nothing more does for a while.
pub(crate) fn numbers(device: &mut impl Device) -> Vec<u8> {
    let mut frames = Vec::new();
    let mut quiet = 0;
    while quiet < 3 {
        let came = device.receive(&mut frames, 64).unwrap();
        quiet = if came > 0 { 0 } else { quiet + 1 };
        std::thread::sleep(Duration::from_millis(10));
    }
    let ours = |bytes: &[u8]| (bytes[12..14] == [0x88, 0xb5]).then(|| bytes[14]);
    frames.iter().filter_map(|frame| ours(&frame.bytes)).collect()
}

/// What others send to us and to groups, and nothing else: not what is for the kernel's own end or
/// for strangers, not what we or the kernel send there, and nothing of a VLAN.
pub(crate) fn only_ours() {
    wire();
    let mut us = open();
    let mut far = PacketSocket::open(&Config::new("far", STRANGER)).unwrap();
    let group = MacAddr([0x33, 0x33, 0, 0, 0, 1]);
    let kernel = interface::mac_of("wire").unwrap();
    let all = [kernel, MAC, STRANGER, MacAddr::BROADCAST, MacAddr([2, 0, 0x5e, 0, 0x71, 3]), group];
    for (number, dst) in (0..).zip(all) {
        send(&mut far, numbered(dst, number));
    }
    // A VLAN's tag behind the addresses; the kernel takes it off and remembers it.
    let mut tagged = Frame::default();
    let vlan = EtherType(0x8100);
    Ethernet { dst: MAC, src: STRANGER, ethertype: vlan }.emit(tagged.head.grow(14));
    tagged.head.grow(50)[..5].copy_from_slice(&[0, 5, 0x88, 0xb5, 9]);
    send(&mut far, tagged);
    assert_eq!(numbers(&mut us), [1, 3, 5]);
    // Now we send, to ourselves, too.
    send(&mut us, numbered(MAC, 1));
    send(&mut us, numbered(STRANGER, 2));
    // So does another station at our own end.
    let mut beside = PacketSocket::open(&Config::new("wire", STRANGER)).unwrap();
    send(&mut beside, numbered(MacAddr::BROADCAST, 3));
    assert_eq!(numbers(&mut us), []);
    assert_eq!(numbers(&mut far), [2, 3]);
}

/// Nobody fetches: the queue is bounded, and what it had no room for is told.
pub(crate) fn overrun() {
    wire();
    let mut us = open();
    let (socket, _) = socket(KERNEL.into());
    let sent = RECEIVE_QUEUE / 1000;
    for _ in 0..sent {
        socket.send_to(&[0; 1400], (US, 9)).unwrap();
    }
    let mut frames = Vec::new();
    while us.receive(&mut frames, 64).unwrap() > 0 {}
    let medium = us.properties().medium;
    let udp = |bytes: &[u8]| transport(medium, bytes).is_some_and(|(p, _)| p == Protocol::UDP);
    let came = frames.iter().filter(|frame| udp(&frame.bytes)).count();
    assert!(came < sent, "{came} of {sent} came");
    // The kernel says a few words of its own at the far end, and they may be lost, too.
    let told = came + us.lost() as usize;
    assert!((sent..sent + 20).contains(&told), "{told} of {sent} are accounted for");
    assert_eq!(us.lost(), 0, "told once");
}

/// The wire is slow: what the kernel does not take waits here, and we are woken when it does.
pub(crate) fn held_back() {
    // What IPv6 says of itself would wake us.
    std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
    wire();
    let words = "qdisc add dev wire root tbf rate 10mbit burst 16k limit 100m";
    let tc = Command::new("tc").args(words.split(' ')).output().expect("tc");
    assert!(tc.status.success(), "{tc:?}");
    let mut us = open();
    let mut far = PacketSocket::open(&Config::new("far", STRANGER)).unwrap();
    let mut sent = 0;
    while us.room() > 0 {
        let mut frame = numbered(STRANGER, sent as u8);
        frame.payload.push(vec![0; 1400].into());
        us.transmit(frame).unwrap();
        sent += 1;
        assert!(sent < 10_000, "{SEND_QUEUE} octets are far less");
    }
    let mut frames = Vec::new();
    while us.room() < RING {
        let Readiness::Fd(fd) = us.readiness() else { panic!("a socket has a descriptor") };
        let long = Timespec { tv_sec: 10, tv_nsec: 0 };
        let ready = poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&long)).unwrap();
        assert_eq!(ready, 1, "there is room, and nobody says so");
        us.receive(&mut frames, 64).unwrap();
        us.flush().unwrap();
    }
    // The rest is in the kernel, and on the slow wire.
    let mut came = 0;
    while came < sent {
        let ours = |bytes: &[u8]| (bytes[12..14] == [0x88, 0xb5]).then(|| bytes[14]);
        let next = wait_for(&mut far, |frame| ours(&frame.bytes));
        assert_eq!(next, Some(came as u8), "in order");
        came += 1;
    }
}

/// Down for a while and renamed is no end; deleted is.
pub(crate) fn down_and_gone() {
    wire();
    let mut us = open();
    ip("link set wire down");
    assert_eq!(numbers(&mut us), [], "and no error");
    let error = us.transmit(numbered(far_mac(), 1)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NetworkDown);
    assert!(error.to_string().ends_with("sudo ip link set wire up"), "{error}");
    ip("link set wire name other");
    interface::set_up("other").unwrap();
    let mut far = PacketSocket::open(&Config::new("far", STRANGER)).unwrap();
    send(&mut far, numbered(MAC, 7));
    assert_eq!(numbers(&mut us), [7]);
    interface::set_mtu("other", 1000).unwrap();
    let mut long = numbered(far_mac(), 1);
    long.head.grow(20);
    long.payload.push(vec![0; 1400].into());
    let error = us.transmit(long).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    let late = numbered(far_mac(), 1);
    interface::delete("other").unwrap();
    let error = us.receive(&mut Vec::new(), 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected, "{error}");
    assert!(error.to_string().starts_with("the interface wire is gone: "), "{error}");
    let error = us.transmit(late).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected, "{error}");
}

/// What is refused when it is opened.
pub(crate) fn refused() {
    let refused = |config: &Config| PacketSocket::open(config).unwrap_err();
    ip("link add wire type veth peer name far");
    let down = refused(&Config::new("wire", MAC));
    assert_eq!(
        down.to_string(),
        "the interface wire is down; bring it up: sudo ip link set wire up"
    );
    interface::set_up("wire").unwrap();
    let long = Config { mtu: Some(9000), ..Config::new("wire", MAC) };
    assert_eq!(refused(&long).kind(), ErrorKind::Malformed);
    let short = Config { mtu: Some(1280), ..Config::new("wire", MAC) };
    let short = PacketSocket::open(&short).unwrap();
    assert_eq!(short.properties().mtu, 1280);
    assert_eq!(interface::find("wire").unwrap().unwrap().mtu, 1500, "it is somebody's");
    assert_eq!(promiscuity(), 1);
    drop(short);
    // The kernel closes in its own time.
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(promiscuity(), 0);
    assert!(matches!(open().properties().medium, Medium::Ethernet(MAC)));
}

/// How many have asked for every frame of the interface.
fn promiscuity() -> u32 {
    let output = Command::new("ip").args(["-d", "link", "show", "wire"]).output().expect("ip");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = text.split("promiscuity ").nth(1).and_then(|rest| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}
