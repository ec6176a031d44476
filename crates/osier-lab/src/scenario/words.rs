//! In which words is a step of a scenario told, and where is it written?

use crate::sight::Sight;
use osier_host::Reason;
use osier_ladder::{Band, State as Drawn};
use osier_tcp::{Arrow, Reason as Tcp, State};
use osier_wire::tcp::Flags;

/// A state as a lifeline shows it.
pub(super) fn state(state: State) -> Drawn {
    let band = match state {
        State::Closed | State::Listen => Band::Dotted,
        State::Established => Band::Thick,
        State::SynSent
        | State::SynReceived
        | State::FinWait1
        | State::FinWait2
        | State::CloseWait
        | State::Closing
        | State::LastAck
        | State::TimeWait => Band::Thin,
    };
    Drawn::new(state.name(), band)
}

/// Why it happened.
pub(super) fn sentence(reason: &Reason) -> String {
    match reason {
        Reason::Tcp(Tcp::Moved { arrow }) => arrow.why().to_owned(),
        other => other.to_string(),
    }
}

/// Whether a decision is one of the host's own accord, which shows in what it sends next, and not
/// the answer to what has arrived.
pub(super) fn is_of_sender(reason: &Reason) -> bool {
    let Reason::Tcp(reason) = reason else { return false };
    match reason {
        Tcp::Moved { arrow } => matches!(
            arrow,
            Arrow::ActiveOpen | Arrow::CloseFirst | Arrow::CloseSecond | Arrow::CloseInHandshake
        ),
        Tcp::SynAgain { .. }
        | Tcp::RtoExpired { .. }
        | Tcp::AfterTimeout { .. }
        | Tcp::FastRetransmit { .. }
        | Tcp::OvertakenRetransmit { .. }
        | Tcp::RecoveryRetransmit { .. }
        | Tcp::TailProbe { .. }
        | Tcp::TailProbeAgain { .. }
        | Tcp::ZeroWindowProbe { .. }
        | Tcp::KeepAliveProbe { .. }
        | Tcp::TooLongForPath { .. }
        | Tcp::ResetSent
        | Tcp::BlackHole { .. } => true,
        _ => false,
    }
}

/// Where it is written.
pub(super) fn section(reason: &Reason) -> String {
    let known = match reason {
        Reason::Tcp(Tcp::Moved { arrow }) => arrow_section(*arrow),
        Reason::Tcp(Tcp::SynAgain { .. } | Tcp::RtoExpired { .. } | Tcp::AfterTimeout { .. }) => {
            "RFC 6298 §5"
        }
        Reason::Tcp(Tcp::ZeroWindowProbe { .. }) => "RFC 9293 §3.8.6.1",
        Reason::Tcp(Tcp::KeepAliveProbe { .. }) => "RFC 9293 §3.8.4",
        Reason::Tcp(Tcp::OutsideWindow { .. } | Tcp::OldDuplicate { .. }) => {
            "RFC 9293 §3.10.7.4, first"
        }
        Reason::Tcp(Tcp::ChallengeAck | Tcp::ChallengeSuppressed) => "RFC 5961 §3 to §5",
        Reason::Tcp(Tcp::ResetByPeer) => "RFC 9293 §3.5.3",
        Reason::Tcp(Tcp::RefusedByPeer) => "RFC 9293 §3.10.7.3",
        Reason::Tcp(Tcp::ResetSent) => "RFC 9293 §3.10.5",
        Reason::Tcp(Tcp::StrayReset | Tcp::StrayIgnored) => "RFC 9293 §3.10.7.1",
        Reason::Tcp(Tcp::TextAfterClose { .. }) => "RFC 9293 §3.6.1",
        Reason::Tcp(Tcp::NotOfHandshake { .. }) => "RFC 9293 §3.10.7.4",
        Reason::Tcp(Tcp::NoAck) => "RFC 9293 §3.10.7.4, fifth",
        Reason::Tcp(Tcp::TimedOut) => "RFC 9293 §3.8.3",
        Reason::Tcp(Tcp::FinWait2Over) => "RFC 9293 §3.6",
        Reason::Tcp(Tcp::WindowCut { .. }) => "RFC 5681 §3",
        Reason::Tcp(Tcp::OutOfOrder { .. }) => "RFC 9293 §3.10.7.4, seventh",
        other => return said_in(&other.to_string()),
    };
    known.to_owned()
}

const fn arrow_section(arrow: Arrow) -> &'static str {
    match arrow {
        Arrow::ActiveOpen
        | Arrow::SynArrived
        | Arrow::SynCrossed
        | Arrow::SynAcked
        | Arrow::HandshakeDone => "RFC 9293 §3.5",
        Arrow::CloseInHandshake
        | Arrow::CloseFirst
        | Arrow::FinArrived
        | Arrow::CloseSecond
        | Arrow::FinAcked
        | Arrow::FinCrossed
        | Arrow::FinArrivedLast
        | Arrow::ClosingAcked
        | Arrow::LastAcked => "RFC 9293 §3.6",
        Arrow::TimeWaitOver => "RFC 9293 §3.6.1",
        Arrow::EndSynSent
        | Arrow::EndSynReceived
        | Arrow::EndEstablished
        | Arrow::EndFinWait1
        | Arrow::EndFinWait2
        | Arrow::EndCloseWait
        | Arrow::EndClosing
        | Arrow::EndLastAck => "RFC 9293 §3.10.7.4",
    }
}

/// The RFC that a sentence names, or nothing.
fn said_in(sentence: &str) -> String {
    let Some(at) = sentence.rfind("RFC ") else { return String::new() };
    let number = sentence[at + 4..].chars().take_while(char::is_ascii_digit).collect::<String>();
    format!("RFC {number}")
}

/// What a segment says by itself.
pub(super) fn of_segment(segment: &Sight) -> (String, &'static str) {
    let flags = segment.header.flags;
    let text = segment.len;
    if flags.contains(Flags::RST) {
        ("it breaks the connection off".to_owned(), "RFC 9293 §3.5.2")
    } else if flags.contains(Flags::SYN | Flags::ACK) {
        ("it acknowledges the SYN and sends one of its own".to_owned(), "RFC 9293 §3.5")
    } else if flags.contains(Flags::SYN) {
        ("it asks for a connection and names its first number".to_owned(), "RFC 9293 §3.5")
    } else if flags.contains(Flags::FIN) {
        ("it has nothing more to send".to_owned(), "RFC 9293 §3.6")
    } else if text > 0 {
        (format!("{text} octets of text"), "RFC 9293 §3.10.7.4, seventh")
    } else {
        ("it acknowledges what has arrived".to_owned(), "RFC 9293 §3.10.7.4, fifth")
    }
}
