//! Which TCP options stand in `<…>`?

use super::words::Words;
use crate::ast::packet::{Direction, TcpOption};
use crate::lexer::Kind;
use crate::span::Error;

/// Kinds of the AccECN option (RFC 9768 §3.2.3), by the counter that stands first.
const ACC_ECN_0: u8 = 172;
const ACC_ECN_1: u8 = 174;

/// Between its kind and its length an option holds at most so many octets.
const DATA_MAX: usize = 38;

/// The options in their order; `None` for `<...>`, which matches any.
pub(crate) fn options(
    words: &mut Words<'_>,
    direction: Direction,
) -> Result<Option<Vec<TcpOption>>, Error> {
    words.mark('<')?;
    if words.is(Kind::Ellipsis) {
        if direction == Direction::Inbound {
            return Err(words.expected("TCP options, as `<...>` is for packets that leave,"));
        }
        words.take();
        words.mark('>')?;
        return Ok(None);
    }
    let mut options = Vec::new();
    loop {
        options.push(option(words)?);
        if words.accept(Kind::Mark('>')).is_some() {
            break;
        }
        words.expect(Kind::Mark(','), "`,` or `>`")?;
    }
    Ok(Some(options))
}

fn option(words: &mut Words<'_>) -> Result<TcpOption, Error> {
    const WHAT: &str = "a TCP option (mss, wscale, sackOK, sack, TS, nop, eol, FO, FOEXP, ECN)";
    let token = words.expect(Kind::Word, WHAT)?;
    Ok(match token.text {
        "eol" => TcpOption::End,
        "nop" => TcpOption::Nop,
        "sackOK" => TcpOption::SackPermitted,
        "mss" => TcpOption::Mss(words.number_u16("an MSS")?),
        "wscale" => TcpOption::WindowScale(words.number(255, "a shift")? as u8),
        "sack" => TcpOption::Sack(blocks(words)?),
        "TS" => timestamps(words)?,
        "FO" => TcpOption::FastOpen(cookie(words)?),
        "FOEXP" => TcpOption::FastOpenExperimental(cookie(words)?),
        "md5" => TcpOption::Md5(cookie(words)?),
        "ECN" => acc_ecn(words)?,
        _ => return Err(Error::malformed(token.at, format!("{WHAT} was expected"))),
    })
}

fn blocks(words: &mut Words<'_>) -> Result<Vec<(u32, u32)>, Error> {
    let mut blocks = Vec::new();
    loop {
        let left = words.number_u32("the left edge of a block, `1001:2001`,")?;
        words.mark(':')?;
        blocks.push((left, words.number_u32("the right edge of the block")?));
        if !words.is(Kind::Integer) {
            return Ok(blocks);
        }
    }
}

fn timestamps(words: &mut Words<'_>) -> Result<TcpOption, Error> {
    words.keyword("val")?;
    let value = words.number_u32("a timestamp")?;
    words.keyword("ecr")?;
    let echo = words.number_u32("a timestamp")?;
    Ok(TcpOption::Timestamps { value, echo })
}

/// Hexadecimal digits, two for each octet; none for an empty cookie.
fn cookie(words: &mut Words<'_>) -> Result<Vec<u8>, Error> {
    let token = words.peek();
    if !matches!(token.kind, Kind::Word | Kind::Integer) {
        return Ok(Vec::new());
    }
    let text = words.defined(token.text).unwrap_or(token.text);
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 && digits.len() / 2 <= DATA_MAX => {
            words.take();
            Ok(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
        }
        _ => Err(words.expected(&format!("hexadecimal digits, two for each of {DATA_MAX} octets"))),
    }
}

fn acc_ecn(words: &mut Words<'_>) -> Result<TcpOption, Error> {
    let (kind, order) = match words.is_word("e1b") {
        true => (ACC_ECN_1, ["e1b", "ceb", "e0b"]),
        false => (ACC_ECN_0, ["e0b", "ceb", "e1b"]),
    };
    words.keyword(order[0])?;
    let mut counters = vec![counter(words)?];
    for name in &order[1..] {
        if !words.accept_word(name) {
            break;
        }
        counters.push(counter(words)?);
    }
    Ok(TcpOption::AccEcn { kind, counters })
}

fn counter(words: &mut Words<'_>) -> Result<u32, Error> {
    words.number(0xff_ffff, "a counter of 24 bits").map(|number| number as u32)
}
