//! How is a packet printed? As packetdrill prints it, and as a script writes it.

use crate::ast::packet::{Body, IpFields, Packet, Segment, TcpOption, Tos};
use osier_wire::Ecn;
use osier_wire::tcp::Flags;
use std::fmt;

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.body {
            Body::Tcp(segment) => write!(f, "{}{segment}", Marked(self.ip)),
            Body::Udp(datagram) => write!(f, "{}udp ({})", Marked(self.ip), datagram.len),
            Body::Icmp(message) => {
                write!(f, "icmp {}", message.kind.text)?;
                message.code.iter().try_for_each(|code| write!(f, " {}", code.text))
            }
        }
    }
}

/// IP fields, where there is something to say: that a packet has no ECN and no TOS is not.
struct Marked(IpFields);

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.tos {
            Tos::Open | Tos::Octet(0) => Ok(()),
            Tos::Ect01 => f.write_str("[ect01] "),
            Tos::Ecn(Ecn::NotEct) => f.write_str("[noecn] "),
            Tos::Ecn(Ecn::Ect0) | Tos::Octet(2) => f.write_str("[ect0] "),
            Tos::Ecn(Ecn::Ect1) | Tos::Octet(1) => f.write_str("[ect1] "),
            Tos::Ecn(Ecn::Ce) | Tos::Octet(3) => f.write_str("[ce] "),
            Tos::Octet(octet) => write!(f, "[tos {octet:#x}] "),
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = [
            (Flags::FIN, 'F'),
            (Flags::SYN, 'S'),
            (Flags::RST, 'R'),
            (Flags::PSH, 'P'),
            (Flags::ACK, '.'),
            (Flags::URG, 'U'),
        ];
        let ecn = [(Flags::ECE, 'E'), (Flags::CWR, 'W'), (Flags::AE, 'A')];
        let set = |pair: &&(Flags, char)| self.flags.contains(pair.0);
        let mut text: String = letters.iter().filter(set).map(|pair| pair.1).collect();
        match self.ace {
            Some(ace) => text.push((b'0' + ace) as char),
            None => text.extend(ecn.iter().filter(set).map(|pair| pair.1)),
        }
        let end = self.seq.wrapping_add(u32::from(self.len));
        let text = if text.is_empty() { "-" } else { &text };
        write!(f, "{text} {}:{end}({})", self.seq, self.len)?;
        if self.flags.contains(Flags::ACK) {
            write!(f, " ack {}", self.ack)?;
        }
        if let Some(window) = self.window {
            write!(f, " win {window}")?;
        }
        if self.urgent != 0 {
            write!(f, " urg {}", self.urgent)?;
        }
        match &self.options {
            None => f.write_str(" <...>"),
            Some(options) if options.is_empty() => Ok(()),
            Some(options) => {
                let words: Vec<_> = options.iter().map(TcpOption::to_string).collect();
                write!(f, " <{}>", words.join(","))
            }
        }
    }
}

impl fmt::Display for TcpOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TcpOption::End => f.write_str("eol"),
            TcpOption::Nop => f.write_str("nop"),
            TcpOption::Mss(mss) => write!(f, "mss {mss}"),
            TcpOption::WindowScale(shift) => write!(f, "wscale {shift}"),
            TcpOption::SackPermitted => f.write_str("sackOK"),
            TcpOption::Sack(blocks) => {
                f.write_str("sack")?;
                blocks.iter().try_for_each(|(left, right)| write!(f, " {left}:{right}"))
            }
            TcpOption::Timestamps { value, echo } => write!(f, "TS val {value} ecr {echo}"),
            TcpOption::FastOpen(cookie) => named(f, "FO", cookie),
            TcpOption::FastOpenExperimental(cookie) => named(f, "FOEXP", cookie),
            TcpOption::Md5(digest) => named(f, "md5", digest),
            TcpOption::AccEcn { kind, counters } => {
                let names =
                    if *kind == 174 { ["e1b", "ceb", "e0b"] } else { ["e0b", "ceb", "e1b"] };
                f.write_str("ECN")?;
                counters.iter().zip(names).try_for_each(|(n, name)| write!(f, " {name} {n}"))
            }
            TcpOption::Other { kind, data } => {
                write!(f, "kind {kind} ")?;
                hex(f, data)
            }
        }
    }
}

fn named(f: &mut fmt::Formatter<'_>, name: &str, data: &[u8]) -> fmt::Result {
    f.write_str(name)?;
    if !data.is_empty() {
        f.write_str(" ")?;
    }
    hex(f, data)
}

fn hex(f: &mut fmt::Formatter<'_>, data: &[u8]) -> fmt::Result {
    data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
}
