//! Who serves the page, and who asks for it where there is no kernel and no curl?
//!
//! A web server of one page and a client of one request, as small as HTTP/1.1 (RFC 9112) allows,
//! each a state machine on the host's own doors: `act` does what can be done now, and says whether
//! that was anything.

use super::Closer;
use super::end::End;
use osier_host::{ConnectionId, Error, ListenerId};
use osier_tcp::Text;
use osier_time::Instant;
use std::net::SocketAddr;

/// The port of the page.
pub(crate) const PORT: u16 = 80;

/// A request whose head is longer is cut off; ours have a tenth of it.
const HEAD_MAX: usize = 8 * 1024;

/// Whether anything was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acted {
    Yes,
    No,
}

/// The server of one page for one client.
#[derive(Debug)]
pub(crate) struct Server {
    listener: ListenerId,
    closer: Closer,
    stage: Stage,
}

/// How far it has come.
#[derive(Debug)]
enum Stage {
    Listening,
    Reading {
        id: ConnectionId,
        peer: SocketAddr,
        head: Vec<u8>,
    },
    /// The answer is written; it closes once it is acknowledged, or once the client has closed.
    Answered {
        id: ConnectionId,
    },
    Closed,
}

impl Server {
    /// Listens.
    pub(crate) fn new(end: &mut End, closer: Closer) -> Result<Self, Error> {
        let listener = end.host.listen(SocketAddr::new(end.address(), PORT), 8)?;
        Ok(Server { listener, closer, stage: Stage::Listening })
    }

    /// Whether the answer is written and the server is about to close first: until it has, the
    /// client is better kept from closing before it.
    pub(crate) fn closes_next(&self) -> bool {
        self.closer == Closer::Server && matches!(self.stage, Stage::Answered { .. })
    }

    /// Does one thing, if one can be done.
    pub(crate) fn act(&mut self, end: &mut End, now: Instant) -> Result<Acted, Error> {
        while end.host.poll_event().is_some() {}
        match &mut self.stage {
            Stage::Listening => {
                let Some((id, peer)) = end.host.accept(self.listener) else {
                    return Ok(Acted::No);
                };
                self.stage = Stage::Reading { id, peer, head: Vec::new() };
            }
            Stage::Reading { id, peer, head } => {
                let mut piece = [0; 2048];
                match end.host.read(now, *id, &mut piece) {
                    Text::Got(n) => head.extend_from_slice(&piece[..n]),
                    Text::NotYet => return Ok(Acted::No),
                    Text::End | Text::Broken(_) => return Ok(self.close(end, now)),
                }
                let whole = head.windows(4).any(|four| four == b"\r\n\r\n");
                if whole || head.len() > HEAD_MAX {
                    let (id, answer) = (*id, answer(end, *id, *peer, self.closer));
                    end.host.write(id, answer.as_bytes())?;
                    self.stage = Stage::Answered { id };
                }
            }
            Stage::Answered { id } => match self.closer {
                Closer::Server => {
                    if end.host.info(*id).is_some_and(|info| info.send_queue > 0) {
                        return Ok(Acted::No);
                    }
                    return Ok(self.close(end, now));
                }
                Closer::Client => match end.host.read(now, *id, &mut [0; 256]) {
                    Text::Got(_) => (),
                    Text::NotYet => return Ok(Acted::No),
                    Text::End | Text::Broken(_) => return Ok(self.close(end, now)),
                },
            },
            Stage::Closed => return Ok(Acted::No),
        }
        Ok(Acted::Yes)
    }

    fn close(&mut self, end: &mut End, now: Instant) -> Acted {
        if let Stage::Reading { id, .. } | Stage::Answered { id } = self.stage {
            // Only a connection that has ended refuses, and then there is nothing left to close.
            let _ = end.host.shutdown(now, id);
        }
        self.stage = Stage::Closed;
        Acted::Yes
    }
}

