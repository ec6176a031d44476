//! Drawings judged: what stands where, which way arrows point, what is folded, what is kept.

use osier_ladder::{Band, Drawer, End, Fate, Glyphs, Ladder, Look, State, Step, Style};
use osier_time::Instant;

fn us(n: u64) -> Instant {
    Instant::from_nanos(n * 1_000)
}

fn two() -> Vec<End> {
    vec![End::new("client"), End::new("server")]
}

fn sent(at: u64, from: usize, label: &str) -> Step {
    Step::segment(us(at), from, 1 - from, Fate::Arrived(us(at + 40)), label)
}

fn drawn(steps: Vec<Step>) -> Vec<String> {
    let ladder = Ladder { ends: two(), steps };
    ladder.draw(Look::default()).lines().map(String::from).collect()
}

/// The row that begins with this step's number.
fn row(lines: &[String], step: usize) -> &str {
    let number = format!("{step:>2} ");
    lines.iter().find(|line| line.starts_with(&number)).expect("the step is drawn")
}

fn column(line: &str, glyph: char) -> Option<usize> {
    line.chars().position(|c| c == glyph)
}

/// Counted by hand: a margin of 12 columns, lifelines in columns 12 and 59, words from column 17.
#[test]
fn a_small_ladder_looks_as_it_was_sketched_on_paper() {
    let ladder = Ladder {
        ends: vec![
            End::new("client").detail("10.0.0.1").state(State::new("CLOSED", Band::Dotted)),
            End::new("server").state(State::new("LISTEN", Band::Dotted)),
        ],
        steps: vec![
            sent(7, 0, "SYN seq=0 mss=1460")
                .state(0, "SYN-SENT")
                .state(1, "SYN-RECEIVED")
                .why("The client asks for a connection, and waits for an answer.", "RFC 9293 §3.5"),
            sent(77, 1, "SYN,ACK seq=0 ack=1 mss=1460 sackOK ws=7")
                .state(0, State::new("ESTABLISHED", Band::Thick))
                .state(1, "SYN-RECEIVED"),
            Step::note(us(3_577), 0, "close()").state(0, "FIN-WAIT-1"),
        ],
    };
    let sketch = "
            client                                    server
 #     time 10.0.0.1
            ┬                                              ┬
            ├ CLOSED                                LISTEN ┤
            ┊                                              ┊
 1     0 µs ├─── SYN seq=0 mss=1460 ──────────────────────►┊
            ├ SYN-SENT                        SYN-RECEIVED ┤
            │    The client asks for a connection, and     │
            │    waits for an answer.       RFC 9293 §3.5  │
            │                                              │
 2    70 µs │◄── SYN,ACK seq=0 ack=1 mss=1460 sackOK ──────┤
            │    ws=7                                      │
            ┠ ESTABLISHED                                  │
            ┃                                              │
            ┃                                              │
 3 3.570 ms ┃ ● close()                                    │
            ├ FIN-WAIT-1                                   │
            │                                              │
            ┴                                              ┴
";
    let drawing = ladder.draw(Look { width: 60, ..Look::default() });
    assert_eq!(drawing, sketch.trim_start_matches('\n'), "\n{drawing}");
}

#[test]
fn an_arrow_begins_at_its_sender_and_points_at_its_receiver() {
    let lines = drawn(vec![sent(0, 0, "there"), sent(50, 1, "and back")]);
    let there = row(&lines, 1);
    assert_eq!((column(there, '├'), column(there, '►')), (Some(12), Some(78)), "{there}");
    let back = row(&lines, 2);
    assert_eq!((column(back, '◄'), column(back, '┤')), (Some(13), Some(79)), "{back}");
}

#[test]
fn a_lost_segment_ends_in_a_cross_before_it_reaches_anybody() {
    for label in ["", "short", &"long label ".repeat(9)] {
        let lost = |from| Step::segment(us(0), from, 1 - from, Fate::Lost, label);
        let lines = drawn(vec![lost(0), lost(1)]);
        let (there, back) = (row(&lines, 1), row(&lines, 2));
        let cross = column(there, '✗').unwrap();
        assert!((52..75).contains(&cross) && there[..].ends_with('│'), "{there}");
        assert!((16..40).contains(&column(back, '✗').unwrap()), "{back}");
        for line in [there, back] {
            assert!(!line.contains(['►', '◄']) && line.contains("lost"), "{line}");
        }
    }
}

