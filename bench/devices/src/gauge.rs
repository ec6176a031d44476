//! How many octets has the program at the end of a path had, and were they the right ones?

use crate::{Far, wrong};
use bench_work::{Payload, Stop};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::BufRead;
use std::os::fd::{AsFd, BorrowedFd};

/// After so long without a word it is a failure.
const SILENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// A program that takes octets and says how many came, or checks them and ends.
pub struct Gauge {
    far: Far,
    seen: u64,
    wanted: u64,
    ended: bool,
}

impl Gauge {
    /// The word for the program's part.
    pub fn part(payload: Payload, octets: u64) -> String {
        match payload {
            Payload::Counted => "meter".to_owned(),
            Payload::Verified => format!("check={octets}"),
        }
    }

    /// Reads what this program says.
    pub fn of(far: Far) -> Gauge {
        Gauge { far, seen: 0, wanted: 0, ended: false }
    }

    /// So many octets more are to come.
    pub fn want(&mut self, octets: u64) {
        self.wanted += octets;
    }

    /// So many octets more are to come than have by now, on a path that goes on by itself.
    pub fn want_from_now(&mut self, octets: u64) -> Result<(), Stop> {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let said = |gauge: &Gauge| {
            poll(&mut [PollFd::new(&gauge.fd(), PollFlags::IN)], Some(&now)).map_err(wrong)
        };
        while !self.ended && said(self)? > 0 {
            self.read()?;
        }
        self.wanted = self.seen + octets;
        Ok(())
    }

    /// Whether they have come.
    pub fn is_full(&self) -> bool {
        self.ended || self.seen >= self.wanted
    }

    /// To wait for its next word.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.far.out.get_ref().as_fd()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.far.id()
    }

    /// Reads a word; to be called when there is one.
    pub fn read(&mut self) -> Result<(), Stop> {
        loop {
            let mut line = String::new();
            if self.far.out.read_line(&mut line).map_err(wrong)? == 0 {
                self.ended = true;
                let status = self.far.child.wait().map_err(wrong)?;
                return match status.success() {
                    true => Ok(()),
                    false => Err(wrong("the octets that came are not those that were sent")),
                };
            }
            self.seen = line.trim().parse().map_err(wrong)?;
            if self.far.out.buffer().is_empty() {
                return Ok(());
            }
        }
    }

    /// Waits until all that is wanted has come.
    pub fn fill(&mut self) -> Result<(), Stop> {
        while !self.is_full() {
            let ready = poll(&mut [PollFd::new(&self.fd(), PollFlags::IN)], Some(&SILENCE));
            if ready.map_err(wrong)? == 0 {
                return Err(wrong("nothing came for too long"));
            }
            self.read()?;
        }
        Ok(())
    }
}
