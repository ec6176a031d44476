//! What does the code between `%{` and `}%` assert? A small part of Python, over integers.
//!
//! Statements are `assert EXPRESSION, MESSAGE`, `NAME = EXPRESSION`, `NAME += EXPRESSION` and
//! `print(…)`, which is passed over. Expressions are those of integers: comparisons that chain,
//! `in (…)`, `and`, `or`, `not`, arithmetic and bits, `abs`, `min` and `max`. A message is shown as
//! it stands. No Python is run: whatever else is said is refused, never passed over.

mod evaluate;
mod words;

pub use evaluate::{Names, evaluate, execute};

use crate::span::{Error, Span};
use words::{Word, Words};

/// Parentheses and operators may lie in each other so deep.
const DEPTH_MAX: usize = 64;

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// `assert`: the expression, its text, and the text of the message.
    Assert {
        /// Must not be zero.
        holds: Expression,
        /// As the script has it.
        text: String,
    },
    /// `=`
    Set(String, Expression),
    /// `+=`, `-=`
    Add(String, Expression),
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A number.
    Number(i64),
    /// The value of a name.
    Name(String),
    /// `-a`, `~a`, `not a`
    Unary(Unary, Box<Expression>),
    /// `a + b`
    Binary(Binary, Box<Expression>, Box<Expression>),
    /// `a < b <= c`: the first, then each comparison.
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    /// `a in (b, c)`
    Among(Box<Expression>, Vec<Expression>),
    /// `min(a, b)`
    Call(Function, Vec<Expression>),
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unary {
    Negate,
    Invert,
    Not,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function {
    Abs,
    Min,
    Max,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// Reads a piece of code that begins at this place.
///
/// # Errors
/// What is not in this part of Python.
pub fn parse(text: &str, at: Span) -> Result<Vec<Statement>, Error> {
    let mut words = Words::new(text, at)?;
    let mut statements = Vec::new();
    while !words.is_done() {
        if words.accept(";") || words.accept("\n") {
            continue;
        }
        statements.extend(statement(&mut words)?);
        if !(words.is_done() || words.accept(";") || words.accept("\n")) {
            return Err(words.expected("`;` or the end of the line"));
        }
    }
    Ok(statements)
}

fn statement(words: &mut Words<'_>) -> Result<Option<Statement>, Error> {
    if words.accept("assert") {
        let from = words.position();
        let holds = expression(words, 0)?;
        // The message; anything else would be a part of the expression that nobody has looked at.
        if words.accept(",") {
            words.skip_statement();
        } else if !words.at_end_of_statement() {
            return Err(words.unread());
        }
        return Ok(Some(Statement::Assert { holds, text: words.text_from(from) }));
    }
    if words.accept("print") {
        words.skip_statement();
        return Ok(None);
    }
    if words.begins_unread_statement() {
        return Err(words.unread());
    }
    let Some(name) = words.name() else {
        return Err(words.expected("`assert`, `print` or `name = …`"));
    };
    if words.accept("=") {
        return Ok(Some(Statement::Set(name, expression(words, 0)?)));
    }
    if words.accept("+=") {
        return Ok(Some(Statement::Add(name, expression(words, 0)?)));
    }
    if words.accept("-=") {
        let less = Expression::Unary(Unary::Negate, Box::new(expression(words, 0)?));
        return Ok(Some(Statement::Add(name, less)));
    }
    Err(words.expected("`=`, `+=` or `-=`"))
}

/// The operators, those that bind least first; comparisons stand between `not` and `|`.
const LEVELS: [&[(&str, Binary)]; 8] = [
    &[("or", Binary::Or)],
    &[("and", Binary::And)],
    &[("|", Binary::BitOr)],
    &[("^", Binary::BitXor)],
    &[("&", Binary::BitAnd)],
    &[("<<", Binary::ShiftLeft), (">>", Binary::ShiftRight)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("//", Binary::Divide), ("%", Binary::Remainder)],
];
/// The first level above comparisons.
const ARITHMETIC: usize = 2;

fn expression(words: &mut Words<'_>, depth: usize) -> Result<Expression, Error> {
    if depth > DEPTH_MAX {
        return Err(words.expected("a simpler expression"));
    }
    level(words, 0, depth)
}

fn level(words: &mut Words<'_>, at: usize, depth: usize) -> Result<Expression, Error> {
    let Some(operators) = LEVELS.get(at) else { return unary(words, depth) };
    let operand = |words: &mut Words<'_>| match at + 1 {
        ARITHMETIC => not(words, depth),
        next => level(words, next, depth),
    };
    let mut left = operand(words)?;
    while let Some((_, operator)) = operators.iter().find(|(text, _)| words.accept(text)) {
        let right = operand(words)?;
        left = Expression::Binary(*operator, Box::new(left), Box::new(right));
    }
    Ok(left)
}

fn not(words: &mut Words<'_>, depth: usize) -> Result<Expression, Error> {
    let mut negations = 0;
    while words.accept("not") {
        negations += 1;
    }
    let mut found = comparison(words, depth)?;
    // Two negations make a truth value, as one does.
    for _ in 0..if negations > 2 { 2 - negations % 2 } else { negations } {
        found = Expression::Unary(Unary::Not, Box::new(found));
    }
    Ok(found)
}

fn comparison(words: &mut Words<'_>, depth: usize) -> Result<Expression, Error> {
    const COMPARISONS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::MoreOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::More),
    ];
    let first = level(words, ARITHMETIC, depth)?;
    let mut rest = Vec::new();
    while let Some((_, comparison)) = COMPARISONS.iter().find(|(text, _)| words.accept(text)) {
        rest.push((*comparison, level(words, ARITHMETIC, depth)?));
    }
    let found = match rest.is_empty() {
        true => first,
        false => return Ok(Expression::Compare(Box::new(first), rest)),
    };
    let turned = words.accept("not");
    if !words.accept("in") {
        return if turned { Err(words.expected("`in`")) } else { Ok(found) };
    }
    let among = Expression::Among(Box::new(found), list(words, depth)?);
    Ok(if turned { Expression::Unary(Unary::Not, Box::new(among)) } else { among })
}

