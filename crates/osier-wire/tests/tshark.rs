//! Does Wireshark read what we write?
//!
//! One of each packet that this crate emits goes into a capture, and tshark must find in each the
//! protocol and the words that we meant, nothing malformed and no bad checksum. Without tshark the
//! test says so and passes, except under `CI=true`.

use bytes::Bytes;
use osier_wire::checksum::Sum;
use osier_wire::ethernet::{self, EtherType};
use osier_wire::offload::{Checksum, Gso, GsoKind, Offload, finish, split};
use osier_wire::tcp::{Flags, Options, SackBlocks, Timestamps, UnknownOptions};
use osier_wire::{Ecn, Frame, MacAddr, Protocol, SeqNumber};
use osier_wire::{arp, icmpv4, icmpv6, ip, ipv4, ipv6, tcp, udp};
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

const OURS: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const THEIRS: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);
const V4: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 71, 0, 1), Ipv4Addr::new(10, 71, 0, 2)];
const V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd71, 0, 0, 0, 0, 0, 0, 1), Ipv6Addr::new(0xfd71, 0, 0, 0, 0, 0, 0, 2)];

#[test]
fn tshark_reads_every_packet_as_we_meant_it_and_finds_every_checksum_good() {
    let packets = packets();
    let frames: Vec<&[u8]> = packets.iter().map(|(frame, _)| &frame[..]).collect();
    let Some(lines) = tshark(&frames) else { return };
    assert_eq!(lines.len(), packets.len());
    for (line, (frame, words)) in lines.iter().zip(&packets) {
        let said = format!("meant: {words}\ntshark: {line:?}");
        assert_eq!(line.malformed, "", "{said}");
        let arp = frame[12..14] == EtherType::ARP.0.to_be_bytes();
        assert_eq!(line.checksums.is_empty(), arp, "{said}");
        // The transport header quoted in an ICMP error is cut off, and unverified (2).
        assert!(line.checksums.iter().all(|status| status == "1" || status == "2"), "{said}");
        assert!(line.checksums.first().is_none_or(|status| status == "1"), "{said}");
        assert!(words.split('|').all(|word| line.info.contains(word)), "{said}");
    }
}

#[test]
fn tshark_would_see_a_bad_checksum_and_a_malformed_packet() {
    let mut frames = [tcp_frame(V4[0], Options::default(), b"x"), udp_frame(V4[0], b"x")];
    *frames[0].last_mut().unwrap() ^= 1;
    // A UDP length beyond the datagram.
    frames[1][38] = 0xff;
    let Some(lines) = tshark(&[&frames[0], &frames[1]]) else { return };
    assert!(lines[0].checksums.contains(&"0".to_string()), "{lines:?}");
    assert!(lines[1].info.contains("BAD UDP LENGTH"), "{lines:?}");
}

/// What tshark says of one frame.
#[derive(Debug)]
struct Line {
    malformed: String,
    /// 1 is good, 0 is bad, 2 is unverified; that of IPv4 first.
    checksums: Vec<String>,
    info: String,
}

