//! Which records were sent before another one that has arrived, and long enough ago? (RFC 8985
//! §6.2, step 5)
//!
//! RFC 8985 walks a list of all segments by time of sending. Here nothing is walked that is not
//! decided: what was sent once is in the order of its numbers, and a cursor stands before the
//! first of it that waits for a verdict; what was sent again has a list of its own, in the order
//! of sending. Each record passes the cursor once, each retransmission leaves the list once.

use super::{Record, Records, Standing};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// The how-manieth transmission of the connection, modulo 2^32. Finer than any clock: RFC 8985
/// §6.2 orders what was sent at one time by number, which a retransmission among it would upset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::recovery) struct Order(u32);

impl Order {
    /// Steps on to the next transmission, and says which that is.
    pub(in crate::recovery) const fn advance(&mut self) -> Order {
        self.0 = self.0.wrapping_add(1);
        *self
    }

    /// How many transmissions later than `other` this one was.
    pub(in crate::recovery) const fn since(self, other: Order) -> u32 {
        self.0.wrapping_sub(other.0)
    }

    /// Whether this one was later.
    pub(in crate::recovery) const fn after(self, other: Order) -> bool {
        (self.0.wrapping_sub(other.0) as i32) > 0
    }
}

/// So many entries more than twice the records are swept: at least half of them are of no use, and
/// the sweep is paid for by those who came since the last one.
const RESENT_SLACK: usize = 16;

/// `[from, to)` was sent again.
///
/// An entry is of use as long as a record in flight belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resent {
    pub(super) from: SeqNumber,
    pub(super) to: SeqNumber,
    pub(super) order: Order,
}

/// What is overdue: all that was sent before the newest delivered, longer ago than `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::recovery) struct Overdue {
    pub(in crate::recovery) now: Instant,
    /// In place of RACK.xmit_ts, and RACK.end_seq.
    pub(in crate::recovery) newest: (Order, SeqNumber),
    /// RACK.rtt + RACK.reo_wnd.
    pub(in crate::recovery) wait: Duration,
}

/// The verdict on a record.
enum Verdict {
    /// Lost.
    Overdue,
    /// Sent before the newest delivered, but it may be on its way until then.
    Waits(Instant),
    /// Nothing that was sent after it has arrived.
    Unknown,
}

impl Overdue {
    fn judge(&self, record: &Record) -> Verdict {
        let (newest, end) = self.newest;
        // RFC 8985 §6.2, RACK_sent_after: of what was sent together, the end decides.
        let before = newest.after(record.order) || (newest == record.order && end.after(record.to));
        let due = record.sent_at + self.wait;
        match before {
            true if due <= self.now => Verdict::Overdue,
            true => Verdict::Waits(due),
            false => Verdict::Unknown,
        }
    }
}

impl Records {
    /// What is overdue is lost. Says when the next of what is suspicious will be.
    ///
    /// RFC 8985 §6.2 waits for the last of it, to set fewer alarms; by the first each loss is
    /// known as soon as it can be, and the rest need not be walked.
    pub(in crate::recovery) fn lose_overdue(&mut self, overdue: &Overdue) -> Option<Instant> {
        let once = self.lose_overdue_originals(overdue);
        let again = self.lose_overdue_resent(overdue);
        once.into_iter().chain(again).min()
    }

    /// RFC 8985 §6.3: the timer expired. The first is lost, and all that is overdue by itself,
    /// whether or not anything sent later has arrived.
    pub(in crate::recovery) fn lose_first_and_older_than(&mut self, sent_before: Instant) {
        for index in 0..self.records.len() {
            if index == 0 || self.records[index].sent_at <= sent_before {
                self.lose(index);
            }
        }
        self.forget_stale_resent();
    }

    /// What counted as lost does not any more, and waits for a verdict again.
    pub(in crate::recovery) fn acquit(&mut self) {
        for index in 0..self.records.len() {
            if self.records[index].standing == Standing::Lost {
                self.stands(index, Standing::InFlight);
            }
        }
        self.judged = self.una();
        let again =
            self.records.iter().filter(|r| r.standing == Standing::InFlight && r.resent > 0);
        let resent = |r: &Record| Resent { from: r.from, to: r.to, order: r.order };
        self.resent = again.map(resent).collect();
        let now = self.order.0;
        // The oldest first, modulo 2^32.
        let age = |resent: &Resent| core::cmp::Reverse(now.wrapping_sub(resent.order.0));
        self.resent.make_contiguous().sort_by_key(age);
    }

    fn lose_overdue_originals(&mut self, overdue: &Overdue) -> Option<Instant> {
        let mut index = self.index_of(self.judged);
        let mut next = None;
        while let Some(record) = self.records.get(index) {
            if record.standing == Standing::InFlight && record.resent == 0 {
                match overdue.judge(record) {
                    Verdict::Overdue => self.lose(index),
                    Verdict::Waits(due) => {
                        next = Some(due);
                        break;
                    }
                    Verdict::Unknown => break,
                }
            }
            index += 1;
        }
        if index > 0 {
            self.judged = self.records[index - 1].to;
        }
        next
    }

    fn lose_overdue_resent(&mut self, overdue: &Overdue) -> Option<Instant> {
        while let Some(resent) = self.resent.front().copied() {
            while let Some(index) = self.in_flight_of(&resent) {
                match overdue.judge(&self.records[index]) {
                    Verdict::Overdue => self.lose(index),
                    Verdict::Waits(due) => return Some(due),
                    Verdict::Unknown => return None,
                }
            }
            self.resent.pop_front();
        }
        None
    }

    /// The first record of this retransmission that is still in flight.
    fn in_flight_of(&self, resent: &Resent) -> Option<usize> {
        let first = self.index_of(resent.from);
        let records = self.records.from(first).take_while(|r| r.from.before(resent.to));
        let at = |record| resent.is_in_flight(record);
        records.enumerate().find(|(_, record)| at(record)).map(|(n, _)| first + n)
    }

    /// Keeps a retransmission in mind until its fate is known.
    pub(super) fn remember_resent(&mut self, resent: Resent) {
        self.resent.push_back(resent);
        if self.resent.len() > 2 * self.records.len() + RESENT_SLACK {
            self.forget_stale_resent();
        }
    }

    /// Sweeps out what was lost otherwise than by its age.
    pub(super) fn forget_stale_resent(&mut self) {
        let mut resent = core::mem::take(&mut self.resent);
        resent.retain(|resent| self.in_flight_of(resent).is_some());
        self.resent = resent;
    }
}

impl Resent {
    pub(super) const fn ends_by(&self, ack: SeqNumber) -> bool {
        self.to.at_or_before(ack)
    }

    fn is_in_flight(&self, record: &Record) -> bool {
        record.standing == Standing::InFlight && record.resent > 0 && record.order == self.order
    }
}
