//! Which very segment is to meet a fate of its own: the third ACK, the first FIN from a?
//!
//! A rule counts the segments that match and acts on the nth, or on each. It is plain data, so
//! that a scenario can hold it.

use crate::sight::Sight;
use osier_time::Duration;
use osier_wire::tcp::Flags;

/// A rule of one direction of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which segments are counted.
    pub matches: Match,
    /// The first of them that the rule acts on, from 1.
    pub from: u32,
    /// The last.
    pub to: u32,
    /// What becomes of them.
    pub then: Then,
    /// How many were met.
    pub met: u32,
}

/// What a segment must be like to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// Flags that must be set.
    pub set: Flags,
    /// Flags that must not be.
    pub clear: Flags,
    /// Whether it must have text.
    pub text: Option<Text>,
}

/// Whether a segment has text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// At least one octet.
    Some,
    /// None.
    None,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The segment is lost.
    Drop,
    /// It takes so much longer, and others may overtake it.
    Delay(Duration),
    /// It arrives twice.
    Duplicate,
    /// One of its bits arrives wrong.
    Corrupt,
    /// It passes, and the network keeps a copy by this number ([`crate::World::deliver_copy`]).
    Copy(u8),
}

impl Match {
    /// Whether a segment is counted.
    pub fn fits(&self, segment: &Sight) -> bool {
        let flags = segment.header.flags;
        flags.contains(self.set)
            && !flags.intersects(self.clear)
            && match self.text {
                None => true,
                Some(Text::Some) => segment.len > 0,
                Some(Text::None) => segment.len == 0,
            }
    }
}

impl Rule {
    /// Acts on the nth segment that matches.
    pub fn nth(matches: Match, n: u32, then: Then) -> Rule {
        Rule { matches, from: n, to: n, then, met: 0 }
    }

    /// Acts on every segment that matches.
    pub fn each(matches: Match, then: Then) -> Rule {
        Rule { matches, from: 1, to: u32::MAX, then, met: 0 }
    }

    /// Counts a segment; says what becomes of it, where the rule acts.
    pub fn meet(&mut self, segment: &Sight) -> Option<Then> {
        if !self.matches.fits(segment) {
            return None;
        }
        self.met = self.met.saturating_add(1);
        (self.from..=self.to).contains(&self.met).then_some(self.then)
    }
}
