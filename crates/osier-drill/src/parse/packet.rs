//! Which packet stands here?
//!
//! `< [ect0] S. 0:0(0) ack 1 win 1000 <mss 1460>`: direction, IP fields, ports, flags, sequence
//! numbers, acknowledgment, window, urgent pointer, options; `udp (100)`; `icmp unreachable
//! frag_needed mtu 1400 [1:1001(1000)]`.

use super::options;
use super::words::Words;
use crate::ast::Word;
use crate::ast::packet::{Body, Datagram, Direction, Icmp, IpFields, Packet, Quoted, Segment, Tos};
use crate::lexer::Kind;
use crate::span::Error;
use osier_wire::Ecn;
use osier_wire::tcp::Flags;

/// A flow label has 20 bits (RFC 6437).
const FLOW_LABEL_MAX: u32 = 0xf_ffff;

pub(crate) fn packet(words: &mut Words<'_>) -> Result<Packet, Error> {
    let direction = match words.take().kind {
        Kind::Mark('<') => Direction::Inbound,
        _ => Direction::Outbound,
    };
    let at = words.at();
    refuse_encapsulation(words)?;
    let ip = ip_fields(words)?;
    refuse_encapsulation(words)?;
    if ip.tos == Tos::Ect01 && direction == Direction::Inbound {
        return Err(Error::malformed(
            at,
            "one codepoint was expected: `ect01` is for packets that leave",
        ));
    }
    let body = if words.accept_word("udp") {
        Body::Udp(datagram(words)?)
    } else if words.accept_word("icmp") {
        Body::Icmp(icmp(words)?)
    } else {
        Body::Tcp(segment(words, direction)?)
    };
    Ok(Packet { direction, ip, body })
}

/// Tunnels are in the language, and there are none in this stack.
fn refuse_encapsulation(words: &Words<'_>) -> Result<(), Error> {
    let token = words.peek();
    match token.text {
        "ipv4" | "ipv6" | "gre" | "GREv0" | "mpls" | "encap" if token.kind == Kind::Word => {
            Err(Error::unsupported(token.at, format!("packets in packets (`{}`)", token.text)))
        }
        _ => Ok(()),
    }
}

fn ip_fields(words: &mut Words<'_>) -> Result<IpFields, Error> {
    let close = match words.peek().kind {
        Kind::Mark('[') => ']',
        Kind::Mark('(') => ')',
        _ => return Ok(IpFields::default()),
    };
    words.take();
    let mut fields = IpFields::default();
    loop {
        let token = words.expect(Kind::Word, "`noecn`, `ect0`, `ect1`, `ect01`, `ce`, `tos`, …")?;
        match token.text {
            "noecn" => fields.tos = Tos::Ecn(Ecn::NotEct),
            "ect0" => fields.tos = Tos::Ecn(Ecn::Ect0),
            "ect1" => fields.tos = Tos::Ecn(Ecn::Ect1),
            "ce" => fields.tos = Tos::Ecn(Ecn::Ce),
            "ect01" => fields.tos = Tos::Ect01,
            "tos" => fields.tos = Tos::Octet(words.hex(0xff, "an octet")? as u8),
            "ttl" => fields.ttl = Some(words.number(255, "a TTL")? as u8),
            "flowlabel" => {
                fields.flow_label = Some(words.hex(FLOW_LABEL_MAX, "a flow label")?);
            }
            _ => {
                let says = "noecn, ect0, ect1, ect01, ce, tos, ttl or flowlabel was expected";
                return Err(Error::malformed(token.at, says));
            }
        }
        if words.accept(Kind::Mark(',')).is_none() {
            words.mark(close)?;
            return Ok(fields);
        }
    }
}

fn ports(words: &mut Words<'_>) -> Result<(u16, u16), Error> {
    if !words.is(Kind::Integer) || words.peek_at(1).kind != Kind::Mark('>') {
        return Ok((0, 0));
    }
    let from = words.number_u16("a source port")?;
    words.mark('>')?;
    Ok((from, words.number_u16("a destination port")?))
}

fn segment(words: &mut Words<'_>, direction: Direction) -> Result<Segment, Error> {
    let ports = ports(words)?;
    let (flags, ace) = flags(words)?;
    let (seq, len) = sequence(words)?;
    let ack = match words.accept_word("ack") {
        true => words.number_u32("an acknowledgment number")?,
        false => 0,
    };
    let window = match words.accept_word("win") {
        true => Some(words.number_u16("a window, as it stands in the header,")?),
        false if direction == Direction::Inbound => {
            return Err(words.expected("`win` and the window of the packet that comes in"));
        }
        false => None,
    };
    let urgent = match words.accept_word("urg") {
        true => words.number_u16("an urgent pointer")?,
        false => 0,
    };
    let options = match words.is(Kind::Mark('<')) {
        true => options::options(words, direction)?,
        false => Some(Vec::new()),
    };
    Ok(Segment { ports, flags, ace, seq, len, ack, window, urgent, options })
}

