//! How is a sentence of a scenario read?
//!
//! Word by word, each with its place in the file. A comma counts as a blank.

use super::mistake::{Mistake, Source, did_you_mean};
use super::quantity::Wrong;
use osier_tcp::State;

/// The words of a sentence that are still to be read.
#[derive(Clone, Debug)]
pub(super) struct Phrase<'t> {
    source: Source<'t>,
    words: Vec<(usize, &'t str)>,
    next: usize,
    end: usize,
    whole: &'t str,
}

impl<'t> Phrase<'t> {
    /// A text that begins at that octet of the source.
    pub(super) fn new(source: Source<'t>, at: usize, whole: &'t str) -> Phrase<'t> {
        let start = whole.as_ptr() as usize;
        let is_gap = |c: char| c.is_whitespace() || c == ',';
        let words = whole.split(is_gap).filter(|word| !word.is_empty());
        let words = words.map(|word| (at + word.as_ptr() as usize - start, word)).collect();
        Phrase { source, words, next: 0, end: at + whole.len(), whole }
    }

    /// The whole sentence.
    pub(super) fn whole(&self) -> &'t str {
        self.whole
    }

    /// The next word, not yet taken.
    pub(super) fn peek(&self) -> Option<&'t str> {
        self.words.get(self.next).map(|(_, word)| *word)
    }

    /// Takes the next word.
    pub(super) fn word(&mut self, wanted: &str) -> Result<&'t str, Mistake> {
        let word = self.peek().ok_or_else(|| {
            let says = format!("`{}` ends too early", self.whole);
            self.source.mistake(self.end, says, format!("{wanted} is missing"))
        })?;
        self.next += 1;
        Ok(word)
    }

    /// Takes the next words if they are these.
    pub(super) fn take(&mut self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let rest = self.words[self.next..].iter().map(|(_, word)| *word);
        let there = rest.take(wanted.len()).eq(wanted.iter().copied());
        self.next += if there { wanted.len() } else { 0 };
        there
    }

    /// Takes one of some words, each of which stands for a value.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        what: &str,
        known: &[(&str, T)],
    ) -> Result<T, Mistake> {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        for (name, value) in known {
            if self.take(name) {
                return Ok(*value);
            }
        }
        let word = self.word(&format!("{what} ({})", names.join(", ")))?;
        Err(self.wrong(format!("`{word}` is no {what}"), did_you_mean(word, &names)))
    }

    pub(super) fn state(&mut self) -> Result<State, Mistake> {
        let known = State::ALL.map(|state| (state.name(), state));
        self.one_of("state", &known)
    }

    /// A quantity in the next word.
    pub(super) fn quantity<T>(
        &mut self,
        what: &str,
        read: fn(&str) -> Result<T, Wrong>,
    ) -> Result<T, Mistake> {
        let word = self.word(what)?;
        // A unit may stand apart: `10 KB`.
        if let Some(both) = self.peek().map(|unit| format!("{word}{unit}"))
            && let Ok(value) = read(&both)
        {
            self.next += 1;
            return Ok(value);
        }
        read(word).map_err(|(says, remedy)| self.wrong(says, remedy))
    }

    /// Something is wrong with the word that was taken last.
    pub(super) fn wrong(&self, says: impl Into<String>, remedy: impl Into<String>) -> Mistake {
        let last = self.next.checked_sub(1).and_then(|last| self.words.get(last));
        self.source.mistake(last.map_or(self.end, |(at, _)| *at), says, remedy)
    }

    /// That nothing follows.
    pub(super) fn finish(mut self) -> Result<(), Mistake> {
        match self.peek() {
            None => Ok(()),
            Some(word) => {
                self.next += 1;
                Err(self.wrong(format!("`{word}` is not understood here"), "leave it out"))
            }
        }
    }
}
