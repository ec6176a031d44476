//! What always holds of the cache, and the arrows of its states.

use super::*;
use crate::packet::LinkId;
use crate::reason::Recording;
use core::net::IpAddr;

impl Neighbours {
    /// How many neighbours there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Octets that wait for all of them.
    pub(crate) fn waiting_octets(&self) -> usize {
        self.octets
    }

    /// Each table says the same as the others.
    pub(crate) fn check(&self) {
        let mut octets = 0;
        let mut due = 0;
        let (mut asking, mut strangers) = (0, 0);
        for (key, entry) in &self.entries {
            octets += entry.waiting.octets();
            let incomplete = matches!(entry.state, State::Incomplete { .. });
            let timed = matches!(entry.state, State::Delay | State::Probe { .. }) || incomplete;
            assert_eq!(entry.due.is_some(), timed, "{entry:?}");
            assert!(incomplete || entry.waiting.octets() == 0, "{entry:?}");
            if let Some(at) = entry.due {
                assert!(self.timers.contains(&(at, *key)));
                due += 1;
            }
            asking += usize::from(incomplete);
            strangers += usize::from(entry.acquaintance == Acquaintance::Stranger);
        }
        assert_eq!((self.octets, self.timers.len()), (octets, due));
        assert!(self.entries.len() <= evict::ENTRIES_MAX);
        assert!(asking <= evict::ASKING_MAX && self.asking.len() <= evict::ASKING_MAX);
        assert!(strangers <= evict::STRANGERS_MAX);
        assert!(self.strangers.len() <= evict::STRANGERS_MAX);
        if let Some((key, mac, _)) = self.last {
            let entry = &self.entries[&key];
            assert!(entry.mac == mac && matches!(entry.state, State::Reachable { .. }));
        }
    }
}

const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
const OTHER: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

fn key(n: u32) -> Key {
    Key::new(LinkId(1), IpAddr::from(n.to_be_bytes()))
}

fn frame(len: usize) -> Frame {
    let mut frame = Frame::default();
    frame.payload.push(bytes::Bytes::from(alloc::vec![0; len]));
    frame
}

fn notes() -> Notes {
    Notes::new(Recording::Off)
}

#[test]
fn each_claim_leads_from_each_state_where_rfc_4861_says() {
    let now = Instant::from_secs(1);
    let reachable = State::Reachable { until: now + REACHABLE_TIME };
    let (incomplete, probe) = (State::Incomplete { asked: 1 }, State::Probe { asked: 1 });
    use Claim::{Announcement, Answer, MildAnnouncement, MildAnswer, Question};
    for (state, same_mac, claim, next) in [
        (incomplete, false, Answer, Some(reachable)),
        (incomplete, false, MildAnswer, Some(reachable)),
        (incomplete, false, Announcement, Some(State::Stale)),
        (incomplete, false, MildAnnouncement, Some(State::Stale)),
        (incomplete, false, Question, Some(State::Stale)),
        (probe, true, Answer, Some(reachable)),
        (probe, false, Answer, Some(reachable)),
        (probe, true, MildAnswer, Some(reachable)),
        (probe, false, MildAnswer, None),
        (probe, false, Announcement, Some(State::Stale)),
        (reachable, false, MildAnswer, Some(State::Stale)),
        (reachable, false, MildAnnouncement, Some(State::Stale)),
        (reachable, false, Announcement, Some(State::Stale)),
        (reachable, true, Announcement, None),
        (reachable, true, Question, None),
        (State::Stale, true, Answer, None),
        (State::Stale, false, MildAnswer, None),
        (State::Delay, false, Question, Some(State::Stale)),
    ] {
        assert_eq!(after(state, same_mac, claim, now), next, "{state:?} {same_mac} {claim:?}");
    }
}

#[test]
fn what_waits_is_bounded_in_octets_over_all_neighbours() {
    let (mut cache, mut notes, now) = (Neighbours::new(1), notes(), Instant::from_secs(1));
    for n in 0..100 {
        cache.wait(now, key(n), frame(60_000), &mut notes);
        cache.wait(now, key(n), frame(60_000), &mut notes);
        cache.wait(now, key(n), frame(60_000), &mut notes);
        cache.check();
    }
    assert!(cache.octets <= waiting::OCTETS_MAX_OF_ALL);
    assert!(notes.count(&Reason::NeighbourQueueFull) > 0);
    assert!(notes.count(&Reason::NeighbourQueuesFull) > 0);
}

