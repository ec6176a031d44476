//! In which words stands a frame on its arrow?
//!
//! Flags, the sequence numbers counted from the start of the connection and in brackets as they are
//! on the wire, the length of the text; below it the options of a SYN or the first line of the
//! text.

use super::sight::Segment;
use super::track::{Side, Track};
use osier_wire::arp;
use osier_wire::tcp::Flags;

/// The longest first line of a text that is quoted, in characters.
const QUOTE: usize = 54;

/// `PSH,ACK seq=1 (2891238113) ack=1 (77120034) len=76`. To be asked for after the segment was
/// judged, so that the initial numbers are known.
pub(crate) fn of_segment(track: &Track, side: Side, segment: &Segment) -> String {
    let seq = segment.seq;
    let mut label = format!("{} seq={} ({seq})", segment.flags, track.relative(side, seq));
    if segment.has(Flags::ACK) {
        let ack = segment.ack;
        label.push_str(&format!(" ack={} ({ack})", track.relative(side.other(), ack)));
    }
    if !segment.text.is_empty() {
        label.push_str(&format!(" len={}", segment.text.len()));
    }
    label
}

/// What is worth telling of a segment beside its numbers, a line each.
pub(crate) fn details(segment: &Segment) -> Vec<String> {
    let mut lines = Vec::new();
    if segment.has(Flags::SYN) {
        lines.push(format!("{} -> {}", segment.from, segment.to));
        lines.push(offers(segment));
    }
    if let Some(line) = first_line(&segment.text) {
        lines.push(format!("\"{line}\""));
    }
    let sack = segment.options.sack.as_slice();
    if !sack.is_empty() {
        let blocks: Vec<String> = sack.iter().map(|(l, r)| format!("{l} to {r}")).collect();
        lines.push(format!("SACK: has {}", blocks.join(" and ")));
    }
    lines
}

/// What a SYN offers (RFC 9293 §3.2, RFC 7323, RFC 2018).
fn offers(segment: &Segment) -> String {
    let options = &segment.options;
    let mut words = vec![format!("window {}", segment.window)];
    words.extend(options.mss.map(|mss| format!("MSS {mss}")));
    if options.sack_permitted {
        words.push("SACK".into());
    }
    if options.timestamps.is_some() {
        words.push("timestamps".into());
    }
    words.extend(options.window_scale.map(|shift| match 1u32.checked_shl(u32::from(shift)) {
        Some(factor) => format!("window scale {shift} (times {factor})"),
        None => format!("window scale {shift}"),
    }));
    words.join(", ")
}

fn first_line(text: &[u8]) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let line = text.split(|byte| *byte == b'\r' || *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut quoted: String = line.chars().take(QUOTE).collect();
    if line.chars().count() > QUOTE {
        quoted.push('…');
    }
    Some(quoted)
}

/// `ARP: who has 10.71.0.2?`
pub(crate) fn of_arp(packet: &arp::Packet) -> String {
    match packet.operation {
        arp::Operation::Request => format!("ARP: who has {}?", packet.target_ip),
        arp::Operation::Reply => format!("ARP: {} is at {}", packet.sender_ip, packet.sender_mac),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_line_is_bounded_and_ends_where_the_line_does() {
        assert_eq!(first_line(b"GET / HTTP/1.1\r\nHost: x\r\n").unwrap(), "GET / HTTP/1.1");
        let long = first_line(&[b'x'; 500]).unwrap();
        assert_eq!(long.chars().count(), QUOTE + 1);
        assert_eq!(first_line(b""), None);
    }
}
