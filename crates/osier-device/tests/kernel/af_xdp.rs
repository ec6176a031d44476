//! Is an AF_XDP socket a station on the wire of an interface, past the kernel's stack?
//!
//! On the same veth as `packet.rs`; its far end sums what it sends, since AF_XDP carries plain
//! frames. Wants the machine's own root: programs are refused in a user namespace.

use super::frames::*;
use super::packet::{STRANGER, both_up, far_mac, ip, numbered, numbers, wire};
use super::tap::{datagram, socket};
use bytes::Bytes;
use osier_device::tuntap::RING;
use osier_device::xdp::Config;
use osier_device::{Device, ErrorKind, PacketSocket, Readiness, XdpSocket, interface, packet};
use osier_wire::offload::Offload;
use osier_wire::{MacAddr, Protocol};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

fn plain_wire() {
    wire();
    far_sums();
}

fn far_sums() {
    let off = Command::new("ethtool").args(["-K", "far", "tx", "off"]).output().expect("ethtool");
    assert!(off.status.success(), "{off:?}");
}

fn open() -> XdpSocket {
    XdpSocket::open(&Config::new("wire", MAC)).unwrap()
}

/// Ten thousand datagrams each way: places in the shared memory are used again and again.
pub(crate) fn both_ways() {
    plain_wire();
    let mut us = open();
    let medium = us.properties().medium;
    let (socket, port) = socket(KERNEL.into());
    for n in 0..10_000u32 {
        let text = Bytes::from(n.to_string());
        let packet = datagram(US.into(), KERNEL.into(), port, vec![text.clone()]);
        send(&mut us, packet.frame(medium, far_mac()));
        let mut got = [0; 100];
        let (len, from) = socket.recv_from(&mut got).unwrap();
        assert_eq!(&got[..len], text);
        socket.send_to(&got[..len], from).unwrap();
        let back = wait_for(&mut us, |frame| {
            assert_eq!(frame.offload, Offload::NONE);
            let (protocol, bytes) = transport(medium, &frame.bytes)?;
            (protocol == Protocol::UDP).then(|| bytes[8..].to_vec())
        });
        assert_eq!(back.as_deref(), Some(&text[..]));
    }
    assert_eq!(us.lost(), 0);
}

/// A burst of as many frames as the device takes leaves with one flush, in order.
pub(crate) fn burst() {
    plain_wire();
    let mut us = open();
    let mut far = PacketSocket::open(&packet::Config::new("far", STRANGER)).unwrap();
    let burst = us.room() as u8;
    for number in 0..burst {
        us.transmit(numbered(STRANGER, number)).unwrap();
    }
    us.flush().unwrap();
    assert_eq!(us.room(), usize::from(burst));
    assert_eq!(numbers(&mut far), (0..burst).collect::<Vec<u8>>());
}

/// What waits here for room is told of when there is some.
pub(crate) fn held_back() {
    std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap();
    plain_wire();
    let mut us = open();
    let mut far = PacketSocket::open(&packet::Config::new("far", STRANGER)).unwrap();
    let mut sent = 0u32;
    while us.room() > 0 {
        us.transmit(numbered(STRANGER, sent as u8)).unwrap();
        sent += 1;
        assert!(sent < 10_000);
    }
    let ready = |us: &XdpSocket, time: Timespec| {
        let Readiness::Fd(fd) = us.readiness() else { panic!("a socket has a descriptor") };
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&time)).unwrap()
    };
    assert_eq!(ready(&us, Timespec { tv_sec: 10, tv_nsec: 0 }), 1);
    while us.room() < RING {
        us.flush().unwrap();
    }
    assert_eq!(ready(&us, Timespec::default()), 0, "nothing more is waited for");
    let expected: Vec<u8> = (0..sent).map(|number| number as u8).collect();
    assert_eq!(numbers(&mut far), expected);
}

