//! Which call does the program make, and what must come of it?
//!
//! `name(arguments) = result ERRNO (words for the reader)`, and in front of it `...0.3` where the
//! call blocks until then.

use super::expr;
use super::words::Words;
use crate::ast::{Call, Word};
use crate::lexer::Kind;
use crate::span::Error;

pub(crate) fn call(words: &mut Words<'_>) -> Result<Call, Error> {
    let until = match words.accept(Kind::Ellipsis) {
        Some(_) => Some(words.duration("the time in seconds at which the call returns")?),
        None => None,
    };
    let name = words.expect(Kind::Word, "the name of a system call")?;
    words.expect(Kind::Mark('('), "`(` and the arguments of the call")?;
    let arguments = expr::list(words, ')')?;
    words.expect(Kind::Mark('='), "`=` and the result of the call")?;
    let result = expr::expression(words, 0)?;
    let errno = words.accept(Kind::Word);
    let errno = errno.map(|token| Word { at: token.at, text: token.text.to_owned() });
    if words.is(Kind::Mark('(')) {
        note(words)?;
    }
    Ok(Call { at: name.at, until, name: name.text.to_owned(), arguments, result, errno })
}

/// What `strerror` says, for the reader alone.
fn note(words: &mut Words<'_>) -> Result<(), Error> {
    words.mark('(')?;
    while words.accept(Kind::Mark(')')).is_none() {
        if words.is(Kind::End) {
            return Err(words.expected("`)`"));
        }
        words.take();
    }
    Ok(())
}
