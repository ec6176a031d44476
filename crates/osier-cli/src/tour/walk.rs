//! How does the tour go, from the first frame to the last word?
//!
//! One loop on one thread: osier's frames go to the other end, its frames come to osier, the web
//! server acts, and otherwise we wait. Every frame is held twice, in fact: before it is delivered,
//! and after it, until both ends were asked for their state and the step is told.

use super::capture::Capture;
use super::clock::Clock;
use super::drawings::Drawings;
use super::end::End;
use super::far::{Far, Sort};
use super::kernel::{Hope, PREFIX, Run};
use super::screen::Screen;
use super::sight::{Segment, Sight, see};
use super::story::{self, Cast};
use super::track::{Side, Track};
use super::web::{self, Acted, Server};
use super::{Args, Closer, label, memory, words};
use crate::exit::Failure;
use osier_ip::Cidr;
use osier_ladder::{Band, End as Lifeline, Fate, State, Step, Why};
use osier_pcap::Direction;
use osier_time::{Duration, Instant};
use osier_wire::{Frame, MacAddr, Received, arp};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// osier's link address: its name, in the part that everyone may use.
const MAC: MacAddr = MacAddr([0x02, 0x6f, 0x73, 0x69, 0x65, 0x72]);

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 71, 0, 2));

/// So long nothing may happen before something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there was no tour to its end.
pub(crate) enum Stop {
    /// The system refused what this tour needs, before it began.
    NotGranted(Failure),
    /// It began and went wrong.
    Failed(Failure),
}

impl Stop {
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Stop::NotGranted(failure) | Stop::Failed(failure) => failure,
        }
    }
}

/// Where the page is.
pub(crate) fn server() -> SocketAddr {
    SocketAddr::new(ADDRESS, web::PORT)
}

/// The tour with this sort of other end.
pub(crate) fn tour(sort: Sort, args: &Args) -> Result<(), Stop> {
    let clock = Clock::start();
    // Before the far end takes us to another namespace, where the file might be refused to us.
    let capture = Capture::create(clock.epoch());
    let drawings = Drawings::create(args).map_err(Stop::Failed)?;
    let far = Far::new(sort, args, MAC, server()).map_err(Stop::NotGranted)?;
    Walk::new(args, clock, (capture, drawings), far).and_then(Walk::go).map_err(Stop::Failed)
}

/// Says what was refused, and what comes in its place.
pub(crate) fn tell_refusal(args: &Args, failure: &Failure) {
    words::refusal(&Screen::new(args, &[]), failure);
}

/// The tour under way.
struct Walk {
    args: Args,
    clock: Clock,
    near: End,
    server: Server,
    far: Far,
    track: Track,
    cast: Cast,
    screen: Screen,
    capture: Capture,
    drawings: Drawings,
    /// Steps told so far.
    steps: usize,
    /// Segments that came again while the user read, and frames that are not of this story.
    left_out: words::LeftOut,
    /// When the last frame passed.
    last: Instant,
}

impl Walk {
    fn new(
        args: &Args,
        clock: Clock,
        (capture, mut drawings): (Capture, Drawings),
        far: Far,
    ) -> Result<Self, Failure> {
        let cidr = Cidr { address: ADDRESS, prefix_len: PREFIX };
        let mtu = match &far {
            Far::Kernel(kernel) => kernel.mtu(),
            Far::Memory(_) => memory::MTU,
        };
        let mut near = End::new(clock.now(), cidr, MAC, mtu);
        let server = Server::new(&mut near, args.close).map_err(refused)?;
        let cast = far.cast();
        let screen = Screen::new(args, &lifelines(&far));
        drawings.begin(&lifelines(&far));
        let (track, last) = (Track::default(), clock.now());
        let left_out = words::LeftOut::default();
        let args = args.clone();
        Ok(Walk {
            args,
            clock,
            near,
            server,
            far,
            track,
            cast,
            screen,
            capture,
            drawings,
            steps: 0,
            left_out,
            last,
        })
    }

