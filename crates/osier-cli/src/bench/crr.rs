//! A connection for each request: connect, one byte each way, close by both. Whoever closes first
//! keeps TIME-WAIT for the full time: the client.

use super::pair::{Pair, Side, expect, unexpected};
use super::rr::{hear, say};
use super::setup::Setup;
use crate::exit::{Failure, Outcome};
use osier_host::{ConnectionId, Event, SocketInfo};
use osier_tcp::{Ending, State, Text};
use osier_time::Duration;

/// Virtual time of one connection: with it, and a TIME-WAIT of 60 s, [`STEADY`] of them are kept.
const CONNECTION_TIME: Duration = Duration::from_millis(15);

/// As many connections are in TIME-WAIT once those that come and those that go balance.
pub(super) const STEADY: u64 = 4_000;

/// A client that connects and a server that accepts.
pub(super) struct Crr {
    pair: Pair,
}

impl Crr {
    pub(super) fn begin(setup: &Setup) -> Result<Crr, Failure> {
        Ok(Crr { pair: Pair::new(setup)? })
    }

    /// Makes, uses and closes so many connections more.
    pub(super) fn advance(&mut self, connections: u64) -> Outcome {
        (0..connections).try_for_each(|n| self.connection(n as u8))
    }

    fn connection(&mut self, byte: u8) -> Outcome {
        let pair = &mut self.pair;
        // The client writes as soon as it hears that it may: its byte carries the last
        // acknowledgment of the handshake.
        let client = pair.connect()?;
        say(pair, Side::Client, client, byte)?;
        let server = pair.accept()?;
        hear(pair, Side::Server, server, byte)?;
        say(pair, Side::Server, server, !byte)?;
        hear(pair, Side::Client, client, !byte)?;
        pair.shutdown(Side::Client, client)?;
        pair.cross(Side::Client);
        expect(pair.event(Side::Server), Event::Readable(server))?;
        at_end(pair.read(Side::Server, server, &mut [0; 16]))?;
        pair.shutdown(Side::Server, server)?;
        pair.cross(Side::Server);
        closed(pair, Side::Client, client)?;
        at_end(pair.read(Side::Client, client, &mut [0; 16]))?;
        pair.release(Side::Client, client);
        pair.cross(Side::Client);
        closed(pair, Side::Server, server)?;
        pair.release(Side::Server, server);
        pair.pass(CONNECTION_TIME);
        Ok(())
    }

    /// Connections that the client has in TIME-WAIT.
    pub(super) fn time_wait(&mut self) -> u64 {
        let is_kept = |info: &SocketInfo| info.state == Some(State::TimeWait);
        self.pair.host(Side::Client).sockets().iter().filter(|info| is_kept(info)).count() as u64
    }
}

/// Hears that a connection has ended in order; that there is an end to read may be said before.
fn closed(pair: &mut Pair, by: Side, id: ConnectionId) -> Outcome {
    loop {
        match pair.event(by) {
            Some(Event::Readable(of)) if of == id => {}
            event => return expect(event, Event::Closed(id, Ending::InOrder)),
        }
    }
}

fn at_end(found: Text<usize>) -> Outcome {
    if found == Text::End { Ok(()) } else { Err(unexpected(&found)) }
}
