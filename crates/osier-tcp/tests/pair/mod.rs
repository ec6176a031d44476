//! How do two connections talk in a test? Over a wire in virtual time, segment by segment.
//!
//! The wire delays every segment by the same time and asks a rule what to do with each. Super-
//! segments are cut as a device would cut them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

pub mod puppet;

use bytes::{Buf, Bytes, BytesMut};
use osier_tcp::{
    Arrived, Config, Connection, Event, HalfOpen, Notes, Opening, Progress, Reason, Recording,
    Segment, State, Text, TimeWait, TimeWaitVerdict, Transmit, answer_stray, examine,
};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::ip::Ecn;
use osier_wire::tcp::Flags;
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

/// What stands at one end.
#[derive(Debug)]
pub enum Role {
    Closed,
    Listen,
    HalfOpen(HalfOpen),
    Open(Box<Connection>),
    TimeWait(TimeWait),
}

/// Buffers that are never the limit, and do not change.
pub fn wide() -> Config {
    let size = (1 << 20).into();
    Config { receive_buffer: size, send_buffer: size, ..Config::default() }
}

/// One end of the wire.
#[derive(Debug)]
pub struct End {
    pub role: Role,
    pub config: Config,
    pub notes: Notes,
    pub reasons: Vec<Reason>,
    pub events: Vec<Event>,
    pub received: Vec<u8>,
    pub iss: u32,
    /// Whether text is read as soon as it comes.
    pub reads: bool,
    /// The old connection, whose text may still be read after TIME-WAIT began.
    pub old: Option<Box<Connection>>,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    A,
    B,
}

/// What the wire does with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Deliver,
    Drop,
    Delay(Duration),
    Twice,
}

type Marks = Box<dyn FnMut(Who, &Segment) -> bool>;
type Rule = Box<dyn FnMut(Who, &Segment) -> Fate>;

/// A segment on the wire.
#[derive(Clone, Debug)]
pub struct InFlight {
    pub at: Instant,
    pub from: Who,
    pub segment: Segment,
    /// The ECN field of its packet.
    pub ecn: Ecn,
}

/// Two ends and a wire.
pub struct Pair {
    pub now: Instant,
    pub a: End,
    pub b: End,
    pub delay: Duration,
    /// How long a full segment of 1500 octets takes to be sent, in each direction; zero: no time.
    pub serialization: Duration,
    /// How long a segment may have to wait for those before it: where it would be longer, the queue
    /// is full and the segment is dropped.
    pub queue: Duration,
    /// Until when what A sends keeps a link busy that it shares with other pairs.
    pub shared: Option<Rc<Cell<Instant>>>,
    /// Until when each direction is busy.
    busy: [Instant; 2],
    pub wire: VecDeque<InFlight>,
    pub rule: Rule,
    /// Which of the packets that may be marked a router marks.
    pub marks: Marks,
    /// Everything that was sent, lost or not.
    pub log: Vec<InFlight>,
}

impl End {
    pub fn new(config: Config, iss: u32) -> End {
        End {
            role: Role::Closed,
            config,
            notes: Notes::new(Recording::On),
            reasons: Vec::new(),
            events: Vec::new(),
            received: Vec::new(),
            iss,
            reads: true,
            old: None,
        }
    }

    pub fn state(&self) -> State {
        match &self.role {
            Role::Closed => State::Closed,
            Role::Listen => State::Listen,
            Role::HalfOpen(_) => State::SynReceived,
            Role::Open(connection) => connection.state(),
            Role::TimeWait(_) => State::TimeWait,
        }
    }

    pub fn connection(&mut self) -> &mut Connection {
        match (&mut self.role, &mut self.old) {
            (Role::Open(connection), _) => connection,
            (_, Some(old)) => old,
            (role, None) => panic!("no connection but {role:?}"),
        }
    }

    fn opening(&self) -> Opening {
        Opening { iss: SeqNumber(self.iss), ts_offset: self.iss }
    }

    fn on_segment(&mut self, now: Instant, mut segment: Segment, ecn: Ecn) -> Option<Transmit> {
        let arrived = Arrived { ecn, ..Arrived::default() };
        match &mut self.role {
            Role::Closed => return answer_stray(&segment, &mut self.notes),
            Role::Listen => match examine(&segment, &mut self.notes) {
                osier_tcp::Admission::Syn => {
                    let opening = self.opening();
                    let half = HalfOpen::new(now, &segment, &self.config, opening, &mut self.notes);
                    self.role = Role::HalfOpen(half);
                }
                osier_tcp::Admission::Reset(rst) => return Some(*rst),
                osier_tcp::Admission::Ignore => {}
            },
            Role::HalfOpen(half) => match half.on_segment(&segment, &mut self.notes) {
                Progress::Waiting => {}
                Progress::Stray => return answer_stray(&segment, &mut self.notes),
                Progress::Over => self.role = Role::Listen,
                Progress::Complete => {
                    let notes = &mut self.notes;
                    let open = half.complete(now, segment, arrived, &self.config, notes);
                    self.role = Role::Open(Box::new(open));
                }
            },
            Role::Open(connection) => {
                connection.on_segment(now, &mut segment, arrived, &mut self.notes);
            }
            Role::TimeWait(wait) => {
                match wait.on_segment(now, &segment, &self.config, &mut self.notes) {
                    TimeWaitVerdict::Stays => {}
                    TimeWaitVerdict::Reopen => {
                        self.iss = wait.snd_nxt().0.wrapping_add(100_000);
                        self.role = Role::Listen;
                        return self.on_segment(now, segment, ecn);
                    }
                }
            }
        }
        None
    }

