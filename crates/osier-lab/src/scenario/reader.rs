//! How is the tree of a TOML file read, so that each mistake names its place?
//!
//! A table says beforehand which keys it knows; a value is asked for what it must be. Nothing is
//! guessed: what is not understood is a [`Mistake`].

use super::mistake::{Mistake, Source, did_you_mean};
use super::phrase::Phrase;
use super::quantity::{self, Wrong};
use crate::dice::Chance;
use osier_time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'t> {
    pub(super) source: Source<'t>,
    pub(super) at: usize,
    value: &'t DeValue<'t>,
}

/// A table, all of whose keys are known.
#[derive(Clone, Debug)]
pub(super) struct Table<'t> {
    source: Source<'t>,
    at: usize,
    what: &'static str,
    entries: Vec<(&'t str, Value<'t>)>,
}

/// A name in a table of names, in the order of the file, with its value.
pub(super) type Named<'t> = (&'t str, usize, Value<'t>);

impl<'t> Value<'t> {
    pub(super) fn new(source: Source<'t>, value: &'t Spanned<DeValue<'t>>) -> Value<'t> {
        Value { source, at: value.span().start, value: value.get_ref() }
    }

    pub(super) fn wrong(self, says: impl Into<String>, remedy: impl Into<String>) -> Mistake {
        self.source.mistake(self.at, says, remedy)
    }

    fn wants(self, what: &str, example: &str) -> Mistake {
        let is = self.value.type_str();
        self.wrong(format!("{what} is wanted, not a TOML {is}"), format!("write {example}"))
    }

    pub(super) fn text(self) -> Result<&'t str, Mistake> {
        self.value.as_str().ok_or_else(|| self.wants("a text", "it in quotation marks"))
    }

    /// A text word by word.
    pub(super) fn phrase(self) -> Result<Phrase<'t>, Mistake> {
        Ok(Phrase::new(self.source, self.at + 1, self.text()?))
    }

    fn quantity<T>(self, read: fn(&str) -> Result<T, Wrong>) -> Result<T, Mistake> {
        let text = match self.value {
            DeValue::Integer(number) => number.as_str(),
            _ => self.text()?,
        };
        read(text).map_err(|(says, remedy)| self.wrong(says, remedy))
    }

    pub(super) fn time(self) -> Result<Duration, Mistake> {
        self.quantity(quantity::time)
    }

    pub(super) fn octets(self) -> Result<u64, Mistake> {
        self.quantity(quantity::octets)
    }

    pub(super) fn rate(self) -> Result<u64, Mistake> {
        self.quantity(quantity::rate)
    }

    pub(super) fn chance(self) -> Result<Chance, Mistake> {
        self.quantity(quantity::chance)
    }

    pub(super) fn often(self) -> Result<u64, Mistake> {
        self.quantity(quantity::often)
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(self, least: u64, most: u64) -> Result<u64, Mistake> {
        let DeValue::Integer(number) = self.value else {
            return Err(self.wants("a whole number", "it without quotation marks"));
        };
        let digits = number.as_str().trim_start_matches('+').replace('_', "");
        let read = u64::from_str_radix(&digits, number.radix()).ok();
        read.filter(|n| (least..=most).contains(n)).ok_or_else(|| {
            let remedy = format!("write a number from {least} to {most}");
            self.wrong(format!("{} cannot be", number.as_str()), remedy)
        })
    }

    /// One of some words.
    pub(super) fn one_of<T: Copy>(self, words: &[(&str, T)]) -> Result<T, Mistake> {
        let word = self.text()?;
        let found = words.iter().find(|(known, _)| *known == word);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
            self.wrong(format!("`{word}` cannot be here"), did_you_mean(word, &known))
        })
    }

    pub(super) fn is_list(self) -> bool {
        self.value.is_array()
    }

    pub(super) fn is_table(self) -> bool {
        self.value.is_table()
    }

    /// The values of a list; one that is no list is a list of itself.
    pub(super) fn list(self) -> Vec<Value<'t>> {
        match self.value.as_array() {
            None => vec![self],
            Some(list) => list.iter().map(|value| Value::new(self.source, value)).collect(),
        }
    }

    /// A table that knows these keys.
    pub(super) fn table(self, what: &'static str, keys: &[&str]) -> Result<Table<'t>, Mistake> {
        let entries = self.names(what)?;
        for (key, at, _) in &entries {
            if !keys.contains(key) {
                let says = format!("{what} has no `{key}`");
                return Err(self.source.mistake(*at, says, did_you_mean(key, keys)));
            }
        }
        let entries = entries.into_iter().map(|(key, _, value)| (key, value)).collect();
        Ok(Table { source: self.source, at: self.at, what, entries })
    }

    /// The entries of a table whose keys are names, in the order of the file.
    pub(super) fn names(self, what: &'static str) -> Result<Vec<Named<'t>>, Mistake> {
        let table = self.value.as_table().ok_or_else(|| {
            self.wants(&format!("a table for {what}"), "`[…]` above, or `{ … }` around it")
        })?;
        Ok(in_order(self.source, table))
    }
}

fn in_order<'t>(source: Source<'t>, table: &'t DeTable<'t>) -> Vec<Named<'t>> {
    let entry = |(key, value): (&'t Spanned<_>, _)| {
        let text: &'t std::borrow::Cow<'t, str> = key.get_ref();
        (&**text, key.span().start, Value::new(source, value))
    };
    let mut names: Vec<Named<'t>> = table.iter().map(entry).collect();
    names.sort_by_key(|(_, at, _)| *at);
    names
}

impl<'t> Table<'t> {
    pub(super) fn get(&self, key: &str) -> Option<Value<'t>> {
        self.entries.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &str, example: &str) -> Result<Value<'t>, Mistake> {
        self.get(key).ok_or_else(|| {
            self.wrong(format!("{} needs `{key}`", self.what), format!("add `{key} = {example}`"))
        })
    }

    /// A value, read, where the key is there.
    pub(super) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(Value<'t>) -> Result<T, Mistake>,
    ) -> Result<Option<T>, Mistake> {
        self.get(key).map(read).transpose()
    }

    /// Replaces `place` where the key is there.
    pub(super) fn set<T>(
        &self,
        key: &str,
        place: &mut T,
        read: impl FnOnce(Value<'t>) -> Result<T, Mistake>,
    ) -> Result<(), Mistake> {
        if let Some(value) = self.read(key, read)? {
            *place = value;
        }
        Ok(())
    }

    /// Something is wrong with the table as a whole.
    pub(super) fn wrong(&self, says: impl Into<String>, remedy: impl Into<String>) -> Mistake {
        self.source.mistake(self.at, says, remedy)
    }
}
