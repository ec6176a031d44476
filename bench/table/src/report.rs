//! The figures of a row, told to people and to machines.

use crate::rows::{Row, Unit};
use crate::run::{KERNEL, No, Round};
use serde_json::{Value, json};

/// What one stack did in one row.
pub(crate) struct Figures {
    pub(crate) name: String,
    /// Its rounds, in the order in which they were taken; the nth of all stacks lie side by side.
    pub(crate) rounds: Result<Vec<Round>, No>,
    /// Of one unit, where they were counted.
    pub(crate) instructions: Option<f64>,
}

/// Which of a round's two rates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Wall,
    Cpu,
}

impl Figures {
    /// The rates of its rounds; where the kernel tells no processor time, none.
    pub(crate) fn rates(&self, by: By) -> Vec<f64> {
        let rounds = self.rounds.as_deref().unwrap_or_default();
        rounds
            .iter()
            .filter_map(|round| match by {
                By::Wall => Some(round.wall),
                By::Cpu => round.cpu,
            })
            .collect()
    }

    pub(crate) fn median(&self, by: By) -> Option<f64> {
        median(self.rates(by))
    }

    /// How many times as fast as another: the median over rounds that were taken side by side.
    pub(crate) fn times(&self, other: &Figures, by: By) -> Option<f64> {
        let pairs = self.rates(by).into_iter().zip(other.rates(by));
        median(pairs.map(|(own, other)| own / other).collect())
    }
}

/// The middle one.
pub(crate) fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// The table's part for one row: osier first, then the others.
pub(crate) fn text(row: &Row, all: &[Figures]) -> String {
    let (unit, counted) = (row.unit(), row.counted());
    let mut lines = vec![
        format!("{}: {}", row.name, row.title),
        format!(
            "  {:18}{:>9}  {:19}{:>10}{:>10}{:>10}   instructions of one {counted}",
            "",
            unit.name(),
            "lowest to highest",
            "of a CPU",
            "wall ×",
            "CPU ×"
        ),
    ];
    let osier = all.iter().find(|figures| figures.name == "osier");
    lines.extend(all.iter().map(|figures| line(figures, osier, unit)));
    if let Some(fixed) = row.gvisor {
        let number = number(fixed);
        lines.push(format!("  {:18}{number:>9}  fixed figure, measured elsewhere", "gvisor"));
    }
    lines.extend(verdict(row, all));
    lines.extend(row.goals.iter().filter_map(|goal| against(*goal, all)));
    lines.join("\n") + "\n"
}

fn line(figures: &Figures, osier: Option<&Figures>, unit: Unit) -> String {
    let name = &figures.name;
    match &figures.rounds {
        Err(No::Cannot(why)) => return format!("  {name:18}{:>9}  {why}", "-"),
        Err(No::Failed(why)) => return format!("  {name:18}{:>9}  FAILED: {why}", "-"),
        Ok(_) => {}
    }
    let rates = figures.rates(By::Wall);
    let shown = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| number(unit.of(rate)));
    let lowest = shown(rates.iter().copied().min_by(f64::total_cmp));
    let highest = shown(rates.iter().copied().max_by(f64::total_cmp));
    let times = |by| {
        let times = osier.filter(|osier| osier.name != *name).and_then(|o| o.times(figures, by));
        times.map_or(String::new(), |times| format!("{times:.2}"))
    };
    let instructions = figures.instructions.map_or("-".to_owned(), number);
    format!(
        "  {name:18}{:>9}  {:19}{:>10}{:>10}{:>10}   {instructions}",
        shown(figures.median(By::Wall)),
        format!("{lowest} to {highest}"),
        shown(figures.median(By::Cpu)),
        times(By::Wall),
        times(By::Cpu),
    )
}

/// Three digits that count, or whole numbers.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// Is osier as far ahead of the best of the others as it is meant to be?
fn verdict(row: &Row, all: &[Figures]) -> Option<String> {
    let goal = row.goal?;
    let osier = all.iter().find(|figures| figures.name == "osier")?;
    let by = if osier.median(By::Cpu).is_some() { By::Cpu } else { By::Wall };
    let (times, name) = match best(all, by) {
        Some(best) => (osier.times(best, by)?, best.name.as_str()),
        None => (row.unit().of(osier.median(by)?) / row.gvisor?, "gVisor's fixed figure"),
    };
    let word = if times >= goal { "reached" } else { "MISSED" };
    Some(format!("  osier is {times:.2} times {name}; the goal of {goal} is {word}"))
}

