//! Does `osier bench tun` carry streams and requests between osier and the kernel's TCP?
//!
//! One round of each way, with the vnet header's offload and without, over TUN and TAP; before it,
//! in the same run, every octet of a stream is held against what was sent. Figures are not judged
//! here: a busy machine says nothing of them. Needs `/dev/net/tun` and a network of its own; where
//! they are refused it fails with the command's own words.

use serde_json::Value;
use std::process::Command;

#[test]
#[ignore = "needs a network of its own"]
fn every_way_over_a_tun_and_a_tap_gives_a_figure() {
    for device in ["tun", "tap"] {
        let run = Command::new(env!("CARGO_BIN_EXE_osier"))
            .args(["bench", device, "--rounds", "1", "--json"])
            .output()
            .expect("the command starts");
        let said = String::from_utf8_lossy(&run.stdout);
        let why = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "osier bench {device} WAS NOT RUN or failed: {why}{said}");
        let lines: Vec<Value> =
            said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let of =
            |line: &Value| format!("{} {}", line["direction"], line["offload"]).replace('"', "");
        let ways: Vec<String> = lines.iter().map(of).collect();
        assert_eq!(ways, ["in on", "out on", "rr on", "in off", "out off", "rr off"]);
        for line in &lines {
            let rate = line["units_per_second_median"].as_f64().expect("a rate");
            assert!(rate > 100.0, "{line}");
            let unit = line["units_per_packet"].as_f64().expect("octets of a packet");
            // A full packet has 1448 octets, however many of them a frame held. What waits to be
            // sent when a round begins and ends is not the same, which on a busy machine shows.
            let sane = if line["unit"] == "exchange" { 0.9..1.1 } else { 1_000.0..2_000.0 };
            assert!(sane.contains(&unit), "{line}");
        }
    }
}
