//! Two hosts joined by a link in virtual time: what do they do to each other?
//!
//! Frames take a fixed delay and may be lost, by a seeded dice or by a rule of the test. Time moves
//! only when nothing is left to do now. Nothing here looks into a frame but the rule of the test.
#![allow(dead_code, reason = "no test uses all of it")]

use bytes::{Bytes, BytesMut};
use core::net::{IpAddr, SocketAddr};
use osier_host::{Config, ConnectionId, Event, Host, Keys, ListenerId};
use osier_ip::{Cidr, LinkConfig, LinkId};
use osier_tcp::Text;
use osier_time::{Duration, Instant};
use osier_wire::link::{Medium, Offloads};
use osier_wire::offload::split;
use osier_wire::{Frame, MacAddr, Received};
use std::collections::VecDeque;

/// Which end of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) const fn other(self) -> Side {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }
}

/// One end: a host, what it told, and what flies towards it.
pub(crate) struct End {
    pub(crate) host: Host,
    pub(crate) link: LinkId,
    pub(crate) events: Vec<Event>,
    arriving: VecDeque<(Instant, LinkId, Received)>,
    offloads: Offloads,
}

/// What the link is like.
#[derive(Clone, Copy)]
pub(crate) struct Cable {
    pub(crate) ethernet: bool,
    pub(crate) offloads: bool,
    pub(crate) mtu: usize,
    pub(crate) delay: Duration,
    /// Frames lost of a thousand.
    pub(crate) loss: u64,
    pub(crate) seed: u64,
}

impl Default for Cable {
    fn default() -> Self {
        let delay = Duration::from_millis(5);
        Cable { ethernet: true, offloads: false, mtu: 1_500, delay, loss: 0, seed: 1 }
    }
}

/// A moment before a frame reaches B.
pub(crate) struct Moment {
    pub(crate) host: Host,
    pub(crate) now: Instant,
    pub(crate) frame: Received,
}

type Rule = Box<dyn FnMut(Side, &Received) -> bool>;
type Router = Box<dyn FnMut(Side, &mut Received)>;

/// Two hosts and the link between them.
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) a: End,
    pub(crate) b: End,
    pub(crate) cable: Cable,
    /// Whether to lose a frame that this side sent.
    pub(crate) lose: Option<Rule>,
    /// What a router on the way does to a frame that this side sent.
    pub(crate) router: Option<Router>,
    /// Where wanted: every moment before a frame reaches B.
    pub(crate) moments: Option<Vec<Moment>>,
    dice: u64,
    /// Frames that reached the link, and of them those that were lost.
    pub(crate) sent: u64,
    pub(crate) lost: u64,
}

/// The addresses of an end.
pub(crate) fn v4(side: Side) -> IpAddr {
    IpAddr::from([10, 71, 0, 1 + side as u8])
}

pub(crate) fn v6(side: Side) -> IpAddr {
    IpAddr::from([0xfd71, 0, 0, 0, 0, 0, 0, 1 + side as u16])
}

impl Pair {
    pub(crate) fn new(cable: Cable, config: &Config) -> Pair {
        let end = |side: Side| {
            let mac = MacAddr([2, 0, 0, 0, 0, 1 + side as u8]);
            let medium = if cable.ethernet { Medium::Ethernet(mac) } else { Medium::Ip };
            let offloads = if cable.offloads {
                Offloads::all(medium)
            } else {
                Offloads::none(medium, cable.mtu)
            };
            let keys = Keys::from_seed(cable.seed * 2 + side as u64);
            let mut host = Host::new(config.clone(), keys);
            let link = host.add_link(LinkConfig { medium, mtu: cable.mtu, offloads });
            for (address, prefix_len) in [(v4(side), 24), (v6(side), 64)] {
                host.add_address(Instant::ZERO, link, Cidr { address, prefix_len });
            }
            End { host, link, events: Vec::new(), arriving: VecDeque::new(), offloads }
        };
        let now = Instant::from_secs(1);
        let dice = cable.seed | 1;
        let (a, b) = (end(Side::A), end(Side::B));
        Pair { now, a, b, cable, lose: None, router: None, moments: None, dice, sent: 0, lost: 0 }
    }

    pub(crate) fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    /// Does what there is to do now; where there is nothing, moves time to the next thing. `false`:
    /// nothing will ever happen again.
    pub(crate) fn step(&mut self) -> bool {
        let busy = self.turn(Side::A) | self.turn(Side::B);
        if busy {
            return true;
        }
        let next = [&self.a, &self.b].into_iter().filter_map(|end| {
            let arrival = end.arriving.front().map(|(at, ..)| *at);
            arrival.into_iter().chain(end.host.next_deadline()).min()
        });
        match next.min() {
            Some(at) => {
                self.now = self.now.max(at);
                true
            }
            None => false,
        }
    }

    /// One end's turn; says whether it had anything to do.
    fn turn(&mut self, side: Side) -> bool {
        let now = self.now;
        let mut moments = self.moments.take();
        let end = self.end(side);
        let mut busy = false;
        while end.arriving.front().is_some_and(|(at, ..)| *at <= now) {
            let Some((_, link, frame)) = end.arriving.pop_front() else { break };
            if let (Side::B, Some(moments)) = (side, &mut moments) {
                moments.push(Moment { host: end.host.clone(), now, frame: frame.clone() });
            }
            end.host.on_frame(now, link, frame);
            busy = true;
        }
        if end.host.next_deadline().is_some_and(|due| due <= now) {
            end.host.on_deadline(now);
            busy = true;
        }
        while let Some(event) = end.host.poll_event() {
            end.events.push(event);
            busy = true;
        }
        let mut out = Vec::new();
        while let Some(frame) = end.host.poll_transmit(now) {
            out.push(frame);
        }
        assert!(!end.host.wants_transmit() || !out.is_empty(), "it wants and does not");
        busy |= !out.is_empty();
        self.moments = moments;
        for (link, frame) in out {
            self.carry(side, link, &frame);
        }
        busy
    }

