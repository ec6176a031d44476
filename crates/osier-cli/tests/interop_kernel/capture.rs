//! What `--capture` writes, judged by tshark, and what happens when the disk is full.

use crate::bench_lines::number_in;
use crate::http::download;
use crate::netns::{Folder, Net, OSIER, stdout};
use crate::server::{NETWORK, Server, V4};
use crate::{MIB, tshark};

#[test]
#[ignore = "wants root or user namespaces"]
fn tshark_finds_nothing_wrong_in_a_thousand_requests() {
    let Some(server) = Server::with(&["ab", "tshark"], &["--capture", "ab.pcapng"]) else { return };
    for at in crate::server::BOTH {
        let mut ab = server.net.command("ab");
        let url = format!("http://{at}/bytes/1024");
        let said = stdout(ab.args(["-q", "-n", "1000", "-c", "20", &url]));
        assert_eq!(number_in(&said, "Failed requests:"), 0.0, "{said}");
    }
    let folder = server.stop();
    let frames = tshark::read(&folder.path("ab.pcapng"));
    tshark::assert_sound(&frames);
    for at in [V4, "fd71::2"] {
        let account = tshark::retransmissions(&frames, at);
        println!("{at}: {account}");
        assert!(account.unexplained.is_empty(), "{:#?}", account.unexplained);
    }
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_full_disk_ends_the_capture_with_one_warning_and_traffic_goes_on() {
    let Some(net) = Net::with(&["curl"]) else { return };
    let folder = Folder::new();
    std::fs::create_dir(folder.path("disk")).expect("a folder");
    let script = "mount -t tmpfs -o size=256k none disk; exec \"$@\"";
    let mut command = net.command("unshare");
    command.args(["--mount", "sh", "-ec", script, "sh", OSIER, "serve", "--control"]);
    command.arg(folder.path("control")).args(NETWORK).args(["--capture", "disk/full.pcapng"]);
    let mut process = net.start(command.current_dir(folder.itself()), &folder, "serve");
    process.wait_for("Ctrl-C closes");
    let server = Server { process, folder, net };
    for _ in 0..2 {
        download(&server, &server.net, V4, 4 * MIB);
    }
    let said = server.process.said();
    assert_eq!(said.matches("warning: the capture ends here").count(), 1, "{said}");
    let ss = server.ss(&[]);
    assert!(ss.contains("capture "), "{ss}");
    server.stop();
}
