//! Whoever a test wants: segments of any address, any port, any number, said to a host's face.
//!
//! Frames are bare IP packets with good checksums, and what the host answers is read back. No
//! state is kept: a stranger says what the test makes it say.
#![allow(dead_code, reason = "no test uses all of it")]

use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use osier_host::{Config, Host, Keys};
use osier_ip::{Cidr, LinkConfig, LinkId, Route};
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::ip::{Header as IpHeader, Protocol};
use osier_wire::link::{Medium, Offloads};
use osier_wire::offload::Offload;
use osier_wire::tcp::{Flags, Header, Options, Timestamps};
use osier_wire::{Received, SeqNumber, icmpv4, tcp};

pub(crate) const HOST_V4: [u8; 4] = [10, 71, 0, 1];

/// A host with one bare IP link to everybody, and its link.
pub(crate) fn host(config: Config, keys: Keys) -> (Host, LinkId) {
    let mut host = Host::new(config, keys);
    let offloads = Offloads::none(Medium::Ip, 1_500);
    let link = host.add_link(LinkConfig { medium: Medium::Ip, mtu: 1_500, offloads });
    let v6 = IpAddr::from([0xfd71, 0, 0, 0, 0, 0, 0, 1u16]);
    for (address, prefix_len, all) in
        [(IpAddr::from(HOST_V4), 24, IpAddr::from([0u8; 4])), (v6, 64, IpAddr::from([0u8; 16]))]
    {
        host.add_address(Instant::ZERO, link, Cidr { address, prefix_len });
        host.add_route(Route {
            network: Cidr { address: all, prefix_len: 0 },
            gateway: None,
            link,
        });
    }
    (host, link)
}

/// A segment between two sockets.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) header: Header,
    pub(crate) text: Bytes,
}

/// The options of a SYN as a common kernel sends it.
pub(crate) fn usual_options(value: u32) -> Options {
    Options {
        mss: Some(1_460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: Some(Timestamps { value, echo: 0 }),
        ..Options::default()
    }
}

/// A SYN.
pub(crate) fn syn(from: SocketAddr, to: SocketAddr, seq: u32, options: Options) -> Said {
    let header = Header {
        src_port: from.port(),
        dst_port: to.port(),
        seq: SeqNumber(seq),
        ack: SeqNumber(0),
        flags: Flags::SYN,
        window: 64_240,
        urgent: 0,
        options,
    };
    Said { from, to, header, text: Bytes::new() }
}

impl Said {
    /// The segment by which whoever got this one acknowledges it; its clock says `value`.
    pub(crate) fn answer(&self, value: u32) -> Said {
        let echo = self.header.options.timestamps.map(|stamp| stamp.value);
        let flags = &self.header.flags;
        let len = self.text.len() as u32
            + u32::from(flags.contains(Flags::SYN))
            + u32::from(flags.contains(Flags::FIN));
        let options = Options {
            timestamps: echo.map(|echo| Timestamps { value, echo }),
            ..Options::default()
        };
        let header = Header {
            src_port: self.to.port(),
            dst_port: self.from.port(),
            seq: self.header.ack,
            ack: self.header.seq + len,
            flags: Flags::ACK,
            window: 500,
            urgent: 0,
            options,
        };
        Said { from: self.to, to: self.from, header, text: Bytes::new() }
    }

    /// The same with text.
    pub(crate) fn with_text(mut self, text: &'static [u8]) -> Said {
        self.text = Bytes::from_static(text);
        self
    }

    pub(crate) fn flags(&self) -> Flags {
        self.header.flags
    }

    /// The frame.
    pub(crate) fn frame(&self) -> Received {
        let mut segment = vec![0; self.header.len()];
        self.header.emit(&mut segment);
        segment.extend_from_slice(&self.text);
        let (src, dst) = (self.from.ip(), self.to.ip());
        let sum = Sum::pseudo_header(src, dst, Protocol::TCP, segment.len());
        let checksum = sum.and(&segment).checksum();
        segment[tcp::CHECKSUM_OFFSET..][..2].copy_from_slice(&checksum.to_be_bytes());
        let header = IpHeader::new(src, dst, Protocol::TCP, segment.len() as u16).unwrap();
        let mut bytes = vec![0; header.len()];
        header.emit(&mut bytes);
        bytes.extend_from_slice(&segment);
        Received { bytes: bytes.into(), offload: Offload::NONE }
    }

    /// Reads what a host sent.
    pub(crate) fn read(frame: &osier_wire::Frame) -> Option<Said> {
        let bytes: Vec<u8> = frame.parts().flatten().copied().collect();
        let (ip, payload) = IpHeader::parse(&bytes).ok()?;
        let segment = &bytes[payload];
        let (header, text_at) = Header::parse(segment).ok()?;
        Some(Said {
            from: SocketAddr::new(ip.src(), header.src_port),
            to: SocketAddr::new(ip.dst(), header.dst_port),
            text: Bytes::copy_from_slice(&segment[text_at..]),
            header,
        })
    }
}

/// What a router says (IPv4) that could not forward a segment of this number of the flow of `said`.
pub(crate) fn router_says(message: &icmpv4::Message, said: &Said, seq: SeqNumber) -> Received {
    let mut quoted = said.clone();
    quoted.header.seq = seq;
    let quoted = quoted.frame().bytes.slice(..28);
    let mut icmp = vec![0; message.len()];
    message.emit(&mut icmp);
    icmp.extend_from_slice(&quoted);
    let checksum = Sum::default().and(&icmp).checksum();
    icmp[2..4].copy_from_slice(&checksum.to_be_bytes());
    let (router, len) = ([192, 0, 2, 1].into(), icmp.len() as u16);
    let header = IpHeader::new(router, said.from.ip(), Protocol::ICMP, len).unwrap();
    let mut bytes = vec![0; header.len()];
    header.emit(&mut bytes);
    bytes.extend_from_slice(&icmp);
    Received { bytes: bytes.into(), offload: Offload::NONE }
}

/// Says something to a host and hears what it answers, to anybody.
pub(crate) fn say(host: &mut Host, link: LinkId, now: Instant, said: &Said) -> Vec<Said> {
    host.on_frame(now, link, said.frame());
    hear(host, now)
}

/// What a host has to say.
pub(crate) fn hear(host: &mut Host, now: Instant) -> Vec<Said> {
    let mut heard = Vec::new();
    while let Some((_, frame)) = host.poll_transmit(now) {
        heard.extend(Said::read(&frame));
    }
    heard
}

/// A counter of a host.
pub(crate) fn counter(host: &Host, name: &str) -> u64 {
    let counters = host.counters();
    let found = counters.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no counter {name}")).1
}
