//! Who is the next hop on the link? One cache for ARP and neighbour discovery (RFC 4861 §7.3).
//!
//! States and times are those of RFC 4861, used for ARP too, as Linux does. What the questions and
//! answers look like on the wire is in `arp.rs` and `ndp.rs`; what waits for an answer is held in
//! `neighbours/waiting.rs`; who is forgotten when the cache is full is in `neighbours/evict.rs`.

mod evict;
mod key;
mod waiting;

pub(crate) use key::Key;

use crate::hash::Keyed;
use crate::reason::{Notes, Reason};
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use hashbrown::HashMap;
use osier_time::{Duration, Instant};
use osier_wire::{Frame, MacAddr};
use waiting::Waiting;

/// How long an answer is believed (RFC 4861 §10, REACHABLE_TIME; not randomized, so that the same
/// seed gives the same bytes).
const REACHABLE_TIME: Duration = Duration::from_secs(30);

/// How long we send to an old address before we ask whether it still holds (RFC 4861 §10,
/// DELAY_FIRST_PROBE_TIME).
const DELAY_FIRST_PROBE: Duration = Duration::from_secs(5);

/// Between one question and the next (RFC 4861 §10, RETRANS_TIMER; RFC 1122 §2.3.2.1).
const RETRANS_TIMER: Duration = Duration::from_secs(1);

/// Questions before we give up (RFC 4861 §10, MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT).
const QUESTIONS_MAX: u8 = 3;

/// The cache.
#[derive(Clone, Debug)]
pub(crate) struct Neighbours {
    entries: HashMap<Key, Entry, Keyed>,
    /// What [`Entry::due`] says, in order of time.
    timers: BTreeSet<(Instant, Key)>,
    /// Whom we sent to last, and until when that needs no second thought: packets come in trains.
    last: Option<(Key, MacAddr, Instant)>,
    /// Octets that wait behind all entries.
    octets: usize,
    /// Entries that we learned but never used, oldest first; may name some that are gone.
    strangers: VecDeque<Key>,
    /// Entries that we asked for, oldest first; may name some that were answered.
    asking: VecDeque<Key>,
    /// Next hops of routes: not to be evicted.
    gateways: Vec<Key>,
}

/// What is known of one neighbour.
#[derive(Clone, Debug)]
struct Entry {
    /// Means nothing while [`State::Incomplete`].
    mac: MacAddr,
    state: State,
    /// When the state has lasted long enough; in the timers.
    due: Option<Instant>,
    /// When we last sent to it, or learned of it.
    used: Instant,
    acquaintance: Acquaintance,
    waiting: Waiting,
}

/// RFC 4861 §7.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// We ask, and know nothing.
    Incomplete { asked: u8 },
    /// It answered us lately.
    Reachable { until: Instant },
    /// It may have changed; nobody sends to it.
    Stale,
    /// It may have changed; we send, and will soon ask.
    Delay,
    /// We send, and ask whether it still holds.
    Probe { asked: u8 },
}

/// Whether we ever sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Acquaintance {
    /// It asked for us; we have not used what we learned.
    Stranger,
    /// We sent to it.
    Used,
}

/// What a message says of a neighbour's link address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Answers a question of ours, and replaces what we knew.
    Answer,
    /// Answers, but does not replace another address (RFC 4861 §7.2.5: no override flag).
    MildAnswer,
    /// Says so unasked, to replace what we knew.
    Announcement,
    /// Says so unasked, but does not replace another address.
    MildAnnouncement,
    /// Asked for us, and said who it is.
    Question,
}

/// What is to be done about a neighbour, now that its time has come.
#[derive(Debug)]
pub(crate) enum Due {
    /// Ask: everybody, or the one that we believe it to be.
    Ask(Key, Option<MacAddr>),
    /// Nobody answers.
    Failed(Key),
}

impl Neighbours {
    /// A cache that knows nobody.
    pub(crate) fn new(seed: u64) -> Self {
        Neighbours {
            entries: HashMap::with_hasher(Keyed::new(seed, b"neighbours")),
            timers: BTreeSet::new(),
            last: None,
            octets: 0,
            strangers: VecDeque::new(),
            asking: VecDeque::new(),
            gateways: Vec::new(),
        }
    }

