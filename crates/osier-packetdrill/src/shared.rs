//! Who waits for whom? (packetdrill makes blocking calls on a second thread)
//!
//! One world for the process, behind a lock. Time is moved by packetdrill's first thread alone,
//! and only when every call that waits on another thread has looked at what has become of it: so a
//! call ends at the moment at which it can. A bounded wait in real time is the only one there is.

use crate::foreign::set_errno;
use crate::settings::Flags;
use crate::world::World;
use osier_posix::{Call, Errno, Stop};
use osier_time::{Duration, Instant};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};

/// How long, in real time, the clock may be held for a thread that does not get on.
const REAL_WAIT: core::time::Duration = core::time::Duration::from_secs(5);

/// The world and those who wait in it.
pub(crate) struct Shared {
    pub(crate) world: Option<World>,
    /// Whose clock it is.
    first: Option<ThreadId>,
    /// Counts what has happened.
    moment: u64,
    /// A call that waits, and the count at which it looked last.
    waiter: Option<u64>,
    /// A thread whose call is done and which has not looked at the clock yet.
    leaving: Option<ThreadId>,
    /// The kernel's number of a thread that has, and now tells packetdrill what came of its call.
    telling: Option<i32>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared {
    world: None,
    first: None,
    moment: 0,
    waiter: None,
    leaving: None,
    telling: None,
});
/// How often, in real time, it is looked whether a thread sleeps.
const GLANCE: core::time::Duration = core::time::Duration::from_micros(50);

/// And how often at most: as long as the clock may be held.
const GLANCES: u32 = 100_000;

static HAPPENED: Condvar = Condvar::new();
static LOOKED: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A new world; who asks for it moves its clock.
pub(crate) fn start(flags: &str) {
    let mut shared = lock();
    shared.world = Some(World::new(&Flags::parse(flags)));
    shared.first = Some(thread::current().id());
}

/// The world ends.
pub(crate) fn end() {
    lock().world = None;
}

/// Something that does not wait.
pub(crate) fn with<T>(act: impl FnOnce(&mut World) -> T) -> Option<T> {
    let mut shared = lock();
    let world = shared.world.as_mut()?;
    world.heed_settings();
    let done = act(world);
    world.pump();
    happened(&mut shared);
    Some(done)
}

/// Something that fails by errno.
pub(crate) fn call<T>(act: impl FnOnce(&mut World) -> Result<T, Errno>) -> Result<T, Errno> {
    with(act).unwrap_or(Err(Errno::EBADF))
}

fn happened(shared: &mut Shared) {
    shared.moment += 1;
    HAPPENED.notify_all();
}

/// Waits until every call that waits has looked at what has happened, and who is done has gone.
fn settle(mut shared: MutexGuard<'static, Shared>) -> MutexGuard<'static, Shared> {
    let me = thread::current().id();
    while shared.waiter.is_some_and(|looked| looked < shared.moment)
        || shared.leaving.is_some_and(|leaving| leaving != me)
    {
        let (again, late) = LOOKED
            .wait_timeout(shared, REAL_WAIT)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        shared = again;
        if late.timed_out() {
            shared.leaving = None;
            break;
        }
    }
    shared
}

/// Waits until the thread whose call is done has told packetdrill of it: it sleeps then, for its
/// next call. Only while packetdrill sleeps, too: else it holds the lock that is needed for that.
pub(crate) fn hear_out() {
    let Some(thread) = lock().telling.take() else { return };
    let path = format!("/proc/self/task/{thread}/stat");
    for _ in 0..GLANCES {
        let stat = std::fs::read_to_string(&path).unwrap_or_default();
        // proc(5): the state stands behind the name, which is in brackets.
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        if !matches!(state, Some('R' | 'D')) {
            return;
        }
        // A bounded wait, as above.
        let waited = LOOKED.wait_timeout(lock(), GLANCE);
        drop(waited);
    }
}

/// Moves the clock to `end`, from one moment to the next, until `done` says so.
pub(crate) fn advance(end: Instant, done: impl Fn(&World) -> bool) {
    let mut shared = lock();
    loop {
        shared = settle(shared);
        let Some(world) = shared.world.as_mut() else { return };
        if world.now >= end || done(world) {
            return;
        }
        let next = world.next_moment(end);
        world.move_to(next);
        happened(&mut shared);
    }
}

/// Somebody looks at the clock: whoever had to leave has left.
pub(crate) fn look() -> Option<Instant> {
    let mut shared = lock();
    let me = thread::current().id();
    if shared.leaving == Some(me) {
        shared.leaving = None;
        // SAFETY: it takes nothing and cannot fail.
        shared.telling = Some(unsafe { libc::gettid() });
        LOOKED.notify_all();
        return shared.world.as_ref().map(|world| world.now);
    }
    shared = settle(shared);
    let now = shared.world.as_mut().map(World::look);
    happened(&mut shared);
    now
}

/// A call that may block: made again whenever something has happened, until `limit`. `so_far` is
/// told how much of it is done.
pub(crate) fn blocking<T>(
    limit: Option<Duration>,
    mut attempt: impl FnMut(&mut World, usize) -> Call<T>,
) -> Result<T, Errno> {
    let mut shared = lock();
    let mut done = 0;
    let me = thread::current().id();
    let end = match shared.world.as_ref() {
        None => return Err(Errno::EBADF),
        Some(world) => limit.map(|limit| world.now + limit),
    };
    let (mut waited, alone) = (false, shared.first == Some(me));
    let result = loop {
        let Some(world) = shared.world.as_mut() else { break Err(Errno::EBADF) };
        if !waited {
            world.heed_settings();
        }
        let result = attempt(world, done);
        world.pump();
        match result {
            Ok(value) => break Ok(value),
            Err(Stop::Errno(errno)) => break Err(errno),
            Err(Stop::Blocked(more)) => done += more,
        }
        if end.is_some_and(|end| world.now >= end) {
            break Err(Errno::EAGAIN);
        }
        if alone {
            // Nobody else moves the clock.
            let end = end.unwrap_or_else(|| world.patience());
            if world.is_idle() && limit.is_none() || world.now >= end {
                break Err(Errno::EAGAIN);
            }
            let next = world.next_moment(end);
            world.move_to(next);
            shared.moment += 1;
            continue;
        }
        waited = true;
        world.limits.extend(end);
        shared = wait(shared);
        if let (Some(world), Some(end)) = (shared.world.as_mut(), end) {
            world.limits.retain(|limit| *limit != end);
        }
    };
    shared.waiter = None;
    shared.leaving = waited.then_some(me);
    happened(&mut shared);
    LOOKED.notify_all();
    result
}

fn wait(mut shared: MutexGuard<'static, Shared>) -> MutexGuard<'static, Shared> {
    let looked = shared.moment;
    shared.waiter = Some(looked);
    LOOKED.notify_all();
    while shared.moment == looked {
        shared = HAPPENED.wait(shared).unwrap_or_else(std::sync::PoisonError::into_inner);
    }
    shared
}

/// What a C function gives: the number, or -1 with `errno`.
pub(crate) fn answer<T: From<i8>>(result: Result<T, Errno>) -> T {
    result.unwrap_or_else(|errno| {
        set_errno(errno.number());
        T::from(-1)
    })
}
