//! Which colours, in light and in dark, and how does text become harmless in XML?
//!
//! Colours stand at each element, for programs that know no style sheets; a style sheet turns them
//! for dark screens. Colour is never the only sign: states have names, the lost a cross and a word.

use crate::look::Glyphs;
use crate::text::clean;
use std::fmt::Write;

/// The typeface of words.
pub(super) const SANS: &str =
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

/// The typeface of labels: each character takes the same room.
pub(super) const MONO: &str =
    "ui-monospace, Menlo, Consolas, 'Noto Sans Mono', 'DejaVu Sans Mono', monospace";

/// What a thing is coloured as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// The ground on which everything stands.
    Ground,
    /// Words.
    Text,
    /// Words that matter less.
    Dim,
    /// Lines that matter less.
    Line,
    /// A reference that can be followed.
    Link,
    /// An end, its arrows and its steps.
    End(usize),
    /// What did not arrive.
    Lost,
}

/// Blue, purple, green, brown: apart for those who cannot tell red from green.
const ENDS: [(&str, &str); 4] = [
    ("#0b62b0", "#74b9ff"),
    ("#8f2f8f", "#eb9be8"),
    ("#0a7350", "#62cfa3"),
    ("#8a5200", "#eab464"),
];

impl Ink {
    /// On a light ground, on a dark one.
    fn colours(self) -> (&'static str, &'static str) {
        match self {
            Ink::Ground => ("#ffffff", "#15191e"),
            Ink::Text => ("#1c2127", "#e8eaed"),
            Ink::Dim => ("#5c6670", "#a3adb8"),
            Ink::Line => ("#c3cad1", "#4a545f"),
            Ink::Link => ("#0b62b0", "#74b9ff"),
            Ink::Lost => ("#c0242b", "#ff8078"),
            Ink::End(end) => ENDS[end % ENDS.len()],
        }
    }

    fn name(self) -> String {
        match self {
            Ink::Ground => "g".into(),
            Ink::Text => "t".into(),
            Ink::Dim => "d".into(),
            Ink::Line => "l".into(),
            Ink::Link => "k".into(),
            Ink::Lost => "x".into(),
            Ink::End(end) => format!("e{}", end % ENDS.len()),
        }
    }

    /// The attributes of a thing that is filled with it.
    pub(super) fn fill(self) -> String {
        format!("class=\"lf-{}\" fill=\"{}\"", self.name(), self.colours().0)
    }

    /// The attributes of a thing that is outlined with it.
    pub(super) fn stroke(self) -> String {
        format!("class=\"ls-{}\" fill=\"none\" stroke=\"{}\"", self.name(), self.colours().0)
    }

    /// The attributes of words of this colour that keep clear of what lies below them.
    pub(super) fn words(self) -> String {
        let (words, ground) = (self.colours().0, Ink::Ground.colours().0);
        format!(
            "class=\"lf-{} ls-g\" fill=\"{words}\" stroke=\"{ground}\" stroke-width=\"4\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\"",
            self.name()
        )
    }
}

/// The style sheet: dark on a dark screen, never on paper.
pub(super) fn style() -> String {
    let inks = [Ink::Ground, Ink::Text, Ink::Dim, Ink::Line, Ink::Link, Ink::Lost];
    let mut rules = String::from(
        ".l-step:hover .l-arrow{stroke-width:2.8}.l-step:target .l-arrow{stroke-width:3.4}\
         @media screen and (prefers-color-scheme:dark){",
    );
    for ink in inks.into_iter().chain((0..ENDS.len()).map(Ink::End)) {
        let (name, dark) = (ink.name(), ink.colours().1);
        write!(rules, ".lf-{name}{{fill:{dark}}}.ls-{name}{{stroke:{dark}}}")
            .expect("a string takes everything");
    }
    rules + "}"
}

/// The fill and the edge of the `n`-th state that is neither nothing nor full: bright enough on a
/// dark ground, and dark enough at the edge on a light one.
pub(super) fn state(n: usize) -> (&'static str, &'static str) {
    const STATES: [(&str, &str); 8] = [
        ("#f7d488", "#a87400"),
        ("#d9c8f5", "#7550c4"),
        ("#a6ded6", "#17807a"),
        ("#f6bfcb", "#b33a5a"),
        ("#bcdcf8", "#2a72b5"),
        ("#dde39f", "#717a16"),
        ("#e6cdb0", "#85542a"),
        ("#cdd4dd", "#525f70"),
    ];
    STATES[n % STATES.len()]
}

/// The fill and the edge of a state that is fully there.
pub(super) const FULL: (&str, &str) = ("#3fb37a", "#1c6b45");

/// Text in one line without characters that could do anything, escaped for XML 1.0.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text, Glyphs::Unicode).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML 1.0 §2.2 has no place for them; the other controls are pictures already.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A length or a place in pixels, to a tenth.
pub(super) fn px(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    // No "-0".
    format!("{}", tenths + 0.0)
}
