//! Who waits for what, and how do they wait?
//!
//! As in tokio, a socket has one place for whoever polls it (the last one counts), and any number
//! of futures may wait beside it. A future that is dropped takes its waker with it, so there are
//! never more than futures alive.

use crate::shared::Inner;
use crate::sockets::{Key, Sockets};
use crate::stack::Stack;
use osier_time::Instant;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::task::{Context, Poll, Waker, ready};
use tokio::task::coop;

/// The tasks that wait for one thing.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    polled: Option<Waker>,
    futures: Vec<(Token, Waker)>,
}

/// Which future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(pub(crate) u64);

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// A connection to be accepted.
    Acceptors(Key),
    /// Text of a connection.
    Readers(Key),
    /// Room in a connection, or its handshake.
    Writers(Key),
    /// A datagram.
    UdpReaders(Key),
    /// Room for a datagram.
    UdpWriters(Key),
}

impl Waiters {
    /// Remembers whoever polls, or a future.
    fn register(&mut self, future: Option<Token>, waker: &Waker) {
        let Some(future) = future else {
            match &mut self.polled {
                Some(polled) => polled.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
            return;
        };
        match self.futures.iter_mut().find(|(token, _)| *token == future) {
            Some((_, known)) => known.clone_from(waker),
            None => self.futures.push((future, waker.clone())),
        }
    }

    /// Moves all of them into `into`, to be woken once the lock is released.
    pub(crate) fn take(&mut self, into: &mut Vec<Waker>) {
        into.extend(self.polled.take());
        into.extend(mem::take(&mut self.futures).into_iter().map(|(_, waker)| waker));
    }

    fn forget(&mut self, future: Token) {
        self.futures.retain(|(token, _)| *token != future);
    }
}

impl At {
    fn waiters(self, sockets: &mut Sockets) -> Option<&mut Waiters> {
        match self {
            At::Acceptors(key) => sockets.listeners.get(key).map(|one| &mut one.acceptors),
            At::Readers(key) => sockets.connections.get(key).map(|one| &mut one.readers),
            At::Writers(key) => sockets.connections.get(key).map(|one| &mut one.writers),
            At::UdpReaders(key) => sockets.udp.get(key).map(|one| &mut one.readers),
            At::UdpWriters(key) => sockets.udp.get(key).map(|one| &mut one.writers),
        }
    }
}

impl Stack {
    /// Tries; where that would block, whoever polls waits there.
    pub(crate) fn poll_at<R>(
        &self,
        cx: &mut Context<'_>,
        at: At,
        attempt: impl FnOnce(&mut Inner, Instant) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll(cx, at, Waits::Polling, attempt)
    }

    /// Tries until it does not block.
    pub(crate) async fn wait_at<R>(
        &self,
        at: At,
        mut attempt: impl FnMut(&mut Inner, Instant) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut place = self.place_at(at);
        poll_fn(|cx| place.poll(cx, &mut attempt)).await
    }

    /// A place for one future.
    pub(crate) fn place_at(&self, at: At) -> Place<'_> {
        Place { stack: self, at, token: None }
    }

    fn poll<R>(
        &self,
        cx: &mut Context<'_>,
        at: At,
        who: Waits<'_>,
        attempt: impl FnOnce(&mut Inner, Instant) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let coop = ready!(coop::poll_proceed(cx));
        let result = self.call(|inner, now| {
            let result = attempt(inner, now);
            if is_block(&result) {
                let sockets = &mut inner.sockets;
                let token = match who {
                    Waits::Polling => None,
                    Waits::Future(token) => {
                        Some(*token.get_or_insert_with(|| sockets.next_token()))
                    }
                };
                if let Some(waiters) = at.waiters(sockets) {
                    waiters.register(token, cx.waker());
                }
            }
            result
        });
        if is_block(&result) {
            return Poll::Pending;
        }
        coop.made_progress();
        Poll::Ready(result)
    }
}

/// Who waits.
enum Waits<'a> {
    /// Whoever polled last.
    Polling,
    /// A future, which gets its token when it first waits.
    Future(&'a mut Option<Token>),
}

/// Where one future waits, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    stack: &'a Stack,
    at: At,
    token: Option<Token>,
}

impl Place<'_> {
    /// Tries; where that would block, the future waits here.
    pub(crate) fn poll<R>(
        &mut self,
        cx: &mut Context<'_>,
        attempt: impl FnOnce(&mut Inner, Instant) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.stack.poll(cx, self.at, Waits::Future(&mut self.token), attempt)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(token) = self.token else { return };
        let mut inner = self.stack.shared().lock();
        if let Some(waiters) = self.at.waiters(&mut inner.sockets) {
            waiters.forget(token);
        }
    }
}

pub(crate) fn is_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::{Token, Waiters};
    use std::task::Waker;

    #[test]
    fn a_future_that_polls_again_is_not_doubled_and_one_that_is_dropped_is_gone() {
        let (mut waiters, mut woken) = (Waiters::default(), Vec::new());
        for _ in 0..3 {
            waiters.register(None, Waker::noop());
            waiters.register(Some(Token(1)), Waker::noop());
            waiters.register(Some(Token(2)), Waker::noop());
        }
        waiters.forget(Token(1));
        waiters.take(&mut woken);
        assert_eq!(woken.len(), 2, "who polls, and the second future");
        waiters.take(&mut woken);
        assert_eq!(woken.len(), 2, "taken once");
    }
}
