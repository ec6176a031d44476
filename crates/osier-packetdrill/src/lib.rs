//! How does an unmodified packetdrill drive osier? (google/packetdrill 2c4001c4, `--so_filename`)
//!
//! packetdrill loads this library, calls [`packetdrill_interface_init`] and from then on makes its
//! socket calls, sends its packets and asks for the time through the table that is filled there.
//! Time is virtual: it moves when packetdrill sleeps, waits for a packet, or looks at the clock.
//!
//! ```text
//! packetdrill --so_filename=libosier_packetdrill.so
//!             --so_flags=addr=192.168.0.1,mtu=1500,settings=FILE script.pkt
//! ```
//!
//! `%{ assert tcpi_… }%` in a script calls the system's own `getsockopt`, and `sendfile` the
//! system's own, too: preload the library (`LD_PRELOAD`), and ours answer.
//!
//! | Question | Where |
//! | --- | --- |
//! | What stands in the table? | `table.rs`; the functions in `calls/` |
//! | What is behind it: sockets, clock, packets on their way to the script | `world.rs` |
//! | Who waits for whom? | `shared.rs` |
//! | Which settings does a script's `sysctl` reach? | `settings.rs` |
//! | How do C's structures become values? | `foreign/` |
//!
//! `unsafe` is here to read and write what packetdrill points to; nothing else needs it.

mod calls;
mod foreign;
mod settings;
mod shared;
mod table;
mod world;

pub use calls::interpose::{getsockopt, sendfile};
pub use table::{Interface, packetdrill_interface_init};
