//! Who waits for what?
//!
//! A set of wakers that is empty most of the time, holds one nearly always else, and is bounded.

use std::mem;
use std::task::Waker;

/// So many different tasks may wait for the same thing at once. One more and all are woken, look
/// again and register anew: what a dropped future left behind cannot pile up.
const WAITERS_MAX: usize = 64;

/// The tasks that wait for one thing.
#[derive(Debug, Default)]
pub(crate) enum Waiters {
    /// Nobody.
    #[default]
    Nobody,
    /// One task.
    One(Waker),
    /// Several.
    Many(Vec<Waker>),
}

impl Waiters {
    /// Remembers a task; one that is remembered already is not doubled.
    pub(crate) fn register(&mut self, waker: &Waker) {
        match self {
            Waiters::Nobody => *self = Waiters::One(waker.clone()),
            Waiters::One(one) if one.will_wake(waker) => {}
            Waiters::One(_) => {
                let Waiters::One(one) = mem::take(self) else { return };
                *self = Waiters::Many(vec![one, waker.clone()]);
            }
            Waiters::Many(many) if many.iter().any(|one| one.will_wake(waker)) => {}
            Waiters::Many(many) => {
                if many.len() >= WAITERS_MAX {
                    many.drain(..).for_each(Waker::wake);
                }
                many.push(waker.clone());
            }
        }
    }

    /// Moves all of them into `into`, to be woken once the lock is released.
    pub(crate) fn take(&mut self, into: &mut Vec<Waker>) {
        match mem::take(self) {
            Waiters::Nobody => {}
            Waiters::One(one) => into.push(one),
            Waiters::Many(many) => into.extend(many),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{WAITERS_MAX, Waiters};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_task_that_polls_again_is_not_doubled() {
        let (mut waiters, mut woken) = (Waiters::default(), Vec::new());
        let (a, b) = (Waker::from(Arc::new(Count::default())), Waker::noop());
        for _ in 0..3 {
            waiters.register(&a);
            waiters.register(b);
        }
        waiters.take(&mut woken);
        assert_eq!(woken.len(), 2);
        waiters.take(&mut woken);
        assert_eq!(woken.len(), 2, "taken once");
    }

    #[test]
    fn dropped_futures_cannot_pile_up_and_nobody_is_forgotten() {
        let (mut waiters, mut left) = (Waiters::default(), Vec::new());
        let counts: Vec<Arc<Count>> = (0..1_000).map(|_| Arc::default()).collect();
        for count in &counts {
            waiters.register(&Waker::from(count.clone()));
        }
        waiters.take(&mut left);
        assert!(left.len() <= WAITERS_MAX);
        left.into_iter().for_each(Waker::wake);
        assert!(counts.iter().all(|count| count.0.load(Ordering::SeqCst) == 1));
    }
}
