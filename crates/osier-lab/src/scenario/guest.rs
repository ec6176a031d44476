//! A real computer stands in the place of one host: which one, and what can then still be told?
//!
//! It starts its own programs, has its own settings and keeps time; nobody looks inside it. What it
//! sends and what reaches it is seen, so what is said of segments holds for it as for any host, and
//! what is said of states is judged from these (`observed.rs`). An event that would have to reach
//! into it is a mistake; an expectation that asks what no segment shows is not judged, and a curve
//! of it not drawn: [`Run::untold`] says so.

use super::expect::{Claim, Expectation};
use super::mistake::{Mistake, did_you_mean};
use super::nodes::Kind;
use super::phrase::Phrase;
use super::programs::{Doing, ZERO};
use super::reader::Table;
use super::run::{Run, Stepped};
use super::stage::Stage;
use super::{Names, Scenario};
use crate::build::Framing;
use crate::program::{Program, Tally};
use bytes::Bytes;
use core::net::IpAddr;
use osier_host::Config;
use osier_ip::Cidr;
use osier_tcp::State;
use osier_time::Duration;

/// A real computer that is to take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest<'n> {
    /// In whose place; `None`: of the first host that connects.
    pub host: Option<&'n str>,
    /// What its frames begin with.
    pub framing: Framing,
}

/// In whose place it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GuestPlan {
    pub(super) node: usize,
    pub(super) framing: Framing,
}

/// Finds the place of a guest, and that it can stand there.
pub(super) fn stand(
    table: &Table<'_>,
    guest: Guest<'_>,
    names: &Names<'_>,
) -> Result<GuestPlan, Mistake> {
    let Names { nodes, links, programs, .. } = names;
    let is_host = |n: &usize| matches!(nodes[*n].kind, Kind::Host(_));
    let calls = programs.iter().find(|program| matches!(program.kind, Doing::Calls(_)));
    let node = match guest.host {
        None => calls.map(|program| program.on).or((0..nodes.len()).find(is_host)),
        Some(name) => (0..nodes.len()).filter(is_host).find(|n| nodes[*n].name == name),
    };
    let hosts = table.need("hosts", "… or a table [hosts.a]")?;
    let Some(node) = node else {
        let known: Vec<&str> =
            (0..nodes.len()).filter(is_host).map(|n| nodes[n].name.as_str()).collect();
        let word = guest.host.unwrap_or_default();
        return Err(hosts.wrong(format!("there is no host `{word}`"), did_you_mean(word, &known)));
    };
    let name = &nodes[node].name;
    let floods =
        |n: usize| programs.iter().any(|p| p.on == n && matches!(p.kind, Doing::Floods(_)));
    if floods(node) {
        let says = format!("`{name}` floods, which no program of the kernel's does");
        return Err(hosts.wrong(says, "let the kernel stand for another host"));
    }
    if !(0..nodes.len()).any(|n| n != node && is_host(&n) && !floods(n)) {
        let remedy = "add a host for osier to be";
        return Err(hosts.wrong(format!("nobody is left to talk to `{name}`"), remedy));
    }
    let own = |n: &usize| [links[*n].between.0, links[*n].between.1].contains(&node);
    let own: Vec<usize> = (0..links.len()).filter(own).collect();
    let written = table.need("links", "…")?.list();
    if let Some(second) = own.get(1) {
        let says = format!("`{name}` has more than one link, and the kernel is given one");
        return Err(written[*second].wrong(says, "let the kernel stand for another host"));
    }
    let (a, b) = links[own[0]].between;
    let other = &nodes[if a == node { b } else { a }];
    match (guest.framing, &other.kind) {
        (Framing::Ethernet, Kind::Router) => {
            let says = format!("`{}` is a router, which has no Ethernet here", other.name);
            Err(written[own[0]].wrong(says, "write --link tun:NAME, whose frames begin with IP"))
        }
        (Framing::Ip, Kind::Switch) => {
            let says = format!("`{}` is a switch, whose frames are Ethernet's", other.name);
            Err(written[own[0]].wrong(says, "write --link tap:NAME"))
        }
        _ => Ok(GuestPlan { node, framing: guest.framing }),
    }
}

