//! The figures as a table of Markdown, as it stands in `docs/performance.md`.

use crate::report::{By, Figures, best, number};
use crate::rows::Row;
use crate::run::No;

/// All rows: processor time and, in parentheses, instructions; osier's ratio to the best.
pub(crate) fn table(done: &[(&Row, Vec<Figures>)]) -> String {
    let Some((_, first)) = done.first() else { return String::new() };
    let names: Vec<&str> = first.iter().map(|figures| figures.name.as_str()).collect();
    let head = format!("| row | | {} | gVisor, fixed | osier is |", names.join(" | "));
    let line = "| --- ".repeat(names.len() + 4) + "|";
    let rows = done.iter().map(|(row, all)| one(row, all));
    [head, line].into_iter().chain(rows).map(|line| line + "\n").collect()
}

fn one(row: &Row, all: &[Figures]) -> String {
    let unit = row.unit();
    let cell = |figures: &Figures| {
        let rate = figures.median(By::Cpu).or(figures.median(By::Wall));
        match (&figures.rounds, rate) {
            (Err(No::Failed(_)), _) => "failed".to_owned(),
            (_, None) => String::new(),
            (_, Some(rate)) => {
                let counted = figures.instructions.map(|n| format!(" ({})", number(n)));
                number(unit.of(rate)) + &counted.unwrap_or_default()
            }
        }
    };
    let cells: Vec<String> = all.iter().map(cell).collect();
    let gvisor = row.gvisor.map(number).unwrap_or_default();
    format!(
        "| `{}` | {} | {} | {gvisor} | {} |",
        row.name,
        unit.name(),
        cells.join(" | "),
        times(row, all).unwrap_or_default()
    )
}

fn times(row: &Row, all: &[Figures]) -> Option<String> {
    let osier = all.iter().find(|figures| figures.name == "osier")?;
    let by = if osier.median(By::Cpu).is_some() { By::Cpu } else { By::Wall };
    let best = best(all, by)?;
    let times = number(osier.times(best, by)?);
    let goal = row.goal.map(|goal| format!(", goal {goal}")).unwrap_or_default();
    Some(format!("{times} × {}{goal}", best.name))
}
