//! How are the parts drawn: lifelines and their bands, the axis, folds, arrows, notes, returns?

use super::ink::{Ink, MONO, escaped, px};
use super::labels::{Shaft, Side, shortened};
use super::legend::Legend;
use super::places::TO_NAME;
use super::scene::Scene;
use super::times::Weight;
use super::told::Way;
use crate::ladder::Band;
use crate::look::Glyphs;
use crate::scale::stamp;
use crate::text::clean;
use std::fmt::Write;

/// The number of a step stands in a circle of this radius on its sender's lifeline.
const BADGE: f64 = 9.0;

/// Half the width of a band.
pub(super) fn half(band: Band) -> f64 {
    match band {
        Band::Dotted => 1.5,
        Band::Thin => 4.5,
        Band::Thick => 7.0,
    }
}

macro_rules! put {
    ($out:expr, $($rest:tt)*) => { write!($out, $($rest)*).expect("a string takes everything") };
}

/// The lifelines, and on them a band for as long as each state lasts.
pub(super) fn lifelines(out: &mut String, scene: &Scene<'_>, legend: &Legend) {
    let times = &scene.times;
    for (end, x) in scene.columns.ends.iter().enumerate() {
        let known = times.bands.iter().filter(|band| band.end == end).map(|band| band.top);
        let until = known.fold(times.bottom, f64::min);
        let from = times.top;
        if until > from {
            let (x, y1, y2, ink) = (px(*x), px(from), px(until), Ink::Line.stroke());
            put!(out, "<path d=\"M{x} {y1}V{y2}\" stroke-width=\"2\" {ink}/>\n");
        }
    }
    for band in &times.bands {
        let x = scene.columns.ends[band.end];
        out.push_str(&legend.band(&band.state, x, band.top, band.bottom));
        out.push('\n');
    }
}

/// The axis of time at the left, and the times told at it.
pub(super) fn axis(out: &mut String, scene: &Scene<'_>) {
    let (x, times) = (scene.columns.axis, &scene.times);
    let (y1, y2, ink) = (px(times.top), px(times.bottom), Ink::Line.stroke());
    put!(out, "<path d=\"M{} {y1}V{y2}\" stroke-width=\"1\" {ink}/>\n", px(x));
    for tick in times.shown_ticks() {
        let (ink, size) = match tick.weight {
            Weight::Leaves => (Ink::Text, "11"),
            Weight::Arrives => (Ink::Dim, "10"),
        };
        let y = tick.y;
        put!(
            out,
            "<path d=\"M{} {}h5\" stroke-width=\"1\" {}/><text x=\"{}\" y=\"{}\" \
             text-anchor=\"end\" font-size=\"{size}\" {}>{}</text>\n",
            px(x - 5.0),
            px(y),
            Ink::Line.stroke(),
            px(x - 9.0),
            px(y + 3.8),
            ink.fill(),
            escaped(&tick.told)
        );
    }
}

/// Where time is folded: everything is cut, and the length of what is left out is written.
pub(super) fn folds(out: &mut String, scene: &Scene<'_>) {
    let columns = &scene.columns;
    let (first, last) = (columns.ends[0], columns.ends[columns.ends.len() - 1]);
    for (fold, words) in scene.times.folds.iter().zip(&scene.words.folds) {
        let y = fold.y;
        let (x1, x2, at) = (px(first + 18.0), px(last - 18.0), px(y));
        let ink = Ink::Line.stroke();
        put!(
            out,
            "<path d=\"M{x1} {at}H{x2}\" stroke-width=\"1\" stroke-dasharray=\"1 5\" {ink}/>"
        );
        for x in columns.ends.iter().chain([&columns.axis]) {
            let (x, y1, y2) = (px(x - 11.0), px(y + 1.0), px(y + 8.0));
            let (wave, ground) = ("q5.5 -7 11 -3.5t11 -3.5", Ink::Ground.stroke());
            put!(out, "<path d=\"M{x} {}{wave}\" stroke-width=\"7\" {ground}/>", px(y + 4.5));
            put!(out, "<path d=\"M{x} {y1}{wave}M{x} {y2}{wave}\" stroke-width=\"1.3\" {}/>", {
                Ink::Dim.stroke()
            });
        }
        put!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"12\" \
             font-style=\"italic\" {}>{} later</text>\n",
            px(*words),
            px(y + 4.0),
            Ink::Dim.words(),
            escaped(&stamp(fold.length))
        );
    }
}

