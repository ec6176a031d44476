//! What does somebody do to a segment while a scenario runs, and how is that written down?
//!
//! A [`Deed`] names a segment by who sent it over which link, and which one it was: so it is an
//! event like those of the file, and the scenario with it, run from the same seed, does the same
//! again. A deed stands before the scenario's own events, for of two rules the first decides. What
//! the file looks like then is in `played.rs`.

use super::Scenario;
use super::events::{EventPlan, When};
use super::quantity;
use super::run::Run;
use crate::record::Origin;
use crate::rule::{Match, Then};
use crate::world::NodeId;
use osier_time::Duration;

/// What is done to one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    who: usize,
    to: usize,
    nth: u32,
    then: Then,
    /// Why, in a word: a comment of the file.
    pub remark: Option<String>,
}

impl Run {
    /// What it takes that this befalls a segment, by the number of its passage. `None`: there is
    /// no such passage; no node has sent it (it was kept or forged); or two links join its nodes,
    /// of which an event cannot tell one from the other.
    pub fn deed(&self, passage: usize, then: Then) -> Option<Deed> {
        let passages = self.stage.world.passages();
        let of = passages.get(passage)?;
        let (who, to) = (self.node(of.between.0)?, self.node(of.between.1)?);
        let joins = |(a, b): (usize, usize)| [(a, b), (b, a)].contains(&(who, to));
        let links = self.scenario.links.iter().filter(|link| joins(link.between)).count();
        if of.origin != Origin::Node || links != 1 {
            return None;
        }
        let counted =
            |p: &&crate::record::Passage| p.origin == Origin::Node && p.between == of.between;
        let nth = passages[..=passage].iter().filter(counted).count();
        Some(Deed { who, to, nth: u32::try_from(nth).ok()?, then, remark: None })
    }

    /// The number that a node has in the scenario.
    pub(super) fn node(&self, id: NodeId) -> Option<usize> {
        self.stage.nodes.iter().position(|known| *known == id)
    }
}

impl Deed {
    /// Whether both are about the same segment.
    pub fn is_about_the_same(&self, other: &Deed) -> bool {
        (self.who, self.to, self.nth) == (other.who, other.to, other.nth)
    }

    /// What is done.
    pub fn then(&self) -> Then {
        self.then
    }

    fn event(&self) -> EventPlan {
        let (what, over) = (Match::default(), Some(self.to));
        let when = When::Sends { who: self.who, what, over, from: self.nth, to: self.nth };
        let (after, then) = (Duration::ZERO, Some(self.then));
        EventPlan { when: vec![when], after, then, acts: Vec::new() }
    }
}

impl Scenario {
    /// The same with these deeds as its first events.
    pub fn with_deeds(&self, deeds: &[Deed]) -> Scenario {
        let mut scenario = self.clone();
        scenario.events.splice(0..0, deeds.iter().map(Deed::event));
        scenario
    }

    /// A deed as an event of the file says it: when, and what.
    pub fn words(&self, deed: &Deed) -> (String, String) {
        let name = |node: usize| self.nodes[node].name.as_str();
        let (who, to, nth) = (name(deed.who), name(deed.to), deed.nth);
        let when = format!("{who} sends the {nth}{} segment to {to}", ending(nth));
        let what = match deed.then {
            Then::Drop => "drop".to_owned(),
            Then::Delay(by) => format!("delay {}", exact(by)),
            Then::Duplicate => "duplicate".to_owned(),
            Then::Corrupt => "corrupt".to_owned(),
            Then::Copy(number) => format!("copy as copy{number}"),
        };
        (when, what)
    }
}

/// A time as scenarios write it: `10ms`, `1.5s`.
///
/// # Errors
/// What is wrong with it, and how it is written.
pub fn time(text: &str) -> Result<Duration, String> {
    quantity::time(text.trim()).map_err(|(says, remedy)| format!("{says}; {remedy}"))
}

const fn ending(n: u32) -> &'static str {
    match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// A time in the largest unit of which it is a whole number.
fn exact(time: Duration) -> String {
    let nanos = time.as_nanos();
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| nanos.is_multiple_of(*size)).unwrap_or((1, "ns"));
    format!("{}{unit}", nanos / size)
}

#[cfg(test)]
mod tests {
    use super::{ending, exact};
    use osier_time::Duration;

    #[test]
    fn times_are_written_to_the_last_nanosecond_and_numbers_as_they_are_said() {
        assert_eq!(exact(Duration::from_millis(1_500)), "1500ms");
        assert_eq!(exact(Duration::from_secs(2)), "2s");
        assert_eq!(exact(Duration::from_nanos(20_000_001)), "20000001ns");
        let said = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(|n| format!("{n}{}", ending(n)));
        let wanted = "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th";
        assert_eq!(said.join(" "), wanted);
    }
}
