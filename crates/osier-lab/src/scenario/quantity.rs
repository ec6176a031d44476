//! How are times, sizes, rates and chances written?
//!
//! A number and its unit: `10ms`, `1.5s`, `64KiB`, `10Mbit/s`, `0.1%`. All become integers, so that
//! the same scenario is the same on every machine.

use crate::dice::Chance;
use osier_time::Duration;

/// A kind of quantity: its units, and how it is written.
struct Kind {
    what: &'static str,
    units: &'static [(&'static str, u64)],
    example: &'static str,
}

const TIME: Kind = Kind {
    what: "time",
    units: &[
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("min", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ],
    example: "10ms, 1.5s or 2min",
};

const OCTETS: Kind = Kind {
    what: "size",
    units: &[
        ("", 1),
        ("B", 1),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ],
    example: "100, 10KB or 64KiB",
};

const RATE: Kind = Kind {
    what: "rate",
    units: &[("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000)],
    example: "10Mbit/s",
};

const CHANCE: Kind = Kind { what: "chance", units: &[("%", 10_000)], example: "1% or 0.5%" };

const OFTEN: Kind = Kind { what: "rate", units: &[("/s", 1)], example: "1000/s" };

/// No scenario lasts, and nothing in it takes, longer than a day.
const TIME_MAX: Duration = Duration::from_secs(86_400);

/// What is wrong, and how it is written.
pub(super) type Wrong = (String, String);

pub(super) fn time(text: &str) -> Result<Duration, Wrong> {
    let time = Duration::from_nanos(TIME.read(text)?);
    if time > TIME_MAX {
        return Err((format!("{text} is longer than a day"), "no scenario lasts so long".into()));
    }
    Ok(time)
}

pub(super) fn octets(text: &str) -> Result<u64, Wrong> {
    OCTETS.read(text)
}

pub(super) fn rate(text: &str) -> Result<u64, Wrong> {
    match RATE.read(text)? {
        0 => Err((format!("{text}: nothing would ever pass"), "write a rate above 0".into())),
        rate => Ok(rate),
    }
}

pub(super) fn chance(text: &str) -> Result<Chance, Wrong> {
    match CHANCE.read(text)? {
        all @ 0..=1_000_000 => Ok(Chance(all as u32)),
        _ => Err((format!("{text} is more than always"), "write at most 100%".into())),
    }
}

/// So many a second: one in every nanosecond at most, for there are no moments in between.
pub(super) fn often(text: &str) -> Result<u64, Wrong> {
    match OFTEN.read(text)? {
        0 => Err((format!("`{text}` is no rate"), "write it like 1000/s".into())),
        often @ ..=1_000_000_000 => Ok(often),
        _ => Err((format!("{text} is more often than time goes"), "write less".into())),
    }
}

impl Kind {
    /// The quantity in its smallest unit.
    fn read(&self, text: &str) -> Result<u64, Wrong> {
        let Kind { what, example, .. } = self;
        let write = || format!("write it like {example}");
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_');
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let Some((_, size)) = self.units.iter().find(|(name, _)| *name == unit.trim()) else {
            return Err(match unit {
                "" => (format!("`{text}` has no unit"), write()),
                _ if number.is_empty() => (format!("`{text}` is no {what}"), write()),
                _ => (format!("`{}` is no unit of a {what}", unit.trim()), write()),
            });
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let scaled = scaled(&whole.replace('_', ""), part, *size);
        scaled.ok_or_else(|| (format!("`{number}` is no number, or too large a one"), write()))
    }
}

/// `whole.part` times `size`; `None` where it is no number, too large, or finer than the unit.
fn scaled(whole: &str, part: &str, size: u64) -> Option<u64> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return None;
    }
    let ten = 10_u64.pow(part.len() as u32);
    let fraction = if part.is_empty() { 0 } else { part.parse::<u64>().ok()? };
    let part = fraction.checked_mul(size)? / ten;
    whole.parse::<u64>().ok()?.checked_mul(size)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_integers() {
        assert_eq!(time("10ms"), Ok(Duration::from_millis(10)));
        assert_eq!(time("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(time("2 min"), Ok(Duration::from_secs(120)));
        assert_eq!(octets("64KiB"), Ok(65_536));
        assert_eq!(octets("1_000"), Ok(1_000));
        assert_eq!(rate("0.5Mbit/s"), Ok(500_000));
        assert_eq!(chance("0.5%"), Ok(Chance(5_000)));
        assert_eq!(often("1000/s"), Ok(1_000));
        assert!(often("1000000000/s").is_ok() && often("1000000001/s").is_err());
    }

    #[test]
    fn what_is_no_quantity_is_told_with_how_one_is_written() {
        for (text, said) in [
            ("10", "`10` has no unit"),
            ("10 parsecs", "`parsecs` is no unit of a time"),
            ("soon", "`soon` is no time"),
            ("-1s", "`-1s` is no time"),
            ("1.2.3s", "`1.2.3` is no number, or too large a one"),
            ("99999999999999999999s", "`99999999999999999999` is no number, or too large a one"),
            ("25h", "25h is longer than a day"),
            ("", "`` has no unit"),
        ] {
            assert_eq!(time(text).unwrap_err().0, said, "{text}");
        }
        assert!(chance("101%").is_err() && rate("0bit/s").is_err() && octets("1 byte").is_err());
    }
}
