//! Do kernel and device understand each other's descriptors?

use super::frames::*;
use super::tap::{datagram, socket};
use bytes::Bytes;
use osier_device::tuntap::{Config, OffloadMode};
use osier_device::{Device, Medium, TunTap};
use osier_wire::checksum::Sum;
use osier_wire::offload::{Checksum, Gso, GsoKind};
use osier_wire::tcp::{Flags, Header, Options};
use osier_wire::{MacAddr, Protocol, Received, SeqNumber};
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::Duration;

fn tun(offload: OffloadMode) -> TunTap {
    link_up(&Config { offload, ..Config::tun("osier0") })
}

/// Sends one datagram whose checksum is left to the kernel.
pub(crate) fn partial_to_kernel() {
    let mut tun = tun(OffloadMode::None);
    let (socket, port) = socket(KERNEL.into());
    let packet = datagram(US.into(), KERNEL.into(), port, vec![Bytes::from_static(b"osier")]);
    send(&mut tun, packet.frame(Medium::Ip, MacAddr::UNSPECIFIED));
    let mut got = [0; 100];
    assert_eq!(socket.recv(&mut got).unwrap(), 5);
}

/// The counterpart: filled wrongly, and said to be filled, the kernel drops it.
pub(crate) fn wrong_checksum() {
    let mut tun = tun(OffloadMode::None);
    let (socket, port) = socket(KERNEL.into());
    let packet = datagram(US.into(), KERNEL.into(), port, vec![Bytes::from_static(b"osier")]);
    let mut frame = packet.frame(Medium::Ip, MacAddr::UNSPECIFIED);
    frame.offload.checksum = Checksum::Filled;
    send(&mut tun, frame);
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(socket.recv(&mut [0; 100]).is_err());
}

/// The next UDP datagram that the kernel sends to us.
fn from_kernel(tun: &mut TunTap) -> Received {
    let (socket, _) = socket(KERNEL.into());
    socket.send_to(b"osier", (US, 9)).unwrap();
    let is_udp = |frame: &Received| {
        transport(Medium::Ip, &frame.bytes).is_some_and(|(p, _)| p == Protocol::UDP)
    };
    wait_for(tun, |frame| is_udp(frame).then(|| frame.clone())).expect("a datagram arrives")
}

fn udp_sum(frame: &Received) -> Sum {
    let (protocol, bytes) = transport(Medium::Ip, &frame.bytes).unwrap();
    Sum::pseudo_header(KERNEL.into(), US.into(), protocol, bytes.len()).and(bytes)
}

pub(crate) fn filled_from_kernel() {
    let mut tun = tun(OffloadMode::None);
    let frame = from_kernel(&mut tun);
    assert!(is_plain(&frame.offload));
    assert!(udp_sum(&frame).verifies());
}

pub(crate) fn partial_from_kernel() {
    let mut tun = tun(OffloadMode::Checksum);
    assert!(tun.properties().offloads.checksum);
    let frame = from_kernel(&mut tun);
    assert_eq!(frame.offload.checksum, Checksum::Partial { start: 20, offset: 6 });
    assert!(!udp_sum(&frame).verifies());
}

/// Our end of a TCP connection to a listener of the kernel's, without a stack.
struct Dialled {
    tun: TunTap,
    ends: (IpAddr, IpAddr, u16),
    seq: SeqNumber,
    ack: SeqNumber,
    accepted: TcpStream,
}

impl Dialled {
    fn new(mut tun: TunTap, us: IpAddr, kernel: IpAddr) -> Dialled {
        let listener = TcpListener::bind((kernel, 0)).unwrap();
        let ends = (us, kernel, listener.local_addr().unwrap().port());
        let options = Options { mss: Some(1440), ..Options::default() };
        let syn = Header { flags: Flags::SYN, options, ..header(ends, 1000, 0) };
        send(&mut tun, packet(ends, &syn, Bytes::new()).frame(Medium::Ip, MacAddr::UNSPECIFIED));
        let answer = wait_for(&mut tun, |frame| {
            let (protocol, bytes) = transport(Medium::Ip, &frame.bytes)?;
            (protocol == Protocol::TCP).then(|| Header::parse(bytes).unwrap().0)
        });
        let answer = answer.expect("the kernel answers our SYN");
        assert!(answer.flags.contains(Flags::SYN) && answer.flags.contains(Flags::ACK));
        let (seq, ack) = (answer.ack, answer.seq + 1);
        let third = header(ends, seq.0, ack.0);
        send(&mut tun, packet(ends, &third, Bytes::new()).frame(Medium::Ip, MacAddr::UNSPECIFIED));
        let (accepted, _) = listener.accept().unwrap();
        accepted.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Dialled { tun, ends, seq, ack, accepted }
    }
}