/// The page about this very connection.
fn answer(end: &End, id: ConnectionId, peer: SocketAddr, closer: Closer) -> String {
    let info = end.host.info(id);
    let (state, rtt, cwnd, mss) = match info {
        Some(info) => (
            info.state.map_or(String::new(), |state| state.to_string()),
            info.srtt.map_or("not measured yet".into(), |srtt| srtt.to_string()),
            info.cwnd,
            info.mss,
        ),
        None => Default::default(),
    };
    let local = SocketAddr::new(end.address(), PORT);
    let body = format!(
        "<!doctype html>\n<meta charset=utf-8>\n<title>osier</title>\n\
         <h1>This page came over osier</h1>\n\
         <p>You are {peer}, this is {local}.\n\
         <p>The connection is {state}; its round trip takes {rtt}.\n\
         <p>The congestion window has {cwnd} octets, a segment up to {mss}.\n"
    );
    let after = match closer {
        Closer::Server => "close",
        Closer::Client => "keep-alive",
    };
    format!(
        "HTTP/1.1 200 OK\r\nServer: osier\r\nContent-Type: text/html\r\n\
         Content-Length: {}\r\nConnection: {after}\r\n\r\n{body}",
        body.len()
    )
}

/// What a client of ours asks.
pub(crate) fn request(server: SocketAddr) -> String {
    format!("GET / HTTP/1.1\r\nHost: {}\r\nUser-Agent: osier\r\nAccept: */*\r\n\r\n", server.ip())
}

/// Where the body of an answer begins, and how long the head says that it is.
pub(crate) fn body(answer: &[u8]) -> Option<(usize, usize)> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let lines = std::str::from_utf8(&answer[..head]).ok()?;
    let length = lines.lines().find_map(|line| line.strip_prefix("Content-Length: "))?;
    Some((head + 4, length.trim().parse().ok()?))
}

/// A client on an osier host: the program of the in-memory tour.
#[derive(Debug)]
pub(crate) struct Client {
    id: ConnectionId,
    closer: Closer,
    asked: Asked,
    answer: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    NotYet,
    Waiting,
    Closed,
}

impl Client {
    /// Connects.
    pub(crate) fn new(
        end: &mut End,
        now: Instant,
        server: SocketAddr,
        closer: Closer,
    ) -> Result<Self, Error> {
        let id = end.host.connect(now, server, None)?;
        Ok(Client { id, closer, asked: Asked::NotYet, answer: Vec::new() })
    }

    /// Where it is.
    pub(crate) fn address(&self, end: &End) -> Option<SocketAddr> {
        end.host.local_addr(self.id)
    }

    /// How many octets the answer had.
    pub(crate) fn got(&self) -> usize {
        self.answer.len()
    }

    /// Does one thing, if one can be done.
    pub(crate) fn act(&mut self, end: &mut End, now: Instant) -> Result<Acted, Error> {
        use osier_tcp::State;
        while end.host.poll_event().is_some() {}
        let state = end.host.info(self.id).and_then(|info| info.state);
        match self.asked {
            Asked::NotYet if state == Some(State::Established) => {
                let server = end.host.peer_addr(self.id).ok_or(Error::NotConnected)?;
                end.host.write(self.id, request(server).as_bytes())?;
                self.asked = Asked::Waiting;
                Ok(Acted::Yes)
            }
            Asked::NotYet | Asked::Closed => Ok(Acted::No),
            Asked::Waiting => {
                let mut piece = [0; 2048];
                let over = match end.host.read(now, self.id, &mut piece) {
                    Text::Got(n) => {
                        self.answer.extend_from_slice(&piece[..n]);
                        let whole = body(&self.answer)
                            .is_some_and(|(at, len)| self.answer.len() >= at + len);
                        whole && self.closer == Closer::Client
                    }
                    Text::NotYet => return Ok(Acted::No),
                    Text::End | Text::Broken(_) => true,
                };
                if over {
                    self.asked = Asked::Closed;
                    end.host.shutdown(now, self.id)?;
                }
                Ok(Acted::Yes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_an_answer_is_found_by_its_length() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
        assert_eq!(body(answer), Some((answer.len() - 3, 3)));
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"), None);
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), None);
    }
}
