//! Do frames pass both ways?

use super::frames::*;
use bytes::Bytes;
use osier_device::tuntap::{Config, Queue};
use osier_device::{Device, Medium, TunTap, interface};
use osier_wire::arp::{Operation, Packet as Arp};
use osier_wire::ethernet::{EtherType, Header as Ethernet};
use osier_wire::icmpv4::{self, Message};
use osier_wire::{Frame, MacAddr, Protocol, udp};
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

/// We ask for an echo; the kernel asks who we are, and then answers.
pub(crate) fn echo() {
    let mut tap = link_up(&Config::tap("osier0", MAC));
    let kernel_mac = interface::mac_of("osier0").unwrap();
    send(&mut tap, echo_request(tap_medium(), kernel_mac));

    let asked = wait_for(&mut tap, |frame| {
        let (ethernet, at) = Ethernet::parse(&frame.bytes).ok()?;
        let is_arp = ethernet.ethertype == EtherType::ARP;
        let arp = is_arp.then(|| Arp::parse(&frame.bytes[at..]).ok()).flatten()?.0;
        (arp.target_ip == US).then_some((ethernet, arp))
    });
    let (ethernet, arp) = asked.expect("the kernel asks for our address");
    assert_eq!(ethernet.dst, MacAddr::BROADCAST);
    assert_eq!((arp.sender_ip, arp.sender_mac), (KERNEL, kernel_mac));
    send(&mut tap, arp_reply(kernel_mac));

    let answered = wait_for(&mut tap, |frame| {
        let (protocol, bytes) = transport(tap_medium(), &frame.bytes)?;
        (protocol == Protocol::ICMP).then(|| Message::parse(bytes).unwrap().0)
    });
    assert_eq!(answered, Some(Message::EchoReply { id: 71, seq: 1 }));
}

fn tap_medium() -> Medium {
    Medium::Ethernet(MAC)
}

fn echo_request(medium: Medium, kernel_mac: MacAddr) -> Frame {
    let mut header = vec![0; 8];
    Message::EchoRequest { id: 71, seq: 1 }.emit(&mut header);
    let packet = Packet {
        from: US.into(),
        to: KERNEL.into(),
        protocol: Protocol::ICMP,
        transport: (header, icmpv4::CHECKSUM_OFFSET as u16),
        payload: vec![Bytes::from_static(b"osier")],
    };
    packet.frame(medium, kernel_mac)
}

fn arp_reply(kernel_mac: MacAddr) -> Frame {
    let mut frame = Frame::default();
    Ethernet { dst: kernel_mac, src: MAC, ethertype: EtherType::ARP }.emit(frame.head.grow(14));
    let reply = Arp {
        operation: Operation::Reply,
        sender_mac: MAC,
        sender_ip: US,
        target_mac: kernel_mac,
        target_ip: KERNEL,
    };
    reply.emit(frame.head.grow(28));
    frame
}

/// A datagram from us to a socket of the kernel's.
pub(crate) fn datagram(from: IpAddr, to: IpAddr, port: u16, payload: Vec<Bytes>) -> Packet {
    let payload_len = payload.iter().map(Bytes::len).sum::<usize>();
    let header = udp::Header { src_port: 7171, dst_port: port, payload_len: payload_len as u16 };
    let mut bytes = vec![0; 8];
    header.emit(&mut bytes);
    let transport = (bytes, udp::CHECKSUM_OFFSET as u16);
    Packet { from, to, protocol: Protocol::UDP, transport, payload }
}

/// A socket of the kernel's with this address, and its port.
pub(crate) fn socket(address: IpAddr) -> (UdpSocket, u16) {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// More pieces than one gathering write takes.
pub(crate) fn many_chunks() {
    let mut tap = link_up(&Config::tap("osier0", MAC));
    let (socket, port) = socket(KERNEL.into());
    let chunks: Vec<Bytes> = (0..100).map(|n| Bytes::from(vec![n; 10])).collect();
    let packet = datagram(US.into(), KERNEL.into(), port, chunks.clone());
    send(&mut tap, packet.frame(tap_medium(), interface::mac_of("osier0").unwrap()));
    let mut got = [0; 2000];
    let len = socket.recv(&mut got).unwrap();
    assert_eq!(got[..len], chunks.concat());
}

/// A queue that is opened when the MTU is 9000 knows it, and reads what it admits.
pub(crate) fn mtu() {
    let many = Config { queue: Queue::Multi, ..Config::tun("osier0") };
    let first = link_up(&many);
    assert_eq!(first.properties().mtu, 1500);
    interface::set_mtu("osier0", 9000).unwrap();
    let mut second = TunTap::open(&many).unwrap();
    assert_eq!(second.properties().mtu, 9000);
    drop(first);
    let (socket, _) = socket(KERNEL.into());
    // So many that some come to lie at the end of a buffer.
    for _ in 0..20 {
        socket.send_to(&[9; 8972], (US, 9)).unwrap();
        let got = wait_for(&mut second, |frame| {
            let udp = transport(Medium::Ip, &frame.bytes)?;
            (udp.0 == Protocol::UDP).then_some(udp.1.len())
        });
        assert_eq!(got, Some(8980));
    }
}

/// The kernel tells the versions apart by the first four bits.
pub(crate) fn tun() {
    let mut tun = link_up(&Config::tun("osier0"));
    for (us, kernel) in [(US.into(), KERNEL.into()), (US6.into(), IpAddr::from(KERNEL6))] {
        let (socket, port) = socket(kernel);
        let packet = datagram(us, kernel, port, vec![Bytes::from_static(b"willow")]);
        send(&mut tun, packet.frame(Medium::Ip, MacAddr::UNSPECIFIED));
        let mut got = [0; 100];
        let (len, from) = socket.recv_from(&mut got).unwrap();
        assert_eq!((&got[..len], from.ip()), (&b"willow"[..], us));
        socket.send_to(b"basket", from).unwrap();
        let back = wait_for(&mut tun, |frame| {
            let (protocol, bytes) = transport(Medium::Ip, &frame.bytes)?;
            (protocol == Protocol::UDP).then(|| bytes[8..].to_vec())
        });
        assert_eq!(back.as_deref(), Some(&b"basket"[..]));
    }
}
