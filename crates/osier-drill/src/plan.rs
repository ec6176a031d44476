//! Can this script be run, and what exactly is to be done?
//!
//! Between reading and running: names become numbers, arguments become calls, commands become
//! settings, code becomes assertions. Whatever is wrong or not built is found here, before the
//! first packet, with its place. Descriptors are still the script's.

mod calls;
mod values;

use crate::ast::packet::{Body, Packet, TcpOption};
use crate::ast::{Action, Call, Code, Event, Script, Time};
use crate::code::{self, Statement};
use crate::config::Config;
use crate::packet::icmp;
use crate::packet::options::{self, OPTIONS_MAX};
use crate::settings::{self, Read, Setting};
use crate::span::{Error, Span};
use crate::stack::{Control, Syscall};
use osier_time::Duration;

/// A script that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What holds before the first event.
    pub settings: Vec<Setting>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// An event that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub at: Span,
    /// When.
    pub time: Time,
    /// What.
    pub deed: Deed,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A packet comes in, or must go out.
    Packet(Packet),
    /// A call is made.
    Call(Box<Planned>),
    /// Settings are changed.
    Settings(Vec<Setting>),
    /// `tcp_info` is asserted about.
    Code(Vec<Statement>),
}

/// A call and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// The call, with the script's descriptors.
    pub syscall: Syscall,
    /// When it must return, if it is to block.
    pub until: Option<Duration>,
    /// What it must return.
    pub result: i64,
    /// The `errno` that it must leave.
    pub errno: Option<i32>,
    /// What else it must give.
    pub wanted: Wanted,
}

/// What a call must give beside its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing.
    Nothing,
    /// A new descriptor: the result is the number that the script knows it by.
    Descriptor,
    /// A number: of `ioctl`.
    Number(i64),
    /// The octets of an option, and how they are shown.
    Octets(Vec<u8>, Shown),
    /// What each descriptor of `poll` is ready for.
    Ready(Vec<i32>),
    /// Events and data of the first event of `epoll_wait`.
    Event(u32, u64),
    /// The numbers that the script knows the ends of a pipe by.
    Ends(i32, i32),
    /// Flags and control messages of `recvmsg`.
    Message(i32, Vec<Control>),
}

/// How the octets of an option are shown to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// As a number.
    Number,
    /// As text.
    Text,
}

/// Makes a plan of a script. `read` gives the text of a helper script that a command names,
/// relative to the script.
///
/// # Errors
/// The first place that is wrong or not built.
pub fn plan(script: &Script, config: &Config, read: &mut Read<'_>) -> Result<Plan, Error> {
    let mut settings = Vec::new();
    if let Some(command) = &script.init {
        settings = settings::settings(command, read)?;
    }
    let mut steps = Vec::with_capacity(script.events.len());
    for event in &script.events {
        steps.push(step(event, config, read)?);
    }
    first_at_zero(&steps)?;
    if let Some(command) = &script.cleanup {
        settings::settings(command, read)?;
    }
    Ok(Plan { settings, steps })
}

fn step(event: &Event, config: &Config, read: &mut Read<'_>) -> Result<Step, Error> {
    let deed = match &event.action {
        Action::Packet(packet) => {
            check_packet(packet, event.at, config)?;
            Deed::Packet(packet.clone())
        }
        Action::Call(call) => Deed::Call(Box::new(planned(call, config)?)),
        Action::Command(command) => Deed::Settings(settings::settings(command, read)?),
        Action::Code(Code { at, text }) => Deed::Code(code::parse(text, *at)?),
    };
    Ok(Step { at: event.at, time: event.time, deed })
}

fn first_at_zero(steps: &[Step]) -> Result<(), Error> {
    match steps.first() {
        Some(Step { time: Time::At(time) | Time::After(time), .. }) if time.is_zero() => Ok(()),
        Some(step) => Err(Error::malformed(step.at, "the first event was expected at time 0")),
        None => Ok(()),
    }
}

fn check_packet(packet: &Packet, at: Span, config: &Config) -> Result<(), Error> {
    match &packet.body {
        Body::Udp(_) => Ok(()),
        Body::Icmp(message) => icmp::numbers(config.over.version(), message).map(|_| ()),
        Body::Tcp(segment) => {
            let options = segment.options.as_deref().unwrap_or(&[]);
            if options.iter().any(|option| matches!(option, TcpOption::Md5(_))) {
                return Err(Error::unsupported(at, "TCP MD5 signatures (RFC 2385)"));
            }
            let len = options::write(options).len();
            if len > OPTIONS_MAX {
                let says = format!("at most {OPTIONS_MAX} octets of TCP options were expected");
                return Err(Error::malformed(at, format!("{says}, not {len}")));
            }
            if !len.is_multiple_of(4) {
                let says = "TCP options of a multiple of four octets were expected (add nop)";
                return Err(Error::malformed(at, format!("{says}, not {len}")));
            }
            Ok(())
        }
    }
}

fn planned(call: &Call, config: &Config) -> Result<Planned, Error> {
    let (syscall, wanted) = calls::syscall(call, config)?;
    let result = values::integer(&call.result)?;
    let errno = match &call.errno {
        Some(word) => Some(values::errno(word)?),
        None => None,
    };
    Ok(Planned { name: call.name.clone(), syscall, until: call.until, result, errno, wanted })
}
