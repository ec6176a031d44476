//! How does something grow and shrink while a scenario runs?
//!
//! A curve is looked at in equal steps of time, and drawn as text.

use super::expect::Thing;
use super::mistake::Mistake;
use super::programs::{ZERO, host};
use super::reader::Value;
use super::run::Run;
use super::{Names, Scenario};
use osier_ladder::{Curve as Figure, Unit};
use osier_time::{Duration, Instant};

/// Columns of a drawing: so many samples, or fewer.
const COLUMNS: usize = 60;

/// Rows of a drawing.
const ROWS: u64 = 8;

/// Samples of a curve at most.
const SAMPLES_MAX: u64 = 100_000;

/// What is to be watched, and how often.
#[derive(Clone, Debug)]
pub(super) struct CurvePlan {
    title: String,
    subject: Subject,
    every: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Subject {
    Holds(usize, Thing),
    RoundTrip(usize),
    Window(usize),
    Done(usize),
    Failed(usize),
    Reads(usize),
}

impl CurvePlan {
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Whether it is of what nobody can see, inside a real computer.
    pub(super) fn is_of_guest(&self, scenario: &Scenario) -> bool {
        let guest = scenario.guest.map(|guest| guest.node);
        match self.subject {
            Subject::Holds(who, _) | Subject::RoundTrip(who) | Subject::Window(who) => {
                guest == Some(who)
            }
            Subject::Done(_) | Subject::Failed(_) | Subject::Reads(_) => false,
        }
    }
}

/// A curve: its values, one for each step of time.
#[derive(Clone, Debug)]
pub struct Curve {
    plan: CurvePlan,
    values: Vec<u64>,
    length: Duration,
}

pub(super) fn curve(value: Value<'_>, names: &Names<'_>) -> Result<CurvePlan, Mistake> {
    let table = value.table("a curve", &["of", "every"])?;
    let mut phrase = table.need("of", "\"b half-open\"")?.phrase()?;
    let title = phrase.whole().to_owned();
    let subject = match phrase.peek().and_then(|word| names.program(word)) {
        Some(program) => {
            phrase.word("a program")?;
            let subjects = [
                ("done", Subject::Done(program)),
                ("failed", Subject::Failed(program)),
                ("octets", Subject::Reads(program)),
            ];
            names.has_connections(&phrase, program)?;
            phrase.one_of("curve of a program", &subjects)?
        }
        None => {
            let who = host(&mut phrase, names.nodes)?;
            names.has_stack(&phrase, who)?;
            if phrase.take("round trip") {
                Subject::RoundTrip(who)
            } else if phrase.take("congestion window") {
                Subject::Window(who)
            } else {
                Subject::Holds(who, super::expect::thing(&mut phrase)?)
            }
        }
    };
    phrase.finish()?;
    let every = table.need("every", "\"100ms\"")?;
    let step = every.time()?;
    if step.is_zero() || names.length.as_nanos() / step.as_nanos() > SAMPLES_MAX {
        return Err(every.wrong("that is too often", "make it longer"));
    }
    Ok(CurvePlan { title, subject, every: step })
}

impl Curve {
    pub(super) fn of(scenario: &Scenario) -> Vec<Curve> {
        let curves = scenario.curves.iter().filter(|plan| !plan.is_of_guest(scenario));
        let length = scenario.length;
        curves.map(|plan| Curve { plan: plan.clone(), values: Vec::new(), length }).collect()
    }

    /// What it is of.
    pub fn title(&self) -> &str {
        &self.plan.title
    }

    /// The time between two values; the first is that of the beginning.
    pub fn every(&self) -> Duration {
        self.plan.every
    }

    /// Its values: numbers, octets, or nanoseconds.
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// The highest value.
    pub fn highest(&self) -> u64 {
        self.values.iter().copied().max().unwrap_or(0)
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        let after = self.plan.every * self.values.len() as u64;
        (after <= self.length).then_some(ZERO + after)
    }

    pub(super) fn push(&mut self, value: u64) {
        self.values.push(value);
    }

    pub(super) fn value(&self, run: &Run) -> u64 {
        let tally = |program: usize| run.tally(program).cloned();
        match self.plan.subject {
            Subject::Holds(who, thing) => run.amount(who, thing),
            Subject::RoundTrip(who) => run.round_trip(who).map_or(0, Duration::as_nanos),
            Subject::Window(who) => run.window(who),
            Subject::Done(program) => tally(program).map_or(0, |tally| tally.done),
            Subject::Failed(program) => tally(program).map_or(0, |tally| tally.failed),
            Subject::Reads(program) => tally(program).map_or(0, |tally| tally.received),
        }
    }

    /// A value as it is told.
    fn told(&self, value: u64) -> String {
        match self.plan.subject {
            Subject::RoundTrip(_) => Duration::from_nanos(value).to_string(),
            _ => value.to_string(),
        }
    }

    /// The curve, to be drawn below a ladder.
    pub fn figure(&self) -> Figure {
        let unit = match self.plan.subject {
            Subject::RoundTrip(_) => Unit::Nanoseconds,
            Subject::Window(_) | Subject::Reads(_) | Subject::Holds(_, Thing::Memory) => {
                Unit::Octets
            }
            Subject::Holds(..) | Subject::Done(_) | Subject::Failed(_) => Unit::Number,
        };
        let (title, every) = (self.title().to_owned(), self.every());
        Figure { title, every, values: self.values.clone(), unit }
    }

    /// The curve as text: time runs to the right, the highest value is at the top.
    pub fn draw(&self) -> String {
        let per_column = self.values.len().div_ceil(COLUMNS).max(1);
        let columns: Vec<u64> = self
            .values
            .chunks(per_column)
            .map(|chunk| chunk.iter().copied().max().unwrap_or(0))
            .collect();
        let highest = self.highest();
        let mut text = format!("{}, at most {}\n", self.plan.title, self.told(highest));
        for row in (0..ROWS).rev() {
            let line: String = columns.iter().map(|value| cell(*value, highest, row)).collect();
            text += &format!("│{}\n", line.trim_end());
        }
        let width = columns.len();
        let end = format!("{}", self.plan.every * self.values.len().saturating_sub(1) as u64);
        text += &format!("└{}\n 0{end:>width$}\n", "─".repeat(width), width = width.max(2) - 1);
        text
    }
}

/// An eighth of a row is one step of the block's height.
fn cell(value: u64, highest: u64, row: u64) -> char {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let steps = u128::from(value) * u128::from(ROWS * 8) / u128::from(highest.max(1));
    let steps = if value > 0 { steps.max(1) } else { 0 };
    let above = steps.saturating_sub(u128::from(row * 8)).min(8);
    BLOCKS[above as usize]
}