/// `S.`, `P.`, `.`, `-` (none), or with the ACE field as a number: `.5`, `P.5`.
fn flags(words: &mut Words<'_>) -> Result<(Flags, Option<u8>), Error> {
    const WHAT: &str = "TCP flags (of `.FSRPUEWA`, `-` for none), `udp` or `icmp`";
    let first = words.peek();
    if words.accept(Kind::Mark('-')).is_some() {
        return Ok((Flags::NONE, None));
    }
    let mut text = String::new();
    if let Some(token) = words.accept(Kind::Word) {
        text.push_str(token.text);
    }
    if let Some(token) = words.accept(Kind::Fraction) {
        text.push_str(token.text);
    } else if words.accept(Kind::Mark('.')).is_some() {
        text.push('.');
    }
    if text.is_empty() {
        return Err(words.expected(WHAT));
    }
    let mut flags = Flags::NONE;
    let mut ace = None;
    for c in text.chars() {
        flags |= match c {
            '.' => Flags::ACK,
            'F' => Flags::FIN,
            'S' => Flags::SYN,
            'R' => Flags::RST,
            'P' => Flags::PSH,
            'U' => Flags::URG,
            'E' => Flags::ECE,
            'W' => Flags::CWR,
            'A' => Flags::AE,
            '0'..='7' if ace.is_none() => {
                ace = Some(c as u8 - b'0');
                Flags::NONE
            }
            _ => {
                return Err(Error::malformed(
                    first.at,
                    format!("{WHAT} was expected, not `{text}`"),
                ));
            }
        };
    }
    let ecn = Flags::ECE | Flags::CWR | Flags::AE;
    if ace.is_some() && flags.intersects(ecn) {
        let says = "either E, W and A or their number was expected, not both";
        return Err(Error::malformed(first.at, says));
    }
    Ok((flags | ace.map_or(Flags::NONE, ace_flags), ace))
}

/// The three bits that the ACE field of Accurate ECN lies in (RFC 9768 §3.2.2).
pub(crate) fn ace_flags(ace: u8) -> Flags {
    let bit = |mask: u8, flag: Flags| if ace & mask != 0 { flag } else { Flags::NONE };
    bit(4, Flags::AE) | bit(2, Flags::CWR) | bit(1, Flags::ECE)
}

/// `first:behind(octets)`.
fn sequence(words: &mut Words<'_>) -> Result<(u32, u16), Error> {
    let at = words.at();
    let seq = words.number_u32("sequence numbers, `1:1001(1000)`,")?;
    words.mark(':')?;
    let end = words.number_u32("the sequence number behind the text")?;
    words.mark('(')?;
    let len = words.number_u16("the octets of text")?;
    words.mark(')')?;
    if seq.wrapping_add(u32::from(len)) != end {
        let says = format!("`{seq}:{}({len})` was expected: the numbers do not agree", {
            seq.wrapping_add(u32::from(len))
        });
        return Err(Error::malformed(at, says));
    }
    Ok((seq, len))
}

fn datagram(words: &mut Words<'_>) -> Result<Datagram, Error> {
    let ports = ports(words)?;
    words.mark('(')?;
    let len = words.number_u16("the octets of the payload")?;
    words.mark(')')?;
    Ok(Datagram { ports, len })
}

fn icmp(words: &mut Words<'_>) -> Result<Icmp, Error> {
    let kind = word(words, "the type of the ICMP message, for instance `unreachable`")?;
    let plain = !["mtu", "id"].contains(&words.peek().text);
    let code = match words.is(Kind::Word) && plain {
        true => Some(word(words, "the code of the ICMP message")?),
        false => None,
    };
    let mtu = match words.accept_word("mtu") {
        true => Some(words.number_u32("an MTU")?),
        false => None,
    };
    let id = match words.accept_word("id") {
        true => words.number_u16("an identifier")?,
        false => 0,
    };
    let quoted = match words.accept(Kind::Mark('[')) {
        Some(_) => quoted(words)?,
        None => Quoted::Open,
    };
    Ok(Icmp { kind, code, mtu, id, quoted })
}

fn word(words: &mut Words<'_>, what: &str) -> Result<Word, Error> {
    let token = words.expect(Kind::Word, what)?;
    let text = words.defined(token.text).unwrap_or(token.text).to_owned();
    Ok(Word { at: token.at, text })
}

fn quoted(words: &mut Words<'_>) -> Result<Quoted, Error> {
    let quoted = if words.accept_word("udp") {
        words.mark('(')?;
        let quoted = Quoted::Udp(words.number_u16("the octets of the datagram")?);
        words.mark(')')?;
        quoted
    } else if words.accept_word("raw") {
        words.mark('(')?;
        let quoted = Quoted::Raw(words.number_u16("the octets of the message")?);
        words.mark(')')?;
        quoted
    } else {
        let (seq, len) = sequence(words)?;
        Quoted::Tcp { seq, len }
    };
    words.mark(']')?;
    Ok(quoted)
}
