//! Which words stand beside a step, in which lines, and what do they refer to?

use super::ink::{Ink, MONO, escaped, px};
use super::told::{Told, Way};
use crate::look::Glyphs;
use crate::text::{clean, wrap};
use std::fmt::Write;

/// How wide the column of words is.
pub(super) const WIDTH: f64 = 372.0;

/// From one line to the next.
const LINE: f64 = 16.0;

/// The widest column of a sentence, and of a detail, on the average and on the safe side.
const SENTENCE_COLUMN: f64 = 7.05;
const DETAIL_COLUMN: f64 = 6.75;

/// The words beside one step.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    lines: Vec<Line>,
}

/// How much of a label stands on its arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnArrow {
    All,
    InPart,
}

#[derive(Clone, Debug)]
struct Line {
    sort: Sort,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// A label that is longer than its arrow.
    Label,
    Detail,
    Again,
    Sentence,
    Section,
}

impl Block {
    /// The words beside step `index`; its label among them where it does not stand on the arrow.
    pub(super) fn of(told: &Told<'_>, index: usize, label: OnArrow) -> Block {
        let step = &told.steps[index];
        let mut block = Block::default();
        let arrow = matches!(told.ways[index], Way::Goes { .. } | Way::Lost { .. });
        if label == OnArrow::InPart {
            block.add(Sort::Label, &step.label);
        }
        if let Some(why) = &step.why {
            block.add(Sort::Sentence, &why.sentence);
            block.add(Sort::Section, why.section.as_deref().unwrap_or_default());
        }
        for detail in &step.details {
            block.add(Sort::Detail, detail);
        }
        if let Some(original) = step.repeats.filter(|_| arrow) {
            block.add(Sort::Again, &format!("↻ step {} again", original.saturating_add(1)));
        }
        block
    }

    pub(super) fn height(&self) -> f64 {
        LINE * self.lines.len() as f64
    }

    fn add(&mut self, sort: Sort, text: &str) {
        let column = match sort {
            Sort::Sentence => SENTENCE_COLUMN,
            Sort::Label | Sort::Detail | Sort::Again | Sort::Section => DETAIL_COLUMN,
        };
        let room = (WIDTH / column) as usize;
        let text = clean(text, Glyphs::Unicode);
        let lines = wrap(&text, room, room).into_iter().filter(|line| !line.is_empty());
        self.lines.extend(lines.map(|text| Line { sort, text }));
    }

    /// Its lines from `top` on.
    pub(super) fn draw(&self, out: &mut String, x: f64, top: f64) {
        for (i, line) in self.lines.iter().enumerate() {
            let y = top + LINE * i as f64 + 12.0;
            let (ink, font) = match line.sort {
                Sort::Label => (Ink::Text, "11"),
                Sort::Detail => (Ink::Dim, "11"),
                Sort::Again => (Ink::Lost, "11"),
                Sort::Sentence => (Ink::Text, "12.5"),
                Sort::Section => (Ink::Link, "11"),
            };
            let face = match line.sort {
                Sort::Sentence | Sort::Section => String::new(),
                Sort::Label | Sort::Detail | Sort::Again => format!(" font-family=\"{MONO}\""),
            };
            let (x, y, ink) = (px(x), px(y), ink.fill());
            let text = format!(
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{font}\"{face} {ink}>{}</text>",
                escaped(&line.text)
            );
            match link(&line.text).filter(|_| line.sort == Sort::Section) {
                Some(link) => write!(out, "<a href=\"{}\">{text}</a>", escaped(&link)),
                None => write!(out, "{text}"),
            }
            .expect("a string takes everything");
        }
    }
}

/// Where `RFC 9293 §3.5` can be read.
pub(crate) fn link(section: &str) -> Option<String> {
    let mut words = section.split([' ', ',', ':']).filter(|word| !word.is_empty());
    if words.next()? != "RFC" {
        return None;
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = words.next().filter(|number| is_number(number))?;
    let part = words.next().and_then(|word| word.strip_prefix('§')).unwrap_or_default();
    let part = part.trim_end_matches('.');
    let known = part.split('.').all(is_number);
    let anchor = if known { format!("#section-{part}") } else { String::new() };
    Some(format!("https://www.rfc-editor.org/rfc/rfc{number}{anchor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_leads_to_where_it_can_be_read() {
        let to = |section| link(section).unwrap_or_default();
        assert_eq!(to("RFC 9293 §3.5"), "https://www.rfc-editor.org/rfc/rfc9293#section-3.5");
        assert_eq!(to("RFC 826"), "https://www.rfc-editor.org/rfc/rfc826");
        assert_eq!(to("RFC 9293 §3.10.7.4, fifth"), to("RFC 9293 §3.10.7.4"));
        assert_eq!(to("RFC 6298 §A.1"), "https://www.rfc-editor.org/rfc/rfc6298");
        assert_eq!(to("Stevens, chapter 18"), "");
        assert_eq!(to("RFC <b>"), "");
    }
}
