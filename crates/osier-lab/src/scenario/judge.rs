//! Does what a scenario expects happen?
//!
//! Judged after the run from what was told, what passed and what the programs report. Besides what
//! a scenario expects, nobody may hear what nobody said, unless it expects that.

use super::expect::{Claim, Expectation, Outcome, Range};
use super::programs::ZERO;
use super::run::{Run, enters};
use crate::program::{Report, Tally};
use crate::record::Origin;
use crate::world::NodeId;
use osier_host::{Flow, Reason};
use osier_tcp::State;
use osier_time::{Duration, Instant};
use std::collections::HashMap;

/// Whether one expectation held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was expected, as it is written.
    pub expected: String,
    /// What happened.
    pub actual: String,
    /// Whether that is as expected.
    pub holds: bool,
    /// In how many of a million seeds it must.
    pub share: u32,
}

/// The states that one connection of a host has passed, from its first to its last.
#[derive(Clone, Debug)]
struct Life {
    node: NodeId,
    states: Vec<(Instant, State)>,
}

impl Run {
    /// Holds what happened against every expectation.
    pub fn judge(&self) -> Vec<Verdict> {
        let lives = self.lives();
        let expectations = self.scenario.expectations.iter().enumerate();
        let judged = expectations.filter(|(_, expectation)| self.hidden(expectation).is_none());
        let mut verdicts: Vec<Verdict> =
            judged.map(|(n, expectation)| self.verdict(n, expectation, &lives)).collect();
        for (n, plan) in self.scenario.programs.iter().enumerate() {
            let expected =
                |e: &Expectation| matches!(e.claim, Claim::HearsWrong { program } if program == n);
            let wrong = self.tally(n).filter(|_| !self.is_by_hand()).and_then(|tally| tally.wrong);
            if let Some(wrong) = wrong.filter(|_| !self.scenario.expectations.iter().any(expected))
            {
                verdicts.push(Verdict {
                    expected: format!("{} hears what was said", plan.name),
                    actual: format!("{wrong:?}"),
                    holds: false,
                    share: 1_000_000,
                });
            }
        }
        verdicts.extend(self.unfinished());
        verdicts
    }

    /// A run that was stopped before its end holds nothing, whatever it expects: what it is judged
    /// by is not all that would have happened.
    fn unfinished(&self) -> Option<Verdict> {
        let world = &self.stage.world;
        let (length, turns) = (self.scenario.length, world.turns());
        world.is_out_of_turns().then(|| Verdict {
            expected: format!("the scenario comes to its end, after {length}"),
            actual: format!(
                "stopped after {turns} turns, at {}: there may be no more; give links a `delay` or \
                 a `rate`, make `length` shorter, or allow more `turns`",
                world.now() - ZERO
            ),
            holds: false,
            share: 1_000_000,
        })
    }

    fn verdict(&self, n: usize, expectation: &Expectation, lives: &[Life]) -> Verdict {
        let (holds, actual) = match &expectation.claim {
            Claim::Passes { who, states, connection } => {
                let states = self.shown(*who, states);
                passes(lives, self.stage.nodes[*who], states, *connection)
            }
            Claim::Reaches { who, state, times } => {
                let own = lives.iter().filter(|life| life.node == self.stage.nodes[*who]);
                let all = own.flat_map(|life| &life.states).filter(|(_, s)| s == state);
                count(all.count() as u64, *times)
            }
            Claim::Stays { who, state, nanos } => {
                stays(lives, self.stage.nodes[*who], *state, *nanos)
            }
            Claim::Sends { who, what, times } => {
                let own = self.stage.world.passages().iter();
                let own = own
                    .filter(|p| p.origin == Origin::Node && p.between.0 == self.stage.nodes[*who]);
                count(own.filter(|p| what.fits(&p.segment)).count() as u64, *times)
            }
            Claim::Counts { who, counter, times } => count(self.counter(*who, counter), *times),
            Claim::Holds { amount, .. } => count(self.most[n].unwrap_or(0), *amount),
            Claim::RoundTrip { nanos, .. } => match self.most[n] {
                None => (false, "none was measured".to_owned()),
                Some(most) => (nanos.has(most), Duration::from_nanos(most).to_string()),
            },
            Claim::Left { who, thing, amount } => count(self.amount(*who, *thing), *amount),
            Claim::Ends { program, outcome, times } => self.ends(*program, *outcome, *times),
            Claim::Reads { program, octets } => {
                count(self.tally(*program).map_or(0, |tally| tally.received), *octets)
            }
            Claim::Takes { program, nanos } => takes(&self.reports(*program), *nanos),
            Claim::Refused { program, times } => {
                count(self.tally(*program).map_or(0, |tally| tally.refused), *times)
            }
            Claim::HearsWrong { program } => {
                let wrong = self.tally(*program).and_then(|tally| tally.wrong);
                let told = wrong.map_or("what was said".into(), |wrong| format!("{wrong:?}"));
                (wrong.is_some(), told)
            }
        };
        let (holds, actual) = self.as_far_as_known(&expectation.claim, (holds, actual));
        let share = expectation.seeds.map_or(1_000_000, |share| share.0);
        Verdict { expected: expectation.sentence.clone(), actual, holds, share }
    }

