//! Who moves frames between the device and the host, and who tells the sockets?
//!
//! One task for each stack. A turn: frames that arrived go to the host, a due deadline too; the
//! host's events wake sockets; what the host has to send goes out while the device has room. Then
//! the task yields if there was anything to do, else sleeps until the device, a socket or the next
//! deadline wakes it. Time is read as tokio's alone.

use crate::capture_status::CaptureStatus;
use crate::shared::{Inner, Life, Shared};
use crate::watchers::Watchers;
use osier_device::mem::Wire;
use osier_device::{Device, Properties, Readiness};
use osier_host::{Event, Host};
use osier_ip::LinkId;
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;
use osier_wire::{Frame, Received};
use std::future::poll_fn;
use std::io;
use std::mem;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::unix::AsyncFd;
use tokio::time::Sleep;

/// Frames that one turn takes in, sends, and passes back over loopback, each: enough to spread
/// the cost of a turn, few enough that the program's own tasks run a fraction of a millisecond
/// later.
const FRAMES_PER_TURN: usize = 64;

/// How long the connections of a stack that nobody holds any more may go on saying goodbye.
const ABANDONED_MAX: Duration = Duration::from_secs(60);

/// The task of a stack.
pub(crate) struct Driver<D: Device> {
    shared: Arc<Shared>,
    device: D,
    /// To wait for a device of the kernel.
    fd: Option<AsyncFd<OwnedFd>>,
    /// The room of a device that holds no frame: with less, frames wait inside for a flush.
    room_at_rest: usize,
    link: LinkId,
    watchers: Watchers,
    /// Turns a frame to ourselves into one that arrived.
    loopback: Wire,
    sleep: Pin<Box<Sleep>>,
    /// Since when nobody holds the stack.
    abandoned: Option<Instant>,
    /// What is sent next is written here: a frame is too large to be handed around.
    frame: Frame,
    inbox: Vec<Received>,
    looped: Vec<Received>,
    woken: Vec<Waker>,
}

/// What a turn found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Something to do; there may be more.
    Busy,
    /// Nothing more to do before that time.
    Quiet(Option<Instant>),
}

/// What came of looking for a frame to send.
enum Next {
    /// The driver's frame.
    Send,
    /// Loopback has had its share of this turn.
    Enough,
    /// There is none; the sockets will wake us.
    Nothing(Option<Instant>),
}

