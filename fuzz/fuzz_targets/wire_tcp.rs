//! Can any bytes make the TCP header or its options panic, or change in a round trip?
//!
//! What is read must be written such that it reads the same.
//! Options are rearranged by writing, so bytes may differ; values may not.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::tcp::Header;

fuzz_target!(|bytes: &[u8]| {
    let Ok((header, len)) = Header::parse(bytes) else { return };
    assert!(len <= bytes.len());
    let mut out = vec![0; header.len()];
    header.emit(&mut out);
    assert_eq!(Header::parse(&out), Ok((header, out.len())));
});