    fn go(mut self) -> Result<(), Failure> {
        words::introduction(&self.screen, &self.far);
        self.screen.open();
        while !self.over() {
            let moved = self.send()? || self.hear()? || self.act()?;
            if !moved {
                self.wait()?;
            }
        }
        self.screen.close();
        let drawn = std::mem::take(&mut self.drawings).finish()?;
        words::conclusion(self.ending(), &drawn);
        Ok(())
    }

    /// Delivers one frame of osier's and tells of it.
    fn send(&mut self) -> Result<bool, Failure> {
        let at = self.clock.now();
        self.near.keep_time(at);
        let Some(frame) = self.near.transmit(at) else { return Ok(false) };
        let bytes = contiguous(&frame);
        self.far.deliver(&mut self.clock, frame)?;
        self.last = self.clock.now();
        let far_state = self.far.state();
        self.tell(Side::Server, at, &bytes, &far_state);
        Ok(true)
    }

    /// Takes one frame from the other end, gives it to osier and tells of it.
    fn hear(&mut self) -> Result<bool, Failure> {
        let at = self.clock.now();
        let Some((frame, far_state)) = self.far.take(at)? else { return Ok(false) };
        if self.is_left_out(&frame) {
            return Ok(true);
        }
        let bytes = frame.bytes.clone();
        self.near.receive(at, frame);
        self.last = self.clock.now();
        self.tell(Side::Client, at, &bytes, &far_state);
        Ok(true)
    }

    /// Whether a frame is not of this story.
    fn is_left_out(&mut self, frame: &Received) -> bool {
        let left_out = &mut self.left_out;
        match see(&frame.bytes) {
            Sight::Arp(_) => false,
            Sight::Other => {
                left_out.others += 1;
                true
            }
            Sight::Segment(segment) => {
                // The kernel's clock runs on while the user reads, and it sends again what it
                // believes to be lost.
                let impatient = self.args.step
                    && self.track.client() == Some(segment.from)
                    && self.track.repeats(Side::Client, &segment).is_some();
                left_out.again += usize::from(impatient);
                impatient
            }
        }
    }

    fn act(&mut self) -> Result<bool, Failure> {
        let now = self.clock.now();
        let acted = self.server.act(&mut self.near, now).map_err(refused)?;
        Ok(acted == Acted::Yes)
    }

    fn wait(&mut self) -> Result<(), Failure> {
        let program = self.program();
        let deadline = self.near.host.next_deadline();
        let hope = self.far.wait(&mut self.clock, deadline, program)?;
        if hope == Hope::No {
            let what = "the program that asks for the page ended without a word";
            return Err(Failure::bug(what));
        }
        if self.clock.now() - self.last > PATIENCE {
            return Err(Failure::bug(format!("for {PATIENCE} no frame has come or gone")));
        }
        Ok(())
    }

    /// Whether the program may run while we wait.
    ///
    /// Where osier is to close first, not before it has, and not before the other end has said
    /// that it knows: a program that wakes up to a FIN closes at once, and step 2 of 4 would
    /// have no segment of its own.
    fn program(&self) -> Run {
        let fin_under_way = self.args.close == Closer::Server && self.near_state() == "FIN-WAIT-1";
        if self.server.closes_next() || fin_under_way { Run::StaysHalted } else { Run::GoesOn }
    }

    /// Whether both ends are through with the connection.
    fn over(&self) -> bool {
        let done = |state: &str| state == "CLOSED" || state == "TIME-WAIT";
        let ended = self.track.first_closer().is_some() || self.track.reset().is_some();
        ended
            && done(&self.far.state())
            && done(&self.near_state())
            && !self.near.host.wants_transmit()
    }

    /// The state of osier's end: LISTEN until somebody called.
    fn near_state(&self) -> String {
        match self.track.client() {
            None => "LISTEN".into(),
            Some(client) => self.near.state(web::PORT, client).to_string(),
        }
    }

