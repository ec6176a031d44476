//! Does an assertion hold?

use super::{Binary, Comparison, Expression, Function, Statement, Unary};
use std::collections::BTreeMap;

/// What names stand for: fields of `tcp_info`, and what the code itself has set.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Fields of `tcp_info` at this moment, without their prefix `tcpi_`.
    pub info: BTreeMap<&'static str, i64>,
    /// Set by earlier statements.
    pub set: BTreeMap<String, i64>,
}

/// Names of Linux's headers that scripts compare with.
const CONSTANTS: [(&str, i64); 28] = [
    ("TCP_INFINITE_SSTHRESH", 0x7fff_ffff),
    ("TCP_ESTABLISHED", 1),
    ("TCP_SYN_SENT", 2),
    ("TCP_SYN_RECV", 3),
    ("TCP_FIN_WAIT1", 4),
    ("TCP_FIN_WAIT2", 5),
    ("TCP_TIME_WAIT", 6),
    ("TCP_CLOSE", 7),
    ("TCP_CLOSE_WAIT", 8),
    ("TCP_LAST_ACK", 9),
    ("TCP_LISTEN", 10),
    ("TCP_CLOSING", 11),
    ("TCP_CA_Open", 0),
    ("TCP_CA_Disorder", 1),
    ("TCP_CA_CWR", 2),
    ("TCP_CA_Recovery", 3),
    ("TCP_CA_Loss", 4),
    ("TCPI_OPT_TIMESTAMPS", 1),
    ("TCPI_OPT_SACK", 2),
    ("TCPI_OPT_WSCALE", 4),
    ("TCPI_OPT_ECN", 8),
    ("TCPI_OPT_ECN_SEEN", 16),
    ("TCPI_OPT_SYN_DATA", 32),
    ("TCPI_OPT_USEC_TS", 64),
    ("TCPI_OPT_TFO_CHILD", 128),
    ("TFO_STATUS_UNSPEC", 0),
    ("TFO_COOKIE_UNAVAILABLE", 1),
    ("TFO_DATA_NOT_ACKED", 2),
];

/// Runs statements in their order.
///
/// # Errors
/// The assertion that does not hold with the values of its names, or why it cannot be evaluated.
pub fn execute(statements: &[Statement], names: &mut Names) -> Result<(), String> {
    for statement in statements {
        match statement {
            Statement::Assert { holds, text } => {
                if evaluate(holds, names)? == 0 {
                    let values = values(holds, names);
                    return Err(format!("assert {text}: it is not so{values}"));
                }
            }
            Statement::Set(name, expression) => {
                let value = evaluate(expression, names)?;
                names.set.insert(name.clone(), value);
            }
            Statement::Add(name, expression) => {
                let value = evaluate(expression, names)?;
                let old = lookup(name, names)?;
                let sum = old.checked_add(value).ok_or("a number beyond 64 bits")?;
                names.set.insert(name.clone(), sum);
            }
        }
    }
    Ok(())
}

/// `, as tcpi_snd_cwnd is 10 and …`
fn values(expression: &Expression, names: &Names) -> String {
    let mut found = Vec::new();
    mentioned(expression, &mut found);
    found.dedup();
    let shown: Vec<_> = found
        .iter()
        .filter(|name| constant(name).is_none())
        .filter_map(|name| lookup(name, names).ok().map(|value| format!("{name} is {value}")))
        .collect();
    if shown.is_empty() { String::new() } else { format!(", as {}", shown.join(" and ")) }
}

fn mentioned<'a>(expression: &'a Expression, found: &mut Vec<&'a str>) {
    match expression {
        Expression::Number(_) => {}
        Expression::Name(name) => found.push(name),
        Expression::Unary(_, operand) => mentioned(operand, found),
        Expression::Binary(_, left, right) => {
            mentioned(left, found);
            mentioned(right, found);
        }
        Expression::Compare(first, rest) => {
            mentioned(first, found);
            rest.iter().for_each(|(_, operand)| mentioned(operand, found));
        }
        Expression::Among(first, list) => {
            mentioned(first, found);
            list.iter().for_each(|operand| mentioned(operand, found));
        }
        Expression::Call(_, of) => of.iter().for_each(|operand| mentioned(operand, found)),
    }
}

fn constant(name: &str) -> Option<i64> {
    CONSTANTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn lookup(name: &str, names: &Names) -> Result<i64, String> {
    let info = name.strip_prefix("tcpi_").and_then(|field| names.info.get(field).copied());
    info.or_else(|| names.set.get(name).copied())
        .or_else(|| constant(name))
        .ok_or_else(|| format!("the name `{name}` is not known"))
}

/// The value of an expression; what is true is 1.
///
/// # Errors
/// A name that is not known, a division by zero, a number beyond 64 bits.
pub fn evaluate(expression: &Expression, names: &Names) -> Result<i64, String> {
    match expression {
        Expression::Number(number) => Ok(*number),
        Expression::Name(name) => lookup(name, names),
        Expression::Unary(operator, operand) => {
            let value = evaluate(operand, names)?;
            match operator {
                Unary::Negate => value.checked_neg().ok_or("a number beyond 64 bits".to_owned()),
                Unary::Invert => Ok(!value),
                Unary::Not => Ok(i64::from(value == 0)),
            }
        }
        Expression::Binary(operator, left, right) => binary(*operator, left, right, names),
        Expression::Compare(first, rest) => {
            let mut left = evaluate(first, names)?;
            for (comparison, operand) in rest {
                let right = evaluate(operand, names)?;
                if !compare(*comparison, left, right) {
                    return Ok(0);
                }
                left = right;
            }
            Ok(1)
        }
        Expression::Among(first, list) => {
            let value = evaluate(first, names)?;
            let list: Vec<i64> = evaluate_all(list, names)?;
            Ok(i64::from(list.contains(&value)))
        }
        Expression::Call(function, of) => {
            let of = evaluate_all(of, names)?.into_iter();
            let found = match function {
                Function::Abs => of.map(i64::saturating_abs).next(),
                Function::Min => of.min(),
                Function::Max => of.max(),
            };
            found.ok_or_else(|| "a function of no value".to_owned())
        }
    }
}

fn evaluate_all(of: &[Expression], names: &Names) -> Result<Vec<i64>, String> {
    of.iter().map(|one| evaluate(one, names)).collect()
}

fn compare(comparison: Comparison, left: i64, right: i64) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::More => left > right,
        Comparison::MoreOrEqual => left >= right,
    }
}

