//! Through which doors does the runner reach a stack?
//!
//! One small trait: BSD sockets with `errno`, IP packets in and out, time, settings and `tcp_info`.
//! Whoever wants to run scripts against another stack writes these methods; numbers are those of
//! Linux on x86-64. A stack has a clock of its own: in virtual time it moves only in
//! [`Stack::wait`].

use osier_time::Instant;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A stack under test.
pub trait Stack {
    /// What time it is there.
    fn now(&self) -> Instant;

    /// Lets time pass until `until`, or until something has happened: a packet has left, or a call
    /// that was [`Outcome::Blocked`] may go on. May return earlier without a reason.
    fn wait(&mut self, until: Instant);

    /// An IP packet arrives.
    fn packet_in(&mut self, packet: &[u8]);

    /// The next IP packet that has left, and when.
    fn packet_out(&mut self) -> Option<(Instant, Vec<u8>)>;

    /// A program makes a call. After [`Outcome::Blocked`] the runner makes the same call again.
    fn call(&mut self, call: &Syscall) -> Outcome;

    /// Changes a setting, by its name under `/proc/sys`: `net.ipv4.tcp_sack`. Settings hold for
    /// connections that begin later.
    ///
    /// # Errors
    /// What is wrong with it, or that there is no such setting.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Refused>;

    /// `TCP_INFO` of a socket, by the names of Linux's `struct tcp_info` without `tcpi_`.
    ///
    /// # Errors
    /// `errno`.
    fn tcp_info(&mut self, fd: i32) -> Result<BTreeMap<&'static str, i64>, i32>;
}

/// Why a setting was not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The stack has no such setting, and scripts that need it cannot be judged.
    Unsupported,
    /// The value cannot be; the reason in words.
    Value(String),
}

/// A system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Syscall {
    /// `socket(2)`
    Socket {
        /// `AF_INET` or `AF_INET6`.
        domain: i32,
        /// `SOCK_STREAM` or `SOCK_DGRAM`, perhaps with `SOCK_NONBLOCK`.
        kind: i32,
        /// `IPPROTO_TCP`, `IPPROTO_UDP` or 0.
        protocol: i32,
    },
    /// `bind(2)`
    Bind(i32, SocketAddr),
    /// `listen(2)` with its backlog.
    Listen(i32, i32),
    /// `accept(2)`
    Accept(i32),
    /// `connect(2)`; to `AF_UNSPEC` without an address.
    Connect(i32, Option<SocketAddr>),
    /// `read(2)`, `readv(2)`, `recv(2)`, `recvfrom(2)`, `recvmsg(2)`.
    Receive {
        /// The socket.
        fd: i32,
        /// Where to.
        buffers: Buffers,
        /// `MSG_…`
        flags: i32,
        /// Which of them.
        form: Form,
    },
    /// `write(2)`, `writev(2)`, `send(2)`, `sendto(2)`, `sendmsg(2)`, all of zeros.
    Send {
        /// The socket.
        fd: i32,
        /// What.
        buffers: Buffers,
        /// `MSG_…`
        flags: i32,
        /// Which of them.
        form: Form,
        /// Where to, if it is said.
        to: Option<SocketAddr>,
    },
    /// `shutdown(2)`
    Shutdown(i32, i32),
    /// `close(2)`
    Close(i32),
    /// `fcntl(2)` with its command and argument.
    Fcntl(i32, i32, i32),
    /// `ioctl(2)` with its request.
    Ioctl(i32, i64),
    /// `setsockopt(2)`
    SetOption {
        /// The socket.
        fd: i32,
        /// `SOL_…`
        level: i32,
        /// `SO_…`, `TCP_…`
        name: i32,
        /// The octets of the value.
        value: Vec<u8>,
    },
    /// `getsockopt(2)`
    GetOption {
        /// The socket.
        fd: i32,
        /// `SOL_…`
        level: i32,
        /// `SO_…`, `TCP_…`
        name: i32,
        /// How many octets there is room for.
        len: usize,
    },
    /// `poll(2)`: descriptors with their events, and milliseconds (-1: for ever).
    Poll(Vec<(i32, i32)>, i64),
    /// `epoll_create(2)`
    EpollCreate(i32),
    /// `epoll_ctl(2)`
    EpollControl {
        /// The epoll descriptor.
        epoll: i32,
        /// `EPOLL_CTL_…`
        operation: i32,
        /// The descriptor to be watched.
        fd: i32,
        /// Events and data.
        event: (u32, u64),
    },
    /// `epoll_wait(2)`: how many events at most, and milliseconds (-1: for ever).
    EpollWait(i32, i32, i64),
    /// `pipe(2)`
    Pipe,
    /// `splice(2)` without offsets.
    Splice {
        /// From here.
        from: i32,
        /// To there.
        to: i32,
        /// So many octets at most.
        len: usize,
        /// `SPLICE_F_…`
        flags: i32,
    },
}

/// The memory that a call hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Buffers {
    /// Buffers of these lengths.
    Of(Vec<usize>),
    /// A null pointer with this length.
    Null(usize),
}

/// Which of several calls that do alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `read`, `write`
    Plain,
    /// `readv`, `writev`
    Vector,
    /// `recv`, `send`
    Flags,
    /// `recvfrom`, `sendto`
    Address,
    /// `recvmsg`, `sendmsg`
    Message,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It would wait.
    Blocked,
    /// It failed with this `errno`.
    Failed(i32),
    /// This way to the stack has no such call, and scripts that need it cannot be judged.
    Unsupported,
    /// It returned this, and gave that.
    Done(i64, Given),
}

/// What a call gives beside its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Given {
    /// Nothing.
    #[default]
    Nothing,
    /// A number: of `ioctl`.
    Number(i64),
    /// The octets of an option.
    Octets(Vec<u8>),
    /// What each descriptor of `poll` is ready for.
    Ready(Vec<i32>),
    /// Events and data of `epoll_wait`.
    Events(Vec<(u32, u64)>),
    /// The two ends of a pipe.
    Ends(i32, i32),
    /// Flags and control messages of `recvmsg`.
    Message {
        /// `MSG_…`
        flags: i32,
        /// In their order.
        control: Vec<Control>,
    },
}

/// A control message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// `SOL_…`
    pub level: i32,
    /// Its type.
    pub kind: i32,
    /// What it says.
    pub data: ControlData,
}

/// What a control message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlData {
    /// A number.
    Number(i64),
    /// `struct sock_extended_err`: errno, origin, type, code, info, data.
    ExtendedError([i64; 6]),
}
