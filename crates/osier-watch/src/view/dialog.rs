//! How are the keys shown, and how is something asked?

use super::Panel;
use crate::model::{Question, TABLE};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

/// Columns of the table of keys.
const WIDTH: u16 = 76;

/// Columns of a key.
const KEY: u16 = 10;

/// The table of keys, in front of everything.
pub(super) fn help(panel: Panel, buffer: &mut Buffer) {
    let (width, height) = (panel.area.width.min(WIDTH), TABLE.len() as u16 + 1);
    let height = panel.area.height.min(height);
    let (x, y) = ((panel.area.width - width) / 2, (panel.area.height - height) / 2);
    let area = Rect { x: panel.area.x + x, y: panel.area.y + y, width, height };
    let panel = panel.with(area);
    let blank = " ".repeat(usize::from(width));
    for y in 0..height {
        panel.put((0, y), &blank, Style::reset(), buffer);
    }
    panel.rule(0, "keys: any of them goes back to the picture", buffer);
    for (y, (keys, does)) in TABLE.iter().enumerate() {
        let y = y as u16 + 1;
        panel.put((1, y), keys, panel.look.packet(), buffer);
        panel.put((1 + KEY, y), does, Style::new(), buffer);
    }
}

/// A question in the last row, with what was typed so far.
pub(super) fn ask(question: Question, typed: &str, panel: Panel, buffer: &mut Buffer) {
    let asks = match question {
        Question::Delay => "arrives later by: ",
        Question::File => "save as: ",
    };
    let blank = " ".repeat(usize::from(panel.area.width));
    panel.put((0, 0), &blank, Style::reset(), buffer);
    let x = panel.put((0, 0), asks, panel.look.head(), buffer);
    // Where it is longer than the row its end is seen.
    let room = usize::from(panel.area.width.saturating_sub(x + 1));
    let hidden = typed.chars().count().saturating_sub(room);
    let shown: String = typed.chars().skip(hidden).collect();
    let end = x + panel.put((x, 0), &shown, panel.look.title(), buffer);
    panel.put((end, 0), " ", panel.look.lit(), buffer);
}
