//! Which words does a script consist of?
//!
//! The longest word wins, as in packetdrill: `3021b9` is a word and not a number with letters
//! behind it, `.5` is a fraction, `...` is one word, `1:1001(1000)` is six. Comments are `//` and
//! `/* */`. Words mean nothing yet: `ack` is a word here, and a field of a segment in `parse`.

use crate::span::{Error, Span};

/// A script longer than this is refused: the longest that we know of has 40 KB.
pub const SOURCE_MAX: usize = 4 << 20;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters, digits and underscores, not all of them digits.
    Word,
    /// A decimal number, perhaps with a sign.
    Integer,
    /// `0x` and hexadecimal digits.
    Hex,
    /// Digits, a dot, digits: `1.5`, `.01`.
    Fraction,
    /// Between double quotes, which are not part of the text.
    Quoted,
    /// Between backticks, which are not part of the text.
    Backticked,
    /// Between `%{` and `}%`, which are not part of the text.
    Code,
    /// `--name` or `--name=value`, to the next blank, without the dashes.
    Option,
    /// `...`
    Ellipsis,
    /// One character of another kind.
    Mark(char),
    /// Behind the last word.
    End,
}

/// A word and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// Where it begins.
    pub at: Span,
}

/// Takes a script apart. The last token is [`Kind::End`].
///
/// # Errors
/// A quote, a backtick, a comment or a piece of code that does not end; a script that is too long.
pub fn lex(source: &str) -> Result<Vec<Token<'_>>, Error> {
    let start = Span { line: 1, column: 1 };
    if source.len() > SOURCE_MAX {
        return Err(Error::malformed(start, "a script of at most 4 MiB was expected"));
    }
    let mut lexer = Lexer { rest: source, at: start };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank()?;
        let token = lexer.next_token()?;
        tokens.push(token);
        if token.kind == Kind::End {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    at: Span,
}

