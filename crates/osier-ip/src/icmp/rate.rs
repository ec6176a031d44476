//! How often may we answer? (RFC 1812 §4.3.2.8, RFC 4443 §2.4 (f))
//!
//! A bucket of tokens each, kept as the one time at which it is full again. Errors have a bucket
//! per group of receivers, chosen by a keyed hash: a global one would tell an attacker, who can
//! spend it, how many errors others were sent.

use crate::hash::Keyed;
use alloc::vec::Vec;
use core::net::IpAddr;
use osier_time::{Duration, Instant};

/// Echo replies: as fast as anybody has reason to ask; the link is the limit before.
const ECHO_INTERVAL: Duration = Duration::from_micros(20);
const ECHO_BURST: u64 = 5_000;

/// Errors to one group of receivers: 10 a second, 20 at once.
const ERROR_INTERVAL: Duration = Duration::from_millis(100);
const ERROR_BURST: u64 = 20;

/// Groups of receivers; together they are sent at most 2,560 errors a second.
const ERROR_BUCKETS: usize = 256;

/// The rates of a host.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    hash: Keyed,
    echo: Bucket,
    errors: Vec<Bucket>,
}

/// When a bucket will be full again.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at: Instant,
}

impl Rates {
    /// All buckets full.
    pub(crate) fn new(seed: u64) -> Self {
        let errors = alloc::vec![Bucket::default(); ERROR_BUCKETS];
        Rates { hash: Keyed::new(seed, b"icmp rates"), echo: Bucket::default(), errors }
    }

    /// Takes a token for an echo reply, if there is one.
    pub(crate) fn allow_echo(&mut self, now: Instant) -> bool {
        self.echo.take(now, ECHO_INTERVAL, ECHO_BURST)
    }

    /// Takes a token for an error to `to`, if there is one.
    pub(crate) fn allow_error(&mut self, now: Instant, to: IpAddr) -> bool {
        let hash = match to {
            IpAddr::V4(v4) => self.hash.of(&v4.octets()),
            // A sender of IPv6 has a whole /64 to choose from.
            IpAddr::V6(v6) => self.hash.of(&v6.octets()[..8]),
        };
        let bucket = &mut self.errors[hash as usize % ERROR_BUCKETS];
        bucket.take(now, ERROR_INTERVAL, ERROR_BURST)
    }
}

impl Bucket {
    /// A token takes `interval` to come back; `burst` of them fit.
    fn take(&mut self, now: Instant, interval: Duration, burst: u64) -> bool {
        let full_at = self.full_at.max(now) + interval;
        let allowed = full_at.since(now) <= interval * burst;
        if allowed {
            self.full_at = full_at;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::{ERROR_BURST, Rates};
    use core::net::IpAddr;
    use osier_time::{Duration, Instant};

    #[test]
    fn a_burst_is_allowed_and_then_one_per_interval() {
        let mut rates = Rates::new(1);
        let to: IpAddr = "10.0.0.1".parse().unwrap();
        let start = Instant::from_secs(5);
        let at_once = (0..100).filter(|_| rates.allow_error(start, to)).count();
        assert_eq!(at_once as u64, ERROR_BURST);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| rates.allow_error(later, to)).count(), 10);
    }

    #[test]
    fn what_one_receiver_used_up_another_does_not_miss() {
        let mut rates = Rates::new(1);
        let (one, other): (IpAddr, IpAddr) =
            ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        while rates.allow_error(Instant::ZERO, one) {}
        assert!(rates.allow_error(Instant::ZERO, other));
    }
}