    fn on_deadline(&mut self, now: Instant) {
        match &mut self.role {
            Role::Closed | Role::Listen => {}
            Role::HalfOpen(half) => {
                if half.on_deadline(now, &self.config, &mut self.notes) == Progress::Over {
                    self.role = Role::Listen;
                }
            }
            Role::Open(connection) => connection.on_deadline(now, &mut self.notes),
            Role::TimeWait(wait) => {
                if wait.deadline(now) <= now {
                    self.role = Role::Closed;
                }
            }
        }
    }

    fn next_deadline(&self, now: Instant) -> Option<Instant> {
        match &self.role {
            Role::Closed | Role::Listen => None,
            Role::HalfOpen(half) => Some(half.next_deadline()),
            Role::Open(connection) => connection.next_deadline(),
            Role::TimeWait(wait) => Some(wait.deadline(now)),
        }
    }

    fn settle(&mut self, now: Instant) {
        self.reasons.extend(self.notes.drain());
        if let Role::Open(connection) = &mut self.role {
            while let Some(event) = connection.poll_event() {
                self.events.push(event);
            }
            if let Some(wait) = connection.time_wait(now) {
                let Role::Open(old) = std::mem::replace(&mut self.role, Role::TimeWait(wait))
                else {
                    unreachable!()
                };
                self.old = Some(old);
            }
        }
        if self.reads && (matches!(self.role, Role::Open(_)) || self.old.is_some()) {
            self.read_all();
        }
    }

    pub fn read_all(&mut self) {
        let mut received = std::mem::take(&mut self.received);
        while let Text::Got(chunk) = self.connection().read_chunk(usize::MAX) {
            received.extend_from_slice(&chunk);
        }
        self.received = received;
    }

    fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        match &mut self.role {
            Role::Closed | Role::Listen => None,
            Role::HalfOpen(half) => half.poll_transmit(now, &self.config),
            Role::Open(connection) => connection.poll_transmit(now, &mut self.notes),
            Role::TimeWait(wait) => wait.poll_transmit(now),
        }
    }

    pub fn has_reason(&self, like: &Reason) -> bool {
        self.reasons.iter().any(|reason| reason.index() == like.index())
    }
}

impl Pair {
    pub fn new(a: Config, b: Config) -> Pair {
        Pair {
            now: Instant::from_secs(1),
            a: End::new(a, 1_000),
            b: End::new(b, u32::MAX - 500),
            delay: Duration::from_millis(10),
            serialization: Duration::ZERO,
            queue: Duration::MAX,
            shared: None,
            busy: [Instant::ZERO; 2],
            wire: VecDeque::new(),
            rule: Box::new(|_, _| Fate::Deliver),
            marks: Box::new(|_, _| false),
            log: Vec::new(),
        }
    }

    /// Two ends with default settings; B listens and A has connected.
    pub fn connected() -> Pair {
        Pair::connected_with(Config::default(), Config::default())
    }

    pub fn connected_with(a: Config, b: Config) -> Pair {
        let mut pair = Pair::new(a, b);
        pair.b.role = Role::Listen;
        pair.connect(Who::A);
        pair.run_for(Duration::from_millis(100));
        assert_eq!(pair.states(), (State::Established, State::Established));
        pair
    }

    pub fn end(&mut self, who: Who) -> &mut End {
        match who {
            Who::A => &mut self.a,
            Who::B => &mut self.b,
        }
    }

    pub fn connect(&mut self, who: Who) {
        let now = self.now;
        let end = self.end(who);
        let opening = end.opening();
        let open = Connection::connect(now, &end.config, opening, &mut end.notes);
        end.role = Role::Open(Box::new(open));
        self.flush();
    }

    pub fn write(&mut self, who: Who, text: &[u8]) -> usize {
        let taken = self.end(who).connection().write(text).expect("may write");
        self.flush();
        taken
    }

    pub fn close(&mut self, who: Who) {
        let end = self.end(who);
        let mut notes = std::mem::replace(&mut end.notes, Notes::new(Recording::On));
        end.connection().close(&mut notes);
        end.notes = notes;
        self.flush();
    }

    pub fn states(&self) -> (State, State) {
        (self.a.state(), self.b.state())
    }

    /// For so long nothing moves; then everything does, in order.
    pub fn stall(&mut self, time: Duration) {
        self.busy = [self.now + time; 2];
    }

    /// Sends what both ends owe.
    pub fn flush(&mut self) {
        for who in [Who::A, Who::B] {
            let now = self.now;
            self.end(who).settle(now);
            while let Some(transmit) = self.end(who).poll_transmit(now) {
                self.send(who, &transmit);
            }
            self.end(who).settle(now);
        }
    }

