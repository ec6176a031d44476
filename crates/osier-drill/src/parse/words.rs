//! Which word comes next, and is it the one that belongs there?

use crate::lexer::{Kind, Token};
use crate::span::{Error, Span};
use osier_time::Duration;
use std::collections::BTreeMap;

/// How deep lists, structs and `|` may lie in each other. Calls of POSIX need four.
pub(crate) const DEPTH_MAX: usize = 32;

/// The words of a script, from the next one on.
pub(crate) struct Words<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    defines: BTreeMap<String, String>,
}

impl<'a> Words<'a> {
    pub(crate) fn new(tokens: Vec<Token<'a>>) -> Words<'a> {
        Words { tokens, next: 0, defines: BTreeMap::new() }
    }

    /// From here on, `name` stands for `value`.
    pub(crate) fn define(&mut self, name: &str, value: &str) {
        self.defines.insert(name.to_owned(), value.to_owned());
    }

    /// What a word has been defined as.
    pub(crate) fn defined(&self, name: &str) -> Option<&str> {
        self.defines.get(name).map(String::as_str)
    }

    pub(crate) fn peek(&self) -> Token<'a> {
        self.peek_at(0)
    }

    /// The word behind the next `ahead` ones. The last one is [`Kind::End`], and stays.
    pub(crate) fn peek_at(&self, ahead: usize) -> Token<'a> {
        let last = self.tokens.len() - 1;
        self.tokens[(self.next + ahead).min(last)]
    }

    pub(crate) fn at(&self) -> Span {
        self.peek().at
    }

    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.peek().kind == kind
    }

    pub(crate) fn is_word(&self, text: &str) -> bool {
        self.is(Kind::Word) && self.peek().text == text
    }

    pub(crate) fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.next += 1;
        token
    }

    pub(crate) fn accept(&mut self, kind: Kind) -> Option<Token<'a>> {
        self.is(kind).then(|| self.take())
    }

    pub(crate) fn accept_word(&mut self, text: &str) -> bool {
        let found = self.is_word(text);
        self.next += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, kind: Kind, what: &str) -> Result<Token<'a>, Error> {
        self.accept(kind).ok_or_else(|| self.expected(what))
    }

    pub(crate) fn mark(&mut self, mark: char) -> Result<(), Error> {
        self.expect(Kind::Mark(mark), &format!("`{mark}`")).map(|_| ())
    }

    pub(crate) fn keyword(&mut self, text: &str) -> Result<(), Error> {
        match self.accept_word(text) {
            true => Ok(()),
            false => Err(self.expected(&format!("`{text}`"))),
        }
    }

    /// The error that the next word is not what it should be.
    pub(crate) fn expected(&self, what: &str) -> Error {
        let found = self.peek();
        let says = match found.kind {
            Kind::End => format!("{what} was expected, and the script ends"),
            _ => {
                let shown: String = found.text.chars().take(24).collect();
                format!("{what} was expected, not `{}`", shown.replace('\n', " "))
            }
        };
        Error::malformed(found.at, says)
    }

    /// A decimal number from 0 to `max`; a defined word may stand for it.
    pub(crate) fn number(&mut self, max: u64, what: &str) -> Result<u64, Error> {
        let token = self.peek();
        let text = match token.kind {
            Kind::Integer => token.text,
            Kind::Word => match self.defines.get(token.text) {
                Some(value) => value,
                None => return Err(self.expected(what)),
            },
            _ => return Err(self.expected(what)),
        };
        match text.parse() {
            Ok(number) if number <= max => {
                self.next += 1;
                Ok(number)
            }
            _ => Err(self.expected(&format!("{what} from 0 to {max}"))),
        }
    }

    pub(crate) fn number_u16(&mut self, what: &str) -> Result<u16, Error> {
        self.number(u64::from(u16::MAX), what).map(|number| number as u16)
    }

    pub(crate) fn number_u32(&mut self, what: &str) -> Result<u32, Error> {
        self.number(u64::from(u32::MAX), what).map(|number| number as u32)
    }

    /// A hexadecimal number from 0 to `max`, written with `0x`.
    pub(crate) fn hex(&mut self, max: u32, what: &str) -> Result<u32, Error> {
        let token = self.peek();
        let number = (token.kind == Kind::Hex)
            .then(|| u32::from_str_radix(&token.text[2..], 16).ok())
            .flatten();
        match number {
            Some(number) if number <= max => {
                self.next += 1;
                Ok(number)
            }
            _ => Err(self.expected(&format!("{what} from 0x0 to {max:#x}"))),
        }
    }

    /// Seconds, perhaps with decimals, of which six count.
    pub(crate) fn duration(&mut self, what: &str) -> Result<Duration, Error> {
        let token = self.peek();
        if !matches!(token.kind, Kind::Integer | Kind::Fraction) {
            return Err(self.expected(what));
        }
        match micros(token.text) {
            Some(micros) => {
                self.next += 1;
                Ok(Duration::from_micros(micros))
            }
            None => Err(self.expected(&format!("{what}, from 0 to {SECONDS_MAX} seconds"))),
        }
    }
}

/// A script that lasts longer than this is a slip of the pen: twelve days.
const SECONDS_MAX: u64 = 1_000_000;

fn micros(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let decimals: String = decimals.chars().chain("000000".chars()).take(6).collect();
    let micros: u64 = decimals.parse().ok()?;
    (whole <= SECONDS_MAX).then(|| whole * 1_000_000 + micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_six_decimals() {
        assert_eq!(micros("1.5"), Some(1_500_000));
        assert_eq!(micros(".01"), Some(10_000));
        assert_eq!(micros("2"), Some(2_000_000));
        assert_eq!(micros("0.0000019"), Some(1));
        assert_eq!(micros("-1"), None);
        assert_eq!(micros("99999999999999999999"), None);
        assert_eq!(micros("9223372036854775807"), None);
    }
}
