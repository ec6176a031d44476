//! What is one direction of a link like?
//!
//! Plain numbers, all integers. Faults are drawn in `link.rs`.

use crate::dice::Chance;
use osier_time::Duration;

/// One direction of a link. The default loses nothing and takes no time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// How long a frame is under way once its last bit was sent.
    pub delay: Duration,
    /// Up to so much more, drawn for each frame; what follows is never earlier.
    pub jitter: Duration,
    /// Bits a second; `None`: any number.
    pub rate: Option<u64>,
    /// What may wait where there is a rate.
    pub queue: Queue,
    /// Octets of the longest IP packet that passes; longer ones vanish, and nobody is told. What
    /// the ends know the MTU to be is `Cable::mtu`. `None`: any.
    pub mtu: Option<usize>,
    /// Frames that get lost.
    pub loss: Loss,
    /// Frames that others overtake.
    pub reorder: Chance,
    /// How much later such a frame arrives.
    pub reorder_by: Duration,
    /// Frames that arrive twice.
    pub duplicate: Chance,
    /// Frames of which one bit arrives wrong.
    pub corrupt: Chance,
    /// TCP segments whose window a middlebox cuts in half, to nothing, or leaves.
    pub shrink_window: Chance,
    /// Whether anything passes at all.
    pub traffic: Traffic,
}

/// Whether a link carries anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traffic {
    /// It does.
    #[default]
    Flows,
    /// It does not: a partition.
    Cut,
}

/// How much may wait for a link with a rate; the frame that finds it full is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Octets, the frame that is being sent included.
    pub octets: usize,
    /// Frames, likewise.
    pub frames: usize,
}

impl Default for Queue {
    /// 1,000 full frames, as Linux' interfaces have.
    fn default() -> Self {
        Queue { octets: 1_514_000, frames: 1_000 }
    }
}

/// Which frames get lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// None.
    #[default]
    None,
    /// Each with the same chance, whatever befell the one before.
    Random(Chance),
    /// In bursts (Gilbert 1960, Elliott 1963): a good and a bad state, drawn for each frame.
    Bursts {
        /// From good to bad.
        begin: Chance,
        /// From bad to good.
        end: Chance,
        /// Loss in the bad state; the good one loses nothing.
        within: Chance,
    },
}

impl Conditions {
    /// A link with a delay and nothing else.
    pub fn delayed(delay: Duration) -> Conditions {
        Conditions { delay, ..Conditions::default() }
    }
}
