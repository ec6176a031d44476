//! What happened between two ends, and when, and why: drawn as a ladder.
//!
//! A ladder has a lifeline for each end and a step for each thing that happened: a segment that
//! went from one lifeline to another and arrived or was lost, or a change at one end alone. This
//! crate draws; what a SYN is, it does not know: labels, names of states and sentences are text,
//! and may hold bytes of a peer, which cannot harm the terminal.
//!
//! | where is … | file |
//! | --- | --- |
//! | what a ladder is made of | `ladder.rs` |
//! | from when to when an end was in a state | `span.rs` |
//! | width, glyphs, colour | `look.rs` |
//! | one step after another as text | `drawer.rs` |
//! | arrows: flat, sloped, lost | `drawer/arrow.rs` |
//! | the cells of one row | `row.rs` |
//! | text made harmless, measured, wrapped | `text.rs` |
//! | time stamps, and how much room a gap gets | `scale.rs` |
//! | the same ladder for a program | `json.rs` |
//! | … for a slide: bands, slopes, folds | `svg.rs`, which has a map of its own |
//! | … for a browser, in one file | `html.rs` |
//! | the words above a drawing, the curves below it | `caption.rs` |
//!
//! In a terminal every step is drawn whole before the next, so that a ladder can be printed while
//! it happens: segments that cross on their way are drawn one below the other, and their times
//! tell.
#![forbid(unsafe_code)]

mod caption;
mod drawer;
mod html;
mod json;
mod ladder;
mod look;
mod row;
mod scale;
mod span;
mod svg;
mod text;

pub use caption::{Caption, Curve, Unit};
pub use drawer::Drawer;
pub use ladder::{Band, End, Fate, Ladder, State, Step, What, Why};
pub use look::{Glyphs, Look, MAX_ENDS, MAX_WIDTH, Style};
pub use span::Span;
