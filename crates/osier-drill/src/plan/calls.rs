//! Which system call is this, and what must it give? One function for each kind of call.

use super::values::{self, any, buffer, buffers, int, integer};
use super::{Shown, Wanted};
use crate::ast::{Call, Expr, Value};
use crate::config::{Config, Over};
use crate::numbers::{AF_INET, AF_INET6};
use crate::span::Error;
use crate::stack::{Form, Syscall};

const AF_UNSPEC: i64 = 0;
/// Bytes of an option that is a number.
const INT: usize = 4;
/// As much as an option's value may have.
const OPTION_MAX: i64 = 4096;

type Made = Result<(Syscall, Wanted), Error>;

/// The call and what it must give.
pub(super) fn syscall(call: &Call, config: &Config) -> Made {
    match call.name.as_str() {
        "socket" => socket(call, config),
        "bind" => bind(call, config),
        "listen" => listen(call),
        "accept" => accept(call),
        "connect" => connect(call, config),
        "read" | "readv" | "recv" | "recvfrom" | "recvmsg" => receive(call),
        "write" | "writev" | "send" | "sendto" | "sendmsg" => send(call, config),
        "shutdown" => two(call, Syscall::Shutdown),
        "close" => {
            let [fd] = arguments(call)?;
            Ok((Syscall::Close(int(fd)?), Wanted::Nothing))
        }
        "fcntl" => fcntl(call),
        "ioctl" => ioctl(call),
        "setsockopt" => set_option(call),
        "getsockopt" => get_option(call),
        "poll" => poll(call),
        "epoll_create" => {
            let [size] = arguments(call)?;
            Ok((Syscall::EpollCreate(int(size)?), Wanted::Descriptor))
        }
        "epoll_ctl" => epoll_control(call),
        "epoll_wait" => epoll_wait(call),
        "pipe" => pipe(call),
        "splice" => splice(call),
        "open" | "sendfile" | "cap_set" | "psp_rx_assoc" | "psp_tx_assoc" => {
            Err(Error::unsupported(call.at, format!("the call `{}`", call.name)))
        }
        name => {
            let says = format!("a system call that is known was expected, not `{name}`");
            Err(Error::malformed(call.at, says))
        }
    }
}

fn arguments<const N: usize>(call: &Call) -> Result<&[Expr; N], Error> {
    call.arguments.as_slice().try_into().map_err(|_| {
        let found = call.arguments.len();
        let says = format!("`{}` was expected with {N} arguments, not {found}", call.name);
        Error::malformed(call.at, says)
    })
}

fn two(call: &Call, make: fn(i32, i32) -> Syscall) -> Made {
    let [first, second] = arguments(call)?;
    Ok((make(int(first)?, int(second)?), Wanted::Nothing))
}

fn socket(call: &Call, config: &Config) -> Made {
    let [domain, kind, protocol] = arguments(call)?;
    let domain = match domain.value {
        Value::Any if config.over == Over::V4 => AF_INET,
        Value::Any => AF_INET6,
        _ => int(domain)?,
    };
    let syscall = Syscall::Socket { domain, kind: int(kind)?, protocol: int(protocol)? };
    Ok((syscall, Wanted::Descriptor))
}

fn bind(call: &Call, config: &Config) -> Made {
    let [fd, address, len] = arguments(call)?;
    any(address)?;
    any(len)?;
    Ok((Syscall::Bind(int(fd)?, config.bind_at()), Wanted::Nothing))
}

fn listen(call: &Call) -> Made {
    two(call, Syscall::Listen)
}

fn accept(call: &Call) -> Made {
    let [fd, address, len] = arguments(call)?;
    any(address)?;
    any(len)?;
    Ok((Syscall::Accept(int(fd)?), Wanted::Descriptor))
}

fn connect(call: &Call, config: &Config) -> Made {
    let [fd, address, len] = arguments(call)?;
    any(len)?;
    Ok((Syscall::Connect(int(fd)?, peer(address, config)?), Wanted::Nothing))
}

/// The peer for `...`, nobody for `AF_UNSPEC`.
fn peer(address: &Expr, config: &Config) -> Result<Option<std::net::SocketAddr>, Error> {
    match address.value {
        Value::Any => Ok(Some(config.connect_to())),
        _ if integer(address)? == AF_UNSPEC => Ok(None),
        _ => Err(Error::malformed(address.at, "`...` or AF_UNSPEC was expected")),
    }
}

