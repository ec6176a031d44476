//! What of a TAP can be shown without a kernel's leave? The rest is in `tests/kernel.rs`.

use super::*;
use crate::ErrorKind;

#[test]
fn a_name_that_the_kernel_would_bend_is_refused_before_it_is_asked() {
    for name in ["", "sixteen-letters-", "a/b", "tap%d", "a b", "..", "eth0:1", "tab\t"] {
        let error = TunTap::open(&Config::tun(name)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{name:?}");
        assert!(error.to_string().contains("cannot be the name of an interface; use 1 to 15"));
    }
}

#[test]
fn an_interface_that_is_down_is_told_apart_from_one_that_is_gone() {
    let down = explain("osier0", Errno::IO.into());
    assert_eq!(down.kind(), io::ErrorKind::NetworkDown);
    assert!(down.to_string().ends_with("sudo ip link set osier0 up"));
    assert_eq!(explain("osier0", Errno::BADFD.into()).kind(), io::ErrorKind::NotConnected);
    assert_eq!(explain("osier0", Errno::INVAL.into()).kind(), io::ErrorKind::InvalidInput);
}