fn header((_, _, port): (IpAddr, IpAddr, u16), seq: u32, ack: u32) -> Header {
    Header {
        src_port: 7171,
        dst_port: port,
        seq: SeqNumber(seq),
        ack: SeqNumber(ack),
        flags: Flags::ACK,
        window: 65_535,
        ..Header::default()
    }
}

fn packet((from, to, _): (IpAddr, IpAddr, u16), header: &Header, text: Bytes) -> Packet {
    let mut bytes = vec![0; header.len()];
    header.emit(&mut bytes);
    let transport = (bytes, osier_wire::tcp::CHECKSUM_OFFSET as u16);
    Packet { from, to, protocol: Protocol::TCP, transport, payload: vec![text] }
}

pub(crate) fn tso_v4() {
    tso(US.into(), KERNEL.into(), GsoKind::TcpV4);
}

pub(crate) fn tso_v6() {
    tso(US6.into(), KERNEL6.into(), GsoKind::TcpV6);
}

/// The kernel's socket reads the text of a frame seven times as long as the MTU. Offered or not,
/// it works in every mode.
fn tso(us: IpAddr, kernel: IpAddr, kind: GsoKind) {
    let mut tcp = Dialled::new(tun(OffloadMode::None), us, kernel);
    let text: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
    let header = header(tcp.ends, tcp.seq.0, tcp.ack.0);
    let packet = packet(tcp.ends, &header, Bytes::from(text.clone()));
    let mut frame = packet.frame(Medium::Ip, MacAddr::UNSPECIFIED);
    let header_len = frame.head.len() as u16;
    frame.offload.gso = Some(Gso { kind, size: 1440, header_len });
    send(&mut tcp.tun, frame);
    let mut got = vec![0; text.len()];
    tcp.accepted.read_exact(&mut got).unwrap();
    assert_eq!(got, text);
}

/// Cut by the kernel where it can (Linux 6.2), else by us.
pub(crate) fn uso() {
    let mut tun = tun(OffloadMode::None);
    let (socket, port) = socket(KERNEL.into());
    let payload = vec![Bytes::from(vec![3; 2500])];
    let packet = datagram(US.into(), KERNEL.into(), port, payload);
    let mut frame = packet.frame(Medium::Ip, MacAddr::UNSPECIFIED);
    frame.offload.gso = Some(Gso { kind: GsoKind::Udp, size: 1000, header_len: 28 });
    send(&mut tun, frame);
    let mut got = [0; 3000];
    let lens = [(); 3].map(|()| socket.recv(&mut got).unwrap());
    assert_eq!(lens, [1000, 1000, 500]);
}

/// The first flight of 10 segments comes in frames longer than the MTU.
pub(crate) fn tso_from_kernel() {
    let tun = tun(OffloadMode::Segmentation);
    assert!(tun.properties().offloads.tso_v4);
    let mut tcp = Dialled::new(tun, US.into(), KERNEL.into());
    tcp.accepted.write_all(&[4; 14_000]).unwrap();
    let super_frame = wait_for(&mut tcp.tun, |frame| {
        (frame.bytes.len() > 1500).then(|| (frame.bytes.len(), frame.offload))
    });
    let (_, offload) = super_frame.expect("a frame longer than the MTU arrives");
    assert_eq!(offload.gso, Some(Gso { kind: GsoKind::TcpV4, size: 1440, header_len: 40 }));
    assert_eq!(offload.checksum, Checksum::Partial { start: 20, offset: 16 });
}
