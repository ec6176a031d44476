//! Does a call give what the script says, beside its result?
//!
//! What differs is told in the words of scripts: names of events, numbers of options, control
//! messages by level and type.

use crate::names::events_named;
use crate::plan::{Shown, Wanted};
use crate::stack::{Control, ControlData, Given};

/// What was expected and what was given, where they differ.
pub(super) fn difference(wanted: &Wanted, given: &Given) -> Option<(String, String)> {
    let (expected, found) = match (wanted, given) {
        (Wanted::Nothing | Wanted::Descriptor | Wanted::Ends(..), _) => return None,
        (Wanted::Octets(expected, how), Given::Octets(found)) => {
            (octets(expected, *how), octets(found, *how))
        }
        (Wanted::Octets(expected, how), found) => (octets(expected, *how), shown(found)),
        (Wanted::Event(events, data), Given::Events(found)) => {
            // Without an event the script writes zeros.
            let first = found.first().copied().unwrap_or((0, 0));
            (event(*events, *data), event(first.0, first.1))
        }
        (Wanted::Event(events, data), found) => (event(*events, *data), shown(found)),
        (Wanted::Number(number), found) => (number.to_string(), shown(found)),
        (Wanted::Ready(expected), found) => (ready(expected), shown(found)),
        (Wanted::Message(flags, control), found) => (message(*flags, control), shown(found)),
    };
    (expected != found).then_some((expected, found))
}

fn shown(given: &Given) -> String {
    match given {
        Given::Nothing => "nothing".to_owned(),
        Given::Number(number) => number.to_string(),
        Given::Octets(found) => octets(found, Shown::Text),
        Given::Ready(found) => ready(found),
        Given::Events(found) => {
            let all: Vec<_> = found.iter().map(|(events, data)| event(*events, *data)).collect();
            if all.is_empty() { "no event".to_owned() } else { all.join(", ") }
        }
        Given::Ends(from, to) => format!("the ends {from} and {to}"),
        Given::Message { flags, control } => message(*flags, control),
    }
}

fn octets(octets: &[u8], how: Shown) -> String {
    match (how, octets.try_into()) {
        (Shown::Number, Ok(number)) => i32::from_le_bytes(number).to_string(),
        _ => format!("\"{}\"", octets.escape_ascii()),
    }
}

fn ready(revents: &[i32]) -> String {
    let all: Vec<_> = revents.iter().map(|events| events_named("POLL", *events as u32)).collect();
    format!("revents {}", all.join(", "))
}

fn event(events: u32, data: u64) -> String {
    format!("events {} with data {data}", events_named("EPOLL", events))
}

fn message(flags: i32, control: &[Control]) -> String {
    let shown = |one: &Control| {
        let data = match &one.data {
            ControlData::Number(number) => number.to_string(),
            ControlData::ExtendedError([errno, origin, kind, code, info, data]) => format!(
                "ee_errno={errno}, ee_origin={origin}, ee_type={kind}, ee_code={code}, \
                 ee_info={info}, ee_data={data}"
            ),
        };
        format!("a control message of level {} and type {} ({data})", one.level, one.kind)
    };
    let control: Vec<String> = control.iter().map(shown).collect();
    let control = if control.is_empty() { "no control message".into() } else { control.join(", ") };
    format!("flags {flags:#x} and {control}")
}

#[cfg(test)]
mod tests {
    use super::difference;
    use crate::plan::{Shown, Wanted};
    use crate::stack::{Control, ControlData, Given};

    fn told(wanted: &Wanted, given: &Given) -> String {
        let (expected, found) = difference(wanted, given).expect("they differ");
        format!("{expected} / {found}")
    }

    #[test]
    fn what_differs_is_told_in_the_words_of_scripts() {
        assert_eq!(told(&Wanted::Number(9), &Given::Number(10)), "9 / 10");
        let ready = told(&Wanted::Ready(vec![0x2001, 0]), &Given::Ready(vec![4, 0x800]));
        assert_eq!(ready, "revents POLLIN|POLLRDHUP, 0 / revents POLLOUT, 0x800");
        let event = told(&Wanted::Event(1 | 1 << 31, 7), &Given::Events(vec![]));
        assert_eq!(event, "events EPOLLIN|EPOLLET with data 7 / events 0 with data 0");
        let inq = |n| vec![Control { level: 6, kind: 36, data: ControlData::Number(n) }];
        let found = Given::Message { flags: 0, control: inq(600) };
        let message = told(&Wanted::Message(0x20, inq(601)), &found);
        assert!(
            message.starts_with("flags 0x20 and a control message of level 6 and type 36 (601)")
        );
        assert!(message.ends_with("(600)"), "{message}");
        assert_eq!(told(&Wanted::Number(9), &Given::Nothing), "9 / nothing");
    }

    #[test]
    fn what_is_as_expected_is_no_difference() {
        let octets = Wanted::Octets(vec![1, 0, 0, 0], Shown::Number);
        assert_eq!(difference(&octets, &Given::Octets(vec![1, 0, 0, 0])), None);
        assert_eq!(difference(&Wanted::Nothing, &Given::Number(3)), None);
        assert_eq!(difference(&Wanted::Event(0, 0), &Given::Events(vec![])), None);
    }
}
