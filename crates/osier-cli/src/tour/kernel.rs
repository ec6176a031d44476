//! How does the Linux kernel come to be the other end?
//!
//! In a network of this process's own it has a TAP, an address and a program that asks for a page;
//! we hold the far end of the cable. Its state is what sock_diag tells while the program is halted
//! and so nothing can happen that no frame shows.

use super::Args;
use super::program::{self, Program, Which};
use super::sight::{Sight, see};
use crate::exit::Failure;
use osier_device::sock_diag::{self, KernelState};
use osier_device::tuntap::{self, TUN_NODE};
use osier_device::{Device, Error, ErrorKind, Readiness, TunTap, interface, netns};
use osier_time::Duration;
use osier_wire::tcp::Flags;
use osier_wire::{Frame, MacAddr, Received};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The kernel's address on the TAP.
pub(crate) const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 71, 0, 1));

/// The prefix of both ends' network.
pub(crate) const PREFIX: u8 = 24;

/// The name of the TAP.
pub(crate) const TAP: &str = "osier0";

/// Frames taken from the TAP in one go; far more than a page needs.
const BUDGET: usize = 64;

/// The kernel with its program.
#[derive(Debug)]
pub(crate) struct Kernel {
    tap: TunTap,
    program: Program,
    which: Which,
    args: Args,
    server: SocketAddr,
    client: Option<SocketAddr>,
    state: KernelState,
    /// Frames with the state after each.
    waiting: VecDeque<(Received, KernelState)>,
}

impl Kernel {
    /// Makes the network, the TAP and the kernel's address, and starts the program.
    ///
    /// # Errors
    /// What the system refuses, with the remedy.
    pub(crate) fn new(args: &Args, mac: MacAddr, server: SocketAddr) -> Result<Self, Failure> {
        netns::enter_private_network()?;
        // It was perhaps forgotten when this process got other rights.
        osier_device::process::end_with_parent()?;
        let tap = TunTap::open(&tuntap::Config::tap(TAP, mac)).map_err(no_tap)?;
        // The kernel would look for IPv6 routers on the new wire. Where it cannot be told not to,
        // it does, and the tour does not tell of it.
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{TAP}/disable_ipv6"), "1");
        interface::add_address(TAP, ADDRESS, PREFIX)?;
        interface::set_up(TAP)?;
        sock_diag::all()?;
        let which = Which::installed();
        let program = Program::start(which, args.close).map_err(|e| no_program(&e))?;
        Ok(Kernel {
            tap,
            program,
            which,
            args: args.clone(),
            server,
            client: None,
            state: KernelState::Closed,
            waiting: VecDeque::new(),
        })
    }

    /// The longest IP packet on the wire.
    pub(crate) fn mtu(&self) -> usize {
        self.tap.properties().mtu
    }

    /// The command that the program was started with.
    pub(crate) fn words(&self) -> String {
        self.which.words(self.server)
    }

    /// Its state now.
    pub(crate) fn state(&self) -> KernelState {
        self.state
    }

    /// Gives the kernel a frame.
    pub(crate) fn deliver(&mut self, frame: Frame) -> io::Result<()> {
        self.tap.transmit(frame)
    }

    /// Takes the frames that the kernel has sent, and asks for its state. The program is halted.
    pub(crate) fn observe(&mut self, after: After) -> Result<(), Failure> {
        let mut frames = Vec::new();
        self.tap.receive(&mut frames, BUDGET)?;
        for frame in &frames {
            if let Sight::Segment(segment) = see(&frame.bytes)
                && segment.has(Flags::SYN)
            {
                self.client.get_or_insert(segment.from);
            }
        }
        let before = self.state;
        if let Some(client) = self.client {
            let socket = sock_diag::find(client, self.server)?;
            self.state = socket.map_or(KernelState::Closed, |socket| socket.state);
        }
        let turn = match after {
            After::Delivery => 0,
            After::Waiting => turn(&frames),
        };
        let now = self.state;
        let with_states =
            frames.into_iter().enumerate().map(|(n, f)| (f, if n < turn { before } else { now }));
        self.waiting.extend(with_states);
        Ok(())
    }

    /// The next frame that the kernel has sent, with its state after that.
    pub(crate) fn take(&mut self) -> Option<(Received, KernelState)> {
        self.waiting.pop_front()
    }

    /// Lets the program go on and waits for a frame, but not longer than this.
    pub(crate) fn wait(&mut self, limit: Duration, program: Run) -> io::Result<()> {
        if program == Run::GoesOn {
            self.program.go_on();
        }
        let Readiness::Fd(fd) = self.tap.readiness() else { return Ok(()) };
        let limit = Timespec {
            tv_sec: limit.as_secs().cast_signed(),
            tv_nsec: (limit.as_nanos() % 1_000_000_000).cast_signed(),
        };
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }

    /// Halts the program.
    pub(crate) fn halt(&mut self) {
        self.program.halt();
    }

    /// Where the program has ended or waits without a word on the wire, starts our own in its
    /// place; says whether there is still hope.
    pub(crate) fn look_after_program(&mut self) -> Result<Hope, Failure> {
        let silent = self.program.ended() || self.program.is_late();
        if self.client.is_some() || !silent {
            return Ok(Hope::Yes);
        }
        if self.which == Which::Own {
            return Ok(Hope::No);
        }
        self.which = Which::Own;
        self.program = Program::start(Which::Own, self.args.close).map_err(|e| no_program(&e))?;
        Ok(Hope::Yes)
    }

    /// How long its end will stay in TIME-WAIT.
    pub(crate) fn time_wait(&self) -> Option<Duration> {
        let socket = sock_diag::find(self.client?, self.server).ok()??;
        socket.expires
    }

    /// Waits for the end of the program.
    pub(crate) fn finish(self) -> program::Ended {
        self.program.finish(std::time::Duration::from_secs(2))
    }
}

/// Whether the program may run while we wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    GoesOn,
    StaysHalted,
}

/// Whether anything can still be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hope {
    Yes,
    No,
}

/// What happened since the last question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// We delivered a frame while the program was halted: every frame is an answer to it.
    Delivery,
    /// The program ran.
    Waiting,
}

/// Which of the frames, all sent while the program ran, is the first to show the new state?
///
/// Only a call of the program can have changed it, and that sends a SYN, FIN or RST. Where there is
/// none of these, nothing changed.
fn turn(frames: &[Received]) -> usize {
    let turning = |frame: &Received| match see(&frame.bytes) {
        Sight::Segment(s) => s.flags.intersects(Flags::SYN | Flags::FIN | Flags::RST),
        Sight::Arp(_) | Sight::Other => false,
    };
    frames.iter().position(turning).unwrap_or(frames.len().saturating_sub(1))
}

/// In a network of our own no interface needs to be made for us beforehand, as the remedy for other
/// uses has it; the device node is all that can be in the way.
fn no_tap(e: Error) -> Failure {
    match e.kind() {
        ErrorKind::NoPermission => Failure::refused(e.what())
            .remedy(format!("run it as root, or allow it to all: sudo chmod 0666 {TUN_NODE}")),
        _ => e.into(),
    }
}

fn no_program(e: &io::Error) -> Failure {
    Failure::refused(format!("the program that asks for the page cannot be started: {e}"))
}
