//! How is a script played, and what is seen of it?
//!
//! Behind each call the answer is written down, and at each quiescent point what every open socket
//! of both sides shows a program: `poll`, octets to read, both names. All in words that do not
//! depend on where it was played: so two runs are compared word by word.

use crate::script::{Call, DESERTED, PORTS, Scope, Script, Side, Slot, Step, Then};
use crate::sockets::{Answer, Fd, Reading, Sockets};
use crate::world::{Places, World};
use osier_posix::Ready;
use osier_time::Duration;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Octets that one call of read asks for where a script does not say.
pub(crate) const CHUNK: usize = 32_768;

/// What a step has shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) items: Vec<(Item, String)>,
}

impl Seen {
    /// What is seen of a stack that gave up.
    pub(crate) fn of_a_panic() -> Seen {
        Seen { items: vec![(Item::Answer, "a panic".into())] }
    }
}

/// One thing that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// What a call gave.
    Answer,
    /// What `poll` says of a socket.
    Ready(Side, Slot),
    /// How much can be read.
    Queued(Side, Slot),
    /// getsockname.
    Local(Side, Slot),
    /// getpeername.
    Remote(Side, Slot),
}

/// An open socket of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sock {
    pub(crate) fd: Fd,
    /// Octets written and read so far: the places in both streams.
    pub(crate) written: u64,
    pub(crate) read: u64,
}

/// A script that is being played.
pub(crate) struct Player<S> {
    pub(crate) world: World<S>,
    socks: [BTreeMap<Slot, Sock>; 2],
}

/// Plays a script; what each step has shown.
pub(crate) fn play<S: Sockets>(script: &Script, places: Places, subject: S) -> Vec<Seen> {
    let world = World::new(places, subject);
    let mut player = Player { world, socks: Default::default() };
    let seen = script.steps.iter().map(|step| player.step(step)).collect();
    player.end();
    seen
}

impl<S: Sockets> Player<S> {
    fn step(&mut self, step: &Step) -> Seen {
        let answer = self.call(step.who, step.call);
        self.world.collect();
        let mut seen = Seen { items: vec![(Item::Answer, answer)] };
        if step.then == Then::Deliver {
            self.world.deliver();
            self.look(&mut seen);
        }
        seen
    }

    /// Every socket that is left is reset.
    fn end(&mut self) {
        self.world.deliver();
        for side in Side::BOTH {
            for slot in self.socks[side as usize].keys().copied().collect::<Vec<_>>() {
                self.call(side, Call::Abort { slot });
                self.world.collect();
            }
        }
        self.world.deliver();
    }

    pub(crate) fn sock(&mut self, side: Side, slot: Slot) -> Option<&mut Sock> {
        self.socks[side as usize].get_mut(&slot)
    }

    pub(crate) fn call(&mut self, who: Side, call: Call) -> String {
        match call {
            Call::Socket { made } => {
                let wire = self.world.places.wire(who);
                let answer = self.world.side(who).socket(wire);
                self.keep(who, made, answer)
            }
            Call::Fill { slot, into, .. } | Call::Transfer { slot, into, .. }
                if !self.are_ends(who, (slot, into)) =>
            {
                "no pair".into()
            }
            Call::Fill { slot, into, end } => self.fill(who, (slot, into), end),
            Call::Transfer { slot, into, octets } => self.transfer(who, (slot, into), octets),
            Call::Wait { millis } => {
                self.world.deliver_for(Duration::from_millis(millis.into()));
                String::new()
            }
            _ => match self.sock(who, slot_of(call)).map(|sock| sock.fd) {
                None => "no socket".into(),
                Some(fd) => self.call_on(who, fd, call),
            },
        }
    }

    fn call_on(&mut self, who: Side, fd: Fd, call: Call) -> String {
        let places = self.world.places;
        let own = places.address(who, who);
        let stack = self.world.side(who);
        match call {
            Call::Bind { port, at, .. } => {
                let ip = if at == Scope::Own { own } else { any(own) };
                words(stack.bind(fd, SocketAddr::new(ip, places.port + u16::from(port % PORTS))))
            }
            Call::Listen { backlog, .. } => words(stack.listen(fd, backlog)),
            Call::Connect { port, .. } => {
                let ip = places.address(who.other(), who);
                let port = places.port + u16::from(port.min(DESERTED));
                words(stack.connect(fd, SocketAddr::new(ip, port)))
            }
            Call::Accept { made, .. } => {
                let answer = stack.accept(fd);
                self.keep(who, made, answer)
            }
            Call::Write { slot, octets } => self.write(who, slot, octets as usize).1,
            Call::Read { slot, octets } => self.read(who, slot, octets as usize, Reading::Take),
            Call::Peek { slot, octets } => self.read(who, slot, octets as usize, Reading::Peek),
            Call::ReadAll { slot } => self.read_all(who, slot),
            Call::Shutdown { how, .. } => words(stack.shutdown(fd, how)),
            Call::Close { slot } => {
                let answer = words(stack.close(fd));
                self.socks[who as usize].remove(&slot);
                answer
            }
            Call::Abort { slot } => {
                let linger = stack.set(fd, crate::script::Setting::Linger, 0);
                let answer = format!("{}, {}", words(linger), words(stack.close(fd)));
                self.socks[who as usize].remove(&slot);
                answer
            }
            Call::TakeError { .. } => match stack.take_error(fd) {
                Ok(0) => "none".into(),
                Ok(number) => format!("{:?}", crate::sockets::No(number)),
                Err(no) => format!("{no:?}"),
            },
            Call::Set { setting, value, .. } => words(stack.set(fd, setting, value)),
            Call::Get { setting, .. } => words(stack.get(fd, setting)),
            Call::Socket { .. } | Call::Fill { .. } | Call::Transfer { .. } | Call::Wait { .. } => {
                unreachable!("not of one socket")
            }
        }
    }

