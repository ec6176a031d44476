//! What becomes of news of a connection? (Linux: `sk_err`, told once)
//!
//! A handshake that is done makes a socket connected; an end that was not in order leaves an error
//! that the next call is told, and only that one.

use crate::errno::Errno;
use crate::files::{Side, Stage, Writing};
use crate::posix::Posix;
use osier_host::{ConnectionId, Event};
use osier_tcp::Ending;
use osier_time::Instant;

impl Posix {
    /// Takes all events of the host.
    pub(crate) fn take_news(&mut self, now: Instant) {
        while let Some(event) = self.host.poll_event() {
            match event {
                Event::Connected(id) => {
                    self.files.note_news(id);
                    if let Some(tcp) = self.files.of_connection(id) {
                        tcp.stage = Stage::Open(id);
                    }
                }
                Event::Closed(id, ending) => {
                    self.files.note_news(id);
                    self.on_closed(now, id, ending);
                }
                Event::Readable(id) | Event::Writable(id) => self.files.note_news(id),
                // Whether there is something to read, write or accept is looked up when asked.
                _ => {}
            }
        }
    }

    /// Looks whether sends that are to be told of were acknowledged. Only sockets that have such
    /// sends cost anything.
    pub(crate) fn look_for_acked(&mut self) {
        for (id, tcp, news) in self.files.connected_mut() {
            if tcp.zero_copy.waits() {
                let waits = self.host.info(id).map_or(0, |info| u64::from(info.send_queue));
                *news += u64::from(tcp.zero_copy.on_unacknowledged(waits));
            }
        }
    }

    fn on_closed(&mut self, now: Instant, id: ConnectionId, ending: Ending) {
        let peer_closed = self.host.has_heard_all(id);
        let Some(tcp) = self.files.of_connection(id) else { return };
        match tcp.stage {
            Stage::Opening(_) => {
                // RFC 9293 §3.10.7.3 says "connection reset"; everybody's sockets say refused.
                let refused = matches!(ending, Ending::Reset | Ending::InOrder);
                let ending = if refused { Ending::Refused } else { ending };
                tcp.error = Some(Errno::of_ending(ending));
                let name = self.host.local_addr(id);
                self.host.abort(now, id);
                self.files.part(id, name);
            }
            Stage::Open(_) if ending != Ending::InOrder => {
                // Linux: a RST in CLOSE-WAIT is a broken pipe.
                let close_wait = peer_closed && tcp.writing != Writing::Shut;
                let broken = close_wait && ending == Ending::Reset;
                // Linux: and text that came to one who had shut both sides is a reset.
                let unwanted = tcp.reading == Side::Shut && ending == Ending::Aborted;
                tcp.error = Some(match ending {
                    _ if broken => Errno::EPIPE,
                    _ if unwanted => Errno::ECONNRESET,
                    _ => Errno::of_ending(ending),
                });
            }
            Stage::Open(_) | Stage::Fresh | Stage::Failed(_) | Stage::Listening(_) => {}
        }
    }
}
