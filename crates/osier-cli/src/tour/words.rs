//! What is said before the ladder and after it?

use super::capture::{Capture, FILE};
use super::far::Far;
use super::kernel::TAP;
use super::screen::Screen;
use super::story::{Cast, capital};
use super::track::Side;
use super::walk::server;
use crate::exit::Failure;
use osier_time::Duration;

/// What the tour saw and does not tell.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// Segments that the kernel sent again while the user read.
    pub(crate) again: usize,
    /// Frames of other protocols and connections.
    pub(crate) others: usize,
}

/// What is known when both ends are through.
pub(crate) struct Ending {
    pub(crate) screen: Screen,
    pub(crate) far: Far,
    pub(crate) cast: Cast,
    pub(crate) closer: Option<Side>,
    /// How long the first to close will stay in TIME-WAIT.
    pub(crate) waits: Option<Duration>,
    pub(crate) capture: Capture,
    pub(crate) left_out: LeftOut,
}

/// What was refused, the remedy, and what comes instead.
pub(crate) fn refusal(screen: &Screen, failure: &Failure) {
    screen.say(&format!(
        "The tour is to show osier and the Linux kernel at both ends of a wire, but the system \
         does not allow it here: {failure}."
    ));
}

/// Who is about to talk to whom, and how it is watched.
pub(crate) fn introduction(screen: &Screen, far: &Far) {
    let server = server();
    match far {
        Far::Kernel(kernel) => screen.say(&format!(
            "A program fetches a page: {}. Its TCP is the Linux kernel's, on the left. The page \
             comes from osier, on the right, a TCP/IP stack in user space. Between them is {TAP}, \
             a TAP in a network of their own. Each frame is held until both ends have told their \
             state (the kernel by sock_diag); the times leave the holding out.",
            kernel.words()
        )),
        Far::Memory(_) => screen.say(&format!(
            "Here both ends are osier: two hosts in memory with a wire between them. The one on \
             the left fetches a page from {server}, on the right. Each frame is held until both \
             ends have told their state; the times leave the holding out."
        )),
    }
    screen.say(
        "Sequence numbers are counted from the start of the connection, those on the wire follow \
         in brackets.",
    );
}

/// What it came to, and what was drawn of it.
pub(crate) fn conclusion(ending: Ending, drawn: &[String]) {
    let Ending { screen, far, cast, closer, waits, capture, left_out } = ending;
    println!();
    time_wait(&screen, &cast, closer, waits);
    what_was_left_out(&screen, &left_out);
    program(&screen, far);
    screen.say(&capture.words());
    drawn.iter().for_each(|sentence| screen.say(sentence));
    try_next(&screen, closer);
}

fn time_wait(screen: &Screen, cast: &Cast, closer: Option<Side>, waits: Option<Duration>) {
    let Some(closer) = closer else {
        return screen.say("The connection was broken off, so nobody has to wait in TIME-WAIT.");
    };
    let name = cast.name(closer);
    let Some(waits) = waits else {
        return screen.say(&format!("{} closed first.", capital(name)));
    };
    let other = cast.name(closer.other());
    screen.say(&format!(
        "{} closed first, therefore TIME-WAIT is with {name}: for {waits} more it keeps the \
         connection's addresses, ports and numbers, answers {other} should its FIN come again, and \
         lets no straggler into a new connection. RFC 9293 §3.6.1 asks for two maximum segment \
         lifetimes, which §3.4.2 takes to be four minutes; Linux waits 60 s, and so does osier.",
        capital(name)
    ));
}

fn what_was_left_out(screen: &Screen, left_out: &LeftOut) {
    if left_out.again > 0 {
        screen.say(&format!(
            "While you were reading, the kernel's clock ran on: {} times it took a frame for lost \
             and sent it again. Those are left out.",
            left_out.again
        ));
    }
    if left_out.others > 0 {
        screen.say(&format!("{} frames of other protocols are left out.", left_out.others));
    }
}

/// What the program got.
fn program(screen: &Screen, far: Far) {
    match far {
        Far::Memory(memory) => {
            screen.say(&format!("The client got an answer of {} octets.", memory.got()));
        }
        Far::Kernel(kernel) => {
            let result = kernel.finish();
            let octets = result.printed.len();
            match result.status {
                Some(status) if status.success() => {
                    screen.say(&format!("The program printed the page, {octets} octets."));
                }
                Some(_) => {
                    let complaint = result.complaint.trim();
                    screen.say(&format!("The program complained: {complaint}"));
                }
                None => screen.say("The program has not ended; it is ended now."),
            }
        }
    }
}

/// Three commands.
fn try_next(screen: &Screen, closer: Option<Side>) {
    let osier = command();
    let other = match closer {
        Some(Side::Client) => "server",
        Some(Side::Server) | None => "client",
    };
    screen.lines("Try next:");
    screen.command(&format!("{osier} --step --close {other}"));
    screen.command(&format!("tshark -r {FILE}"));
    screen.command(&format!(
        "sudo {} serve --link tap:{TAP} --addr 10.71.0.2/24 --peer 10.71.0.1/24",
        sudoed(&osier)
    ));
}

/// How this program was called.
fn command() -> String {
    if std::env::var_os("CARGO").is_some() {
        return "cargo run --release --".into();
    }
    std::env::args().next().unwrap_or_else(|| "osier".into())
}

/// What to type behind `sudo`, which knows no cargo.
fn sudoed(osier: &str) -> &str {
    if osier.starts_with("cargo ") { "target/release/osier" } else { osier }
}
