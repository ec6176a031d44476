//! Which error does a program see? (errno(3), with the numbers of Linux)
//!
//! The host's own errors and the ways a connection ends become the numbers that a Linux kernel
//! would give. Nothing here decides when.

use osier_host::Error;
use osier_tcp::Ending;

macro_rules! errnos {
    ($( $(#[$doc:meta])* $name:ident = $number:literal; )*) => {
        /// An error number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(clippy::upper_case_acronyms, reason = "the names are those of errno.h")]
        pub enum Errno { $( $(#[$doc])* $name = $number, )* }

        impl Errno {
            /// All of them, by number.
            pub const ALL: &'static [Errno] = &[ $( Errno::$name, )* ];

            /// The name as `errno.h` writes it.
            pub const fn name(self) -> &'static str {
                match self { $( Errno::$name => stringify!($name), )* }
            }
        }
    };
}

errnos! {
    /// No such file or directory.
    ENOENT = 2;
    /// Interrupted system call.
    EINTR = 4;
    /// Bad file descriptor.
    EBADF = 9;
    /// Resource temporarily unavailable: the call would block.
    EAGAIN = 11;
    /// Cannot allocate memory.
    ENOMEM = 12;
    /// Bad address.
    EFAULT = 14;
    /// File exists.
    EEXIST = 17;
    /// Invalid argument.
    EINVAL = 22;
    /// Too many open files.
    EMFILE = 24;
    /// Inappropriate ioctl for device.
    ENOTTY = 25;
    /// Illegal seek.
    ESPIPE = 29;
    /// Broken pipe: we have closed our side.
    EPIPE = 32;
    /// Function not implemented.
    ENOSYS = 38;
    /// Too many levels of symbolic links: an epoll descriptor in itself.
    ELOOP = 40;
    /// Protocol error.
    EPROTO = 71;
    /// Socket operation on non-socket.
    ENOTSOCK = 88;
    /// Destination address required.
    EDESTADDRREQ = 89;
    /// Message too long.
    EMSGSIZE = 90;
    /// Protocol wrong type for socket.
    EPROTOTYPE = 91;
    /// Protocol not available: no such option.
    ENOPROTOOPT = 92;
    /// Protocol not supported.
    EPROTONOSUPPORT = 93;
    /// Socket type not supported.
    ESOCKTNOSUPPORT = 94;
    /// Operation not supported.
    EOPNOTSUPP = 95;
    /// Address family not supported by protocol.
    EAFNOSUPPORT = 97;
    /// Address already in use.
    EADDRINUSE = 98;
    /// Cannot assign requested address.
    EADDRNOTAVAIL = 99;
    /// Network is unreachable.
    ENETUNREACH = 101;
    /// Software caused connection abort.
    ECONNABORTED = 103;
    /// Connection reset by peer.
    ECONNRESET = 104;
    /// No buffer space available.
    ENOBUFS = 105;
    /// Transport endpoint is already connected.
    EISCONN = 106;
    /// Transport endpoint is not connected.
    ENOTCONN = 107;
    /// Connection timed out.
    ETIMEDOUT = 110;
    /// Connection refused.
    ECONNREFUSED = 111;
    /// No route to host.
    EHOSTUNREACH = 113;
    /// Operation already in progress.
    EALREADY = 114;
    /// Operation now in progress.
    EINPROGRESS = 115;
}

impl Errno {
    /// The number.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The error of a number.
    pub fn of_number(number: i32) -> Option<Errno> {
        Errno::ALL.iter().copied().find(|errno| errno.number() == number)
    }

    /// How a connection ended, as a pending error.
    pub(crate) const fn of_ending(ending: Ending) -> Errno {
        match ending {
            Ending::InOrder => Errno::EPIPE,
            Ending::Reset => Errno::ECONNRESET,
            Ending::Refused => Errno::ECONNREFUSED,
            Ending::TimedOut => Errno::ETIMEDOUT,
            Ending::Aborted => Errno::ECONNABORTED,
            Ending::Unreachable => Errno::EHOSTUNREACH,
        }
    }
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        match error {
            Error::AddrInUse => Errno::EADDRINUSE,
            Error::AddrNotAvailable => Errno::EADDRNOTAVAIL,
            Error::NetworkUnreachable => Errno::ENETUNREACH,
            Error::NotConnected => Errno::ENOTCONN,
            Error::BrokenPipe => Errno::EPIPE,
            Error::ConnectionRefused => Errno::ECONNREFUSED,
            Error::InvalidInput => Errno::EINVAL,
            Error::LimitReached => Errno::ENOBUFS,
            Error::WouldBlock => Errno::EAGAIN,
            Error::MessageTooLong => Errno::EMSGSIZE,
            Error::NoSuchSocket => Errno::EBADF,
            Error::Ended(ending) => Errno::of_ending(ending),
        }
    }
}

/// Why a call did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It failed.
    Errno(Errno),
    /// It would block. So many octets of it are done; the same call with the rest is to be made
    /// again when something has happened. Never of a non-blocking descriptor.
    Blocked(usize),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Stop::Errno(errno)
    }
}

/// What a call gives that may block.
pub type Call<T> = Result<T, Stop>;

#[cfg(test)]
mod tests {
    use super::Errno;

    #[test]
    fn numbers_and_names_are_those_of_linux() {
        assert_eq!(Errno::EINPROGRESS.number(), 115);
        assert_eq!(Errno::of_number(11), Some(Errno::EAGAIN));
        assert_eq!(Errno::of_number(11).map(Errno::name), Some("EAGAIN"));
        assert_eq!(Errno::of_number(0), None);
    }
}
