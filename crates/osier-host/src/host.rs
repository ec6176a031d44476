//! Through which doors does the world reach a host?
//!
//! Feed a batch of inputs (`on_frame`, `on_deadline`, verbs), drain [`Host::poll_event`], then take
//! [`Host::poll_transmit`] only while the device has room; then wait for the device, the next verb
//! or [`Host::next_deadline`]. The verbs of sockets are in `tcp_calls.rs` and `udp_calls.rs`.

use crate::account::{Account, Note, SocketInfo};
use crate::config::{Config, Keys, Metrics};
use crate::connections::Connections;
use crate::cookies::Cookies;
use crate::fast_open::FastOpens;
use crate::flow::{Flows, Keyed};
use crate::half_open::Handshakes;
use crate::ids::{Error, Event};
use crate::isn::Openings;
use crate::links::Link;
use crate::listener::Listeners;
use crate::output::Turn;
use crate::pmtu::Paths;
use crate::ports::Ports;
use crate::reason::HostReason;
use crate::secrets::{Purpose, derive};
use crate::stray::Strays;
use crate::time_wait::TimeWaits;
use crate::udp::UdpSockets;
use crate::undecided::Undecided;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use osier_ip::{Cidr, Delivered, Layer, LinkConfig, LinkId, Route};
use osier_tcp::Recording;
use osier_time::Instant;
use osier_wire::link::{Medium, Offloads};
use osier_wire::{Frame, Protocol, Received};

/// Alarms that one call of [`Host::on_deadline`] serves at most; the rest stays due.
const ALARMS_PER_CALL: usize = 256;

/// The MTU of the loopback link: the longest IP packet.
const LOOPBACK_MTU: usize = 65_535;

/// One computer as a value.
#[derive(Clone, Debug)]
pub struct Host {
    pub(crate) config: Config,
    pub(crate) ip: Layer,
    /// By [`LinkId`].
    pub(crate) links: Vec<Link>,
    pub(crate) openings: Openings,
    pub(crate) ports: Ports,
    pub(crate) account: Account,
    pub(crate) flows: Flows,
    pub(crate) connections: Connections,
    pub(crate) handshakes: Handshakes,
    pub(crate) cookies: Cookies,
    pub(crate) fast_opens: FastOpens,
    pub(crate) time_waits: TimeWaits,
    pub(crate) strays: Strays,
    pub(crate) listeners: Listeners,
    pub(crate) undecided: Undecided,
    pub(crate) udp: UdpSockets,
    pub(crate) paths: Paths,
    pub(crate) echo_replies: VecDeque<Event>,
    pub(crate) turn: Turn,
}

impl Host {
    /// The link of frames that the host sends to itself. Whoever takes such a frame from
    /// `poll_transmit` gives it back to `on_frame` with the same link.
    pub const LOOPBACK: LinkId = LinkId(0);

    /// A host with one link, [`Host::LOOPBACK`].
    pub fn new(config: Config, keys: Keys) -> Self {
        let keyed = Keyed(derive(&keys, Purpose::Tables));
        let [a, b, c, d, e, f, g, h, ..] = derive(&keys, Purpose::Ip);
        let mut host = Host {
            ip: Layer::new(u64::from_le_bytes([a, b, c, d, e, f, g, h])),
            links: Vec::new(),
            openings: Openings::new(&keys),
            ports: Ports::new(&keys, config.ephemeral_ports),
            account: Account::new(),
            flows: Flows::new(derive(&keys, Purpose::Flows)),
            connections: Connections::new(config.tcp.nagle, config.memory_max),
            handshakes: Handshakes::new(),
            cookies: Cookies::new(&keys),
            fast_opens: FastOpens::new(&keys, keyed),
            time_waits: TimeWaits::new(),
            strays: Strays::new(),
            listeners: Listeners::new(keyed),
            undecided: Undecided::new(keyed),
            udp: UdpSockets::new(keyed),
            paths: Paths::new(keyed),
            echo_replies: VecDeque::new(),
            turn: Turn::Connections,
            config,
        };
        let offloads = Offloads::all(Medium::Ip);
        let link = host.add_link(LinkConfig { medium: Medium::Ip, mtu: LOOPBACK_MTU, offloads });
        debug_assert_eq!(link, Host::LOOPBACK);
        let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        host.add_address(Instant::ZERO, link, Cidr { address: v4, prefix_len: 8 });
        host.add_address(Instant::ZERO, link, Cidr { address: v6, prefix_len: 128 });
        host
    }

