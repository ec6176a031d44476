//! Cost against the number of connections, drawn as SVG.
//!
//! The time that one exchange takes beside so many idle connections, both axes in powers of ten: a
//! stack whose work grows with events is a level line.

use crate::report::{By, Figures};
use crate::rows::{Row, Sockets};
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (860, 520);

/// Where 0 connections stand on an axis that has no 0.
const NONE_AT: f64 = 1.0;

const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// One stack's line: connections, and microseconds of processor time for an exchange.
type Line = (String, Vec<(f64, f64)>);

/// Draws the rows of rr. With less than two of them there is nothing to draw, and it says so.
pub(crate) fn draw(file: &Path, done: &[(&Row, Vec<Figures>)]) -> Result<(), String> {
    let lines = lines(done);
    if lines.iter().all(|(_, points)| points.len() < 2) {
        return Err("the plot needs at least two rows of rr".to_owned());
    }
    picture(file, &lines).map_err(|error| format!("{}: {error}", file.display()))
}

fn lines(done: &[(&Row, Vec<Figures>)]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let plotted = |row: &Row| row.work == "rr" && row.sockets == Sockets::Own;
    for (row, all) in done.iter().filter(|(row, _)| plotted(row)) {
        for figures in all {
            let rate = figures.median(By::Cpu).or(figures.median(By::Wall));
            let Some(rate) = rate else { continue };
            let point = (f64::from(row.idle).max(NONE_AT), 1e6 / rate);
            match lines.iter_mut().find(|(name, _)| *name == figures.name) {
                Some((_, points)) => points.push(point),
                None => lines.push((figures.name.clone(), vec![point])),
            }
        }
    }
    lines
}

fn picture(file: &Path, lines: &[Line]) -> Result<(), Box<dyn std::error::Error>> {
    let all = || lines.iter().flat_map(|(_, points)| points);
    let most = all().map(|(connections, _)| *connections).fold(10.0, f64::max);
    let highest = all().map(|(_, cost)| *cost).fold(1.0, f64::max) * 2.0;
    let lowest = all().map(|(_, cost)| *cost).fold(1.0, f64::min) / 2.0;
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("A request of one byte and its response", ("sans-serif", 20))
        .margin(14)
        .margin_right(40)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d((NONE_AT..most).log_scale(), (lowest..highest).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("idle connections beside (the leftmost points: none)")
        .y_desc("µs of processor time")
        .x_label_formatter(&|connections| format!("{connections:.0}"))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for ((name, points), color) in lines.iter().zip(COLORS.iter().cycle()) {
        let style = color.stroke_width(if name == "osier" { 4 } else { 2 });
        let line = LineSeries::new(points.iter().copied(), style).point_size(4);
        let key = move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style);
        chart.draw_series(line)?.label(name).legend(key);
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}
