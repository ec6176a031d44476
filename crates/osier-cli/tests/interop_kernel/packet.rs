//! osier on the wire of an interface that is there already: `--link packet:IFACE`, `xdp:IFACE`.
//!
//! The wire is a veth. osier stands at its end `wire`, in one network; the kernel has its addresses
//! on `far`, in another. What crosses is counted behind each end (nftables' hook of what comes in),
//! where a super-frame is still one.

use crate::http::{download, upload};
use crate::netns::{Net, OSIER, is_root, missing, stdout};
use crate::refusals::{refused, words};
use crate::server::{BOTH, Server, V4};
use crate::{MIB, size, tshark};
use std::time::Duration;

/// The addresses of osier.
const OURS: &str = "--addr 10.71.0.2/24 --addr fd71::2/64";

/// Two networks, with a wire between them; `wire` is in the first.
pub(crate) fn wired(programs: &[&str]) -> Option<(Net, Net)> {
    let net = Net::with(programs)?;
    let far = net.beside();
    net.sh(&format!(
        "ip link add wire type veth peer name far
         ip link set far netns {}
         ip link set wire up",
        far.pid()
    ));
    far.sh("ip address add 10.71.0.1/24 dev far
         ip address add fd71::1/64 dev far nodad
         ip link set far up");
    Some((net, far))
}

/// `osier serve` on the wire, and the kernel at the far end.
fn serve(programs: &[&str], more: &str) -> Option<(Server, Net)> {
    let (net, far) = wired(programs)?;
    let line = format!("{OURS} {more}");
    Some((Server::start_at(net, "packet:wire", &words(&line)), far))
}

/// The same by AF_XDP, which only the machine's own root may have: the frames of both ends are such
/// as a wire carries.
fn serve_by_xdp(programs: &[&str]) -> Option<(Server, Net)> {
    if !is_root() {
        return missing("only root may put a program on an interface");
    }
    let (net, far) = wired(&[programs, &["ethtool"]].concat())?;
    net.sh("ethtool -K wire tx off tso off gso off gro off > /dev/null");
    far.sh("ethtool -K far tx off tso off gso off gro off > /dev/null");
    Some((Server::start_at(net, "xdp:wire", &words(OURS)), far))
}

/// Counts the frames that come in here and are longer than what the MTU allows.
fn count_long(net: &Net, interface: &str) {
    net.sh(&format!(
        "nft add table netdev long
         nft 'add chain netdev long in {{
             type filter hook ingress device {interface} priority 0; }}'
         nft add rule netdev long in meta length '> 1514' counter"
    ));
}

