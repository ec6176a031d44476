//! When may a buffer sent with MSG_ZEROCOPY be used again? (Linux: Documentation/networking/
//! msg_zerocopy)
//!
//! We copy at once, so it may be always; but programs wait to be told. Each such send has a number;
//! it is told when the peer has acknowledged the text, numbers in a row together.

use alloc::collections::VecDeque;

/// Sends whose completion may wait to be acknowledged or to be told; beyond it a send is refused,
/// as by Linux's limit of memory for notes.
const WAITING_MAX: usize = 1_024;

/// The sends of a socket.
#[derive(Clone, Debug, Default)]
pub(crate) struct ZeroCopy {
    /// The number of the next send.
    next: u32,
    /// Octets written, ever.
    written: u64,
    /// Sends that are not acknowledged: the octets written when each was done, and its number.
    waiting: VecDeque<(u64, u32)>,
    /// What is to be told: the first and the last number.
    done: VecDeque<(u32, u32)>,
}

impl ZeroCopy {
    /// Whether another send may be numbered.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() + self.done.len() < WAITING_MAX
    }

    /// Octets were written.
    pub(crate) fn on_written(&mut self, octets: usize) {
        self.written += octets as u64;
    }

    /// What was written last was a send to be told of.
    pub(crate) fn on_send(&mut self) {
        self.waiting.push_back((self.written, self.next));
        self.next = self.next.wrapping_add(1);
    }

    /// Whether any send waits for its acknowledgment.
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// So many octets are written and not acknowledged. Says whether there is something new to be
    /// told.
    pub(crate) fn on_unacknowledged(&mut self, octets: u64) -> bool {
        let acked = self.written.saturating_sub(octets);
        let mut news = false;
        while let Some((_, id)) = self.waiting.front().copied().filter(|(end, _)| *end <= acked) {
            self.waiting.pop_front();
            news = true;
            match self.done.back_mut() {
                Some((_, last)) if last.wrapping_add(1) == id => *last = id,
                _ => self.done.push_back((id, id)),
            }
        }
        news
    }

    /// Whether there is something to be told.
    pub(crate) fn tells(&self) -> bool {
        !self.done.is_empty()
    }

    /// Takes what is to be told first.
    pub(crate) fn take(&mut self) -> Option<(u32, u32)> {
        self.done.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::ZeroCopy;

    #[test]
    fn sends_in_a_row_are_told_together_once_they_are_acknowledged() {
        let mut sends = ZeroCopy::default();
        for _ in 0..3 {
            sends.on_written(100);
            sends.on_send();
        }
        assert!(!sends.on_unacknowledged(201));
        assert!(sends.on_unacknowledged(99));
        assert_eq!(sends.take(), Some((0, 1)));
        assert_eq!(sends.take(), None);
        assert!(sends.on_unacknowledged(0));
        assert_eq!(sends.take(), Some((2, 2)));
    }
}
