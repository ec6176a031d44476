//! How do frames and time pass between subject and peer?
//!
//! In rounds: what both have sent is on the cable, then both hear it, so that frames that were held
//! cross each other. When the cable is still, time leaps to the next alarm that is near (a delayed
//! acknowledgment, a probe); when none is, that is a quiescent point. Time is virtual in both runs;
//! only the kernel has a clock of its own beside it.

use crate::osier::Osier;
use crate::script::{Side, Wire};
use crate::sockets::Sockets;
use bytes::Bytes;
use osier_time::{Duration, Instant};
use std::net::{IpAddr, SocketAddr};

/// How near an alarm must be to be waited for at a quiescent point: longer than an acknowledgment
/// is delayed, shorter than anything a program is told of.
const NEAR: Duration = Duration::from_millis(250);

/// Rounds until we believe that two stacks talk for ever.
const ROUNDS_MAX: usize = 20_000;

/// Where both are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) wire: Wire,
    pub(crate) subject: IpAddr,
    pub(crate) peer: IpAddr,
    /// The first of the ports of a script.
    pub(crate) port: u16,
}

impl Places {
    /// The address of one side, as the other or the same side writes it.
    pub(crate) fn address(&self, of: Side, by: Side) -> IpAddr {
        let address = match of {
            Side::Subject => self.subject,
            Side::Peer => self.peer,
        };
        match (address, by, self.wire) {
            (IpAddr::V4(v4), Side::Subject, Wire::Mapped) => v4.to_ipv6_mapped().into(),
            _ => address,
        }
    }

    /// The family of the sockets of one side.
    pub(crate) const fn wire(&self, side: Side) -> Wire {
        match (side, self.wire) {
            (Side::Peer, Wire::Mapped) => Wire::V4,
            (_, wire) => wire,
        }
    }

    /// A name in words that are the same wherever a script is played.
    pub(crate) fn words(&self, name: SocketAddr) -> String {
        let ip = name.ip().to_canonical();
        let host = match ip {
            _ if ip.is_unspecified() => "any".into(),
            _ if ip == self.subject => "subject".into(),
            _ if ip == self.peer => "peer".into(),
            _ => ip.to_string(),
        };
        let written = match (name.ip(), ip) {
            (IpAddr::V4(_), _) => "v4",
            (IpAddr::V6(_), IpAddr::V4(_)) => "mapped",
            (IpAddr::V6(_), IpAddr::V6(_)) => "v6",
        };
        match name.port() {
            0 => format!("{host}({written}):0"),
            port if (self.port..self.port + 8).contains(&port) => {
                format!("{host}({written}):p{}", port - self.port)
            }
            _ => format!("{host}({written}):some"),
        }
    }
}

/// Two stacks and the cable between them.
pub(crate) struct World<S> {
    pub(crate) places: Places,
    now: Instant,
    subject: S,
    peer: Osier,
    to_subject: Vec<Bytes>,
    to_peer: Vec<Bytes>,
}

impl<S: Sockets> World<S> {
    pub(crate) fn new(places: Places, subject: S) -> World<S> {
        let now = Instant::from_secs(1);
        let peer = Osier::new(places.peer, 2);
        let (to_subject, to_peer) = (Vec::new(), Vec::new());
        let mut world = World { places, now, subject, peer, to_subject, to_peer };
        world.pass(now);
        world
    }

    pub(crate) fn side(&mut self, side: Side) -> &mut dyn Sockets {
        match side {
            Side::Subject => &mut self.subject,
            Side::Peer => &mut self.peer,
        }
    }

    fn pass(&mut self, now: Instant) {
        self.now = now;
        self.subject.pass(now);
        self.peer.pass(now);
    }

    /// Puts on the cable what was sent since, as a kernel does within each call.
    pub(crate) fn collect(&mut self) {
        self.subject.sent(&mut self.to_peer);
        self.peer.sent(&mut self.to_subject);
    }

    /// Carries frames up to the next quiescent point.
    pub(crate) fn deliver(&mut self) {
        self.deliver_for(NEAR);
    }

    /// As [`World::deliver`], with alarms that are further away.
    pub(crate) fn deliver_for(&mut self, near: Duration) {
        let mut until = self.now + near;
        for _ in 0..ROUNDS_MAX {
            self.collect();
            if !self.to_peer.is_empty() || !self.to_subject.is_empty() {
                self.round();
                until = until.max(self.now + near.min(NEAR));
            } else if !self.subject.comes_more() {
                match self.next_deadline().filter(|due| *due <= until) {
                    Some(due) => self.pass(due.max(self.now)),
                    None => {
                        self.pass(self.now.max(until - NEAR.min(near)));
                        return;
                    }
                }
            }
        }
        panic!("they talk for ever");
    }

    fn round(&mut self) {
        self.pass(self.now + Duration::from_millis(1));
        for packet in std::mem::take(&mut self.to_peer) {
            self.peer.arrive(&packet);
        }
        for packet in std::mem::take(&mut self.to_subject) {
            self.subject.arrive(&packet);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let deadlines = [self.subject.next_deadline(), self.peer.next_deadline()];
        deadlines.into_iter().flatten().min()
    }
}
