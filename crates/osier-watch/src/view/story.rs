//! What has happened, and what is in the packet that is chosen?
//!
//! The ladder is osier-ladder's, its end in sight; a packet is told layer by layer.

use super::{Panel, seconds};
use crate::model::{Model, Pane};
use crate::packet;
use crate::player::arrival;
use osier_ladder::{Drawer, Look as Ladders};
use osier_time::Instant;
use ratatui_core::buffer::Buffer;
use ratatui_core::style::Style;

/// The ladder, from its end upwards.
pub(super) fn ladder(model: &Model, panel: Panel, buffer: &mut Buffer) {
    if panel.area.height == 0 {
        return;
    }
    let scrolled = if model.pane == Pane::Ladder { model.scroll } else { 0 };
    panel.rule(0, "what has happened", buffer);
    let mut body = panel;
    body.take_top(1);
    let rows = usize::from(body.area.height);
    let look = Ladders {
        width: usize::from(body.area.width),
        glyphs: panel.look.glyphs,
        style: panel.look.style,
    };
    // Each passage takes a row at least: so many are enough.
    let ladder = model.player.run().latest(rows.saturating_add(scrolled).max(1));
    let mut drawer = Drawer::new(&ladder.ends, look).counting_from(Instant::ZERO);
    let mut drawn = drawer.header();
    for step in &ladder.steps {
        drawn += &drawer.step(step);
    }
    drawn += &drawer.footer();
    let lines: Vec<&str> = drawn.lines().collect();
    let end = lines.len().saturating_sub(scrolled).max(rows.min(lines.len()));
    let from = end.saturating_sub(rows);
    for (y, line) in lines[from..end].iter().enumerate() {
        coloured(line, (body, y as u16), buffer);
    }
    if end < lines.len() {
        let below = format!(" {} lines below ", lines.len() - end);
        panel.put_right(0, &below, panel.look.head(), buffer);
    }
}

/// A line with SGR sequences in it.
fn coloured(line: &str, (panel, y): (Panel, u16), buffer: &mut Buffer) {
    let (mut x, mut style) = (0, Style::new());
    for (n, piece) in line.split("\x1b[").enumerate() {
        let mut text = piece;
        if n > 0
            && let Some((parameters, rest)) = piece.split_once('m')
        {
            style = panel.look.of_sgr(parameters);
            text = rest;
        }
        x += panel.put((x, y), text, style, buffer);
    }
}

/// The packet that is chosen.
pub(super) fn packet(model: &Model, panel: Panel, buffer: &mut Buffer) {
    if panel.area.height == 0 {
        return;
    }
    let run = model.player.run();
    let frames = run.world().frames();
    let chosen = model.chosen.and_then(|n| Some((n, frames.get(n)?)));
    let Some((number, launch)) = chosen else {
        panel.rule(0, "no packet yet", buffer);
        return;
    };
    let (from, to) = launch.between;
    let name =
        format!("packet {} of {}: {} → {}", number + 1, frames.len(), run.name(from), run.name(to));
    panel.rule(0, &name, buffer);
    let look = panel.look;
    let now = run.world().now();
    let mut lines: Vec<(String, Style)> = Vec::new();
    lines.push((format!("sent at {}", seconds(run.since_start(launch.at))), Style::new()));
    lines.push(match arrival(launch) {
        None => ("lost on its way".to_owned(), look.bad()),
        Some(at) if run.under_way().contains(&number) => {
            (format!("under way, arrives in {}", at.since(now)), look.packet())
        }
        Some(at) => (format!("arrived at {}", seconds(run.since_start(at))), Style::new()),
    });
    for layer in packet::layers(&launch.octets, launch.medium) {
        lines.push((layer.name.to_owned(), look.head()));
        lines.extend(layer.fields.into_iter().map(|field| (format!("  {field}"), Style::new())));
    }
    let scrolled = if model.pane == Pane::Packet { model.scroll } else { 0 };
    let rows = usize::from(panel.area.height.saturating_sub(1));
    let from = scrolled.min(lines.len().saturating_sub(rows));
    for (y, (line, style)) in lines[from..].iter().take(rows).enumerate() {
        panel.put((0, y as u16 + 1), line, *style, buffer);
    }
}
