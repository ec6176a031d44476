//! What does a drawn ladder say? Read back from its ASCII form, 80 columns wide.

/// The states of RFC 9293 §3.3.2.
const STATES: [&str; 11] = [
    "CLOSED",
    "LISTEN",
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
];

/// The column of the left lifeline.
const LEFT: usize = 12;

/// One of the two lifelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// The segments in order, by sender and flags, and the states that each end passed through.
#[derive(Debug)]
pub(crate) struct Ladder {
    pub(crate) segments: Vec<(Side, String)>,
    pub(crate) left: Vec<String>,
    pub(crate) right: Vec<String>,
    times: Vec<String>,
}

impl Ladder {
    pub(crate) fn read(text: &str) -> Self {
        let (left, right) = (Vec::new(), Vec::new());
        let mut ladder = Ladder { segments: Vec::new(), left, right, times: Vec::new() };
        for line in text.lines().filter(|line| line.len() == 80 && line.is_ascii()) {
            let (margin, rest) = line.split_at(LEFT);
            if let Some((before, _)) = rest.split_once(" seq=") {
                let flags = before.rsplit(' ').next().unwrap_or_default().to_owned();
                let side = if before.contains("<--") { Side::Right } else { Side::Left };
                ladder.segments.push((side, flags));
            } else {
                ladder.read_states(rest);
            }
            if margin[..2].trim().parse::<u32>().is_ok() {
                ladder.times.push(margin[2..].trim().to_owned());
            }
        }
        ladder
    }

    /// A row of states has nothing else between the lifelines.
    fn read_states(&mut self, row: &str) {
        let words: Vec<&str> = row[1..row.len() - 1].split_whitespace().collect();
        if words.is_empty() || !words.iter().all(|word| STATES.contains(word)) {
            return;
        }
        match words[..] {
            [left, right] => {
                self.left.push(left.into());
                self.right.push(right.into());
            }
            [state] if row[1..].starts_with(&format!(" {state}")) => self.left.push(state.into()),
            [state] => self.right.push(state.into()),
            _ => panic!("three states in a row: {row}"),
        }
    }

    /// These segments occur in this order; others may stand between them.
    pub(crate) fn has_in_order(&self, wanted: &[(Side, &str)]) {
        let mut segments = self.segments.iter();
        for (side, flags) in wanted {
            assert!(
                segments.any(|(s, f)| s == side && f == flags),
                "no {flags} from {side:?} in its place: {:?}",
                self.segments
            );
        }
    }

    /// The last time that is told as a number of its own, in whole milliseconds.
    pub(crate) fn last_time_in_ms(&self) -> u64 {
        let time = self.times.iter().rev().find(|time| !time.starts_with('+'));
        let (number, unit) = time.and_then(|time| time.split_once(' ')).expect("a time");
        let whole: u64 = number.split('.').next().unwrap().parse().expect("a number");
        match unit {
            "us" => whole / 1000,
            "ms" => whole,
            _ => whole * 1000,
        }
    }
}
