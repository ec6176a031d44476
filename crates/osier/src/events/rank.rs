//! How loud is a decision?
//!
//! What a stranger can cause with forged packets, as often as he likes, is never louder than
//! `Debug`: a log must not be his to fill. The table for users stands in `events.rs`.

use osier_host::{HostReason, Note, Reason};
use osier_tcp::Arrow;

/// The levels that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    Warn,
    Info,
    Debug,
    Trace,
}

/// `next` is what was noted next, perhaps of something else.
pub(super) fn tcp(reason: &osier_tcp::Reason, next: Option<&Note>) -> Rank {
    use osier_tcp::Reason as Tcp;
    match reason {
        // A SYN and the RST after it, or the silence, may be forged alike.
        Tcp::ResetByPeer | Tcp::TimedOut if next.is_some_and(ends_a_handshake) => Rank::Debug,
        Tcp::Moved { arrow } => moved(*arrow),
        Tcp::ResetByPeer
        | Tcp::RefusedByPeer
        | Tcp::ResetSent
        | Tcp::TextAfterClose { .. }
        | Tcp::TimedOut
        | Tcp::Unreachable
        | Tcp::BlackHole { .. } => Rank::Warn,
        Tcp::OutOfOrder { .. }
        | Tcp::AfterTimeout { .. }
        | Tcp::FastRetransmit { .. }
        | Tcp::OvertakenRetransmit { .. }
        | Tcp::RecoveryRetransmit { .. }
        | Tcp::MtuProbe { .. }
        | Tcp::TailProbe { .. }
        | Tcp::TailProbeAgain { .. }
        | Tcp::ZeroWindowProbe { .. }
        | Tcp::KeepAliveProbe { .. }
        | Tcp::CongestionMarked
        | Tcp::MarkEchoed => Rank::Trace,
        _ => Rank::Debug,
    }
}

/// Why a passive handshake ended is noted right before that it did.
fn ends_a_handshake(note: &Note) -> bool {
    note.reason == Reason::Tcp(osier_tcp::Reason::Moved { arrow: Arrow::EndSynReceived })
}

/// A SYN may be forged, and so what follows of it until it is confirmed.
fn moved(arrow: Arrow) -> Rank {
    match arrow {
        Arrow::SynArrived | Arrow::EndSynReceived => Rank::Debug,
        _ => Rank::Info,
    }
}

pub(super) fn ip(reason: &osier_ip::Reason) -> Rank {
    use osier_ip::Reason as Ip;
    match reason {
        // At most once in ten seconds, however often a rival speaks (RFC 5227 §2.4).
        Ip::AddressDefended => Rank::Warn,
        Ip::OtherStation
        | Ip::UnknownEtherType { .. }
        | Ip::NotForUs
        | Ip::OwnEcho
        | Ip::EchoAnswered { .. }
        | Ip::AskedForOthers
        | Ip::SaidWhoWeAre
        | Ip::NeighbourAsked { .. }
        | Ip::NeighbourFound
        | Ip::NeighbourLearned
        | Ip::NeighbourWaits => Rank::Trace,
        _ => Rank::Debug,
    }
}

/// All that the host decides, it decides about strangers.
pub(super) fn host(_: &HostReason) -> Rank {
    Rank::Debug
}

#[cfg(test)]
mod tests {
    use super::{Rank, ip, tcp};
    use osier_host::{Note, Reason};
    use osier_tcp::{Arrow, Reason as Tcp};
    use osier_time::Instant;

    fn noted(arrow: Arrow) -> Note {
        let reason = Reason::Tcp(Tcp::Moved { arrow });
        Note { at: Instant::ZERO, flow: None, reason }
    }

    #[test]
    fn a_flood_of_forged_syns_is_not_louder_than_debug() {
        let end = noted(Arrow::EndSynReceived);
        for forged in [Tcp::Moved { arrow: Arrow::SynArrived }, Tcp::TimedOut, Tcp::ResetByPeer] {
            assert_eq!(tcp(&forged, Some(&end)), Rank::Debug, "{forged}");
        }
        assert_eq!(tcp(&Tcp::Moved { arrow: Arrow::EndSynReceived }, None), Rank::Debug);
    }

    #[test]
    fn a_rival_for_our_address_is_a_warning_but_not_each_frame_of_his() {
        assert_eq!(ip(&osier_ip::Reason::AddressDefended), Rank::Warn);
        assert_eq!(ip(&osier_ip::Reason::AddressConflict), Rank::Debug);
    }

    #[test]
    fn a_connection_that_is_broken_off_is_a_warning() {
        let end = noted(Arrow::EndEstablished);
        for next in [None, Some(&end)] {
            assert_eq!(tcp(&Tcp::TimedOut, next), Rank::Warn);
            assert_eq!(tcp(&Tcp::ResetByPeer, next), Rank::Warn);
        }
    }
}
