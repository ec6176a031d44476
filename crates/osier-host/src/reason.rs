//! Why did the host do that? Its own decisions, and those of the layers below in one value.
//!
//! A [`Reason`] is `Copy` and at most 16 bytes; its `Display` is the sentence that a capture or a
//! ladder shows. Counters are indexed by it and always on.

use core::fmt;

/// A decision of any layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Of a connection.
    Tcp(osier_tcp::Reason),
    /// Of the IP layer.
    Ip(osier_ip::Reason),
    /// Of the host itself.
    Host(HostReason),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Tcp(reason) => reason.fmt(f),
            Reason::Ip(reason) => reason.fmt(f),
            Reason::Host(reason) => reason.fmt(f),
        }
    }
}

macro_rules! reasons {
    ($( $(#[$doc:meta])* $name:ident $({ $($field:ident: $ty:ty),* })?
        = $counter:literal, $sentence:literal; )*) => {
        /// A decision of the host, with its numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum HostReason { $(
            $(#[$doc])*
            $name $({ $(
                /// A number of the sentence.
                $field: $ty
            ),* })?,
        )* }

        #[derive(Clone, Copy)]
        enum Kind { $( $name, )* }

        impl HostReason {
            /// The names of the counters, by [`HostReason::index`].
            pub const NAMES: &'static [&'static str] = &[ $( $counter, )* ];

            /// Which counter counts this.
            pub const fn index(&self) -> usize {
                match self {
                    $( HostReason::$name $({ $($field: _),* })? => Kind::$name as usize, )*
                }
            }
        }

        impl fmt::Display for HostReason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( HostReason::$name $({ $($field),* })? => write!(f, $sentence), )* }
            }
        }
    };
}

