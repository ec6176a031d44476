//! How are the figures told: as a table, or as one JSON object a line?

use super::Work;
use super::setup::Setup;

/// What was measured of one work.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) work: Work,
    /// Of one unit, where they were counted.
    pub(super) instructions: Option<f64>,
    /// By the clock on the wall.
    pub(super) rate: Rate,
    /// In processor time, where the kernel tells it.
    pub(super) cpu: Option<Rate>,
    /// Connections in TIME-WAIT at the end, where there was more than one.
    pub(super) time_wait: Option<u64>,
}

/// Units a second by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) median: f64,
    pub(super) best: f64,
}

impl Rate {
    /// Of some rounds, at least one.
    pub(super) fn of(mut rounds: Vec<f64>) -> Rate {
        rounds.sort_by(f64::total_cmp);
        Rate { median: rounds[rounds.len() / 2], best: rounds[rounds.len() - 1] }
    }
}

impl Work {
    /// Its word on the command line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Work::Bulk => "bulk",
            Work::Rr => "rr",
            Work::Crr => "crr",
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Work::Bulk => "byte",
            Work::Rr => "exchange",
            Work::Crr => "connection",
        }
    }
}

/// The report, written row by row.
pub(super) struct Table {
    json: bool,
    setup: Setup,
}

impl Table {
    /// Begins it.
    pub(super) fn new(json: bool, setup: Setup) -> Table {
        if !json {
            let Setup { mtu, idle, .. } = setup;
            let sums = if setup.sums() { "computed and verified" } else { "left to the link" };
            println!("Two hosts back to back in one thread: IPv4, MTU {mtu}, checksums {sums},");
            let copies = setup.copies_in_words();
            println!("{copies}, {idle} idle connections beside.\n");
            println!("{:6}{:>26}   by the wall clock, median (best)", "", "instructions");
        }
        Table { json, setup }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, figures: &Figures) {
        let line = if self.json { json(figures, &self.setup) } else { line(figures) };
        println!("{line}");
    }

    /// Ends it.
    pub(super) fn end(self) {
        if !self.json {
            println!("\nThe wall clock of a shared machine swings; instructions do not.");
        }
    }
}

fn line(figures: &Figures) -> String {
    let Figures { work, instructions, rate, time_wait, .. } = figures;
    let instructions = match (work, instructions) {
        (_, None) => "not counted".to_owned(),
        (Work::Bulk, Some(n)) => format!("{n:.2} a {}", work.unit()),
        (_, Some(n)) => format!("{n:.0} each"),
    };
    let (median, best) = (rate.median, rate.best);
    let clock = match work {
        Work::Bulk => format!("{:.1} ({:.1}) Gbit/s", median * 8.0 / 1e9, best * 8.0 / 1e9),
        Work::Rr | Work::Crr => format!("{:.0} ({:.0}) k/s", median / 1e3, best / 1e3),
    };
    let kept = time_wait.map(|n| format!(", {n} in TIME-WAIT")).unwrap_or_default();
    format!("{:6}{instructions:>26}   {clock}{kept}", work.name())
}

fn json(figures: &Figures, setup: &Setup) -> String {
    let Figures { work, instructions, rate, cpu, time_wait } = figures;
    let (Setup { mtu, idle, .. }, sums) = (setup, setup.sums());
    let (name, unit) = (work.name(), work.unit());
    let (median, best) = (rate.median, rate.best);
    let instructions = instructions.map_or("null".to_owned(), |n| format!("{n:.4}"));
    let kept = time_wait.map(|n| format!(",\"time_wait\":{n}")).unwrap_or_default();
    let cpu = cpu.map_or("null".to_owned(), |rate| format!("{:.0}", rate.median));
    format!(
        "{{\"work\":\"{name}\",\"unit\":\"{unit}\",\"mtu\":{mtu},\"ip\":4,\"checksums\":{sums},\
         \"idle\":{idle},\"instructions_per_unit\":{instructions},\
         \"units_per_second_median\":{median:.0},\
         \"units_per_second_best\":{best:.0},\"units_per_cpu_second_median\":{cpu}{kept}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_as_one_line() {
        let rate = Rate::of(vec![3e9, 1e9, 2e9]);
        let instructions = Some(2.456);
        let (cpu, time_wait) = (None, None);
        let figures = Figures { work: Work::Bulk, instructions, rate, cpu, time_wait };
        let wanted = "bulk                 2.46 a byte   16.0 (24.0) Gbit/s";
        assert_eq!(line(&figures), wanted);
        let rate = Rate::of(vec![1.5e5]);
        let (instructions, time_wait) = (None, Some(4000));
        let figures = Figures { work: Work::Crr, instructions, rate, cpu, time_wait };
        let wanted = "crr                  not counted   150 (150) k/s, 4000 in TIME-WAIT";
        assert_eq!(line(&figures), wanted);
    }

    #[test]
    fn the_json_has_null_where_nothing_was_counted() {
        let rate = Rate::of(vec![1e3]);
        let (instructions, cpu, time_wait) = (None, Some(Rate::of(vec![2e3])), None);
        let figures = Figures { work: Work::Rr, instructions, rate, cpu, time_wait };
        let wanted = "{\"work\":\"rr\",\"unit\":\"exchange\",\"mtu\":1500,\"ip\":4,\
            \"checksums\":true,\"idle\":0,\"instructions_per_unit\":null,\
            \"units_per_second_median\":1000,\"units_per_second_best\":1000,\
            \"units_per_cpu_second_median\":2000}";
        assert_eq!(json(&figures, &Setup::of(1500)), wanted);
    }
}
