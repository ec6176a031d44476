//! What does the script see? Sockets, a clock, and the packets that were sent.
//!
//! One [`Posix`] in virtual time. Time moves by what packetdrill asks for; whatever is due on the
//! way happens at its own moment, and each packet keeps the time at which it was sent.

use crate::settings::{Flags, Settings};
use bytes::Bytes;
use osier_host::Keys;
use osier_posix::{Errno, Fd, Posix, Setup};
use osier_time::{Duration, Instant};
use osier_wire::link::{Medium, Offloads};
use std::collections::{HashMap, VecDeque};

/// Where the clock starts: not at zero, so that times before the script's first can be told.
const START: Instant = Instant::from_secs(1_000);

/// By how much the clock moves when it is looked at: who spins on it gets on.
const TICK: Duration = Duration::from_micros(1);

/// How long packetdrill waits at most for a packet that does not come.
const PATIENCE: Duration = Duration::from_secs(300);

/// Everything behind packetdrill's table.
pub(crate) struct World {
    pub(crate) posix: Posix,
    pub(crate) now: Instant,
    flags: Flags,
    settings: Settings,
    /// Packets that packetdrill has not taken yet, and when each was sent.
    sent: VecDeque<(Instant, Bytes)>,
    /// Real descriptors, which stand for ours.
    tokens: HashMap<i32, Fd>,
    /// Whether anybody has had a socket.
    opened: bool,
    /// When calls that wait give up.
    pub(crate) limits: Vec<Instant>,
}

impl World {
    pub(crate) fn new(flags: &Flags) -> World {
        let settings = Settings::new(flags);
        let posix = posix(flags, &settings);
        let (sent, tokens, limits) = (VecDeque::new(), HashMap::new(), Vec::new());
        World {
            posix,
            now: START,
            flags: flags.clone(),
            settings,
            sent,
            tokens,
            opened: false,
            limits,
        }
    }

    /// Takes over what a script's `sysctl` has changed.
    pub(crate) fn heed_settings(&mut self) {
        let Some(config) = self.settings.changed() else { return };
        if !self.opened {
            // Nobody has had a socket yet: the link may be another, too.
            self.posix = posix(&self.flags, &self.settings);
        } else {
            self.posix.reconfigure(&config);
            self.posix.host_mut().set_metrics(self.settings.metrics());
            self.posix.set_segmentation(self.settings.segmentation());
        }
        if self.settings.forgets() {
            self.posix.host_mut().forget_fast_open();
        }
    }

    /// Takes what the sockets want to send.
    pub(crate) fn pump(&mut self) {
        while let Some(packet) = self.posix.packet_out(self.now) {
            self.sent.push_back((self.now, packet));
        }
    }

    /// A packet of the script arrives.
    pub(crate) fn packet_in(&mut self, packet: &[u8]) {
        self.posix.packet_in(self.now, packet);
        self.pump();
    }

    /// Whether a packet was sent that packetdrill has not taken.
    pub(crate) fn has_packet(&self) -> bool {
        !self.sent.is_empty()
    }

    /// The next packet that was sent, and when.
    pub(crate) fn take_packet(&mut self) -> Option<(Instant, Bytes)> {
        self.sent.pop_front()
    }

    /// The next moment at which something happens, no later than `end`.
    pub(crate) fn next_moment(&self, end: Instant) -> Instant {
        let due = self.posix.next_deadline().into_iter().chain(self.limits.iter().copied());
        due.min().unwrap_or(end).max(self.now).min(end)
    }

    /// Moves the clock to a moment; what is due then happens.
    pub(crate) fn move_to(&mut self, moment: Instant) {
        self.now = self.now.max(moment);
        if self.posix.next_deadline().is_some_and(|due| due <= self.now) {
            self.posix.on_deadline(self.now);
        }
        self.pump();
    }

    /// Somebody looks at the clock.
    pub(crate) fn look(&mut self) -> Instant {
        self.move_to(self.now + TICK);
        self.now
    }

    /// Until when packetdrill waits for a packet.
    pub(crate) fn patience(&self) -> Instant {
        self.now + PATIENCE
    }

    /// Whether anything is still to come.
    pub(crate) fn is_idle(&self) -> bool {
        self.posix.next_deadline().is_none() && self.limits.is_empty()
    }

    /// Ours, of a real descriptor.
    pub(crate) fn fd(&self, token: i32) -> Result<Fd, Errno> {
        self.tokens.get(&token).copied().ok_or(Errno::EBADF)
    }

    /// A real descriptor stands for ours from now on.
    pub(crate) fn keep_token(&mut self, token: i32, fd: Fd) {
        self.opened = true;
        self.tokens.insert(token, fd);
    }

    /// A real descriptor stands for nothing any more.
    pub(crate) fn drop_token(&mut self, token: i32) {
        self.tokens.remove(&token);
    }
}

fn posix(flags: &Flags, settings: &Settings) -> Posix {
    let mut posix = Posix::new(Setup {
        config: settings.config(),
        keys: Keys::from_seed(1),
        mtu: flags.mtu,
        addresses: flags.addresses.clone(),
        offloads: Offloads::all(Medium::Ip),
    });
    posix.host_mut().set_metrics(settings.metrics());
    posix.set_segmentation(settings.segmentation());
    posix
}
