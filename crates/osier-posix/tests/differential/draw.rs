//! Which script does a seed draw?
//!
//! Scenes first (who listens, who connects, what is refused), then calls on whatever sockets there
//! are: mostly such as programs make, now and then one that makes no sense there. The draft knows
//! roughly what each socket is; where it errs the call is answered with an error, which is compared
//! as well.

use crate::script::{
    Call, DESERTED, End, How, PORTS, Scope, Script, Setting, Side, Slot, Step, Then, Wire,
};

/// Octets that a socket may have written while nobody was sure to read: far less than a window, so
/// that flow control is the subject of `Fill` alone.
const UNREAD_MAX: u32 = 24_000;

/// A backlog that no script fills.
const BACKLOG: i32 = 16;

/// Sockets that a side may have at once.
const OPEN_MAX: usize = 6;

/// SplitMix64: the same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((u128::from(z ^ (z >> 31)) * u128::from(n)) >> 64) as u64
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// What the draft takes a socket for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fresh,
    Listener {
        port: u8,
    },
    /// With the socket of the other side, where that is known.
    Connected {
        with: Option<Slot>,
    },
}

#[derive(Clone, Copy, Debug)]
struct Drafted {
    slot: Slot,
    kind: Kind,
    written: u32,
}

struct Draft {
    dice: Dice,
    steps: Vec<Step>,
    socks: [Vec<Drafted>; 2],
    made: [Slot; 2],
    next_port: [u8; 2],
}

/// The script of a seed.
pub(crate) fn script(seed: u64) -> Script {
    let mut dice = Dice(seed.wrapping_mul(0xD1B5_4A32_D192_ED03));
    let wire = dice.pick(&[Wire::V4, Wire::V4, Wire::V6, Wire::Mapped]);
    let mut draft = Draft {
        dice,
        steps: Vec::new(),
        socks: Default::default(),
        made: [0; 2],
        next_port: [0; 2],
    };
    for _ in 0..=draft.dice.below(2) {
        draft.scene();
    }
    for _ in 0..5 + draft.dice.below(22) {
        draft.any_call();
    }
    if let Some(last) = draft.steps.last_mut() {
        last.then = Then::Deliver;
    }
    Script { wire, steps: draft.steps }
}

impl Draft {
    fn push(&mut self, who: Side, call: Call, then: Then) {
        let number = self.steps.len() as u16;
        self.steps.push(Step { number, who, call, then });
    }

    fn say(&mut self, who: Side, call: Call) {
        self.push(who, call, Then::Deliver);
    }

    fn socket(&mut self, who: Side) -> Slot {
        let slot = self.accepted(who, Kind::Fresh);
        self.say(who, Call::Socket { made: slot });
        slot
    }

    /// Room for a socket that a call makes.
    fn accepted(&mut self, who: Side, kind: Kind) -> Slot {
        let slot = self.made[who as usize];
        self.made[who as usize] += 1;
        self.socks[who as usize].push(Drafted { slot, kind, written: 0 });
        slot
    }

    fn set_kind(&mut self, who: Side, slot: Slot, kind: Kind) {
        if let Some(sock) = self.socks[who as usize].iter_mut().find(|sock| sock.slot == slot) {
            sock.kind = kind;
        }
    }

    fn port(&mut self, who: Side) -> u8 {
        let next = self.next_port[who as usize];
        if next > 0 && self.dice.one_in(8) {
            return next - 1;
        }
        self.next_port[who as usize] = (next + 1) % PORTS;
        next
    }

    fn side(&mut self) -> Side {
        self.dice.pick(&[Side::Subject, Side::Subject, Side::Peer])
    }

    fn scope(&mut self) -> Scope {
        self.dice.pick(&[Scope::Own, Scope::Any])
    }
}

/// Scenes.
impl Draft {
    fn scene(&mut self) {
        match self.dice.below(16) {
            0..=7 => self.serve(),
            8..=9 => self.many(),
            10..=11 => self.crossed(),
            12 => self.refused(),
            13 => self.early_end(),
            14 => self.full_backlog(),
            _ => {
                let who = self.side();
                self.socket(who);
            }
        }
    }

    fn listener(&mut self, who: Side, backlog: i32) -> (Slot, u8) {
        let (slot, port, at) = (self.socket(who), self.port(who), self.scope());
        if self.dice.one_in(6) {
            self.say(who, Call::Set { slot, setting: Setting::ReuseAddr, value: 1 });
        }
        self.say(who, Call::Bind { slot, port, at });
        self.say(who, Call::Listen { slot, backlog });
        self.set_kind(who, slot, Kind::Listener { port });
        (slot, port)
    }

    fn connect(&mut self, who: Side, port: u8, then: Then) -> Slot {
        let slot = self.socket(who);
        if self.dice.one_in(5) {
            let (port, at) = (self.port(who), self.scope());
            self.say(who, Call::Bind { slot, port, at });
        }
        self.push(who, Call::Connect { slot, port }, then);
        self.set_kind(who, slot, Kind::Connected { with: None });
        slot
    }