impl Names<'_> {
    /// That the host of the word just taken is one of ours.
    pub(super) fn is_ours(&self, phrase: &Phrase<'_>, node: usize) -> Result<usize, Mistake> {
        if self.guest.is_none_or(|guest| guest.node != node) {
            return Ok(node);
        }
        let says =
            format!("`{}` is the kernel, which has no switch for that", self.nodes[node].name);
        Err(phrase.wrong(says, "cut its link instead, or let the kernel stand for another host"))
    }

    /// The host whose frames are captured: not a guest, whose reasons nobody knows.
    pub(super) fn captured(&self, wanted: Option<usize>) -> usize {
        let guest = self.guest.map(|guest| guest.node);
        let floods = |n: usize| {
            self.programs.iter().any(|p| p.on == n && matches!(p.kind, Doing::Floods(_)))
        };
        let is_host = |n: &usize| matches!(self.nodes[*n].kind, Kind::Host(_));
        let ours = |n: &usize| Some(*n) != guest && is_host(n);
        let first = || (0..self.nodes.len()).find(|n| ours(n) && !floods(*n));
        wanted.filter(|n| Some(*n) != guest).or_else(first).unwrap_or(0)
    }
}

impl Scenario {
    /// The name of the host in whose place a guest stands.
    pub fn guest(&self) -> Option<&str> {
        self.guest.map(|guest| self.nodes[guest.node].name.as_str())
    }

    /// What a guest's addresses are.
    pub fn guest_addresses(&self) -> &[Cidr] {
        self.guest.map_or(&[], |guest| &self.nodes[guest.node].addresses)
    }

    /// The addresses of all others.
    pub fn other_addresses(&self) -> impl Iterator<Item = IpAddr> {
        let guest = self.guest.map(|guest| guest.node);
        let others = self.nodes.iter().enumerate().filter(move |(n, _)| Some(*n) != guest);
        others.flat_map(|(_, node)| node.addresses.iter().map(|cidr| cidr.address))
    }

    /// The longest packet on a guest's link.
    pub fn guest_mtu(&self) -> Option<usize> {
        let own = |guest: usize| {
            self.links.iter().find(move |l| [l.between.0, l.between.1].contains(&guest))
        };
        self.guest.and_then(|guest| own(guest.node)).map(|link| link.mtu)
    }

    /// Whether the scenario sets something at the host in whose place a guest stands, which has
    /// settings of its own.
    pub fn sets_guest(&self) -> bool {
        self.guest.is_some_and(|guest| {
            let node = &self.nodes[guest.node];
            let set = matches!(&node.kind, Kind::Host(config) if **config != Config::linux());
            set || node.mss.is_some()
        })
    }
}

/// A run in which a guest takes part: whoever holds the door tells the time.
impl Run {
    /// So much time has passed since the beginning.
    pub fn advance(&mut self, passed: Duration) {
        let to = ZERO + passed.min(self.scenario.length);
        while self.step_by(to) == Stepped::Once {}
    }

    /// How long after the beginning something is due next, if nobody sends anything.
    pub fn next_at(&self) -> Option<Duration> {
        let next = [self.stage.world.next_turn(), self.next_due()].into_iter().flatten().min();
        next.map(|at| at.since(ZERO))
    }

    /// Whether it is at its end.
    pub fn is_over(&self) -> bool {
        let world = &self.stage.world;
        world.is_out_of_turns() || world.now() >= ZERO + self.scenario.length
    }

    /// The guest sends a frame now.
    pub fn hand_in(&mut self, frame: Bytes) {
        if let Some(guest) = self.scenario.guest {
            self.stage.world.hand_in(self.stage.nodes[guest.node], frame);
            self.watch();
        }
    }

