//! How does a packet of a script become octets, and what does a packet that was seen say?
//!
//! - [`build`](build::build): a packet in the numbers of the wire into octets
//! - [`see`](see::see): octets into the same types as a script's
//! - [`differ`](compare::differ): is what was seen what the script expects?
//! - `show`: both, printed as scripts write them
//!
//! Translating between the numbers of a script and those of the wire is `run`'s.

pub mod build;
pub mod compare;
pub mod icmp;
pub mod options;
pub mod see;
mod show;
