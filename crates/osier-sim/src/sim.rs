//! How is a simulation put together, and how does its time pass?
//!
//! All hosts run on one thread of one runtime whose clock stands still while anybody has anything
//! to do, and then jumps to the next deadline. The same program with the same seed does the same.

use crate::current;
use crate::error::{Error, Result};
use crate::machine::{Machine, Program, Role, Running};
use crate::network::{Boot, Network, address};
use crate::port::Port;
use osier::{Cidr, Stack};
use osier_lab::Dice;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout_at};

/// Sets the dice for the keys of hosts apart from those of links, whose numbers are below.
const KEYS: u64 = 1 << 63;

/// Hosts that talk to each other in simulated time; see the page of the crate.
pub struct Sim {
    machines: Vec<Machine>,
    tasks: LocalSet,
    network: Network,
    seed: u64,
    limit: Duration,
    config: osier::Config,
    runtime: Runtime,
}

/// When a run is over, short of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    ClientsAreDone,
    ItsTime,
}

impl Sim {
    pub(crate) fn new(
        runtime: Runtime,
        network: Network,
        seed: u64,
        limit: Duration,
        config: osier::Config,
    ) -> Sim {
        let (machines, tasks) = (Vec::new(), LocalSet::new());
        Sim { machines, tasks, network, seed, limit, config, runtime }
    }

    /// Adds a host whose program may run for ever; it is started once for the host, and again by
    /// [`Sim::bounce`].
    ///
    /// # Panics
    /// Where the name is taken.
    pub fn host<F, P>(&mut self, name: &str, program: F)
    where
        F: Fn() -> P + 'static,
        P: Future<Output = Result> + 'static,
    {
        let start: Rc<dyn Fn() -> Program> = Rc::new(move || Box::pin(program()));
        let host = self.add(name, Role::Host(start.clone()));
        self.start(host, move || start());
    }

    /// Adds a host whose program ends: the simulation lasts until those of all clients have.
    ///
    /// # Panics
    /// Where the name is taken.
    pub fn client(&mut self, name: &str, program: impl Future<Output = Result> + 'static) {
        let host = self.add(name, Role::Client);
        self.start(host, move || Box::pin(program));
    }

    /// Runs until the programs of all clients are done.
    ///
    /// # Errors
    /// A program returned an error; the time limit came first; the capture failed.
    ///
    /// # Panics
    /// Where a program panics.
    pub fn run(&mut self) -> Result<(), Error> {
        let end = self.network.at(osier_time::Instant::ZERO) + self.limit;
        if self.advance(end, Until::ClientsAreDone)? {
            return Ok(());
        }
        let unfinished = self.machines.iter().filter(|m| m.is_unfinished_client());
        let unfinished = unfinished.map(|m| m.name.clone()).collect();
        Err(Error::TimeLimit { limit: self.limit, unfinished })
    }

    /// Runs for so long, whether or not clients finish meanwhile; the time limit does not count.
    ///
    /// # Errors
    /// A program returned an error; the capture failed.
    ///
    /// # Panics
    /// Where a program panics.
    pub fn run_for(&mut self, time: Duration) -> Result<(), Error> {
        let end = self.network.at(osier_time::Instant::ZERO) + self.elapsed() + time;
        self.advance(end, Until::ItsTime).map(|_| ())
    }

    /// How long the simulation has lasted, in its own time.
    pub fn elapsed(&self) -> Duration {
        let _entered = self.runtime.enter();
        self.network.now().since(osier_time::Instant::ZERO).into()
    }

    /// The network, to change it.
    pub fn network(&self) -> Network {
        self.network.clone()
    }

    /// Takes a host's power: its program ends where it stands, no connection says goodbye, and
    /// what arrives vanishes. A client that has crashed is not waited for.
    ///
    /// A task that the program spawned by `tokio::spawn` belongs to no host: it goes on, with
    /// sockets that fail.
    ///
    /// # Panics
    /// Where no host has that name.
    pub fn crash(&mut self, name: &str) {
        let host = self.find(name);
        self.network.power_off(host);
        self.machines[host].stop();
    }

    /// Crashes a host, if it runs, and starts it again: the same address, no memory, other
    /// secrets.
    ///
    /// # Panics
    /// Where no host has that name, or it is a client, whose program cannot be started twice.
    pub fn bounce(&mut self, name: &str) {
        self.crash(name);
        let host = self.find(name);
        match &self.machines[host].role {
            Role::Host(program) => {
                let program = program.clone();
                self.start(host, move || program());
            }
            Role::Client => panic!("{name} is a client and cannot be started again"),
        }
    }

    fn find(&self, name: &str) -> usize {
        let found = self.machines.iter().position(|machine| machine.name == name);
        found.unwrap_or_else(|| panic!("no host is called {name}"))
    }

    fn add(&mut self, name: &str, role: Role) -> usize {
        let machine = Machine { name: name.to_owned(), role, boots: 0, running: None };
        self.machines.push(machine);
        self.network.add(name)
    }

    fn start(&mut self, host: usize, program: impl FnOnce() -> Program + 'static) {
        let _entered = self.runtime.enter();
        let machine = &mut self.machines[host];
        let boot = Boot(machine.boots);
        machine.boots += 1;
        self.network.power_on(host, boot);
        let which = KEYS | (u64::from(boot.0) << 32) | host as u64;
        let stack = Stack::builder()
            .device(Port::new(self.network.clone(), (host, boot)))
            .address(Cidr { address: address(host), prefix_len: 16 })
            .config(self.config.clone())
            .seed(Dice::of(self.seed, which).next_u64())
            .build()
            .expect("with a seed, without a capture and in a runtime nothing can fail");
        machine.running = Some(Running::start(&self.tasks, stack, program));
    }

    /// Runs until then, or until the clients are done; says whether they are.
    fn advance(&mut self, end: Instant, until: Until) -> Result<bool, Error> {
        let _entered = current::enter(self.network.clone());
        let watch = watch(end, &mut self.machines, until);
        let result = self.tasks.block_on(&self.runtime, watch);
        self.network.flush().map_err(Error::Capture)?;
        result
    }
}

impl Drop for Sim {
    /// Sockets that are dropped look at the clock, and outside the runtime that is the real one.
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.machines.clear();
        self.tasks = LocalSet::new();
    }
}

async fn watch(end: Instant, machines: &mut [Machine], until: Until) -> Result<bool, Error> {
    let done = poll_fn(|cx| poll_machines(machines, until, cx));
    match timeout_at(end, done).await {
        Ok(ended) => ended.map(|()| true),
        Err(_) => Ok(false),
    }
}

/// Hears what programs have returned.
fn poll_machines(
    machines: &mut [Machine],
    until: Until,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    for machine in machines.iter_mut() {
        if let Poll::Ready(Err(source)) = machine.poll(cx) {
            return Poll::Ready(Err(Error::Program { host: machine.name.clone(), source }));
        }
    }
    let waiting = machines.iter().any(Machine::is_unfinished_client);
    match until {
        Until::ClientsAreDone if !waiting => Poll::Ready(Ok(())),
        Until::ClientsAreDone | Until::ItsTime => Poll::Pending,
    }
}
