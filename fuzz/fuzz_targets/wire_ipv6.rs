//! Can any bytes make the IPv6 header or the walk over its extensions panic?
//!
//! What is read must be written such that it reads the same.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::ipv6::Header;

fuzz_target!(|bytes: &[u8]| {
    let Ok((header, len)) = Header::parse_quoted(bytes) else { return };
    if let Ok(upper) = header.upper_layer(&bytes[len..]) {
        assert!(upper.offset <= bytes.len() - len);
    }
    let mut out = vec![0; len + usize::from(header.payload_len)];
    header.emit(&mut out);
    let payload = len..out.len();
    assert_eq!(Header::parse(&out), Ok((header, payload)));
});