    fn carry(&mut self, side: Side, link: LinkId, frame: &Frame) {
        let now = self.now;
        if link == Host::LOOPBACK {
            self.end(side).arriving.push_front((now, link, gather(frame)));
            return;
        }
        let at = now + self.cable.delay;
        let whole = frame.offload.gso.is_some() && self.end(side).offloads.tso_v4;
        let frames: Vec<Received> = if whole || self.end(side).offloads.checksum {
            vec![gather(frame)]
        } else {
            split(frame).map(|frame| gather(&frame)).collect()
        };
        for mut frame in frames {
            self.sent += 1;
            assert!(frame.bytes.len() <= self.end(side).offloads.max_frame, "longer than agreed");
            self.dice ^= self.dice << 13;
            self.dice ^= self.dice >> 7;
            self.dice ^= self.dice << 17;
            let unlucky = self.dice % 1_000 < self.cable.loss;
            if unlucky || self.lose.as_mut().is_some_and(|lose| lose(side, &frame)) {
                self.lost += 1;
                continue;
            }
            if let Some(router) = &mut self.router {
                router(side, &mut frame);
            }
            let to = self.end(side.other());
            let link = to.link;
            to.arriving.push_back((at, link, frame));
        }
    }

    /// Steps until `done` says so; panics where that never happens within `limit`.
    pub(crate) fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Pair) -> bool) {
        let end = self.now + limit;
        while !done(self) {
            assert!(self.step() && self.now <= end, "not done at {} (limit {end})", self.now);
        }
    }

    /// Steps until `time` has passed, or nothing happens any more.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let before = self.now;
            if !self.step() {
                break;
            }
            if self.now > end {
                // The step only moved time: nothing was done beyond the end.
                self.now = end.max(before);
                return;
            }
        }
        self.now = end;
    }

    /// Takes the next event of an end.
    pub(crate) fn event(&mut self, side: Side) -> Option<Event> {
        let events = &mut self.end(side).events;
        if events.is_empty() { None } else { Some(events.remove(0)) }
    }

    /// Runs until an end has told this.
    pub(crate) fn await_event(&mut self, side: Side, event: Event) {
        let limit = Duration::from_secs(300);
        self.run_until(limit, |pair| pair.end(side).events.contains(&event));
        self.end(side).events.retain(|told| *told != event);
    }

    /// Makes the neighbours known to each other, so that what follows does not wait for that.
    pub(crate) fn meet(&mut self) {
        for side in [Side::A, Side::B] {
            let now = self.now;
            for to in [v4(side.other()), v6(side.other())] {
                self.end(side).host.ping(now, to, (0, 0), Bytes::new()).expect("there is a way");
            }
            self.run_for(Duration::from_secs(1));
            self.end(side).events.clear();
        }
        self.sent = 0;
    }

    /// B listens.
    pub(crate) fn listen(&mut self, at: SocketAddr, backlog: usize) -> ListenerId {
        self.b.host.listen(at, backlog).expect("the port is free")
    }

    /// A connects to a listener of B, which accepts: their ids.
    pub(crate) fn open(
        &mut self,
        listener: ListenerId,
        to: SocketAddr,
    ) -> (ConnectionId, ConnectionId) {
        let client = self.a.host.connect(self.now, to, None).expect("there is a way");
        self.await_event(Side::A, Event::Connected(client));
        self.await_event(Side::B, Event::Acceptable(listener));
        let (server, _) = self.b.host.accept(listener).expect("it was told");
        (client, server)
    }

    /// Sends `len` pattern octets from one side's connection to the other's and reads them there.
    pub(crate) fn transfer(&mut self, from: (Side, ConnectionId), to: ConnectionId, len: usize) {
        let (side, id) = from;
        let (mut written, mut read) = (0, 0);
        let limit = Duration::from_secs(3_600);
        self.run_until(limit, |pair| {
            let now = pair.now;
            while written < len {
                let chunk = pattern(written, (len - written).min(50_000));
                match pair.end(side).host.write(id, &chunk) {
                    Ok(taken) => written += taken,
                    Err(osier_host::Error::WouldBlock) => break,
                    Err(error) => panic!("write: {error:?}"),
                }
            }
            while let Text::Got(text) = pair.end(side.other()).host.read_chunk(now, to, 1 << 20) {
                assert!(text == pattern(read, text.len()), "damaged between {read} and more");
                read += text.len();
            }
            read == len
        });
    }

    /// A counter of an end.
    pub(crate) fn counter(&mut self, side: Side, name: &str) -> u64 {
        let counters = self.end(side).host.counters();
        let found = counters.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no counter {name}")).1
    }
}

/// Octet n of the pattern is a mix of n.
pub(crate) fn pattern(from: usize, len: usize) -> Bytes {
    (from..from + len).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect::<Vec<u8>>().into()
}

/// The frame as a device hands it over: contiguous, with its descriptor.
pub(crate) fn gather(frame: &Frame) -> Received {
    let mut bytes = BytesMut::with_capacity(frame.len());
    frame.parts().for_each(|part| bytes.extend_from_slice(part));
    Received { bytes: bytes.freeze(), offload: frame.offload }
}
