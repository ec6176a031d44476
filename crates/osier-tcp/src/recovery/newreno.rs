//! What do duplicate acknowledgments tell where the peer does not report? RFC 5681 §3.2, RFC 6582.
//!
//! Each says that some segment has left the network, the third that the first one is lost.

use super::DUP_THRESH;

/// What duplicates have told. Stays empty where SACK was agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NewReno {
    /// Duplicate acknowledgments in a row.
    duplicates: u32,
    /// Octets that left the network as duplicates tell.
    departed: u32,
}

impl NewReno {
    /// RFC 5681 §3.2: a duplicate. `in_flight`: octets outstanding that are not known to be lost;
    /// one segment of them, which the duplicate asks for, has not arrived.
    pub(super) fn on_duplicate(&mut self, in_flight: u32, mss: u32) {
        self.duplicates = self.duplicates.saturating_add(1);
        let most = in_flight.saturating_sub(mss);
        self.departed = self.departed.saturating_add(mss).min(most);
    }

    /// Something new is acknowledged, in a recovery or not. Of it, so many octets were sent once:
    /// in a recovery they were counted as departed before.
    pub(super) fn on_progress(&mut self, sent_once: u32) {
        self.duplicates = 0;
        self.departed = self.departed.saturating_sub(sent_once);
    }

    /// No loss is known (any more), or everything is.
    pub(super) fn reset(&mut self) {
        *self = NewReno::default();
    }

    /// Octets that left the network.
    pub(super) const fn departed(&self) -> u32 {
        self.departed
    }

    /// Whether the duplicates show a loss.
    pub(super) const fn shows_loss(&self) -> bool {
        self.duplicates >= DUP_THRESH
    }
}
