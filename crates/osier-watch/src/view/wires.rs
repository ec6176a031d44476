//! What is under way on each link, and how far is it?
//!
//! A row for each link: its ends, and every packet at its place between them with its flags. Where
//! there are more links than rows those come first on which something is under way.

use super::Panel;
use crate::model::Model;
use crate::packet;
use crate::player::arrival;
use osier_lab::NodeId;
use ratatui_core::buffer::Buffer;

/// Columns of a name.
const NAME: usize = 12;

/// Columns of a label, and of some room beside it.
const LABEL: u64 = 24;

/// A packet on its way.
struct Moving {
    number: usize,
    from: NodeId,
    /// Thousandths of its way.
    way: u64,
    label: String,
}

/// Draws the links.
pub(super) fn draw(model: &Model, panel: Panel, buffer: &mut Buffer) {
    let run = model.player.run();
    let mut links: Vec<(NodeId, NodeId)> = run.links().collect();
    let frames = run.world().frames();
    let under_way = run.under_way();
    let busy = |link: &(NodeId, NodeId)| {
        let on = |n: &usize| is_on(frames[*n].between, *link);
        under_way.iter().any(on)
    };
    if links.len() > usize::from(panel.area.height) {
        links.sort_by_key(|link| !busy(link));
    }
    for (y, link) in links.iter().take(usize::from(panel.area.height)).enumerate() {
        let now = run.world().now();
        let of = |n: &usize| {
            let launch = &frames[*n];
            let whole = arrival(launch)?.since(launch.at).as_nanos().max(1);
            let gone = now.since(launch.at).as_nanos().min(whole);
            let way = (u128::from(gone) * 1_000 / u128::from(whole)) as u64;
            let label = packet::summary(launch);
            Some(Moving { number: *n, from: launch.between.0, way, label })
        };
        let own = under_way.iter().filter(|n| is_on(frames[**n].between, *link));
        let moving: Vec<Moving> = own.filter_map(of).collect();
        row(model, (*link, &moving), (panel, y as u16), buffer);
    }
}

fn is_on(between: (NodeId, NodeId), (a, b): (NodeId, NodeId)) -> bool {
    between == (a, b) || between == (b, a)
}

fn row(
    model: &Model,
    ((a, b), moving): ((NodeId, NodeId), &[Moving]),
    (panel, y): (Panel, u16),
    buffer: &mut Buffer,
) {
    let run = model.player.run();
    let short = |node| run.name(node).chars().take(NAME).collect::<String>();
    let (left, right) = (short(a), short(b));
    let look = panel.look;
    panel.put((0, y), &left, look.title(), buffer);
    let from = left.chars().count() as u16 + 1;
    let ends = right.chars().count() as u16 + 1;
    let width = panel.area.width.saturating_sub(from + ends);
    let line = format!("├{}┤", "─".repeat(usize::from(width.saturating_sub(2))));
    panel.put((from, y), &line, look.dim(), buffer);
    panel.put_right(y, &right, look.title(), buffer);
    let room = u64::from(width.saturating_sub(2));
    // The chosen one last, so that it is seen.
    let (chosen, others): (Vec<&Moving>, Vec<&Moving>) =
        moving.iter().partition(|moving| Some(moving.number) == model.chosen);
    for packet in others.into_iter().chain(chosen) {
        let style = match Some(packet.number) == model.chosen {
            true => look.lit(),
            false => look.packet(),
        };
        // Where they would cover each other only the chosen one has its label.
        let crowded = moving.len() as u64 * LABEL > room;
        let bare = crowded && Some(packet.number) != model.chosen;
        let most = if bare { 0 } else { room as usize / 3 };
        let label: String = packet.label.chars().take(most).collect();
        let len = label.chars().count() as u64 + 1;
        let space = room.saturating_sub(len);
        let (text, at) = match packet.from == a {
            true => (format!("{label}►"), space * packet.way / 1_000),
            false => (format!("◄{label}"), space - space * packet.way / 1_000),
        };
        panel.put((from + 1 + at as u16, y), &text, style, buffer);
    }
}
