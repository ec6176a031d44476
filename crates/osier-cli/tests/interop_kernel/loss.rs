//! Two percent of all segments are lost each way, where the sender cannot see it.
//!
//! Client — veth — router — TAP — osier. Towards the kernel the client's `input` hook drops;
//! towards osier the `forward` chain of the router. (An `output` hook would tell the sender.) The
//! veths leave no work to each other, so that what is dropped is a segment and no super-frame.

use crate::http::{download, upload};
use crate::netns::Net;
use crate::server::{Server, V4, V6};
use crate::{MIB, size, tshark};

const PROGRAMS: [&str; 4] = ["curl", "nft", "ethtool", "tshark"];

const GATEWAYS: [&str; 4] = ["--gateway", "10.71.0.1", "--gateway", "fd71::1"];

/// A server, and a client behind a router; nothing is lost yet.
fn routed(words: &[&str]) -> Option<(Server, Net)> {
    let router = Net::with(&PROGRAMS)?;
    let client = router.beside();
    let words = [&GATEWAYS[..], words].concat();
    let server = Server::start(router, &words);
    server.net.sh(&format!(
        "ip link add east type veth peer name west
         ip link set west netns {}
         ethtool -K east tso off gso off gro off > /dev/null
         ip address add 10.72.0.1/24 dev east
         ip address add fd72::1/64 dev east nodad
         ip link set east up
         echo 1 > /proc/sys/net/ipv4/ip_forward
         echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
        client.pid()
    ));
    client.sh("ethtool -K west tso off gso off gro off > /dev/null
         ip address add 10.72.0.2/24 dev west
         ip address add fd72::2/64 dev west nodad
         ip link set west up
         ip route add 10.71.0.0/24 via 10.72.0.1
         ip route add fd71::/64 via fd72::1");
    Some((server, client))
}

/// From here on two percent are lost, each way.
fn lose(router: &Net, client: &Net) {
    let drops = "meta l4proto tcp numgen random mod 100 < 2 counter drop";
    client.sh(&format!(
        "nft add table inet loss
         nft 'add chain inet loss in {{ type filter hook input priority 0; }}'
         nft add rule inet loss in '{drops}'"
    ));
    router.sh(&format!(
        "nft add table inet loss
         nft 'add chain inet loss forward {{ type filter hook forward priority 0; }}'
         nft add rule inet loss forward 'oifname osier0 {drops}'"
    ));
}

/// How many were lost on the way to `net`'s side.
fn lost(net: &Net) -> u64 {
    let listing = net.sh("nft list table inet loss");
    let count = listing.split("counter packets ").nth(1).and_then(|rest| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{listing}"))
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_lossy_transfer_each_way_arrives_whole_and_every_retransmission_is_explained() {
    let Some((server, client)) = routed(&["--capture", "loss.pcapng"]) else { return };
    lose(&server.net, &client);
    let count = size(16 * MIB, 100 * MIB);
    let down = download(&server, &client, V4, count);
    let up = upload(&server, &client, V4, count);
    let (to_client, to_osier) = (lost(&client), lost(&server.net));
    println!(
        "{V4}: {} MiB down in {down:?} ({to_client} lost), up in {up:?} ({to_osier} lost)",
        count / MIB
    );
    assert!(to_client > 20 && to_osier > 20, "2 % were to be lost");
    let folder = server.stop();
    let frames = tshark::read(&folder.path("loss.pcapng"));
    tshark::assert_sound(&frames);
    let account = tshark::retransmissions(&frames, V4);
    println!("{account}");
    assert!(account.ours > 20, "what was lost was sent again");
    assert!(account.unexplained.is_empty(), "{:#?}", account.unexplained);
}

#[test]
#[ignore = "wants root or user namespaces"]
fn the_same_over_ipv6() {
    let Some((server, client)) = routed(&[]) else { return };
    lose(&server.net, &client);
    let count = size(8 * MIB, 100 * MIB);
    let down = download(&server, &client, V6, count);
    let up = upload(&server, &client, V6, count);
    let (to_client, to_osier) = (lost(&client), lost(&server.net));
    println!(
        "{V6}: {} MiB down in {down:?} ({to_client} lost), up in {up:?} ({to_osier} lost)",
        count / MIB
    );
    assert!(to_client > 20 && to_osier > 20, "2 % were to be lost");
    server.stop();
}
