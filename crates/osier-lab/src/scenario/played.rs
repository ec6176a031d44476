//! How is a scenario written with what somebody did while it ran?
//!
//! The file as it was, its comments included, with the deeds as its first events. An expectation
//! that does not hold any more becomes a comment which says so: it was about another story. What
//! was written is read again, and is refused where it does not say what was done.

use super::Scenario;
use super::deeds::Deed;
use super::mistake::{Mistake, Source};
use super::run::Run;
use super::stage::Order;
use std::fmt::Write;
use toml::de::DeTable;

/// The text of a scenario with deeds in it, for a file: run from that seed it does what was played,
/// octet by octet.
///
/// # Errors
/// The first mistake of the text; and where the deeds have no place in it.
pub fn played(file: &str, text: &str, seed: u64, deeds: &[Deed]) -> Result<String, Mistake> {
    let scenario = Scenario::parse(file, text)?;
    let with = scenario.with_deeds(deeds);
    let lines = Lines::of(file, text)?;
    let written = lines.with(&events(&scenario, deeds), &fallen(&with, seed));
    let written = head(scenario.name(), seed, deeds) + &written;
    let again = Scenario::parse(file, &written)?;
    if format!("{:?}", again.events) == format!("{:?}", with.events) {
        return Ok(written);
    }
    let source = Source { file, text };
    Err(source.mistake(0, "the events of this file cannot be added to", "write them as [[events]]"))
}

fn head(name: &str, seed: u64, deeds: &[Deed]) -> String {
    let did = match deeds.len() {
        0 => "nothing was done to it".to_owned(),
        1 => "one segment was meddled with".to_owned(),
        n => format!("{n} segments were meddled with"),
    };
    format!(
        "# Played in `osier lab watch {name}`: {did}. Run with `--seed {seed}` it is the same \
         again,\n# octet by octet.\n"
    )
}

/// The deeds as tables of the file.
fn events(scenario: &Scenario, deeds: &[Deed]) -> Vec<String> {
    let table = |deed: &Deed| {
        let (when, what) = scenario.words(deed);
        let remark = deed.remark.as_ref().map_or(String::new(), |remark| format!(" # {remark}"));
        format!("when = \"{when}\"\ndo = \"{what}\"{remark}\n")
    };
    deeds.iter().map(table).collect()
}

/// The expectations that do not hold, each with what happened instead.
fn fallen(scenario: &Scenario, seed: u64) -> Vec<Option<String>> {
    let verdicts = Run::new(scenario, seed, Order::Written).judge();
    let verdicts = verdicts.into_iter().take(scenario.expectations.len());
    verdicts.map(|verdict| (!verdict.holds).then_some(verdict.actual)).collect()
}

/// The text, and where its events and expectations stand in it.
struct Lines<'t> {
    text: &'t str,
    /// Behind the bracket of `events = […]`.
    inline: Option<usize>,
    /// Where the tables of that name begin, each with its end.
    events: Vec<(usize, usize)>,
    expect: Vec<(usize, usize)>,
}

impl<'t> Lines<'t> {
    fn of(file: &str, text: &'t str) -> Result<Lines<'t>, Mistake> {
        let tree = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Source { file, text }.mistake(at, error.message().to_owned(), "mend it there")
        })?;
        let events = tree.get_ref().get("events");
        let bracket = events.and_then(|events| {
            let at = events.span().start;
            let is_inline = text[at..].starts_with('[') && !text[at..].starts_with("[[");
            (events.get_ref().is_array() && is_inline).then_some(at + 1)
        });
        let (events, expect) = (tables(text, "[[events]]"), tables(text, "[[expect]]"));
        Ok(Lines { text, inline: bracket, events, expect })
    }

    fn with(&self, events: &[String], fallen: &[Option<String>]) -> String {
        let mut edits: Vec<(usize, usize, String)> = Vec::new();
        match (self.inline, events.is_empty()) {
            (_, true) => {}
            (Some(at), _) => {
                let event = |event: &String| {
                    let keys = event.lines().map(|line| line.split(" #").next().unwrap_or(line));
                    format!("{{ {} }}, ", keys.collect::<Vec<_>>().join(", "))
                };
                edits.push((at, at, format!(" {}", events.iter().map(event).collect::<String>())));
            }
            (None, _) => {
                let at = self.events.first().or(self.expect.first());
                let at = at.map_or(self.text.len(), |(at, _)| *at);
                let gap = if at == self.text.len() { "\n" } else { "" };
                let event = |event: &String| format!("{gap}[[events]]\n{event}\n");
                edits.push((at, at, events.iter().map(event).collect()));
            }
        }
        if self.expect.len() == fallen.len() {
            let both = self.expect.iter().zip(fallen);
            edits.extend(both.filter_map(|((from, to), actual)| {
                let actual = actual.as_ref()?;
                Some((*from, *to, as_comment(&self.text[*from..*to], actual)))
            }));
        }
        edits.sort_by_key(|(at, ..)| *at);
        let (mut written, mut done) = (String::new(), 0);
        for (from, to, new) in edits {
            written += &self.text[done..from];
            written += &new;
            done = to;
        }
        written + &self.text[done..]
    }
}

/// Where each table of an array begins and where its last line ends that is not blank.
fn tables(text: &str, header: &str) -> Vec<(usize, usize)> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        starts.push((at, line));
        at += line.len();
    }
    let is_header = |line: &str| line.trim_start().starts_with('[');
    let mut found = Vec::new();
    for (n, (from, line)) in starts.iter().enumerate() {
        if !line.trim_start().starts_with(header) {
            continue;
        }
        let body = starts[n + 1..].iter().take_while(|(_, line)| !is_header(line));
        let last =
            body.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#')).last();
        let (at, line) = last.unwrap_or(&starts[n]);
        found.push((*from, at + line.len()));
    }
    found
}

fn as_comment(table: &str, actual: &str) -> String {
    let mut text = String::new();
    // A sentence of ours: it has no line break.
    let _ = writeln!(text, "# Does not hold as it was played, but: {actual}");
    for line in table.lines() {
        let _ = writeln!(text, "# {line}");
    }
    text
}

#[cfg(test)]
mod tests;
