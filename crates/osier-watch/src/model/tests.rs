//! Does each key do what the table says?

use super::{Dialog, Key, Model, TABLE, Wish};
use crate::player::Player;
use crate::source::Source;
use osier_lab::Fate;
use osier_lab::scenario::shipped;
use osier_time::Duration;

fn model(name: &str) -> Model {
    let text = shipped(name).expect("it is shipped").text.to_owned();
    let source = Source { file: format!("{name}.toml"), text };
    Model::new(Player::new(source, 1).expect("it is well formed"))
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        assert_eq!(model.on_key(Key::Char(key)), Wish::None);
    }
}

fn now(model: &Model) -> Duration {
    model.player().run().elapsed()
}

#[test]
fn steps_go_forward_and_back_and_arrows_repeat_them() {
    let mut model = model("three-way-handshake");
    press(&mut model, "p");
    let first = (now(&model), model.player().steps());
    model.on_key(Key::Right);
    assert!(now(&model) > first.0);
    model.on_key(Key::Left);
    assert_eq!((now(&model), model.player().steps()), first);
    press(&mut model, "PPPP");
    assert_eq!(now(&model), Duration::ZERO);
    assert_eq!(model.said(), "this is the beginning");
    press(&mut model, ">");
    assert_eq!(now(&model), model.player().scenario().length() / 50);
    press(&mut model, "<");
    assert_eq!(now(&model), Duration::ZERO);
}

#[test]
fn time_passes_while_it_plays_and_only_then_and_as_fast_as_is_said() {
    let mut model = model("three-way-handshake");
    let second = Duration::from_secs(1);
    model.on_time(second);
    assert_eq!(now(&model), Duration::ZERO);
    press(&mut model, " ");
    model.on_time(second);
    assert_eq!(now(&model), Duration::from_millis(10), "a hundredth");
    press(&mut model, "+");
    model.on_time(second);
    assert_eq!(now(&model), Duration::from_millis(110), "a tenth");
    press(&mut model, " ");
    model.on_time(second);
    assert_eq!(now(&model), Duration::from_millis(110));
    model.on_key(Key::End);
    while model.is_moving() {
        model.on_time(second);
    }
    assert_eq!(now(&model), model.player().scenario().length());
    model.on_key(Key::Home);
    assert_eq!(model.player().steps(), 0);
}

#[test]
fn the_chosen_packet_is_dropped_and_that_is_taken_back() {
    let mut model = model("three-way-handshake");
    press(&mut model, "d");
    assert_eq!(model.said(), "when client sends the 1st segment to server: drop");
    let fate = |model: &Model| model.player().run().world().passages()[0].fate;
    assert!(matches!(fate(&model), Fate::Lost(_)));
    press(&mut model, "z");
    assert!(matches!(fate(&model), Fate::Arrives(_)));
    press(&mut model, "z");
    assert_eq!(model.said(), "nothing was done that could be");
}

#[test]
fn a_delay_is_asked_for_and_a_wrong_one_is_asked_again() {
    let mut model = model("three-way-handshake");
    press(&mut model, "l");
    assert!(matches!(&model.dialog, Dialog::Asks(_, typed) if typed == "1s"));
    model.on_key(Key::Backspace);
    press(&mut model, " parsecs");
    assert_eq!(model.on_key(Key::Enter), Wish::None);
    assert!(model.said().contains("no unit of a time"), "{}", model.said());
    assert!(matches!(&model.dialog, Dialog::Asks(..)));
    for _ in 0.." parsecs".len() {
        model.on_key(Key::Backspace);
    }
    press(&mut model, "00ms");
    model.on_key(Key::Enter);
    assert_eq!(model.said(), "when client sends the 1st segment to server: delay 100ms");
    press(&mut model, "l");
    model.on_key(Key::Escape);
    assert_eq!(model.dialog, Dialog::None);
}

#[test]
fn what_was_played_is_handed_out_to_be_written() {
    let mut model = model("three-way-handshake");
    press(&mut model, "ds");
    let Wish::Write { path, text } = model.on_key(Key::Enter) else { panic!("it is not saved") };
    assert_eq!(path, "three-way-handshake-played.toml");
    let event = "[[events]]\nwhen = \"client sends the 1st segment to server\"\ndo = \"drop\"\n";
    assert!(text.contains(event), "{text}");
}

#[test]
fn packets_are_chosen_among_those_under_way_and_leafed_through_among_all() {
    let mut model = model("simultaneous-open");
    assert_eq!(model.player().run().under_way().len(), 2);
    let first = model.chosen;
    model.on_key(Key::Tab);
    assert_ne!(model.chosen, first);
    model.on_key(Key::BackTab);
    assert_eq!(model.chosen, first);
    press(&mut model, "pppp[[[[[[");
    assert_eq!(model.chosen, Some(0));
    press(&mut model, "]");
    assert_eq!(model.chosen, Some(1));
}

#[test]
fn every_key_of_the_table_is_known_and_leaves_only_by_q() {
    let letters = TABLE.iter().flat_map(|(keys, _)| keys.split_whitespace());
    for letter in letters.filter_map(|key| key.parse::<char>().ok()).filter(char::is_ascii) {
        let mut model = model("half-close");
        let wish = model.on_key(Key::Char(letter));
        assert_eq!(wish, if letter == 'q' { Wish::Leave } else { Wish::None }, "{letter}");
        assert!(!model.said().contains("does nothing"), "{letter}");
    }
    let mut model = model("half-close");
    press(&mut model, "k");
    assert_eq!(model.said(), "k does nothing: ? shows what does");
    assert_eq!(model.on_key(Key::Interrupt), Wish::Interrupted);
}