impl<'a> Lexer<'a> {
    fn skip_blank(&mut self) -> Result<(), Error> {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if self.rest.starts_with("//") {
                self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                let len = self.closing(2, "*/", "a comment")?;
                self.take(len);
            } else if blank == 0 {
                return Ok(());
            }
        }
    }

    fn next_token(&mut self) -> Result<Token<'a>, Error> {
        let at = self.at;
        let Some(first) = self.rest.chars().next() else {
            return Ok(Token { kind: Kind::End, text: "", at });
        };
        let (kind, text) = if let Some(found) = self.enclosed(first)? {
            found
        } else if self.rest.starts_with("--") && self.rest[2..].starts_with(is_word) {
            (Kind::Option, &self.option()[2..])
        } else if self.rest.starts_with("...") {
            (Kind::Ellipsis, self.take(3))
        } else if let Some((kind, len)) = number_or_word(self.rest) {
            (kind, self.take(len))
        } else {
            (Kind::Mark(first), self.take(first.len_utf8()))
        };
        Ok(Token { kind, text, at })
    }

    /// What stands between two marks of its own.
    fn enclosed(&mut self, first: char) -> Result<Option<(Kind, &'a str)>, Error> {
        let (kind, edge, len) = match first {
            '"' => (Kind::Quoted, 1, self.quote('"', "a string")?),
            '`' => (Kind::Backticked, 1, self.quote('`', "a command")?),
            '%' if self.rest.starts_with("%{") => {
                (Kind::Code, 2, self.closing(2, "}%", "a piece of code")?)
            }
            _ => return Ok(None),
        };
        let text = self.take(len);
        Ok(Some((kind, &text[edge..len - edge])))
    }

    /// The length of a quoted text with its quotes; a backslash keeps a quote from ending it.
    fn quote(&self, mark: char, what: &str) -> Result<usize, Error> {
        let mut escaped = false;
        for (index, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == mark => return Ok(index + 1),
                _ => {}
            }
        }
        Err(Error::malformed(
            self.at,
            format!("{what} begins here; its closing {mark} was expected"),
        ))
    }

    fn closing(&self, from: usize, mark: &str, what: &str) -> Result<usize, Error> {
        match self.rest[from..].find(mark) {
            Some(index) => Ok(from + index + mark.len()),
            None => {
                let says = format!("{what} begins here; its closing {mark} was expected");
                Err(Error::malformed(self.at, says))
            }
        }
    }

    /// An option and its value, to the next blank outside of quotes.
    fn option(&mut self) -> &'a str {
        let mut quoted = None;
        let end = self.rest.char_indices().find(|(_, c)| match quoted {
            Some(mark) if *c == mark => {
                quoted = None;
                false
            }
            Some(_) => false,
            None if matches!(c, '"' | '`') => {
                quoted = Some(*c);
                false
            }
            None => c.is_whitespace(),
        });
        let len = end.map_or(self.rest.len(), |(index, _)| index);
        self.take(len)
    }

    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        for c in taken.chars() {
            if c == '\n' {
                self.at = Span { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        taken
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The longest of a fraction, a number, a hexadecimal number and a word, if one begins here.
fn number_or_word(text: &str) -> Option<(Kind, usize)> {
    let run = |from: usize, of: fn(char) -> bool| {
        text[from..].find(|c| !of(c)).unwrap_or(text.len() - from)
    };
    let sign = usize::from(text.starts_with('-'));
    let digits = run(sign, |c| c.is_ascii_digit());
    let whole = sign + digits;
    if text[whole..].starts_with('.') {
        let decimals = run(whole + 1, |c| c.is_ascii_digit());
        if decimals > 0 {
            return Some((Kind::Fraction, whole + 1 + decimals));
        }
    }
    let word = if sign == 0 { run(0, is_word) } else { 0 };
    if digits > 0 && whole >= word {
        return Some((Kind::Integer, whole));
    }
    if word == 0 {
        return None;
    }
    let hex = text.starts_with("0x") && word > 2;
    if hex && text[2..word].chars().all(|c| c.is_ascii_hexdigit()) {
        return Some((Kind::Hex, word));
    }
    Some((Kind::Word, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<(Kind, &str)> {
        lex(source).unwrap().into_iter().map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn the_longest_word_wins() {
        use Kind::*;
        let found = kinds("+0...0.3 3021b9 0x1F .5 -1 S. 1:1001(1000)");
        let expected = [
            (Mark('+'), "+"),
            (Integer, "0"),
            (Ellipsis, "..."),
            (Fraction, "0.3"),
            (Word, "3021b9"),
            (Hex, "0x1F"),
            (Fraction, ".5"),
            (Integer, "-1"),
            (Word, "S"),
            (Mark('.'), "."),
            (Integer, "1"),
            (Mark(':'), ":"),
            (Integer, "1001"),
            (Mark('('), "("),
            (Integer, "1000"),
            (Mark(')'), ")"),
            (End, ""),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn quotes_commands_code_and_options_are_one_word_each() {
        use Kind::*;
        let found = kinds("--define=CC=\"a b\" `x \\` y` %{ assert 1 }% \"re\\\"no\" /* a */ // b");
        let expected = [
            (Option, "define=CC=\"a b\""),
            (Backticked, "x \\` y"),
            (Code, " assert 1 "),
            (Quoted, "re\\\"no"),
            (End, ""),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_place_counts_lines_and_characters() {
        let tokens = lex("/* é\n */ a\n  \"é\" b").unwrap();
        let places: Vec<_> = tokens.iter().map(|token| (token.at.line, token.at.column)).collect();
        assert_eq!(places, [(2, 5), (3, 3), (3, 7), (3, 8)]);
    }

    #[test]
    fn what_does_not_end_is_told_where_it_begins() {
        for source in ["a\n  `b", "a\n  \"b", "a\n  /* b", "a\n  %{ b"] {
            let error = lex(source).unwrap_err();
            assert_eq!(error.at, Span { line: 2, column: 3 }, "{source}");
        }
    }
}
