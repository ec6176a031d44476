//! Does a stack do what the plan says?
//!
//! The events in their order, each at its time: packets are given to the stack, packets that it
//! sends are compared, calls are made and their results compared. Between events the stack's time
//! passes. The first difference ends the run.

mod calls;
mod clock;
mod flow;
mod given;
mod packets;

use crate::ast::packet::{Direction, Packet};
use crate::ast::{self};
use crate::code::{self, Names};
use crate::config::Config;
use crate::plan::{Deed, Plan, Step};
use crate::settings::Setting;
use crate::span::Span;
use crate::stack::{Refused, Stack};
use calls::Waiting;
pub(crate) use clock::seconds;
use flow::Flow;
use osier_time::{Duration, Instant};
use std::collections::BTreeMap;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// What happened, in its order.
    pub trace: Vec<Happened>,
    /// What was not as the script says.
    pub failure: Option<Failure>,
}

/// Something that happened, in the times of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A packet came in or left.
    Packet(Duration, Box<Packet>),
    /// A call was made, or went on, and returned.
    Call {
        /// When it returned.
        at: Duration,
        /// Its name.
        name: String,
        /// What it returned; below zero: minus its `errno`.
        result: i64,
    },
}

/// The first thing that was not as the script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind.
    pub kind: FailureKind,
    /// Which event.
    pub at: Span,
    /// In words.
    pub says: String,
    /// What the script expects, and when.
    pub expected: Option<(Duration, Packet)>,
    /// What was seen in its place, and when.
    pub actual: Option<(Duration, Packet)>,
}

/// Why a run ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The stack did not do what the script says.
    Differs,
    /// The script cannot be run so.
    Malformed,
    /// The stack does not have what the script needs.
    Unsupported,
}

impl Failure {
    fn new(kind: FailureKind, at: Span, says: impl Into<String>) -> Box<Failure> {
        Box::new(Failure { kind, at, says: says.into(), expected: None, actual: None })
    }

    fn differs(at: Span, says: impl Into<String>) -> Box<Failure> {
        Failure::new(FailureKind::Differs, at, says)
    }

    fn malformed(at: Span, says: impl Into<String>) -> Box<Failure> {
        Failure::new(FailureKind::Malformed, at, says)
    }
}

type Checked = Result<(), Box<Failure>>;

/// Runs a plan against a stack that nobody has used.
pub fn run(plan: &Plan, config: &Config, stack: &mut impl Stack) -> Run {
    let mut runner = Runner {
        start: stack.now(),
        stack,
        config,
        flows: Vec::new(),
        under_test: None,
        fds: BTreeMap::new(),
        waiting: None,
        names: Names::default(),
        last: None,
        trace: Vec::new(),
    };
    let result = runner.run(plan);
    Run { trace: runner.trace, failure: result.err().map(|failure| *failure) }
}

/// A run, from its first event on.
struct Runner<'a, S> {
    stack: &'a mut S,
    config: &'a Config,
    /// When the first event is, in the stack's time.
    start: Instant,
    /// The sockets of the script that have or had a peer.
    flows: Vec<Flow>,
    /// Whose packets those of the script are: the one that was made last.
    under_test: Option<usize>,
    /// The stack's descriptor for each of the script's.
    fds: BTreeMap<i32, i32>,
    /// A call that has not returned.
    waiting: Option<Waiting>,
    /// What the code has set.
    names: Names,
    /// The event before.
    last: Option<Before>,
    trace: Vec<Happened>,
}

/// What is to be known of the event before.
#[derive(Clone, Copy)]
struct Before {
    at: Duration,
    inbound: bool,
}

impl<S: Stack> Runner<'_, S> {
    fn run(&mut self, plan: &Plan) -> Checked {
        self.apply(&plan.settings)?;
        for step in &plan.steps {
            let due = self.due(step);
            self.step(step, due)?;
            let inbound = is_inbound(&step.deed);
            self.last = Some(Before { at: due.from, inbound });
        }
        self.finish_waiting()
    }

    fn step(&mut self, step: &Step, due: clock::Due) -> Checked {
        match &step.deed {
            Deed::Packet(packet) => match packet.direction {
                Direction::Inbound => self.inject(packet, step.at, due),
                Direction::Outbound => self.expect(packet, step.at, due),
            },
            Deed::Call(call) => self.make_call(call, step, due),
            Deed::Settings(settings) => {
                self.wait_for(step.at, due)?;
                self.apply(settings)
            }
            Deed::Code(statements) => {
                self.wait_for(step.at, due)?;
                self.execute(statements, step.at)
            }
        }
    }

    fn apply(&mut self, settings: &[Setting]) -> Checked {
        for Setting { at, name, value } in settings {
            let failure = match self.stack.set(name, value) {
                Ok(()) => continue,
                Err(Refused::Unsupported) => {
                    let says = format!("not supported: the setting {name} = {value}");
                    Failure::new(FailureKind::Unsupported, *at, says)
                }
                Err(Refused::Value(why)) => {
                    Failure::malformed(*at, format!("the setting {name} = {value}: {why}"))
                }
            };
            return Err(failure);
        }
        Ok(())
    }

    /// Code asks about the socket under test.
    fn execute(&mut self, statements: &[code::Statement], at: Span) -> Checked {
        let flow = self.under_test.map(|index| &self.flows[index]);
        let Some((_, fd)) = flow.and_then(|flow| flow.fd) else {
            return Err(Failure::malformed(at, "a socket was expected before this code"));
        };
        match self.stack.tcp_info(fd) {
            Ok(info) => self.names.info = info,
            Err(errno) => {
                let name = crate::names::errno_name(errno);
                return Err(Failure::differs(at, format!("getsockopt(TCP_INFO) fails: {name}")));
            }
        }
        code::execute(statements, &mut self.names).map_err(|says| Failure::differs(at, says))
    }

    fn flow(&mut self) -> Option<&mut Flow> {
        self.under_test.map(|index| &mut self.flows[index])
    }
}

/// Packets that come in follow each other by the clock of the script, not by the stack's.
fn is_inbound(deed: &Deed) -> bool {
    matches!(deed, Deed::Packet(ast::packet::Packet { direction: Direction::Inbound, .. }))
}