/// `(a, b)` or `[a, b]`.
fn list(words: &mut Words<'_>, depth: usize) -> Result<Vec<Expression>, Error> {
    let end = match words.accept("(") {
        true => ")",
        false if words.accept("[") => "]",
        false => return Err(words.expected("`(` or `[`")),
    };
    let mut found = Vec::new();
    while !words.accept(end) {
        found.push(expression(words, depth + 1)?);
        if !words.accept(",") && !words.is_next(end) {
            return Err(words.expected(&format!("`,` or `{end}`")));
        }
    }
    Ok(found)
}

fn unary(words: &mut Words<'_>, depth: usize) -> Result<Expression, Error> {
    for (text, operator) in [("-", Unary::Negate), ("~", Unary::Invert)] {
        if words.accept(text) {
            if depth > DEPTH_MAX {
                return Err(words.expected("a simpler expression"));
            }
            return Ok(Expression::Unary(operator, Box::new(unary(words, depth + 1)?)));
        }
    }
    if words.accept("(") {
        let inner = expression(words, depth + 1)?;
        return match words.accept(")") {
            true => Ok(inner),
            false => Err(words.expected("`)`")),
        };
    }
    match words.take() {
        Some(Word::Number(number)) => Ok(Expression::Number(number)),
        Some(Word::Name("True")) => Ok(Expression::Number(1)),
        Some(Word::Name("False")) => Ok(Expression::Number(0)),
        Some(Word::Name(name)) => named(words, name, depth),
        Some(Word::Text) => {
            words.back();
            Err(words.unread())
        }
        _ => {
            words.back();
            Err(words.expected("a number, a name or `(`"))
        }
    }
}

/// A name, or a call of a function.
fn named(words: &mut Words<'_>, name: &str, depth: usize) -> Result<Expression, Error> {
    if !words.is_next("(") {
        return Ok(Expression::Name(name.to_owned()));
    }
    let function = match name {
        "abs" => Function::Abs,
        "min" => Function::Min,
        "max" => Function::Max,
        _ => return Err(words.unread()),
    };
    let of = list(words, depth)?;
    let fits = if function == Function::Abs { of.len() == 1 } else { of.len() > 1 };
    match fits {
        true => Ok(Expression::Call(function, of)),
        false => Err(words.expected(&format!("another number of values for `{name}`"))),
    }
}
