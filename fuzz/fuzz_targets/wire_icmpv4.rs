//! Can any bytes make an ICMP message of IPv4 panic, or change in a round trip?
//!
//! What is read must be written such that it reads the same.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::icmpv4::Message;

fuzz_target!(|bytes: &[u8]| {
    let Ok((message, len)) = Message::parse(bytes) else { return };
    assert!(len <= bytes.len());
    let mut out = vec![0; message.len()];
    message.emit(&mut out);
    assert_eq!(Message::parse(&out), Ok((message, out.len())));
});
