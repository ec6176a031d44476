//! What does every socket of a running osier do?
//!
//! Asks the control sockets of this user's stacks, and shows the answer as `ss` of iproute2 does:
//! its columns, its names of states, its flags, and the alarm that is due next.

mod info;
mod table;

use crate::exit::{Failure, Outcome};
use osier::control::{self, Line, SocketLine};
use std::io;
use std::path::{Path, PathBuf};

/// What may follow `osier ss`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// TCP only
    #[arg(short, long)]
    tcp: bool,
    /// UDP only
    #[arg(short, long)]
    udp: bool,
    /// Listening sockets only
    #[arg(short, long)]
    listening: bool,
    /// Listening sockets too
    #[arg(short, long)]
    all: bool,
    /// Accepted for habit: ports and addresses are always numbers
    #[arg(short, long)]
    numeric: bool,
    /// Accepted for habit: timers are always shown
    #[arg(short, long)]
    options: bool,
    /// What the connection knows: round trip, windows, segments, losses, as `ss -i` has it
    #[arg(short, long)]
    info: bool,
    /// The counters of every layer
    #[arg(long)]
    counters: bool,
    /// The lines of the control socket as they are
    #[arg(long)]
    json: bool,
    /// Ask only the stack that serves at this socket (repeatable)
    #[arg(long, value_name = "PATH")]
    control: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let mut shown = 0;
    let asked = if args.control.is_empty() { found()? } else { args.control.clone() };
    for path in &asked {
        let lines = match control::ask(path) {
            Ok(lines) => lines,
            // A stack that was killed leaves its socket behind.
            Err(error) if args.control.is_empty() && is_dead(&error) => continue,
            Err(error) => return Err(refused(path, &error)),
        };
        if shown > 0 && !args.json {
            println!();
        }
        show(args, &lines);
        shown += 1;
    }
    if shown == 0 { Err(nobody()) } else { Ok(()) }
}

fn found() -> Result<Vec<PathBuf>, Failure> {
    control::find().map_err(|error| refused(&control::directory(), &error))
}

fn is_dead(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}

fn refused(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Failure::refused(format!("{path} belongs to another user"))
                .remedy("ask as that user: sudo osier ss")
        }
        _ if is_dead(error) => Failure::not_so(format!("no osier serves at {path}"))
            .remedy("`osier serve --control PATH` does"),
        _ => Failure::refused(format!("{path} gave no answer: {error}")),
    }
}

fn nobody() -> Failure {
    let folder = control::directory();
    Failure::not_so(format!("no osier is running here (no control socket in {})", folder.display()))
        .remedy("start one: osier serve --link tap:osier0 --addr 10.71.0.2/24 --peer 10.71.0.1/24")
}

fn show(args: &Args, lines: &[Line]) {
    if args.json {
        for line in lines.iter().filter(|line| is_wanted_line(args, line)) {
            match serde_json::to_string(line) {
                Ok(text) => println!("{text}"),
                Err(error) => eprintln!("osier: {error}"),
            }
        }
        return;
    }
    for line in lines {
        if let Line::Stack { link, pid, capture, .. } = line {
            let capture =
                if capture == "off" { String::new() } else { format!(", capture {capture}") };
            println!("{link} (process {pid}{capture})");
        }
    }
    let sockets = lines.iter().filter_map(|line| match line {
        Line::Socket(socket) if is_wanted(args, socket) => Some(socket),
        _ => None,
    });
    print!("{}", table::table(sockets, args.info));
    if args.counters {
        for line in lines {
            if let Line::Counter { name, value } = line
                && *value > 0
            {
                println!("{value:>12}  {name}");
            }
        }
    }
}

fn is_wanted_line(args: &Args, line: &Line) -> bool {
    match line {
        Line::Stack { .. } => true,
        Line::Socket(socket) => is_wanted(args, socket),
        Line::Counter { .. } => args.counters,
    }
}

fn is_wanted(args: &Args, socket: &SocketLine) -> bool {
    let protocol = match (args.tcp, args.udp) {
        (true, false) => socket.protocol == "tcp",
        (false, true) => socket.protocol == "udp",
        _ => true,
    };
    let listens = match &socket.state {
        Some(state) => state == "LISTEN",
        None => socket.remote.is_none(),
    };
    protocol && (args.all || listens == args.listening)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(protocol: &str, state: Option<&str>, remote: Option<&str>) -> SocketLine {
        SocketLine {
            protocol: protocol.to_owned(),
            state: state.map(str::to_owned),
            local: "[::]:80".parse().unwrap(),
            remote: remote.map(|at| at.parse().unwrap()),
            receive_queue: 0,
            send_queue: 0,
            timer: None,
            retransmits: 0,
            srtt_us: None,
            cwnd: 0,
            mss: 0,
            congestion: None,
            tcp_info: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn flags_choose_as_those_of_ss_do() {
        let listener = socket("tcp", Some("LISTEN"), None);
        let connection = socket("tcp", Some("TIME-WAIT"), Some("10.0.0.1:4000"));
        let datagrams = socket("udp", None, None);
        let chosen = |args: Args| {
            [&listener, &connection, &datagrams].map(|socket| is_wanted(&args, socket))
        };
        assert_eq!(chosen(Args::default()), [false, true, false]);
        assert_eq!(chosen(Args { listening: true, ..Args::default() }), [true, false, true]);
        assert_eq!(chosen(Args { all: true, ..Args::default() }), [true, true, true]);
        assert_eq!(chosen(Args { all: true, tcp: true, ..Args::default() }), [true, true, false]);
        assert_eq!(chosen(Args { all: true, udp: true, ..Args::default() }), [false, false, true]);
    }

    #[test]
    fn nobody_to_ask_is_said_with_what_to_do() {
        let failure = nobody();
        assert_eq!(failure.code(), crate::exit::Code::NotSo);
        assert!(failure.to_string().contains("; start one: osier serve "));
    }
}
