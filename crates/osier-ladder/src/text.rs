//! How is text made harmless, measured and wrapped?
//!
//! A label may hold bytes of a peer: a control character could move the cursor or colour the
//! screen, a bidirectional mark could turn the line around, a pile of combining marks could climb
//! out of it. None of them comes through. Width is that of UAX #11.

use crate::look::Glyphs;
use unicode_width::UnicodeWidthChar;

/// `text` in one line of characters that each take one column or two, single spaces between words.
pub(crate) fn clean(text: &str, glyphs: Glyphs) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars() {
            push_harmless(c, glyphs, &mut out);
        }
    }
    out
}

fn push_harmless(c: char, glyphs: Glyphs, out: &mut String) {
    match (glyphs, c) {
        (_, ' '..='~') => out.push(c),
        (Glyphs::Ascii, _) => out.push_str(ascii(c)),
        (Glyphs::Unicode, _) => match c {
            // The picture of the control character: ␛ for ESC.
            '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('?')),
            '\u{7f}' => out.push('\u{2421}'),
            '\u{80}'..='\u{9f}' => out.push('?'),
            // Marks without a width: joiners, bidirectional marks, accents set apart from letters.
            _ if column_width(c) == 0 => {}
            _ => out.push(c),
        },
    }
}

/// The characters that our own sentences use, by ASCII's means.
fn ascii(c: char) -> &'static str {
    match c {
        'µ' | 'μ' => "u",
        '§' => "sec. ",
        '→' => "->",
        '←' => "<-",
        '…' => "...",
        '–' | '—' | '−' => "-",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        '×' => "x",
        '≤' => "<=",
        '≥' => ">=",
        '⋮' => "~",
        _ if c.is_control() || column_width(c) > 0 => "?",
        _ => "",
    }
}

pub(crate) fn column_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

pub(crate) fn width(text: &str) -> usize {
    text.chars().map(column_width).sum()
}

/// `text` in lines at most `rest` columns wide, the first at most `first`. The first line is empty
/// where not even a word fits there. A word wider than `rest` is broken. Needs `rest >= 2`.
pub(crate) fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    debug_assert!(rest >= 2, "a wide character takes two columns");
    let mut lines = vec![String::new()];
    let (mut used, mut room) = (0, first);
    for word in text.split_whitespace() {
        let needed = width(word);
        let space = usize::from(used > 0);
        if used + space + needed <= room {
            if space > 0 {
                lines.last_mut().expect("never empty").push(' ');
            }
            lines.last_mut().expect("never empty").push_str(word);
            used += space + needed;
            continue;
        }
        if used > 0 || lines.len() == 1 && first < rest {
            lines.push(String::new());
            room = rest;
        }
        used = push_broken(word, room, rest, &mut lines);
        room = if lines.len() == 1 { first } else { rest };
    }
    lines
}

/// Puts `word` on the last line, which is empty and has `room`, and on as many more as it takes.
/// Returns how wide the last one is.
fn push_broken(word: &str, mut room: usize, rest: usize, lines: &mut Vec<String>) -> usize {
    let mut used = 0;
    for c in word.chars() {
        if used + column_width(c) > room {
            lines.push(String::new());
            (used, room) = (0, rest);
        }
        lines.last_mut().expect("never empty").push(c);
        used += column_width(c);
    }
    used
}

/// `text` cut to at most `limit` columns.
pub(crate) fn clip(text: &str, limit: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += column_width(*c);
        used <= limit
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_harm_a_terminal_is_shown_and_not_done() {
        assert_eq!(clean("a\x1b[31mb\x07", Glyphs::Unicode), "a␛[31mb␇");
        assert_eq!(clean("a\x1b[31mb\u{9b}", Glyphs::Ascii), "a?[31mb?");
        assert_eq!(clean("one\n\ttwo\r\n", Glyphs::Unicode), "one two");
        assert_eq!(clean("a\u{202e}b\u{200d}c\u{301}d", Glyphs::Unicode), "abcd");
    }

    #[test]
    fn our_own_signs_have_an_ascii_form() {
        assert_eq!(clean("RFC 9293 §3.5 → 3 µs", Glyphs::Ascii), "RFC 9293 sec. 3.5 -> 3 us");
        assert_eq!(clean("漢", Glyphs::Ascii), "?");
    }

    #[test]
    fn words_are_wrapped_and_only_long_ones_broken() {
        assert_eq!(wrap("one two three", 20, 20), ["one two three"]);
        assert_eq!(wrap("one two three", 7, 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 3, 9), ["one", "two three"]);
        assert_eq!(wrap("seventeen", 3, 4), ["", "seve", "ntee", "n"]);
        assert_eq!(wrap("seventeen x", 4, 4), ["seve", "ntee", "n x"]);
        assert_eq!(wrap("漢字漢", 5, 5), ["漢字", "漢"]);
        assert_eq!(wrap("", 5, 5), [""]);
    }
}