reasons! {
    /// The checksum of a TCP segment or UDP datagram is wrong.
    BadChecksum = "dropped_bad_checksum", "dropped: the transport checksum is wrong";
    /// UDP over IPv6 without a checksum (RFC 8200 §8.1).
    NoChecksum = "dropped_no_checksum", "dropped: UDP over IPv6 without a checksum (RFC 8200)";
    /// A transport header that cannot be read.
    Malformed = "dropped_malformed", "dropped: the transport header cannot be read";
    /// TCP to or from a broadcast or multicast address (RFC 9293 §3.9.2.3 [MUST-57]).
    NotUnicast = "dropped_not_unicast", "dropped: TCP to or from an address of more than one host";
    /// A transport that we do not have.
    NoTransport { protocol: u8 } = "dropped_no_transport",
        "dropped: nobody here speaks protocol {protocol}";

    /// The device lost frames before the host saw them.
    LostByDevice { frames: u32 } = "dropped_by_device",
        "dropped: {frames} frames that the host never saw, by the full queue of the device";

    /// The accept queue is full: SYNs and final ACKs are dropped, never reset.
    AcceptQueueFull { backlog: u32 } = "dropped_accept_queue_full",
        "dropped: the accept queue is full ({backlog} connections wait); the peer will try again";
    /// The connections of an accept queue hold as much text as they may together.
    UnacceptedFull { segments: u32, octets: u32 } = "dropped_unaccepted_full",
        "dropped: connections that nobody has accepted hold {segments} segments, {octets} octets";
    /// The SYN queue is full.
    SynQueueFull { limit: u32 } = "dropped_syn_queue_full",
        "dropped: the SYN queue is full ({limit} handshakes wait); the peer will try again";
    /// The SYN queue is full, or none is kept: a SYN,ACK that needs no memory (RFC 4987).
    CookieSent = "syn_cookies_sent",
        "answered with a SYN cookie: nothing is held until the ACK brings it back (RFC 4987)";
    /// A SYN with a good cookie made a connection.
    FastOpenAccepted = "fast_opens_accepted",
        "the SYN shows the cookie that we gave its sender: a connection at once (RFC 7413)";
    /// A SYN with a cookie that is not ours.
    FastOpenRejected = "fast_opens_rejected",
        "the SYN shows a cookie that is not ours: the usual handshake, and a new cookie";
    /// Too many connections whose client has confirmed nothing.
    FastOpensFull = "fast_opens_full",
        "no Fast Open: as many connections as may be wait for their client to answer (RFC 7413)";
    /// A deferred listener asks its owner.
    IncomingDeferred = "incoming_deferred",
        "a SYN waits: the owner of the listener is asked whether to accept";
    /// The owner wants nothing said.
    IncomingIgnored = "incoming_ignored", "the owner of the listener ignores the SYN";
    /// As many SYNs wait for an owner as may.
    UndecidedFull { limit: u32 } = "dropped_undecided_full",
        "dropped: {limit} SYNs wait for the owner of a listener to decide; the peer tries again";
    /// The owner did not decide in time.
    UndecidedExpired = "undecided_expired",
        "a SYN is forgotten: the owner of the listener has not decided in time";
    /// An ACK brought a cookie back.
    CookieAccepted = "syn_cookies_accepted",
        "the ACK brings our SYN cookie back: a connection (RFC 4987)";
    /// An ACK to a listener that sends cookies brought none.
    CookieRejected = "syn_cookies_rejected",
        "no connection: the ACK brings back no SYN cookie of ours, or one that is too old";
    /// The host holds as many connections as it may.
    ConnectionsFull { limit: u32 } = "dropped_connections_full",
        "dropped: the host holds {limit} connections, as many as it may";
    /// Too many connections are open that no user holds.
    OrphanReset { limit: u32 } = "orphans_reset",
        "reset, not closed: {limit} connections are open that no user holds, as many as may be";
    /// The host has no memory for another connection.
    MemoryFull { used: u32 } = "dropped_memory_full",
        "dropped: connections hold {used} KiB of memory, as much as they may";
    /// A stray segment is not answered: the rate limit.
    StrayLimited = "stray_resets_limited", "no RST for a stray segment: too many in this second";
    /// A connection in TIME-WAIT made room for a younger one.
    TimeWaitOverflow = "time_wait_overflow", "TIME-WAIT cut short: the table is full";

    /// A connection of ours takes the pair of sockets of one in TIME-WAIT (RFC 6191).
    TimeWaitReplaced = "time_wait_replaced",
        "TIME-WAIT ends: timestamps keep the new connection of ours apart from it (RFC 6191)";

    /// A datagram for a port that nobody holds.
    NoUdpSocket { port: u16 } = "udp_no_socket", "no UDP socket at port {port}: port unreachable";
    /// The receive queue of a UDP socket is full.
    UdpReceiveFull { queued: u32 } = "dropped_udp_receive_queue_full",
        "dropped: the receive queue of the UDP socket is full ({queued} octets)";

    /// An ICMP error that quotes no flow of ours.
    IcmpUnmatched = "icmp_unmatched", "ICMP error ignored: it quotes no flow of ours";
    /// An ICMP error whose quotation is too short.
    IcmpShort = "icmp_short", "ICMP error ignored: it quotes too little to tell whom it concerns";
    /// A router on the path says what it takes.
    PathMtu { mtu: u32 } = "path_mtu_learned", "the path takes packets of {mtu} octets";
    /// Nobody fetched the answers to our echo requests.
    EchoReplyDropped = "dropped_echo_replies", "dropped: an echo reply that nobody fetched in time";
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{HostReason, Reason};
    use std::string::ToString;

    #[test]
    fn a_reason_of_any_layer_is_small() {
        assert!(size_of::<Reason>() <= 16, "{} bytes", size_of::<Reason>());
    }

    #[test]
    fn a_reason_reads_as_a_sentence_and_has_a_counter() {
        let reason = HostReason::NoUdpSocket { port: 53 };
        assert_eq!(reason.to_string(), "no UDP socket at port 53: port unreachable");
        assert_eq!(HostReason::NAMES[reason.index()], "udp_no_socket");
    }
}
