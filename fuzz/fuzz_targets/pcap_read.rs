//! Can a capture file make the reader panic, or read on for ever?
//!
//! Any bytes are a file here; packets are read until the end or the first error.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_pcap::{MAX_COMMENTS, Reader};

fuzz_target!(|file: &[u8]| {
    let Ok(reader) = Reader::new(file) else { return };
    let mut packets = 0;
    for packet in reader {
        packets += 1;
        assert!(packets <= file.len(), "a packet takes at least a byte of its file");
        let Ok(packet) = packet else { break };
        assert!(packet.data.len() <= file.len(), "no byte of a packet is made up");
        assert!(packet.comments.len() <= MAX_COMMENTS, "a file cannot make us remember more");
    }
});