    /// Adds a link.
    pub fn add_link(&mut self, config: LinkConfig) -> LinkId {
        self.links.push(Link::new(&config, &self.config.tcp));
        self.ip.add_link(config)
    }

    /// Changes the settings that connections start with; those that are open keep theirs.
    pub fn set_tcp_config(&mut self, tcp: osier_tcp::Config) {
        self.config.tcp = tcp;
        for link in &mut self.links {
            link.set_tcp(&self.config.tcp);
        }
    }

    /// Says what is known of all paths, for connections to come.
    pub fn set_metrics(&mut self, metrics: Metrics) {
        for link in &mut self.links {
            link.set_metrics(metrics, &self.config.tcp);
        }
    }

    /// Gives a link an address.
    pub fn add_address(&mut self, now: Instant, link: LinkId, cidr: Cidr) {
        self.ip.add_address(now, link, cidr);
    }

    /// Adds a route.
    pub fn add_route(&mut self, route: Route) {
        self.ip.add_route(route);
    }

    /// A frame arrived.
    pub fn on_frame(&mut self, now: Instant, link: LinkId, mut frame: Received) {
        self.account.now = now;
        if !self.has_link(link) {
            return;
        }
        let delivered = self.ip.on_frame(now, link, &mut frame);
        self.account.close_ip(&mut self.ip, None);
        self.deliver(now, &delivered, &mut frame);
    }

    /// Whether the host has this link.
    #[inline]
    pub(crate) const fn has_link(&self, link: LinkId) -> bool {
        (link.0 as usize) < self.links.len()
    }

    /// What the IP layer made of a frame.
    #[inline(always)]
    pub(crate) fn deliver(
        &mut self,
        now: Instant,
        delivered: &Option<Delivered>,
        frame: &mut Received,
    ) {
        match delivered {
            None => {}
            Some(Delivered::Packet(packet)) => match packet.protocol {
                Protocol::TCP => self.tcp_input(now, packet, &mut frame.bytes),
                Protocol::UDP => self.udp_input(now, packet, &frame.bytes),
                _ => self.answer_no_transport(now, packet, &frame.bytes),
            },
            Some(Delivered::Error(error)) => self.icmp_input(now, error),
            Some(Delivered::EchoReply(reply)) => self.echo_input(reply),
        }
        // It may have been asked to send an error.
        self.account.close_ip(&mut self.ip, None);
    }

    /// Time has reached [`Host::next_deadline`]. One call serves a bounded number of alarms; where
    /// more are due, [`Host::next_deadline`] says so.
    pub fn on_deadline(&mut self, now: Instant) {
        self.account.now = now;
        if self.ip.next_deadline().is_some_and(|due| due <= now) {
            self.ip.on_deadline(now);
            self.account.close_ip(&mut self.ip, None);
        }
        for _ in 0..ALARMS_PER_CALL {
            if let Some(id) = self.connections.queues.wheel.pop_due(now) {
                self.connection_deadline(now, id);
            } else if !self.end_round(now) && !self.end_time_wait(now) && !self.end_undecided(now) {
                break;
            }
        }
    }

