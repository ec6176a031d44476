//! Whatever is drawn: no line is too wide, no word is lost, colour changes nothing but colour, and
//! a page is well-formed.

use osier_ladder::{
    Band, Caption, Curve, Drawer, End, Fate, Glyphs, Ladder, Look, State, Step, Style, Unit, What,
    Why,
};
use osier_time::{Duration, Instant};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

/// Any text: empty, wide, combining, control characters, long words.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<String>(),
        1 => Just(String::new()),
        1 => "[漢字한글🎉é\u{301}\u{200d}\u{202e}\x1b\t\n a]{0,90}",
        1 => "[a-z]{60,200}",
        1 => "[<>&\"'\u{0}\u{b}\u{fffe}\u{ffff}]{1,20}",
        1 => "([a-z=0-9]{1,12} ){0,20}",
    ]
}

fn state() -> impl Strategy<Value = Option<State>> {
    let band = prop_oneof![Just(Band::Dotted), Just(Band::Thin), Just(Band::Thick)];
    prop::option::of((text(), band).prop_map(|(name, band)| State { name, band }))
}

fn end() -> impl Strategy<Value = End> {
    (text(), prop::collection::vec(text(), 0..3), state()).prop_map(|(name, details, state)| End {
        name,
        details,
        state,
    })
}

/// Mostly of the size of a real one, sometimes absurd.
fn instant() -> impl Strategy<Value = Instant> {
    prop_oneof![0..100_000_u64, 0..2_000_000_000_u64, any::<u64>()].prop_map(Instant::from_nanos)
}