/// The names of the ends above their lifelines.
pub(super) fn heads(out: &mut String, scene: &Scene<'_>, top: f64) {
    let columns = &scene.columns;
    let apart = columns.ends.get(1).map_or(0.0, |second| second - columns.ends[0]);
    let room = apart.min(2.0 * columns.states + 80.0) - 12.0;
    for (index, end) in scene.told.ends.iter().enumerate() {
        let x = px(columns.ends[index]);
        let name = shortened(&clean(&end.name, Glyphs::Unicode), (room / 9.0) as usize);
        put!(
            out,
            "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" font-size=\"15\" \
             font-weight=\"600\" {}>{}</text>",
            px(top + 16.0),
            Ink::End(index).fill(),
            escaped(&name)
        );
        for (line, detail) in end.details.iter().enumerate() {
            let detail = shortened(&clean(detail, Glyphs::Unicode), (room / 6.7) as usize);
            put!(
                out,
                "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" font-size=\"11\" {}>{}</text>",
                px(top + 31.0 + 15.0 * line as f64),
                Ink::Dim.fill(),
                escaped(&detail)
            );
        }
        out.push('\n');
    }
}

/// The names of the states, where each begins: outside of the lifelines, left of those between.
pub(super) fn states(out: &mut String, scene: &Scene<'_>) {
    let columns = &scene.columns;
    for band in &scene.times.bands {
        let x = columns.ends[band.end];
        let is_last = band.end + 1 == columns.ends.len();
        let (at, anchor) = if is_last { (x + TO_NAME, "start") } else { (x - TO_NAME, "end") };
        put!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"11\" \
             font-weight=\"600\" {}>{}<title>{}</title></text>\n",
            px(at),
            px(scene.times.name_at(band)),
            Ink::Text.words(),
            escaped(&band.name(columns)),
            escaped(&band.state.name)
        );
    }
}

/// From what was sent again back to what it repeats.
pub(super) fn returns(out: &mut String, scene: &Scene<'_>) {
    for (index, step) in scene.told.steps.iter().enumerate() {
        let Some(original) = step.repeats.filter(|original| *original < index) else { continue };
        let (from, again) = match (scene.told.ways[original], scene.told.ways[index]) {
            (
                Way::Goes { from, to, .. } | Way::Lost { from, to },
                Way::Goes { from: again, .. } | Way::Lost { from: again, .. },
            ) => (if from < to { 1.0 } else { -1.0 }, (again == from).then_some(from)),
            (Way::At(_), _) | (_, Way::At(_)) => continue,
        };
        let Some(end) = again else { continue };
        let (top, bottom) = (scene.times.leaves[original], scene.times.leaves[index]);
        let x = scene.columns.ends[end];
        let bulge = from * (16.0 + ((bottom - top) / 12.0).clamp(6.0, 26.0));
        let (start, stop) = (bottom - 7.0, top + 8.0);
        let at = px(x + from * 7.0);
        let ink = Ink::Lost.stroke();
        put!(
            out,
            "<path data-repeats=\"{}\" d=\"M{at} {}C{} {} {} {} {at} {}\" \
             stroke-width=\"1.4\" stroke-dasharray=\"4 3\" {ink}/>",
            original + 1,
            px(start),
            px(x + bulge),
            px(start - 6.0),
            px(x + bulge),
            px(stop + 6.0),
            px(stop)
        );
        let side = px(from * 3.0);
        let other = px(from * 8.0);
        put!(
            out,
            "<path d=\"M{at} {}l{side} 6.5M{at} {}l{other} 1.5\" stroke-width=\"1.4\" {ink}/>\n",
            px(stop),
            px(stop)
        );
    }
}

/// Every step: its arrow or mark, its number, the words beside it.
pub(super) fn steps(out: &mut String, scene: &Scene<'_>) {
    for (index, shaft) in scene.words.shafts.iter().enumerate() {
        let hover = escaped(&hover(scene, index));
        put!(out, "<g class=\"l-step\" id=\"step-{}\"><title>{hover}</title>", index + 1);
        if let Some(shaft) = shaft {
            arrow(out, scene, index, shaft);
        }
        badge(out, scene, index);
        scene.beside(out, index);
        out.push_str("</g>\n");
    }
}

/// The labels, above all lines.
pub(super) fn labels(out: &mut String, scene: &Scene<'_>) {
    for label in scene.words.labels.iter().flatten().filter(|label| !label.text.is_empty()) {
        let exact = |part: f64| (part * 100_000.0).round() / 100_000.0 + 0.0;
        let (run, fall) = (exact(label.along.0), exact(label.along.1));
        put!(
            out,
            "<text transform=\"matrix({run} {fall} {} {run} {} {})\" text-anchor=\"middle\" \
             font-size=\"12\" font-family=\"{MONO}\" {}>{}</text>\n",
            0.0 - fall,
            px(label.middle.0),
            px(label.middle.1),
            Ink::Text.words(),
            escaped(&label.text)
        );
    }
}

