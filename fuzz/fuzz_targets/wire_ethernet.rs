//! Can any bytes make the Ethernet header panic, or change in a round trip?
//!
//! What is read must be written such that it reads the same.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::ethernet::Header;

fuzz_target!(|bytes: &[u8]| {
    let Ok((header, len)) = Header::parse(bytes) else { return };
    let mut out = vec![0; header.len()];
    header.emit(&mut out);
    assert_eq!(out, bytes[..len]);
});