#[test]
fn a_long_way_makes_an_arrow_slope_and_tells_when_it_arrived() {
    let step = Step::segment(us(0), 0, 1, Fate::Arrived(us(30_000)), "SYN")
        .state(0, "SYN-SENT")
        .state(1, "SYN-RECEIVED");
    let lines = drawn(vec![step]);
    let leaves = lines.iter().position(|l| l.starts_with(" 1     0 µs ├─── SYN ───")).unwrap();
    let elbow = column(&lines[leaves], '╮').unwrap();
    assert!(lines[leaves + 1].contains("├ SYN-SENT"), "the sender's state as it leaves");
    assert_eq!(lines[leaves + 1].chars().nth(elbow), Some('│'), "in flight");
    assert!(lines[leaves + 2].starts_with("   30.00 ms │"), "{}", lines[leaves + 2]);
    assert_eq!(column(&lines[leaves + 2], '╰'), Some(elbow));
    assert!(lines[leaves + 2].ends_with("──►│"));
    assert!(lines[leaves + 3].ends_with("SYN-RECEIVED ┤"), "the receiver's as it arrives");
}

#[test]
fn room_grows_with_a_gap_and_a_long_gap_is_folded() {
    let between = |gap: u64| {
        let lines = drawn(vec![sent(0, 0, "one"), sent(gap, 0, "two")]);
        let rows = lines.iter().position(|l| l.starts_with(" 2")).unwrap()
            - lines.iter().position(|l| l.starts_with(" 1")).unwrap();
        let mark = lines.iter().find(|l| l.contains('⋮')).map(|l| l.trim().to_owned());
        (rows - 1, mark)
    };
    assert_eq!(between(40), (0, None));
    assert_eq!(between(400), (1, None));
    assert_eq!(between(4_000), (2, None));
    assert_eq!(between(40_000), (3, None));
    let (rows, mark) = between(1_200_000);
    assert_eq!(rows, 3);
    let mark = mark.expect("a mark");
    assert!(mark.starts_with("⋮ 1.2 s") && mark.ends_with('⋮'), "{mark}");
}

#[test]
fn times_that_would_read_the_same_are_told_as_a_difference() {
    let at = [0, 272_700, 272_710, 272_770, 272_800, 272_800];
    let lines = drawn(at.iter().map(|&at| sent(at, 0, "x")).collect());
    let told = |step| row(&lines, step)[2..].split(['├', '│']).next().unwrap().trim().to_owned();
    let expected = ["0 µs", "272.7 ms", "+10 µs", "+60 µs", "272.8 ms", "272.8 ms"];
    assert_eq!([1, 2, 3, 4, 5, 6].map(told), expected);
}

#[test]
fn a_step_that_repeats_another_names_it() {
    let lines = drawn(vec![
        Step::segment(us(0), 0, 1, Fate::Lost, "data"),
        sent(212_000, 0, "data").repeats(0),
    ]);
    assert!(lines.iter().any(|line| line.contains("↑ step 1 again")), "{lines:#?}");
}

#[test]
fn a_state_is_named_when_it_changes_and_not_again() {
    let lines = drawn(vec![
        sent(0, 0, "one").state(0, "OPEN"),
        sent(40, 0, "two").state(0, "OPEN"),
        sent(80, 0, "three").state(0, "SHUT"),
    ]);
    let named = |name: &str| lines.iter().filter(|line| line.contains(name)).count();
    assert_eq!((named("OPEN"), named("SHUT")), (1, 1));
}

#[test]
fn a_section_that_does_not_fit_beside_its_sentence_stands_below_it() {
    // Columns 17 to 76 are for words: 60, of which the section and two spaces take 15.
    let fits = "x".repeat(60 - 15);
    for (sentence, rows) in [(fits.clone(), 1), (fits + "x", 2)] {
        let lines = drawn(vec![sent(0, 0, "one").why(&sentence, "RFC 9293 §3.5")]);
        let first = lines.iter().position(|line| line.contains(&sentence)).unwrap();
        assert!(lines[first + rows - 1].ends_with("  RFC 9293 §3.5  │"), "{}", lines.join("\n"));
    }
}

#[test]
fn the_drawer_hands_out_the_same_ladder_piece_by_piece() {
    let steps = vec![sent(0, 0, "one").why("Because.", "§1"), sent(200_000, 1, "two")];
    let ladder = Ladder { ends: two(), steps };
    let mut drawer = Drawer::new(&ladder.ends, Look::default());
    let mut pieces = drawer.header();
    for step in &ladder.steps {
        let piece = drawer.step(step);
        assert!(piece.ends_with('\n') && piece.contains(&step.label));
        pieces.push_str(&piece);
    }
    pieces.push_str(&drawer.footer());
    assert_eq!(pieces, ladder.draw(Look::default()));
}

