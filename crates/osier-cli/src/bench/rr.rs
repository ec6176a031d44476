//! A request of one byte and a response of one byte, over one connection.

use super::pair::{Pair, Side, expect, unexpected};
use super::setup::Setup;
use crate::exit::{Failure, Outcome};
use osier_host::{ConnectionId, Event};
use osier_tcp::Text;
use osier_time::Duration;

/// How long one exchange takes.
const EXCHANGE_TIME: Duration = Duration::from_micros(1);

/// A client that asks and a server that answers.
pub(super) struct Rr {
    pair: Pair,
    client: ConnectionId,
    server: ConnectionId,
}

impl Rr {
    pub(super) fn begin(setup: &Setup) -> Result<Rr, Failure> {
        let mut pair = Pair::new(setup)?;
        let (client, server) = pair.open()?;
        Ok(Rr { pair, client, server })
    }

    /// Does so many exchanges more.
    pub(super) fn advance(&mut self, exchanges: u64) -> Outcome {
        for n in 0..exchanges {
            let byte = n as u8;
            say(&mut self.pair, Side::Client, self.client, byte)?;
            hear(&mut self.pair, Side::Server, self.server, byte)?;
            say(&mut self.pair, Side::Server, self.server, !byte)?;
            hear(&mut self.pair, Side::Client, self.client, !byte)?;
            self.pair.pass(EXCHANGE_TIME);
        }
        Ok(())
    }
}

/// Sends one byte.
pub(super) fn say(pair: &mut Pair, by: Side, id: ConnectionId, byte: u8) -> Outcome {
    match pair.write(by, id, &[byte])? {
        1 => Ok(()),
        taken => Err(unexpected(&taken)),
    }?;
    pair.cross(by);
    Ok(())
}

/// Reads the byte that must have come.
pub(super) fn hear(pair: &mut Pair, by: Side, id: ConnectionId, byte: u8) -> Outcome {
    expect(pair.event(by), Event::Readable(id))?;
    let mut into = [0; 16];
    let found = pair.read(by, id, &mut into);
    if found == Text::Got(1) && into[0] == byte { Ok(()) } else { Err(unexpected(&found)) }
}
