//! Which states does a connection pass through, and by which arrows? (RFC 9293 §3.3.2, figure 5)
//!
//! ```text
//!                             CLOSED
//!              passive open /        \ active open: send SYN
//!                          v          v
//!                      LISTEN        SYN-SENT
//!     SYN: send SYN,ACK |    SYN: send  |   | SYN,ACK: send ACK
//!                       v    SYN,ACK    |   |
//!                  SYN-RECEIVED <-------+   |
//!           ACK of SYN |    \ close: FIN    |
//!                      v     \              v
//!                      +------\-------> ESTABLISHED
//!                              \    close: FIN |   | FIN: send ACK
//!                               v              v   v
//!                              FIN-WAIT-1 <----+   CLOSE-WAIT
//!              ACK of FIN /      | FIN              | close: send FIN
//!                        v       v                  v
//!                FIN-WAIT-2   CLOSING            LAST-ACK
//!                     | FIN      | ACK of FIN       | ACK of FIN
//!                     v          v                  v
//!                     +-----> TIME-WAIT          CLOSED
//!                             2 MSL |
//!                                   v
//!                                CLOSED
//! ```
//!
//! A FIN that carries the acknowledgment of ours takes two arrows at once, through FIN-WAIT-2: the
//! ACK field is looked at before the FIN bit (§3.10.7.4, fifth and eighth).
//!
//! The figure's arrows, and the arrows to CLOSED from everywhere (RST, abort, give-up), are the
//! rows of [`Arrow`]. Nothing else changes a state.

use core::fmt;

/// The eleven states (RFC 9293 §3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Waiting for a connection request from any remote peer.
    Listen,
    /// Waiting for a matching connection request after having sent one.
    SynSent,
    /// Waiting for the acknowledgment of our SYN after having both received and sent one.
    SynReceived,
    /// Open: data received can be delivered to the user.
    Established,
    /// Waiting for the peer's FIN, or the acknowledgment of ours.
    FinWait1,
    /// Waiting for the peer's FIN; ours is acknowledged.
    FinWait2,
    /// Waiting for a close from our user; the peer has closed.
    CloseWait,
    /// Both have closed; waiting for the acknowledgment of our FIN.
    Closing,
    /// Waiting for the acknowledgment of our FIN, which answers the peer's.
    LastAck,
    /// Waiting so long that the peer surely has the acknowledgment of its FIN, and that old
    /// segments have died.
    TimeWait,
    /// No connection.
    Closed,
}

impl State {
    /// All of them, in the order of the RFC.
    pub const ALL: [State; 11] = [
        State::Listen,
        State::SynSent,
        State::SynReceived,
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
        State::Closed,
    ];

