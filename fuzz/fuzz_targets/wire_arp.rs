//! Can any bytes make the ARP packet panic, or change in a round trip?
//!
//! What is read must be written such that it reads the same.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::arp::Packet;

fuzz_target!(|bytes: &[u8]| {
    let Ok((packet, len)) = Packet::parse(bytes) else { return };
    let mut out = vec![0; packet.len()];
    packet.emit(&mut out);
    assert_eq!(out, bytes[..len]);
});
