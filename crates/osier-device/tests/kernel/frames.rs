//! How does a test write a frame, and wait for one, without a stack?
//!
//! Headers by osier-wire; no state. The kernel is at 10.71.0.1 and fd71::1, we at .2 and ::2.

use bytes::Bytes;
use osier_device::{Device, Medium, TunTap, interface, tuntap};
use osier_wire::checksum::Sum;
use osier_wire::ethernet::{EtherType, Header as Ethernet};
use osier_wire::offload::{Checksum, Offload};
use osier_wire::{Frame, MacAddr, Protocol, Received, ip, ipv4, ipv6};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

pub(crate) const KERNEL: Ipv4Addr = Ipv4Addr::new(10, 71, 0, 1);
pub(crate) const US: Ipv4Addr = Ipv4Addr::new(10, 71, 0, 2);
pub(crate) const KERNEL6: Ipv6Addr = Ipv6Addr::new(0xfd71, 0, 0, 0, 0, 0, 0, 1);
pub(crate) const US6: Ipv6Addr = Ipv6Addr::new(0xfd71, 0, 0, 0, 0, 0, 0, 2);
pub(crate) const MAC: MacAddr = MacAddr([2, 0, 0x5e, 0, 0x71, 2]);

/// Opens a device and sets the kernel's side up, with both of its addresses.
pub(crate) fn link_up(config: &tuntap::Config) -> TunTap {
    let device = TunTap::open(config).unwrap();
    interface::add_address(&config.name, KERNEL.into(), 24).unwrap();
    interface::add_address(&config.name, KERNEL6.into(), 64).unwrap();
    interface::set_up(&config.name).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while !interface::is_in_use(KERNEL6.into()).unwrap() {
        assert!(Instant::now() < until, "the kernel takes its IPv6 address into use");
        std::thread::sleep(Duration::from_millis(1));
    }
    device
}

/// A transport header and payload behind the headers below it, its checksum left to the device.
pub(crate) struct Packet {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) protocol: Protocol,
    /// The transport header, and where in it the checksum field lies.
    pub(crate) transport: (Vec<u8>, u16),
    pub(crate) payload: Vec<Bytes>,
}

impl Packet {
    /// The frame, for a device of this medium; towards the kernel `to_mac`.
    pub(crate) fn frame(&self, medium: Medium, to_mac: MacAddr) -> Frame {
        let mut frame =
            Frame { payload: self.payload.iter().cloned().collect(), ..Frame::default() };
        let len = self.transport.0.len() + frame.payload_len();
        if let Medium::Ethernet(src) = medium {
            let v4 = self.to.is_ipv4();
            let ethertype = if v4 { EtherType::IPV4 } else { EtherType::IPV6 };
            Ethernet { dst: to_mac, src, ethertype }.emit(frame.head.grow(14));
        }
        let payload_len = u16::try_from(len).unwrap();
        let header = ip::Header::new(self.from, self.to, self.protocol, payload_len).unwrap();
        header.emit(frame.head.grow(header.len()));
        let start = frame.head.len();
        let (header, offset) = &self.transport;
        let out = frame.head.grow(header.len());
        out.copy_from_slice(header);
        let partial = match self.protocol {
            // ICMP over IPv4 has no pseudo-header.
            Protocol::ICMP => 0,
            _ => Sum::pseudo_header(self.from, self.to, self.protocol, len).partial(),
        };
        let field = usize::from(*offset);
        out[field..field + 2].copy_from_slice(&partial.to_be_bytes());
        let start = u16::try_from(start).unwrap();
        frame.offload.checksum = Checksum::Partial { start, offset: *offset };
        frame
    }
}

/// Waits for the first frame of which `wanted` makes something; others are passed over.
pub(crate) fn wait_for<T>(
    device: &mut impl Device,
    mut wanted: impl FnMut(&Received) -> Option<T>,
) -> Option<T> {
    let until = Instant::now() + Duration::from_secs(5);
    let mut frames = Vec::new();
    while Instant::now() < until {
        if device.receive(&mut frames, 1).unwrap() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(found) = frames.drain(..).find_map(|frame| wanted(&frame)) {
            return Some(found);
        }
    }
    None
}

/// What an IP packet carries: transport protocol, and its bytes. `None` for all but IP.
pub(crate) fn transport(medium: Medium, bytes: &[u8]) -> Option<(Protocol, &[u8])> {
    let ip = bytes.get(medium.header_len()..)?;
    if let Ok((header, payload)) = ipv4::Header::parse(ip) {
        return Some((header.protocol, &ip[payload]));
    }
    let (header, payload) = ipv6::Header::parse(ip).ok()?;
    Some((header.next_header, &ip[payload]))
}

/// Sends a frame and asserts that the device took it.
pub(crate) fn send(device: &mut impl Device, frame: Frame) {
    assert!(device.room() > 0);
    device.transmit(frame).unwrap();
    device.flush().unwrap();
}

/// No checksum left to do.
pub(crate) fn is_plain(offload: &Offload) -> bool {
    *offload == Offload::NONE
}
