//! How much of what is outstanding stands how? Kept up to date, so that nobody has to add it up.

use super::{Record, Records, Standing};

/// The sums over all records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::recovery) struct Counts {
    /// Octets that are lost and wait to be sent again.
    pub(in crate::recovery) lost: u32,
    /// Octets that are reported.
    pub(in crate::recovery) sacked: u32,
    /// Segments that are reported (RACK.segs_sacked).
    pub(in crate::recovery) sacked_segments: u32,
    /// Octets in flight that were sent again.
    pub(in crate::recovery) resent_in_flight: u32,
    /// Octets of the probe of the path MTU that is out (RFC 4821 §7.5).
    pub(in crate::recovery) probing: u32,
}

impl Counts {
    /// A record comes, or comes back changed.
    pub(super) fn add(&mut self, record: &Record) {
        match record.standing {
            Standing::InFlight if record.resent > 0 => self.resent_in_flight += record.len(),
            Standing::InFlight => {}
            Standing::Sacked => {
                self.sacked += record.len();
                self.sacked_segments += record.segments();
            }
            Standing::Lost => self.lost += record.len(),
        }
    }

    /// A record goes, or is about to change.
    pub(super) fn remove(&mut self, record: &Record) {
        match record.standing {
            Standing::InFlight if record.resent > 0 => self.resent_in_flight -= record.len(),
            Standing::InFlight => {}
            Standing::Sacked => {
                self.sacked -= record.len();
                self.sacked_segments -= record.segments();
            }
            Standing::Lost => self.lost -= record.len(),
        }
    }
}

/// Segments of the wire that are outstanding, and how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// All.
    pub(crate) segments: u32,
    /// Reported.
    pub(crate) sacked: u32,
    /// Lost, and waiting to be sent again.
    pub(crate) lost: u32,
    /// Sent again, and in flight.
    pub(crate) resent: u32,
}

impl Records {
    /// A probe of the path MTU of so many octets is out; 0: none is.
    pub(in crate::recovery) fn set_probing(&mut self, octets: u32) {
        self.counts.probing = octets;
    }

    /// Whether all that is lost is the probe of the path MTU (RFC 4821 §7.6.2).
    pub(in crate::recovery) fn is_probe_lost_alone(&self) -> bool {
        let probe = self.counts.probing;
        let is_probe =
            |r: &Record| r.standing == Standing::Lost && r.len() == probe && r.segment() == probe;
        probe > 0 && self.counts.lost == probe && self.records.iter().any(is_probe)
    }

    /// Octets of memory besides the first, which lies in line.
    #[inline]
    pub(in crate::recovery) fn memory(&self) -> u32 {
        (self.records.len().saturating_sub(1) * size_of::<Record>()) as u32
    }

    /// Counts them one by one: for whoever looks at a connection, not for its decisions.
    pub(in crate::recovery) fn census(&self) -> Census {
        let mut census = Census::default();
        for record in self.records.iter() {
            let segments = record.segments();
            census.segments += segments;
            match record.standing {
                Standing::InFlight if record.resent > 0 => census.resent += segments,
                Standing::InFlight => {}
                Standing::Sacked => census.sacked += segments,
                Standing::Lost => census.lost += segments,
            }
        }
        census
    }
}
