//! At which moment of a run are we, and how is another one reached?
//!
//! A run follows from its scenario, its seed and the deeds done to it, so every moment of it is a
//! number of steps. Going back is a run from the nearest kept copy, or from the seed, up to that
//! number; a deed begins the run anew and goes on until it is as late as before.

use crate::source::Source;
use osier_lab::scenario::{Deed, Mistake, Order, Run, Scenario, Stepped, played};
use osier_lab::{Fate, Launch, Then};
use osier_time::{Duration, Instant};

/// Copies of the run that are kept for going back, at most; with more each second one goes.
const KEPT_MAX: usize = 16;

/// Steps between the first copies.
const KEPT_EVERY: usize = 256;

/// Steps that one search for a mark takes at most: nobody waits longer at a key.
const SEARCH_MAX: usize = 100_000;

/// Steps that a run is followed at most: what is remembered of each takes 16 octets.
const STEPS_MAX: usize = 1 << 23;

/// A delay that is longer than anything in a run: the longest that a scenario may say.
const FOR_EVER: Duration = Duration::from_secs(86_400);

/// By what a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A packet is put on a wire, or arrives.
    Packet,
    /// A host decides something, or something befalls it.
    Event,
    /// A timer of a host or a program runs off.
    Timer,
}

/// What is done to a packet under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deal {
    /// It is lost.
    Drop,
    /// It takes so much longer.
    Delay(Duration),
    /// It arrives twice.
    Duplicate,
    /// One bit of it arrives wrong.
    Corrupt,
    /// The next one of its direction overtakes it.
    Reorder,
}

/// One step that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tick {
    at: Instant,
    /// A bit for each [`Mark`].
    marks: u8,
}

/// A run, and the way to each of its moments.
#[derive(Clone, Debug)]
pub struct Player {
    source: Source,
    scenario: Scenario,
    seed: u64,
    deeds: Vec<Deed>,
    run: Run,
    /// Steps taken so far.
    at: usize,
    /// What each step was, those behind us included, once they were seen.
    ticks: Vec<Tick>,
    /// Copies, by the number of steps.
    kept: Vec<(usize, Run)>,
    every: usize,
}

/// What may change by a step.
struct Seen {
    packets: u64,
    decisions: usize,
    due: Option<Instant>,
}

impl Mark {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Mark::Packet => "packet",
            Mark::Event => "event",
            Mark::Timer => "timer",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Mark::Packet => 1,
            Mark::Event => 2,
            Mark::Timer => 4,
        }
    }
}

