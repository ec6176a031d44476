//! Prints a three-way handshake, a request that had to be sent twice, and a four-way teardown.
//!
//! `cargo run -p osier-ladder --example handshake [-- --ascii] [--colour] [--width N]`, or with
//! `--json`, `--svg` or `--html`.

use osier_ladder::{Band, Caption, End, Fate, Glyphs, Ladder, Look, State, Step, Style};
use osier_time::Instant;

fn main() {
    let mut look = Look::default();
    let ladder = Ladder { ends: ends(), steps: steps() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--ascii" => look.glyphs = Glyphs::Ascii,
            "--colour" => look.style = Style::Colour,
            "--width" => {
                let width = arguments.next().and_then(|text| text.parse().ok());
                look.width = width.unwrap_or_else(|| fail("--width wants a number of columns"));
            }
            "--json" => {
                println!("{}", ladder.to_json());
                return;
            }
            "--svg" => {
                print!("{}", ladder.to_svg(&Caption::new("A connection")));
                return;
            }
            "--html" => {
                print!("{}", ladder.to_html(&Caption::new("A connection")));
                return;
            }
            other => fail(&format!("{other} is not known here")),
        }
    }
    print!("{}", ladder.draw(look));
}

fn fail(reason: &str) -> ! {
    eprintln!("{reason}");
    std::process::exit(2);
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

fn ends() -> Vec<End> {
    vec![
        End::new("client").detail("10.71.0.1:40312").state(closed("CLOSED")),
        End::new("server").detail("10.71.0.2:80").state(closed("LISTEN")),
    ]
}

fn closed(name: &str) -> State {
    State::new(name, Band::Dotted)
}

fn open(name: &str) -> State {
    State::new(name, Band::Thick)
}

fn micros(n: u64) -> Instant {
    Instant::from_nanos(n * 1_000)
}

/// A segment that took 40 µs.
fn sent(at: u64, from: usize, label: &str) -> Step {
    Step::segment(micros(at), from, 1 - from, Fate::Arrived(micros(at + 40)), label)
}

fn steps() -> Vec<Step> {
    [handshake(), exchange(), teardown()].concat()
}

fn handshake() -> Vec<Step> {
    vec![
        sent(0, CLIENT, "SYN seq=0 (2891238112) mss=1460 sackOK ws=7")
            .state(CLIENT, "SYN-SENT")
            .state(SERVER, "SYN-RECEIVED")
            .why(
                "The client asks for a connection and says where its numbering begins.",
                "RFC 9293 §3.5",
            ),
        sent(61, SERVER, "SYN,ACK seq=0 (77120033) ack=1 (2891238113) mss=1460 sackOK ws=7")
            .state(CLIENT, open("ESTABLISHED"))
            .why(
                "The server agrees, says where its own numbering begins, and acknowledges the \
                 client's SYN, which counts as one byte.",
                "RFC 9293 §3.5",
            ),
        sent(118, CLIENT, "ACK seq=1 (2891238113) ack=1 (77120034)")
            .state(SERVER, open("ESTABLISHED"))
            .why("Now the server knows that its SYN arrived. Both ends are open.", "RFC 9293 §3.5"),
    ]
}

fn exchange() -> Vec<Step> {
    let request = "PSH,ACK seq=1 (2891238113) ack=1 (77120034) len=76";
    vec![
        Step::segment(micros(400), CLIENT, SERVER, Fate::Lost, request).detail("GET / HTTP/1.1"),
        Step::note(micros(212_400), CLIENT, "retransmission timer expired (RTO 212 ms)"),
        Step::segment(micros(212_431), CLIENT, SERVER, Fate::Arrived(micros(242_431)), request)
            .repeats(3)
            .why("No acknowledgment came in time, so the same bytes go again.", "RFC 6298 §5.4"),
        Step::segment(
            micros(242_500),
            SERVER,
            CLIENT,
            Fate::Arrived(micros(272_500)),
            "PSH,ACK seq=1 (77120034) ack=77 (2891238189) len=512",
        )
        .detail("HTTP/1.1 200 OK"),
    ]
}

fn teardown() -> Vec<Step> {
    vec![
        Step::note(micros(272_700), CLIENT, "close()"),
        sent(272_710, CLIENT, "FIN,ACK seq=77 (2891238189) ack=513 (77120546)")
            .state(CLIENT, "FIN-WAIT-1")
            .state(SERVER, "CLOSE-WAIT")
            .why("The client has no more to say; it can still listen.", "RFC 9293 §3.6"),
        sent(272_770, SERVER, "ACK seq=513 (77120546) ack=78 (2891238190)")
            .state(CLIENT, "FIN-WAIT-2"),
        sent(275_100, SERVER, "FIN,ACK seq=513 (77120546) ack=78 (2891238190)")
            .state(SERVER, "LAST-ACK")
            .state(CLIENT, "TIME-WAIT")
            .why("The server closes as well.", "RFC 9293 §3.6"),
        sent(275_150, CLIENT, "ACK seq=78 (2891238190) ack=514 (77120547)")
            .state(SERVER, closed("CLOSED"))
            .why(
                "The client closed first, so it is the one that waits: should this ACK be lost, \
                 the FIN will come again and must find somebody.",
                "RFC 9293 §3.6",
            ),
        Step::note(micros(60_275_150), CLIENT, "TIME-WAIT is over after 60 s")
            .state(CLIENT, closed("CLOSED")),
    ]
}