    fn accept(&mut self, who: Side, listener: Slot, from: Slot) {
        let made = self.accepted(who, Kind::Connected { with: Some(from) });
        self.say(who, Call::Accept { slot: listener, made });
        self.set_kind(who.other(), from, Kind::Connected { with: Some(made) });
    }

    /// One listens, the other connects.
    fn serve(&mut self) {
        let who = self.side();
        let (listener, port) = self.listener(who, BACKLOG);
        let from = self.connect(who.other(), port, Then::Deliver);
        self.accept(who, listener, from);
        if self.dice.one_in(3) {
            self.close(who, listener);
        }
    }

    /// Two connections to one listener.
    fn many(&mut self) {
        let who = self.side();
        let (listener, port) = self.listener(who, BACKLOG);
        let then = self.dice.pick(&[Then::Deliver, Then::Hold]);
        let first = self.connect(who.other(), port, then);
        let second = self.connect(who.other(), port, Then::Deliver);
        self.accept(who, listener, first);
        self.accept(who, listener, second);
    }

    /// Both connect to each other at once (RFC 9293 §3.5, figure 7).
    fn crossed(&mut self) {
        let ends = Side::BOTH.map(|who| {
            let (slot, port, at) = (self.socket(who), self.port(who), self.scope());
            self.say(who, Call::Bind { slot, port, at });
            (slot, port)
        });
        let [(subject, of_subject), (peer, of_peer)] = ends;
        self.push(Side::Subject, Call::Connect { slot: subject, port: of_peer }, Then::Hold);
        self.say(Side::Peer, Call::Connect { slot: peer, port: of_subject });
        self.set_kind(Side::Subject, subject, Kind::Connected { with: Some(peer) });
        self.set_kind(Side::Peer, peer, Kind::Connected { with: Some(subject) });
    }

    /// Nobody listens there.
    fn refused(&mut self) {
        let who = self.side();
        self.connect(who, DESERTED, Then::Deliver);
    }

    /// The client has written, shut or gone before it is accepted.
    fn early_end(&mut self) {
        let who = self.side();
        let (listener, port) = self.listener(who, BACKLOG);
        let client = who.other();
        let from = self.connect(client, port, Then::Deliver);
        if self.dice.one_in(2) {
            self.write(client, from);
        }
        match self.dice.below(4) {
            0 => self.say(client, Call::Shutdown { slot: from, how: How::Write }),
            1 => self.close(client, from),
            2 => {
                self.say(client, Call::Abort { slot: from });
                self.forget(client, from);
            }
            _ => {}
        }
        self.accept(who, listener, from);
    }

    /// More connect than the backlog takes; when one was accepted there is room again.
    fn full_backlog(&mut self) {
        let who = Side::Subject;
        let backlog = self.dice.below(3) as i32;
        let (listener, port) = self.listener(who, backlog);
        let from: Vec<Slot> =
            (0..backlog + 2).map(|_| self.connect(Side::Peer, port, Then::Deliver)).collect();
        self.accept(who, listener, from[0]);
        self.say(Side::Peer, Call::Wait { millis: 1_300 });
        for from in &from[1..] {
            self.accept(who, listener, *from);
        }
        // When the next SYN would be sent again is another time in either run.
        self.close(who, listener);
    }
}

/// Calls.
impl Draft {
    fn any_call(&mut self) {
        let who = self.side();
        let known = self.socks[who as usize].len();
        if known == 0 || (known < OPEN_MAX && self.dice.one_in(24)) {
            return self.scene();
        }
        let at = self.dice.below(known as u64) as usize;
        let sock = self.socks[who as usize][at];
        if self.dice.one_in(14) {
            return self.odd(who, sock);
        }
        match sock.kind {
            Kind::Fresh => self.fresh(who, sock.slot),
            Kind::Listener { port } => self.listening(who, sock.slot, port),
            Kind::Connected { with } => self.connected(who, sock, with),
        }
    }

    fn then(&mut self) -> Then {
        if self.dice.one_in(6) { Then::Hold } else { Then::Deliver }
    }

    fn fresh(&mut self, who: Side, slot: Slot) {
        let other = &self.socks[who.other() as usize];
        let ports: Vec<u8> = other
            .iter()
            .filter_map(|sock| match sock.kind {
                Kind::Listener { port } => Some(port),
                Kind::Fresh | Kind::Connected { .. } => None,
            })
            .collect();
        let port = if ports.is_empty() { DESERTED } else { self.dice.pick(&ports) };
        let then = self.then();
        self.push(who, Call::Connect { slot, port }, then);
        self.set_kind(who, slot, Kind::Connected { with: None });
    }