    /// Writes a frame to the capture and to the screen, while time stands still.
    fn tell(&mut self, side: Side, at: Instant, bytes: &[u8], far_state: &str) {
        let hold = Clock::hold_begins();
        self.tell_held(side, at, bytes, far_state);
        self.clock.hold_ends(hold);
    }

    fn tell_held(&mut self, side: Side, at: Instant, bytes: &[u8], far_state: &str) {
        let notes = self.near.notes();
        let direction = match side {
            Side::Client => Direction::Inbound,
            Side::Server => Direction::Outbound,
        };
        self.capture.write(at, direction, &[bytes], &notes);
        let step = match see(bytes) {
            // A host that looks whether its address is free (RFC 5227): not of this story.
            Sight::Arp(packet) if announces(&packet) => return,
            Sight::Arp(packet) => {
                let why = story::of_arp(&self.cast, side, &packet);
                arrow(at, side, label::of_arp(&packet), why)
            }
            Sight::Segment(segment) if self.track.owns(side, &segment) => {
                self.segment_step(side, at, &segment, far_state)
            }
            Sight::Segment(_) | Sight::Other => {
                self.left_out.others += 1;
                return;
            }
        };
        let name = self.cast.server;
        let step = notes.iter().fold(step, |step, note| step.detail(format!("{name}: {note}")));
        self.drawings.step(&step);
        self.screen.step(&step);
        self.steps += 1;
    }

    fn segment_step(&mut self, side: Side, at: Instant, segment: &Segment, far: &str) -> Step {
        let meaning = self.track.judge(at, side, segment, self.steps);
        let why = story::of_segment(&self.cast, &self.track, side, segment, meaning);
        let mut step = arrow(at, side, label::of_segment(&self.track, side, segment), why)
            .state(Side::Client as usize, state(far))
            .state(Side::Server as usize, state(&self.near_state()));
        step.details = label::details(segment);
        if let super::track::Meaning::Again { step: original } = meaning {
            step = step.repeats(original);
        }
        step
    }

    fn ending(self) -> words::Ending {
        let now = self.clock.now();
        let client = self.track.client();
        let near_waits = client.map(|client| self.near.time_wait(now, web::PORT, client));
        let waits = match self.track.first_closer() {
            Some(Side::Server) => near_waits,
            Some(Side::Client) => self.far.time_wait(now),
            None => None,
        };
        words::Ending {
            screen: self.screen,
            far: self.far,
            cast: self.cast,
            closer: self.track.first_closer(),
            waits: waits.filter(|waits| !waits.is_zero()),
            capture: self.capture,
            left_out: self.left_out,
        }
    }
}

fn arrow(at: Instant, side: Side, label: String, why: Why) -> Step {
    let mut step =
        Step::segment(at, side as usize, side.other() as usize, Fate::Arrived(at), label);
    step.why = Some(why);
    step
}

fn state(name: &str) -> State {
    let band = match name {
        "CLOSED" | "LISTEN" => Band::Dotted,
        "ESTABLISHED" => Band::Thick,
        _ => Band::Thin,
    };
    State::new(name, band)
}

fn lifelines(far: &Far) -> [Lifeline; 2] {
    let (name, us) = match far {
        Far::Kernel(_) => ("Linux kernel", "osier"),
        Far::Memory(_) => ("client (osier)", "server (osier)"),
    };
    [
        Lifeline::new(name).detail(super::kernel::ADDRESS.to_string()).state(state("CLOSED")),
        Lifeline::new(us).detail(server().to_string()).state(state("LISTEN")),
    ]
}

fn announces(packet: &arp::Packet) -> bool {
    packet.sender_ip.is_unspecified() || packet.sender_ip == packet.target_ip
}

fn contiguous(frame: &Frame) -> Vec<u8> {
    frame.parts().flatten().copied().collect()
}

fn refused(e: osier_host::Error) -> Failure {
    Failure::bug(format!("the host refused the web server: {e:?}"))
}
