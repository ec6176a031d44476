//! Wireshark's own tools read what we write, and we read what they write.
//!
//! Without `tshark`, `capinfos` and `editcap` these tests say so loudly and pass; with `CI=true`
//! they fail.

use osier_pcap::{Direction, LinkType, Packet, Reader, Writer};
use osier_time::{Duration, Instant};
use std::path::{Path, PathBuf};
use std::process::Command;

/// 2026-01-02 03:04:05 UTC.
const EPOCH: Duration = Duration::from_secs(1_767_323_045);
const REASON: &str = "SYN-SENT → ESTABLISHED: the peer acknowledged our SYN (step 2 of 3)";

/// A minimal IPv4 packet with a UDP datagram of no content, checksums left out.
const UDP: [u8; 28] =
    [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 71, 0, 1, 10, 71, 0, 2, 0, 9, 0, 9, 0, 8, 0, 0];
const ETHERNET: [u8; 14] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];

/// A file that is removed when the test ends, however it ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Scratch(std::env::temp_dir().join(format!("osier-{}-{name}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn write_capture(path: &Path) {
    let mut writer = write_ethernet(path);
    let tun = writer.add_interface("tun0", LinkType::RawIp).unwrap();
    let at = Instant::from_nanos(2_000_000_000);
    writer.write_packet(tun, at, Direction::Outbound, &[&UDP], Some("plain")).unwrap();
    writer.flush().unwrap();
}

/// Classic files hold one link type, so this is what editcap can convert.
fn write_ethernet(path: &Path) -> Writer<std::io::BufWriter<std::fs::File>> {
    let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut writer = Writer::new(file, EPOCH).unwrap();
    let lan = writer.add_interface("osier0", LinkType::Ethernet).unwrap();
    let at = Instant::from_nanos;
    let parts: [&[u8]; 2] = [&ETHERNET, &UDP];
    writer.write_packet(lan, at(1), Direction::Inbound, &parts, Some(REASON)).unwrap();
    writer.write_packet(lan, at(1_500), Direction::Outbound, &parts, None).unwrap();
    writer.flush().unwrap();
    writer
}

/// What the tool printed, or `None` if it is not installed. A complaint of it fails the test.
fn run(tool: &str, arguments: &[&str], path: &Path) -> Option<String> {
    let output = match Command::new(tool).args(arguments).arg(path).output() {
        Ok(output) => output,
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{tool} is missing: {error}");
            eprintln!("SKIPPED: {tool} is not installed ({error}); nothing was checked with it");
            return None;
        }
    };
    let complaints: Vec<String> = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("Running as user"))
        .map(String::from)
        .collect();
    assert!(output.status.success() && complaints.is_empty(), "{tool}: {complaints:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn tshark_reads_our_times_interfaces_directions_and_comments() {
    let file = Scratch::new("fields.pcapng");
    write_capture(&file.0);
    let fields = [
        "-T",
        "fields",
        "-E",
        "separator=|",
        "-e",
        "frame.time_epoch",
        "-e",
        "frame.interface_name",
        "-e",
        "frame.p2p_dir",
        "-e",
        "frame.packet_flags_direction",
        "-e",
        "udp.dstport",
        "-e",
        "_ws.malformed",
        "-e",
        "frame.comment",
        "-r",
    ];
    let Some(printed) = run("tshark", &fields, &file.0) else { return };
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines,
        [
            format!("1767323045.000000001|osier0|1|0x00000001|9||{REASON}"),
            "1767323045.000001500|osier0|0|0x00000002|9||".into(),
            "1767323047.000000000|tun0|0|0x00000002|9||plain".into(),
        ]
    );
}

#[test]
fn capinfos_opens_our_file_without_a_complaint() {
    let file = Scratch::new("infos.pcapng");
    write_capture(&file.0);
    let Some(printed) = run("capinfos", &["-M"], &file.0) else { return };
    let application = "Capture application: osier";
    for part in ["nanoseconds (9)", application, "Number of interfaces in file: 2"] {
        assert!(printed.contains(part), "{part} is missing in:\n{printed}");
    }
}

#[test]
fn we_read_what_editcap_makes_of_our_file() {
    for (kind, divisor) in [("pcap", 1_000), ("nsecpcap", 1), ("pcapng", 1)] {
        let (ours, theirs) = (Scratch::new(&format!("{kind}-1")), Scratch::new(kind));
        drop(write_ethernet(&ours.0));
        let from = ours.0.to_str().unwrap();
        let Some(_) = run("editcap", &["-F", kind, from], &theirs.0) else { return };
        let bytes = std::fs::read(&theirs.0).unwrap();
        let packets: Vec<Packet> =
            Reader::new(&bytes[..]).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(packets.len(), 2, "{kind}");
        let nanos = EPOCH.as_nanos() + 1_500 / divisor * divisor;
        assert_eq!(packets[1].at, Some(Duration::from_nanos(nanos)), "{kind}");
        assert_eq!(packets[1].data, [&ETHERNET[..], &UDP].concat(), "{kind}");
        if kind == "pcapng" {
            assert_eq!(packets[0].comments, [REASON]);
            assert_eq!(packets[0].direction, Some(Direction::Inbound));
        }
    }
}
