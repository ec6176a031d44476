//! What does this argument stand for: a number, a list, the fields of a struct?

use crate::ast::{Expr, Value, Word};
use crate::names;
use crate::span::Error;
use crate::stack::{Buffers, Control, ControlData};

/// A buffer longer than this is refused: the longest that scripts use has a megabyte.
const BUFFER_MAX: i64 = 64 << 20;

/// As many buffers as a call takes (`UIO_MAXIOV`).
const BUFFERS_MAX: usize = 1024;

pub(super) fn integer(expr: &Expr) -> Result<i64, Error> {
    match &expr.value {
        Value::Integer(number) => Ok(*number),
        Value::Name(name) => named(name, expr),
        Value::Or(first, second) => Ok(integer(first)? | integer(second)?),
        Value::Apply(name, argument) if name == "htons" => {
            Ok(i64::from((integer(argument)? as u16).swap_bytes()))
        }
        _ => Err(Error::malformed(expr.at, "a number or a name for one was expected")),
    }
}

fn named(name: &str, expr: &Expr) -> Result<i64, Error> {
    if names::is_unsupported(name) {
        return Err(Error::unsupported(expr.at, name));
    }
    names::number(name).ok_or_else(|| {
        Error::malformed(expr.at, format!("a name that is known was expected, not `{name}`"))
    })
}

pub(super) fn errno(word: &Word) -> Result<i32, Error> {
    match names::number(&word.text) {
        Some(number) if word.text.starts_with('E') => Ok(number as i32),
        _ => {
            let says = format!("the name of an errno was expected, not `{}`", word.text);
            Err(Error::malformed(word.at, says))
        }
    }
}

/// A number of 32 bits; flags with the highest bit set are taken as they are.
pub(super) fn int(expr: &Expr) -> Result<i32, Error> {
    let number = integer(expr)?;
    match i32::try_from(number).ok().or_else(|| u32::try_from(number).ok().map(|n| n as i32)) {
        Some(number) => Ok(number),
        None => Err(Error::malformed(expr.at, "a number of 32 bits was expected")),
    }
}

pub(super) fn any(expr: &Expr) -> Result<(), Error> {
    match expr.value {
        Value::Any => Ok(()),
        _ => Err(Error::malformed(expr.at, "`...` was expected")),
    }
}

pub(super) fn list(expr: &Expr) -> Result<&[Expr], Error> {
    match &expr.value {
        Value::List(items) => Ok(items),
        _ => Err(Error::malformed(expr.at, "a list [ … ] was expected")),
    }
}

pub(super) fn bracketed(expr: &Expr) -> Result<i64, Error> {
    match &expr.value {
        Value::List(items) if items.len() == 1 => integer(&items[0]),
        _ => Err(Error::malformed(expr.at, "a number in brackets was expected: `[1]`")),
    }
}

pub(super) fn items(expr: &Expr) -> Result<&[Expr], Error> {
    match &expr.value {
        Value::Struct(items) => Ok(items),
        _ => Err(Error::malformed(expr.at, "a struct { … } was expected")),
    }
}

/// The field of a struct, if it has it.
pub(super) fn field<'a>(expr: &'a Expr, name: &str) -> Result<Option<&'a Expr>, Error> {
    Ok(items(expr)?.iter().find_map(|item| match &item.value {
        Value::Field(known, value) if known == name => Some(&**value),
        _ => None,
    }))
}

pub(super) fn needed<'a>(expr: &'a Expr, name: &str) -> Result<&'a Expr, Error> {
    field(expr, name)?
        .ok_or_else(|| Error::malformed(expr.at, format!("the field `{name}=…` was expected")))
}

/// Whether a struct has a field of this name: so are kinds of structs told apart.
pub(super) fn has(expr: &Expr, name: &str) -> bool {
    matches!(field(expr, name), Ok(Some(_)))
}

pub(super) fn len(expr: &Expr) -> Result<usize, Error> {
    match integer(expr)? {
        number @ 0..=BUFFER_MAX => Ok(number as usize),
        _ => Err(Error::malformed(expr.at, format!("a length up to {BUFFER_MAX} was expected"))),
    }
}

/// A buffer, `...` or `NULL`, and its length.
pub(super) fn buffer(at: &Expr, count: &Expr) -> Result<Buffers, Error> {
    match &at.value {
        Value::Any => Ok(Buffers::Of(vec![len(count)?])),
        Value::Integer(0) => Ok(Buffers::Null(len(count)?)),
        Value::Name(name) if name == "NULL" => Ok(Buffers::Null(len(count)?)),
        _ => Err(Error::malformed(at.at, "`...` or NULL was expected for a buffer")),
    }
}

/// `[{..., 10}, {..., 20}]`, whose number is said beside it.
pub(super) fn buffers(list_of: &Expr, count: &Expr) -> Result<Buffers, Error> {
    let parts = list(list_of)?;
    if integer(count)? != parts.len() as i64 || parts.len() > BUFFERS_MAX {
        let says = format!("{} was expected, as there are so many buffers", parts.len());
        return Err(Error::malformed(count.at, says));
    }
    let lens = parts.iter().map(|part| match items(part)? {
        [base, count] => {
            any(base)?;
            len(count)
        }
        _ => Err(Error::malformed(part.at, "{..., length} was expected")),
    });
    Ok(Buffers::Of(lens.collect::<Result<_, _>>()?))
}

/// The parts of `{msg_name(...)=..., msg_iov(1)=[…], msg_flags=0, msg_control=[…]}`.
pub(super) struct Message {
    pub(super) buffers: Buffers,
    pub(super) flags: i32,
    pub(super) control: Vec<Control>,
}

pub(super) fn message(expr: &Expr) -> Result<Message, Error> {
    let vector = needed(expr, "msg_iov")?;
    let count = Expr { at: vector.at, value: Value::Integer(list(vector)?.len() as i64) };
    let control = match field(expr, "msg_control")? {
        Some(messages) => list(messages)?.iter().map(control).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok(Message {
        buffers: buffers(vector, &count)?,
        flags: int(needed(expr, "msg_flags")?)?,
        control,
    })
}

fn control(expr: &Expr) -> Result<Control, Error> {
    let data = needed(expr, "cmsg_data")?;
    let data = match &data.value {
        Value::Struct(_) if has(data, "ee_errno") => {
            let mut numbers = [0; 6];
            let names = ["ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data"];
            for (number, name) in numbers.iter_mut().zip(names) {
                *number = integer(needed(data, name)?)?;
            }
            ControlData::ExtendedError(numbers)
        }
        Value::Struct(_) => return Err(Error::unsupported(data.at, "timestamps of packets")),
        _ => ControlData::Number(integer(data)?),
    };
    let level = int(needed(expr, "cmsg_level")?)?;
    Ok(Control { level, kind: int(needed(expr, "cmsg_type")?)?, data })
}
