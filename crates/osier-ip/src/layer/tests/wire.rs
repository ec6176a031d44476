//! Two or more hosts on an Ethernet that loses nothing and takes no time.

use super::*;

/// When tests begin.
pub(crate) const T0: Instant = Instant::from_secs(100);

/// The Ethernet of a test host: its second link.
pub(crate) const ETH: LinkId = LinkId(1);

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn mac(n: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 0, n])
}

/// A host with nothing but its loopback.
pub(crate) fn loopback(seed: u64) -> Layer {
    let mut layer = Layer::new(seed);
    let (medium, mtu) = (Medium::Ip, 65_536);
    let lo = layer.add_link(LinkConfig { medium, mtu, offloads: Offloads::all(medium) });
    layer.add_address(T0, lo, Cidr { address: ip("127.0.0.1"), prefix_len: 8 });
    layer.add_address(T0, lo, Cidr { address: ip("::1"), prefix_len: 128 });
    layer
}

/// Host `n`: `10.0.0.n/24`, `fd00::n/64` and a link-local address on an Ethernet of MTU 1500.
/// What it announced is thrown away.
pub(crate) fn host(n: u8) -> Layer {
    let mut layer = loopback(u64::from(n));
    let medium = Medium::Ethernet(mac(n));
    let offloads = Offloads::none(medium, 1500);
    let link = layer.add_link(LinkConfig { medium, mtu: 1500, offloads });
    assert_eq!(link, ETH);
    let v4 = IpAddr::from([10, 0, 0, n]);
    layer.add_address(T0, link, Cidr { address: v4, prefix_len: 24 });
    let v6 = IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(n)]);
    layer.add_address(T0, link, Cidr { address: v6, prefix_len: 64 });
    while layer.poll_transmit(T0).is_some() {}
    layer
}

/// A frame as its receiver sees it.
pub(crate) fn received(frame: &Frame) -> Received {
    let bytes: Vec<u8> = frame.parts().flatten().copied().collect();
    Received { bytes: bytes.into(), offload: frame.offload }
}

/// A packet of 20 octets, of a transport that nobody knows.
pub(crate) fn packet_to(layer: &Layer, dst: &str) -> ToSend {
    let dst = ip(dst);
    ToSend {
        src: layer.source_for(dst).unwrap(),
        dst,
        protocol: Protocol(253),
        tos: 0,
        hop_limit: None,
        fragment: Fragment::Never,
        len: 20,
    }
}

/// The hosts, and all that was on the wire.
pub(crate) struct Wire {
    pub(crate) hosts: Vec<Layer>,
    pub(crate) seen: Vec<Received>,
    pub(crate) delivered: Vec<(usize, Delivered)>,
    packets: Vec<(usize, Whole)>,
}

impl Wire {
    pub(crate) fn new(hosts: Vec<Layer>) -> Self {
        Wire { hosts, seen: Vec::new(), delivered: Vec::new(), packets: Vec::new() }
    }

    /// Hosts 1 and 2.
    pub(crate) fn pair() -> Self {
        Wire::new(Vec::from([host(1), host(2)]))
    }

    /// Sends a packet with `text` behind a header of the transport's own, and lets all answer.
    pub(crate) fn send(&mut self, now: Instant, from: usize, packet: &ToSend) {
        let layer = &mut self.hosts[from];
        let mut frame = Frame::default();
        let wrapped = layer.wrap(now, packet, &mut frame).unwrap();
        assert_eq!(usize::from(wrapped.enclosed.transport_at), frame.head.len());
        frame.head.grow(8).copy_from_slice(b"segment!");
        frame.payload.push(Bytes::from(std::vec![b'x'; packet.len - 8]));
        if let Some(link) = layer.submit(now, wrapped, &mut frame) {
            self.carry(now, from, link, &frame);
        }
        self.settle(now);
    }

    /// Gives a frame to all other hosts, or back to the sender where it is for itself.
    pub(crate) fn carry(&mut self, now: Instant, from: usize, link: LinkId, frame: &Frame) {
        let frame = received(frame);
        for to in 0..self.hosts.len() {
            if (link == Layer::LOOPBACK) == (to == from) {
                let mut frame = frame.clone();
                match self.hosts[to].on_frame(now, link, &mut frame) {
                    None => {}
                    Some(Delivered::Packet(packet)) => {
                        self.packets.push((to, Whole { packet, datagram: frame.bytes }));
                    }
                    Some(other) => self.delivered.push((to, other)),
                }
            }
        }
        self.seen.push(frame);
    }

    /// Carries frames until nobody has one.
    pub(crate) fn settle(&mut self, now: Instant) {
        let mut busy = true;
        while busy {
            busy = false;
            for from in 0..self.hosts.len() {
                while let Some((link, frame)) = self.hosts[from].poll_transmit(now) {
                    self.carry(now, from, link, &frame);
                    busy = true;
                }
            }
        }
    }

    /// Lets the clocks of all hosts run to `until`.
    pub(crate) fn run(&mut self, until: Instant) {
        while let Some((due, host)) = self.next().filter(|(due, _)| *due <= until) {
            self.hosts[host].on_deadline(due);
            assert!(self.hosts[host].next_deadline().is_none_or(|next| next > due));
            self.settle(due);
        }
    }

    fn next(&self) -> Option<(Instant, usize)> {
        let due = |(n, host): (usize, &Layer)| host.next_deadline().map(|due| (due, n));
        self.hosts.iter().enumerate().filter_map(due).min()
    }

    /// Takes the packets that reached a transport.
    pub(crate) fn packets(&mut self) -> Vec<(usize, Whole)> {
        core::mem::take(&mut self.packets)
    }
}

/// A packet with its bytes.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) packet: Packet,
    pub(crate) datagram: Bytes,
}

impl Whole {
    pub(crate) fn payload(&self) -> &[u8] {
        self.packet.payload(&self.datagram)
    }
}

impl core::ops::Deref for Whole {
    type Target = Packet;
    fn deref(&self) -> &Packet {
        &self.packet
    }
}