    /// The next event, if any.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.others_have_news()
            && let Some(event) = self.event_of_others()
        {
            return Some(event);
        }
        if self.connections.queues.news.front().is_some()
            && let Some(event) = self.connections.poll_event()
        {
            return Some(event);
        }
        if self.udp.has_news() { self.udp.poll_event() } else { None }
    }

    /// Whether anybody may have something to tell who comes before sockets: mostly nobody has.
    #[inline]
    fn others_have_news(&self) -> bool {
        self.ip.has_event()
            || !self.echo_replies.is_empty()
            || self.listeners.has_news()
            || self.undecided.has_news()
    }

    #[inline(never)]
    fn event_of_others(&mut self) -> Option<Event> {
        if let Some(event) = self.ip.poll_event() {
            return Some(self.on_ip_event(event));
        }
        if !self.echo_replies.is_empty() {
            return self.echo_replies.pop_front();
        }
        self.listeners.poll_event().or_else(|| self.undecided.poll_event())
    }

    /// The next frame to send, and on which link.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<(LinkId, Frame)> {
        let mut frame = Frame::default();
        let link = self.poll_transmit_into(now, &mut frame)?;
        Some((link, frame))
    }

    /// [`Host::poll_transmit`] in place: writes the frame over what `frame` held before, and says
    /// on which link it is to be sent. For whoever sends many: a frame is too large to be handed
    /// around.
    pub fn poll_transmit_into(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        self.account.now = now;
        self.next_frame(now, frame)
    }

    /// Whether [`Host::poll_transmit`] may have a frame: cheap, and `false` is certain. Who calls a
    /// verb wakes the driver only if this says so, or if [`Host::next_deadline`] came nearer.
    pub fn wants_transmit(&self) -> bool {
        self.ip.wants_transmit() || self.may_transmit()
    }

    /// When [`Host::on_deadline`] is to be called, if ever. May be early: a call then does nothing
    /// but find out the next time.
    pub fn next_deadline(&self) -> Option<Instant> {
        let first = at_last(self.ip.next_deadline())
            .min(at_last(self.connections.queues.wheel.next_deadline()))
            .min(at_last(self.time_waits.next_deadline(self.account.now)));
        let first = match self.handshakes.is_empty() && self.undecided.is_empty() {
            true => first,
            false => first
                .min(at_last(self.handshakes.next_deadline()))
                .min(at_last(self.undecided.next_deadline())),
        };
        Some(first).filter(|first| *first != Instant::MAX)
    }

    /// Sends an echo request (ping).
    ///
    /// # Errors
    /// [`Error::NetworkUnreachable`], or [`Error::MessageTooLong`] where it exceeds the MTU.
    pub fn ping(
        &mut self,
        now: Instant,
        to: IpAddr,
        id_and_seq: (u16, u16),
        data: Bytes,
    ) -> Result<(), Error> {
        self.account.now = now;
        let to = to.to_canonical();
        Ok(self.ip.send_echo(now, to, id_and_seq, data)?)
    }

    /// The device has lost so many frames that were for us before it could hand them in: they are
    /// counted, so that whoever asks why something is slow can see it.
    pub fn on_lost(&mut self, now: Instant, frames: u64) {
        if frames > 0 {
            self.account.now = now;
            let told = u32::try_from(frames).unwrap_or(u32::MAX);
            self.account.push_times(HostReason::LostByDevice { frames: told }, frames);
        }
    }

    /// Starts or stops keeping notes; counters are always on.
    pub fn set_recording(&mut self, recording: Recording) {
        self.account.set_recording(recording);
        self.ip.notes_mut().set_recording(match recording {
            Recording::On => osier_ip::Recording::On,
            Recording::Off => osier_ip::Recording::Off,
        });
    }

    /// The notes that wait to be taken, the oldest first: for one more listener beside whoever
    /// takes them.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.account.notes()
    }

    /// Takes the oldest note of the doors called so far.
    pub fn take_note(&mut self) -> Option<Note> {
        self.account.take_note()
    }

    /// Every socket as `ss` shows it: listeners, half-open ones, connections, TIME-WAIT, UDP.
    pub fn sockets(&self) -> Vec<SocketInfo> {
        self.all_sockets()
    }

    /// Every counter of every layer, by name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        self.account.counters().chain(self.ip.counters()).collect()
    }
}

/// Never is the last of all times.
#[inline]
fn at_last(deadline: Option<Instant>) -> Instant {
    deadline.unwrap_or(Instant::MAX)
}
