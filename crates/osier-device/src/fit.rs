//! Can a device take a frame as it is?
//!
//! A host that reads the device's properties sends only what the device offers to finish. A frame
//! that asks for more is still carried: cut, and with its checksums filled, as a wire would.

use osier_wire::link::Offloads;
use osier_wire::offload::{Checksum, GsoKind, Offload};

/// What is to be done to a frame before the device gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Nothing.
    AsItIs,
    /// `osier_wire::offload::split`, which fills the checksums as well.
    Split,
    /// `osier_wire::offload::split_unsummed`: the device fills the checksums.
    SplitUnsummed,
}

/// Compares what a frame asks for with what the device offers.
pub(crate) fn fit(asked: &Offload, offered: &Offloads) -> Fit {
    let checksum = match asked.checksum {
        Checksum::Partial { .. } => offered.checksum,
        Checksum::Filled | Checksum::Verified => true,
    };
    let segments = match asked.gso.map(|gso| gso.kind) {
        None => true,
        Some(GsoKind::TcpV4) => offered.tso_v4,
        Some(GsoKind::TcpV6) => offered.tso_v6,
        Some(GsoKind::Udp) => offered.uso,
    };
    match (checksum, segments) {
        (true, true) => Fit::AsItIs,
        (true, false) => Fit::SplitUnsummed,
        (false, _) => Fit::Split,
    }
}