    /// The next frame that the guest is to have now.
    pub fn poll_out(&mut self) -> Option<Bytes> {
        let guest = self.scenario.guest?;
        self.stage.world.poll_out(self.stage.nodes[guest.node])
    }

    /// The programs of the host in whose place the guest stands, with their numbers: somebody has
    /// to run them there. Times are those of the world, which begins at [`Run::beginning`].
    pub fn guest_programs(&self) -> &[(usize, Program)] {
        &self.stage.outside
    }

    /// When a scenario begins, in the time of its world.
    pub fn beginning() -> osier_time::Instant {
        ZERO
    }

    /// What such a program has done.
    pub fn report(&mut self, program: usize, tally: Tally) {
        if let Some(place) = self.reported.get_mut(program) {
            *place = Some(tally);
        }
    }

    /// What the scenario asks for and nobody can tell, each with the reason.
    pub fn untold(&self) -> Vec<(String, String)> {
        let expectations = self.scenario.expectations.iter();
        let untold = expectations
            .filter_map(|of| Some((of.sentence.clone(), self.hidden(of)?)))
            .collect::<Vec<_>>();
        let curves = self.scenario.curves.iter().filter(|plan| plan.is_of_guest(&self.scenario));
        let guest = self.scenario.guest().unwrap_or_default();
        let curves = curves.map(|plan| {
            let why = format!("`{guest}` is the kernel: no segment shows it");
            (format!("the curve of {}", plan.title()), why)
        });
        untold.into_iter().chain(curves).collect()
    }

    /// Why an expectation cannot be judged; `None` where it can.
    pub(super) fn hidden(&self, expectation: &Expectation) -> Option<String> {
        let guest = self.scenario.guest?.node;
        let name = &self.scenario.nodes[guest].name;
        let inside = || Some(format!("`{name}` is the kernel: no segment shows it"));
        match &expectation.claim {
            Claim::Counts { who, .. }
            | Claim::Holds { who, .. }
            | Claim::Left { who, .. }
            | Claim::RoundTrip { who, .. }
                if *who == guest =>
            {
                inside()
            }
            Claim::Stays { who, state: State::TimeWait, .. }
            | Claim::Reaches { who, state: State::Listen | State::Closed, .. }
                if *who == guest =>
            {
                inside()
            }
            Claim::Ends { program, .. }
            | Claim::Reads { program, .. }
            | Claim::Takes { program, .. }
            | Claim::Refused { program, .. }
            | Claim::HearsWrong { program }
                if self.scenario.programs[*program].on == guest
                    && self.reported[*program].is_none() =>
            {
                Some("it is played by hand: osier does not see how it goes".to_owned())
            }
            _ => None,
        }
    }

    /// Whether somebody plays a guest's programs whose words nobody knows.
    pub(super) fn is_by_hand(&self) -> bool {
        self.stage.outside.iter().any(|(program, _)| self.reported[*program].is_none())
    }

    /// Of the states that a guest's connection is expected to pass, those that segments show: not
    /// CLOSED behind TIME-WAIT.
    pub(super) fn shown<'s>(&self, who: usize, states: &'s [State]) -> &'s [State] {
        let is_guest = self.scenario.guest.is_some_and(|guest| guest.node == who);
        match states {
            [shown @ .., State::Closed] if is_guest && shown.last() == Some(&State::TimeWait) => {
                shown
            }
            all => all,
        }
    }
}

impl Stage {
    /// What the frames of a link begin with.
    pub(super) fn framing(scenario: &Scenario, between: (usize, usize)) -> Framing {
        let ends = [between.0, between.1];
        let switched = ends.iter().any(|n| matches!(scenario.nodes[*n].kind, Kind::Switch));
        let guest = scenario.guest.filter(|guest| ends.contains(&guest.node));
        match guest {
            Some(guest) => guest.framing,
            None if switched => Framing::Ethernet,
            None => Framing::Ip,
        }
    }
}
