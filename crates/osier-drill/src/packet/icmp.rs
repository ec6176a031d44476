//! Which numbers have the types and codes of ICMP? (RFC 792, RFC 1122 §3.2.2.1, RFC 4443)
//!
//! A script says `unreachable host_unreachable` or `packet_too_big`; the same word is another
//! number in each version.

use crate::ast::Word;
use crate::ast::packet::Icmp;
use crate::span::Error;

/// The version of IP that packets have on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// IPv4, also under mapped addresses.
    V4,
    /// IPv6.
    V6,
}

type Names = &'static [(&'static str, u8)];

const TYPES_V4: Names = &[
    ("echo_reply", 0),
    ("unreachable", UNREACHABLE_V4),
    ("source_quench", 4),
    ("redirect", 5),
    ("echo_request", 8),
    ("time_exceeded", 11),
    ("parameter_problem", 12),
    ("timestamp_request", 13),
    ("timestamp_reply", 14),
];

const UNREACHABLE_V4: u8 = 3;

const UNREACHABLE_CODES_V4: Names = &[
    ("net_unreachable", 0),
    ("host_unreachable", 1),
    ("protocol_unreachable", 2),
    ("port_unreachable", 3),
    ("frag_needed", 4),
    ("source_route_failed", 5),
    ("net_unknown", 6),
    ("host_unknown", 7),
    ("source_host_isolated", 8),
    ("net_prohibited", 9),
    ("host_prohibited", 10),
    ("net_unreachable_for_tos", 11),
    ("host_unreachable_for_tos", 12),
    ("packet_filtered", 13),
    ("precedence_violation", 14),
    ("precedence_cutoff", 15),
];

const TYPES_V6: Names = &[
    ("unreachable", UNREACHABLE_V6),
    ("packet_too_big", 2),
    ("time_exceeded", TIME_EXCEEDED_V6),
    ("parameter_problem", PARAMETER_PROBLEM_V6),
    ("echo_request", 128),
    ("echo_reply", 129),
];

const UNREACHABLE_V6: u8 = 1;
const TIME_EXCEEDED_V6: u8 = 3;
const PARAMETER_PROBLEM_V6: u8 = 4;

const UNREACHABLE_CODES_V6: Names = &[
    ("no_route", 0),
    ("net_unreachable", 0),
    ("admin_prohibited", 1),
    ("not_neighbour", 2),
    ("address_unreachable", 3),
    ("port_unreachable", 4),
];

const TIME_EXCEEDED_CODES_V6: Names = &[("exceeded_hop_limit", 0), ("exceeded_frag_time", 1)];

const PARAMETER_PROBLEM_CODES_V6: Names =
    &[("header_field", 0), ("unknown_next_header", 1), ("unknown_option", 2)];

/// Type and code of a message.
///
/// # Errors
/// A name that this version does not know, or an MTU where none belongs.
pub fn numbers(version: Version, icmp: &Icmp) -> Result<(u8, u8), Error> {
    let types = if version == Version::V4 { TYPES_V4 } else { TYPES_V6 };
    let kind = number(&icmp.kind, "type_", types)?;
    let codes = match (version, kind) {
        (Version::V4, UNREACHABLE_V4) => UNREACHABLE_CODES_V4,
        (Version::V6, UNREACHABLE_V6) => UNREACHABLE_CODES_V6,
        (Version::V6, TIME_EXCEEDED_V6) => TIME_EXCEEDED_CODES_V6,
        (Version::V6, PARAMETER_PROBLEM_V6) => PARAMETER_PROBLEM_CODES_V6,
        _ => &[],
    };
    let code = match &icmp.code {
        Some(word) => number(word, "code_", codes)?,
        None => 0,
    };
    let takes_mtu =
        matches!((version, kind, code), (Version::V4, UNREACHABLE_V4, 4) | (Version::V6, 2, 0));
    if icmp.mtu.is_some() && !takes_mtu {
        let says = "no MTU was expected: only `unreachable frag_needed` (IPv4) and \
                    `packet_too_big` (IPv6) have one";
        return Err(Error::malformed(icmp.kind.at, says));
    }
    Ok((kind, code))
}

fn number(word: &Word, prefix: &str, names: Names) -> Result<u8, Error> {
    if let Some((_, number)) = names.iter().find(|(name, _)| *name == word.text) {
        return Ok(*number);
    }
    word.text.strip_prefix(prefix).and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        let known = match known.is_empty() {
            true => String::new(),
            false => format!(" or one of {}", known.join(", ")),
        };
        let says = format!("`{}` is not known here; {prefix}N{known} was expected", word.text);
        Error::malformed(word.at, says)
    })
}
