//! How is a moment drawn?
//!
//! From top to bottom: what is watched and when it is; the state machines; the links with what is
//! under way; the ladder and the packet, side by side or one of them; the keys, or what was said
//! last. What there is no room for is left out, the machines last. No size makes it panic.

mod dialog;
mod figure;
mod machines;
mod story;
mod wires;

use crate::look::Look;
use crate::model::{Dialog, Model, Pace, Pane};
use osier_time::Duration;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

/// From this width on the ladder and the packet stand side by side.
const BOTH: u16 = 110;

/// Rows below which the figure of the states gives way to a line for each host.
const FIGURE: u16 = 20;

/// Rows of links at most.
const LINKS_MAX: usize = 6;

/// Draws the window.
pub fn draw(model: &Model, look: Look, buffer: &mut Buffer) {
    let area = buffer.area;
    let mut rest = Panel { area, look };
    let (top, bottom) = (rest.take_top(2), rest.take_bottom(1));
    heading(model, top, buffer);
    let machines = match area.height {
        ..FIGURE => machines::BRIEF,
        _ => machines::height(model, rest.area),
    };
    machines::draw(model, rest.take_top(machines), buffer);
    let links = model.player.run().links().count().min(LINKS_MAX);
    let links = (links as u16).min(rest.area.height / 3);
    wires::draw(model, rest.take_top(links), buffer);
    if area.width >= BOTH {
        let (left, right) = rest.split(area.width / 5 * 3);
        story::ladder(model, left, buffer);
        story::packet(model, right, buffer);
    } else {
        match model.pane {
            Pane::Ladder => story::ladder(model, rest, buffer),
            Pane::Packet => story::packet(model, rest, buffer),
        }
    }
    foot(model, bottom, buffer);
    match &model.dialog {
        Dialog::None => {}
        Dialog::Help => dialog::help(Panel { area, look }, buffer),
        Dialog::Asks(question, typed) => dialog::ask(*question, typed, bottom, buffer),
    }
    look.finish(buffer);
}

fn heading(model: &Model, panel: Panel, buffer: &mut Buffer) {
    let look = panel.look;
    let (scenario, run) = (model.player.scenario(), model.player.run());
    let deeds = match model.player.deeds().len() {
        0 => String::new(),
        1 => ", 1 deed".to_owned(),
        n => format!(", {n} deeds"),
    };
    let title = format!("{}: {}", scenario.name(), scenario.title());
    panel.put((0, 0), &title, look.title(), buffer);
    let seed = format!(" seed {}{deeds}", run.seed());
    panel.put_right(0, &seed, look.dim(), buffer);
    let pace = match model.pace {
        Pace::Paused => "paused".to_owned(),
        Pace::Plays => format!("plays {}", model.speed()),
        Pace::Hurries => "on to the end".to_owned(),
    };
    let (now, length) = (run.elapsed(), scenario.length());
    let says = format!(
        "{} of {length}  step {}  {pace}  by {}  speed {}  ",
        seconds(now),
        model.player.steps(),
        model.stride.name(),
        model.speed()
    );
    let used = panel.put((0, 1), &says, Style::new(), buffer);
    let room = panel.area.width.saturating_sub(used);
    let share = u128::from(now.as_nanos()) * u128::from(room);
    let full = (share / u128::from(length.as_nanos().max(1))).min(u128::from(room)) as u16;
    for x in 0..room {
        let symbol = if x < full { "█" } else { "░" };
        panel.put((used + x, 1), symbol, look.head(), buffer);
    }
}

fn foot(model: &Model, panel: Panel, buffer: &mut Buffer) {
    let keys = "p e t step  ← → again  space play  Tab packet: d l u c r  v view  s save  ? q";
    match model.said.as_str() {
        "" => panel.put((0, 0), keys, panel.look.dim(), buffer),
        said => panel.put((0, 0), said, panel.look.title(), buffer),
    };
}

/// `1.020000 s`
fn seconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:06} s", micros / 1_000_000, micros % 1_000_000)
}

/// A part of the window, and how it looks.
#[derive(Clone, Copy, Debug)]
struct Panel {
    area: Rect,
    look: Look,
}

impl Panel {
    fn with(self, area: Rect) -> Panel {
        Panel { area, ..self }
    }

    /// So many rows from above; as many as there are.
    fn take_top(&mut self, rows: u16) -> Panel {
        let rows = rows.min(self.area.height);
        let taken = Rect { height: rows, ..self.area };
        self.area.y += rows;
        self.area.height -= rows;
        self.with(taken)
    }

    fn take_bottom(&mut self, rows: u16) -> Panel {
        let rows = rows.min(self.area.height);
        self.area.height -= rows;
        let y = self.area.y + self.area.height;
        self.with(Rect { y, height: rows, ..self.area })
    }

    /// So many columns, and the rest behind a gap.
    fn split(self, columns: u16) -> (Panel, Panel) {
        let columns = columns.min(self.area.width);
        let left = Rect { width: columns, ..self.area };
        let taken = (columns + 1).min(self.area.width);
        let (x, width) = (self.area.x + taken, self.area.width - taken);
        (self.with(left), self.with(Rect { x, width, ..self.area }))
    }

    /// Writes into the panel; what does not fit is cut off. Says how wide it was.
    fn put(self, (x, y): (u16, u16), text: &str, style: Style, buffer: &mut Buffer) -> u16 {
        let area = self.area.intersection(buffer.area);
        if y >= area.height || x >= area.width {
            return 0;
        }
        let room = usize::from(area.width - x);
        // What stood there before leaves nothing behind, its style neither.
        let style = Style::reset().patch(style);
        let (end, _) = buffer.set_stringn(area.x + x, area.y + y, text, room, style);
        end - (area.x + x)
    }

    /// Writes so that it ends at the right edge.
    fn put_right(self, y: u16, text: &str, style: Style, buffer: &mut Buffer) {
        let width = text.chars().count().min(usize::from(self.area.width)) as u16;
        self.put((self.area.width - width, y), text, style, buffer);
    }

    /// A line across the panel with a name in it.
    fn rule(self, y: u16, name: &str, buffer: &mut Buffer) {
        let line = "─".repeat(usize::from(self.area.width));
        self.put((0, y), &line, self.look.dim(), buffer);
        self.put((1, y), &format!(" {name} "), self.look.head(), buffer);
    }
}

/// Words in lines of that many columns at most.
fn wrapped(text: &str, width: u16) -> Vec<String> {
    let width = usize::from(width.max(1));
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests;
