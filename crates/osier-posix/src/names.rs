//! By which names and numbers are socket options known? (socket(7), tcp(7), ip(7), ipv6(7))
//!
//! One row for each option: its C name, its level and its number on Linux (the generic numbers, as
//! on x86-64 and arm64), and what it is before anybody sets it. What options do is in
//! `options.rs`.

use alloc::string::String;
use alloc::string::ToString;

/// SOL_SOCKET.
const SOCKET: i32 = 1;
/// SOL_IP.
const IP: i32 = 0;
/// SOL_TCP.
const TCP: i32 = 6;
/// SOL_IPV6.
const IPV6: i32 = 41;

macro_rules! names {
    ($(
        $(#[$doc:meta])*
        $name:ident: $c:literal, $level:ident, $number:literal, $first:expr;
    )*) => {
        /// An option of a socket.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name { $( $(#[$doc])* $name, )* }

        impl Name {
            /// All of them.
            pub const ALL: &'static [Name] = &[ $( Name::$name, )* ];

            /// The name in C.
            pub const fn c_name(self) -> &'static str {
                match self { $( Name::$name => $c, )* }
            }

            /// Level and number.
            pub const fn numbers(self) -> (i32, i32) {
                match self { $( Name::$name => ($level, $number), )* }
            }

            /// The value before anybody sets one; `None`: there is no fixed one.
            pub(crate) const fn first(self) -> Option<i32> {
                match self { $( Name::$name => $first, )* }
            }
        }
    };
}

