//! Does every refusal say what it is and what to do?

use super::frames::*;
use crate::{CHILD, OPEN_ONLY};
use osier_device::tuntap::{Config, OffloadMode};
use osier_device::{Device, ErrorKind, TunTap, interface};
use osier_wire::Frame;
use std::io;
use std::process::Command;

pub(crate) fn busy() {
    let _first = link_up(&Config::tap("osier0", MAC));
    let error = TunTap::open(&Config::tap("osier0", MAC)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    let text = error.to_string();
    assert!(text.starts_with("another process holds osier0: "), "{text}");
    assert!(error.remedy_text().is_some());
}

fn anything() -> Frame {
    let mut frame = Frame::default();
    frame.head.grow(60);
    frame
}

pub(crate) fn down() {
    let mut tap = TunTap::open(&Config::tap("osier0", MAC)).unwrap();
    let error = tap.transmit(anything()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NetworkDown);
    assert!(error.to_string().ends_with("sudo ip link set osier0 up"), "{error}");
    interface::set_up("osier0").unwrap();
    assert!(interface::find("osier0").unwrap().unwrap().up);
    tap.transmit(anything()).unwrap();
}

pub(crate) fn deleted() {
    let mut tap = link_up(&Config::tap("osier0", MAC));
    interface::delete("osier0").unwrap();
    assert!(!interface::exists("osier0").unwrap());
    let error = tap.receive(&mut Vec::new(), 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected, "{error}");
    let error = tap.transmit(anything()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected, "{error}");
}

pub(crate) fn another_sort() {
    let _tap = link_up(&Config::tap("osier0", MAC));
    let error = TunTap::open(&Config::tun("osier0")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let error = TunTap::open(&Config::tun("lo")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    // And one may come after the other under the same name.
    drop(_tap);
    let again = Config { offload: OffloadMode::Checksum, ..Config::tun("osier0") };
    TunTap::open(&again).unwrap();
}

/// Opens a device where `/dev/net` has been made unfit, in a child with mounts of its own.
pub(crate) fn node() {
    let nodev =
        open_after("mount --bind /dev/net /dev/net && mount -o remount,bind,nodev /dev/net");
    assert!(nodev.starts_with("NoPermission: /dev/net/tun cannot be opened: permission denied; "));
    assert!(nodev.contains("sudo ip tuntap add dev osier0 mode tap user $USER"), "{nodev}");
    let empty = open_after("mount -t tmpfs none /dev/net");
    assert!(empty.starts_with("NoSuchDevice: /dev/net/tun cannot be opened: no such file"));
    assert!(empty.contains("sudo modprobe tun"), "{empty}");
}

fn open_after(mounts: &str) -> String {
    let me = std::env::current_exe().unwrap();
    let script = format!("{mounts} && exec \"$0\"");
    let mut unshare = Command::new("unshare");
    unshare.arg("-m").arg("sh").arg("-c").arg(script).arg(me).env(CHILD, OPEN_ONLY);
    let output = unshare.output().expect("unshare is part of every Linux system");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What that child does: it says why it could not open a TAP.
pub(crate) fn open_and_tell() {
    match TunTap::open(&Config::tap("osier0", MAC)) {
        Ok(_) => println!("opened"),
        Err(e) => println!("{:?}: {e}", e.kind()),
    }
}