fn binary(
    operator: Binary,
    left: &Expression,
    right: &Expression,
    names: &Names,
) -> Result<i64, String> {
    let a = evaluate(left, names)?;
    // As in Python, the second operand is not looked at where the first decides.
    match operator {
        Binary::Or if a != 0 => return Ok(a),
        Binary::And if a == 0 => return Ok(a),
        _ => {}
    }
    let b = evaluate(right, names)?;
    let shift = u32::try_from(b).ok().filter(|shift| *shift < 63);
    let value = match operator {
        Binary::Or | Binary::And => Some(b),
        Binary::BitOr => Some(a | b),
        Binary::BitXor => Some(a ^ b),
        Binary::BitAnd => Some(a & b),
        Binary::ShiftLeft => shift.and_then(|shift| a.checked_mul(1 << shift)),
        Binary::ShiftRight => shift.map(|shift| a >> shift),
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        // Python rounds towards minus infinity.
        Binary::Divide => a.checked_div(b).map(|q| q - i64::from(a % b != 0 && (a < 0) != (b < 0))),
        Binary::Remainder => {
            a.checked_rem(b).map(|r| if r != 0 && (r < 0) != (b < 0) { r + b } else { r })
        }
    };
    value.ok_or_else(|| "a number beyond 64 bits, or a division by zero".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::parse;
    use crate::span::Span;

    fn run(text: &str) -> Result<(), String> {
        let statements = parse(text, Span { line: 1, column: 1 }).map_err(|e| e.to_string())?;
        let info = BTreeMap::from([("snd_cwnd", 10), ("options", 7), ("rtt", 5000)]);
        execute(&statements, &mut Names { info, set: BTreeMap::new() })
    }

    #[test]
    fn what_holds_holds() {
        for text in [
            "assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd",
            "assert 5000 <= tcpi_rtt <= 20000, 'srtt=%d us' % tcpi_rtt",
            "assert (tcpi_options & TCPI_OPT_SYN_DATA) == 0, tcpi_options",
            "cwnd = 10\ncwnd += 5; print(cwnd)\nassert cwnd == 15 and not tcpi_snd_cwnd > 10",
            "assert tcpi_snd_cwnd == 10, 1; \\\n   assert 0 == 0 # a comment",
            "assert 7 // 2 == 3 and -7 // 2 == -4 and -7 % 2 == 1 and 1 + 2 * 3 == 7",
            "assert 0 or 2 | 1 == 3 or 1",
            "print('a', (\n1)); assert True",
            "assert tcpi_snd_cwnd in (9, 10) and tcpi_snd_cwnd not in [11,], 'one'",
            "assert abs(-3) == 3 and min(4, tcpi_snd_cwnd) == 4 and max(4, 5, 6) == 6",
        ] {
            assert_eq!(run(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_does_not_hold_is_told_with_its_values() {
        let error = run("assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd").unwrap_err();
        let expected = "assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd: it is not so, \
                        as tcpi_snd_cwnd is 10";
        assert_eq!(error, expected);
        assert!(run("assert 1 <= 2 <= 1").is_err());
        assert!(run("assert tcpi_nothing == 1").unwrap_err().contains("tcpi_nothing"));
        assert!(run("assert 1 // 0").is_err());
    }

    #[test]
    fn what_is_not_read_is_refused_and_never_passed_over() {
        for text in [
            "assert tcpi_snd_cwnd / 2 == 6",
            "assert tcpi_snd_cwnd if 1 else 0",
            "assert tcpi_snd_cwnd 11",
            "assert tcpi_snd_cwnd == 'ten'",
            "assert tcpi_snd_cwnd.real == 11",
            "assert len(tcpi_snd_cwnd) == 11",
            "assert 0.5 < 1",
            "if tcpi_snd_cwnd == 11:\n  assert True",
            "import os",
        ] {
            let error = parse(text, Span { line: 1, column: 1 }).expect_err(text);
            assert_eq!(error.fault, crate::span::Fault::Unsupported, "{text}: {error}");
        }
        assert!(run("assert tcpi_snd_cwnd in (11, 12)").is_err());
        assert!(run("assert tcpi_snd_cwnd not in (10, 12)").is_err());
        for text in ["assert 1 in 2", "assert 1 in (2", "assert 1 not 2", "assert abs(1, 2)"] {
            assert!(parse(text, Span { line: 1, column: 1 }).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_in_the_language_is_told_with_its_place() {
        let error = parse("\n  import os", Span { line: 4, column: 3 }).unwrap_err();
        assert_eq!(error.at, Span { line: 5, column: 3 });
        let error = parse("assert 1 +", Span { line: 4, column: 3 }).unwrap_err();
        assert_eq!(error.at, Span { line: 4, column: 15 });
    }
}
