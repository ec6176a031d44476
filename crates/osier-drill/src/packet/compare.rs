//! Is the packet that was seen the one that the script expects?
//!
//! Both are in the script's numbers. What the script leaves open is not looked at; the value of a
//! timestamp is compared only where the script says how long a tick is.

use crate::ast::packet::{Body, Direction, Icmp, IpFields, Packet, Segment, TcpOption, Tos};
use crate::packet::icmp::{self, Version};
use osier_wire::tcp::Flags;

/// How far a TSval may be from the script's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsCheck {
    /// Any distance.
    Off,
    /// So many ticks.
    Within(u64),
}

/// The first thing in which what was seen is not what was expected, in words.
pub fn differ(
    expected: &Packet,
    seen: &Packet,
    version: Version,
    timestamps: TsCheck,
) -> Option<String> {
    debug_assert_eq!(seen.direction, Direction::Outbound);
    if let Some(field) = differ_ip(expected.ip, seen.ip) {
        return Some(field);
    }
    match (&expected.body, &seen.body) {
        (Body::Tcp(expected), Body::Tcp(seen)) => differ_tcp(expected, seen, timestamps),
        (Body::Udp(expected), Body::Udp(seen)) => {
            number("payload", expected.len.into(), seen.len.into())
        }
        (Body::Icmp(expected), Body::Icmp(seen)) => differ_icmp(expected, seen, version),
        (expected, seen) => Some(format!("{} expected, {} seen", name(expected), name(seen))),
    }
}

fn name(body: &Body) -> &'static str {
    match body {
        Body::Tcp(_) => "a TCP segment",
        Body::Udp(_) => "a UDP datagram",
        Body::Icmp(_) => "an ICMP message",
    }
}

fn number(field: &str, expected: u32, seen: u32) -> Option<String> {
    (expected != seen).then(|| format!("{field}: {expected} expected, {seen} seen"))
}

fn differ_ip(expected: IpFields, seen: IpFields) -> Option<String> {
    let Tos::Octet(octet) = seen.tos else { return None };
    let tos = match expected.tos {
        Tos::Open => None,
        Tos::Ecn(ecn) => number("ECN field", ecn.bits().into(), (octet & 3).into()),
        Tos::Ect01 if matches!(octet & 3, 1 | 2) => None,
        Tos::Ect01 => Some(format!("ECN field: 1 or 2 expected, {} seen", octet & 3)),
        Tos::Octet(tos) => number("TOS", tos.into(), octet.into()),
    };
    tos.or_else(|| match (expected.ttl, seen.ttl) {
        (Some(expected), Some(seen)) => number("TTL", expected.into(), seen.into()),
        _ => None,
    })
}

fn differ_tcp(expected: &Segment, seen: &Segment, timestamps: TsCheck) -> Option<String> {
    if expected.flags != seen.flags {
        let shown =
            |flags: Flags| if flags == Flags::NONE { "none".into() } else { flags.to_string() };
        return Some(format!(
            "flags: {} expected, {} seen",
            shown(expected.flags),
            shown(seen.flags)
        ));
    }
    number("payload", expected.len.into(), seen.len.into())
        .or_else(|| number("sequence number", expected.seq, seen.seq))
        .or_else(|| number("acknowledgment number", expected.ack, seen.ack))
        .or_else(|| match (expected.window, seen.window) {
            (Some(expected), Some(seen)) => number("window", expected.into(), seen.into()),
            _ => None,
        })
        .or_else(|| number("urgent pointer", expected.urgent.into(), seen.urgent.into()))
        .or_else(|| differ_options(expected.options.as_deref()?, seen, timestamps))
}

fn differ_options(expected: &[TcpOption], seen: &Segment, check: TsCheck) -> Option<String> {
    let seen = seen.options.as_deref().unwrap_or(&[]);
    for at in 0..expected.len().max(seen.len()) {
        let says = match (expected.get(at), seen.get(at)) {
            (Some(expected), Some(seen)) => differ_option(expected, seen, check),
            (Some(expected), None) => Some(format!("{expected} expected, none seen")),
            (None, Some(seen)) => Some(format!("none expected, {seen} seen")),
            (None, None) => None,
        };
        if let Some(says) = says {
            return Some(format!("TCP option {}: {says}", at + 1));
        }
    }
    None
}

fn differ_option(expected: &TcpOption, seen: &TcpOption, check: TsCheck) -> Option<String> {
    let (TcpOption::Timestamps { value, .. }, TcpOption::Timestamps { value: found, .. }) =
        (expected, seen)
    else {
        return (expected != seen).then(|| format!("{expected} expected, {seen} seen"));
    };
    // Distance on the circle of 2^32 timestamps (RFC 7323 §5.2).
    let distance = u64::from(found.wrapping_sub(*value).min(value.wrapping_sub(*found)));
    match check {
        TsCheck::Within(ticks) if distance > ticks => {
            Some(format!("{expected} expected within {ticks} ticks, {seen} seen"))
        }
        TsCheck::Within(_) | TsCheck::Off => None,
    }
}

fn differ_icmp(expected: &Icmp, seen: &Icmp, version: Version) -> Option<String> {
    let (expected, seen) = (icmp::numbers(version, expected), icmp::numbers(version, seen));
    (expected != seen).then(|| {
        let shown = |found: Result<(u8, u8), _>| match found {
            Ok((kind, code)) => format!("type {kind} code {code}"),
            Err(_) => "no such message".to_owned(),
        };
        format!("{} expected, {} seen", shown(expected), shown(seen))
    })
}
