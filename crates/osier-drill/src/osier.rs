//! osier under the runner: [`Stack`] over [`Posix`], in virtual time.
//!
//! Time stands still but in [`Stack::wait`], which goes from one deadline to the next. Packets are
//! taken out as soon as there are some, so that each has its own time. The link takes segments
//! whole, as Linux's devices do, unless a script switches that off.

mod calls;
mod readiness;

use crate::config::Config;
use crate::settings::{ROUTE, SEGMENTATION, TCP_METRICS};
use crate::stack::{Outcome, Refused, Stack, Syscall};
use calls::Partly;
use osier_host::{Keys, Metrics};
use osier_posix::{Fd, Mode, Posix, Segmentation, Setup, sysctl};
use osier_time::Instant;
use osier_wire::link::{Medium, Offloads};
use std::collections::{BTreeMap, VecDeque};

/// Where the clock begins: late enough for scripts to speak of what was before.
const BEGINNING: Instant = Instant::from_secs(1000);

/// The secrets of every run: the same script, the same packets.
const SEED: u64 = 1;

/// One host, and the descriptors of its program.
#[derive(Debug)]
pub struct Osier {
    setup: Setup,
    /// Made when it is first needed: settings before that shape it.
    posix: Option<Posix>,
    /// What scripts say of routes and of the device.
    metrics: Metrics,
    segmentation: Segmentation,
    now: Instant,
    left: VecDeque<(Instant, Vec<u8>)>,
    /// Calls that were made and not finished.
    partly: BTreeMap<Fd, Partly>,
}

impl Osier {
    /// A host as a script wants it, with the settings of Linux.
    pub fn new(config: &Config) -> Osier {
        let setup = Setup {
            config: osier_host::Config::default(),
            keys: Keys::from_seed(SEED),
            mtu: config.mtu,
            addresses: vec![config.local],
            offloads: Offloads::all(Medium::Ip),
        };
        Osier {
            setup,
            posix: None,
            metrics: Metrics::default(),
            segmentation: Segmentation::default(),
            now: BEGINNING,
            left: VecDeque::new(),
            partly: BTreeMap::new(),
        }
    }

    fn posix(&mut self) -> &mut Posix {
        self.posix.get_or_insert_with(|| {
            let mut posix = Posix::new(self.setup.clone());
            posix.host_mut().set_metrics(self.metrics);
            posix.set_segmentation(self.segmentation);
            posix
        })
    }

    /// Takes what wants to leave.
    fn collect(&mut self) {
        let now = self.now;
        while let Some(packet) = self.posix().packet_out(now) {
            self.left.push_back((now, packet.to_vec()));
        }
    }
}

impl Stack for Osier {
    fn now(&self) -> Instant {
        self.now
    }

    fn wait(&mut self, until: Instant) {
        let due = self.posix().next_deadline();
        match due {
            Some(due) if due <= until => {
                self.now = self.now.max(due);
                let now = self.now;
                self.posix().on_deadline(now);
                self.collect();
            }
            _ => self.now = self.now.max(until),
        }
    }

    fn packet_in(&mut self, packet: &[u8]) {
        let now = self.now;
        self.posix().packet_in(now, packet);
        self.collect();
    }

    fn packet_out(&mut self) -> Option<(Instant, Vec<u8>)> {
        self.left.pop_front()
    }

    fn call(&mut self, call: &Syscall) -> Outcome {
        let outcome = self.do_call(call);
        self.collect();
        outcome
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        match (name, value) {
            (TCP_METRICS, _) => {
                if let Some(posix) = &mut self.posix {
                    posix.host_mut().forget_fast_open();
                }
                return Ok(());
            }
            (ROUTE, words) => {
                self.metrics = sysctl::metrics(words);
                self.posix.iter_mut().for_each(|posix| posix.host_mut().set_metrics(self.metrics));
                return Ok(());
            }
            (SEGMENTATION, state) => {
                let on = state == "on";
                let by = if on { Segmentation::ByDevice } else { Segmentation::BySoftware };
                self.segmentation = by;
                self.posix.iter_mut().for_each(|posix| posix.set_segmentation(by));
                return Ok(());
            }
            _ => {}
        }
        sysctl::set(&mut self.setup.config, name, value).map_err(|refusal| match refusal {
            sysctl::Refusal::Unknown => Refused::Unsupported,
            sysctl::Refusal::Value => Refused::Value("this cannot be its value".to_owned()),
        })?;
        if let Some(posix) = &mut self.posix {
            posix.reconfigure(&self.setup.config);
        }
        Ok(())
    }

    fn tcp_info(&mut self, fd: i32) -> Result<BTreeMap<&'static str, i64>, i32> {
        let now = self.now;
        let info = self.posix().tcp_info(now, fd).map_err(|errno| errno.number())?;
        Ok(info.fields().map(|(name, value)| (name, value as i64)).collect())
    }
}

/// Whether calls on a descriptor may wait.
fn mode(nonblocking: bool) -> Mode {
    if nonblocking { Mode::NonBlocking } else { Mode::Blocking }
}