/// Ours does not come to the kernel's stack; what is for groups does, and to us, too.
pub(crate) fn only_ours() {
    plain_wire();
    let mut us = open();
    let mut stack = PacketSocket::open(&packet::Config::new("wire", MAC)).unwrap();
    let mut far = PacketSocket::open(&packet::Config::new("far", STRANGER)).unwrap();
    let group = MacAddr([0x33, 0x33, 0, 0, 0, 1]);
    let near = [MacAddr([2, 0, 0x5e, 0, 0x71, 3]), MacAddr([2, 0, 0x5f, 0, 0x71, 2])];
    let kernel = interface::mac_of("wire").unwrap();
    let all = [MAC, kernel, near[0], near[1], MacAddr::BROADCAST, group];
    for (number, dst) in (0..).zip(all) {
        send(&mut far, numbered(dst, number));
    }
    assert_eq!(numbers(&mut us), [0, 4, 5]);
    assert_eq!(numbers(&mut stack), [4, 5]);
}

/// What comes by a queue that is not ours comes nevertheless, by way of the kernel's stack.
pub(crate) fn another_queue() {
    let queues = "numtxqueues 2 numrxqueues 2";
    ip(&format!("link add wire {queues} type veth peer name far {queues}"));
    both_up();
    far_sums();
    let mut us = open();
    let mut stack = PacketSocket::open(&packet::Config::new("wire", MAC)).unwrap();
    let medium = us.properties().medium;
    let udp = |bytes: &[u8]| transport(medium, bytes).is_some_and(|(p, _)| p == Protocol::UDP);
    let flows = 64;
    for _ in 0..flows {
        // Each has a port of its own, and so its queue by chance.
        socket(KERNEL.into()).0.send_to(b"willow", (US, 9)).unwrap();
        assert!(wait_for(&mut us, |frame| udp(&frame.bytes).then_some(())).is_some());
    }
    let mut frames = Vec::new();
    stack.receive(&mut frames, 2 * flows).unwrap();
    let through = frames.iter().filter(|frame| udp(&frame.bytes)).count();
    assert!((1..flows).contains(&through), "{through} of {flows} passed the stack");
}

/// Nobody fetches: what the rings have no room for is told.
pub(crate) fn overrun() {
    plain_wire();
    let mut us = open();
    let (socket, _) = socket(KERNEL.into());
    let sent = 3_000;
    for _ in 0..sent {
        socket.send_to(&[0; 1400], (US, 9)).unwrap();
    }
    let mut frames = Vec::new();
    while us.receive(&mut frames, 64).unwrap() > 0 {}
    let medium = us.properties().medium;
    let udp = |bytes: &[u8]| transport(medium, bytes).is_some_and(|(p, _)| p == Protocol::UDP);
    let came = frames.iter().filter(|frame| udp(&frame.bytes)).count();
    assert!((1024..sent).contains(&came), "{came} of {sent} came");
    assert_eq!(came + us.lost() as usize, sent, "{came} came");
    // And it goes on.
    socket.send_to(&[1; 1400], (US, 9)).unwrap();
    assert!(wait_for(&mut us, |frame| udp(&frame.bytes).then_some(())).is_some());
}

/// What is refused, and what becomes of the interface.
pub(crate) fn refused_and_gone() {
    plain_wire();
    let refused = || XdpSocket::open(&Config::new("wire", MAC)).unwrap_err();
    ip("link set far mtu 9000");
    ip("link set wire mtu 9000");
    assert_eq!(refused().kind(), ErrorKind::Unsupported, "{}", refused());
    ip("link set wire mtu 1500");
    let us = open();
    assert_eq!(refused().kind(), ErrorKind::Busy, "{}", refused());
    drop(us);
    // The kernel gives the queue back in its own time.
    let until = Instant::now() + Duration::from_secs(5);
    let mut us = loop {
        match XdpSocket::open(&Config::new("wire", MAC)) {
            Ok(us) => break us,
            Err(e) => assert!(Instant::now() < until, "{e}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    ip("link set wire down");
    us.transmit(numbered(far_mac(), 1)).unwrap();
    let error = us.flush().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NetworkDown, "{error}");
    interface::set_up("wire").unwrap();
    let mut far = PacketSocket::open(&packet::Config::new("far", STRANGER)).unwrap();
    send(&mut far, numbered(MAC, 7));
    assert!(wait_for(&mut us, |frame| (frame.bytes[14] == 7).then_some(())).is_some());
    interface::delete("wire").unwrap();
    let error = us.receive(&mut Vec::new(), 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected, "{error}");
}
