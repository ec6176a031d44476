//! Can what must be seen be read, at every size?

use super::draw;
use crate::look::Look;
use crate::model::{Key, Model};
use crate::player::Player;
use crate::source::Source;
use osier_lab::scenario::{SHIPPED, shipped};
use osier_ladder::{Glyphs, Style};
use ratatui_core::backend::TestBackend;
use ratatui_core::buffer::Buffer;
use ratatui_core::style::{Color, Modifier};
use ratatui_core::terminal::Terminal;

const COLOUR: Look = Look { glyphs: Glyphs::Unicode, style: Style::Colour };
const PLAIN: Look = Look { glyphs: Glyphs::Unicode, style: Style::Plain };
const ASCII: Look = Look { glyphs: Glyphs::Ascii, style: Style::Plain };

fn model(name: &str) -> Model {
    let text = shipped(name).expect("it is shipped").text.to_owned();
    let source = Source { file: format!("{name}.toml"), text };
    Model::new(Player::new(source, 1).expect("it is well formed"))
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        model.on_key(Key::Char(key));
    }
}

fn drawn(model: &Model, look: Look, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("it is memory");
    terminal.draw(|frame| draw(model, look, frame.buffer_mut())).expect("it is memory");
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let symbols: Vec<&str> = buffer.content.iter().map(|cell| cell.symbol()).collect();
    symbols.chunks(width).map(|row| row.concat() + "\n").collect()
}

fn shows(model: &Model, size: (u16, u16), wanted: &[&str]) {
    let text = text(&drawn(model, COLOUR, size));
    for wanted in wanted {
        assert!(text.contains(wanted), "`{wanted}` at {size:?} in\n{text}");
    }
}

#[test]
fn a_small_window_shows_states_causes_timers_and_what_is_under_way() {
    let mut model = model("three-way-handshake");
    let start = ["[SYN-SENT]", "[LISTEN]", "retransmit 1 s", "SYN►", "step 0", "paused", "? q"];
    shows(&model, (80, 24), &start);
    press(&mut model, "p");
    let answered = [
        "[SYN-RECEIVED]",
        "LISTEN → SYN-RECEIVED by SYN",
        "a SYN",
        "RFC 9293 §3.5",
        "◄SYN,ACK",
        "still under way: arrives in",
    ];
    shows(&model, (80, 24), &answered);
    press(&mut model, "v");
    let packet =
        ["packet 2 of 2: server → client", "under way, arrives in", "10.0.0.2 to 10.0.0.1"];
    shows(&model, (80, 24), &packet);
    for _ in 0..9 {
        model.on_key(Key::Down);
    }
    shows(&model, (80, 24), &["port 80 to", "SYN,ACK", "option: MSS 1460"]);
}

#[test]
fn a_large_window_shows_ladder_and_packet_side_by_side_and_the_ways_between_states() {
    let mut model = model("half-close");
    press(&mut model, "pp");
    let wanted = [
        "└─────┬─────┘",
        "[FIN-WAIT-1]",
        "what has happened",
        "packet",
        "sequence number",
        "checksum right",
        "still under way: arrives in 10 ms",
        "loss recovery",
    ];
    shows(&model, (120, 40), &wanted);
}

#[test]
fn the_state_is_lit_and_the_one_before_is_marked_with_and_without_colour() {
    let mut model = model("three-way-handshake");
    press(&mut model, "p");
    for look in [COLOUR, PLAIN] {
        let buffer = drawn(&model, look, (80, 24));
        let lit: String = buffer
            .content
            .iter()
            .filter(|cell| cell.modifier.contains(Modifier::REVERSED))
            .map(|cell| cell.symbol())
            .collect();
        assert!(lit.contains("[SYN-SENT]") && lit.contains("[SYN-RECEIVED]"), "{lit}");
        let left: String = buffer
            .content
            .iter()
            .filter(|cell| cell.modifier.contains(Modifier::UNDERLINED))
            .map(|cell| cell.symbol())
            .collect();
        assert!(left.contains("CLOSED") && left.contains("LISTEN"), "{left}");
        let coloured = buffer.content.iter().any(|cell| cell.fg != Color::Reset);
        assert_eq!(coloured, look == COLOUR);
    }
    let plain = text(&drawn(&model, ASCII, (80, 24)));
    assert!(plain.is_ascii() && plain.contains("[SYN-RECEIVED]"), "{plain}");
}

#[test]
fn every_scenario_is_drawn_at_every_size_and_nothing_panics() {
    let sizes = [(1, 1), (7, 3), (20, 5), (39, 12), (40, 19), (80, 24), (109, 60), (200, 20)];
    for shipped in SHIPPED.iter().filter(|shipped| !shipped.name.starts_with("bufferbloat")) {
        let mut model = model(shipped.name);
        for keys in ["", "ppv", "eet", "?", "xv", "l"] {
            press(&mut model, keys);
            for size in sizes {
                drawn(&model, COLOUR, size);
            }
        }
    }
    let mut model = model("black-hole");
    press(&mut model, "pppp");
    for width in 0..60 {
        for height in 0..30 {
            drawn(&model, ASCII, (width, height));
        }
    }
}

const THREE: &str = "title = 'three'
length = '1s'
[hosts.a]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[hosts.c]
address = '10.0.0.3/24'
[switches.s]
[[links]]
between = ['a', 's']
delay = '1ms'
[[links]]
between = ['b', 's']
delay = '1ms'
[[links]]
between = ['c', 's']
delay = '1ms'
[[programs]]
on = 'c'
server = 80
[[programs]]
on = 'a'
client = 'c:80'
[[programs]]
on = 'b'
client = 'c:80'
";

#[test]
fn of_more_hosts_than_fit_the_others_are_a_key_away() {
    let source = Source { file: "three.toml".into(), text: THREE.into() };
    let mut model = Model::new(Player::new(source, 1).expect("it is well formed"));
    shows(&model, (80, 24), &["a 10.0.0.1 (1 of 3)", "b 10.0.0.2 (2 of 3)", "ARP who has"]);
    press(&mut model, "h");
    shows(&model, (80, 24), &["b 10.0.0.2 (2 of 3)", "c 10.0.0.3 (3 of 3)"]);
    shows(&model, (120, 40), &["a 10.0.0.1", "b 10.0.0.2", "c 10.0.0.3"]);
    press(&mut model, "eeeeeeeeeeee");
    shows(&model, (80, 24), &["1 more (n)"]);
}

#[test]
fn a_ladder_longer_than_the_window_ends_in_sight_and_is_scrolled_back() {
    let mut model = model("zero-window");
    for _ in 0..60 {
        press(&mut model, "p");
    }
    let end = text(&drawn(&model, COLOUR, (80, 24)));
    assert!(!end.contains("SYN seq=0") && end.contains('┴'), "{end}");
    for _ in 0..200 {
        model.on_key(Key::PageUp);
    }
    shows(&model, (80, 24), &["SYN seq=0", "lines below"]);
}

#[test]
fn times_are_told_since_the_beginning_however_late_it_is() {
    let mut model = model("time-wait-kept");
    press(&mut model, ">>>>>>>>>>");
    let late = model.player().run().elapsed();
    assert!(late > osier_time::Duration::from_secs(10), "{late}");
    press(&mut model, "p");
    let now = model.player().run().elapsed();
    let seconds = format!("{}", now.as_secs());
    let shown = text(&drawn(&model, COLOUR, (100, 40)));
    let told = shown.lines().filter(|line| line.contains(" s ") && line.contains(&seconds));
    assert!(told.count() > 1, "{now} in the heading and in the ladder:\n{shown}");
}
