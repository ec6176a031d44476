//! What does a connection look like from our end?
//!
//! A few lines about the very connection that asks, as `osier ss` would say it, in words.

use osier::StreamHandle;
use osier::engine::{Info, Offer};
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
    match stream.tcp_info() {
        Some(info) => describe(&info, &mut rows),
        None => rows.push(("state", "it has ended meanwhile".to_owned())),
    }
    rows
}

fn describe(info: &Info, rows: &mut Vec<Row>) {
    let segments =
        |octets: u32| format!("{octets} bytes ({} segments)", octets / info.snd_mss.max(1));
    rows.push(("state", info.state.name().to_owned()));
    rows.push((
        "round trip",
        info.rtt.map_or("not measured yet".to_owned(), |rtt| {
            format!("{} ms, mean deviation {} ms", millis(rtt), millis(info.rttvar))
        }),
    ));
    rows.push(("timeout", format!("{} ms", millis(info.rto))));
    rows.push(("cwnd", segments(info.snd_cwnd)));
    rows.push(("segment", format!("at most {} bytes of text", info.snd_mss)));
    rows.push(("windows", format!("ours {} bytes, yours {} bytes", info.rcv_wnd, info.snd_wnd)));
    rows.push(("options", options(info)));
    rows.push(("sent again", format!("{} segments", info.total_retrans)));
}

/// What both ends agreed on in their SYNs.
fn options(info: &Info) -> String {
    let Offer { window_scale, timestamps, sack } = info.options;
    let scale = format!("window scale (ours {}, yours {})", info.rcv_wscale, info.snd_wscale);
    let names = [(window_scale, scale.as_str()), (timestamps, "timestamps"), (sack, "SACK")];
    let agreed: Vec<&str> = names.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    if agreed.is_empty() { "none".to_owned() } else { agreed.join(", ") }
}

fn millis(time: osier::time::Duration) -> String {
    format!("{}.{:03}", time.as_micros() / 1_000, time.as_micros() % 1_000)
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
