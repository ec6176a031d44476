//! What of a packet socket can be shown without a kernel's leave? The rest is in `tests/kernel.rs`.

use super::*;
use crate::ErrorKind;
use osier_wire::MacAddr;

const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 7]);

fn refused(name: &str) -> crate::Error {
    PacketSocket::open(&Config::new(name, MAC)).unwrap_err()
}

#[test]
fn a_name_that_there_is_not_comes_with_a_remedy() {
    let error = refused("osier-none");
    assert_eq!(error.kind(), ErrorKind::NoSuchDevice);
    let said = "there is no interface osier-none; `ip link` lists those that there are";
    assert!(error.to_string().starts_with(said), "{error}");
    assert_eq!(refused("a/b").kind(), ErrorKind::Malformed);
}

#[test]
fn an_interface_without_ethernet_is_refused() {
    let error = refused("lo");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().starts_with("lo is no Ethernet interface"), "{error}");
}

#[test]
fn what_may_pass_is_told_apart_from_what_is_for_good_and_from_one_frame() {
    let down = explain("veth0", Errno::NETDOWN.into());
    assert_eq!(down.kind(), io::ErrorKind::NetworkDown);
    assert!(down.to_string().ends_with("sudo ip link set veth0 up"));
    assert_eq!(explain("veth0", Errno::NXIO.into()).kind(), io::ErrorKind::NotConnected);
    assert_eq!(explain("veth0", Errno::MSGSIZE.into()).kind(), io::ErrorKind::InvalidInput);
}