fn receive(call: &Call) -> Made {
    let (fd, buffers, flags, form) = match call.name.as_str() {
        "read" => {
            let [fd, at, count] = arguments(call)?;
            (fd, buffer(at, count)?, 0, Form::Plain)
        }
        "readv" => {
            let [fd, list, count] = arguments(call)?;
            (fd, buffers(list, count)?, 0, Form::Vector)
        }
        "recv" => {
            let [fd, at, count, flags] = arguments(call)?;
            (fd, buffer(at, count)?, int(flags)?, Form::Flags)
        }
        "recvfrom" => {
            let [fd, at, count, flags, address, len] = arguments(call)?;
            any(address)?;
            any(len)?;
            (fd, buffer(at, count)?, int(flags)?, Form::Address)
        }
        _ => {
            let [fd, message, flags] = arguments(call)?;
            let (fd, flags) = (int(fd)?, int(flags)?);
            let values::Message { buffers, flags: wanted, control } = values::message(message)?;
            let syscall = Syscall::Receive { fd, buffers, flags, form: Form::Message };
            return Ok((syscall, Wanted::Message(wanted, control)));
        }
    };
    Ok((Syscall::Receive { fd: int(fd)?, buffers, flags, form }, Wanted::Nothing))
}

fn send(call: &Call, config: &Config) -> Made {
    let (fd, buffers, flags, form, to) = match call.name.as_str() {
        "write" => {
            let [fd, at, count] = arguments(call)?;
            (fd, buffer(at, count)?, 0, Form::Plain, None)
        }
        "writev" => {
            let [fd, list, count] = arguments(call)?;
            (fd, buffers(list, count)?, 0, Form::Vector, None)
        }
        "send" => {
            let [fd, at, count, flags] = arguments(call)?;
            (fd, buffer(at, count)?, int(flags)?, Form::Flags, None)
        }
        "sendto" => {
            let [fd, at, count, flags, address, len] = arguments(call)?;
            any(len)?;
            let to = peer(address, config)?;
            (fd, buffer(at, count)?, int(flags)?, Form::Address, to)
        }
        _ => {
            let [fd, message, flags] = arguments(call)?;
            let found = values::message(message)?;
            if found.flags != 0 || !found.control.is_empty() {
                let says = "`msg_flags=0` and no msg_control were expected: sendmsg reads neither";
                return Err(Error::malformed(message.at, says));
            }
            let named = values::has(message, "msg_name").then(|| config.connect_to());
            (fd, found.buffers, int(flags)?, Form::Message, named)
        }
    };
    Ok((Syscall::Send { fd: int(fd)?, buffers, flags, form, to }, Wanted::Nothing))
}

fn fcntl(call: &Call) -> Made {
    let (fd, command, argument) = match call.arguments.as_slice() {
        [fd, command] => (fd, command, 0),
        [fd, command, argument] => (fd, command, int(argument)?),
        _ => return Err(Error::malformed(call.at, "`fcntl` was expected with 2 or 3 arguments")),
    };
    Ok((Syscall::Fcntl(int(fd)?, int(command)?, argument), Wanted::Nothing))
}

fn ioctl(call: &Call) -> Made {
    match call.arguments.as_slice() {
        [fd, request] => Ok((Syscall::Ioctl(int(fd)?, integer(request)?), Wanted::Nothing)),
        [fd, request, value] => {
            let wanted = Wanted::Number(values::bracketed(value)?);
            Ok((Syscall::Ioctl(int(fd)?, integer(request)?), wanted))
        }
        _ => Err(Error::malformed(call.at, "`ioctl` was expected with 2 or 3 arguments")),
    }
}

fn set_option(call: &Call) -> Made {
    let [fd, level, name, value, len] = arguments(call)?;
    let (level, name) = (int(level)?, int(name)?);
    let mut octets = match &value.value {
        Value::List(_) => (values::bracketed(value)? as i32).to_le_bytes().to_vec(),
        Value::Text(text) => text.clone(),
        Value::Struct(_) if values::has(value, "onoff") => {
            let on = int(values::needed(value, "onoff")?)?;
            let linger = int(values::needed(value, "linger")?)?;
            [on.to_le_bytes(), linger.to_le_bytes()].concat()
        }
        _ => return Err(Error::unsupported(value.at, "an option with a value of this kind")),
    };
    let len = option_len(integer(len)?, len)?;
    octets.resize(len, 0);
    Ok((Syscall::SetOption { fd: int(fd)?, level, name, value: octets }, Wanted::Nothing))
}

