//! Which scenarios does osier bring along?
//!
//! Each answers a question, which its page in `docs/lab` asks; the order is that of the pages.

use super::Scenario;
use super::mistake::differ;

/// Names that are offered at once.
const NEAREST_MAX: usize = 4;

/// Letters that a name must have to be looked for within others.
const WITHIN_MIN: usize = 3;

/// A scenario that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

macro_rules! shipped {
    ($( $name:literal, )*) => {
        /// Every scenario that is built in, in the order in which they are best read.
        pub const SHIPPED: &[Shipped] = &[ $( Shipped {
            name: $name,
            text: include_str!(concat!("../../scenarios/", $name, ".toml")),
        }, )* ];
    };
}

shipped! {
    "three-way-handshake",
    "simultaneous-open",
    "syn-lost",
    "syn-ack-lost",
    "connect-gives-up",
    "third-ack-lost",
    "stale-syn-listen",
    "stale-syn-syn-received",
    "stale-syn-established",
    "stale-syn-time-wait",
    "half-open-data",
    "half-open-keep-alive",
    "half-open-silent",
    "four-way-teardown",
    "three-segment-teardown",
    "simultaneous-close",
    "half-close",
    "rst-refused",
    "rst-data-after-close",
    "rst-linger-0",
    "rst-blind-attacker",
    "fin-lost",
    "last-ack-lost",
    "time-wait-kept",
    "time-wait-poison",
    "time-wait-reuse",
    "time-wait-ports",
    "time-wait-assassination",
    "syn-flood-no-defence",
    "syn-flood-bounded-queue",
    "syn-flood-cookies",
    "close-wait-leak",
    "zero-window",
    "nagle-delayed-ack",
    "silly-window",
    "bufferbloat-reno",
    "bufferbloat-cubic",
    "bufferbloat-bbr",
    "black-hole",
    "black-hole-ignored",
}

/// A scenario by its name.
pub fn shipped(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|shipped| shipped.name == name)
}

/// The names that somebody may have meant by one that there is not: those that have it in them, or
/// the one that differs least.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let within = SHIPPED.iter().map(|shipped| shipped.name).filter(|known| known.contains(name));
    let within: Vec<&str> = within.take(NEAREST_MAX).collect();
    if name.len() >= WITHIN_MIN && !within.is_empty() {
        return within;
    }
    let near = SHIPPED.iter().map(|shipped| (differ(name, shipped.name), shipped.name)).min();
    near.filter(|(letters, _)| *letters <= name.len() / 3)
        .map(|(_, known)| known)
        .into_iter()
        .collect()
}

impl Shipped {
    /// The scenario.
    ///
    /// # Panics
    /// Where there is a mistake in it, which a test looks for.
    pub fn scenario(&self) -> Scenario {
        let file = format!("{}.toml", self.name);
        Scenario::parse(&file, self.text).unwrap_or_else(|mistake| panic!("{mistake}"))
    }
}