    fn listening(&mut self, who: Side, slot: Slot, port: u8) {
        if self.dice.one_in(8) {
            return self.close(who, slot);
        }
        if self.socks[who as usize].len() < OPEN_MAX {
            let from = self.connect(who.other(), port, Then::Deliver);
            self.accept(who, slot, from);
        }
    }

    fn connected(&mut self, who: Side, sock: Drafted, with: Option<Slot>) {
        let (slot, then) = (sock.slot, self.then());
        match self.dice.below(60) {
            0..=17 => self.write(who, slot),
            18..=25 => {
                let octets = self.dice.pick(&[1, 10, 100, 1_000, 5_000, 0]);
                self.push(who, Call::Read { slot, octets }, then);
            }
            26..=33 => self.push(who, Call::ReadAll { slot }, then),
            34..=35 => self.push(who, Call::Peek { slot, octets: 50 }, then),
            36..=42 => {
                let how = self.dice.pick(&[How::Write, How::Write, How::Read, How::Both]);
                self.push(who, Call::Shutdown { slot, how }, then);
            }
            43..=47 => {
                self.push(who, Call::Close { slot }, then);
                self.forget(who, slot);
            }
            48..=49 => {
                self.push(who, Call::Abort { slot }, then);
                self.forget(who, slot);
            }
            50..=52 => self.push(who, Call::TakeError { slot }, then),
            53..=55 => self.setting(who, slot),
            56..=57 if with.is_some() => {
                let into = with.unwrap_or_default();
                let octets = self.dice.pick(&[1, 3_000, 60_000, 200_000]);
                self.say(who, Call::Transfer { slot, into, octets });
            }
            58..=59 if with.is_some() => self.fill(who, slot, with.unwrap_or_default()),
            _ => self.push(who, Call::ReadAll { slot }, then),
        }
    }

    fn write(&mut self, who: Side, slot: Slot) {
        let drawn = self.dice.pick(&[0, 1, 1, 2, 10, 100, 100, 536, 1_000, 1_460, 3_000, 8_000]);
        let then = self.then();
        let known = self.socks[who as usize].iter_mut().find(|sock| sock.slot == slot);
        let Some(sock) = known else { return };
        let octets = drawn.min(UNREAD_MAX - sock.written);
        sock.written += octets;
        self.push(who, Call::Write { slot, octets }, then);
    }

    fn fill(&mut self, who: Side, slot: Slot, into: Slot) {
        let ends = [End::Drained, End::Shut, End::Closed, End::Aborted, End::Deserted];
        let end = self.dice.pick(&ends);
        self.say(who, Call::Fill { slot, into, end });
        match end {
            End::Closed | End::Aborted => self.forget(who, slot),
            End::Deserted => self.forget(who.other(), into),
            End::Drained | End::Shut => {}
        }
    }

    fn setting(&mut self, who: Side, slot: Slot) {
        let (setting, value) = self.dice.pick(&[
            (Setting::NoDelay, 1),
            (Setting::NoDelay, 0),
            (Setting::Cork, 0),
            (Setting::KeepAlive, 1),
            (Setting::KeepIdle, 100),
            (Setting::KeepIdle, 0),
            (Setting::KeepIdle, 40_000),
            (Setting::UserTimeout, 30_000),
            (Setting::ReuseAddr, 1),
            (Setting::Linger, 0),
            (Setting::Linger, -1),
        ]);
        if self.dice.one_in(3) {
            self.say(who, Call::Get { slot, setting });
        } else {
            self.say(who, Call::Set { slot, setting, value });
        }
    }

    /// A call that makes sense for some other socket.
    fn odd(&mut self, who: Side, sock: Drafted) {
        let slot = sock.slot;
        let call = match self.dice.below(13) {
            0 => Call::Bind { slot, port: self.port(who), at: Scope::Own },
            1 => Call::Bind { slot, port: self.dice.below(PORTS.into()) as u8, at: Scope::Any },
            2 => Call::Listen { slot, backlog: 1 },
            3 => Call::Connect { slot, port: DESERTED },
            4 => Call::Connect { slot, port: self.dice.below(PORTS.into()) as u8 },
            5 => Call::Accept { slot, made: self.accepted(who, Kind::Fresh) },
            6 => Call::Write { slot, octets: 0 },
            7 => Call::Read { slot, octets: 0 },
            8 => Call::Read { slot, octets: 10 },
            9 => Call::Shutdown { slot, how: self.dice.pick(&[How::Read, How::Write, How::Both]) },
            10 => Call::TakeError { slot },
            11 => Call::Get { slot, setting: Setting::AcceptConn },
            _ => Call::Peek { slot, octets: 5 },
        };
        let then = self.then();
        self.push(who, call, then);
    }

    fn close(&mut self, who: Side, slot: Slot) {
        self.say(who, Call::Close { slot });
        self.forget(who, slot);
    }

    fn forget(&mut self, who: Side, slot: Slot) {
        self.socks[who as usize].retain(|sock| sock.slot != slot);
    }
}
