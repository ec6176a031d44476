//! What does a connection look like from our end?
//!
//! A few lines about the very connection that asks, as `osier ss` would say it, in words.

use osier::StreamHandle;
use osier::engine::TcpInfo;
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
    let state = stream.info().and_then(|info| info.state);
    match (state, stream.tcp_info()) {
        (Some(state), Some(info)) => {
            rows.push(("state", state.name().to_owned()));
            describe(&info, &mut rows);
        }
        _ => rows.push(("state", "it has ended meanwhile".to_owned())),
    }
    rows
}

fn describe(info: &TcpInfo, rows: &mut Vec<Row>) {
    rows.push((
        "round trip",
        match info.rtt {
            0 => "not measured yet".to_owned(),
            rtt => format!("{} ms, mean deviation {} ms", millis(rtt), millis(info.rttvar)),
        },
    ));
    rows.push(("timeout", format!("{} ms", millis(info.rto))));
    let (segments, octets) = (info.snd_cwnd, info.snd_cwnd.saturating_mul(info.snd_mss));
    rows.push(("cwnd", format!("{octets} bytes ({segments} segments)")));
    rows.push(("segment", format!("at most {} bytes of text", info.snd_mss)));
    rows.push(("windows", format!("ours {} bytes, yours {} bytes", info.rcv_wnd, info.snd_wnd)));
    rows.push(("options", options(info)));
    rows.push(("sent again", format!("{} segments", info.total_retrans)));
}

/// What both ends agreed on in their SYNs.
fn options(info: &TcpInfo) -> String {
    let has = |bit: u8| info.options & bit != 0;
    let scale = format!("window scale (ours {}, yours {})", info.rcv_wscale, info.snd_wscale);
    let names = [
        (has(TcpInfo::OPT_WSCALE), scale.as_str()),
        (has(TcpInfo::OPT_TIMESTAMPS), "timestamps"),
        (has(TcpInfo::OPT_SACK), "SACK"),
    ];
    let agreed: Vec<&str> = names.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
    if agreed.is_empty() { "none".to_owned() } else { agreed.join(", ") }
}

fn millis(micros: u32) -> String {
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
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