    pub fn send(&mut self, from: Who, transmit: &Transmit) {
        for segment in cut(transmit) {
            let octets = segment.text.len() as u64 + 52;
            let shared = self.shared.as_ref().filter(|_| from == Who::A);
            let mut busy = self.busy[usize::from(from == Who::B)];
            if let Some(shared) = shared {
                busy = shared.get();
            }
            let mut ecn = transmit.ecn;
            self.log.push(InFlight { at: self.now, from, segment: segment.clone(), ecn });
            if ecn != Ecn::NotEct && (self.marks)(from, &segment) {
                ecn = Ecn::Ce;
            }
            if busy - self.now > self.queue {
                continue;
            }
            busy = busy.max(self.now) + self.serialization * octets / 1_500;
            match shared {
                Some(shared) => shared.set(busy),
                None => self.busy[usize::from(from == Who::B)] = busy,
            }
            let mut at = busy + self.delay;
            let copies = match (self.rule)(from, &segment) {
                Fate::Deliver => 1,
                Fate::Drop => 0,
                Fate::Twice => 2,
                Fate::Delay(more) => {
                    at += more;
                    1
                }
            };
            for _ in 0..copies {
                let place = self.wire.partition_point(|other| other.at <= at);
                self.wire.insert(place, InFlight { at, from, segment: segment.clone(), ecn });
            }
        }
    }

    /// Gives an end a segment at once, as if it had come over the wire.
    pub fn inject(&mut self, to: Who, segment: Segment) {
        self.inject_marked(to, segment, Ecn::NotEct);
    }

    /// The same, with this ECN field.
    pub fn inject_marked(&mut self, to: Who, segment: Segment, ecn: Ecn) {
        let now = self.now;
        let end = self.end(to);
        let answer = end.on_segment(now, segment, ecn);
        end.settle(now);
        if let Some(answer) = answer {
            self.send(to, &answer);
        }
        self.flush();
    }

    /// When the next thing happens, if ever.
    pub fn next_at(&self) -> Option<Instant> {
        let wire = self.wire.front().map(|first| first.at);
        let ends = [self.a.next_deadline(self.now), self.b.next_deadline(self.now)];
        wire.into_iter().chain(ends.into_iter().flatten()).min()
    }

    /// Moves time to the next thing that happens, at most to `until`. Says whether there was one.
    pub fn step(&mut self, until: Instant) -> bool {
        let Some(next) = self.next_at().filter(|at| *at <= until) else {
            self.now = until;
            return false;
        };
        self.now = self.now.max(next);
        while self.wire.front().is_some_and(|first| first.at <= self.now) {
            let InFlight { from, segment, ecn, .. } = self.wire.pop_front().unwrap();
            let to = if from == Who::A { Who::B } else { Who::A };
            self.inject_marked(to, segment, ecn);
        }
        let now = self.now;
        self.a.on_deadline(now);
        self.b.on_deadline(now);
        self.flush();
        true
    }

    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < 2_000_000, "the ends never come to rest");
        }
    }

    /// Writes all of `text` at `who`, as room comes, and runs until the other end has read it.
    pub fn transfer(&mut self, who: Who, text: &[u8], limit: Duration) {
        let until = self.now + limit;
        let other = if who == Who::A { Who::B } else { Who::A };
        let before = self.end(other).received.len();
        let mut written = 0;
        while self.end(other).received.len() < before + text.len() {
            if written < text.len() {
                written += self.write(who, &text[written..]);
            }
            let now = self.now;
            assert!(self.step(until), "stuck at {now}: {written} of {} written", text.len());
        }
        assert!(self.end(other).received[before..] == *text, "the bytes differ");
    }

    /// What was sent from `who`, in the form `SYN,ACK 0+0`.
    pub fn sent(&self, who: Who) -> impl Iterator<Item = &Segment> {
        self.log.iter().filter(move |entry| entry.from == who).map(|entry| &entry.segment)
    }
}

/// Cuts a transmit into segments of the wire.
fn cut(transmit: &Transmit) -> Vec<Segment> {
    let mut text = BytesMut::from(transmit.short.as_slice());
    transmit.payload.iter().for_each(|chunk| text.extend_from_slice(chunk));
    let mut text: Bytes = text.freeze();
    let size = match transmit.gso_size {
        0 => text.len().max(1),
        size => usize::from(size),
    };
    let mut segments = Vec::new();
    loop {
        let mut segment = transmit.segment.clone();
        segment.seq += segments.len() as u32 * size as u32;
        segment.text = text.copy_to_bytes(size.min(text.len()));
        let last = text.is_empty();
        if !last {
            segment.flags = Flags(segment.flags.0 & !(Flags::FIN | Flags::PSH).0);
        }
        segments.push(segment);
        if last {
            return segments;
        }
    }
}

/// `n` bytes that do not repeat with the period of anything.
pub fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// A small generator of random numbers for tests, so that a seed repeats a run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(2).wrapping_add(1))
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}
