//! How do the counters of a stack reach the crate `metrics`? (feature `metrics`)
//!
//! Every counter of [`Stack::counters`](crate::Stack::counters) is a counter of the facade, under
//! the name that [`name`] gives it: `state_changes` is `osier_state_changes_total`. It has no
//! label, or the label `host` where [`Builder::metrics_host`](crate::Builder::metrics_host) named
//! one; the counters of stacks that share their labels add up.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let recorder = metrics::NoopRecorder;
//! // A recorder of yours, which an exporter's crate makes; before the first stack.
//! metrics::set_global_recorder(recorder)?;
//! let stack = osier::Stack::builder().metrics_host("willow").build()?;
//! # drop(stack);
//! assert_eq!(osier::counts::name("resets_sent"), "osier_resets_sent_total");
//! # Ok(())
//! # }
//! ```
//!
//! The driver of a stack adds what has come since the last time: when it starts (every counter is
//! there then, if only as 0), at most once in [`INTERVAL`] while there is traffic, and when the
//! stack ends. What was counted while there was no recorder is not made up for.

use metrics::{Counter, Key, Label, Level, Metadata, SharedString};
use osier_time::{Duration, Instant};

/// How often counters are handed on at most: far more often than anybody fetches them, and too
/// seldom to be felt.
pub const INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// The name by which the facade knows a counter.
pub fn name(counter: &str) -> String {
    format!("osier_{counter}_total")
}

/// What a recorder knows already.
#[derive(Debug)]
pub(crate) struct Counts {
    labels: Vec<Label>,
    /// A counter each, in the host's order; none before the first time.
    known: Vec<Known>,
    /// The first turn since they were handed on.
    since: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    key: Key,
    told: u64,
}

impl Counts {
    pub(crate) fn new(host: Option<String>) -> Self {
        let label = host.map(|host| Label::new("host", SharedString::from(host)));
        Counts { labels: label.into_iter().collect(), known: Vec::new(), since: None }
    }

    /// After a turn: whether it is time.
    pub(crate) fn are_due(&mut self, now: Instant) -> bool {
        self.since.get_or_insert(now);
        self.known.is_empty() || self.tell_at().is_some_and(|at| at <= now)
    }

    /// When it will be time.
    pub(crate) fn tell_at(&self) -> Option<Instant> {
        self.since.map(|since| since + Duration::from(INTERVAL))
    }

    /// Hands on by how much each counter has grown.
    pub(crate) fn tell(&mut self, counters: &[(&'static str, u64)]) {
        self.since = None;
        if self.known.is_empty() {
            self.known = counters.iter().map(|(counter, _)| self.first(counter)).collect();
        }
        for (known, (_, count)) in self.known.iter_mut().zip(counters) {
            if known.told != *count {
                registered(&known.key).increment(count - known.told);
                known.told = *count;
            }
        }
    }

    fn first(&self, counter: &str) -> Known {
        let key = Key::from_parts(name(counter), self.labels.clone());
        registered(&key).increment(0);
        Known { key, told: 0 }
    }
}

/// Asked anew each time: the recorder may be that of a scope.
fn registered(key: &Key) -> Counter {
    let about = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
    metrics::with_recorder(|recorder| recorder.register_counter(key, &about))
}
