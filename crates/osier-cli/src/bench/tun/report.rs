//! How is what was seen over a device told: as a table, or as one JSON object a line?

use super::{Case, Direction, Figures, Sort};
use crate::bench::{Args, report::Rate};

/// Instructions of osier's that a packet of 1500 octets may take without offload, the calls to the
/// device excluded.
const GOAL: f64 = 900.0;

/// The numbers of a line.
pub(super) fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// What a measurement said: a line for each round.
pub(super) fn figures(
    said: &str,
    direction: Direction,
    instructions: Option<(f64, f64)>,
) -> Option<Figures> {
    let (mut wall, mut cpu, mut per_packet) = (Vec::new(), Vec::new(), 0.0);
    for line in said.lines() {
        let [units, nanoseconds, spent, received, sent] = numbers(line)[..] else { return None };
        wall.push(units * 1e9 / nanoseconds);
        if spent > 0.0 {
            cpu.push(units * 1e9 / spent);
        }
        per_packet = units / if direction == Direction::Out { sent } else { received };
    }
    let told = !wall.is_empty() && cpu.len() == wall.len();
    let cpu = told.then(|| Rate::of(cpu));
    (!wall.is_empty()).then(|| Figures { wall: Rate::of(wall), cpu, per_packet, instructions })
}

/// The report, written row by row.
pub(super) struct Table<'a> {
    args: &'a Args,
}

impl Table<'_> {
    /// Begins it.
    pub(super) fn new(args: &Args, sort: Sort) -> Table<'_> {
        if !args.json {
            let (mtu, window) = (args.setup.mtu, args.setup.window);
            let name = sort.name().to_uppercase();
            println!(
                "osier over a {name} of MTU {mtu} to the kernel's TCP, both CUBIC, on one core;"
            );
            println!("window and send buffer of {window}; a copy in and a copy out.\n");
            println!(
                "{:20}by the wall clock, median (best)   by processor time   instructions",
                ""
            );
        }
        Table { args }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, case: Case, figures: &Figures) {
        let line = match self.args.json {
            true => json(case, figures, self.args.setup.mtu),
            false => line(case, figures),
        };
        println!("{line}");
    }

    /// Ends it.
    pub(super) fn end(self) {
        if !self.args.json {
            println!(
                "\nProcessor time is of both processes. The wall clock of a shared machine swings."
            );
        }
    }
}

fn line(case: Case, figures: &Figures) -> String {
    let Figures { wall, cpu, instructions, .. } = figures;
    let rate = |rate: f64| match case.direction {
        Direction::In | Direction::Out => format!("{:.2}", rate * 8.0 / 1e9),
        Direction::Rr => format!("{:.1}", rate / 1e3),
    };
    let unit = if case.direction == Direction::Rr { "k/s" } else { "Gbit/s" };
    let clock = format!("{} ({}) {unit}", rate(wall.median), rate(wall.best));
    let cpu = cpu.map_or("-".to_owned(), |cpu| format!("{} {unit}", rate(cpu.median)));
    let counted = match instructions {
        None => String::new(),
        Some((text, each)) => {
            let goal = match case.direction {
                Direction::Rr => String::new(),
                _ if *text <= GOAL => format!(", the goal of {GOAL} is reached"),
                _ => format!(", the goal of {GOAL} is MISSED"),
            };
            format!("{text:.0} a packet of text, {each:.0} a packet either way{goal}")
        }
    };
    let name = format!("{} {}", case.sort.name(), case.direction.name());
    let offload = format!("offload {}", case.offload.name());
    format!("{name:8}{offload:13}{clock:>25}{cpu:>20}   {counted}")
}

fn json(case: Case, figures: &Figures, mtu: u16) -> String {
    let Figures { wall, cpu, per_packet, instructions } = figures;
    let (sort, direction, offload) = (case.sort.name(), case.direction.name(), case.offload.name());
    let unit = if case.direction == Direction::Rr { "exchange" } else { "byte" };
    let or_null = |number: Option<f64>| number.map_or("null".to_owned(), |n| format!("{n:.1}"));
    let cpu = or_null(cpu.map(|rate| rate.median));
    let (text, each) = (instructions.map(|both| both.0), instructions.map(|both| both.1));
    let (text, each) = (or_null(text), or_null(each));
    format!(
        "{{\"work\":\"{sort}\",\"direction\":\"{direction}\",\"offload\":\"{offload}\",\
         \"unit\":\"{unit}\",\"mtu\":{mtu},\"ip\":4,\"instructions_per_packet_of_text\":{text},\
         \"instructions_per_packet\":{each},\"units_per_packet\":{per_packet:.1},\
         \"units_per_second_median\":{:.0},\"units_per_second_best\":{:.0},\
         \"units_per_cpu_second_median\":{cpu}}}",
        wall.median, wall.best
    )
}

#[cfg(test)]
mod tests {
    use super::super::Offload;
    use super::*;

    fn case(direction: Direction) -> Case {
        Case { sort: Sort::Tun, direction, offload: Offload::Off }
    }

    #[test]
    fn what_a_measurement_said_is_read_round_by_round() {
        let said = "3000 1000000000 500000000 3 1\n6000 1000000000 500000000 6 2\n";
        let figures = figures(said, Direction::In, Some((850.0, 600.0))).unwrap();
        assert_eq!(figures.per_packet, 1000.0);
        let line = line(case(Direction::In), &figures);
        assert!(line.contains("850 a packet of text, 600 a packet either way"), "{line}");
        assert!(line.contains("the goal of 900 is reached"), "{line}");
        let json = json(case(Direction::In), &figures, 1500);
        assert!(json.contains("\"units_per_second_best\":6000"), "{json}");
        assert!(json.contains("\"units_per_cpu_second_median\":12000.0"), "{json}");
    }

    #[test]
    fn a_measurement_that_says_something_else_gives_no_figures() {
        assert!(figures("", Direction::In, None).is_none());
        assert!(figures("1 2 3\n", Direction::In, None).is_none());
    }
}