    /// The name as the RFC writes it.
    pub const fn name(self) -> &'static str {
        match self {
            State::Listen => "LISTEN",
            State::SynSent => "SYN-SENT",
            State::SynReceived => "SYN-RECEIVED",
            State::Established => "ESTABLISHED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::CloseWait => "CLOSE-WAIT",
            State::Closing => "CLOSING",
            State::LastAck => "LAST-ACK",
            State::TimeWait => "TIME-WAIT",
            State::Closed => "CLOSED",
        }
    }

    /// Whether our user may still write: no FIN has been queued.
    pub const fn may_send(self) -> bool {
        matches!(self, State::SynReceived | State::Established | State::CloseWait)
    }

    /// Whether the peer may still send text: its FIN has not arrived.
    pub const fn may_receive(self) -> bool {
        matches!(self, State::SynReceived | State::Established | State::FinWait1 | State::FinWait2)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! arrows {
    ($( $(#[$doc:meta])* $name:ident: $from:ident -> $to:ident, $why:literal; )*) => {
        /// Every legal arrow of figure 5.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Arrow { $( $(#[$doc])* $name, )* }

        impl Arrow {
            /// All arrows, in the order of a connection's life.
            pub const ALL: &'static [Arrow] = &[ $( Arrow::$name, )* ];

            /// The state that the arrow leaves.
            pub const fn from(self) -> State {
                match self { $( Arrow::$name => State::$from, )* }
            }

            /// The state that the arrow enters.
            pub const fn to(self) -> State {
                match self { $( Arrow::$name => State::$to, )* }
            }

            /// Why the arrow is taken, as a clause.
            pub const fn why(self) -> &'static str {
                match self { $( Arrow::$name => $why, )* }
            }
        }
    };
}

arrows! {
    /// We call: the user opens actively.
    ActiveOpen: Closed -> SynSent, "we send a SYN (step 1 of 3)";
    /// They call: a SYN meets a listener.
    SynArrived: Listen -> SynReceived, "a SYN arrived and we answer with SYN,ACK (step 2 of 3)";
    /// Both call: a SYN without ACK meets our SYN.
    SynCrossed: SynSent -> SynReceived, "a SYN crossed ours (simultaneous open)";
    /// The SYN,ACK answers our SYN.
    SynAcked: SynSent -> Established, "the peer acknowledged our SYN (step 2 of 3)";
    /// The ACK answers our SYN,ACK.
    HandshakeDone: SynReceived -> Established, "the peer acknowledged our SYN (step 3 of 3)";
    /// The user closes before the handshake is over.
    CloseInHandshake: SynReceived -> FinWait1, "we close and queue a FIN";
    /// We close first.
    CloseFirst: Established -> FinWait1, "we close first and queue a FIN (step 1 of 4)";
    /// The peer closes first.
    FinArrived: Established -> CloseWait, "the peer closed first with its FIN (step 1 of 4)";
    /// We close after the peer.
    CloseSecond: CloseWait -> LastAck, "we close too and queue our FIN (step 3 of 4)";
    /// The peer acknowledges our FIN.
    FinAcked: FinWait1 -> FinWait2, "the peer acknowledged our FIN (step 2 of 4)";
    /// The FINs cross.
    FinCrossed: FinWait1 -> Closing, "the peer's FIN crossed ours (simultaneous close)";
    /// The peer's FIN at last.
    FinArrivedLast: FinWait2 -> TimeWait, "the peer's FIN arrived (step 3 of 4)";
    /// After crossing FINs, the acknowledgment of ours.
    ClosingAcked: Closing -> TimeWait, "the peer acknowledged our FIN, both are closed";
    /// The last acknowledgment.
    LastAcked: LastAck -> Closed, "the peer acknowledged our FIN (step 4 of 4)";
    /// 2 MSL have passed.
    TimeWaitOver: TimeWait -> Closed, "TIME-WAIT has lasted long enough";
    /// Ended before the handshake was over.
    EndSynSent: SynSent -> Closed, "the attempt to connect ended";
    /// Ended in the passive or simultaneous handshake.
    EndSynReceived: SynReceived -> Closed, "the handshake was broken off";
    /// Reset, aborted or given up.
    EndEstablished: Established -> Closed, "the connection was broken off";
    /// Reset, aborted or given up.
    EndFinWait1: FinWait1 -> Closed, "the connection was broken off";
    /// Reset, aborted or given up.
    EndFinWait2: FinWait2 -> Closed, "the connection was broken off";
    /// Reset, aborted or given up.
    EndCloseWait: CloseWait -> Closed, "the connection was broken off";
    /// Reset, aborted or given up.
    EndClosing: Closing -> Closed, "the connection was broken off";
    /// Reset, aborted or given up.
    EndLastAck: LastAck -> Closed, "the connection was broken off";
}

impl Arrow {
    /// The arrow by which a connection in `state` is broken off; `None` where there is none.
    pub fn end_of(state: State) -> Option<Arrow> {
        match state {
            State::SynSent => Some(Arrow::EndSynSent),
            State::SynReceived => Some(Arrow::EndSynReceived),
            State::Established => Some(Arrow::EndEstablished),
            State::FinWait1 => Some(Arrow::EndFinWait1),
            State::FinWait2 => Some(Arrow::EndFinWait2),
            State::CloseWait => Some(Arrow::EndCloseWait),
            State::Closing => Some(Arrow::EndClosing),
            State::LastAck => Some(Arrow::EndLastAck),
            State::TimeWait => Some(Arrow::TimeWaitOver),
            State::Listen | State::Closed => None,
        }
    }
}

/// Prints as `SYN-SENT -> ESTABLISHED: the peer acknowledged our SYN (step 2 of 3)`.
impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {}", self.from(), self.to(), self.why())
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrow, State};

    #[test]
    fn every_synchronized_state_can_be_broken_off_and_closed_is_the_only_end() {
        for arrow in Arrow::ALL {
            assert_ne!(arrow.from(), arrow.to());
            if arrow.to() != State::Closed {
                assert!(Arrow::end_of(arrow.to()).is_some(), "{arrow} leads nowhere");
            }
        }
    }

    #[test]
    fn only_the_way_out_of_last_ack_has_two_arrows() {
        for (i, a) in Arrow::ALL.iter().enumerate() {
            for b in &Arrow::ALL[i + 1..] {
                let twins = (a.from(), a.to()) == (b.from(), b.to());
                assert!(!twins || a.from() == State::LastAck, "{a} and {b}");
            }
        }
    }

    #[test]
    fn closed_is_left_only_by_an_active_open() {
        let out = Arrow::ALL.iter().filter(|a| a.from() == State::Closed);
        assert!(out.eq([&Arrow::ActiveOpen]));
    }
}
