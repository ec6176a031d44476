//! Which sockets does the program hold, and who waits on each?
//!
//! Tables indexed by the host's ids, which are small and reused. What the host knows of a socket
//! is not repeated here: only wakers, and what the program was already told.

use crate::wakers::{Token, Waiters};
use osier_host::{ConnectionId, Event, Flow, ListenerId, UdpId};
use osier_tcp::{Ending, Trouble};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::task::Waker;
use std::time::Duration;

/// The sockets of a stack.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    pub(crate) connections: Table<Connection>,
    pub(crate) listeners: Table<Listener>,
    pub(crate) udp: Table<Udp>,
    /// Tokens handed out to futures.
    tokens: u64,
}

/// A TCP connection that the program holds.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) stage: Stage,
    /// A write found no room, and the host has not said since that there is some.
    pub(crate) full: Full,
    /// An error is told to one call; after it reads find the end and writes a broken pipe.
    pub(crate) told: Told,
    pub(crate) linger: Option<Duration>,
    /// The latest trouble that may pass, until it is asked for.
    pub(crate) trouble: Option<Trouble>,
    pub(crate) readers: Waiters,
    pub(crate) writers: Waiters,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// We have called and wait for the answer.
    #[default]
    Connecting,
    /// Open, one way at least.
    Connected,
    /// Over.
    Ended(Ending),
}

/// Whether the last write found room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Full {
    #[default]
    No,
    Yes,
}

/// Whether the program knows how the connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    #[default]
    No,
    Yes,
}

/// A TCP listener that the program holds.
#[derive(Debug, Default)]
pub(crate) struct Listener {
    pub(crate) acceptors: Waiters,
    /// Of a deferred listener: who wants to connect, and the program has not heard of.
    pub(crate) asked: VecDeque<Flow>,
    /// … whose handshake is done, by both ends, for whoever accepted them.
    pub(crate) arrived: Vec<((SocketAddr, SocketAddr), ConnectionId)>,
    /// … whom nobody waits for any more, though their handshake goes on.
    pub(crate) unwanted: Vec<Flow>,
}

/// Names of those who asked that are kept for a deferred listener: as many as a host keeps SYNs,
/// and as many again that have waited too long.
const ASKED_MAX: usize = 2_048;

/// A UDP socket that the program holds.
#[derive(Debug, Default)]
pub(crate) struct Udp {
    pub(crate) full: Full,
    pub(crate) readers: Waiters,
    pub(crate) writers: Waiters,
}

impl Sockets {
    /// Passes an event of the host on to whom it concerns. A connection that nobody has accepted
    /// yet has no entry: it will look when it has.
    pub(crate) fn on_event(&mut self, event: Event, woken: &mut Vec<Waker>) {
        match event {
            Event::Acceptable(id) | Event::HandshakeFailed(id) => {
                if let Some(listener) = self.listeners.by_id(id.0) {
                    listener.acceptors.take(woken);
                }
            }
            Event::Connected(id) => self.on_connection(id, woken, |c, woken| {
                c.stage = Stage::Connected;
                c.writers.take(woken);
            }),
            Event::Readable(id) => self.on_connection(id, woken, |c, woken| {
                c.readers.take(woken);
            }),
            Event::Writable(id) => self.on_connection(id, woken, |c, woken| {
                c.full = Full::No;
                c.writers.take(woken);
            }),
            Event::Trouble(id, trouble) => self.on_connection(id, woken, |c, _| {
                c.trouble = Some(trouble);
            }),
            Event::Closed(id, ending) => self.on_connection(id, woken, |c, woken| {
                c.stage = Stage::Ended(ending);
                c.readers.take(woken);
                c.writers.take(woken);
            }),
            Event::UdpReadable(id) => {
                if let Some(udp) = self.udp.by_id(id.0) {
                    udp.readers.take(woken);
                }
            }
            Event::UdpWritable(id) => {
                if let Some(udp) = self.udp.by_id(id.0) {
                    udp.full = Full::No;
                    udp.writers.take(woken);
                }
            }
            Event::Incoming(id, flow) => {
                if let Some(listener) = self.listeners.by_id(id.0) {
                    if listener.asked.len() == ASKED_MAX {
                        listener.asked.pop_front();
                    }
                    listener.asked.push_back(flow);
                    listener.acceptors.take(woken);
                }
            }
            Event::PathMtu(..)
            | Event::EchoReply { .. }
            | Event::NeighbourUnreachable(_)
            | Event::AddressConflict { .. } => {}
        }
    }

