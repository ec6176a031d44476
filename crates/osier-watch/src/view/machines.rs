//! In which state is each end, by which arrow did it come there, and what does it wait for?
//!
//! A panel for each host: the figure with the state lit and the one left underlined, the arrow with
//! its cause, the timers with the time that is left.

use super::figure::{self, Figure, LARGE, Past, SMALL};
use super::{Panel, wrapped};
use crate::model::Model;
use osier_lab::Passage;
use osier_lab::scenario::{Connected, Moved, Role, Standing};
use osier_tcp::{State, Timer};
use ratatui_core::buffer::Buffer;

/// Rows of a panel without a figure.
pub(super) const BRIEF: u16 = 3;

/// Rows below a figure: the arrow in three, the timers.
const BELOW: u16 = 4;

/// Rows that are left to the rest of the window where the large figure is drawn.
const LEFT: u16 = 18;

/// Columns that a panel has at least.
const COLUMNS: u16 = 38;

/// Rows that the panels take of an area.
pub(super) fn height(model: &Model, area: ratatui_core::layout::Rect) -> u16 {
    1 + fitting(area, panels(model, area)).len() as u16 + BELOW
}

/// How many hosts stand side by side.
fn panels(model: &Model, area: ratatui_core::layout::Rect) -> u16 {
    let hosts = model.hosts().len().max(1) as u16;
    hosts.min((area.width / COLUMNS).max(1))
}

fn fitting(area: ratatui_core::layout::Rect, panels: u16) -> Figure {
    let columns = area.width / panels.max(1);
    let fits = columns > figure::width(LARGE) && area.height >= LARGE.len() as u16 + BELOW + LEFT;
    if fits { LARGE } else { SMALL }
}

/// Draws a panel for each host that fits.
pub(super) fn draw(model: &Model, panel: Panel, buffer: &mut Buffer) {
    let hosts = model.hosts();
    if panel.area.height == 0 || hosts.is_empty() {
        return;
    }
    let shown = panels(model, panel.area);
    let figure: Figure = match panel.area.height {
        ..=BRIEF => &[],
        height if height > LARGE.len() as u16 + BELOW => LARGE,
        _ => SMALL,
    };
    let width = panel.area.width / shown;
    let mut rest = panel;
    for n in 0..usize::from(shown) {
        let number = (model.first + n) % hosts.len();
        let (own, behind) = rest.split(width.saturating_sub(1));
        rest = behind;
        let whole = (number + 1, hosts.len());
        host(model, (&hosts[number], whole), (own, figure), buffer);
    }
}

fn host(
    model: &Model,
    (host, (number, all)): (&Standing, (usize, usize)),
    (panel, figure): (Panel, Figure),
    buffer: &mut Buffer,
) {
    let addresses: Vec<String> = host.addresses.iter().map(ToString::to_string).collect();
    let of = if all > 2 { format!(" ({number} of {all})") } else { String::new() };
    panel.rule(0, &format!("{} {}{of}", host.name, addresses.join(" ")), buffer);
    let connections = host.connections.len();
    let connection = host.connections.get(model.which % connections.max(1));
    let waits = match host.role {
        Role::Host { waits } => waits,
        _ => State::Closed,
    };
    let state = connection.map_or(waits, |connection| connection.state);
    let last = connection.and_then(|connection| connection.last.as_ref());
    for (y, row) in figure.iter().enumerate() {
        panel.put((0, 1 + y as u16), row, panel.look.dim(), buffer);
    }
    names(figure, panel, buffer);
    let past = if last.is_some() { Past::WasOpen } else { Past::None };
    if let Some(moved) = last {
        mark(figure, (moved.arrow.from(), Past::None), (panel, Lit::Left), buffer);
    }
    mark(figure, (state, past), (panel, Lit::Now), buffer);
    let below = 1 + figure.len() as u16;
    let mut panel = panel;
    panel.take_top(below);
    let says = if figure.is_empty() { format!("[{state}] ") } else { String::new() };
    below_the_figure(model, (host, connection), says, panel, buffer);
}

