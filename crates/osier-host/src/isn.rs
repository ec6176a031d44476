//! With which sequence number does a connection start? (RFC 6528; timestamps: RFC 7323 §5.4)
//!
//! A clock that moves on by one every 4 µs, plus a keyed hash of the four-tuple: a reused pair of
//! sockets starts beyond its past, and an outsider cannot guess the number of any other pair.

use crate::config::Keys;
use crate::flow::FlowKey;
use crate::secrets::{Key, Purpose, derive, hash};
use osier_tcp::Opening;
use osier_time::Instant;
use osier_wire::SeqNumber;

/// How far beyond the last number of the old connection a new one starts that reopens it from
/// TIME-WAIT: more than a window without scaling.
const BEYOND_TIME_WAIT: u32 = 65_537;

/// The keys of what a connection starts with.
#[derive(Clone)]
pub(crate) struct Openings {
    isn: Key,
    timestamps: Key,
    /// The timestamp offset of the latest pair of addresses: the next is often the same.
    latest: Option<(FlowKey, u32)>,
}

impl Openings {
    pub(crate) fn new(keys: &Keys) -> Self {
        let (isn, timestamps) = (derive(keys, Purpose::Isn), derive(keys, Purpose::Timestamps));
        Openings { isn, timestamps, latest: None }
    }

    /// What a connection of this name starts with now.
    pub(crate) fn opening(&mut self, now: Instant, key: &FlowKey) -> Opening {
        // RFC 6528 §3: ISN = M + F(localip, localport, remoteip, remoteport, secretkey)
        let ticks = (now.as_micros() / 4) as u32;
        let offset = hash(&self.isn, &[key.as_bytes()]) as u32;
        // RFC 7323 §5.4: one offset for a pair of addresses, so that the timestamps of successive
        // connections rise, which is what lets TIME-WAIT be reopened (RFC 6191).
        let ts_offset = match &self.latest {
            Some((latest, offset)) if latest.is_between_hosts_of(key) => *offset,
            Some(_) | None => {
                let offset = hash(&self.timestamps, &[key.addresses()]) as u32;
                self.latest = Some((*key, offset));
                offset
            }
        };
        Opening { iss: SeqNumber(ticks.wrapping_add(offset)), ts_offset }
    }

    /// The same for a SYN that reopens a connection from TIME-WAIT, whose next sequence number
    /// was `snd_nxt`.
    pub(crate) fn reopening(&mut self, now: Instant, key: &FlowKey, snd_nxt: SeqNumber) -> Opening {
        let mut opening = self.opening(now, key);
        // RFC 9293 §3.10.7.4, fourth: a larger number than the old connection used [MAY-2].
        if opening.iss.at_or_before(snd_nxt) {
            opening.iss = snd_nxt + BEYOND_TIME_WAIT;
        }
        opening
    }
}

impl core::fmt::Debug for Openings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Openings(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::Openings;
    use crate::config::Keys;
    use crate::flow::FlowKey;
    use osier_time::Instant;
    use osier_wire::SeqNumber;

    fn key(port: u16) -> FlowKey {
        FlowKey::new(([10, 0, 0, 1], 80).into(), ([10, 0, 0, 2], port).into()).unwrap()
    }

    #[test]
    fn the_number_moves_on_by_one_every_four_microseconds() {
        let mut openings = Openings::new(&Keys::from_seed(1));
        let mut at = |micros| openings.opening(Instant::from_micros(micros), &key(9)).iss;
        assert_eq!(at(8_000_000), at(0) + 2_000_000);
        assert_eq!(at(3), at(0));
    }

    #[test]
    fn another_port_or_another_secret_gives_another_number() {
        let mut openings = Openings::new(&Keys::from_seed(1));
        let now = Instant::from_secs(1);
        let one = openings.opening(now, &key(9));
        assert_ne!(one.iss, openings.opening(now, &key(10)).iss);
        let mut other = Openings::new(&Keys::from_seed(2));
        assert_ne!(one.iss, other.opening(now, &key(9)).iss);
    }

    #[test]
    fn the_timestamps_of_one_pair_of_addresses_share_an_offset() {
        let mut openings = Openings::new(&Keys::from_seed(1));
        let mut offset = |port| openings.opening(Instant::ZERO, &key(port)).ts_offset;
        assert_eq!(offset(9), offset(10));
    }

    #[test]
    fn other_addresses_have_another_offset_whoever_came_before() {
        let mut openings = Openings::new(&Keys::from_seed(1));
        let other = FlowKey::new(([10, 0, 0, 1], 80).into(), ([10, 0, 0, 3], 9).into()).unwrap();
        let mut offset = |key: &FlowKey| openings.opening(Instant::ZERO, key).ts_offset;
        let (first, second) = (offset(&key(9)), offset(&other));
        assert_ne!(first, second);
        assert_eq!((offset(&key(10)), offset(&other)), (first, second));
    }

    #[test]
    fn a_reopened_pair_starts_beyond_its_past() {
        let mut openings = Openings::new(&Keys::from_seed(1));
        let now = Instant::from_secs(1);
        let fresh = openings.opening(now, &key(9)).iss;
        for used in [fresh, fresh + 5, fresh + 70_000, fresh - 1, SeqNumber(u32::MAX)] {
            assert!(openings.reopening(now, &key(9), used).iss.after(used), "after {used}");
        }
    }
}
