//! Can any bytes make the IPv4 header panic, or change in a round trip?
//!
//! What is read must be written such that it reads the same.
//! The header is read as quoted, too: its checksum is not asked for there, which lets the fuzzer
//! in.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::ipv4::Header;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((header, payload)) = Header::parse(bytes) {
        assert!(payload.end <= bytes.len());
        assert_eq!(Header::parse_quoted(bytes), Ok((header, payload.start)));
    }
    let Ok((header, len)) = Header::parse_quoted(bytes) else { return };
    assert_eq!(header.len(), len);
    let mut out = vec![0; len + usize::from(header.payload_len)];
    header.emit(&mut out);
    let payload = len..out.len();
    assert_eq!(Header::parse(&out), Ok((header, payload)));
});
