//! What is this argument?

use super::words::{DEPTH_MAX, Words};
use crate::ast::{Expr, Value};
use crate::lexer::Kind;
use crate::span::Error;

/// Expressions with commas between them, up to and with the closing mark.
pub(crate) fn list(words: &mut Words<'_>, close: char) -> Result<Vec<Expr>, Error> {
    nested(words, close, 0)
}

fn nested(words: &mut Words<'_>, close: char, depth: usize) -> Result<Vec<Expr>, Error> {
    let mut items = Vec::new();
    if words.accept(Kind::Mark(close)).is_some() {
        return Ok(items);
    }
    loop {
        items.push(expression(words, depth + 1)?);
        if words.accept(Kind::Mark(close)).is_some() {
            return Ok(items);
        }
        words.expect(Kind::Mark(','), &format!("`,` or `{close}`"))?;
    }
}

pub(crate) fn expression(words: &mut Words<'_>, depth: usize) -> Result<Expr, Error> {
    let at = words.at();
    if depth > DEPTH_MAX {
        return Err(words.expected(&format!("an expression at most {DEPTH_MAX} deep")));
    }
    let first = Expr { at, value: simple(words, depth)? };
    if words.accept(Kind::Mark('|')).is_none() {
        return Ok(first);
    }
    let second = expression(words, depth + 1)?;
    Ok(Expr { at, value: Value::Or(Box::new(first), Box::new(second)) })
}

fn simple(words: &mut Words<'_>, depth: usize) -> Result<Value, Error> {
    let token = words.peek();
    match token.kind {
        Kind::Ellipsis => {
            words.take();
            Ok(Value::Any)
        }
        Kind::Integer => integer(words, token.text.parse().ok()),
        Kind::Hex => integer(words, i64::from_str_radix(&token.text[2..], 16).ok()),
        Kind::Quoted => Ok(Value::Text(text(words)?)),
        Kind::Mark('[') => {
            words.take();
            Ok(Value::List(nested(words, ']', depth)?))
        }
        Kind::Mark('{') => {
            words.take();
            Ok(Value::Struct(nested(words, '}', depth)?))
        }
        Kind::Word => named(words, depth),
        _ => {
            Err(words.expected("an argument: a number, a name, a \"text\", `...`, [ … ] or { … }"))
        }
    }
}

fn integer(words: &mut Words<'_>, number: Option<i64>) -> Result<Value, Error> {
    match number {
        Some(number) => {
            words.take();
            Ok(Value::Integer(number))
        }
        None => Err(words.expected("a number of at most 63 bits")),
    }
}

/// `name`, `name=…`, `name(…)` or `name(…)=…`; a defined name is what it was defined as.
fn named(words: &mut Words<'_>, depth: usize) -> Result<Value, Error> {
    let token = words.take();
    let name = token.text.to_owned();
    if words.accept(Kind::Mark('(')).is_some() {
        let argument = expression(words, depth + 1)?;
        words.mark(')')?;
        return match words.accept(Kind::Mark('=')) {
            Some(_) => Ok(Value::Field(name, Box::new(expression(words, depth + 1)?))),
            None => Ok(Value::Apply(name, Box::new(argument))),
        };
    }
    if words.accept(Kind::Mark('=')).is_some() {
        return Ok(Value::Field(name, Box::new(expression(words, depth + 1)?)));
    }
    let Some(defined) = words.defined(&name) else { return Ok(Value::Name(name)) };
    let quoted = defined.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let hex = defined.strip_prefix("0x").and_then(|hex| i64::from_str_radix(hex, 16).ok());
    match (quoted, hex.or_else(|| defined.parse().ok())) {
        (Some(text), _) => Ok(Value::Text(unescape(text))),
        (None, Some(number)) => Ok(Value::Integer(number)),
        (None, None) => Ok(Value::Name(defined.to_owned())),
    }
}

/// Texts that follow each other are one; `"abc"...` begins with abc.
fn text(words: &mut Words<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(token) = words.accept(Kind::Quoted) {
        bytes.extend(unescape(token.text));
    }
    words.accept(Kind::Ellipsis);
    Ok(bytes)
}

/// C's escapes: `\n`, `\t`, `\0`, `\x41`; any other character stands for itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b'0') => bytes.push(0),
            Some(b'x') => {
                let mut value = 0;
                for _ in 0..2 {
                    let digit = rest.peek().and_then(|c| char::from(*c).to_digit(16));
                    let Some(digit) = digit else { break };
                    value = value << 4 | digit as u8;
                    rest.next();
                }
                bytes.push(value);
            }
            Some(other) => bytes.push(other),
            None => bytes.push(b'\\'),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_c() {
        assert_eq!(unescape(r"a\x41\n\\\x5g\0"), b"aA\n\\\x05g\0");
    }
}
