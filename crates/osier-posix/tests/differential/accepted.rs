//! Which differences from the kernel are known, and why are they left?
//!
//! The same list, in the same order, stands in docs/differential.md.

use crate::compare::{Difference, Place};
use crate::play::Item;
use crate::script::{Call, Side};

/// A difference that is left as it is.
pub(crate) struct Accepted {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) parts: Parts,
    pub(crate) is: fn(&Place<'_>, &Difference) -> bool,
}

/// What becomes of the script behind a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parts {
    /// It goes on as if nothing had been.
    Nothing,
    /// The runs go ways of their own: nothing behind it is compared.
    Ways,
}

pub(crate) const ACCEPTED: &[Accepted] = &[
    Accepted {
        name: "a socket whose connection is over may be bound anew",
        reason: "Linux gives the port back with the connection, and then takes a bind that no \
                 program makes; osier says EINVAL, as POSIX does of a socket that is bound",
        parts: Parts::Ways,
        is: |place, difference| match place.step().call {
            Call::Bind { slot, .. } => {
                let kernel = ["Ok(())", "Err(EADDRINUSE)"];
                kernel.iter().any(|kernel| answers(difference, kernel, "Err(EINVAL)"))
                    && is_over(place.was_ready(place.step().who, slot))
            }
            _ => false,
        },
    },
    Accepted {
        name: "the port of an attempt to connect, or of a listener, that is over is still shown",
        reason: "Linux leaves the number in place that getsockname reads, though the port is given \
                 back; it stands for nothing",
        parts: Parts::Nothing,
        is: |place, difference| {
            let Item::Local(Side::Subject, slot) = difference.item else { return false };
            let tried = |call| match call {
                Call::Connect { slot: of, .. } | Call::Listen { slot: of, .. } => of == slot,
                _ => false,
            };
            difference.kernel.starts_with("any(")
                && difference.kernel.ends_with(":some")
                && (difference.osier.ends_with(":0") || difference.osier.ends_with(":some"))
                && place.up_to().iter().any(|at| at.who == Side::Subject && tried(at.call))
        },
    },
    Accepted {
        name: "a port with an old connection is taken without SO_REUSEADDR",
        reason: "Linux refuses to bind a port where a connection of before is not yet over; osier \
                 lets one listen there, as every server asks with SO_REUSEADDR \
                 (osier-host/listen.rs)",
        parts: Parts::Ways,
        is: |place, difference| match place.step().call {
            Call::Bind { port, .. } => {
                let same = |call| matches!(call, Call::Bind { port: of, .. } if of == port);
                place.step().who == Side::Subject
                    && answers(difference, "Err(EADDRINUSE)", "Ok(())")
                    && place.before().iter().any(|at| at.who == Side::Subject && same(at.call))
            }
            _ => false,
        },
    },
    Accepted {
        name: "who has shut a socket whose attempt to connect failed cannot connect it again",
        reason: "an accident of how Linux remembers that shutdown came before connect has told why \
                 it failed; osier tells it",
        parts: Parts::Ways,
        is: |place, difference| match place.step().call {
            Call::Connect { slot, .. } => {
                let shut = |call| matches!(call, Call::Shutdown { slot: of, .. } if of == slot);
                difference.item == Item::Answer
                    && difference.kernel == "Err(EINVAL)"
                    && place.before().iter().any(|at| at.who == Side::Subject && shut(at.call))
            }
            _ => false,
        },
    },
];

fn answers(difference: &Difference, kernel: &str, osier: &str) -> bool {
    difference.item == Item::Answer && difference.kernel == kernel && difference.osier == osier
}

/// Whether `poll` says that nothing comes and nothing goes any more.
fn is_over(ready: &str) -> bool {
    ready.contains("HUP") && ready.contains("IN")
}