    /// The link address to send to, where it is known; the neighbour counts as used.
    #[inline]
    pub(crate) fn find(&mut self, now: Instant, key: Key) -> Option<MacAddr> {
        match self.last {
            Some((last, mac, until)) if last == key && now < until => Some(mac),
            _ => self.find_slowly(now, key),
        }
    }

    fn find_slowly(&mut self, now: Instant, key: Key) -> Option<MacAddr> {
        let entry = self.entries.get_mut(&key)?;
        entry.used = now;
        let mac = match entry.state {
            State::Incomplete { .. } => return None,
            State::Reachable { .. } | State::Stale | State::Delay | State::Probe { .. } => {
                entry.mac
            }
        };
        entry.acquaintance = Acquaintance::Used;
        match entry.state {
            State::Reachable { until } if now < until => self.last = Some((key, mac, until)),
            // RFC 4861 §7.3.3: the first packet to a stale neighbour starts the delay.
            State::Reachable { .. } | State::Stale => {
                self.enter(key, State::Delay, Some(now + DELAY_FIRST_PROBE));
            }
            State::Incomplete { .. } | State::Delay | State::Probe { .. } => {}
        }
        Some(mac)
    }

    /// Keeps a frame whose neighbour is not known. Says whether it is to be asked for now.
    pub(crate) fn wait(
        &mut self,
        now: Instant,
        key: Key,
        frame: Frame,
        notes: &mut Notes,
    ) -> Option<Due> {
        let known = self.entries.contains_key(&key);
        if !known {
            if !self.make_room(now, notes) {
                notes.push(Reason::NeighbourCacheFull);
                return None;
            }
            self.entries.insert(key, Entry::new(now, Acquaintance::Used));
            self.enter(key, State::Incomplete { asked: 1 }, Some(now + RETRANS_TIMER));
            self.now_asking(key, notes);
        }
        let entry = self.entries.get_mut(&key)?;
        entry.waiting.push(frame, &mut self.octets, notes);
        (!known).then_some(Due::Ask(key, None))
    }

