//! What do the sockets of a stack and its driver share, and who may touch it when?
//!
//! One host and the wakers of its sockets, under one lock that is held for one call of the host
//! and normally uncontended. A socket calls the host itself and wakes the driver only where there
//! is something to transmit, or a deadline nearer than the one that the driver sleeps for. Nothing
//! travels through a channel. No future is awaited while the lock is held.

use crate::capture_status::CaptureStatus;
use crate::pings::Pings;
use crate::sockets::Sockets;
use osier_host::Host;
use osier_tcp::State;
use osier_time::Instant;
use osier_wire::ethernet::MacAddr;
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use tokio::sync::Notify;

/// The state of a stack.
#[derive(Debug)]
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    /// The host's time zero.
    epoch: tokio::time::Instant,
    /// Told when [`Inner::life`] or [`Inner::conflict`] changes, and while the stack is closing
    /// after every turn of the driver.
    pub(crate) news: Notify,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) host: Host,
    pub(crate) sockets: Sockets,
    pub(crate) pings: Pings,
    pub(crate) life: Life,
    /// Somebody else on the link answers for this address of ours.
    pub(crate) conflict: Option<(IpAddr, MacAddr)>,
    pub(crate) capture: CaptureStatus,
    /// Whom to wake so that the driver looks at the host; `None` while it is about to.
    driver: Option<Waker>,
    /// The deadline that the driver sleeps for.
    armed: Option<Instant>,
}

/// Where a stack stands in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// In use.
    Running,
    /// No handle and no socket is left; connections that still say goodbye may do so.
    Abandoned,
    /// Being shut down: the same, and somebody waits for it.
    Closing,
    /// Being shut down: what is to be said is said once, and then nothing more.
    Finishing,
    /// Shut down in order; nothing will be sent any more.
    Closed,
    /// The device failed, or the runtime of the driver ended.
    Failed(String),
}

impl Shared {
    pub(crate) fn new(host: Host, epoch: tokio::time::Instant) -> Self {
        let inner = Inner {
            host,
            sockets: Sockets::default(),
            pings: Pings::default(),
            life: Life::Running,
            conflict: None,
            capture: CaptureStatus::Off,
            driver: None,
            armed: None,
        };
        Shared { inner: Mutex::new(inner), epoch, news: Notify::new() }
    }

    /// Now, on the host's clock. The only clock that is read is tokio's: a paused one pauses all.
    pub(crate) fn now(&self) -> Instant {
        let passed = tokio::time::Instant::now().saturating_duration_since(self.epoch);
        Instant::ZERO + passed.into()
    }

    /// When that is on the runtime's clock.
    pub(crate) fn at(&self, instant: Instant) -> tokio::time::Instant {
        self.epoch + instant.since(Instant::ZERO).into()
    }

    /// Calls the host, and wakes the driver if it has something to do now.
    pub(crate) fn call<R>(&self, verb: impl FnOnce(&mut Inner, Instant) -> R) -> R {
        let now = self.now();
        let mut inner = self.lock();
        let result = verb(&mut inner, now);
        let driver = inner.driver_if_due();
        drop(inner);
        if let Some(driver) = driver {
            driver.wake();
        }
        result
    }

    /// Looks at the host, or is the driver.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Where a call panicked the driver finds out and fails the stack; sockets that are being
        // dropped meanwhile must not panic again.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the stack: whoever waits for anything finds out.
    pub(crate) fn end(&self, life: Life) {
        let mut woken = Vec::new();
        let mut inner = self.lock();
        if inner.check_alive().is_ok() {
            inner.life = life;
        }
        inner.sockets.wake_all(&mut woken);
        inner.pings.wake_all(&mut woken);
        woken.extend(inner.driver.take());
        drop(inner);
        woken.into_iter().for_each(Waker::wake);
        self.news.notify_waiters();
    }
}

impl Inner {
    /// Whether frames still move.
    ///
    /// # Errors
    /// Why they do not.
    pub(crate) fn check_alive(&self) -> io::Result<()> {
        match &self.life {
            Life::Running | Life::Abandoned | Life::Closing | Life::Finishing => Ok(()),
            Life::Closed => Err(network_down("the stack was shut down")),
            Life::Failed(why) => Err(network_down(why)),
        }
    }

    /// Whether new sockets may be made.
    ///
    /// # Errors
    /// The stack is, or is being, shut down, or has failed.
    pub(crate) fn check_open(&self) -> io::Result<()> {
        match self.life {
            Life::Closing | Life::Finishing => Err(network_down("the stack is being shut down")),
            _ => self.check_alive(),
        }
    }

    /// Whether a connection has still to say something: all but those in TIME-WAIT, and those
    /// that are not yet connections.
    pub(crate) fn connections_remain(&self) -> bool {
        self.host.sockets().iter().any(|socket| match socket.state {
            Some(State::Listen | State::SynReceived | State::TimeWait | State::Closed) | None => {
                false
            }
            Some(
                State::SynSent
                | State::Established
                | State::FinWait1
                | State::FinWait2
                | State::CloseWait
                | State::Closing
                | State::LastAck,
            ) => true,
        })
    }

    /// The driver is awake: nobody need wake it.
    pub(crate) fn driver_is_awake(&mut self) {
        self.driver = None;
    }

    /// The driver found nothing to transmit and will sleep: says until when.
    pub(crate) fn driver_sleeps(&mut self, waker: &Waker) -> Option<Instant> {
        self.driver = Some(waker.clone());
        self.armed = self.host.next_deadline();
        self.armed
    }

    /// The driver, if it sleeps and should not.
    fn driver_if_due(&mut self) -> Option<Waker> {
        self.driver.as_ref()?;
        let nearer = || match (self.host.next_deadline(), self.armed) {
            (Some(deadline), Some(armed)) => deadline < armed,
            (deadline, _) => deadline.is_some(),
        };
        if self.host.wants_transmit() || nearer() { self.driver.take() } else { None }
    }

    /// Wakes the driver whatever the host says.
    pub(crate) fn take_driver(&mut self) -> Option<Waker> {
        self.driver.take()
    }
}

fn network_down(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::NetworkDown, why.into())
}
