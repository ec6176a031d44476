//! Which words does a piece of code consist of?

use crate::span::{Error, Span};

/// A word of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    Number(i64),
    Name(&'a str),
    /// An operator, a parenthesis, `;`, `,` or a newline.
    Mark(&'a str),
    /// A text, of a message.
    Text,
}

/// Marks of more than one character come first, the longer before the shorter.
const MARKS: [&str; 31] = [
    "==", "!=", "<=", ">=", "<<", ">>", "//", "**", "+=", "-=", "\n", "+", "-", "*", "/", "%", "(",
    ")", "[", "]", "{", "}", ",", ";", "<", ">", "=", "&", "|", "^", "~",
];

/// What begins a statement of Python that is not read.
const STATEMENTS: [&str; 15] = [
    "if", "else", "elif", "for", "while", "def", "class", "import", "from", "try", "with",
    "return", "del", "global", "raise",
];

/// Code of more words than this is refused, so that no expression lies deeper than the stack.
const WORDS_MAX: usize = 1000;

/// So much of code that is not read is shown.
const SHOWN_MAX: usize = 30;

pub(super) struct Words<'a> {
    source: &'a str,
    at: Span,
    words: Vec<(Word<'a>, std::ops::Range<usize>)>,
    next: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(source: &'a str, at: Span) -> Result<Words<'a>, Error> {
        let mut words = Words { source, at, words: Vec::new(), next: 0 };
        let mut from = 0;
        while from < source.len() {
            let rest = &source[from..];
            let (word, len) = match lex(rest) {
                Some(found) => found,
                None => return Err(words.unread_at(from)),
            };
            if words.words.len() == WORDS_MAX {
                let says = format!("at most {WORDS_MAX} words were expected in a piece of code");
                return Err(Error::malformed(words.span(from), says));
            }
            if let Some(word) = word {
                words.words.push((word, from..from + len));
            }
            from += len;
        }
        Ok(words)
    }

    pub(super) fn is_done(&self) -> bool {
        self.next >= self.words.len()
    }

    fn peek(&self) -> Option<Word<'a>> {
        self.words.get(self.next).map(|(word, _)| *word)
    }

    pub(super) fn take(&mut self) -> Option<Word<'a>> {
        let word = self.peek();
        self.next += 1;
        word
    }

    pub(super) fn back(&mut self) {
        self.next -= 1;
    }

    pub(super) fn accept(&mut self, text: &str) -> bool {
        let found = self.is_next(text);
        self.next += usize::from(found);
        found
    }

    pub(super) fn name(&mut self) -> Option<String> {
        let Some(Word::Name(name)) = self.peek() else { return None };
        self.next += 1;
        Some(name.to_owned())
    }

    /// To the end of the statement: what is between parentheses may have newlines.
    pub(super) fn skip_statement(&mut self) {
        let mut depth = 0i32;
        while let Some(word) = self.peek() {
            match word {
                Word::Mark("(" | "[" | "{") => depth += 1,
                Word::Mark(")" | "]" | "}") => depth -= 1,
                Word::Mark(";" | "\n") if depth <= 0 => return,
                _ => {}
            }
            self.next += 1;
        }
    }

    pub(super) fn position(&self) -> usize {
        self.next
    }

    /// The text of the words from a position to here.
    pub(super) fn text_from(&self, from: usize) -> String {
        let start = self.words.get(from).map_or(self.source.len(), |(_, range)| range.start);
        let end = self.words.get(self.next.wrapping_sub(1)).map_or(start, |(_, range)| range.end);
        self.source[start..end.max(start)].to_owned()
    }

    pub(super) fn is_next(&self, text: &str) -> bool {
        matches!(self.peek(), Some(Word::Mark(t) | Word::Name(t)) if t == text)
    }

    pub(super) fn at_end_of_statement(&self) -> bool {
        self.is_done() || self.is_next(";") || self.is_next("\n")
    }

    /// Whether a statement follows that is not read here.
    pub(super) fn begins_unread_statement(&self) -> bool {
        matches!(self.peek(), Some(Word::Name(name)) if STATEMENTS.contains(&name))
    }

    pub(super) fn expected(&self, what: &str) -> Error {
        Error::malformed(self.span(self.here()), format!("{what} was expected in the code"))
    }

    /// What follows is no part of the language.
    pub(super) fn unread(&self) -> Error {
        self.unread_at(self.here())
    }

    fn unread_at(&self, byte: usize) -> Error {
        let rest = self.source[byte..].lines().next().unwrap_or_default();
        let rest: String = rest.chars().take(SHOWN_MAX).collect();
        let says = format!(
            "`{}`: of code `assert`, `print` and `name = …` over integers are read",
            rest.trim_end()
        );
        Error::unsupported(self.span(byte), says)
    }

    fn here(&self) -> usize {
        self.words.get(self.next).map_or(self.source.len(), |(_, range)| range.start)
    }

    /// Where a byte of the code stands in the script. The code begins two characters behind `at`.
    fn span(&self, byte: usize) -> Span {
        let before = &self.source[..byte];
        match before.rsplit_once('\n') {
            None => Span {
                line: self.at.line,
                column: self.at.column + 2 + before.chars().count() as u32,
            },
            Some((_, line)) => Span {
                line: self.at.line + before.matches('\n').count() as u32,
                column: 1 + line.chars().count() as u32,
            },
        }
    }
}

/// A word and its length; blanks and comments have a length and are no word.
fn lex(rest: &str) -> Option<(Option<Word<'_>>, usize)> {
    let first = rest.chars().next()?;
    if rest.starts_with("\\\n") {
        return Some((None, 2));
    }
    if first == '#' {
        return Some((None, rest.find('\n').unwrap_or(rest.len())));
    }
    if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
        return Some((Some(Word::Mark(mark)), mark.len()));
    }
    if first.is_whitespace() {
        return Some((None, first.len_utf8()));
    }
    if first == '\'' || first == '"' {
        let end = rest[1..].find(first)?;
        return Some((Some(Word::Text), end + 2));
    }
    let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let word = &rest[..len];
    if len == 0 {
        return None;
    }
    if first.is_ascii_digit() {
        let number = match word.strip_prefix("0x") {
            Some(hex) => i64::from_str_radix(hex, 16).ok()?,
            None => word.parse().ok()?,
        };
        return Some((Some(Word::Number(number)), len));
    }
    Some((Some(Word::Name(word)), len))
}
