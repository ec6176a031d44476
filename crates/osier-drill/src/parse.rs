//! Which script is this text?
//!
//! A recursive descent over the words of `lexer`; the grammar is that of packetdrill, except that a
//! `{…}` is read as a list of fields whatever they are called, and judged when the call is known.
//! What is in the language and not built is an error of its own kind, with its place.

mod call;
mod expr;
mod options;
mod packet;
mod words;

use crate::ast::{Action, Code, Command, Event, OptionLine, Script, Time};
use crate::lexer::{self, Kind};
use crate::span::Error;
use words::Words;

/// Reads a script. `defines` gives words another meaning: `TFO_COOKIE` a number, a name, a
/// `"text"` or a `` `command` ``; the script's own `--define=NAME=VALUE` come on top.
///
/// # Errors
/// The first place that is not in the language or not built.
pub fn parse(source: &str, defines: &[(String, String)]) -> Result<Script, Error> {
    let mut words = Words::new(lexer::lex(source)?);
    for (name, value) in defines {
        words.define(name, value);
    }
    let mut script = Script { options: option_lines(&mut words)?, ..Script::default() };
    script.init = command(&mut words);
    while !words.is(Kind::End) {
        if script.events.is_empty() || !words.is(Kind::Backticked) {
            script.events.push(event(&mut words)?);
        } else {
            script.cleanup = command(&mut words);
            words.expect(Kind::End, "the end of the script, as the command before is the last")?;
        }
    }
    match script.events.is_empty() {
        true => Err(words.expected("an event, for instance `0 socket(..., SOCK_STREAM, 0) = 3`")),
        false => Ok(script),
    }
}

fn option_lines(words: &mut Words<'_>) -> Result<Vec<OptionLine>, Error> {
    let mut lines = Vec::new();
    while let Some(token) = words.accept(Kind::Option) {
        let (name, value) = match token.text.split_once('=') {
            Some((name, value)) => (name, Some(value.trim_matches('"'))),
            None => (token.text, None),
        };
        if name == "define" || name == "D" {
            let given = token.text.split_once('=').and_then(|(_, given)| given.split_once('='));
            match given {
                Some((name, value)) => words.define(name, value),
                None => return Err(Error::malformed(token.at, "--define=NAME=VALUE was expected")),
            }
            continue;
        }
        let (name, value) = (name.to_owned(), value.map(str::to_owned));
        lines.push(OptionLine { at: token.at, name, value });
    }
    Ok(lines)
}

fn command(words: &mut Words<'_>) -> Option<Command> {
    let token = words.accept(Kind::Backticked)?;
    Some(Command { at: token.at, text: token.text.to_owned() })
}

fn event(words: &mut Words<'_>) -> Result<Event, Error> {
    let at = words.at();
    let time = time(words)?;
    let action = if words.is(Kind::Mark('<')) || words.is(Kind::Mark('>')) {
        Action::Packet(packet::packet(words)?)
    } else if let Some(command) = command(words) {
        Action::Command(command)
    } else if let Some(token) = words.accept(Kind::Code) {
        Action::Code(Code { at: token.at, text: token.text.to_owned() })
    } else if words.is(Kind::Word) || words.is(Kind::Ellipsis) {
        Action::Call(call::call(words)?)
    } else {
        return Err(words.expected("a packet (< or >), a call, `a command` or %{ code }%"));
    };
    let event = Event { at, time, action };
    check_time(&event)?;
    Ok(event)
}

fn time(words: &mut Words<'_>) -> Result<Time, Error> {
    if words.accept(Kind::Mark('*')).is_some() {
        return Ok(Time::Any);
    }
    let relative = words.accept(Kind::Mark('+')).is_some();
    let from = words.duration("a time in seconds: `0.1`, `+0.1`, `+.1~+.2` or `*`")?;
    if words.accept(Kind::Mark('~')).is_none() {
        return Ok(if relative { Time::After(from) } else { Time::At(from) });
    }
    if relative {
        words.expect(Kind::Mark('+'), "`+` and a time, as the range began with one")?;
    }
    let at = words.at();
    let to = words.duration("the end of the range in seconds")?;
    if to < from {
        return Err(Error::malformed(
            at,
            "a time not before the beginning of the range was expected",
        ));
    }
    Ok(if relative { Time::AfterWithin(from, to) } else { Time::Within(from, to) })
}

/// Only for what the stack does of its own accord the time may be open: what the script does it
/// must do at a time.
fn check_time(event: &Event) -> Result<(), Error> {
    let open = matches!(event.time, Time::Any | Time::Within(..) | Time::AfterWithin(..));
    let ours = match &event.action {
        Action::Packet(packet) => packet.direction == crate::ast::packet::Direction::Outbound,
        Action::Call(_) | Action::Command(_) | Action::Code(_) => false,
    };
    match open && !ours {
        true => Err(Error::malformed(
            event.at,
            "a single time was expected: `*` and ranges are for packets that leave (>)",
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