/// What is said of a step that is pointed at.
fn hover(scene: &Scene<'_>, index: usize) -> String {
    let step = &scene.told.steps[index];
    let name = |end: usize| scene.told.ends[end].name.as_str();
    let what = match scene.told.ways[index] {
        Way::At(end) => name(end).to_owned(),
        Way::Lost { from, to } => format!("{} to {}, lost", name(from), name(to)),
        Way::Goes { from, to, after } if after.is_zero() => {
            format!("{} to {}", name(from), name(to))
        }
        Way::Goes { from, to, after } => {
            format!("{} to {}, under way for {after}", name(from), name(to))
        }
    };
    format!("Step {}: {what}: {}", index + 1, step.label)
}

fn arrow(out: &mut String, scene: &Scene<'_>, index: usize, shaft: &Shaft) {
    let (start, end) = match shaft.from {
        Side::Left => (shaft.left, shaft.right),
        Side::Right => (shaft.right, shaft.left),
    };
    let (line, ink) = match scene.told.ways[index] {
        Way::Lost { from, .. } => (" stroke-dasharray=\"7 4\"", Ink::End(from)),
        Way::Goes { from, .. } | Way::At(from) => ("", Ink::End(from)),
    };
    put!(
        out,
        "<g class=\"l-arrow\" stroke-width=\"1.8\"><path d=\"M{} {}L{} {}\"{line} {}/></g>",
        px(start.0),
        px(start.1),
        px(end.0),
        px(end.1),
        ink.stroke()
    );
    match scene.told.ways[index] {
        Way::Lost { .. } => cross(out, end, shaft.from),
        Way::Goes { .. } | Way::At(_) => head(out, start, end, ink),
    }
}

/// The point of an arrow.
fn head(out: &mut String, start: (f64, f64), end: (f64, f64), ink: Ink) {
    let (dx, dy) = (end.0 - start.0, end.1 - start.1);
    let long = (dx * dx + dy * dy).sqrt().max(1.0);
    let (ux, uy) = (dx / long, dy / long);
    let back = (end.0 - ux * 11.0, end.1 - uy * 11.0);
    let wing = (-uy * 4.6, ux * 4.6);
    put!(
        out,
        "<g class=\"l-point\"><path d=\"M{} {}L{} {}L{} {}Z\" {}/></g>",
        px(end.0 + ux * 1.5),
        px(end.1 + uy * 1.5),
        px(back.0 + wing.0),
        px(back.1 + wing.1),
        px(back.0 - wing.0),
        px(back.1 - wing.1),
        ink.fill()
    );
}

/// Where a lost segment ends, and the word for it.
fn cross(out: &mut String, at: (f64, f64), from: Side) {
    let (x, anchor) = match from {
        Side::Left => (at.0 + 12.0, "start"),
        Side::Right => (at.0 - 12.0, "end"),
    };
    put!(
        out,
        "<path class=\"ls-x l-cross\" d=\"M{} {}l12 12m0 -12l-12 12\" fill=\"none\" \
         stroke=\"#c0242b\" stroke-width=\"3\"/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"12\" font-weight=\"600\" \
         {}>lost</text>",
        px(at.0 - 6.0),
        px(at.1 - 6.0),
        px(x),
        px(at.1 + 4.0),
        Ink::Lost.words()
    );
}

/// The number of a step: in a circle where something left, in a square where something happened.
fn badge(out: &mut String, scene: &Scene<'_>, index: usize) {
    let (end, shape) = match scene.told.ways[index] {
        Way::At(end) => (end, "2"),
        Way::Lost { from, .. } | Way::Goes { from, .. } => (from, "9"),
    };
    number(out, (scene.columns.ends[end], scene.times.leaves[index]), index, end, shape);
    if let Some((x, top)) = scene.beside_at(index) {
        number(out, (x + 8.0, top + 8.0), index, end, shape);
    }
}

fn number(out: &mut String, at: (f64, f64), index: usize, end: usize, corner: &str) {
    let number = (index + 1).to_string();
    let half = BADGE.max(3.4 * number.len() as f64 + 2.0);
    put!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"18\" rx=\"{corner}\" {}/>\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"10.5\" font-weight=\"700\" \
         {}>{number}</text>",
        px(at.0 - half),
        px(at.1 - BADGE),
        px(2.0 * half),
        Ink::End(end).fill(),
        px(at.0),
        px(at.1 + 3.8),
        Ink::Ground.fill()
    );
}