impl Player {
    /// A run at its beginning.
    ///
    /// # Errors
    /// A mistake in the scenario.
    pub fn new(source: Source, seed: u64) -> Result<Player, Mistake> {
        let scenario = Scenario::parse(&source.file, &source.text)?;
        let run = begin(&scenario, seed, &[]);
        let (deeds, ticks, kept) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Player { source, scenario, seed, deeds, run, at: 0, ticks, kept, every: KEPT_EVERY })
    }

    /// The run as it is at this moment.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The scenario, without deeds.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many steps were taken.
    pub fn steps(&self) -> usize {
        self.at
    }

    /// What was done, the last deed last.
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// One step, whatever it is; `false`: there is none.
    pub fn forward(&mut self) -> bool {
        self.tick(Instant::MAX) == Stepped::Once
    }

    /// On to the next step of that kind. `false`: none was found in a hundred thousand steps, or
    /// the run is over.
    pub fn forward_to(&mut self, mark: Mark) -> bool {
        for _ in 0..SEARCH_MAX {
            if !self.forward() {
                return false;
            }
            if self.ticks[self.at - 1].marks & mark.bit() != 0 {
                return true;
            }
        }
        false
    }

    /// Back to the step of that kind before this one, or to the beginning: then `false`.
    pub fn back_to(&mut self, mark: Mark) -> bool {
        let here = if self.is_at_a_step() { self.at.saturating_sub(1) } else { self.at };
        let found = self.ticks[..here].iter().rposition(|tick| tick.marks & mark.bit() != 0);
        self.go_to(found.map_or(0, |at| at + 1));
        found.is_some()
    }

    /// Lets the run come to that time since its beginning, in so many steps at most; says whether
    /// it got there.
    pub fn pass(&mut self, until: Duration, steps: usize) -> Stepped {
        let limit = self.run.moment(until);
        for _ in 0..steps {
            match self.tick(limit) {
                Stepped::Once => {}
                other => return other,
            }
        }
        Stepped::Once
    }

    /// Back to that time since the beginning, or to the first step of it.
    pub fn back_to_time(&mut self, until: Duration) {
        let limit = self.run.moment(until);
        let steps = self.ticks[..self.at].partition_point(|tick| tick.at <= limit);
        self.go_to(steps);
        self.tick_time(limit);
    }

    /// Back to the moment after so many steps; a later one than this is not gone to.
    pub fn go_to(&mut self, steps: usize) {
        if steps > self.at || (steps == self.at && self.is_at_a_step()) {
            return;
        }
        let kept = self.kept.iter().rev().find(|(at, _)| *at <= steps);
        (self.at, self.run) = match kept {
            Some((at, run)) => (*at, run.clone()),
            None => (0, begin(&self.scenario, self.seed, &self.deeds)),
        };
        while self.at < steps && self.forward() {}
    }

    /// Whether no time has passed since the last step.
    fn is_at_a_step(&self) -> bool {
        let last = self.at.checked_sub(1).map(|last| self.ticks[last].at);
        self.run.world().now() == last.unwrap_or_else(|| self.run.moment(Duration::ZERO))
    }

    /// Does something to a frame that is under way, by its number; says in words what was done.
    ///
    /// # Errors
    /// Why that cannot be.
    pub fn deal(&mut self, frame: usize, deal: Deal) -> Result<String, String> {
        let launch = self.run.world().frames().get(frame).ok_or("there is no packet")?;
        let passage = launch.passage.ok_or("only TCP segments can be meddled with")?;
        if !self.run.under_way().contains(&frame) {
            return Err("it is not under way any more: go back to before it arrives".to_owned());
        }
        let why = "only what a node has sent over its one link to the next can be meddled with";
        let deed = |then| self.run.deed(passage, then).ok_or(why.to_owned());
        let deed = match deal {
            Deal::Drop => deed(Then::Drop)?,
            Deal::Delay(by) => deed(Then::Delay(by))?,
            Deal::Duplicate => deed(Then::Duplicate)?,
            Deal::Corrupt => deed(Then::Corrupt)?,
            Deal::Reorder => self.reordered(deed(Then::Delay(FOR_EVER))?, passage)?,
        };
        self.deeds.retain(|other| !other.is_about_the_same(&deed));
        let (when, what) = self.scenario.words(&deed);
        self.deeds.push(deed);
        self.again();
        Ok(format!("when {when}: {what}"))
    }

    /// Takes the last deed back; says which it was.
    pub fn undo(&mut self) -> Option<String> {
        let deed = self.deeds.pop()?;
        self.again();
        let (when, what) = self.scenario.words(&deed);
        Some(format!("taken back: when {when}: {what}"))
    }

    /// What was played, as the text of a scenario file.
    ///
    /// # Errors
    /// Where the file leaves no place for it.
    pub fn saved(&self) -> Result<String, Mistake> {
        played(&self.source.file, &self.source.text, self.seed, &self.deeds)
    }

    /// How long a segment must be kept so that it arrives right behind the next one of its
    /// direction: it is kept for ever in a run of its own, and seen what arrives meanwhile.
    fn reordered(&self, kept: Deed, passage: usize) -> Result<Deed, String> {
        let mut deeds = self.deeds.clone();
        deeds.retain(|other| !other.is_about_the_same(&kept));
        deeds.push(kept);
        let mut run = begin(&self.scenario, self.seed, &deeds);
        let (mut looked, mut steps) = (passage + 1, 0);
        while run.step() && steps < SEARCH_MAX {
            steps += 1;
            let passages = run.world().passages();
            let Some(own) = passages.get(passage) else { continue };
            let Fate::Arrives(late) = own.fate else { break };
            let usual = late - FOR_EVER;
            while let Some(next) = passages.get(looked) {
                looked += 1;
                let overtakes = next.between == own.between;
                if let Fate::Arrives(at) = next.fate
                    && overtakes
                    && at >= usual
                {
                    let by = at - usual + Duration::from_nanos(1);
                    let mut deed = run.deed(passage, Then::Delay(by)).ok_or("it is not there")?;
                    deed.remark = Some("reordered: the next one overtakes it".to_owned());
                    return Ok(deed);
                }
            }
        }
        Err("nothing follows on this link that could overtake it".to_owned())
    }

    /// From the seed on, until it is as late as it was.
    fn again(&mut self) {
        let (steps, now) = (self.at, self.run.world().now());
        self.run = begin(&self.scenario, self.seed, &self.deeds);
        self.at = 0;
        self.ticks.clear();
        self.kept.clear();
        self.every = KEPT_EVERY;
        while self.at < steps && self.tick(now) == Stepped::Once {}
        self.tick_time(now);
    }

    /// Lets time pass until then, where nothing happens before.
    fn tick_time(&mut self, limit: Instant) {
        if self.run.world().now() < limit {
            let mut later = self.run.clone();
            if later.step_by(limit) == Stepped::NotYet {
                self.run = later;
            }
        }
    }

    fn tick(&mut self, limit: Instant) -> Stepped {
        if self.at >= STEPS_MAX {
            return Stepped::ToTheEnd;
        }
        let before = Seen::of(&self.run);
        let stepped = self.run.step_by(limit);
        let after = Seen::of(&self.run);
        let now = self.run.world().now();
        if stepped == Stepped::Once {
            let packet = if after.packets > before.packets { Mark::Packet.bit() } else { 0 };
            let event = if after.decisions > before.decisions { Mark::Event.bit() } else { 0 };
            // A host may ask for a turn and find that nothing is due: no timer has run off then.
            let due = before.due.is_some_and(|due| due <= now);
            let timer = if due && packet | event != 0 { Mark::Timer.bit() } else { 0 };
            let tick = Tick { at: now, marks: packet | event | timer };
            match self.ticks.get(self.at) {
                Some(known) => debug_assert_eq!(*known, tick, "the same run is the same"),
                None => self.ticks.push(tick),
            }
            self.at += 1;
            self.keep();
        }
        stepped
    }

    fn keep(&mut self) {
        let known = self.kept.last().map_or(0, |(at, _)| *at);
        if self.at < known + self.every {
            return;
        }
        self.kept.push((self.at, self.run.clone()));
        if self.kept.len() > KEPT_MAX {
            let mut number = 0;
            self.kept.retain(|_| {
                number += 1;
                number % 2 == 0
            });
            self.every *= 2;
        }
    }
}

impl Seen {
    fn of(run: &Run) -> Seen {
        let world = run.world();
        let packets = world.links().map(|(_, link)| link.counts());
        let packets = packets.map(|counts| counts.sent + counts.delivered).sum();
        let due = world.computers().filter_map(|(_, computer)| computer.next_deadline()).min();
        Seen { packets, decisions: run.decisions(), due }
    }
}

fn begin(scenario: &Scenario, seed: u64, deeds: &[Deed]) -> Run {
    Run::begin_with_frames(&scenario.with_deeds(deeds), seed, Order::Written)
}

/// When a frame arrives; `None`: never.
pub(crate) fn arrival(launch: &Launch) -> Option<Instant> {
    match launch.fate {
        Fate::Arrives(at) => Some(at),
        Fate::Lost(_) => None,
    }
}

#[cfg(test)]
mod tests;