fn below_the_figure(
    model: &Model,
    (host, connection): (&Standing, Option<&Connected>),
    mut says: String,
    panel: Panel,
    buffer: &mut Buffer,
) {
    if host.role == Role::Dark {
        says += "the power is off: all that it knew is gone";
    } else if let Some(moved) = connection.and_then(|connection| connection.last.as_ref()) {
        says += &arrow(model, moved);
    } else {
        says += "no connection yet";
    }
    let (rows, timers) = (panel.area.height.saturating_sub(1), panel.area.height.saturating_sub(1));
    let lines = wrapped(&says, panel.area.width);
    for (y, line) in lines.iter().take(usize::from(rows.max(1))).enumerate() {
        panel.put((0, y as u16), line, ratatui_core::style::Style::new(), buffer);
    }
    let Some(connection) = connection.filter(|_| rows > 0) else { return };
    panel.put((0, timers), &waiting(host, connection), panel.look.packet(), buffer);
}

/// `SYN-SENT → ESTABLISHED by SYN,ACK: the peer acknowledged our SYN (RFC 9293 §3.5)`
fn arrow(model: &Model, moved: &Moved) -> String {
    let passages = model.player.run().world().passages();
    let by = moved.answers.and_then(|number| passages.get(number));
    let by = by.map_or(String::new(), |by: &Passage| format!(" by {}", by.segment.header.flags));
    let (from, to, why) = (moved.arrow.from(), moved.arrow.to(), moved.arrow.why());
    format!("{from} → {to}{by}: {why} ({}, at {})", moved.section, moved.at)
}

/// What a connection waits for, and how long still.
fn waiting(host: &Standing, connection: &Connected) -> String {
    let alarm = |(timer, left): &(Timer, osier_time::Duration)| {
        format!("{} {left}", name(*timer, connection.state))
    };
    let alarms: Vec<String> = connection.alarms.iter().map(alarm).collect();
    let more = host.connections.len().saturating_sub(1);
    let more = if more > 0 { format!(", {more} more (n)") } else { String::new() };
    match alarms.is_empty() {
        true => format!("no timer runs{more}"),
        false => format!("{}{more}", alarms.join(", ")),
    }
}

const fn name(timer: Timer, state: State) -> &'static str {
    match timer {
        Timer::GiveUp if matches!(state, State::TimeWait) => "TIME-WAIT over",
        Timer::Retransmit => "retransmit",
        Timer::Recovery => "loss recovery",
        Timer::Persist => "window probe",
        Timer::DelayedAck => "delayed ACK",
        Timer::KeepAlive => "keep-alive",
        Timer::FinWait2 => "FIN-WAIT-2 over",
        Timer::Pace => "pacing",
        Timer::GiveUp => "giving up",
    }
}

/// Which mark a state gets.
#[derive(Clone, Copy)]
enum Lit {
    Now,
    Left,
}

/// The names of all states, readable, above the dim lines of the figure.
fn names(figure: Figure, panel: Panel, buffer: &mut Buffer) {
    for state in State::ALL {
        for past in [Past::None, Past::WasOpen] {
            if let Some((x, y)) = figure::place(figure, state, past) {
                let plain = ratatui_core::style::Style::reset();
                panel.put((x, y + 1), state.name(), plain, buffer);
            }
        }
    }
}

fn mark(
    figure: Figure,
    (state, past): (State, Past),
    (panel, lit): (Panel, Lit),
    buffer: &mut Buffer,
) {
    let Some((x, y)) = figure::place(figure, state, past) else { return };
    match lit {
        Lit::Left => _ = panel.put((x, y + 1), state.name(), panel.look.left(), buffer),
        Lit::Now => {
            let name = format!("[{}]", state.name());
            panel.put((x.saturating_sub(1), y + 1), &name, panel.look.lit(), buffer);
        }
    }
}