names! {
    /// SO_REUSEADDR: bind although closed connections remain.
    ReuseAddr: "SO_REUSEADDR", SOCKET, 2, Some(0);
    /// SO_TYPE.
    Type: "SO_TYPE", SOCKET, 3, None;
    /// SO_ERROR: the pending error, which is taken by asking.
    Error: "SO_ERROR", SOCKET, 4, None;
    /// SO_BROADCAST.
    Broadcast: "SO_BROADCAST", SOCKET, 6, Some(0);
    /// SO_SNDBUF: set in octets of text, told doubled.
    SendBuffer: "SO_SNDBUF", SOCKET, 7, None;
    /// SO_RCVBUF: set in octets of text, told doubled.
    ReceiveBuffer: "SO_RCVBUF", SOCKET, 8, None;
    /// SO_KEEPALIVE.
    KeepAlive: "SO_KEEPALIVE", SOCKET, 9, Some(0);
    /// SO_OOBINLINE.
    OobInline: "SO_OOBINLINE", SOCKET, 10, Some(0);
    /// SO_PRIORITY.
    Priority: "SO_PRIORITY", SOCKET, 12, Some(0);
    /// SO_LINGER.
    Linger: "SO_LINGER", SOCKET, 13, None;
    /// SO_REUSEPORT.
    ReusePort: "SO_REUSEPORT", SOCKET, 15, Some(0);
    /// SO_RCVLOWAT: how much makes a socket readable.
    ReceiveLow: "SO_RCVLOWAT", SOCKET, 18, Some(1);
    /// SO_SNDLOWAT.
    SendLow: "SO_SNDLOWAT", SOCKET, 19, Some(1);
    /// SO_RCVTIMEO: how long a call may wait for text.
    ReceiveTimeout: "SO_RCVTIMEO", SOCKET, 20, None;
    /// SO_SNDTIMEO: how long a call may wait for room.
    SendTimeout: "SO_SNDTIMEO", SOCKET, 21, None;
    /// SO_ACCEPTCONN: whether it listens.
    AcceptConn: "SO_ACCEPTCONN", SOCKET, 30, None;
    /// SO_SNDBUFFORCE.
    SendBufferForce: "SO_SNDBUFFORCE", SOCKET, 32, None;
    /// SO_RCVBUFFORCE.
    ReceiveBufferForce: "SO_RCVBUFFORCE", SOCKET, 33, None;
    /// SO_MARK.
    Mark: "SO_MARK", SOCKET, 36, Some(0);
    /// SO_PROTOCOL.
    Protocol: "SO_PROTOCOL", SOCKET, 38, None;
    /// SO_DOMAIN.
    Domain: "SO_DOMAIN", SOCKET, 39, None;
    /// SO_BUSY_POLL.
    BusyPoll: "SO_BUSY_POLL", SOCKET, 46, Some(0);
    /// SO_MAX_PACING_RATE.
    MaxPacingRate: "SO_MAX_PACING_RATE", SOCKET, 47, Some(-1);
    /// SO_INCOMING_CPU.
    IncomingCpu: "SO_INCOMING_CPU", SOCKET, 49, Some(-1);
    /// SO_ZEROCOPY.
    ZeroCopy: "SO_ZEROCOPY", SOCKET, 60, Some(0);
    /// IP_TOS.
    Tos: "IP_TOS", IP, 1, Some(0);
    /// IP_TTL.
    Ttl: "IP_TTL", IP, 2, Some(64);
    /// IP_MTU_DISCOVER.
    MtuDiscover: "IP_MTU_DISCOVER", IP, 10, Some(1);
    /// IP_RECVERR.
    ReceiveErrors: "IP_RECVERR", IP, 11, Some(0);
    /// IP_MTU: of the path of a connected socket.
    Mtu: "IP_MTU", IP, 14, None;
    /// IP_FREEBIND: bind an address that is not there yet.
    FreeBind: "IP_FREEBIND", IP, 15, Some(0);
    /// IPV6_UNICAST_HOPS.
    HopLimit: "IPV6_UNICAST_HOPS", IPV6, 16, Some(64);
    /// IPV6_RECVERR.
    ReceiveErrors6: "IPV6_RECVERR", IPV6, 25, Some(0);
    /// IPV6_V6ONLY.
    V6Only: "IPV6_V6ONLY", IPV6, 26, Some(0);
    /// IPV6_TCLASS.
    TrafficClass: "IPV6_TCLASS", IPV6, 67, Some(0);
    /// TCP_NODELAY: without Nagle's algorithm.
    NoDelay: "TCP_NODELAY", TCP, 1, Some(0);
    /// TCP_MAXSEG.
    MaxSeg: "TCP_MAXSEG", TCP, 2, None;
    /// TCP_CORK: only full segments.
    Cork: "TCP_CORK", TCP, 3, Some(0);
    /// TCP_KEEPIDLE, seconds.
    KeepIdle: "TCP_KEEPIDLE", TCP, 4, Some(7_200);
    /// TCP_KEEPINTVL, seconds.
    KeepInterval: "TCP_KEEPINTVL", TCP, 5, Some(75);
    /// TCP_KEEPCNT.
    KeepCount: "TCP_KEEPCNT", TCP, 6, Some(9);
    /// TCP_SYNCNT: how often a SYN is sent again.
    SynCount: "TCP_SYNCNT", TCP, 7, Some(6);
    /// TCP_LINGER2: how long FIN-WAIT-2 may last, seconds.
    Linger2: "TCP_LINGER2", TCP, 8, Some(60);
    /// TCP_DEFER_ACCEPT.
    DeferAccept: "TCP_DEFER_ACCEPT", TCP, 9, Some(0);
    /// TCP_WINDOW_CLAMP.
    WindowClamp: "TCP_WINDOW_CLAMP", TCP, 10, Some(0);
    /// TCP_INFO.
    Info: "TCP_INFO", TCP, 11, None;
    /// TCP_QUICKACK.
    QuickAck: "TCP_QUICKACK", TCP, 12, Some(1);
    /// TCP_CONGESTION: by name.
    Congestion: "TCP_CONGESTION", TCP, 13, None;
    /// TCP_USER_TIMEOUT, milliseconds.
    UserTimeout: "TCP_USER_TIMEOUT", TCP, 18, Some(0);
    /// TCP_FASTOPEN: the queue of a listener.
    FastOpen: "TCP_FASTOPEN", TCP, 23, Some(0);
    /// TCP_TIMESTAMP.
    Timestamp: "TCP_TIMESTAMP", TCP, 24, None;
    /// TCP_NOTSENT_LOWAT.
    NotSentLow: "TCP_NOTSENT_LOWAT", TCP, 25, Some(0);
    /// TCP_CC_INFO.
    CongestionInfo: "TCP_CC_INFO", TCP, 26, None;
    /// TCP_FASTOPEN_CONNECT.
    FastOpenConnect: "TCP_FASTOPEN_CONNECT", TCP, 30, Some(0);
    /// TCP_FASTOPEN_KEY.
    FastOpenKey: "TCP_FASTOPEN_KEY", TCP, 33, None;
    /// TCP_FASTOPEN_NO_COOKIE.
    FastOpenNoCookie: "TCP_FASTOPEN_NO_COOKIE", TCP, 34, Some(0);
    /// TCP_INQ: tell with each message how much is left to read.
    Inq: "TCP_INQ", TCP, 36, Some(0);
}

impl Name {
    /// The option of a level and a number.
    pub fn of_numbers(level: i32, number: i32) -> Option<Name> {
        Name::ALL.iter().copied().find(|name| name.numbers() == (level, number))
    }

    /// The option of a name in C.
    pub fn of_c_name(name: &str) -> Option<Name> {
        Name::ALL.iter().copied().find(|known| known.c_name() == name)
    }
}

/// The name of a congestion control algorithm, as Linux writes it.
pub(crate) fn congestion_name(algorithm: osier_tcp::Algorithm) -> String {
    algorithm.to_string()
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn each_name_and_each_pair_of_numbers_is_one_option() {
        for name in Name::ALL {
            let (level, number) = name.numbers();
            assert_eq!(Name::of_numbers(level, number), Some(*name));
            assert_eq!(Name::of_c_name(name.c_name()), Some(*name));
        }
        assert_eq!(Name::of_numbers(6, 9_999), None);
    }
}
