//! What is one computer, as a value? (RFC 1122; RFC 9293 §3.9)
//!
//! A [`Host`] has links, addresses and sockets. Frames go in, events and frames come out; it reads
//! no clock, draws no random number and holds no thread. It introduces osier-tcp, which knows no
//! address, to osier-ip, which knows no port.
//!
//! | Question | Where |
//! | --- | --- |
//! | Which doors are there? | [`Host`] in `host.rs`, its verbs in `tcp_calls.rs`, `udp_calls.rs` |
//! | Which options has a connection? | `tcp_options.rs` |
//! | Where does a segment go that arrives? | `tcp_input.rs`: `tcp_input` |
//! | … and by which table? | `flow.rs`: `Flows`; `steps.rs` |
//! | What becomes of a SYN? What is a full backlog? | `listener.rs`, `half_open.rs`, `cookies.rs` |
//! | Which SYN may bring text? | `fast_open.rs` |
//! | What may connections hold that nobody has accepted? | `unaccepted.rs` |
//! | Which pair of sockets does a connection of ours get? | `connect.rs` |
//! | How may one listen? What waits for an owner's decision? | `listen.rs`, `undecided.rs` |
//! | When is a connection freed? | `connections.rs`: `settle`; `orphans.rs` |
//! | Who answers for a closed connection? | `time_wait.rs` |
//! | Who sends the RST for a stray? | `stray.rs` |
//! | Who is next to send, and how does a segment become a frame? | `output.rs` |
//! | Which headers does a segment get in front? | `envelopes.rs`, `checksums.rs` |
//! | When must the host be woken? | `timers.rs`: `Wheel`; handshakes: `rounds.rs` |
//! | ISN, timestamp offset, ephemeral port? | `isn.rs`, `ports.rs`, `secrets.rs` |
//! | What does an ICMP error do? How large a path? | `icmp_input.rs`, `pmtu.rs` |
//! | UDP? | `udp.rs` |
//! | Why was that dropped? | `reason.rs`, `account.rs` |
//! | … and in which frame is that said? | `joiner.rs`, from which captures are written |
//! | What does `ss` show? | `status.rs` |
//! | How much memory may be held? | `budget.rs` |
//! | Where do sockets live, and whose turn is it? | `slots.rs`, `ready.rs` |
//! | Who is bound to a port? v4-mapped addresses? | `bindings.rs`, `spread.rs`; `mapped.rs` |
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod account;
mod bindings;
mod budget;
mod checksums;
mod config;
mod connect;
mod connections;
mod cookies;
mod envelopes;
mod fast_open;
mod flow;
#[cfg(test)]
mod footprint;
mod half_open;
mod host;
mod icmp_input;
mod ids;
mod isn;
mod joiner;
mod links;
mod listen;
mod listener;
mod mapped;
mod orphans;
mod output;
mod pmtu;
mod ports;
mod queues;
mod ready;
mod reason;
mod rounds;
mod runs;
mod secrets;
mod slots;
mod spread;
mod status;
mod steps;
mod stray;
mod tcp_calls;
mod tcp_input;
mod tcp_options;
mod time_wait;
mod timers;
mod udp;
mod udp_calls;
mod unaccepted;
mod undecided;

pub use account::{Flow, Note, SocketInfo};
pub use bindings::{Reach, Share, V6Binding};
pub use config::{Config, CookieKeys, Keys, Metrics, SynCookies, TimeWaitReuse};
pub use fast_open::{FastOpenListeners, FastOpenPolicy, FastOpenUse};
pub use host::Host;
pub use ids::{ConnectionId, Error, Event, ListenerId, UdpId};
pub use joiner::{Joiner, Judged, Way};
pub use listen::{Answers, Listening, Reuse, ZeroPort};
pub use reason::{HostReason, Reason};
pub use status::{PathInfo, Usage};
pub use undecided::Decision;
