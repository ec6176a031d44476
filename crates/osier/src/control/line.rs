//! What does a line of the control socket say?
//!
//! Names and units are for people with `jq`: addresses as text, times in microseconds. Fields may
//! be added; a reader ignores those that it does not know.

use crate::capture_status::CaptureStatus;
use crate::stack::Stack;
use osier_host::{PathInfo, SocketInfo};
use osier_time::Instant;
use osier_wire::Protocol;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One line: `{"type":"stack",…}`, `{"type":"socket",…}` or `{"type":"counter",…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// First: the stack itself.
    Stack {
        /// Version of osier.
        version: String,
        /// The link, as it was named on the command line: `tap:osier0`.
        link: String,
        /// The process.
        pid: u32,
        /// Microseconds since the stack was started.
        uptime_us: u64,
        /// `off`, `writing`, or why the capture ended.
        capture: String,
    },
    /// Then every socket.
    Socket(SocketLine),
    /// Then every counter.
    Counter {
        /// Its name: `dropped_outside_window`.
        name: String,
        /// How often that happened.
        value: u64,
    },
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketLine {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The state as RFC 9293 §3.3.2 writes it; none for UDP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Our end.
    pub local: SocketAddr,
    /// Their end, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<SocketAddr>,
    /// Octets to be read; of a listener: connections to be accepted.
    pub receive_queue: u32,
    /// Octets not yet acknowledged; of a listener: its backlog.
    pub send_queue: u32,
    /// The alarm that is due next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<TimerLine>,
    /// Expiries of the retransmission timer in a row.
    #[serde(default)]
    pub retransmits: u8,
    /// Smoothed round-trip time in microseconds, once measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srtt_us: Option<u64>,
    /// Congestion window in octets; 0 where there is none.
    pub cwnd: u32,
    /// The largest segment that may be sent, in octets of text; 0 where it is not known.
    pub mss: u16,
    /// The name of congestion control: `cubic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion: Option<String>,
    /// The fields of Linux's `tcp_info` by their names, without the prefix `tcpi_`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tcp_info: BTreeMap<String, u64>,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerLine {
    /// Which: `retransmit`, `delayed_ack`, …
    pub name: String,
    /// Microseconds until it is due.
    pub due_us: u64,
}

/// All lines of a stack, in order.
pub(super) fn lines(stack: &Stack, link: &str) -> Vec<Line> {
    let now = stack.now();
    let capture = match stack.capture_status() {
        CaptureStatus::Off => "off".to_owned(),
        CaptureStatus::Writing => "writing".to_owned(),
        CaptureStatus::Stopped(why) => why,
    };
    let first = Line::Stack {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        link: link.to_owned(),
        pid: std::process::id(),
        uptime_us: now.as_micros(),
        capture,
    };
    let sockets = stack.sockets_with_info();
    let sockets = sockets.iter().map(|(socket, path)| Line::Socket(line(socket, path, now)));
    let counters = stack.counters().into_iter();
    let counters = counters.map(|(name, value)| Line::Counter { name: name.to_owned(), value });
    std::iter::once(first).chain(sockets).chain(counters).collect()
}

fn line(socket: &SocketInfo, path: &Option<PathInfo>, now: Instant) -> SocketLine {
    let mut line = SocketLine::of(socket, now);
    if let Some(path) = path {
        line.congestion = Some(path.congestion.to_owned()).filter(|name| !name.is_empty());
        let fields = path.tcp.fields();
        line.tcp_info = fields.map(|(name, value)| (name.to_owned(), value)).collect();
    }
    line
}

impl SocketLine {
    /// A socket as it is now.
    pub fn of(socket: &SocketInfo, now: Instant) -> Self {
        SocketLine {
            protocol: protocol_name(socket.protocol),
            state: socket.state.map(|state| state.name().to_owned()),
            local: socket.local,
            remote: socket.remote,
            receive_queue: socket.receive_queue,
            send_queue: socket.send_queue,
            timer: socket.timer.map(|(timer, at)| TimerLine {
                name: snake_case(&format!("{timer:?}")),
                due_us: at.since(now).as_micros(),
            }),
            retransmits: socket.retransmits,
            srtt_us: socket.srtt.map(|srtt| srtt.as_micros()),
            cwnd: socket.cwnd,
            mss: socket.mss,
            congestion: None,
            tcp_info: BTreeMap::new(),
        }
    }
}

fn protocol_name(protocol: Protocol) -> String {
    protocol.to_string().to_lowercase()
}

/// `DelayedAck` -> `delayed_ack`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{Line, SocketLine, snake_case};
    use osier_host::SocketInfo;
    use osier_tcp::{State, Timer};
    use osier_time::{Duration, Instant};
    use osier_wire::Protocol;

    #[test]
    fn a_line_is_what_jq_and_a_newer_reader_expect() {
        let socket = SocketInfo {
            protocol: Protocol::TCP,
            state: Some(State::FinWait1),
            local: "10.71.0.2:80".parse().unwrap(),
            remote: Some("10.71.0.1:40000".parse().unwrap()),
            receive_queue: 0,
            send_queue: 1,
            timer: Some((Timer::DelayedAck, Instant::from_millis(45))),
            retransmits: 2,
            srtt: Some(Duration::from_micros(212)),
            cwnd: 14_600,
            mss: 1_460,
        };
        let line = Line::Socket(SocketLine::of(&socket, Instant::from_millis(5)));
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(
            text,
            "{\"type\":\"socket\",\"protocol\":\"tcp\",\"state\":\"FIN-WAIT-1\",\
             \"local\":\"10.71.0.2:80\",\"remote\":\"10.71.0.1:40000\",\"receive_queue\":0,\
             \"send_queue\":1,\"timer\":{\"name\":\"delayed_ack\",\"due_us\":40000},\
             \"retransmits\":2,\"srtt_us\":212,\"cwnd\":14600,\"mss\":1460}"
        );
        let newer = text.replace("\"cwnd\"", "\"since_then\":true,\"cwnd\"");
        assert_eq!(serde_json::from_str::<Line>(&newer).unwrap(), line);
    }

    #[test]
    fn names_of_alarms_are_written_like_all_other_names() {
        assert_eq!(snake_case("DelayedAck"), "delayed_ack");
        assert_eq!(snake_case("Retransmit"), "retransmit");
    }
}
