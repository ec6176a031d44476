//! How does a program get the same ladder?
//!
//! As JSON (RFC 8259), every time in nanoseconds of the ladder's own clock, every text as it was
//! given: escaped, not cleaned.

use crate::ladder::{Band, End, Fate, Ladder, State, Step, What};
use crate::span::Span;
use osier_time::Instant;
use std::fmt::Write;

impl Ladder {
    /// The ladder as one JSON object: `{"ends":[…],"steps":[…],"spans":[…]}`.
    pub fn to_json(&self) -> String {
        let ends = list(self.ends.iter().map(End::to_json));
        let steps = list(self.steps.iter().map(Step::to_json));
        let spans = list(self.spans().iter().map(Span::to_json));
        object([("ends", ends), ("steps", steps), ("spans", spans)])
    }
}

impl Span {
    /// The span as one JSON object.
    pub fn to_json(&self) -> String {
        let time = |at: Option<Instant>| or_null(at.map(|at| at.as_nanos().to_string()));
        object([
            ("end", self.end.to_string()),
            ("state", state(&self.state)),
            ("from_ns", time(self.from)),
            ("until_ns", time(self.until)),
        ])
    }
}

impl End {
    /// The end as one JSON object.
    pub fn to_json(&self) -> String {
        object([
            ("name", text(&self.name)),
            ("details", list(self.details.iter().map(|line| text(line)))),
            ("state", or_null(self.state.as_ref().map(state))),
        ])
    }
}

impl Step {
    /// The step as one JSON object on one line, for a ladder that is told while it happens.
    pub fn to_json(&self) -> String {
        let mut members = vec![("at_ns", self.at.as_nanos().to_string())];
        match self.what {
            What::Segment { from, to, fate } => {
                let arrived = match fate {
                    Fate::Arrived(at) => Some(at.as_nanos().to_string()),
                    Fate::Lost => None,
                };
                members.push(("what", text("segment")));
                members.push(("from", from.to_string()));
                members.push(("to", to.to_string()));
                members.push(("lost", arrived.is_none().to_string()));
                members.push(("arrived_ns", or_null(arrived)));
            }
            What::Note { end } => {
                members.push(("what", text("note")));
                members.push(("end", end.to_string()));
            }
        }
        let section = self.why.as_ref().and_then(|why| why.section.as_deref());
        members.extend([
            ("label", text(&self.label)),
            ("details", list(self.details.iter().map(|line| text(line)))),
            ("states", list(self.states.iter().map(|s| or_null(s.as_ref().map(state))))),
            ("why", or_null(self.why.as_ref().map(|why| text(&why.sentence)))),
            ("section", or_null(section.map(text))),
            ("repeats", or_null(self.repeats.map(|step| step.to_string()))),
        ]);
        object(members)
    }
}

fn state(state: &State) -> String {
    let band = match state.band {
        Band::Dotted => "dotted",
        Band::Thin => "thin",
        Band::Thick => "thick",
    };
    object([("name", text(&state.name)), ("band", text(band))])
}

fn or_null(value: Option<String>) -> String {
    value.unwrap_or_else(|| "null".into())
}

fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

fn object(members: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let members = members.into_iter().map(|(name, value)| format!("{}:{value}", text(name)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// RFC 8259 §7: quotes, backslashes and control characters are escaped.
fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // Also those that a terminal would obey, should someone print the JSON there.
            c if c.is_control() => {
                write!(out, "\\u{:04x}", c as u32).expect("a string takes everything");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