fn option_len(number: i64, expr: &Expr) -> Result<usize, Error> {
    match number {
        0..=OPTION_MAX => Ok(number as usize),
        _ => Err(Error::malformed(expr.at, format!("a length up to {OPTION_MAX} was expected"))),
    }
}

fn get_option(call: &Call) -> Made {
    let [fd, level, name, value, len_of] = arguments(call)?;
    let len = option_len(values::bracketed(len_of)?, len_of)?;
    let wanted = match &value.value {
        Value::Text(text) => Wanted::Octets(text.clone(), Shown::Text),
        Value::List(_) if len == INT => {
            let number = values::bracketed(value)? as i32;
            Wanted::Octets(number.to_le_bytes().to_vec(), Shown::Number)
        }
        Value::List(_) => {
            return Err(Error::malformed(
                len_of.at,
                "`[4]` was expected, as the option is a number",
            ));
        }
        _ => return Err(Error::unsupported(value.at, "an option with a value of this kind")),
    };
    let (level, name) = (int(level)?, int(name)?);
    Ok((Syscall::GetOption { fd: int(fd)?, level, name, len }, wanted))
}

fn poll(call: &Call) -> Made {
    let [list, count, timeout] = arguments(call)?;
    let entries = values::list(list)?;
    if integer(count)? != entries.len() as i64 {
        let says = format!("{} was expected, as there are so many descriptors", entries.len());
        return Err(Error::malformed(count.at, says));
    }
    let mut asked = Vec::new();
    let mut ready = Vec::new();
    for entry in entries {
        let events = int(values::needed(entry, "events")?)?;
        asked.push((int(values::needed(entry, "fd")?)?, events));
        ready.push(values::field(entry, "revents")?.map_or(Ok(0), int)?);
    }
    Ok((Syscall::Poll(asked, integer(timeout)?), Wanted::Ready(ready)))
}

fn epoll_event(expr: &Expr) -> Result<(u32, u64), Error> {
    let events = int(values::needed(expr, "events")?)? as u32;
    for name in ["fd", "ptr", "u32", "u64"] {
        if let Some(data) = values::field(expr, name)? {
            return Ok((events, integer(data)? as u64));
        }
    }
    Err(Error::malformed(expr.at, "one of fd=, ptr=, u32= and u64= was expected"))
}

fn epoll_control(call: &Call) -> Made {
    let [epoll, operation, fd, event] = arguments(call)?;
    let syscall = Syscall::EpollControl {
        epoll: int(epoll)?,
        operation: int(operation)?,
        fd: int(fd)?,
        event: epoll_event(event)?,
    };
    Ok((syscall, Wanted::Nothing))
}

fn epoll_wait(call: &Call) -> Made {
    let [epoll, event, most, timeout] = arguments(call)?;
    let (events, data) = epoll_event(event)?;
    let syscall = Syscall::EpollWait(int(epoll)?, int(most)?, integer(timeout)?);
    Ok((syscall, Wanted::Event(events, data)))
}

fn pipe(call: &Call) -> Made {
    let [ends] = arguments(call)?;
    match values::list(ends)? {
        [from, to] => Ok((Syscall::Pipe, Wanted::Ends(int(from)?, int(to)?))),
        _ => Err(Error::malformed(ends.at, "two descriptors were expected: `[5, 6]`")),
    }
}

fn splice(call: &Call) -> Made {
    let [from, offset_in, to, offset_out, len, flags] = arguments(call)?;
    for offset in [offset_in, offset_out] {
        if integer(offset)? != 0 {
            return Err(Error::unsupported(offset.at, "splice with an offset"));
        }
    }
    let len = values::len(len)?;
    let syscall = Syscall::Splice { from: int(from)?, to: int(to)?, len, flags: int(flags)? };
    Ok((syscall, Wanted::Nothing))
}
