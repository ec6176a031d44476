//! Can any bytes make the UDP header panic, or change in a round trip?
//!
//! What is read must be written such that it reads the same.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::udp::Header;

fuzz_target!(|bytes: &[u8]| {
    let Ok((header, payload)) = Header::parse(bytes) else { return };
    let mut out = bytes[..payload.end].to_vec();
    header.emit(&mut out);
    assert_eq!(Header::parse(&out), Ok((header, payload)));
});
