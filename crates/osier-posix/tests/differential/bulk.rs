//! What becomes of more text than fits?
//!
//! Calls that only mean something together: write until nothing goes any more, write while the
//! other side reads. How much is where meanwhile is each stack's own affair; what is compared is
//! how it ends, and whether every octet came, once and in order.

use crate::play::{CHUNK, Player, judged, ready_words};
use crate::script::{Call, End, Side, Slot};
use crate::sockets::{Answer, No, Reading, Sockets};
use std::net::SocketAddr;

/// Turns without an octet after which nothing more is expected.
const IDLE_TURNS: usize = 6;

/// Turns until a transfer is called endless: some megabytes.
const TURNS_MAX: usize = 2_000;

/// What a bulk call says that ends with text on its way, where the reader has shut its side: how
/// much of it is where is each stack's own affair from then on.
pub(crate) const LEFT: &str = "text is left on the way";

/// Writer and reader.
type Ends = (Slot, Slot);

impl<S: Sockets> Player<S> {
    /// Whether these are the ends of one connection that is not over.
    pub(crate) fn are_ends(&mut self, who: Side, (from, into): Ends) -> bool {
        let fds = [(who, from), (who.other(), into)]
            .map(|(side, slot)| self.sock(side, slot).map(|sock| sock.fd));
        let [Some(from), Some(into)] = fds else { return false };
        let local = self.world.side(who).local(from);
        let remote = self.world.side(who.other()).remote(into);
        let plain = |name: SocketAddr| (name.ip().to_canonical(), name.port());
        remote.is_ok() && local.map(plain) == remote.map(plain)
    }

    /// Writes so much while the other side reads.
    pub(crate) fn transfer(&mut self, who: Side, (from, into): Ends, octets: u32) -> String {
        let mut left = octets as usize;
        let (mut wrote, mut idle, mut text) = (String::from("all"), 0, String::new());
        for _ in 0..TURNS_MAX {
            let (answer, _) = self.write(who, from, left.min(CHUNK));
            match answer {
                Ok(n) => left -= n,
                Err(No::AGAIN) => {}
                Err(no) => {
                    wrote = format!("{no:?}");
                    left = 0;
                }
            }
            self.world.deliver();
            let (n, end) = self.read_turn(who.other(), into);
            text = end;
            idle = if n > 0 || answer.is_ok_and(|n| n > 0) { 0 } else { idle + 1 };
            let all_there = left == 0 && self.is_all_there(who, (from, into));
            if idle >= IDLE_TURNS || !text.is_empty() || (all_there && idle > 0) {
                break;
            }
        }
        let whole = left == 0 && self.is_all_there(who, (from, into));
        match (whole, wrote == "all", text.is_empty()) {
            (true, ..) => format!("wrote {wrote}, all arrived{text}"),
            (false, true, true) => LEFT.into(),
            (false, ..) if text.ends_with("the end") && wrote == "all" => LEFT.into(),
            (false, ..) => format!("wrote {wrote}, not all arrived{text}"),
        }
    }

    /// Reads what there is: how much it was, and what ended it if it was not that there is no more.
    fn read_turn(&mut self, who: Side, slot: Slot) -> (usize, String) {
        let mut total = 0;
        loop {
            let Some(sock) = self.sock(who, slot).copied() else {
                return (total, ", no socket".into());
            };
            let mut text = vec![0; CHUNK];
            match self.world.side(who).read(sock.fd, &mut text, Reading::Take) {
                Ok(0) => return (total, ", then the end".into()),
                Ok(n) => {
                    let wrong = judged(sock.read, &text[..n]);
                    self.sock(who, slot).expect("it was there").read += n as u64;
                    total += n;
                    if !wrong.is_empty() {
                        return (total, wrong.into());
                    }
                }
                Err(No::AGAIN) => return (total, String::new()),
                Err(no) => return (total, format!(", then {no:?}")),
            }
        }
    }

    fn is_all_there(&mut self, who: Side, (from, into): Ends) -> bool {
        let written = self.sock(who, from).map(|sock| sock.written);
        written.is_some() && written == self.sock(who.other(), into).map(|sock| sock.read)
    }

    /// Fills a connection up, and ends that.
    pub(crate) fn fill(&mut self, who: Side, (from, into): Ends, end: End) -> String {
        let full = self.fill_up(who, from);
        let shown = [(who, from), (who.other(), into)].map(|(side, slot)| {
            let fd = self.sock(side, slot).map(|sock| sock.fd);
            fd.map_or(String::from("-"), |fd| ready_words(self.world.side(side).ready(fd)))
        });
        let before = format!("filled up to {full:?}, ready for [{}]; ", shown.join("] ["));
        let after = match end {
            End::Drained => self.transfer(who, (from, into), 0),
            End::Shut => {
                let how = crate::script::How::Write;
                let shut = self.end_call(who, Call::Shutdown { slot: from, how });
                let (_, text) = self.read_patiently(who.other(), into);
                let all = self.is_all_there(who, (from, into));
                format!("{shut}{}", if all { text } else { unless_broken(text) })
            }
            End::Closed => {
                let total = self.sock(who, from).map(|sock| sock.written);
                let closed = self.end_call(who, Call::Close { slot: from });
                let (_, text) = self.read_patiently(who.other(), into);
                let all = total.is_some() && total == self.sock(who.other(), into).map(|s| s.read);
                format!("{closed}{}", if all { text } else { unless_broken(text) })
            }
            End::Aborted => {
                let aborted = self.end_call(who, Call::Abort { slot: from });
                let (_, text) = self.read_patiently(who.other(), into);
                format!("{aborted}{}", unless_broken(text))
            }
            End::Deserted => {
                let closed = self.end_call(who.other(), Call::Close { slot: into });
                let ready = self.sock(who, from).map(|sock| sock.fd);
                let ready = ready.map_or(0, |fd| self.world.side(who).ready(fd));
                let (_, first) = self.write(who, from, 1);
                let (second, _) = self.write(who, from, 1);
                match second {
                    Ok(_) | Err(No::AGAIN) => LEFT.into(),
                    Err(no) => format!("{closed}, [{}] {first} {no:?}", ready_words(ready)),
                }
            }
        };
        if after.ends_with(LEFT) { LEFT.into() } else { before + &after }
    }

    fn end_call(&mut self, who: Side, call: Call) -> String {
        let answer = self.call(who, call);
        self.world.collect();
        self.world.deliver();
        answer
    }

    /// Writes until nothing goes any more, however often frames are carried.
    fn fill_up(&mut self, who: Side, slot: Slot) -> Answer<usize> {
        let mut idle = 0;
        for _ in 0..TURNS_MAX {
            let (answer, _) = self.write(who, slot, CHUNK);
            idle = match answer {
                Ok(n) if n > 0 => 0,
                Ok(_) => return answer,
                Err(No::AGAIN) => idle + 1,
                Err(_) => return answer,
            };
            if idle == 2 {
                return answer;
            }
            self.world.collect();
            self.world.deliver();
        }
        panic!("a buffer without an end");
    }

    fn read_patiently(&mut self, who: Side, slot: Slot) -> (usize, String) {
        let (mut total, mut idle) = (0, 0);
        loop {
            let (n, text) = self.read_turn(who, slot);
            total += n;
            idle = if n > 0 { 0 } else { idle + 1 };
            if idle >= IDLE_TURNS || !text.is_empty() {
                return (total, text);
            }
            self.world.deliver();
        }
    }
}

/// What a reader met that did not get all: an error says why, else it is left.
fn unless_broken(text: String) -> String {
    if text.contains(", then E") { text } else { LEFT.into() }
}
