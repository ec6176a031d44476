//! What can be said about a simulation before it starts?

use crate::network::Network;
use crate::sim::Sim;
use crate::traffic::{Sink, Traffic};
use osier_lab::{Chance, Conditions, Loss};
use std::io::Write;
use std::time::Duration;

/// Settings for a [`Sim`]. The default: seed 0, links that lose nothing and take 1 ms each way, 60
/// seconds at most.
pub struct Builder {
    seed: u64,
    limit: Duration,
    link: Conditions,
    config: osier::Config,
    capture: Option<Sink>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            seed: 0,
            limit: Duration::from_secs(60),
            link: Conditions::delayed(osier_time::Duration::from_millis(1)),
            config: osier::Config::default(),
            capture: None,
        }
    }
}

impl Builder {
    /// The default.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Everything that is drawn follows from this number: what links do, sequence numbers, ports.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Builder {
        self.seed = seed;
        self
    }

    /// How long the simulation may last, in its own time.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Builder {
        self.limit = limit;
        self
    }

    /// How long a packet is under way, each way.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Builder {
        self.link.delay = delay.into();
        self
    }

    /// Up to so much more, drawn for each packet; none overtakes another.
    #[must_use]
    pub fn jitter(mut self, jitter: Duration) -> Builder {
        self.link.jitter = jitter.into();
        self
    }

    /// How likely a packet is to get lost, whatever befell the one before.
    #[must_use]
    pub fn loss(mut self, chance: Chance) -> Builder {
        self.link.loss = Loss::Random(chance);
        self
    }

    /// What each direction of each link is like, in full: rate, queue, reordering and the rest.
    /// [`Network::set_link`] is for the links that differ.
    #[must_use]
    pub fn link(mut self, conditions: Conditions) -> Builder {
        self.link = conditions;
        self
    }

    /// Settings of every host's stack.
    #[must_use]
    pub fn config(mut self, config: osier::Config) -> Builder {
        self.config = config;
        self
    }

    /// Writes every packet to a pcapng file, when it is sent, with what becomes of it. The file is
    /// whole when [`Sim::run`] or [`Sim::run_for`] returns.
    #[must_use]
    pub fn capture_to(mut self, sink: impl Write + Send + 'static) -> Builder {
        self.capture = Some(Box::new(sink));
        self
    }

    /// A simulation without hosts.
    pub fn build(self) -> Sim {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime of one thread and without I/O asks nothing of the system");
        let network = {
            let _entered = runtime.enter();
            Network::new(self.seed, self.link, self.capture.map(Traffic::new))
        };
        Sim::new(runtime, network, self.seed, self.limit, self.config)
    }
}
