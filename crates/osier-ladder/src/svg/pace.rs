//! How many pixels is a stretch of time?
//!
//! To scale, such that a segment that is under way for the usual time falls by [`FALL`]. Where no
//! segment takes any time there is nothing to take a scale from: room then grows with the
//! logarithm of a gap, as in the terminal.

use super::told::{Told, Way};
use crate::scale::{FOLD_FROM, gap_rows};
use osier_time::Duration;

/// How far the usual segment falls between the lifelines, in pixels.
const FALL: f64 = 66.0;

/// What would be taller is folded.
const FOLD_AT: f64 = 150.0;

/// A row of the logarithmic pace.
const LOG_ROW: f64 = 12.0;

/// How time becomes room.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// To scale. A segment is usually under way for so many nanoseconds, which is never zero.
    Even(u64),
    /// With the logarithm.
    Logarithmic,
}

/// What a stretch of time becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Room {
    /// So many pixels.
    Open(f64),
    /// A fold.
    Folded,
}

impl Pace {
    pub(super) fn of(told: &Told<'_>) -> Pace {
        match usual(told.ways.iter()) {
            Some(usual) => Pace::Even(usual),
            None => Pace::Logarithmic,
        }
    }

    pub(super) fn room(self, time: Duration) -> Room {
        match self {
            Pace::Even(usual) => {
                let room = FALL * time.as_nanos() as f64 / usual as f64;
                if room > FOLD_AT { Room::Folded } else { Room::Open(room) }
            }
            Pace::Logarithmic if time >= FOLD_FROM => Room::Folded,
            Pace::Logarithmic => Room::Open(LOG_ROW * gap_rows(time) as f64),
        }
    }

    /// For how many nanoseconds a segment from there to there is usually under way.
    pub(super) fn usual_flight(self, told: &Told<'_>, route: (usize, usize)) -> u64 {
        let back = (route.1, route.0);
        let on = |route| usual(told.ways.iter().filter(move |way| way.route() == Some(route)));
        if let Some(usual) = on(route).or_else(|| on(back)) {
            return usual;
        }
        match self {
            Pace::Even(usual) => usual,
            Pace::Logarithmic => 0,
        }
    }
}

/// For how many nanoseconds most of these were under way, of those that took any time.
fn usual<'a>(ways: impl Iterator<Item = &'a Way>) -> Option<u64> {
    let mut flights: Vec<u64> = ways.filter_map(|way| way.flight()).collect();
    flights.sort_unstable();
    flights.get(flights.len() / 2).copied()
}

impl Way {
    fn route(self) -> Option<(usize, usize)> {
        match self {
            Way::At(_) => None,
            Way::Goes { from, to, .. } | Way::Lost { from, to } => Some((from, to)),
        }
    }

    /// For how many nanoseconds it was under way, if it took any time.
    fn flight(self) -> Option<u64> {
        match self {
            Way::Goes { after, .. } => Some(after.as_nanos()).filter(|nanos| *nanos > 0),
            Way::At(_) | Way::Lost { .. } => None,
        }
    }
}
