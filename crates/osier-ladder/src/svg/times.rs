//! How far down does everything stand?
//!
//! One cursor goes down through all that happened, in the order of time: by the pace of
//! `pace.rs`, and further where words or arrows would lie upon each other. So nothing ever stands
//! above what happened before it.

use super::labels::shortened;
use super::pace::{Pace, Room};
use super::places::{NAME_COLUMN, TO_NAME};
use super::scene::Columns;
use super::told::{Told, Way, later, since};
use super::words::Block;
use crate::ladder::State;
use crate::look::Glyphs;
use crate::scale::stamp;
use crate::text::clean;
use osier_time::{Duration, Instant};

/// From one step to the next of the same end, and between arrows that do not slope.
const ROW: f64 = 23.0;

/// From an arrival to an answer, and between arrivals.
const ANSWER: f64 = 9.0;
const ARRIVAL: f64 = 15.0;

/// From one cross to the next.
const CROSS: f64 = 17.0;

/// From one name of a state to the next of the same end.
const NAME: f64 = 16.0;

/// Above the first step: room for the names of the states before it.
const LEAD: f64 = 34.0;

/// Below the last.
const TAIL: f64 = 34.0;

/// How tall a fold is.
const FOLD: f64 = 58.0;

/// By how much the words beside a step may stand lower than the step.
const DRIFT: f64 = 40.0;

/// From the words of one step to those of the next.
const BLOCK_GAP: f64 = 9.0;

/// How far a lost segment comes: so many tenths of the way.
pub(super) const LOST_TENTHS: u64 = 7;

/// Where everything stands, in pixels from above. The lists of steps are as long as the steps.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) leaves: Vec<f64>,
    /// Where it arrives; of what did not, where its cross stands.
    pub(super) arrives: Vec<f64>,
    pub(super) blocks: Vec<f64>,
    pub(super) bands: Vec<Band>,
    pub(super) folds: Vec<Fold>,
    pub(super) ticks: Vec<Tick>,
    /// The heads of the lifelines.
    pub(super) top: f64,
    /// Their feet.
    pub(super) bottom: f64,
    /// Below everything.
    pub(super) foot: f64,
}

/// A state of an end, from here to there.
#[derive(Debug)]
pub(super) struct Band {
    pub(super) end: usize,
    pub(super) state: State,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// A long time in which nothing happened.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) y: f64,
    pub(super) length: Duration,
}

/// A time that is told at the edge.
#[derive(Debug)]
pub(super) struct Tick {
    pub(super) y: f64,
    pub(super) told: String,
    pub(super) weight: Weight,
}

/// Which of two ticks gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Something left.
    Leaves,
    /// Something arrived.
    Arrives,
}

/// A moment of a step.
#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Instant,
    step: usize,
    sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    /// It happens at one end.
    Note,
    /// It leaves and arrives in no time.
    Crosses,
    Leaves,
    /// It is lost on the way.
    Dies,
    Arrives,
}

/// One end or two, or none.
type Attached = std::iter::Chain<std::option::IntoIter<usize>, std::option::IntoIter<usize>>;

/// What was attached to a lifeline last.
#[derive(Clone, Copy, Debug)]
struct Last {
    y: f64,
    sort: Sort,
}

/// The cursor on its way.
struct Cursor<'a> {
    told: &'a Told<'a>,
    y: f64,
    at: Option<Instant>,
    origin: Instant,
    pace: Pace,
    attached: Vec<Option<Last>>,
    /// The state of each end, and since where.
    open: Vec<Option<(f64, State)>>,
    last_step: Option<Last>,
    /// Where the last cross stands.
    last_cross: Option<f64>,
    words: f64,
    out: Times,
}