/// Is osier as far ahead of this one as it is meant to be?
fn against((name, goal): (&str, f64), all: &[Figures]) -> Option<String> {
    let of = |name: &str| all.iter().find(|figures| figures.name == name);
    let (osier, other) = (of("osier")?, of(name)?);
    let (wall, cpu) = (osier.times(other, By::Wall)?, osier.times(other, By::Cpu));
    let times = cpu.unwrap_or(wall);
    let word = if times >= goal { "reached" } else { "MISSED" };
    Some(format!("  osier is {times:.2} times {name}; the goal of {goal} is {word}"))
}

/// The fastest that is not osier and works as it does, on one core and a link in memory: the kernel
/// stands in the table for orientation.
pub(crate) fn best(all: &[Figures], by: By) -> Option<&Figures> {
    let others = all.iter().filter(|figures| !["osier", KERNEL].contains(&figures.name.as_str()));
    let rated = others.filter_map(|figures| Some((figures.median(by)?, figures)));
    rated.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, figures)| figures)
}

/// The same for machines, one object a line.
pub(crate) fn machine(row: &Row, all: &[Figures]) -> String {
    let osier = all.iter().find(|figures| figures.name == "osier");
    let mut lines: Vec<Value> = all.iter().map(|figures| object(row, figures, osier)).collect();
    if let Some(fixed) = row.gvisor {
        lines.push(json!({ "row": row.name, "stack": "gvisor", "fixed": true,
                           "unit": row.unit().name(), "rate": fixed }));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn object(row: &Row, figures: &Figures, osier: Option<&Figures>) -> Value {
    let times = |by| osier.and_then(|osier| osier.times(figures, by));
    let no = figures.rounds.as_ref().err().map(|no| match no {
        No::Cannot(why) => json!({ "cannot": why }),
        No::Failed(why) => json!({ "failed": why }),
    });
    json!({
        "row": row.name,
        "stack": figures.name,
        "unit": row.counted(),
        "mtu": row.mtu,
        "idle": row.idle,
        "units_per_second": figures.rates(By::Wall),
        "units_per_second_median": figures.median(By::Wall),
        "units_per_cpu_second": figures.rates(By::Cpu),
        "units_per_cpu_second_median": figures.median(By::Cpu),
        "instructions_per_unit": figures.instructions,
        "osier_times": times(By::Wall),
        "osier_times_cpu": times(By::Cpu),
        "goal": row.goal,
        "no": no,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::ROWS;

    fn figures(name: &str, rates: &[f64]) -> Figures {
        let round = |&wall: &f64| Round { wall, cpu: Some(wall * 2.0) };
        let rounds = Ok(rates.iter().map(round).collect());
        Figures { name: name.to_owned(), rounds, instructions: None }
    }

    #[test]
    fn a_ratio_is_of_rounds_that_were_taken_side_by_side() {
        // The machine was half as fast in the second round, for both.
        let (own, other) = (figures("osier", &[4.0, 2.0, 4.0]), figures("b", &[2.0, 1.0, 1.0]));
        assert_eq!(own.times(&other, By::Wall), Some(2.0));
        assert_eq!(other.times(&own, By::Wall), Some(0.5));
    }

    #[test]
    fn the_goal_is_held_against_the_best_of_the_others_and_not_the_kernel() {
        let row = ROWS.iter().find(|row| row.name == "bulk-1500").unwrap();
        let all = [figures("osier", &[3e9]), figures("lwip", &[2e9]), figures("smoltcp", &[1e9])];
        assert!(text(row, &all).contains("osier is 1.50 times lwip; the goal of 2 is MISSED"));
        let all = [figures("osier", &[3e9]), figures("kernel", &[9e9]), figures("lwip", &[1e9])];
        assert!(text(row, &all).contains("osier is 3.00 times lwip; the goal of 2 is reached"));
    }

    #[test]
    fn a_row_may_have_a_goal_for_each_of_some_peers() {
        let row = ROWS.iter().find(|row| row.name == "tun-in").unwrap();
        let (relay, smoltcp) = (figures("relay", &[1e9]), figures("smoltcp", &[5e8]));
        let said = text(row, &[figures("osier", &[2e9]), relay, smoltcp]);
        assert!(said.contains("osier is 2.00 times relay; the goal of 1.5 is reached"), "{said}");
        assert!(said.contains("osier is 4.00 times smoltcp; the goal of 5 is MISSED"), "{said}");
    }

    #[test]
    fn a_stack_that_cannot_or_failed_says_why_and_the_others_stand() {
        let row = ROWS.iter().find(|row| row.name == "rr").unwrap();
        let cannot = Err(No::Cannot("no such thing".to_owned()));
        let cannot = Figures { name: "a".to_owned(), rounds: cannot, instructions: None };
        let all = [figures("osier", &[3e6]), cannot];
        let said = text(row, &all);
        assert!(said.contains("no such thing") && said.contains("3000"), "{said}");
        assert!(machine(row, &all).contains("\"cannot\":\"no such thing\""));
    }
}