fn long(net: &Net) -> u64 {
    let listing = net.sh("nft list table netdev long");
    let count = listing.split("counter packets ").nth(1).and_then(|rest| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{listing}"))
}

/// A number that `osier ss --counters` shows; one that is 0 is left out there.
fn counter(server: &Server, name: &str) -> u64 {
    let ss = server.ss(&["--counters"]);
    let line = ss.lines().find(|line| line.trim_end().ends_with(&format!(" {name}")));
    line.map_or(0, |line| line.split_whitespace().next().unwrap().parse().expect(line))
}

/// Downloads and uploads over both versions of IP; the frames longer than the MTU, to the kernel
/// and to osier.
fn there_and_back(server: &Server, far: &Net, count: u64) -> (u64, u64) {
    count_long(far, "far");
    count_long(&server.net, "wire");
    for at in BOTH {
        let down = download(server, far, at, count);
        let up = upload(server, far, at, count);
        println!("{at}: {} MiB down in {down:?}, up in {up:?}", count / MIB);
    }
    let (to_kernel, to_osier) = (long(far), long(&server.net));
    let lost = counter(server, "dropped_by_device");
    println!("longer than the MTU: {to_kernel} to the kernel, {to_osier} to osier; {lost} dropped");
    (to_kernel, to_osier)
}

#[test]
#[ignore = "wants root or user namespaces"]
fn the_kernel_across_a_wire_gets_pages_and_echoes() {
    let words = "--capture wire.pcapng";
    let Some((server, far)) = serve(&["curl", "ping", "tshark"], words) else { return };
    pages_and_echoes(&far);
    for at in BOTH {
        download(&server, &far, at, MIB);
        upload(&server, &far, at, MIB);
    }
    let frames = tshark::read(&server.stop().path("wire.pcapng"));
    tshark::assert_sound(&frames);
}

#[test]
#[ignore = "wants root"]
fn the_same_by_af_xdp() {
    let Some((server, far)) = serve_by_xdp(&["curl", "ping", "nft"]) else { return };
    let link = server.net.sh("ip -details link show wire");
    assert!(link.contains("prog/xdp"), "{link}");
    pages_and_echoes(&far);
    let count = size(100 * MIB, 1_024 * MIB);
    assert_eq!(there_and_back(&server, &far, count), (0, 0));
    assert_eq!(counter(&server, "dropped_bad_checksum"), 0);
    server.stop();
}

fn pages_and_echoes(far: &Net) {
    for at in BOTH {
        let mut curl = far.command("curl");
        curl.args(["--silent", "--fail", "--globoff", "--max-time", "20"]);
        let page = stdout(curl.arg(format!("http://{at}/")));
        assert!(page.contains("ESTABLISHED") && page.contains(&format!("{at}:80")), "{page}");
        let host = at.trim_matches(['[', ']']);
        let said = stdout(far.command("ping").args(["-c", "50", "-i", "0.01", host]));
        assert!(said.contains("50 packets transmitted, 50 received, 0% packet loss"), "{said}");
    }
}

#[test]
#[ignore = "wants root or user namespaces"]
fn osier_reaches_the_kernel_across_a_wire() {
    let Some((net, far)) = wired(&["socat"]) else { return };
    for to in ["10.71.0.1", "fd71::1"] {
        let line = format!("ping --link packet:wire {OURS} -c 5 -i 0.05 {to}");
        let said = stdout(net.command(OSIER).args(words(&line)));
        assert!(said.contains("5 packets transmitted, 5 received, 0% packet loss"), "{said}");
    }
    let folder = crate::netns::Folder::new();
    let mut socat = far.command("socat");
    socat.args(["TCP-LISTEN:7,reuseaddr", "SYSTEM:echo basket"]);
    let _socat = far.start(&mut socat, &folder, "socat");
    far.sh(
        "for n in 1 2 3 4 5 6 7 8 9 10; do ss -Hlt sport = :7 | grep -q . && exit; sleep 0.2; done",
    );
    let line = format!("nc --link packet:wire {OURS} 10.71.0.1 7");
    assert_eq!(stdout(net.command(OSIER).args(words(&line))), "basket\n");
}

#[test]
#[ignore = "wants root or user namespaces"]
fn super_segments_cross_a_wire_whole_and_arrive_with_the_right_hash() {
    let Some((server, far)) = serve(&["curl", "nft"], "") else { return };
    let count = size(100 * MIB, 1_024 * MIB);
    let (to_kernel, to_osier) = there_and_back(&server, &far, count);
    // If all were as long as may be. More is usual, half of it would be strange.
    let least = 2 * count / 65_536;
    assert!(to_kernel > least / 2, "{to_kernel} frames to the kernel were longer than the MTU");
    assert!(to_osier > least / 2, "{to_osier} frames to osier were longer than the MTU");
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn without_offloads_on_either_side_every_frame_is_one_of_a_plain_wire() {
    let programs = ["curl", "nft", "ethtool"];
    let Some((server, far)) = serve(&programs, "--offload none") else { return };
    let off = |net: &Net, name: &str| {
        net.sh(&format!("ethtool -K {name} tx off rx off tso off gso off gro off > /dev/null"))
    };
    off(&server.net, "wire");
    off(&far, "far");
    let count = size(100 * MIB, 1_024 * MIB);
    assert_eq!(there_and_back(&server, &far, count), (0, 0));
    assert_eq!(counter(&server, "dropped_bad_checksum"), 0);
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn what_an_interface_does_not_offload_the_kernel_does_for_it() {
    let Some((server, far)) = serve(&["curl", "nft", "ethtool"], "") else { return };
    server.net.sh("ethtool -K wire tx off tso off > /dev/null");
    // What comes is whole still: that is for the other side to say.
    let (to_kernel, to_osier) = there_and_back(&server, &far, 16 * MIB);
    assert_eq!(to_kernel, 0, "the kernel at osier's end cuts and sums");
    assert!(to_osier > 0);
    server.stop();
}

/// The kernel keeps what osier may have on its way there, says "not now" beyond, and wakes osier
/// when there is room: so nothing is lost, and nothing stands still.
#[test]
#[ignore = "wants root or user namespaces"]
fn a_wire_that_is_slower_than_osier_holds_it_back() {
    let Some((server, far)) = serve(&["curl", "tc"], "") else { return };
    let count = 32 * MIB;
    server.net.sh("tc qdisc add dev wire root tbf rate 200mbit burst 256k limit 100m");
    let took = download(&server, &far, V4, count);
    // 32 MiB at 200 Mbit/s; the burst passes at once.
    let least = Duration::from_millis(1_200);
    assert!((least..10 * least).contains(&took), "{took:?}");
    let queue = server.net.sh("tc -statistics qdisc show dev wire");
    assert!(queue.contains("dropped 0,"), "{queue}");
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn an_interface_that_is_down_for_a_while_carries_on_and_a_deleted_one_ends_osier_with_a_sentence() {
    let Some((mut server, far)) = serve(&["curl", "ping"], "") else { return };
    server.net.sh("ip link set wire down; sleep 0.2; ip link set wire up");
    stdout(far.command("ping").args(["-c", "1", "-W", "5", V4]));
    assert!(!server.process.said().contains("failed"), "{}", server.process.said());
    server.net.sh("ip link delete wire");
    let code = server.process.exit_code(Duration::from_secs(5));
    let said = server.process.said();
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("the interface wire is gone: it was deleted, or moved"), "{said}");
}

#[test]
#[ignore = "wants root or user namespaces"]
fn an_interface_that_cannot_be_joined_is_refused_with_the_remedy() {
    let Some((net, _far)) = wired(&[]) else { return };
    net.sh("ip link add idle type veth peer name idler");
    for (line, code, said) in [
        ("--link packet:nope0", 3, &["there is no interface nope0", "`ip link` lists"][..]),
        ("--link packet:idle", 3, &["the interface idle is down", "sudo ip link set idle up"]),
        ("--link xdp:nope0", 3, &["there is no interface nope0", "`ip link` lists"]),
        ("--link xdp:idle", 3, &["the interface idle is down", "sudo ip link set idle up"]),
        ("--link packet:lo", 3, &["lo is no Ethernet interface", "link/ether"]),
        (
            "--link packet:wire --mtu 9000",
            2,
            &["too much for wire, which has 1500", "ask for less"],
        ),
        ("--link packet:wire --peer 10.71.0.1/24", 2, &["--peer 10.71.0.1", "end of the cable"]),
    ] {
        let mut osier = net.command(OSIER);
        refused(osier.args(words(&format!("serve --addr 10.71.0.2/24 {line}"))), code, said);
    }
    // Somebody at the other end has the address.
    let mut osier = net.command(OSIER);
    osier.args(words("serve --link packet:wire --addr 10.71.0.1/24"));
    refused(&mut osier, 3, &["10.71.0.1 is in use: ", "; choose another address"]);
    let mut osier = net.command("setpriv");
    osier.args(["--bounding-set=-net_raw", "--inh-caps=-net_raw", OSIER]);
    osier.args(words("serve --link packet:wire --addr 10.71.0.2/24"));
    let said = ["a packet socket was refused: operation not permitted", "cap_net_raw+ep"];
    refused(&mut osier, 3, &said);
    let mut osier = net.command("setpriv");
    osier.args(["--bounding-set=-net_admin,-bpf,-sys_admin", "--inh-caps=-net_admin", OSIER]);
    osier.args(words("serve --link xdp:wire --addr 10.71.0.2/24"));
    refused(&mut osier, 3, &["AF_XDP was refused on wire: operation not permitted", "packet:wire"]);
    let mut osier = net.command(OSIER);
    osier.args(words("lab run three-way-handshake --link packet:wire"));
    refused(&mut osier, 2, &["the kernel is not at the other end of packet:wire", "tap:osier0"]);
}
