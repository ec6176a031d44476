//! How do packets get into a capture file, and out of one again?
//!
//! Written is pcapng (draft-ietf-opsawg-pcapng), because a frame in it can carry a comment: osier
//! writes there why it did what it did. Read are pcapng and classic pcap (draft-ietf-opsawg-pcap),
//! in both byte orders, at every time resolution.
//!
//! | where is … | file |
//! | --- | --- |
//! | one packet and its comment into a file | `write.rs` |
//! | a block laid out: length, options, padding | `write/block.rs` |
//! | the file's kind, recognised by its first bytes | `read.rs` |
//! | pcapng: sections, interfaces, packets, options | `read/pcapng.rs` |
//! | pcap: one header, then records | `read/classic.rs` |
//! | ticks of any resolution into nanoseconds | `read/resolution.rs` |
//! | bytes counted and bounded as they come in | `read/source.rs` |
//!
//! This crate knows no clock: the writer is told when each packet passed, and what Unix time the
//! [`Instant`](osier_time::Instant) zero was. It does not look into packets, does not write classic
//! pcap, and reads neither compressed files nor name resolution and decryption blocks (skipped).
#![forbid(unsafe_code)]

mod format;
mod read;
mod write;

pub use format::{Direction, InterfaceId, LinkType, MAX_COMMENT, MAX_PACKET};
pub use read::{Error, Interface, MAX_BLOCK, MAX_COMMENTS, MAX_INTERFACES, Packet, Reader};
pub use write::Writer;
