//! How is a ladder drawn for a page, a slide, a printer?
//!
//! As SVG 1.1 that needs nothing beside it: time runs down, an arrow slopes by as much as its
//! segment was under way, the states of an end are bands along its lifeline. Time is to scale as
//! far as the words allow, which push steps apart that would otherwise lie upon each other; a long
//! time in which nothing happens is folded and its length written.
//!
//! | where is … | file |
//! | --- | --- |
//! | which ends there are, what became of each step | `svg/told.rs` |
//! | how far down everything stands | `svg/times.rs`, the scale in `svg/pace.rs` |
//! | the words beside a step | `svg/words.rs` |
//! | arrows, and the words between the lifelines | `svg/places.rs` |
//! | … of which none covers another | `svg/labels.rs` |
//! | columns, and the drawing of the parts | `svg/scene.rs`, `svg/parts.rs`, `svg/legend.rs` |
//! | curves below the ladder | `svg/curves.rs` |
//! | colours, light and dark, and escaping | `svg/ink.rs` |

mod curves;
mod ink;
mod labels;
mod legend;
mod pace;
mod parts;
mod places;
mod scene;
mod times;
mod told;
mod words;

use crate::caption::Caption;
use crate::ladder::Ladder;
pub(crate) use ink::escaped;
pub(crate) use words::link;

impl Ladder {
    /// The whole ladder as an SVG file: light or dark as the reader's screen is, light on paper.
    pub fn to_svg(&self, caption: &Caption) -> String {
        scene::Scene::new(self, caption).draw()
    }
}