/// Runs tshark over the frames; `None` where there is no tshark.
fn tshark(frames: &[&[u8]]) -> Option<Vec<Line>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-r", "-", "-T", "fields", "-E", "separator=;"]);
    for protocol in ["ip", "tcp", "udp"] {
        command.args(["-o", &format!("{protocol}.check_checksum:TRUE")]);
    }
    command.args(["-o", "tcp.relative_sequence_numbers:FALSE", "-e", "_ws.malformed"]);
    for protocol in ["ip", "icmp", "icmpv6", "tcp", "udp"] {
        command.args(["-e", &format!("{protocol}.checksum.status")]);
    }
    command.args(["-e", "_ws.col.Info"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            assert!(std::env::var("CI").is_err(), "CI=true, and tshark does not run: {error}");
            eprintln!("SKIPPED: tshark does not run ({error}); to install: apt-get install tshark");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(&capture(frames)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(read_line).collect())
}

fn read_line(line: &str) -> Line {
    let fields: Vec<&str> = line.splitn(7, ';').collect();
    let statuses = fields[1..6].iter().flat_map(|field| field.split(','));
    Line {
        malformed: fields[0].to_string(),
        checksums: statuses.filter(|status| !status.is_empty()).map(String::from).collect(),
        info: fields[6].to_string(),
    }
}

/// A classic pcap file of Ethernet frames, a millisecond apart.
fn capture(frames: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4u32, 4 << 16 | 2, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    for (i, frame) in frames.iter().enumerate() {
        let len = u32::try_from(frame.len()).unwrap();
        for word in [1_700_000_000, 1000 * u32::try_from(i).unwrap(), len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(*frame);
    }
    file
}

/// Frames, and words that tshark's summary of each must contain.
fn packets() -> Vec<(Vec<u8>, &'static str)> {
    let mut packets = vec![
        (arp_frame(arp::Operation::Request), "Who has 10.71.0.2? Tell 10.71.0.1"),
        (arp_frame(arp::Operation::Reply), "10.71.0.1 is at 02:00:00:00:00:01"),
    ];
    packets.extend(icmpv4_packets());
    packets.extend(icmpv6_packets());
    packets.extend(neighbor_packets());
    packets.extend(tcp_packets());
    packets.extend(cut_packets());
    packets.push((udp_frame(V4[0], b"hello"), "1000 \u{2192} 2000 Len=5"));
    packets.push((udp_frame(V6[0], b"hello!"), "1000 \u{2192} 2000 Len=6"));
    packets.push((udp_frame(V6[0], b""), "1000 \u{2192} 2000 Len=0"));
    packets
}

fn arp_frame(operation: arp::Operation) -> Vec<u8> {
    let (sender_mac, target_mac) = (OURS, MacAddr::UNSPECIFIED);
    let [sender_ip, target_ip] = V4;
    let packet = arp::Packet { operation, sender_mac, sender_ip, target_mac, target_ip };
    let mut frame = Frame::default();
    let ethertype = EtherType::ARP;
    let header = ethernet::Header { dst: MacAddr::BROADCAST, src: OURS, ethertype };
    header.emit(frame.head.grow(header.len()));
    packet.emit(frame.head.grow(packet.len()));
    joined(&frame)
}

fn icmpv4_packets() -> Vec<(Vec<u8>, &'static str)> {
    use icmpv4::{Message, unreachable};
    let quoted = &tcp_frame(V4[0], Options::default(), b"")[14..42];
    let frag = unreachable::FRAGMENTATION_NEEDED;
    let port = unreachable::PORT;
    [
        (Message::EchoRequest { id: 7, seq: 1 }, &b"abc"[..], "Echo (ping) request|id=0x0007"),
        (Message::EchoReply { id: 7, seq: 1 }, b"abc", "Echo (ping) reply"),
        (
            Message::DestinationUnreachable { code: port, next_hop_mtu: 0 },
            quoted,
            "Destination unreachable (Port unreachable)",
        ),
        (
            Message::DestinationUnreachable { code: frag, next_hop_mtu: 1400 },
            quoted,
            "Destination unreachable (Fragmentation needed)",
        ),
        (Message::TimeExceeded { code: 0 }, quoted, "Time-to-live exceeded"),
        (Message::ParameterProblem { code: 0, pointer: 9 }, quoted, "Parameter problem"),
        (Message::Unknown { kind: 10, code: 0, rest: [0; 4] }, b"", "Router solicitation"),
    ]
    .map(|(message, payload, words)| {
        let mut bytes = vec![0; message.len()];
        message.emit(&mut bytes);
        bytes.extend(payload);
        let checksum = Sum::of(&bytes).checksum();
        bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
        (datagram(&v4_header(Protocol::ICMP, bytes.len()), &bytes), words)
    })
    .to_vec()
}

fn icmpv6_frame(message: &icmpv6::Message, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; message.len()];
    message.emit(&mut bytes);
    bytes.extend(payload);
    let header = v6_header(Protocol::ICMPV6, bytes.len());
    let checksum = header.pseudo_header(Protocol::ICMPV6, bytes.len()).and(&bytes).checksum();
    bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
    datagram(&header, &bytes)
}

fn icmpv6_packets() -> Vec<(Vec<u8>, &'static str)> {
    use icmpv6::{Message, unreachable};
    let quoted = &tcp_frame(V6[0], Options::default(), b"")[14..];
    let port = unreachable::PORT;
    [
        (Message::EchoRequest { id: 7, seq: 1 }, &b"abc"[..], "Echo (ping) request|id=0x0007"),
        (Message::EchoReply { id: 7, seq: 1 }, b"abcd", "Echo (ping) reply"),
        (
            Message::DestinationUnreachable { code: port },
            quoted,
            "Destination Unreachable (Port unreachable)",
        ),
        (Message::PacketTooBig { mtu: 1280 }, quoted, "Packet Too Big"),
        (Message::TimeExceeded { code: 0 }, quoted, "Time Exceeded (hop limit exceeded"),
        (Message::ParameterProblem { code: 1, pointer: 6 }, quoted, "Parameter Problem"),
    ]
    .map(|(message, payload, words)| (icmpv6_frame(&message, payload), words))
    .to_vec()
}

fn neighbor_packets() -> Vec<(Vec<u8>, &'static str)> {
    use icmpv6::Message;
    [
        (
            Message::NeighborSolicitation { target: V6[1], source_link_addr: Some(OURS) },
            "Neighbor Solicitation for fd71::2 from 02:00:00:00:00:01",
        ),
        (
            Message::NeighborSolicitation { target: V6[1], source_link_addr: None },
            "Neighbor Solicitation for fd71::2",
        ),
        (
            Message::NeighborAdvertisement {
                target: V6[0],
                router: true,
                solicited: true,
                override_cache: true,
                target_link_addr: Some(OURS),
            },
            "Neighbor Advertisement fd71::1 (rtr, sol, ovr) is at 02:00:00:00:00:01",
        ),
        (
            Message::NeighborAdvertisement {
                target: V6[0],
                router: false,
                solicited: true,
                override_cache: false,
                target_link_addr: None,
            },
            "Neighbor Advertisement fd71::1 (sol)",
        ),
    ]
    .map(|(message, words)| (icmpv6_frame(&message, b""), words))
    .to_vec()
}

fn tcp_packets() -> Vec<(Vec<u8>, &'static str)> {
    let timestamps = Some(Timestamps { value: 5, echo: 6 });
    let syn = Options {
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps,
        ..Options::default()
    };
    let mut sack = SackBlocks::NONE;
    for left in [1000, 3000, 5000, 7000] {
        sack.push(SeqNumber(left), SeqNumber(left + 500));
    }
    let mut unknown = UnknownOptions::NONE;
    unknown.push(34, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let all = "MSS=1460|SACK_PERM|TSval=5 TSecr=6|WS=128";
    vec![
        (tcp_frame(V4[0], syn.clone(), b""), all),
        (tcp_frame(V6[0], syn.clone(), b""), all),
        (tcp_frame(V4[0], Options { timestamps: None, ..syn }, b""), "MSS=1460|SACK_PERM|WS=128"),
        (
            tcp_frame(V4[0], Options { timestamps, sack, ..Options::default() }, b"ab"),
            "Len=2|SLE=1000 SRE=1500|SLE=5000 SRE=5500|TSval=5",
        ),
        (
            tcp_frame(V6[0], Options { sack, ..Options::default() }, b"odd"),
            "Len=3|SLE=7000 SRE=7500",
        ),
        (tcp_frame(V4[0], Options { unknown, ..Options::default() }, b"abc"), "Len=3|TFO=C"),
    ]
}

/// The frames that super-frames are cut into.
fn cut_packets() -> Vec<(Vec<u8>, &'static str)> {
    let cut = |mut frame: Frame, kind| {
        let header_len = u16::try_from(frame.head.len()).unwrap();
        frame.offload.gso = Some(Gso { kind, size: 1000, header_len });
        split(&frame).map(|piece| joined(&piece)).collect::<Vec<_>>()
    };
    let timestamps = Some(Timestamps { value: 5, echo: 6 });
    let options = Options { timestamps, ..Options::default() };
    let payload = [0x61; 2500];
    let mut packets = Vec::new();
    let v4 = cut(tcp_super_frame(V4[0], options.clone(), &payload), GsoKind::TcpV4);
    let v6 = cut(tcp_super_frame(V6[0], options, &payload), GsoKind::TcpV6);
    let udp = cut(udp_super_frame(V4[0], &payload), GsoKind::Udp);
    for frames in [v4, v6, udp] {
        assert_eq!(frames.len(), 3);
        packets.extend(frames.into_iter().zip(["Len=1000", "Len=1000", "Len=500"]));
    }
    packets
}

fn tcp_frame(src: impl Into<std::net::IpAddr>, options: Options, text: &[u8]) -> Vec<u8> {
    let mut frame = tcp_super_frame(src, options, text);
    finish(&mut frame);
    joined(&frame)
}

fn tcp_super_frame(src: impl Into<std::net::IpAddr>, options: Options, text: &[u8]) -> Frame {
    // Options of the handshake need a SYN to be shown.
    let syn = if options.mss.is_some() { Flags::SYN } else { Flags::ACK };
    let header = tcp::Header {
        src_port: 1000,
        dst_port: 80,
        seq: SeqNumber(100),
        ack: SeqNumber(if syn == Flags::SYN { 0 } else { 200 }),
        flags: syn,
        window: 512,
        urgent: 0,
        options,
    };
    let len = header.len() + text.len();
    let ip = header_of(src, Protocol::TCP, len);
    let mut frame = started(&ip);
    let start = frame.head.len();
    header.emit(frame.head.grow(header.len()));
    seeded(frame, [start, tcp::CHECKSUM_OFFSET], ip.pseudo_header(Protocol::TCP, len), text)
}

fn udp_frame(src: impl Into<std::net::IpAddr>, payload: &[u8]) -> Vec<u8> {
    let mut frame = udp_super_frame(src, payload);
    finish(&mut frame);
    joined(&frame)
}

fn udp_super_frame(src: impl Into<std::net::IpAddr>, payload: &[u8]) -> Frame {
    let payload_len = u16::try_from(payload.len()).unwrap();
    let header = udp::Header { src_port: 1000, dst_port: 2000, payload_len };
    let len = header.len() + payload.len();
    let ip = header_of(src, Protocol::UDP, len);
    let mut frame = started(&ip);
    let start = frame.head.len();
    header.emit(frame.head.grow(header.len()));
    seeded(frame, [start, udp::CHECKSUM_OFFSET], ip.pseudo_header(Protocol::UDP, len), payload)
}

/// Leaves the checksum partial and adds the payload, in two chunks of odd length where it can.
fn seeded(mut frame: Frame, [start, offset]: [usize; 2], seed: Sum, payload: &[u8]) -> Frame {
    let field = start + offset;
    frame.head.as_mut_slice()[field..field + 2].copy_from_slice(&seed.partial().to_be_bytes());
    let (first, second) = payload.split_at(payload.len().min(1));
    frame.payload.extend([first, second].map(Bytes::copy_from_slice));
    let (start, offset) = (u16::try_from(start).unwrap(), u16::try_from(offset).unwrap());
    frame.offload = Offload { checksum: Checksum::Partial { start, offset }, gso: None };
    frame
}

fn header_of(src: impl Into<std::net::IpAddr>, protocol: Protocol, len: usize) -> ip::Header {
    if src.into().is_ipv4() { v4_header(protocol, len) } else { v6_header(protocol, len) }
}

fn v4_header(protocol: Protocol, payload_len: usize) -> ip::Header {
    ip::Header::V4(ipv4::Header {
        src: V4[0],
        dst: V4[1],
        protocol,
        ttl: 64,
        tos: Ecn::Ect0.bits(),
        identification: 0x4711,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        payload_len: u16::try_from(payload_len).unwrap(),
        // Router alert (RFC 2113), where a payload is not meant for everybody.
        options: match protocol {
            Protocol::ICMP => ipv4::Options::new(&[0x94, 4, 0, 0]),
            _ => ipv4::Options::NONE,
        },
    })
}

fn v6_header(protocol: Protocol, payload_len: usize) -> ip::Header {
    ip::Header::V6(ipv6::Header {
        src: V6[0],
        dst: V6[1],
        next_header: protocol,
        hop_limit: 255,
        traffic_class: Ecn::Ect0.bits(),
        flow_label: 0xabcde,
        payload_len: u16::try_from(payload_len).unwrap(),
    })
}

/// A frame with its link and IP headers.
fn started(ip: &ip::Header) -> Frame {
    let ethertype = match ip {
        ip::Header::V4(_) => EtherType::IPV4,
        ip::Header::V6(_) => EtherType::IPV6,
    };
    let mut frame = Frame::default();
    let link = ethernet::Header { dst: THEIRS, src: OURS, ethertype };
    link.emit(frame.head.grow(link.len()));
    ip.emit(frame.head.grow(ip.len()));
    frame
}

fn datagram(ip: &ip::Header, payload: &[u8]) -> Vec<u8> {
    let mut frame = started(ip);
    frame.payload.push(Bytes::copy_from_slice(payload));
    joined(&frame)
}

fn joined(frame: &Frame) -> Vec<u8> {
    frame.parts().collect::<Vec<_>>().concat()
}
