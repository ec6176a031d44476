//! How does one look at a run of the lab while it happens, and put a hand into it?
//!
//! A window in the terminal: step by packet, event or timer, forward and back; the state machines
//! of two ends, their timers, the packets under way and what is in them; drop, delay, double,
//! damage or overtake a packet; save what was played as a scenario. It draws and asks for keys;
//! what happens is osier-lab's.
//!
//! | Question | Where |
//! | --- | --- |
//! | Which moment is it, and how is another one reached? | `player.rs` |
//! | What does a key do? | `model.rs`, `model/keys.rs` |
//! | What is in a packet? | `packet.rs` |
//! | How is a moment drawn? | `view/` |
//! | In which colours and characters? | `look.rs` |
//! | How does the terminal come to that, and back? | `terminal.rs`, `screen.rs` |
#![forbid(unsafe_code)]

mod look;
mod model;
mod packet;
mod player;
mod screen;
mod source;
mod terminal;
mod view;

pub use look::Look;
pub use model::{Key, Model, Wish};
pub use packet::{Layer, layers, summary};
pub use player::{Deal, Mark, Player};
pub use source::Source;
pub use terminal::{Left, Trouble, watch};
pub use view::draw;