    pub(super) fn tally(&self, program: usize) -> Option<&Tally> {
        if let Some(reported) = &self.reported[program] {
            return Some(reported);
        }
        let (node, number) = self.stage.programs[program]?;
        Some(self.stage.world.computer(node).tally(number))
    }

    fn reports(&self, program: usize) -> Vec<Report> {
        self.tally(program).map_or(Vec::new(), |tally| tally.reports.clone())
    }

    fn counter(&self, who: usize, counter: &str) -> u64 {
        let host = self.stage.world.computer(self.stage.nodes[who]).host();
        let counters = host.counters();
        counters.iter().find(|(name, _)| *name == counter).map_or(0, |(_, n)| *n)
    }

    fn ends(&self, program: usize, outcome: Outcome, times: Option<Range>) -> (bool, String) {
        let reports = self.reports(program);
        let is = |report: &&Report| match outcome {
            Outcome::Done => report.failure.is_none(),
            Outcome::Failed(ending) => report.failure == Some(ending),
        };
        let so = reports.iter().filter(is).count() as u64;
        let told: Vec<String> = reports.iter().take(4).map(|report| report_told(*report)).collect();
        let at_work = self.tally(program).map_or(0, |t| t.begun - t.done - t.failed);
        let mut actual = format!("{so} of {}", reports.len());
        if !told.is_empty() {
            actual += &format!(" ({})", told.join(", "));
        }
        if at_work > 0 {
            actual += &format!(", {at_work} still at work");
        }
        let all = so > 0 && so == reports.len() as u64 && at_work == 0;
        (times.map_or(all, |times| times.has(so)), actual)
    }

    /// The life of every connection, in the order of their beginnings.
    fn lives(&self) -> Vec<Life> {
        let mut lives: Vec<Life> = Vec::new();
        let mut newest: HashMap<(NodeId, Option<Flow>), usize> = HashMap::new();
        for told in self.stage.world.told() {
            let (Some(state), Reason::Tcp(osier_tcp::Reason::Moved { arrow })) =
                (enters(told), told.reason)
            else {
                continue;
            };
            let begins = matches!(arrow.from(), State::Closed | State::Listen);
            let (node, flow) = (told.node, told.flow);
            match newest.get(&(node, flow)).filter(|_| !begins) {
                Some(life) => lives[*life].states.push((told.at, state)),
                None => {
                    newest.insert((node, flow), lives.len());
                    lives.push(Life { node, states: vec![(told.at, state)] });
                }
            }
        }
        lives
    }
}

fn report_told(report: Report) -> String {
    match report.failure {
        None => "done".to_owned(),
        Some(ending) => format!("{ending:?}"),
    }
}

fn count(n: u64, range: Range) -> (bool, String) {
    (range.has(n), n.to_string())
}

fn passes(lives: &[Life], node: NodeId, states: &[State], connection: usize) -> (bool, String) {
    let life = lives.iter().filter(|life| life.node == node).nth(connection - 1);
    let Some(life) = life else { return (false, "there was no such connection".to_owned()) };
    let passed = life.states.iter().map(|(_, state)| *state);
    let holds = passed.clone().eq(states.iter().copied());
    (holds, passed.map(State::name).collect::<Vec<_>>().join(", "))
}

/// A time that is not as expected: where it is told rounded, a little may be what is wrong.
fn in_full(time: Duration) -> String {
    let nanos = time.as_nanos();
    match nanos.is_multiple_of(1_000_000) || nanos < 1_000_000_000 {
        true => time.to_string(),
        false => format!("{}.{:09} s", nanos / 1_000_000_000, nanos % 1_000_000_000),
    }
}

/// Every stay of every connection counts.
fn stays(lives: &[Life], node: NodeId, state: State, nanos: Range) -> (bool, String) {
    let own = lives.iter().filter(|life| life.node == node);
    let pairs = own.flat_map(|life| life.states.windows(2));
    let stays = pairs.filter(|pair| pair[0].1 == state).map(|pair| pair[1].0 - pair[0].0);
    let stays: Vec<Duration> = stays.collect();
    let holds = !stays.is_empty() && stays.iter().all(|stay| nanos.has(stay.as_nanos()));
    let tell = |stay: &Duration| if holds { stay.to_string() } else { in_full(*stay) };
    let told: Vec<String> = stays.iter().take(4).map(tell).collect();
    (holds, if told.is_empty() { "it never left it".into() } else { told.join(", ") })
}

fn takes(reports: &[Report], nanos: Range) -> (bool, String) {
    let times = || reports.iter().map(|report| report.times.1 - report.times.0);
    let holds = !reports.is_empty() && times().all(|time| nanos.has(time.as_nanos()));
    let told = match (times().min(), times().max()) {
        (Some(least), Some(most)) if least == most => least.to_string(),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => "none has ended".to_owned(),
    };
    (holds, told)
}

#[cfg(test)]
mod tests {
    use super::in_full;
    use osier_time::Duration;

    #[test]
    fn a_time_that_misses_by_little_is_told_in_full() {
        assert_eq!(in_full(Duration::from_nanos(60_000_312_000)), "60.000312000 s");
        assert_eq!(in_full(Duration::from_secs(60)), "60 s");
        assert_eq!(in_full(Duration::from_millis(20)), "20 ms");
    }
}