#[test]
fn plain_ascii_is_ascii_and_an_arrow_in_it_is_an_arrow() {
    let steps = vec![
        sent(0, 0, "µ → é").state(0, State::new("OPEN", Band::Thick)).why("Because…", "RFC 1 §2"),
        Step::segment(us(900_000), 1, 0, Fate::Arrived(us(930_000)), "slow"),
        Step::segment(us(930_100), 1, 0, Fate::Lost, "gone").repeats(1),
        Step::note(us(930_200), 1, "end"),
    ];
    let look = Look { glyphs: Glyphs::Ascii, ..Look::default() };
    let drawing = Ladder { ends: two(), steps }.draw(look);
    assert!(drawing.is_ascii(), "{drawing}");
    let parts = [
        "+--- u -> ? ---",
        "--->|",
        "~ 900 ms",
        "+ OPEN",
        "#<------'",
        "lost X-",
        "^ step 2",
        "end *",
    ];
    for part in parts {
        assert!(drawing.contains(part), "{part} is missing in\n{drawing}");
    }
}

#[test]
fn bytes_of_a_peer_cannot_reach_the_terminal() {
    let evil = "\x1b[2J\x1b]0;owned\x07\u{9b}31m\r\u{202e}";
    let step = sent(0, 0, evil).detail(evil).state(0, evil).why(evil, evil);
    let ladder =
        Ladder { ends: vec![End::new(evil).detail(evil), End::new("b")], steps: vec![step] };
    let drawing = ladder.draw(Look::default());
    assert!(!drawing.chars().any(|c| c.is_control() && c != '\n'), "{drawing:?}");
    assert!(drawing.contains("␛[2J␛]0;owned␇?31m"), "{drawing}");
    let coloured = ladder.draw(Look { style: Style::Colour, ..Look::default() });
    assert!(!coloured.contains("\x1b[2J") && !coloured.contains('\u{202e}'));
    assert!(!ladder.to_json().chars().any(char::is_control));
}

#[test]
fn the_json_says_what_the_ladder_says() {
    let steps = vec![
        sent(1, 0, "say \"hi\"\n\\").detail("d").state(1, "OPEN").why("Because.", "RFC 1 §2"),
        Step::segment(us(2), 1, 0, Fate::Lost, "x").repeats(0),
        Step::note(us(3), 1, "end"),
    ];
    let ladder = Ladder { ends: vec![End::new("a").state("S"), End::new("b")], steps };
    let json: serde_json::Value = serde_json::from_str(&ladder.to_json()).unwrap();
    let expected = serde_json::json!({
        "ends": [
            {"name": "a", "details": [], "state": {"name": "S", "band": "thin"}},
            {"name": "b", "details": [], "state": null},
        ],
        "steps": [
            {"at_ns": 1_000, "what": "segment", "from": 0, "to": 1, "lost": false,
             "arrived_ns": 41_000, "label": "say \"hi\"\n\\", "details": ["d"],
             "states": [null, {"name": "OPEN", "band": "thin"}],
             "why": "Because.", "section": "RFC 1 §2", "repeats": null},
            {"at_ns": 2_000, "what": "segment", "from": 1, "to": 0, "lost": true,
             "arrived_ns": null, "label": "x", "details": [], "states": [],
             "why": null, "section": null, "repeats": 0},
            {"at_ns": 3_000, "what": "note", "end": 1, "label": "end", "details": [],
             "states": [], "why": null, "section": null, "repeats": null},
        ],
        "spans": [
            {"end": 0, "state": {"name": "S", "band": "thin"}, "from_ns": null, "until_ns": null},
            {"end": 1, "state": {"name": "OPEN", "band": "thin"}, "from_ns": 41_000,
             "until_ns": null},
        ],
    });
    assert_eq!(json, expected);
}

#[test]
fn a_state_lasts_from_the_segment_that_brings_it_until_the_next() {
    let arrives = |at, from| Step::segment(us(at), from, 1 - from, Fate::Arrived(us(at + 40)), "x");
    let mut ends = two();
    ends[1] = ends[1].clone().state("LISTEN");
    let steps = vec![
        arrives(10, 0).state(0, "CALLING").state(1, "CALLED"),
        arrives(50, 1).state(0, "OPEN").state(1, "CALLED"),
        Step::segment(us(90), 0, 1, Fate::Lost, "x").state(0, "SHUT"),
    ];
    let spans = Ladder { ends, steps }.spans();
    let told = spans.iter().map(|span| (span.end, span.state.name.as_str(), span.from, span.until));
    let at = |n| Some(us(n));
    let expected = [
        (1, "LISTEN", None, at(50)),
        (0, "CALLING", at(10), at(90)),
        (1, "CALLED", at(50), None),
        (0, "OPEN", at(90), at(90)),
        (0, "SHUT", at(90), None),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn a_part_of_a_story_tells_its_times_from_the_beginning_of_the_whole() {
    let mut drawer = Drawer::new(&two(), Look::default()).counting_from(us(0));
    let text = drawer.step(&sent(7_000_000, 0, "SYN"));
    assert!(text.contains("7.000 s") && !text.contains('⋮'), "{text}");
}
