//! Where do two runs of a script differ, and is that difference known?

use crate::accepted::{ACCEPTED, Accepted};
use crate::bulk::LEFT;
use crate::play::{Item, Seen};
use crate::script::{Script, Side, Slot, Step};

/// One word that is not the same.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) item: Item,
    pub(crate) kernel: String,
    pub(crate) osier: String,
}

/// What a comparison has come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    /// The differences of the first step in which one is not known.
    pub(crate) unknown: Vec<Difference>,
    /// Each known difference that was met, by its place in the table.
    pub(crate) known: Vec<usize>,
    /// Steps that were compared: up to an unknown difference, or to one behind which the runs go
    /// ways of their own.
    pub(crate) steps: usize,
    /// 1 where a bulk call left text on its way, behind which nothing is compared.
    pub(crate) left: u64,
}

/// Where a difference was met.
pub(crate) struct Place<'a> {
    pub(crate) script: &'a Script,
    kernel: &'a [Seen],
    pub(crate) at: usize,
}

impl<'a> Place<'a> {
    pub(crate) fn step(&self) -> &'a Step {
        &self.script.steps[self.at]
    }

    /// The steps before it.
    pub(crate) fn before(&self) -> &'a [Step] {
        &self.script.steps[..self.at]
    }

    /// The steps up to and with it.
    pub(crate) fn up_to(&self) -> &'a [Step] {
        &self.script.steps[..=self.at]
    }

    /// What `poll` said of a socket of the kernel's at the last quiescent point before.
    pub(crate) fn was_ready(&self, side: Side, slot: Slot) -> &'a str {
        let items = self.kernel[..self.at].iter().rev().flat_map(|seen| &seen.items);
        let mut found = items.filter(|(item, _)| *item == Item::Ready(side, slot));
        found.next().map_or("", |(_, words)| words)
    }
}

/// Compares two runs of a script.
pub(crate) fn compare(script: &Script, kernel: &[Seen], osier: &[Seen]) -> Verdict {
    let mut verdict = Verdict::default();
    for (at, (theirs, ours)) in kernel.iter().zip(osier).enumerate() {
        verdict.steps = at + 1;
        let mut parted = false;
        let place = Place { script, kernel, at };
        for difference in differences(theirs, ours) {
            match ACCEPTED.iter().position(|row| (row.is)(&place, &difference)) {
                Some(row) => {
                    verdict.known.push(row);
                    parted |= ACCEPTED[row].parts == crate::accepted::Parts::Ways;
                }
                None => verdict.unknown.push(difference),
            }
        }
        if parted {
            verdict.unknown.clear();
        }
        let left = |seen: &Seen| seen.items.iter().any(|(_, words)| words == LEFT);
        if left(theirs) && left(ours) {
            verdict.unknown.clear();
            verdict.left = 1;
            return verdict;
        }
        if parted || !verdict.unknown.is_empty() {
            return verdict;
        }
    }
    verdict
}

fn differences(kernel: &Seen, osier: &Seen) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut ours = osier.items.iter();
    for (item, kernel) in &kernel.items {
        let Some((_, osier)) = ours.clone().find(|(other, _)| other == item) else {
            // A socket that only the kernel has: the call that made it says so already.
            continue;
        };
        ours.next();
        if kernel != osier {
            let (kernel, osier) = (kernel.clone(), osier.clone());
            found.push(Difference { item: *item, kernel, osier });
        }
    }
    found
}

/// The row of the table.
pub(crate) fn row(of: usize) -> &'static Accepted {
    &ACCEPTED[of]
}