    /// Hears a claim, and returns what waited for it, with the address to send it to.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        (key, mac): (Key, MacAddr),
        claim: Claim,
        notes: &mut Notes,
    ) -> VecDeque<Frame> {
        if !self.entries.contains_key(&key) {
            match claim {
                Claim::Question => self.learn(now, key, mac, notes),
                // RFC 4861 §7.2.5, RFC 826: no entry is made for an answer.
                _ => notes.push(Reason::UnaskedAnswer),
            }
            return VecDeque::new();
        }
        let Some(entry) = self.entries.get_mut(&key) else { return VecDeque::new() };
        let waiting = entry.waiting.take(&mut self.octets);
        let (state, old) = (entry.state, entry.mac);
        let Some(next) = after(state, old == mac, claim, now) else { return waiting };
        let overrides = !matches!(claim, Claim::MildAnswer | Claim::MildAnnouncement);
        let incomplete = matches!(state, State::Incomplete { .. });
        if incomplete || overrides {
            entry.mac = mac;
        }
        match next {
            // What waited is about to be sent.
            State::Stale if !waiting.is_empty() => {
                self.enter(key, State::Delay, Some(now + DELAY_FIRST_PROBE));
            }
            _ => self.enter(key, next, None),
        }
        if incomplete {
            notes.push(Reason::NeighbourFound);
        } else if overrides && old != mac {
            notes.push(Reason::NeighbourMoved);
        }
        waiting
    }

    /// The next neighbour whose time has come, if any.
    pub(crate) fn on_deadline(&mut self, now: Instant, notes: &mut Notes) -> Option<Due> {
        let &(due, key) = self.timers.first()?;
        if due > now {
            return None;
        }
        let entry = self.entries.get(&key)?;
        let (mac, again) = (entry.mac, Some(now + RETRANS_TIMER));
        match entry.state {
            State::Incomplete { asked } if asked < QUESTIONS_MAX => {
                self.enter(key, State::Incomplete { asked: asked + 1 }, again);
                Some(Due::Ask(key, None))
            }
            State::Delay => {
                self.enter(key, State::Probe { asked: 1 }, again);
                Some(Due::Ask(key, Some(mac)))
            }
            State::Probe { asked } if asked < QUESTIONS_MAX => {
                self.enter(key, State::Probe { asked: asked + 1 }, again);
                Some(Due::Ask(key, Some(mac)))
            }
            State::Incomplete { .. } | State::Probe { .. } => {
                self.forget(key, notes);
                notes.push(Reason::NeighbourFailed);
                Some(Due::Failed(key))
            }
            State::Reachable { .. } | State::Stale => {
                self.enter(key, entry.state, None);
                self.on_deadline(now, notes)
            }
        }
    }

    /// When [`Neighbours::on_deadline`] has something to say.
    #[inline]
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// How many questions an entry has cost so far.
    pub(crate) fn questions(&self, key: Key) -> u8 {
        match self.entries.get(&key).map(|entry| entry.state) {
            Some(State::Incomplete { asked } | State::Probe { asked }) => asked,
            Some(State::Reachable { .. } | State::Stale | State::Delay) | None => 0,
        }
    }

    /// Somebody has reason to think that it is gone: it is no longer believed without being asked.
    pub(crate) fn doubt(&mut self, key: Key) {
        let state = self.entries.get(&key).map(|entry| entry.state);
        if matches!(state, Some(State::Reachable { .. })) {
            self.enter(key, State::Stale, None);
        }
    }

    /// Marks the next hop of a route.
    pub(crate) fn add_gateway(&mut self, key: Key) {
        if !self.gateways.contains(&key) {
            self.gateways.push(key);
        }
    }

    /// The only place that stores a state, and the time at which it ends.
    fn enter(&mut self, key: Key, state: State, due: Option<Instant>) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if let Some(old) = entry.due {
            self.timers.remove(&(old, key));
        }
        if let Some(new) = due {
            self.timers.insert((new, key));
        }
        entry.state = state;
        entry.due = due;
        self.last = self.last.filter(|(last, ..)| *last != key);
    }

    /// Drops an entry and what waits for it.
    fn forget(&mut self, key: Key, notes: &mut Notes) {
        self.enter(key, State::Stale, None);
        if let Some(mut entry) = self.entries.remove(&key) {
            for _ in entry.waiting.take(&mut self.octets) {
                notes.push(Reason::NeighbourNeverCame);
            }
        }
    }

    /// RFC 4861 §7.2.3, RFC 826: who asks for us will soon hear from us.
    fn learn(&mut self, now: Instant, key: Key, mac: MacAddr, notes: &mut Notes) {
        if self.make_room(now, notes) {
            let entry = Entry { mac, ..Entry::new(now, Acquaintance::Stranger) };
            self.entries.insert(key, entry);
            self.now_stranger(key, notes);
            notes.push(Reason::NeighbourLearned);
        }
    }
}

impl Entry {
    fn new(now: Instant, acquaintance: Acquaintance) -> Self {
        let (mac, state) = (MacAddr::UNSPECIFIED, State::Stale);
        Entry { mac, state, due: None, used: now, acquaintance, waiting: Waiting::default() }
    }
}

/// RFC 4861 §7.2.3 and §7.2.5: the state after a claim; `None`: it is left as it is.
fn after(state: State, same_mac: bool, claim: Claim, now: Instant) -> Option<State> {
    let reachable = State::Reachable { until: now + REACHABLE_TIME };
    let asked = matches!(state, State::Incomplete { .. } | State::Probe { .. });
    let incomplete = matches!(state, State::Incomplete { .. });
    match claim {
        Claim::Answer if asked => Some(reachable),
        Claim::MildAnswer if incomplete || (asked && same_mac) => Some(reachable),
        // Another one answers and does not insist: believe the old one, but ask again.
        Claim::MildAnswer | Claim::MildAnnouncement if !incomplete => {
            let doubt = !same_mac && matches!(state, State::Reachable { .. });
            doubt.then_some(State::Stale)
        }
        _ if incomplete => Some(State::Stale),
        _ if same_mac => None,
        _ => Some(State::Stale),
    }
}

#[cfg(test)]
mod tests;
