//! One TCP connection as a value: RFC 9293, and the RFCs that made it fast and safe.
//!
//! Segments in, segments out; `now` is an argument; no IP address, no port, no clock, no lock.
//! This file is the map and nothing else.
//!
//! # Where is …?
//!
//! | In the RFC | Here |
//! | --- | --- |
//! | §3.1 header, options | `segment.rs`, `options.rs`, `osier-wire/src/tcp.rs` |
//! | §3.3.1 the record (TCB), SND.\*, RCV.\* | `tcb.rs`, `send/window.rs`, `receive/window.rs` |
//! | §3.3.2 the states, figure 5 | `state.rs` |
//! | §3.4 sequence numbers, acceptability | `receive/window.rs`, `segment_arrives/sequence.rs` |
//! | §3.4.1 the initial sequence number | an argument ([`Opening`]); computed in `osier-host` |
//! | §3.5 the three-way handshake | `handshake/mod.rs` has the ladder; `active.rs`, `passive.rs` |
//! | §3.5.2 half-open connections, §3.5.3 resets | `stray.rs`, `segment_arrives/reset.rs` |
//! | §3.6 the four-way close | `close/mod.rs` has the ladder |
//! | §3.6.1 TIME-WAIT | `close/time_wait.rs` |
//! | §3.7.1 MSS, §3.7.4 Nagle | `options.rs`, `send/nagle.rs` |
//! | §3.8.1 retransmission, RFC 6298 | `recovery/rto.rs`, `recovery/rtt.rs`, `timeout.rs` |
//! | §3.8.2 congestion control, RFC 5681, RFC 6582 | `congestion/`, `recovery/`, `loss.rs` |
//! | §3.8.3 failures (R1, R2), §3.8.4 keep-alive | `timeout.rs`, `keepalive.rs` |
//! | §3.8.5 urgent | `segment_arrives/urgent.rs`, `transmit.rs` |
//! | §3.8.6.1 zero windows | `send/persist.rs`, `timeout.rs` |
//! | §3.8.6.2 silly windows | `send/nagle.rs`, `receive/window.rs` |
//! | §3.8.6.3 when to acknowledge | `receive/delayed_ack.rs` |
//! | §3.9.1 the user's calls; STATUS | `connection/{calls,options}.rs`; `info.rs`, `tally.rs` |
//! | §3.9.2.2 ICMP, RFC 5927, 1191, 4821 | `connection.rs`, `path_mtu.rs`, `send/search.rs` |
//! | §3.10.7.1 CLOSED | `stray.rs` |
//! | §3.10.7.2 LISTEN | `handshake/passive.rs` |
//! | §3.10.7.3 SYN-SENT | `handshake/active.rs` |
//! | §3.10.7.4 all other states: the eight checks | `segment_arrives/mod.rs`, a file each |
//! | §3.10.8 timeouts | `timeout.rs`, `timers.rs` |
//! | RFC 7323 window scale, timestamps, PAWS | `options.rs`, `timestamps.rs` |
//! | RFC 2018, RFC 2883 SACK | `receive/sack_blocks.rs`, `recovery/sack.rs` |
//! | RFC 8985 RACK, tail loss probe | `recovery/{rack,tlp}.rs`, `loss.rs` |
//! | RFC 3522, RFC 4015 Eifel, RFC 5682 F-RTO | `recovery/spurious.rs`, `loss.rs` |
//! | RFC 9438 CUBIC, RFC 9406 HyStart++ | `congestion/{cubic,hystart}.rs` |
//! | RFC 3168 ECN | `tcb/ecn.rs`, `segment_arrives/ecn.rs`, `handshake/` |
//! | Pacing | `congestion/pacing.rs`, `pace.rs` |
//! | How much the user may write (TCP_NOTSENT_LOWAT) | `room.rs` |
//! | draft-ietf-ccwg-bbr BBR | `congestion/bbr/`, `recovery/delivery.rs`, `model.rs` |
//! | RFC 9937 proportional rate reduction | `recovery/prr.rs` |
//! | RFC 4987 SYN cookies | `handshake/cookie.rs`; their MAC is the host's |
//! | RFC 7413 Fast Open | `handshake/fast_open.rs`; cookies are the host's |
//! | RFC 5961 blind attacks | `segment_arrives/{reset,syn,ack}.rs` |
//!
//! # From the ground up
//!
//! Words (segment, state, timers, options, reason, event, config, rate); mechanisms that know no
//! state machine (`send/`, `receive/`, `recovery/`, `congestion/`, keepalive, timestamps, tally);
//! the record (`tcb.rs`); the events (`handshake/`, `segment_arrives/`, `close/`, `timeout.rs`,
//! `loss.rs`, `path_mtu.rs`, `pace.rs`, `sendable.rs`, `room.rs`, `model.rs`); `transmit.rs`, which
//! alone builds segments; the doors (`connection.rs`).
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod close;
mod config;
mod congestion;
mod connection;
mod event;
mod handshake;
mod info;
mod keepalive;
mod loss;
mod model;
mod options;
mod pace;
mod path_mtu;
mod rate;
mod reason;
mod receive;
mod recovery;
mod room;
mod segment;
mod segment_arrives;
mod send;
mod sendable;
mod state;
mod stray;
mod tally;
mod tcb;
mod timeout;
mod timers;
mod timestamps;
mod transmit;

pub use close::time_wait::{TimeWait, TimeWaitVerdict};
pub use config::{
    Acknowledgments, AfterIdle, Algorithm, Buffer, Config, Cork, Ecn, Floor, KeepAlive, MtuProbing,
    Nagle, Offer, Opening, ProbingMode, Profile, RtoConfig, Sending, UnknownAlgorithm,
};
pub use connection::{Connection, End, Text, Wants, WriteError};
pub use event::{Ending, Event, Events, PathMtuChange, Trouble};
pub use handshake::cookie::Cookie;
pub use handshake::fast_open::{FastOpened, FastOpening};
pub use handshake::passive::{Admission, HalfOpen, Progress, examine};
pub use info::TcpInfo;
pub use reason::{Notes, Reason, Recording};
pub use segment::{Arrived, Belief, IcmpKind, Memory, Segment, Short, Transmit};
pub use state::{Arrow, State};
pub use stray::answer as answer_stray;
pub use timers::{Timer, Timers};
