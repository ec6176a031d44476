//! What becomes of news of a connection? (Linux: `sk_err`, told once)
//!
//! A handshake that is done makes a socket connected; an end that was not in order leaves an error
//! that the next call is told, and only that one.

use crate::errno::Errno;
use crate::files::Stage;
use crate::posix::Posix;
use osier_host::{ConnectionId, Event};
use osier_tcp::{Ending, Text};
use osier_time::Instant;

impl Posix {
    /// Takes all events of the host.
    pub(crate) fn take_news(&mut self, now: Instant) {
        while let Some(event) = self.host.poll_event() {
            match event {
                Event::Connected(id) => {
                    if let Some(tcp) = self.files.of_connection(id) {
                        tcp.stage = Stage::Open(id);
                    }
                }
                Event::Closed(id, ending) => self.on_closed(now, id, ending),
                // Whether there is something to read, write or accept is looked up when asked.
                _ => {}
            }
        }
    }

    fn on_closed(&mut self, now: Instant, id: ConnectionId, ending: Ending) {
        let peer_closed = matches!(self.host.peek(id, &mut []), Text::End);
        let Some(tcp) = self.files.of_connection(id) else { return };
        match tcp.stage {
            Stage::Opening(_) => {
                // RFC 9293 §3.10.7.3 says "connection reset"; everybody's sockets say refused.
                let refused = matches!(ending, Ending::Reset | Ending::InOrder);
                let ending = if refused { Ending::Refused } else { ending };
                tcp.error = Some(Errno::of_ending(ending));
                self.host.abort(now, id);
                self.files.part(id);
            }
            Stage::Open(_) if ending != Ending::InOrder => {
                // Linux: a RST behind the peer's FIN is a broken pipe.
                let broken = peer_closed && ending == Ending::Reset;
                tcp.error = Some(if broken { Errno::EPIPE } else { Errno::of_ending(ending) });
            }
            Stage::Open(_) | Stage::Fresh | Stage::Listening(_) => {}
        }
    }
}
