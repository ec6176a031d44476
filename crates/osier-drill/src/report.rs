//! How is a run told? As packetdrill tells it, and a difference side by side.

use crate::ast::packet::{Direction, Packet};
use crate::run::{Failure, Happened};
use osier_time::Duration;
use std::fmt::Write as _;

/// A line for each thing that happened (`-v`).
pub fn verbose(trace: &[Happened]) -> String {
    let mut out = String::new();
    for happened in trace {
        let _ = match happened {
            Happened::Packet(at, packet) => {
                let what = match packet.direction {
                    Direction::Inbound => "inbound injected",
                    Direction::Outbound => "outbound sniffed",
                };
                writeln!(out, "{what} packet: {} {packet}", time(*at))
            }
            Happened::Call { at, name, .. } => writeln!(out, "{name} syscall: {}", time(*at)),
        };
    }
    out
}

/// What was not as the script says, with expected and actual packet one above the other.
pub fn failure(file: &str, failure: &Failure) -> String {
    let mut out = format!("{file}:{}: {}\n", failure.at, failure.says);
    let mut line = |what: &str, (at, packet): &(Duration, Packet)| {
        let _ = writeln!(out, "{what} packet: {} {packet}", time(*at));
    };
    if let Some(expected) = &failure.expected {
        line("script", expected);
    }
    match (&failure.actual, &failure.expected) {
        (Some(actual), _) => line("actual", actual),
        (None, Some(_)) => out.push_str("actual packet: none\n"),
        (None, None) => {}
    }
    out
}

/// Seconds with six decimals, nine columns wide at least.
fn time(at: Duration) -> String {
    format!("{:>9}", crate::run::seconds(at))
}
