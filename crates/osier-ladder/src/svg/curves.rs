//! How is a curve drawn?
//!
//! Below the ladder, as wide as that, over an axis of time of its own that is even throughout. The
//! highest line of the grid is the first round number above the highest value.

use super::ink::{Ink, escaped, px};
use crate::caption::{Curve, Unit};
use osier_time::Duration;
use std::fmt::Write;

/// How tall the grid is.
const TALL: f64 = 96.0;

/// Above the grid: the title.
const ABOVE: f64 = 26.0;

/// Below it: the axis of time, and room.
const BELOW: f64 = 40.0;

/// Left of it: what the lines of the grid stand for.
const LEFT: f64 = 66.0;

/// Points of a line at most; of more values the highest of each few are shown.
const POINTS_MAX: usize = 600;

/// Ticks of the axis of time, about.
const TICKS: u64 = 8;

/// How tall so many curves are.
pub(super) fn height(curves: &[Curve]) -> f64 {
    (ABOVE + TALL + BELOW) * curves.len() as f64
}

/// Draws curves one below the other into this column.
pub(super) fn draw(out: &mut String, curves: &[Curve], (left, right): (f64, f64), top: f64) {
    for (n, curve) in curves.iter().enumerate() {
        let top = top + height(&curves[..n]);
        let grid = Grid::new(curve, (left + LEFT, right), top + ABOVE);
        let (x, y, ink) = (px(left), px(top + 12.0), Ink::Text.fill());
        let title = escaped(&curve.title);
        put(out, format_args!("<g class=\"l-curve\"><text x=\"{x}\" y=\"{y}\" font-size=\"13\""));
        put(out, format_args!(" font-weight=\"600\" {ink}>{title}</text>"));
        grid.values(out, curve.unit);
        grid.time(out);
        grid.line(out, curve, Ink::End(n));
        out.push_str("</g>\n");
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes everything");
}

/// Where a value at a time stands.
struct Grid {
    left: f64,
    right: f64,
    top: f64,
    /// The highest value of the grid.
    full: u64,
    /// How long the curve is, in nanoseconds.
    length: u64,
}

impl Grid {
    fn new(curve: &Curve, (left, right): (f64, f64), top: f64) -> Grid {
        let steps = curve.values.len().saturating_sub(1) as u64;
        let length = curve.every.as_nanos().saturating_mul(steps).max(1);
        let full = round(curve.values.iter().copied().max().unwrap_or(0));
        Grid { left, right, top, full, length }
    }

    fn x(&self, at: f64) -> f64 {
        self.left + (self.right - self.left) * (at / self.length as f64).min(1.0)
    }

    fn y(&self, value: u64) -> f64 {
        self.top + TALL * (1.0 - value as f64 / self.full as f64)
    }

    /// Three lines and what they stand for.
    fn values(&self, out: &mut String, unit: Unit) {
        for value in [0, self.full / 2, self.full] {
            let (x1, x2, y) = (px(self.left), px(self.right), px(self.y(value)));
            let ink = Ink::Line.stroke();
            put(out, format_args!("<path d=\"M{x1} {y}H{x2}\" stroke-width=\"1\" {ink}/>"));
            let (x, y) = (px(self.left - 8.0), px(self.y(value) + 3.8));
            let (ink, told) = (Ink::Dim.fill(), escaped(&told(value, unit)));
            put(out, format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\""));
            put(out, format_args!(" font-size=\"11\" {ink}>{told}</text>"));
        }
    }

    /// The axis of time.
    fn time(&self, out: &mut String) {
        let step = round(self.length / TICKS);
        let mut at = 0;
        while at <= self.length {
            let (x, y) = (self.x(at as f64), self.top + TALL);
            let (ink, told) = (Ink::Line.stroke(), told(at, Unit::Nanoseconds));
            put(out, format_args!("<path d=\"M{} {}v5\" stroke-width=\"1\" {ink}/>", px(x), px(y)));
            let (x, y, ink) = (px(x), px(y + 17.0), Ink::Dim.fill());
            put(out, format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\""));
            put(out, format_args!(" font-size=\"11\" {ink}>{}</text>", escaped(&told)));
            let Some(next) = at.checked_add(step) else { return };
            at = next;
        }
    }

    fn line(&self, out: &mut String, curve: &Curve, ink: Ink) {
        let few = curve.values.len().div_ceil(POINTS_MAX).max(1);
        let every = curve.every.as_nanos() as f64 * few as f64;
        let mut path = String::new();
        for (n, values) in curve.values.chunks(few).enumerate() {
            let (x, y) =
                (self.x(every * n as f64), self.y(values.iter().copied().max().unwrap_or(0)));
            put(&mut path, format_args!("{}{} {}", if n == 0 { 'M' } else { 'L' }, px(x), px(y)));
        }
        if path.is_empty() {
            return;
        }
        put(out, format_args!("<path d=\"{path}\" stroke-width=\"2\" stroke-linejoin=\"round\" "));
        put(out, format_args!("{}/>", ink.stroke()));
    }
}

/// The first of 1, 2, 4, 5, 10, 20, 40, 50, … that is not below.
fn round(value: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for times in [1, 2, 4, 5] {
            match unit.checked_mul(times) {
                None => return u64::MAX,
                Some(round) if round >= value => return round,
                Some(_) => {}
            }
        }
        let Some(next) = unit.checked_mul(10) else { return u64::MAX };
        unit = next;
    }
}

/// A value in its unit.
fn told(value: u64, unit: Unit) -> String {
    match unit {
        _ if value == 0 => "0".to_owned(),
        Unit::Number => value.to_string(),
        Unit::Octets if value >= 10_000_000 => format!("{} MB", value / 1_000_000),
        Unit::Octets if value >= 10_000 => format!("{} KB", value / 1_000),
        Unit::Octets => value.to_string(),
        Unit::Nanoseconds => Duration::from_nanos(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_ends_at_a_round_number() {
        let rounds = [0, 1, 2, 3, 5, 6, 11, 128, 750, 8_000, 550_000_000];
        let wanted = [1, 1, 2, 4, 5, 10, 20, 200, 1_000, 10_000, 1_000_000_000];
        assert_eq!(rounds.map(round), wanted);
        assert_eq!(round(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_value_is_told_in_its_unit() {
        assert_eq!(told(250_000_000, Unit::Nanoseconds), "250 ms");
        assert_eq!(told(40_000, Unit::Octets), "40 KB");
        assert_eq!(told(2_000, Unit::Number), "2000");
    }
}