/// Where everything stands below `top`, with these words beside the steps.
pub(super) fn times(told: &Told<'_>, blocks: &[Block], top: f64) -> Times {
    let pace = Pace::of(told);
    let moments = moments(told, pace);
    let origin = moments.first().map_or(Instant::ZERO, |moment| moment.at);
    let steps = told.steps.len();
    let mut cursor = Cursor {
        told,
        y: top + LEAD,
        at: None,
        origin,
        pace,
        attached: vec![None; told.ends.len()],
        open: told.ends.iter().map(|end| Some((top, end.state.clone()?))).collect(),
        last_step: None,
        last_cross: None,
        words: top,
        out: Times {
            leaves: vec![top; steps],
            arrives: vec![top; steps],
            blocks: vec![top; steps],
            bands: Vec::new(),
            folds: Vec::new(),
            ticks: Vec::new(),
            top,
            bottom: top,
            foot: top,
        },
    };
    for moment in moments {
        cursor.go_to(moment, &blocks[moment.step]);
    }
    cursor.finish()
}

/// What happened, in the order of time; at the same time, in the order in which it is told.
fn moments(told: &Told<'_>, pace: Pace) -> Vec<Moment> {
    let mut moments = Vec::new();
    for (index, (step, way)) in told.steps.iter().zip(&told.ways).enumerate() {
        let mut add = |at, sort| moments.push(Moment { at, step: index, sort });
        match way {
            Way::At(_) => add(step.at, Sort::Note),
            Way::Lost { from, to } => {
                add(step.at, Sort::Leaves);
                let flight = pace.usual_flight(told, (*from, *to));
                add(later(step.at, flight / 10 * LOST_TENTHS), Sort::Dies);
            }
            Way::Goes { after, .. } if after.is_zero() => add(step.at, Sort::Crosses),
            Way::Goes { .. } => {
                add(step.at, Sort::Leaves);
                add(way.until(step.at), Sort::Arrives);
            }
        }
    }
    moments.sort_by_key(|moment| (moment.at, moment.step, moment.sort));
    moments
}

impl Cursor<'_> {
    fn go_to(&mut self, moment: Moment, block: &Block) {
        self.pass(moment.at);
        let least = self.least(moment);
        self.y = self.y.max(least);
        if moment.sort < Sort::Dies && block.height() > 0.0 {
            self.y = self.y.max(self.words - DRIFT);
        }
        let y = self.y;
        self.record(moment, block);
        for end in self.ends_of(moment) {
            self.attached[end] = Some(Last { y, sort: moment.sort });
        }
        for (end, state) in self.changes(moment) {
            if let Some((top, before)) = self.open[end].replace((y, state)) {
                self.out.bands.push(Band { end, state: before, top, bottom: y });
            }
        }
    }

    /// Lets the time pass until then.
    fn pass(&mut self, at: Instant) {
        let passed = self.at.map_or(Duration::ZERO, |before| since(before, at));
        match self.pace.room(passed) {
            Room::Open(room) => self.y += room,
            Room::Folded => {
                self.out.folds.push(Fold { y: self.y + FOLD / 2.0, length: passed });
                self.y += FOLD;
            }
        }
        self.at = Some(at);
    }

    fn record(&mut self, moment: Moment, block: &Block) {
        let (y, step) = (self.y, moment.step);
        self.out.arrives[step] = y;
        self.out.bottom = self.out.bottom.max(y);
        let weight = match moment.sort {
            Sort::Dies => {
                self.last_cross = Some(y);
                return;
            }
            Sort::Arrives => Weight::Arrives,
            Sort::Note | Sort::Crosses | Sort::Leaves => Weight::Leaves,
        };
        let told = stamp(since(self.origin, moment.at));
        self.out.ticks.push(Tick { y, told, weight });
        if weight == Weight::Arrives {
            return;
        }
        self.out.leaves[step] = y;
        self.last_step = Some(Last { y, sort: moment.sort });
        self.out.blocks[step] = (y - 9.0).max(self.words);
        if block.height() > 0.0 {
            self.words = self.out.blocks[step] + block.height() + BLOCK_GAP;
        }
    }

    /// The highest place at which this may stand.
    fn least(&self, moment: Moment) -> f64 {
        let mut least = self.y;
        if let Some(last) = self.last_cross.filter(|_| moment.sort == Sort::Dies) {
            least = least.max(last + CROSS);
        }
        if let Some(last) = self.last_step {
            let level = moment.sort == Sort::Crosses || last.sort == Sort::Crosses;
            if level && moment.sort < Sort::Dies {
                least = least.max(last.y + ROW);
            }
        }
        for end in self.ends_of(moment) {
            if let Some(last) = self.attached[end] {
                least = least.max(last.y + distance(last.sort, moment.sort));
            }
        }
        for (end, _) in self.changes(moment) {
            if let Some((since, _)) = &self.open[end] {
                least = least.max(since + NAME);
            }
        }
        least
    }

    /// The ends to which something is attached.
    fn ends_of(&self, moment: Moment) -> Attached {
        let (one, other) = match (self.told.ways[moment.step], moment.sort) {
            (_, Sort::Dies) => return None.into_iter().chain(None),
            (Way::At(end), _) => (end, None),
            (Way::Goes { to, .. }, Sort::Arrives) => (to, None),
            (Way::Goes { from, to, .. }, Sort::Crosses) => (from, Some(to)),
            (Way::Goes { from, .. } | Way::Lost { from, .. }, _) => (from, None),
        };
        Some(one).into_iter().chain(other)
    }

    /// The states that begin then: the receiver's when it arrives, all others when it leaves.
    fn changes(&self, moment: Moment) -> Vec<(usize, State)> {
        let step = &self.told.steps[moment.step];
        let now = |end: usize| match (self.told.ways[moment.step], moment.sort) {
            (_, Sort::Dies) => false,
            (Way::Goes { to, .. }, Sort::Arrives) => end == to,
            (Way::Goes { to, .. }, Sort::Leaves) => end != to,
            (Way::Goes { .. } | Way::Lost { .. } | Way::At(_), _) => true,
        };
        let states = step.states.iter().take(self.open.len()).enumerate();
        let new = states.filter_map(|(end, state)| Some((end, state.as_ref()?)));
        new.filter(|(end, state)| {
            now(*end) && self.open[*end].as_ref().is_none_or(|(_, shown)| shown != *state)
        })
        .map(|(end, state)| (end, state.clone()))
        .collect()
    }

    fn finish(mut self) -> Times {
        self.out.bottom = self.out.bottom.max(self.y) + TAIL;
        for (end, open) in self.open.into_iter().enumerate() {
            if let Some((top, state)) = open {
                self.out.bands.push(Band { end, state, top, bottom: self.out.bottom });
            }
        }
        self.out.foot = self.out.bottom.max(self.words);
        self.out
    }
}

