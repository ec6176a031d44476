//! Which calls of a script does its difference need?

use crate::script::Script;

/// Runs that a search may take.
const RUNS_MAX: usize = 400;

/// Leaves out calls, the last first, as long as `differs` still holds.
pub(crate) fn shrink(script: &Script, mut differs: impl FnMut(&Script) -> bool) -> Script {
    let (mut least, mut runs) = (script.clone(), 0);
    loop {
        let before = least.steps.len();
        for at in (0..before).rev() {
            let mut less = least.clone();
            less.steps.remove(at);
            runs += 1;
            if runs > RUNS_MAX {
                return least;
            }
            if differs(&less) {
                least = less;
            }
        }
        if least.steps.len() == before {
            return least;
        }
    }
}
