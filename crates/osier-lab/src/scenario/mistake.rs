//! How is a mistake in a scenario told?
//!
//! In one sentence: file, line and column, what is wrong, and what to write instead.

use core::fmt;

/// Words that differ in so many letters are still taken for each other.
const DIFFER_MAX: usize = 3;

/// Something in a scenario that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub says: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mistake { file, line, column, says, remedy } = self;
        write!(f, "{file}:{line}:{column}: {says}; {remedy}")
    }
}

impl core::error::Error for Mistake {}

/// A scenario as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'t> {
    pub(super) file: &'t str,
    pub(super) text: &'t str,
}

impl Source<'_> {
    /// A mistake at that octet of the text.
    pub(super) fn mistake(
        &self,
        at: usize,
        says: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Mistake {
        let before = (0..=at.min(self.text.len())).rev().find_map(|at| self.text.get(..at));
        let before = before.unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Mistake {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            says: says.into(),
            remedy: remedy.into(),
        }
    }
}

/// `did you mean x?`, or all that there is.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|known| (differ(word, known), *known)).min();
    match near {
        Some((letters, known)) if letters <= DIFFER_MAX.min(word.len().max(2) / 2) => {
            format!("did you mean `{known}`?")
        }
        _ if known.is_empty() => "there is none".to_owned(),
        _ => format!("there is {}", known.join(", ")),
    }
}

/// In how many letters two words differ (Levenshtein 1966).
pub(super) fn differ(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{Source, did_you_mean, differ};

    #[test]
    fn a_place_is_told_by_line_and_column() {
        let source = Source { file: "x.toml", text: "a = 1\nbü = 2\n" };
        let mistake = source.mistake(11, "no", "yes");
        assert_eq!(mistake.to_string(), "x.toml:2:5: no; yes");
        assert_eq!(source.mistake(9_999, "", "").line, 3);
    }

    #[test]
    fn a_word_nearly_right_is_recognised() {
        assert_eq!(differ("delai", "delay"), 1);
        assert_eq!(did_you_mean("delai", &["delay", "rate"]), "did you mean `delay`?");
        assert_eq!(did_you_mean("zzz", &["delay", "rate"]), "there is delay, rate");
    }
}