impl<D: Device + 'static> Driver<D> {
    pub(crate) fn new(
        shared: Arc<Shared>,
        mut device: D,
        link: LinkId,
        watchers: Watchers,
    ) -> io::Result<Self> {
        let fd = match device.readiness() {
            Readiness::Fd(fd) => Some(watched(fd.try_clone_to_owned()?)?),
            Readiness::Waker => None,
        };
        Ok(Driver {
            room_at_rest: device.room(),
            link,
            loopback: Wire::new(&Properties::offloaded(Medium::Ip, LOOPBACK_MTU)),
            sleep: Box::pin(tokio::time::sleep(std::time::Duration::ZERO)),
            abandoned: None,
            frame: Frame::default(),
            inbox: Vec::with_capacity(FRAMES_PER_TURN),
            looped: Vec::new(),
            woken: Vec::new(),
            shared,
            device,
            fd,
            watchers,
        })
    }

    /// Drives the stack until it is shut down, nobody holds it any more, or the device fails.
    pub(crate) async fn run(mut self) {
        let life = match poll_fn(|cx| self.poll(cx)).await {
            Ok(()) => Life::Closed,
            Err(error) => Life::Failed(format!("the device of the stack failed: {error}")),
        };
        self.wake();
        self.end_watch();
        self.shared.end(life);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.device.set_waker(cx.waker());
        let until = match self.turn(cx) {
            Err(error) => return Poll::Ready(Err(error)),
            Ok(Turn::Busy) => return yield_now(cx),
            Ok(Turn::Quiet(until)) => until,
        };
        if self.is_over() {
            return Poll::Ready(Ok(()));
        }
        self.sleep_until(until, cx)
    }

    /// One turn, with its budget.
    fn turn(&mut self, cx: &mut Context<'_>) -> io::Result<Turn> {
        let received = self.receive(cx)?;
        let now = self.shared.now();
        self.watch();
        self.hear(now);
        let mut sent = 0;
        let next = loop {
            if sent == FRAMES_PER_TURN {
                break Next::Enough;
            }
            if !self.has_room(cx)? {
                break self.no_room(cx);
            }
            match self.next_frame(now, cx) {
                Next::Send => self.transmit()?,
                other => break other,
            }
            sent += 1;
        };
        or_lost(self.device.flush())?;
        self.wake();
        self.show(now);
        Ok(match next {
            Next::Nothing(until) if received == 0 => Turn::Quiet(until),
            _ => Turn::Busy,
        })
    }

    /// Takes frames from the device. 0 means that none waits and that we will be woken.
    fn receive(&mut self, cx: &mut Context<'_>) -> io::Result<usize> {
        loop {
            let Some(fd) = &self.fd else {
                return self.device.receive(&mut self.inbox, FRAMES_PER_TURN);
            };
            let Poll::Ready(readable) = fd.poll_read_ready(cx) else { return Ok(0) };
            let mut readable = readable?;
            let received = self.device.receive(&mut self.inbox, FRAMES_PER_TURN)?;
            if received > 0 {
                return Ok(received);
            }
            readable.clear_ready();
        }
    }

    /// Tells the host what arrived and what time it is.
    fn hear(&mut self, now: Instant) {
        let mut inner = self.shared.lock();
        inner.driver_is_awake();
        inner.host.on_lost(now, self.device.lost());
        self.watchers.collect(now, &mut inner.host);
        self.watchers.on_frames(now, self.link, &mut self.inbox, &mut inner.host);
        if inner.host.next_deadline().is_some_and(|deadline| deadline <= now) {
            inner.host.on_deadline(now);
            self.watchers.collect(now, &mut inner.host);
        }
        drain_events(&mut inner, now, &mut self.woken, &self.shared);
    }

    /// Writes the next frame for the device. Frames to ourselves go round at once.
    fn next_frame(&mut self, now: Instant, cx: &Context<'_>) -> Next {
        let mut inner = self.shared.lock();
        for _ in 0..FRAMES_PER_TURN {
            let Some(link) = inner.host.poll_transmit_into(now, &mut self.frame) else {
                self.watchers.collect(now, &mut inner.host);
                drain_events(&mut inner, now, &mut self.woken, &self.shared);
                return Next::Nothing(inner.driver_sleeps(cx.waker()));
            };
            self.watchers.on_transmit(now, link, &self.frame, &mut inner.host);
            if link != Host::LOOPBACK {
                return Next::Send;
            }
            self.loopback.carry(&self.frame, |frame| self.looped.push(frame));
            self.watchers.on_frames(now, link, &mut self.looped, &mut inner.host);
            drain_events(&mut inner, now, &mut self.woken, &self.shared);
        }
        Next::Enough
    }

    fn transmit(&mut self) -> io::Result<()> {
        or_lost(self.device.transmit(mem::take(&mut self.frame)))
    }

    /// Whether the device takes a frame. Where frames wait inside it, makes sure that we are woken
    /// when they can go.
    fn has_room(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while self.fd.is_some() && self.device.room() < self.room_at_rest {
            or_lost(self.device.flush())?;
            if self.device.room() == self.room_at_rest {
                break;
            }
            let Some(fd) = &self.fd else { break };
            let Poll::Ready(writable) = fd.poll_write_ready(cx) else { break };
            writable?.clear_ready();
        }
        Ok(self.device.room() > 0)
    }

    /// The device is full: it will wake us, and so will a nearer deadline.
    fn no_room(&self, cx: &Context<'_>) -> Next {
        Next::Nothing(self.shared.lock().driver_sleeps(cx.waker()))
    }

    fn wake(&mut self) {
        self.woken.drain(..).for_each(Waker::wake);
    }

    /// Has the host record while somebody listens.
    fn watch(&mut self) {
        if self.watchers.listeners_changed() {
            self.shared.lock().host.set_recording(self.watchers.recording());
        }
    }

    /// Shows what this turn brought to whoever watches, outside the lock.
    fn show(&mut self, now: Instant) {
        let shared = &self.shared;
        let written = self.watchers.show(now, || shared.lock().host.counters());
        self.check_capture(&written);
    }

    fn end_watch(&mut self) {
        let shared = &self.shared;
        let flushed = self.watchers.end(|| shared.lock().host.counters());
        self.check_capture(&flushed);
    }

    /// A capture that cannot be written ends; traffic goes on.
    fn check_capture(&mut self, written: &io::Result<()>) {
        if let Err(error) = written {
            self.watchers.drop_capture();
            let mut inner = self.shared.lock();
            inner.host.set_recording(self.watchers.recording());
            inner.capture = CaptureStatus::Stopped(error.to_string());
        }
    }

    /// Whether there is nothing left to do for anybody.
    fn is_over(&mut self) -> bool {
        let inner = self.shared.lock();
        match inner.life {
            Life::Running => false,
            Life::Closing => {
                self.shared.news.notify_waiters();
                false
            }
            Life::Abandoned => {
                let now = self.shared.now();
                let since = *self.abandoned.get_or_insert(now);
                now.since(since) >= ABANDONED_MAX || !inner.connections_remain()
            }
            Life::Finishing | Life::Closed | Life::Failed(_) => true,
        }
    }

    /// Sleeps until `until` or until somebody wakes us.
    fn sleep_until(
        &mut self,
        until: Option<Instant>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let show = self.watchers.show_at();
        let goodbye = self.abandoned.map(|since| since + ABANDONED_MAX);
        let Some(until) = [until, show, goodbye].into_iter().flatten().min() else {
            return Poll::Pending;
        };
        let until = self.shared.at(until);
        if self.sleep.deadline() != until || self.sleep.is_elapsed() {
            self.sleep.as_mut().reset(until);
        }
        match self.sleep.as_mut().poll(cx) {
            Poll::Ready(()) => yield_now(cx),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A runtime that ends drops the task: the sockets must not wait for ever.
impl<D: Device> Drop for Driver<D> {
    fn drop(&mut self) {
        self.shared.end(Life::Failed("the runtime of the stack's driver has ended".to_owned()));
    }
}

/// Has the runtime watch a descriptor. The successor of this call is unsafe for the sake of types
/// that may close the descriptor behind its back; an `OwnedFd` that we keep cannot.
#[expect(deprecated, reason = "sound for an OwnedFd, see above")]
fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(fd)
}

/// A frame that the device could not take is lost, as on any wire: there was no room, the link is
/// down for a while, or the kernel refused this one. Other errors end the stack.
fn or_lost(result: io::Result<()>) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, NetworkDown, WouldBlock};
    match result {
        Err(error) if matches!(error.kind(), WouldBlock | NetworkDown | InvalidInput) => Ok(()),
        result => result,
    }
}

/// Loopback carries the longest IP packet, as on Linux.
const LOOPBACK_MTU: usize = 65_535;

/// Lets the other tasks run, and comes back.
fn yield_now<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

fn drain_events(inner: &mut Inner, now: Instant, woken: &mut Vec<Waker>, shared: &Shared) {
    while let Some(event) = inner.host.poll_event() {
        inner.sockets.on_event(event, woken);
        inner.pings.on_event(now, event, woken);
        if let Event::AddressConflict { address, mac } = event {
            inner.conflict = Some((address, mac));
            shared.news.notify_waiters();
        }
    }
}
