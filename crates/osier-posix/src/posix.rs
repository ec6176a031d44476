//! Through which doors do packets and time reach the sockets?
//!
//! Feed packets with [`Posix::packet_in`] and due time with [`Posix::on_deadline`], make calls,
//! take packets with [`Posix::packet_out`] until there is none. Packets of the host to itself stay
//! inside.

use crate::files::Files;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::{Bytes, BytesMut};
use core::net::IpAddr;
use osier_host::{Config, Host, Keys};
use osier_ip::{Cidr, LinkConfig, LinkId, Route};
use osier_time::Instant;
use osier_wire::link::{Medium, Offloads};
use osier_wire::offload::{finish, split};
use osier_wire::{Frame, Received};

/// Packets to ourselves that may wait to be heard; beyond it the oldest is dropped, as a full
/// device would.
const LOOPED_MAX: usize = 1_024;

/// What a host under sockets is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The settings of the host.
    pub config: Config,
    /// Its secrets.
    pub keys: Keys,
    /// The longest IP packet of its link.
    pub mtu: usize,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// What the link takes off it; with segmentation, packets are as long as what was sent at once.
    pub offloads: Offloads,
}

/// BSD sockets over one host.
#[derive(Clone, Debug)]
pub struct Posix {
    pub(crate) host: Host,
    pub(crate) files: Files,
    link: LinkId,
    looped: VecDeque<Received>,
    segmentation: Segmentation,
    /// What is left of a super-segment that was cut.
    cut: VecDeque<Bytes>,
}

/// Who cuts super-segments, where the link takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Segmentation {
    /// The device, behind what is seen here: they come out whole.
    #[default]
    ByDevice,
    /// The host, right before the device (Linux: `ethtool -K … tso off gso off`). They are as long,
    /// and pushed at their ends, as if the device cut them.
    BySoftware,
}

impl Posix {
    /// A host with one link, over which everything is reached.
    pub fn new(setup: Setup) -> Posix {
        let mut host = Host::new(setup.config, setup.keys);
        let (mtu, offloads) = (setup.mtu, setup.offloads);
        let link = host.add_link(LinkConfig { medium: Medium::Ip, mtu, offloads });
        for address in setup.addresses {
            let (prefix_len, any) = match address {
                IpAddr::V4(_) => (32, IpAddr::from([0; 4])),
                IpAddr::V6(_) => (128, IpAddr::from([0; 16])),
            };
            host.add_address(Instant::ZERO, link, Cidr { address, prefix_len });
            let network = Cidr { address: any, prefix_len: 0 };
            host.add_route(Route { network, gateway: None, link });
        }
        let (looped, cut) = (VecDeque::new(), VecDeque::new());
        let segmentation = Segmentation::default();
        Posix { host, files: Files::default(), link, looped, segmentation, cut }
    }

    /// Says who cuts super-segments from now on.
    pub fn set_segmentation(&mut self, segmentation: Segmentation) {
        self.segmentation = segmentation;
    }

    /// An IP packet arrived.
    pub fn packet_in(&mut self, now: Instant, packet: &[u8]) {
        self.host.on_frame(now, self.link, Received::from(Bytes::copy_from_slice(packet)));
        self.take_news(now);
    }

    /// The next IP packet to send, whole and with its checksums.
    pub fn packet_out(&mut self, now: Instant) -> Option<Bytes> {
        if let Some(packet) = self.cut.pop_front() {
            return Some(packet);
        }
        loop {
            while let Some(frame) = self.looped.pop_front() {
                self.host.on_frame(now, Host::LOOPBACK, frame);
                self.take_news(now);
            }
            let (link, mut frame) = self.host.poll_transmit(now)?;
            if link == self.link {
                if self.segmentation == Segmentation::BySoftware && frame.offload.gso.is_some() {
                    self.cut = split(&frame).map(|frame| gather(&frame)).collect();
                    return self.cut.pop_front();
                }
                finish(&mut frame);
                return Some(gather(&frame));
            }
            if self.looped.len() == LOOPED_MAX {
                self.looped.pop_front();
            }
            self.looped.push_back(Received { bytes: gather(&frame), offload: frame.offload });
        }
    }

    /// When [`Posix::on_deadline`] is to be called, if ever.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.host.next_deadline()
    }

    /// Time has reached [`Posix::next_deadline`].
    pub fn on_deadline(&mut self, now: Instant) {
        self.host.on_deadline(now);
        self.take_news(now);
    }

    /// Takes over settings that may change while there are sockets: those of connections, for such
    /// as begin later, and those of Fast Open.
    pub fn reconfigure(&mut self, config: &Config) {
        self.host.set_tcp_config(config.tcp.clone());
        self.host.set_fast_open_policy(config.fast_open.clone());
    }

    /// The host, for what sockets do not show.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The host, for what sockets do not do. Its events are not to be taken.
    pub fn host_mut(&mut self) -> &mut Host {
        &mut self.host
    }
}

/// A frame in one piece.
fn gather(frame: &Frame) -> Bytes {
    let mut bytes = BytesMut::with_capacity(frame.len());
    frame.parts().for_each(|part| bytes.extend_from_slice(part));
    bytes.freeze()
}
