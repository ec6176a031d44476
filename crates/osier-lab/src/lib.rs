//! What happens between many hosts, when links lose, delay, double and damage, and hosts crash?
//!
//! A [`World`] of hosts that run the very engine of production traffic, under one virtual clock and
//! one seed: the same seed gives the same frames, on every machine, for nothing here reads a clock
//! or counts in fractions. Plain data throughout: a world can be cloned, and the clone goes on.
//!
//! | Question | Where |
//! | --- | --- |
//! | How is a world put together? | `build.rs` |
//! | How does time pass, and who is next? | `world.rs`, `agenda.rs` |
//! | What does a link do to a frame? | `link.rs`; what it can be like: `conditions.rs` |
//! | … to this very segment? | `rule.rs`, which sees it through `sight.rs` |
//! | How is a frame damaged or meddled with? | `mangle.rs` |
//! | … delivered late, or forged? | `meddle.rs` |
//! | What runs on a host, and what is a crash? | `computer.rs` |
//! | What do programs say to each other? | `program.rs`; how far are they: `talk.rs`, `socket.rs` |
//! | Which octets, so that a wrong one is seen? | `pattern.rs` |
//! | What stands between hosts? | `switch.rs`, `router.rs` |
//! | Who lies? Who floods? | `rogue.rs`, `flooder.rs` |
//! | How does a real computer take part? | `guest.rs`; its states: `observed.rs` |
//! | Where does chance come from? | `dice.rs` |
//! | What is written down, and drawn? | `record.rs`, `frames.rs`, `ladder.rs` |
//! | Does everything hold, whatever is drawn? | `swarm.rs` |
//! | What does a scenario say, and does what it expects happen? | `scenario/` |
#![forbid(unsafe_code)]

mod agenda;
mod build;
mod computer;
mod conditions;
mod dice;
mod flooder;
mod frames;
mod guest;
mod ladder;
mod link;
mod mangle;
mod meddle;
mod node;
mod observed;
mod pattern;
mod program;
mod record;
mod rogue;
mod router;
mod rule;
pub mod scenario;
mod sight;
mod socket;
pub mod swarm;
mod switch;
mod talk;
mod world;

pub use build::{Cable, Framing, Merging, Offloading};
pub use computer::Computer;
pub use conditions::{Conditions, Loss, Queue, Traffic};
pub use dice::{Chance, Dice};
pub use flooder::Flooder;
pub use frames::Launch;
pub use link::{Cause, Counts, Fate, Link};
pub use meddle::Forged;
pub use pattern::Pattern;
pub use program::{Client, Program, Reading, Report, Say, Script, Server, Tally, Writing, Wrong};
pub use record::{Origin, Passage, Told, Unkept};
pub use rogue::Rogue;
pub use rule::{Match, Rule, Text, Then};
pub use sight::{Sight, look};
pub use socket::Socket;
pub use talk::{Progress, Surroundings, Talk, Why};
pub use world::{Change, NodeId, WireId, World};
