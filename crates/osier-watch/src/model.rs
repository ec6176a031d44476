//! What is shown, and what does a key change?
//!
//! Everything but the terminal: a player, what is chosen, what is asked, what was said last. A key
//! or a while of real time changes it; `view/` draws it. Nothing here writes a file: what is wished
//! for is handed out as a [`Wish`].

mod keys;

pub(crate) use keys::TABLE;
pub use keys::{Key, Wish};

use crate::player::{Deal, Mark, Player};
use osier_lab::scenario::{Role, Standing, Stepped};
use osier_time::Duration;

/// Steps that are taken between two pictures at most.
const STEPS_AT_ONCE: usize = 20_000;

/// How fast time passes: virtual seconds for real ones.
const SPEEDS: [(u64, u64); 9] = [
    (1, 10_000),
    (1, 1_000),
    (1, 100),
    (1, 10),
    (1, 1),
    (10, 1),
    (100, 1),
    (1_000, 1),
    (10_000, 1),
];

/// With links of ten milliseconds a packet takes a second.
const SPEED: usize = 2;

/// Whether time passes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It waits for a key.
    Paused,
    /// It passes at the speed that is set.
    Plays,
    /// It goes to the end as fast as it can.
    Hurries,
}

/// What the lower part shows where there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    /// What has happened.
    Ladder,
    /// The packet that is chosen.
    Packet,
}

/// What stands in front of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// Nothing.
    None,
    /// The keys.
    Help,
    /// A question, and what was typed so far.
    Asks(Question, String),
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// How much later a packet is to arrive.
    Delay,
    /// Into which file to save.
    File,
}

/// The window, without a terminal.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) player: Player,
    pub(crate) pace: Pace,
    speed: usize,
    pub(crate) stride: Mark,
    /// The frame that is chosen, by its number.
    pub(crate) chosen: Option<usize>,
    pub(crate) pane: Pane,
    /// Lines that the lower part is scrolled: of the ladder upwards, of the packet downwards.
    pub(crate) scroll: usize,
    /// The first of the hosts that are shown.
    pub(crate) first: usize,
    /// Which of the connections of each host.
    pub(crate) which: usize,
    pub(crate) dialog: Dialog,
    pub(crate) said: String,
}

impl Model {
    /// A window on a run at its beginning.
    pub fn new(player: Player) -> Model {
        let mut model = Model {
            player,
            pace: Pace::Paused,
            speed: SPEED,
            stride: Mark::Packet,
            chosen: None,
            pane: Pane::Ladder,
            scroll: 0,
            first: 0,
            which: 0,
            dialog: Dialog::None,
            said: String::new(),
        };
        model.settle();
        model
    }

    /// The player.
    pub fn player(&self) -> &Player {
        &self.player
    }

    /// What was said last: what a key did, or why it did nothing.
    pub fn said(&self) -> &str {
        &self.said
    }

    /// Whether time passes by itself, so that pictures are wanted without a key.
    pub fn is_moving(&self) -> bool {
        self.pace != Pace::Paused
    }

    /// So much real time has passed.
    pub fn on_time(&mut self, real: Duration) {
        let passed = match self.pace {
            Pace::Paused => return,
            Pace::Plays => {
                let (times, of) = SPEEDS[self.speed];
                let nanos = u128::from(real.as_nanos()) * u128::from(times) / u128::from(of);
                let more = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                let until = self.player.run().elapsed() + more;
                self.player.pass(until, STEPS_AT_ONCE)
            }
            Pace::Hurries => self.player.pass(Duration::from_secs(1 << 33), STEPS_AT_ONCE),
        };
        if passed == Stepped::ToTheEnd {
            self.pace = Pace::Paused;
            self.said = "the end: ← goes back, q leaves".to_owned();
        }
        self.settle();
    }

    /// Something that was wished for was done, or it was not: this is to be said.
    pub fn tell(&mut self, said: impl Into<String>) {
        self.said = said.into();
    }

    /// `×1/100`
    pub(crate) fn speed(&self) -> String {
        match SPEEDS[self.speed] {
            (times, 1) => format!("×{times}"),
            (times, of) => format!("×{times}/{of}"),
        }
    }

    /// The hosts whose state machines are shown in turn.
    pub(crate) fn hosts(&self) -> Vec<Standing> {
        let mut standing = self.player.run().standing();
        standing.retain(|node| matches!(node.role, Role::Host { .. } | Role::Dark));
        standing
    }

    fn forward(&mut self, mark: Mark) {
        self.stride = mark;
        self.said = match self.player.forward_to(mark) {
            true => String::new(),
            false => format!("no {} follows: this is the end", mark.name()),
        };
        self.pace = Pace::Paused;
        self.settle();
    }

    fn back(&mut self, mark: Mark) {
        self.stride = mark;
        self.said = match self.player.back_to(mark) {
            true => String::new(),
            false => "this is the beginning".to_owned(),
        };
        self.pace = Pace::Paused;
        self.settle();
    }

    /// A fiftieth of the whole, there or back.
    fn scrub(&mut self, way: Way) {
        let length = self.player.scenario().length();
        let leap = Duration::from_nanos((length.as_nanos() / 50).max(1));
        let now = self.player.run().elapsed();
        self.said.clear();
        match way {
            Way::Forward => _ = self.player.pass((now + leap).min(length), STEPS_AT_ONCE),
            Way::Back => self.player.back_to_time(now.saturating_sub(leap)),
        }
        self.pace = Pace::Paused;
        self.settle();
    }

    fn deal(&mut self, deal: Deal) {
        self.pace = Pace::Paused;
        let dealt = match self.chosen {
            None => Err("there is no packet yet".to_owned()),
            Some(frame) => self.player.deal(frame, deal),
        };
        self.said = dealt.unwrap_or_else(|why| why);
        // The packet stays in sight, though it may be lost now.
        let frames = self.player.run().world().frames().len();
        self.chosen = self.chosen.filter(|chosen| *chosen < frames);
        self.scroll = 0;
    }

    /// What is chosen is a packet that there is, and one under way where there is one.
    fn settle(&mut self) {
        let run = self.player.run();
        let under_way = run.under_way();
        let frames = run.world().frames().len();
        if !self.chosen.is_some_and(|chosen| under_way.contains(&chosen)) {
            let known = self.chosen.filter(|chosen| *chosen < frames).or(frames.checked_sub(1));
            self.chosen = under_way.first().copied().or(known);
        }
        self.scroll = 0;
    }

    /// The next packet under way, or the one before.
    fn choose(&mut self, way: Way) {
        let under_way = self.player.run().under_way();
        if under_way.is_empty() {
            self.said = "no packet is under way: p goes to the next one".to_owned();
            return;
        }
        let at = under_way.iter().position(|n| Some(*n) == self.chosen);
        let all = under_way.len();
        let next = match (at, way) {
            (None, _) => 0,
            (Some(at), Way::Forward) => (at + 1) % all,
            (Some(at), Way::Back) => (at + all - 1) % all,
        };
        self.chosen = Some(under_way[next]);
        self.said.clear();
    }

    /// The packet that was sent after the chosen one, or before it, wherever it is.
    fn leaf(&mut self, way: Way) {
        let frames = self.player.run().world().frames().len();
        let at = self.chosen.unwrap_or(0);
        let next = match way {
            Way::Forward => at + 1,
            Way::Back => at.saturating_sub(1),
        };
        self.chosen = frames.checked_sub(1).map(|last| next.min(last));
        self.scroll = 0;
        self.said.clear();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Forward,
    Back,
}

#[cfg(test)]
mod tests;
