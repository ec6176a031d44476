//! What does a script say, once it is read?
//!
//! Plain values, as they stand in the script: sequence numbers relative to the ISNs where the
//! script's are, names not yet looked up. Packets are in [`packet`].

pub mod packet;

use crate::span::Span;
use osier_time::Duration;
use packet::Packet;

/// A whole script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Lines `--name=value` at the top.
    pub options: Vec<OptionLine>,
    /// The command before the first event.
    pub init: Option<Command>,
    /// What happens, in order.
    pub events: Vec<Event>,
    /// The command behind the last event.
    pub cleanup: Option<Command>,
}

/// A line `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionLine {
    /// Where it stands.
    pub at: Span,
    /// Without the dashes.
    pub name: String,
    /// What stands behind `=`.
    pub value: Option<String>,
}

/// Shell commands between backticks. Never run: the settings in them are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Where it begins.
    pub at: Span,
    /// The text between the backticks.
    pub text: String,
}

/// One thing that happens, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where the time stands.
    pub at: Span,
    /// When.
    pub time: Time,
    /// What.
    pub action: Action,
}

/// When an event is to happen. Times of a script count from its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// `1.5`: then.
    At(Duration),
    /// `+1.5`: so long after the event before.
    After(Duration),
    /// `1.5~2`: not before the first, not after the second.
    Within(Duration, Duration),
    /// `+1.5~+2`: the same, after the event before.
    AfterWithin(Duration, Duration),
    /// `*`: whenever.
    Any,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A packet comes in, or must go out.
    Packet(Packet),
    /// The program makes a call.
    Call(Call),
    /// Settings are changed.
    Command(Command),
    /// Assertions about `tcp_info`.
    Code(Code),
}

/// Python between `%{` and `}%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Where it begins.
    pub at: Span,
    /// The text.
    pub text: String,
}

/// A system call with its arguments and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Where the name stands.
    pub at: Span,
    /// When a call that blocks must return, in the terms of the event's own time.
    pub until: Option<Duration>,
    /// The name.
    pub name: String,
    /// The arguments.
    pub arguments: Vec<Expr>,
    /// What it must return.
    pub result: Expr,
    /// The `errno` that it must leave.
    pub errno: Option<Word>,
}

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where.
    pub at: Span,
    /// The word.
    pub text: String,
}

/// An argument or a result, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// Where it begins.
    pub at: Span,
    /// What it is.
    pub value: Value,
}

/// What an argument can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `...`: any, or whatever fits.
    Any,
    /// A number.
    Integer(i64),
    /// A name, to be looked up.
    Name(String),
    /// A text; `"abc"...` is one, too.
    Text(Vec<u8>),
    /// `a|b`
    Or(Box<Expr>, Box<Expr>),
    /// `name=value`, or `name(…)=value`.
    Field(String, Box<Expr>),
    /// `name(argument)`.
    Apply(String, Box<Expr>),
    /// `[…]`
    List(Vec<Expr>),
    /// `{…}`
    Struct(Vec<Expr>),
}
