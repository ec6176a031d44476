//! How does the tour drive an osier host?
//!
//! By the host's own doors, from one thread and without a runtime: this is the engine itself. A
//! host here has one Ethernet link, keeps notes of what it decides, and gives away one frame at a
//! time, so that each can be held.

use osier_device::Properties;
use osier_host::{Config, Host, Keys, SocketInfo};
use osier_ip::{Cidr, LinkConfig, LinkId};
use osier_tcp::{Recording, State};
use osier_time::{Duration, Instant};
use osier_wire::ip::Protocol;
use osier_wire::link::Medium;
use osier_wire::offload::split;
use osier_wire::{Frame, MacAddr, Received};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// A host with its link.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) host: Host,
    link: LinkId,
    /// The address of this end.
    address: IpAddr,
    /// What one frame of the host was cut into and is still to be sent.
    cut: VecDeque<Frame>,
}

impl End {
    /// A host at `address` on an Ethernet link where nothing is done for it.
    pub(crate) fn new(now: Instant, address: Cidr, mac: MacAddr, mtu: usize) -> Self {
        let mut host = Host::new(Config::default(), keys());
        host.set_recording(Recording::On);
        let Properties { medium, mtu, offloads } = Properties::plain(Medium::Ethernet(mac), mtu);
        let link = host.add_link(LinkConfig { medium, mtu, offloads });
        host.add_address(now, link, address);
        End { host, link, address: address.address, cut: VecDeque::new() }
    }

    /// The address of this end.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// A frame arrived.
    pub(crate) fn receive(&mut self, now: Instant, frame: Received) {
        self.host.on_frame(now, self.link, frame);
    }

    /// The next frame that a wire would carry, if there is one.
    pub(crate) fn transmit(&mut self, now: Instant) -> Option<Frame> {
        while self.cut.is_empty() {
            let (link, frame) = self.host.poll_transmit(now)?;
            if link == self.link {
                self.cut.extend(split(&frame));
            }
        }
        self.cut.pop_front()
    }

    /// What the host has decided since the last question, as sentences.
    pub(crate) fn notes(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.host.take_note()).map(|note| note.reason.to_string()).collect()
    }

    /// The socket that talks to `remote`; before there is one, and afterwards, the listener of
    /// `port`, if there is one.
    pub(crate) fn socket(&self, port: u16, remote: Option<SocketAddr>) -> Option<SocketInfo> {
        let sockets = self.host.sockets();
        let mut of_tcp = sockets.into_iter().filter(|socket| socket.protocol == Protocol::TCP);
        of_tcp.find(|socket| socket.local.port() == port && socket.remote == remote)
    }

    /// The state of the end of a connection with `remote`.
    pub(crate) fn state(&self, port: u16, remote: SocketAddr) -> State {
        let socket = self.socket(port, Some(remote));
        socket.and_then(|socket| socket.state).unwrap_or(State::Closed)
    }

    /// How long the socket that talks to `remote` will stay in TIME-WAIT.
    pub(crate) fn time_wait(&self, now: Instant, port: u16, remote: SocketAddr) -> Duration {
        let socket = self.socket(port, Some(remote));
        let timer = socket.and_then(|socket| socket.timer);
        timer.map_or(Duration::ZERO, |(_, due)| due - now)
    }

    /// Calls what is due.
    pub(crate) fn keep_time(&mut self, now: Instant) {
        if self.host.next_deadline().is_some_and(|due| due <= now) {
            self.host.on_deadline(now);
        }
    }
}

/// Secrets that nobody can guess: std seeds each of these from the system's random source.
fn keys() -> Keys {
    use std::hash::{BuildHasher, RandomState};
    let mut secret = [0; 32];
    for (n, lane) in secret.chunks_exact_mut(8).enumerate() {
        lane.copy_from_slice(&RandomState::new().hash_one(n).to_le_bytes());
    }
    Keys { secret, cookies: None, fast_open: None }
}