    fn on_connection(
        &mut self,
        id: ConnectionId,
        woken: &mut Vec<Waker>,
        then: impl FnOnce(&mut Connection, &mut Vec<Waker>),
    ) {
        if let Some(connection) = self.connections.by_id(id.0) {
            then(connection, woken);
        }
    }

    /// The program holds a connection from here on.
    pub(crate) fn hold(&mut self, id: ConnectionId, stage: Stage) -> Key {
        self.connections.insert(id.0, Connection { stage, ..Connection::default() })
    }

    /// A name for a future that waits.
    pub(crate) fn next_token(&mut self) -> Token {
        self.tokens += 1;
        Token(self.tokens)
    }

    /// Everybody shall look again.
    pub(crate) fn wake_all(&mut self, woken: &mut Vec<Waker>) {
        self.listeners.each(|listener| listener.acceptors.take(woken));
        self.connections.each(|connection| {
            connection.readers.take(woken);
            connection.writers.take(woken);
        });
        self.udp.each(|udp| {
            udp.readers.take(woken);
            udp.writers.take(woken);
        });
    }
}

/// Which entry of a table: a number that is used again, and which of those that had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) id: u32,
    generation: u32,
}

impl Key {
    pub(crate) fn connection(self) -> ConnectionId {
        ConnectionId(self.id)
    }

    pub(crate) fn listener(self) -> ListenerId {
        ListenerId(self.id)
    }

    pub(crate) fn udp(self) -> UdpId {
        UdpId(self.id)
    }
}

/// Entries by a small number that the host hands out and uses again.
#[derive(Debug)]
pub(crate) struct Table<T> {
    entries: Vec<Option<(u32, T)>>,
    /// How many entries there ever were.
    inserted: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { entries: Vec::new(), inserted: 0 }
    }
}

impl<T> Table<T> {
    /// Puts an entry in the place of that number.
    pub(crate) fn insert(&mut self, id: u32, entry: T) -> Key {
        let place = id as usize;
        if self.entries.len() <= place {
            self.entries.resize_with(place + 1, || None);
        }
        self.inserted = self.inserted.wrapping_add(1);
        self.entries[place] = Some((self.inserted, entry));
        Key { id, generation: self.inserted }
    }

    /// The entry, unless it is gone and another has its number.
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut T> {
        let (generation, entry) = self.entries.get_mut(key.id as usize)?.as_mut()?;
        (*generation == key.generation).then_some(entry)
    }

    /// The entry that has this number now.
    pub(crate) fn by_id(&mut self, id: u32) -> Option<&mut T> {
        self.entries.get_mut(id as usize)?.as_mut().map(|(_, entry)| entry)
    }

    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get(key)?;
        let (_, entry) = self.entries[key.id as usize].take()?;
        while matches!(self.entries.last(), Some(None)) {
            self.entries.pop();
        }
        Some(entry)
    }

    /// The keys of all entries.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let key = |(id, entry): (usize, &Option<(u32, T)>)| {
            entry.as_ref().map(|(generation, _)| Key { id: id as u32, generation: *generation })
        };
        self.entries.iter().enumerate().filter_map(key).collect()
    }

    fn each(&mut self, mut then: impl FnMut(&mut T)) {
        self.entries.iter_mut().flatten().for_each(|(_, entry)| then(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn who_held_a_number_before_finds_nothing_under_it() {
        let mut table = Table::default();
        let first = table.insert(3, "a");
        assert_eq!(table.remove(first), Some("a"));
        let second = table.insert(3, "b");
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&mut "b"));
        assert_eq!(table.by_id(3), Some(&mut "b"));
        assert_eq!(table.keys(), [second]);
    }

    #[test]
    fn a_table_shrinks_when_its_last_entries_go() {
        let mut table = Table::default();
        let keys: Vec<_> = (0..100).map(|id| table.insert(id, ())).collect();
        for key in &keys[1..] {
            table.remove(*key);
        }
        assert_eq!(table.entries.len(), 1);
    }
}
