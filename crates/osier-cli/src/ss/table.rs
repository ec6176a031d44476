//! How is a socket written in a line?
//!
//! The columns and names of iproute2's `ss`. A column is as wide as its widest entry.

use osier::control::{SocketLine, TimerLine};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// Columns whose entries are aligned; the timer stands behind them.
const COLUMNS: usize = 6;

/// The head of the table.
const HEAD: [&str; COLUMNS] =
    ["Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port"];

/// All sockets, each in a line, with one more about the path where that is wanted.
pub(super) fn table<'a>(sockets: impl Iterator<Item = &'a SocketLine>, info: bool) -> String {
    let sockets: Vec<&SocketLine> = sockets.collect();
    let rows: Vec<[String; COLUMNS]> = sockets.iter().map(|socket| row(socket)).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, entry) in widths.iter_mut().zip(row) {
            *width = (*width).max(entry.len());
        }
    }
    let mut text = String::new();
    write_row(&mut text, &widths, &HEAD.map(str::to_owned), "Timer");
    for (socket, row) in sockets.iter().zip(&rows) {
        write_row(&mut text, &widths, row, &timer(socket));
        if info {
            text.push_str(&super::info::line(socket));
        }
    }
    text
}

fn write_row(text: &mut String, widths: &[usize], row: &[String; COLUMNS], timer: &str) {
    let mut line = String::new();
    for (width, entry) in widths.iter().zip(row) {
        // Writing to a String cannot fail.
        let _ = write!(line, "{entry:<width$} ");
    }
    line.push_str(timer);
    let _ = writeln!(text, "{}", line.trim_end());
}

fn row(socket: &SocketLine) -> [String; COLUMNS] {
    [
        socket.protocol.clone(),
        state(socket).to_owned(),
        socket.receive_queue.to_string(),
        socket.send_queue.to_string(),
        end(socket.local),
        socket.remote.map_or_else(|| "*:*".to_owned(), end),
    ]
}

/// The name that `ss` gives a state of RFC 9293 §3.3.2.
fn state(socket: &SocketLine) -> &str {
    match socket.state.as_deref() {
        Some("ESTABLISHED") => "ESTAB",
        Some("SYN-RECEIVED") => "SYN-RECV",
        Some(state) => state,
        None if socket.remote.is_some() => "ESTAB",
        None => "UNCONN",
    }
}

/// An end of a connection: not mapped into IPv6, and `*` for every address of either version.
fn end(mut at: SocketAddr) -> String {
    at.set_ip(at.ip().to_canonical());
    let port = if at.port() == 0 { "*".to_owned() } else { at.port().to_string() };
    match at {
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("*:{port}"),
        SocketAddr::V6(v6) => format!("[{}]:{port}", v6.ip()),
        SocketAddr::V4(v4) => format!("{}:{port}", v4.ip()),
    }
}

/// The alarm that is due next, as `ss -o` writes it: `timer:(on,200ms,0)`, the last number being
/// how often in a row the retransmission timer has expired, or how many probes are unanswered.
fn timer(socket: &SocketLine) -> String {
    let Some(TimerLine { name, due_us }) = &socket.timer else { return String::new() };
    let name = match name.as_str() {
        _ if socket.state.as_deref() == Some("TIME-WAIT") => "timewait",
        "retransmit" => "on",
        "fin_wait2" => "finwait2",
        "keep_alive" => "keepalive",
        "delayed_ack" => "ack",
        other => other,
    };
    let probes = socket.tcp_info.get("probes").copied().unwrap_or(0);
    let times = match name {
        "persist" | "keepalive" => probes,
        _ => u64::from(socket.retransmits),
    };
    format!("timer:({name},{},{times})", span(*due_us))
}

/// `850us`, `200ms`, `4.5sec`, `1min30sec`.
fn span(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros}us"),
        1_000..1_000_000 => format!("{}ms", micros / 1_000),
        1_000_000..10_000_000 => {
            format!("{}.{}sec", micros / 1_000_000, micros / 100_000 % 10)
        }
        10_000_000..60_000_000 => format!("{}sec", micros / 1_000_000),
        _ => format!("{}min{}sec", micros / 60_000_000, micros / 1_000_000 % 60),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::collections::BTreeMap;

    pub(in crate::ss) fn connection() -> SocketLine {
        SocketLine {
            protocol: "tcp".to_owned(),
            state: Some("ESTABLISHED".to_owned()),
            local: "[::ffff:10.71.0.2]:80".parse().unwrap(),
            remote: Some("[::ffff:10.71.0.1]:40000".parse().unwrap()),
            receive_queue: 0,
            send_queue: 2896,
            timer: Some(TimerLine { name: "retransmit".to_owned(), due_us: 200_400 }),
            retransmits: 1,
            srtt_us: Some(212),
            cwnd: 14_480,
            mss: 1_448,
            congestion: Some("cubic".to_owned()),
            tcp_info: BTreeMap::from([("rto".to_owned(), 204_000)]),
        }
    }

    #[test]
    fn a_connection_is_written_as_ss_writes_it() {
        let text = table([&connection()].into_iter(), true);
        assert_eq!(
            text,
            "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Timer\n\
             tcp   ESTAB 0      2896   10.71.0.2:80       10.71.0.1:40000   timer:(on,200ms,1)\n\
             \t cubic rto:204\n"
        );
    }

    #[test]
    fn a_timer_that_probes_tells_how_many_probes_are_unanswered() {
        let mut socket = connection();
        socket.tcp_info.insert("probes".to_owned(), 4);
        socket.timer = Some(TimerLine { name: "keep_alive".to_owned(), due_us: 75_000_000 });
        assert_eq!(timer(&socket), "timer:(keepalive,1min15sec,4)");
    }

    #[test]
    fn listeners_and_datagrams_have_no_peer() {
        let mut socket = connection();
        (socket.local, socket.remote) = ("[::]:7".parse().unwrap(), None);
        (socket.protocol, socket.state, socket.timer) = ("udp".to_owned(), None, None);
        socket.tcp_info.clear();
        let text = table([&socket].into_iter(), true);
        assert!(text.ends_with("udp   UNCONN 0      2896   *:7                *:*\n"), "{text}");
    }

    #[test]
    fn times_are_short() {
        let spans = [999, 40_000, 1_500_000, 59_000_000, 61_000_000].map(span);
        assert_eq!(spans, ["999us", "40ms", "1.5sec", "59sec", "1min1sec"]);
    }
}
