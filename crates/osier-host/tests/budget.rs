//! Does a host keep to its memory, whatever thousands of peers do, and does it go on working?

mod pair;
mod stranger;

use core::net::SocketAddr;
use osier_host::{Config, ConnectionId, Error, Event, Host, Keys, ListenerId};
use osier_ip::LinkId;
use osier_tcp::Text;
use osier_time::{Duration, Instant};
use osier_wire::tcp::Options;
use pair::{Cable, Pair, Side, v4};
use stranger::{HOST_V4, Said, counter, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);
const MAX: u64 = 8 << 20;
static TEXT: [u8; 1_400] = [b'x'; 1_400];
static CRUMB: [u8; 600] = [b'y'; 600];

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

fn small() -> Config {
    Config { memory_max: MAX, ..Config::default() }
}

/// A host that accepts everybody.
struct Server {
    host: Host,
    link: LinkId,
    listener: ListenerId,
    accepted: Vec<ConnectionId>,
}

impl Server {
    fn new() -> Server {
        let (mut host, link) = stranger::host(small(), Keys::from_seed(1));
        let listener = host.listen(here(), 4_096).unwrap();
        Server { host, link, listener, accepted: Vec::new() }
    }

    fn say(&mut self, said: &Said) -> Vec<Said> {
        let answers = say(&mut self.host, self.link, NOW, said);
        let (used, max) = (self.host.usage().memory, MAX);
        assert!(used <= max, "{used} of {max}");
        answers
    }

    /// A connection from this port, if it is let in: the segment that its peer would send next.
    fn connect(&mut self, port: u16) -> Option<Said> {
        let from = SocketAddr::from(([192, 0, 2, 9], port));
        let options = Options { timestamps: None, ..usual_options(0) };
        let answer = self.say(&syn(from, here(), 7, options)).pop()?;
        let ack = answer.answer(0);
        self.say(&ack);
        self.accepted.push(self.host.accept(self.listener)?.0);
        Some(ack)
    }

    /// Text from there on, so many times, each `apart` octets from the next.
    fn send(&mut self, from: &Said, text: &'static [u8], times: u32, apart: u32) {
        let mut next = from.clone().with_text(text);
        for _ in 0..times {
            self.say(&next);
            next.header.seq += apart;
        }
    }
}

#[test]
fn thousands_of_hostile_connections_stay_under_the_budget() {
    let mut server = Server::new();
    let mut let_in = 0;
    for port in 1_000..6_000u16 {
        let Some(from) = server.connect(port) else { continue };
        let_in += 1;
        match port % 3 {
            // Nobody reads.
            0 => server.send(&from, &TEXT, 30, 1_400),
            // Holes that are never filled.
            1 => {
                let mut beyond = from;
                beyond.header.seq += 100;
                server.send(&beyond, &CRUMB, 30, 1_000);
            }
            // Crumbs.
            _ => server.send(&from, &CRUMB[..1], 30, 1),
        }
    }
    assert!(let_in > 100, "{let_in} were let in before the limit");
    assert!(counter(&server.host, "dropped_memory_full") > 1_000);
    assert!(counter(&server.host, "dropped_no_memory") > 0);
    let full = server.host.usage().memory;
    assert!(full > MAX / 16 * 12, "{full}: the limit was put to the test");
    // All is counted back when they go.
    for id in std::mem::take(&mut server.accepted) {
        server.host.abort(NOW, id);
    }
    while server.host.poll_transmit(NOW).is_some() {}
    assert_eq!(server.host.usage().memory, 0);
    assert!(server.connect(9_999).is_some(), "and there is room for others");
}

#[test]
fn near_the_limit_windows_shrink_first_then_text_out_of_order_is_dropped() {
    let mut server = Server::new();
    let peer = server.connect(1_000).unwrap();
    let mut port = 2_000;
    while server.host.usage().memory < MAX / 16 * 12 {
        let from = server.connect(port).unwrap();
        server.send(&from, &TEXT, 40, 1_400);
        port += 1;
    }
    assert_eq!(counter(&server.host, "dropped_no_memory"), 0);
    // Out of order is still taken, but the window follows a small buffer.
    let mut beyond = peer.clone().with_text(&CRUMB);
    beyond.header.seq += 20_000;
    assert!(!server.say(&beyond)[0].header.options.sack.is_empty());
    let shrunk = server.connect(port).unwrap();
    server.send(&shrunk, &TEXT, 20, 1_400);
    let last = *server.accepted.last().unwrap();
    while let Text::Got(_) = server.host.read_chunk(NOW, last, usize::MAX) {}
    let mut next = shrunk;
    next.header.seq += 28_000;
    server.send(&next, &TEXT, 4, 1_400);
    let window = server.host.tcp_info(last, NOW).unwrap().rcv_wnd;
    assert!(window <= 65_535 + 127 - 28_000, "{window}: the edge stays though all was read");
    while server.host.usage().memory < MAX / 16 * 14 {
        port += 1;
        let from = server.connect(port).unwrap();
        server.send(&from, &TEXT, 40, 1_400);
    }
    beyond.header.seq += 2_000;
    server.say(&beyond);
    assert_eq!(counter(&server.host, "dropped_no_memory"), 1);
    // In order it is taken.
    server.say(&peer.with_text(&CRUMB));
    let info = server.host.info(server.accepted[0]).unwrap();
    assert_eq!(info.receive_queue, 600);
}

#[test]
fn a_writer_who_found_no_memory_is_told_when_there_is_some() {
    let mut config = small();
    config.memory_max = 2 << 20;
    config.tcp.send_buffer = (4 << 20).into();
    let mut pair = Pair::new(Cable::default(), &config);
    let listener = pair.listen(([0, 0, 0, 0], 80).into(), 8);
    let to = SocketAddr::new(v4(Side::B), 80);
    let (greedy, far) = pair.open(listener, to);
    let (modest, _) = pair.open(listener, to);
    let taken = pair.a.host.write(greedy, &vec![1; 4 << 20]).unwrap();
    assert!(taken < 2 << 20, "{taken} octets of 4 MiB: the budget, not the buffer");
    assert_eq!(pair.a.host.write(modest, b"hello"), Err(Error::WouldBlock));
    assert_eq!(pair.a.host.connect(pair.now, to, None), Err(Error::LimitReached));
    pair.run_until(Duration::from_secs(60), |pair| {
        while let Text::Got(_) = pair.b.host.read_chunk(pair.now, far, usize::MAX) {}
        pair.a.events.contains(&Event::Writable(modest))
    });
    assert_eq!(pair.a.host.write(modest, b"hello"), Ok(5));
}
