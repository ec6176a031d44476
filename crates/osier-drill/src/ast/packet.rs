//! A packet as a script writes it, and as the runner shows what it saw.
//!
//! What a script leaves open is `None`. The same types hold a packet that was seen, translated into
//! the script's numbers, so that both are compared and printed alike.

use crate::ast::Word;
use osier_wire::Ecn;
use osier_wire::tcp::Flags;

/// Which way a packet goes, seen from the stack under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `<`: comes to it.
    Inbound,
    /// `>`: leaves it.
    Outbound,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Which way it goes.
    pub direction: Direction,
    /// What is said about its IP header.
    pub ip: IpFields,
    /// What it carries.
    pub body: Body,
}

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A segment.
    Tcp(Segment),
    /// A datagram.
    Udp(Datagram),
    /// An ICMP message.
    Icmp(Icmp),
}

/// What a script says about an IP header: `[ect0]`, `(tos 0x10)`, `[ttl 64]`, `[flowlabel 0x1]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IpFields {
    /// TOS or traffic class.
    pub tos: Tos,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// The flow label. Not its value is compared, but whether equal ones stay equal.
    pub flow_label: Option<u32>,
}

/// What a script says about the TOS octet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tos {
    /// Nothing.
    #[default]
    Open,
    /// Its ECN field.
    Ecn(Ecn),
    /// Either ECN-capable codepoint.
    Ect01,
    /// All eight bits.
    Octet(u8),
}

/// A TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Source and destination port; zero where they are the connection's.
    pub ports: (u16, u16),
    /// The control bits.
    pub flags: Flags,
    /// The ACE field, where it is written as a number in place of E, W and A.
    pub ace: Option<u8>,
    /// The first sequence number: absolute in a SYN, else relative to the sender's ISN.
    pub seq: u32,
    /// Octets of text.
    pub len: u16,
    /// The acknowledgment number: absolute in a SYN, else relative to the receiver's ISN.
    pub ack: u32,
    /// The window field, not scaled.
    pub window: Option<u16>,
    /// The urgent pointer.
    pub urgent: u16,
    /// The options in their order; `None` for `<...>`.
    pub options: Option<Vec<TcpOption>>,
}

/// A TCP option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOption {
    /// `eol`
    End,
    /// `nop`
    Nop,
    /// `mss 1460`
    Mss(u16),
    /// `wscale 7`
    WindowScale(u8),
    /// `sackOK`
    SackPermitted,
    /// `sack 1:2 3:4`, relative like acknowledgment numbers
    Sack(Vec<(u32, u32)>),
    /// `TS val 1 ecr 2`
    Timestamps {
        /// TSval.
        value: u32,
        /// TSecr.
        echo: u32,
    },
    /// `FO 0123456789abcdef`: the Fast Open cookie (RFC 7413).
    FastOpen(Vec<u8>),
    /// `FOEXP 0123456789abcdef`: the same in the experimental option (RFC 6994).
    FastOpenExperimental(Vec<u8>),
    /// `md5 …`: a signature (RFC 2385).
    Md5(Vec<u8>),
    /// `ECN e0b 1 ceb 2 e1b 3`: the counters of Accurate ECN (RFC 9768).
    AccEcn {
        /// Its kind: 172 begins with the ECT(0) counter, 174 with that of ECT(1).
        kind: u8,
        /// One to three counters of 24 bits.
        counters: Vec<u32>,
    },
    /// Any other option that was seen.
    Other {
        /// Its kind.
        kind: u8,
        /// What follows kind and length.
        data: Vec<u8>,
    },
}

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Source and destination port; zero where they are the socket's.
    pub ports: (u16, u16),
    /// Octets of payload.
    pub len: u16,
}

/// An ICMP message. Its names mean other numbers in each version of ICMP: see
/// [`icmp`](crate::packet::icmp).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmp {
    /// The name of its type: `unreachable`, or `type_3`.
    pub kind: Word,
    /// The name of its code: `frag_needed`, or `code_4`.
    pub code: Option<Word>,
    /// `mtu 1400`
    pub mtu: Option<u32>,
    /// `id 7`
    pub id: u16,
    /// What it quotes.
    pub quoted: Quoted,
}

/// What an ICMP message carries behind its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quoted {
    /// The script says nothing: our SYN is quoted.
    #[default]
    Open,
    /// A segment of ours: its sequence number and its octets of text.
    Tcp {
        /// Relative to our ISN.
        seq: u32,
        /// Octets of text.
        len: u16,
    },
    /// A datagram of ours with so many octets.
    Udp(u16),
    /// So many octets of anything.
    Raw(u16),
}
