//! What does a connection look like from our end?
//!
//! A few lines about the very connection that asks, as `osier ss` would say it, in words.

use osier::{SocketInfo, StreamHandle};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// What something is called, and what it is.
pub(super) type Row = (&'static str, String);

/// The lines of the page.
pub(super) fn lines(stream: &StreamHandle) -> Vec<Row> {
    let (ours, yours) = (plain(stream.local_addr()), plain(stream.peer_addr()));
    let version = if yours.is_ipv4() { "IPv4" } else { "IPv6" };
    let mut rows = vec![
        ("our end", ours.to_string()),
        ("your end", yours.to_string()),
        ("network", version.to_owned()),
    ];
    match stream.info() {
        Some(info) => describe(&info, &mut rows),
        None => rows.push(("state", "it has ended meanwhile".to_owned())),
    }
    rows
}

fn describe(info: &SocketInfo, rows: &mut Vec<Row>) {
    let state = info.state.map_or("none", |state| state.name());
    rows.push(("state", state.to_owned()));
    rows.push((
        "round trip",
        info.srtt.map_or("not measured yet".to_owned(), |srtt| {
            format!("{}.{:03} ms, smoothed", srtt.as_micros() / 1_000, srtt.as_micros() % 1_000)
        }),
    ));
    let segments = info.cwnd / u32::from(info.mss).max(1);
    rows.push(("cwnd", format!("{} bytes ({segments} segments)", info.cwnd)));
    rows.push(("segment", format!("at most {} bytes of text", info.mss)));
}

/// An address as its owner writes it: not mapped into IPv6.
fn plain(mut address: SocketAddr) -> SocketAddr {
    address.set_ip(address.ip().to_canonical());
    address
}

/// What else there is.
const ELSE: &str = "/bytes/N sends N bytes, byte i being i mod 251; POST /sha256 answers with the \
                    hash of what you send.";

/// For curl.
pub(super) fn text(rows: &[Row]) -> String {
    let mut text = "This is osier, a TCP/IP stack in user space. Your connection:\n\n".to_owned();
    for (name, value) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<11} {value}");
    }
    let _ = writeln!(text, "\n{ELSE}");
    text
}

/// For browsers. Nothing in it was written by a peer.
pub(super) fn html(rows: &[Row]) -> String {
    let mut html = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
                    <title>osier</title>\n<p>This is osier, a TCP/IP stack in user space. Your \
                    connection:\n<table>\n"
        .to_owned();
    for (name, value) in rows {
        let _ = writeln!(html, "<tr><td>{name}<td>{value}");
    }
    let _ = writeln!(html, "</table>\n<p>{ELSE}");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let rows = vec![("state", "ESTABLISHED".to_owned()), ("cwnd", "14600 bytes".to_owned())];
        for form in [text(&rows), html(&rows)] {
            assert!(form.contains("ESTABLISHED") && form.contains("14600 bytes"), "{form}");
        }
    }

    #[test]
    fn a_mapped_address_is_written_as_its_owner_does() {
        let mapped: SocketAddr = "[::ffff:10.71.0.1]:4000".parse().unwrap();
        assert_eq!(plain(mapped).to_string(), "10.71.0.1:4000");
    }
}