fn what() -> impl Strategy<Value = What> {
    let fate = prop_oneof![instant().prop_map(Fate::Arrived), Just(Fate::Lost)];
    let ends = prop_oneof![9 => 0..4_usize, 1 => any::<usize>()];
    prop_oneof![
        3 => (ends.clone(), ends.clone(), fate).prop_map(|(from, to, fate)| What::Segment {
            from,
            to,
            fate,
        }),
        1 => ends.prop_map(|end| What::Note { end }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let words = (text(), prop::collection::vec(text(), 0..3), text(), prop::option::of(text()));
    let states = prop::collection::vec(state(), 0..5);
    (instant(), what(), words, states, prop::option::of(any::<usize>())).prop_map(
        |(at, what, (label, details, sentence, section), states, repeats)| Step {
            at,
            what,
            label,
            details,
            states,
            why: Some(Why { sentence, section }),
            repeats,
        },
    )
}

fn ladder() -> impl Strategy<Value = Ladder> {
    (prop::collection::vec(end(), 0..5), prop::collection::vec(step(), 0..6))
        .prop_map(|(ends, steps)| Ladder { ends, steps })
}

fn curve() -> impl Strategy<Value = Curve> {
    let values = prop::collection::vec(prop_oneof![0..100_u64, any::<u64>()], 0..9);
    let unit = prop_oneof![Just(Unit::Number), Just(Unit::Octets), Just(Unit::Nanoseconds)];
    (text(), prop_oneof![0..1_000_u64, any::<u64>()], values, unit).prop_map(
        |(title, every, values, unit)| Curve {
            title,
            every: Duration::from_nanos(every),
            values,
            unit,
        },
    )
}

fn look(width: usize, glyphs: Glyphs) -> Look {
    Look { width, glyphs, style: Style::Plain }
}

/// Takes out the colour sequences that we write, and nothing else.
fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\x1b[0");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |out, piece| {
        let end = piece.find('m').expect("a colour sequence ends in m");
        assert!(piece[..end].chars().all(|c| c == ';' || c.is_ascii_digit()), "{piece:?}");
        out + &piece[end + 1..]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_line_is_wider_than_the_look_allows(ladder in ladder(), width in 0..500_usize) {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let limit = Drawer::new(&ladder.ends, look(width, glyphs)).width();
            let least = 40.max(13 + 10 * ladder.ends.len().saturating_sub(1));
            prop_assert_eq!(limit, width.clamp(least, 400));
            for line in ladder.draw(look(width, glyphs)).lines() {
                prop_assert!(line.width() <= limit, "{} columns: {line:?}", line.width());
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
                prop_assert!(glyphs == Glyphs::Unicode || line.is_ascii(), "{line:?}");
            }
        }
    }

    #[test]
    fn colour_changes_nothing_but_the_colour(ladder in ladder(), width in 40..100_usize) {
        let plain = look(width, Glyphs::Unicode);
        let coloured = ladder.draw(Look { style: Style::Colour, ..plain });
        let bare: Vec<String> =
            without_colour(&coloured).lines().map(|line| line.trim_end().to_owned()).collect();
        let expected = ladder.draw(plain);
        prop_assert_eq!(bare, expected.lines().map(str::trim_end).collect::<Vec<_>>());
    }

    /// Words of up to seven characters fit everywhere, so that none may be broken, and none lost.
    #[test]
    fn no_word_of_a_label_a_detail_or_a_sentence_is_lost(
        words in prop::collection::vec("[a-z]{1,4}", 1..40),
        what in what(),
        ends in 2..5_usize,
        width in 40..120_usize,
    ) {
        let said = |at: usize| {
            let tagged = words.iter().skip(at).step_by(3).enumerate();
            tagged.map(|(i, word)| format!("{at}{word}{i}")).collect::<Vec<_>>()
        };
        let (label, detail, sentence) = (said(0), said(1), said(2));
        let step = Step {
            at: Instant::from_nanos(0),
            what,
            label: label.join(" "),
            details: vec![detail.join(" ")],
            states: Vec::new(),
            why: Some(Why { sentence: sentence.join(" "), section: None }),
            repeats: None,
        };
        let ends = vec![End::new("e"); ends];
        let drawing = Ladder { ends, steps: vec![step] }.draw(look(width, Glyphs::Unicode));
        for word in label.iter().chain(&detail).chain(&sentence) {
            prop_assert!(drawing.contains(word.as_str()), "{word} is not in\n{drawing}");
        }
    }

    #[test]
    fn json_of_any_ladder_is_json(ladder in ladder()) {
        let json: serde_json::Value = serde_json::from_str(&ladder.to_json()).unwrap();
        prop_assert_eq!(json["steps"].as_array().unwrap().len(), ladder.steps.len());
        for (told, step) in json["steps"].as_array().unwrap().iter().zip(&ladder.steps) {
            prop_assert_eq!(told["label"].as_str().unwrap(), &step.label);
        }
        for span in ladder.spans() {
            prop_assert!(span.end < ladder.ends.len());
            prop_assert!(span.until.is_none_or(|until| span.from.is_none_or(|at| at <= until)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Well-formed, every step once, nothing outside of the page, and no number that is none.
    #[test]
    fn a_page_of_any_ladder_is_well_formed(
        ladder in ladder(),
        title in text(),
        more in text(),
        curve in curve(),
    ) {
        let caption = Caption::new(title).text(more).curve(curve);
        let svg = ladder.to_svg(&caption);
        for text in [svg.clone(), ladder.to_html(&caption)] {
            let dtd = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
            let page = roxmltree::Document::parse_with_options(&text, dtd).unwrap();
            let steps = page.descendants().filter(|n| n.attribute("class") == Some("l-step"));
            prop_assert_eq!(steps.count(), ladder.steps.len());
        }
        prop_assert!(svg.lines().all(|line| !line.chars().any(char::is_control)));
        let page = roxmltree::Document::parse(&svg).unwrap();
        let number = |name| page.root_element().attribute(name).unwrap().parse::<f64>().unwrap();
        let (width, height) = (number("width"), number("height"));
        for node in page.descendants() {
            for place in ["d", "transform", "width", "height"] {
                let place = node.attribute(place).unwrap_or_default();
                prop_assert!(!place.contains("NaN") && !place.contains("inf"), "{place}");
            }
            for (name, limit) in [("x", width), ("y", height)] {
                let at = node.attribute(name).map_or(0.0, |at| at.parse::<f64>().unwrap());
                prop_assert!((0.0..=limit).contains(&at), "{name}={at} of {limit}");
            }
        }
    }
}
