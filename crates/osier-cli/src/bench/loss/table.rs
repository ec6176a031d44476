//! How are the figures of `osier bench loss` told?

use super::{Figures, Reordered, Row};
use osier_tcp::Algorithm;

/// The table, or one JSON object a line.
pub(super) struct Table {
    json: bool,
    missed: u32,
}

impl Table {
    pub(super) fn new(json: bool) -> Table {
        if !json {
            println!("One flow unless said otherwise: 10 ms each way, MTU 1500, window 1 MiB (the");
            println!("limit is 419 Mbit/s), loss on data and acknowledgments.\n");
            println!(
                "{:27}{:7}{:>8}{:>8}{:>10}{:>8}{:>11}{:>8}",
                "", "", "Mbit/s", "goal", "sent per", "goal", "best Rust", "gVisor"
            );
            println!("{:27}{:7}{:>8}{:>8}{:>10}", "", "", "", "", "delivered");
        }
        Table { json, missed: 0 }
    }

    /// Adds a row; `before` is the one above it.
    pub(super) fn row(&mut self, row: &Row, figures: &Figures, before: Option<Figures>) {
        let missed = missed(row, figures, before);
        self.missed += u32::from(!missed.is_empty());
        if self.json {
            println!("{}", json(row, figures, &missed));
            return;
        }
        println!("{}", line(row, figures, before));
        for what in missed {
            println!("{:27}missed: {what}", "");
        }
    }

    pub(super) fn end(self) {
        if !self.json {
            println!("\n{} of the goals missed. The figures are virtual: they do not", self.missed);
            println!("depend on the machine.");
        }
    }
}

/// The rate that a row is to reach.
fn rate_goal(row: &Row, before: Option<Figures>) -> Option<f64> {
    let relative = row.goals.of_the_row_before.zip(before);
    row.goals.mbit_per_s.or(relative.map(|(share, before)| share * before.mbit_per_s))
}

fn missed(row: &Row, figures: &Figures, before: Option<Figures>) -> Vec<String> {
    let goals = &row.goals;
    let mut missed = Vec::new();
    if let Some(goal) = rate_goal(row, before).filter(|goal| figures.mbit_per_s < *goal) {
        missed.push(format!("{:.2} Mbit/s, goal {goal:.2}", figures.mbit_per_s));
    }
    if let Some(goal) = goals.sent_per_delivered.filter(|goal| figures.sent_per_delivered > *goal) {
        let sent = figures.sent_per_delivered;
        missed.push(format!("{sent:.3} sent for each delivered, goal {goal:.2}"));
    }
    if let Some(goal) = goals.sent_again.filter(|goal| figures.sent_again > *goal) {
        let again = figures.sent_again * 100.0;
        missed.push(format!("{again:.2} % sent again for nothing, goal {:.0} %", goal * 100.0));
    }
    if let Some((goal, found)) = goals.fairness.zip(figures.fairness).filter(|(g, f)| f < g) {
        missed.push(format!("fairness {found:.3}, goal {goal:.2}"));
    }
    missed
}

const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Cubic => "CUBIC",
        Algorithm::Reno => "Reno",
        Algorithm::Bbr => "BBR",
    }
}

fn line(row: &Row, figures: &Figures, before: Option<Figures>) -> String {
    let number =
        |n: Option<f64>, digits: usize| n.map_or(String::new(), |n| format!("{n:.digits$}"));
    let [rust, gvisor] = row.peers.map(|peer| number(peer, 1));
    let rate = figures.mbit_per_s;
    let digits = if rate < 20.0 { 2 } else { 0 };
    let goal = number(rate_goal(row, before), if rate < 20.0 { 1 } else { 0 });
    let mut text = format!(
        "{:27}{:7}{rate:>8.digits$}{goal:>8}{:>10.3}{:>8}{rust:>11}{gvisor:>8}",
        row.name,
        name(row.algorithm),
        figures.sent_per_delivered,
        number(row.goals.sent_per_delivered, 2),
    );
    if row.goals.sent_again.is_some() {
        text += &format!("  {:.2} % sent again for nothing", figures.sent_again * 100.0);
    }
    if let Some(fairness) = figures.fairness {
        text += &format!("  Jain {fairness:.3}");
    }
    if let Some([draft, no_margin]) = figures.by_the_rule {
        text = text.trim_end().to_owned();
        text += &format!("  the draft's rule alone: {draft:.1}; without its margin {no_margin:.1}");
    }
    text.trim_end().to_owned()
}

fn json(row: &Row, figures: &Figures, missed: &[String]) -> String {
    let number = |n: Option<f64>| n.map_or("null".to_owned(), |n| format!("{n:.4}"));
    let [rust, gvisor] = row.peers.map(number);
    let loss = f64::from(row.path.loss.0) / 1e4;
    let (late, early) = match row.path.reordered {
        Reordered::None => (0, 0),
        Reordered::Late(share) => (share.0, 0),
        Reordered::Early(share) => (0, share.0),
    };
    let [reordered, ahead] = [late, early].map(|share| f64::from(share) / 1e4);
    format!(
        "{{\"row\":\"{}\",\"congestion\":\"{}\",\"loss_percent\":{loss},\
         \"reordered_percent\":{reordered},\"ahead_percent\":{ahead},\
         \"rate_bit_per_s\":{},\"flows\":{},\"seeds\":{},\
         \"seconds\":{},\"mbit_per_s\":{:.4},\"sent_per_delivered\":{:.4},\"sent_again\":{:.6},\
         \"jain\":{},\"rule_mbit_per_s\":{},\
         \"best_rust_mbit_per_s\":{rust},\"gvisor_mbit_per_s\":{gvisor},\
         \"missed\":{}}}",
        row.name,
        name(row.algorithm),
        row.path.rate.map_or("null".to_owned(), |rate| rate.to_string()),
        row.flows,
        row.seeds,
        row.seconds,
        figures.mbit_per_s,
        figures.sent_per_delivered,
        figures.sent_again,
        number(figures.fairness),
        number(figures.by_the_rule.map(|[draft, _]| draft)),
        missed.len(),
    )
}
