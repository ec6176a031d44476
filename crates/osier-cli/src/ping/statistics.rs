//! What do many echo requests come to?
//!
//! The two last lines of ping: how many were lost, and the least, mean and greatest time with the
//! mean deviation, as iputils computes it: the root of the mean square less the square of the mean.

use std::fmt::Write as _;
use std::time::Duration;

/// What became of the requests so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Statistics {
    sent: u64,
    received: u64,
    errors: u64,
    least: Duration,
    greatest: Duration,
    sum: Duration,
    /// In microseconds squared.
    sum_of_squares: u128,
}

impl Statistics {
    pub(super) fn on_sent(&mut self) {
        self.sent += 1;
    }

    pub(super) fn on_reply(&mut self, rtt: Duration) {
        self.least = if self.received == 0 { rtt } else { self.least.min(rtt) };
        self.greatest = self.greatest.max(rtt);
        self.received += 1;
        self.sum += rtt;
        self.sum_of_squares += rtt.as_micros().pow(2);
    }

    pub(super) fn on_error(&mut self) {
        self.errors += 1;
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Requests of which something was heard.
    pub(super) fn answered(&self) -> u64 {
        self.received + self.errors
    }

    /// The last lines, after so long.
    pub(super) fn summary(&self, passed: Duration) -> String {
        let Statistics { sent, received, errors, .. } = self;
        let errors = if *errors > 0 { format!(", +{errors} errors") } else { String::new() };
        let mut text = format!(
            "{sent} packets transmitted, {received} received{errors}, {}% packet loss, time {}ms\n",
            percentage(sent - received, *sent),
            passed.as_millis()
        );
        if *received > 0 {
            let mean = self.sum.as_micros() / u128::from(*received);
            let square = self.sum_of_squares / u128::from(*received);
            let deviation = square.saturating_sub(mean.pow(2)).isqrt();
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "rtt min/avg/max/mdev = {}/{}/{}/{} ms",
                millis(self.least.as_micros()),
                millis(mean),
                millis(self.greatest.as_micros()),
                millis(deviation)
            );
        }
        text
    }
}

/// A part of a whole in percent, with as many digits as tell something: `0`, `0.5`, `100`.
fn percentage(part: u64, whole: u64) -> String {
    let percent = part as f64 * 100.0 / (whole.max(1)) as f64;
    let text = format!("{percent:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn millis(micros: u128) -> String {
    format!("{}.{:03}", micros / 1_000, micros % 1_000)
}

/// A time in milliseconds with three digits that matter, as iputils writes it.
pub(super) fn time(rtt: Duration) -> String {
    let micros = rtt.as_micros();
    match micros {
        0..10_000 if micros >= 1_000 => format!("{:.2}", micros as f64 / 1e3),
        10_000..100_000 => format!("{:.1}", micros as f64 / 1e3),
        100_000.. => format!("{:.0}", micros as f64 / 1e3),
        _ => millis(micros),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_that_of_iputils() {
        let mut statistics = Statistics::default();
        for micros in [100, 200, 300] {
            statistics.on_sent();
            statistics.on_reply(Duration::from_micros(micros));
        }
        statistics.on_sent();
        assert_eq!(
            statistics.summary(Duration::from_millis(3012)),
            "4 packets transmitted, 3 received, 25% packet loss, time 3012ms\n\
             rtt min/avg/max/mdev = 0.100/0.200/0.300/0.081 ms\n"
        );
    }

    #[test]
    fn where_nothing_came_back_there_is_no_time() {
        let mut statistics = Statistics::default();
        statistics.on_sent();
        statistics.on_error();
        assert_eq!(
            statistics.summary(Duration::from_millis(7)),
            "1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 7ms\n"
        );
    }

    #[test]
    fn times_have_three_digits_that_matter() {
        for (micros, text) in
            [(45, "0.045"), (999, "0.999"), (1_234, "1.23"), (12_345, "12.3"), (123_456, "123")]
        {
            assert_eq!(time(Duration::from_micros(micros)), text);
        }
    }
}