#[test]
fn the_latest_of_what_waits_is_kept() {
    let (mut cache, mut notes, now) = (Neighbours::new(1), notes(), Instant::from_secs(1));
    for len in [60_000, 60_001, 60_002] {
        cache.wait(now, key(1), frame(len), &mut notes);
    }
    let waited = cache.hear(now, (key(1), MAC), Claim::Answer, &mut notes);
    assert_eq!(waited.iter().map(Frame::len).collect::<Vec<_>>(), [60_001, 60_002]);
    cache.check();
}

#[test]
fn a_cache_full_of_neighbours_in_use_takes_no_other_and_forgets_the_idlest_later() {
    let (mut cache, mut notes, mut now) = (Neighbours::new(1), notes(), Instant::from_secs(1));
    cache.add_gateway(key(0));
    for n in 0..evict::ENTRIES_MAX as u32 {
        cache.wait(now, key(n), frame(1), &mut notes);
        cache.hear(now, (key(n), MAC), Claim::Answer, &mut notes);
        now += Duration::from_nanos(1);
    }
    let other = key(1 << 20);
    assert!(cache.wait(now, other, frame(1), &mut notes).is_none());
    assert_eq!(notes.count(&Reason::NeighbourCacheFull), 1);
    now += Duration::from_secs(100);
    assert!(matches!(cache.wait(now, other, frame(1), &mut notes), Some(Due::Ask(..))));
    cache.check();
    // The gateway is the idlest, but it is a gateway: the next one went.
    assert!(cache.entries.contains_key(&key(0)));
    assert!(!cache.entries.contains_key(&key(1)));
}

#[test]
fn a_stranger_that_we_then_send_to_is_none() {
    let (mut cache, mut notes, now) = (Neighbours::new(1), notes(), Instant::from_secs(1));
    cache.hear(now, (key(0), MAC), Claim::Question, &mut notes);
    assert_eq!(cache.find(now, key(0)), Some(MAC));
    for n in 1..10_000 {
        cache.hear(now, (key(n), OTHER), Claim::Question, &mut notes);
    }
    cache.check();
    assert_eq!(cache.find(now, key(0)), Some(MAC));
    assert_eq!(cache.len(), 1 + evict::STRANGERS_MAX);
}

#[test]
fn the_neighbour_used_last_is_not_believed_longer_than_any_other() {
    let (mut cache, mut notes, now) = (Neighbours::new(1), notes(), Instant::from_secs(1));
    cache.wait(now, key(0), frame(1), &mut notes);
    cache.hear(now, (key(0), MAC), Claim::Answer, &mut notes);
    assert_eq!(cache.find(now, key(0)), Some(MAC));
    assert_eq!(cache.next_deadline(), None);
    let later = now + REACHABLE_TIME;
    assert_eq!(cache.find(later, key(0)), Some(MAC));
    assert_eq!(cache.next_deadline(), Some(later + DELAY_FIRST_PROBE));
    cache.hear(later, (key(0), OTHER), Claim::Announcement, &mut notes);
    assert_eq!(cache.find(later, key(0)), Some(OTHER));
    cache.check();
}

#[test]
fn a_full_cache_forgets_a_stranger_and_then_who_never_answered_before_anybody_in_use() {
    let (mut cache, mut notes, now) = (Neighbours::new(1), notes(), Instant::from_secs(1));
    let used = evict::ENTRIES_MAX as u32 - 2;
    for n in 0..used {
        cache.wait(now, key(n), frame(1), &mut notes);
        cache.hear(now, (key(n), MAC), Claim::Answer, &mut notes);
    }
    cache.wait(now, key(used), frame(1), &mut notes);
    cache.hear(now, (key(used + 1), OTHER), Claim::Question, &mut notes);
    assert_eq!(cache.len(), evict::ENTRIES_MAX);
    cache.wait(now, key(used + 2), frame(1), &mut notes);
    assert!(!cache.entries.contains_key(&key(used + 1)));
    assert!(cache.entries.contains_key(&key(used)));
    cache.wait(now, key(used + 3), frame(1), &mut notes);
    assert!(!cache.entries.contains_key(&key(used)));
    cache.check();
    assert!((0..used).all(|n| cache.entries.contains_key(&key(n))));
}