    fn keep(&mut self, who: Side, made: Slot, answer: Answer<Fd>) -> String {
        match answer {
            Ok(fd) => {
                let sock = Sock { fd, written: 0, read: 0 };
                self.socks[who as usize].insert(made, sock);
                format!("Ok(socket {made})")
            }
            Err(no) => format!("Err({no:?})"),
        }
    }

    /// Writes the next octets of a socket's stream.
    pub(crate) fn write(&mut self, who: Side, slot: Slot, n: usize) -> (Answer<usize>, String) {
        let Some(sock) = self.sock(who, slot).copied() else { return (Ok(0), "no socket".into()) };
        let text: Vec<u8> = (sock.written..).take(n).map(octet).collect();
        let answer = self.world.side(who).write(sock.fd, &text);
        if let (Some(sock), Ok(taken)) = (self.sock(who, slot), answer) {
            sock.written += taken as u64;
        }
        (answer, words(answer))
    }

    fn read(&mut self, who: Side, slot: Slot, n: usize, how: Reading) -> String {
        let Some(sock) = self.sock(who, slot).copied() else { return "no socket".into() };
        let mut text = vec![0; n];
        let answer = self.world.side(who).read(sock.fd, &mut text, how);
        let Ok(n) = answer else { return words(answer) };
        if let (Some(sock), Reading::Take) = (self.sock(who, slot), how) {
            sock.read += n as u64;
        }
        format!("Ok({n} octets{})", judged(sock.read, &text[..n]))
    }

    fn read_all(&mut self, who: Side, slot: Slot) -> String {
        let mut total = 0;
        let mut all_right = "";
        loop {
            let Some(sock) = self.sock(who, slot).copied() else { return "no socket".into() };
            let mut text = vec![0; CHUNK];
            match self.world.side(who).read(sock.fd, &mut text, Reading::Take) {
                Ok(0) => return format!("{total} octets{all_right}, then the end"),
                Ok(n) => {
                    let right = judged(sock.read, &text[..n]);
                    all_right = if right.is_empty() { all_right } else { right };
                    self.sock(who, slot).expect("it was there").read += n as u64;
                    total += n;
                }
                Err(no) => return format!("{total} octets{all_right}, then {no:?}"),
            }
        }
    }

    fn look(&mut self, seen: &mut Seen) {
        let places = self.world.places;
        for side in Side::BOTH {
            for (slot, sock) in self.socks[side as usize].clone() {
                let stack = self.world.side(side);
                let name = |name: Answer<SocketAddr>| match name {
                    Ok(name) => places.words(name),
                    Err(no) => format!("{no:?}"),
                };
                seen.items.push((Item::Ready(side, slot), ready_words(stack.ready(sock.fd))));
                seen.items.push((Item::Queued(side, slot), words(stack.queued(sock.fd))));
                seen.items.push((Item::Local(side, slot), name(stack.local(sock.fd))));
                seen.items.push((Item::Remote(side, slot), name(stack.remote(sock.fd))));
            }
        }
    }
}

/// The octet at a place of every stream.
pub(crate) const fn octet(at: u64) -> u8 {
    (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

/// Whether these are the octets that belong there.
pub(crate) fn judged(at: u64, text: &[u8]) -> &'static str {
    if (at..).map(octet).zip(text).all(|(due, is)| due == *is) { "" } else { ", others than sent" }
}

fn words<T: std::fmt::Debug + Copy>(answer: Answer<T>) -> String {
    format!("{answer:?}")
}

/// The bits of `poll` that are compared, by name.
pub(crate) fn ready_words(bits: u32) -> String {
    const NAMES: [(Ready, &str); 6] = [
        (Ready::IN, "IN"),
        (Ready::PRI, "PRI"),
        (Ready::OUT, "OUT"),
        (Ready::ERR, "ERR"),
        (Ready::HUP, "HUP"),
        (Ready::RDHUP, "RDHUP"),
    ];
    let set = NAMES.iter().filter(|(bit, _)| bits & bit.0 != 0).map(|(_, name)| *name);
    set.collect::<Vec<_>>().join("|")
}

fn any(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn slot_of(call: Call) -> Slot {
    match call {
        Call::Socket { made: slot }
        | Call::Bind { slot, .. }
        | Call::Listen { slot, .. }
        | Call::Connect { slot, .. }
        | Call::Accept { slot, .. }
        | Call::Write { slot, .. }
        | Call::Read { slot, .. }
        | Call::Peek { slot, .. }
        | Call::ReadAll { slot }
        | Call::Shutdown { slot, .. }
        | Call::Close { slot }
        | Call::Abort { slot }
        | Call::TakeError { slot }
        | Call::Set { slot, .. }
        | Call::Get { slot, .. }
        | Call::Fill { slot, .. }
        | Call::Transfer { slot, .. } => slot,
        Call::Wait { .. } => Slot::MAX,
    }
}