/// From one thing attached to a lifeline to the next.
fn distance(last: Sort, next: Sort) -> f64 {
    match (last, next) {
        (Sort::Arrives, Sort::Arrives) | (Sort::Leaves, Sort::Arrives) => ARRIVAL,
        (Sort::Arrives, Sort::Leaves) => ANSWER,
        (Sort::Dies, _) | (_, Sort::Dies) => 0.0,
        (Sort::Note | Sort::Crosses, _) | (_, Sort::Note | Sort::Crosses) => ROW,
        (Sort::Leaves, Sort::Leaves) => ROW,
    }
}

impl Band {
    /// The name of its state, as much as has room beside it.
    pub(super) fn name(&self, columns: &Columns) -> String {
        let room = ((columns.states - TO_NAME) / NAME_COLUMN) as usize;
        shortened(&clean(&self.state.name, Glyphs::Unicode), room)
    }
}

impl Times {
    /// The base line of the name of a band's state.
    pub(super) fn name_at(&self, band: &Band) -> f64 {
        band.top + if band.top > self.top { 4.0 } else { 13.0 }
    }

    /// The times that are told: none upon another, what left before what arrived.
    pub(super) fn shown_ticks(&self) -> Vec<&Tick> {
        let mut shown: Vec<&Tick> = Vec::new();
        for weight in [Weight::Leaves, Weight::Arrives] {
            for tick in self.ticks.iter().filter(|tick| tick.weight == weight) {
                // In the order of their places, so that the neighbours are the only rivals.
                let at = shown.partition_point(|other| other.y <= tick.y);
                let room = |other: Option<&&Tick>| {
                    other.is_none_or(|other| {
                        (other.y - tick.y).abs()
                            >= if other.told == tick.told { 26.0 } else { 12.5 }
                    })
                };
                let above = at.checked_sub(1).and_then(|above| shown.get(above));
                if room(above) && room(shown.get(at)) {
                    shown.insert(at, tick);
                }
            }
        }
        shown
    }
}
