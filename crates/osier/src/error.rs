//! As which `io::Error` does a program see what a host answers?
//!
//! The error numbers are those of Linux, so that kind, number and text are what `tokio::net` gives.

use osier_host::Error;
use osier_tcp::Ending;
use rustix::io::Errno;
use std::io;

/// Why a verb of the host was refused.
pub(crate) fn refused(error: Error) -> io::Error {
    let errno = match error {
        Error::AddrInUse => Errno::ADDRINUSE,
        Error::AddrNotAvailable => Errno::ADDRNOTAVAIL,
        Error::NetworkUnreachable => Errno::NETUNREACH,
        Error::NotConnected | Error::NoSuchSocket => Errno::NOTCONN,
        Error::BrokenPipe => Errno::PIPE,
        Error::InvalidInput => Errno::INVAL,
        Error::ConnectionRefused => Errno::CONNREFUSED,
        Error::LimitReached => Errno::NOBUFS,
        Error::WouldBlock => Errno::AGAIN,
        Error::MessageTooLong => Errno::MSGSIZE,
        Error::Ended(ending) => return ended(ending),
    };
    errno.into()
}

/// How a connection ended, told to the first call that meets it.
pub(crate) fn ended(ending: Ending) -> io::Error {
    let errno = match ending {
        Ending::InOrder => Errno::PIPE,
        Ending::Reset => Errno::CONNRESET,
        Ending::Refused => Errno::CONNREFUSED,
        Ending::TimedOut => Errno::TIMEDOUT,
        Ending::Aborted => Errno::CONNABORTED,
        Ending::Unreachable => Errno::HOSTUNREACH,
    };
    errno.into()
}

/// How an attempt to connect failed.
pub(crate) fn not_connected(ending: Ending) -> io::Error {
    match ending {
        // RFC 9293 §3.10.7.3: a RST that answers our SYN says "connection reset" there; everybody's
        // sockets call it refused.
        Ending::Reset => Errno::CONNREFUSED.into(),
        Ending::InOrder => Errno::CONNABORTED.into(),
        other => ended(other),
    }
}

/// Nothing can be done now.
pub(crate) fn would_block() -> io::Error {
    Errno::AGAIN.into()
}

#[cfg(test)]
mod tests {
    use super::{not_connected, refused};
    use osier_host::Error;
    use osier_tcp::Ending;
    use std::io::ErrorKind;

    #[test]
    fn kinds_are_those_of_the_kernels_sockets() {
        assert_eq!(refused(Error::AddrInUse).kind(), ErrorKind::AddrInUse);
        assert_eq!(refused(Error::WouldBlock).kind(), ErrorKind::WouldBlock);
        assert_eq!(refused(Error::BrokenPipe).kind(), ErrorKind::BrokenPipe);
        assert_eq!(refused(Error::Ended(Ending::Reset)).kind(), ErrorKind::ConnectionReset);
        assert_eq!(not_connected(Ending::Reset).kind(), ErrorKind::ConnectionRefused);
        assert_eq!(not_connected(Ending::Unreachable).kind(), ErrorKind::HostUnreachable);
    }
}
