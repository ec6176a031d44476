//! What do a client and a server of the swarm say to each other?
//!
//! Each pair of scripts knows how much the other sends, and ends by reading the other's end, so
//! that nothing but a fault can break it; but for the one that breaks off in the middle.

use crate::dice::Dice;
use crate::program::{Reading, Say, Script, Writing};
use osier_tcp::{KeepAlive, Nagle};
use osier_time::Duration;

/// Two scripts that belong together.
pub(super) struct Work {
    pub(super) client: Script,
    pub(super) server: Script,
    pub(super) name: &'static str,
    pub(super) manners: Manners,
}

/// Whether somebody breaks it off on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manners {
    Orderly,
    BrokenOff,
}

/// A work that moves at most so many octets each way. Where a connection may be lost without both
/// ends hearing of it, keep-alive must find out.
pub(super) fn draw(dice: &mut Dice, octets: u64, keep_alive: Option<KeepAlive>) -> Work {
    let (there, back) = (dice.between(1, octets), dice.between(1, octets));
    let small = dice.between(1, 2_000).min(there);
    let mut manners = Manners::Orderly;
    let (client, server, name) = match dice.below(8) {
        0 => (Script::ask(small, back), Script::answer(small, back), "request and response"),
        1 => (up(there), down(there, 0), "upload"),
        2 => (both(there, back), both(back, there), "both ways at once"),
        3 => (both(there, there), Script { hears: Some(there), ..Script::echo() }, "echo"),
        4 => (up(there), late(there, back), "half-close, then the answer"),
        // Who accepts speaks first: the client must send something, or keep-alive find out.
        5 if keep_alive.is_some() => (down(back, 0), up(back), "download"),
        // A RST that is lost is not repeated: the other end must find out.
        6 if keep_alive.is_some() => {
            manners = Manners::BrokenOff;
            let says = [Say::Send(there), Say::Pause(pause(dice)), Say::Abort];
            (Script::of(&says), down(there, back), "broken off")
        }
        _ => {
            let turn = (there / 4).max(1);
            (turns(turn, Say::Send(turn)), turns(turn, Say::AwaitOctets(turn)), "turns")
        }
    };
    let mut work = Work { client, server, name, manners };
    let (p, q) = (dice.next_u64() >> 1, dice.next_u64() >> 1);
    (work.client.sends_from, work.client.hears_from) = (p, if name == "echo" { p } else { q });
    (work.server.sends_from, work.server.hears_from) = (q, p);
    for script in [&mut work.client, &mut work.server] {
        script.keep_alive = keep_alive;
        habits(dice, script, octets);
    }
    work
}

/// Sends and closes.
fn up(octets: u64) -> Script {
    let says = [Say::Send(octets), Say::Shutdown, Say::AwaitEnd];
    Script::of(&says)
}

/// Takes all until the end, and then says so much.
fn down(hears: u64, answers: u64) -> Script {
    let says = [Say::AwaitEnd, Say::Send(answers)];
    Script { hears: Some(hears), ..Script::of(&says) }
}

/// The same, with a pause and a close of its own.
fn late(hears: u64, answers: u64) -> Script {
    let says = [Say::AwaitEnd, Say::Pause(Duration::from_millis(300)), Say::Send(answers)];
    Script { hears: Some(hears), ..Script::of(&says) }
}

/// Sends and takes at the same time.
fn both(sends: u64, hears: u64) -> Script {
    let says = [Say::Send(sends), Say::Shutdown, Say::AwaitEnd];
    Script { hears: Some(hears), ..Script::of(&says) }
}

/// Four times a word from each, and the one who waits first closes last.
fn turns(octets: u64, first: Say) -> Script {
    let mut says = Vec::new();
    for n in 1..=4 {
        let (send, hear) = (Say::Send(octets), Say::AwaitOctets(octets * n));
        let speaks_first = matches!(first, Say::Send(_));
        says.extend(if speaks_first { [send, hear] } else { [hear, send] });
    }
    says.extend([Say::Shutdown, Say::AwaitEnd]);
    Script { hears: Some(octets * 4), ..Script::of(&says) }
}

fn pause(dice: &mut Dice) -> Duration {
    Duration::from_millis(dice.between(0, 3_000))
}

/// How it reads and writes.
fn habits(dice: &mut Dice, script: &mut Script, octets: u64) {
    let piece = dice.pick(&[7, 100, 1_000, 4_096, 30_000, 65_000]);
    let piece = piece.max(octets as usize / 500);
    script.writing = if dice.one_in(2) { Writing::Copied(piece) } else { Writing::Shared(piece) };
    if dice.one_in(3) {
        script.nagle = Nagle::Off;
    }
    if dice.one_in(4) {
        script.reading = Reading {
            octets: (octets as usize / dice.between(10, 200) as usize).max(50),
            every: Duration::from_millis(dice.between(1, 60)),
            after: pause(dice),
        };
    }
    let echoes = script.says.contains(&Say::Echo);
    if !echoes && dice.one_in(4) {
        let at = dice.below(script.says.len() as u64) as usize;
        script.says.insert(at, Say::Pause(pause(dice)));
    }
}
