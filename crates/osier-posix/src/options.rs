//! What do socket options do? (socket(7), tcp(7), ip(7))
//!
//! What was set is kept with the socket, inherited by what it accepts, and told to the connection
//! once there is one. Names and numbers are in `names.rs`.

use crate::errno::Errno;
use crate::files::{Family, Fd, Stage, What};
use crate::names::{Name, congestion_name};
use crate::posix::Posix;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use osier_host::{ConnectionId, CookieKeys, ListenerId};
use osier_tcp::{Algorithm, Cork, KeepAlive, Nagle, TcpInfo};
use osier_time::{Duration, Instant};

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Int(i32),
    /// Of SO_LINGER: `None` is off.
    Linger(Option<Duration>),
    /// Of SO_RCVTIMEO and SO_SNDTIMEO: zero is for ever.
    Time(Duration),
    /// Of TCP_CONGESTION.
    Text(String),
    /// Of TCP_FASTOPEN_KEY: one key of 16 octets, or two.
    Octets(Vec<u8>),
    /// Of TCP_INFO.
    Info(Box<TcpInfo>),
}

/// The least that SO_SNDBUF and SO_RCVBUF make of themselves, doubled (Linux).
const SEND_BUFFER_MIN: i32 = 4_608;
const RECEIVE_BUFFER_MIN: i32 = 2_304;

/// `tcpi_state` of a socket without a connection.
const CLOSED: u8 = 7;
const LISTEN: u8 = 10;

/// What a user has set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    set: BTreeMap<Name, Value>,
}

impl Options {
    /// The number that was set, or that is so before.
    pub(crate) fn int(&self, name: Name) -> i32 {
        match self.set.get(&name) {
            Some(Value::Int(n)) => *n,
            _ => name.first().unwrap_or(0),
        }
    }

    pub(crate) fn is_on(&self, name: Name) -> bool {
        self.int(name) != 0
    }

    /// Whether bound addresses may be shared with sockets that do not listen.
    pub(crate) fn reuses_addresses(&self) -> bool {
        self.is_on(Name::ReuseAddr)
    }

    /// Whether it was set.
    pub(crate) fn has(&self, name: Name) -> bool {
        self.set.contains_key(&name)
    }

    /// The keys of Fast Open that were set.
    pub(crate) fn fast_open_keys(&self) -> Option<CookieKeys> {
        let Some(Value::Octets(octets)) = self.set.get(&Name::FastOpenKey) else { return None };
        let (current, previous) = octets.split_first_chunk()?;
        Some(CookieKeys { current: *current, previous: previous.try_into().ok() })
    }

    fn keep_alive(&self) -> Option<KeepAlive> {
        let seconds = |name| Duration::from_secs(u64::try_from(self.int(name)).unwrap_or(0));
        self.is_on(Name::KeepAlive).then(|| KeepAlive {
            idle: seconds(Name::KeepIdle),
            interval: seconds(Name::KeepInterval),
            probes: u8::try_from(self.int(Name::KeepCount)).unwrap_or(u8::MAX),
        })
    }

    fn user_timeout(&self) -> Option<Duration> {
        let millis = u64::try_from(self.int(Name::UserTimeout)).unwrap_or(0);
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    /// TCP_MAXSEG, where it was set: 0 takes it back.
    fn max_segment(&self) -> Option<u16> {
        u16::try_from(self.int(Name::MaxSeg)).ok().filter(|octets| *octets > 0)
    }

    fn linger(&self) -> Option<Duration> {
        match self.set.get(&Name::Linger) {
            Some(Value::Linger(time)) => *time,
            _ => None,
        }
    }
}

impl Posix {
    /// `setsockopt(2)`.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] where the value cannot be, [`Errno::ENOPROTOOPT`] where the option cannot
    /// be set, [`Errno::EBADF`].
    pub fn setsockopt(
        &mut self,
        now: Instant,
        fd: Fd,
        name: Name,
        value: Value,
    ) -> Result<(), Errno> {
        let value = judged(name, value)?;
        if name == Name::Congestion && algorithm(&value).is_none() {
            return Err(Errno::ENOENT);
        }
        if let (What::Tcp(tcp), Value::Int(n)) = (&self.files.get(fd)?.what, &value) {
            self.judge_fast_open(tcp, name, *n)?;
        }
        let (options, id) = match &mut self.files.get_mut(fd)?.what {
            What::Udp(udp) => (&mut udp.options, None),
            What::Epoll(_) => return Err(Errno::ENOTSOCK),
            What::Tcp(tcp) => {
                let id = tcp.connection();
                (&mut tcp.options, id)
            }
        };
        options.set.insert(name, value);
        let options = options.clone();
        if let What::Tcp(tcp) = &self.files.get(fd)?.what
            && let Stage::Listening(listener) = tcp.stage
        {
            self.apply_to_listener(listener, &options);
        }
        if let Some(id) = id {
            self.apply(now, id, &options);
        }
        Ok(())
    }

    /// Tells a listener what its socket's user has set.
    pub(crate) fn apply_to_listener(&mut self, id: ListenerId, options: &Options) {
        self.apply_fast_open(id, options);
        // It does not fail but for a listener that is gone.
        let _ = self.host.set_max_segment_of(id, options.max_segment());
    }

    /// `getsockopt(2)`.
    ///
    /// # Errors
    /// [`Errno::ENOPROTOOPT`], [`Errno::ENOTCONN`], [`Errno::EBADF`].
    pub fn getsockopt(&mut self, now: Instant, fd: Fd, name: Name) -> Result<Value, Errno> {
        let known = match &self.files.get(fd)?.what {
            What::Udp(udp) => udp.options.set.get(&name),
            What::Epoll(_) => return Err(Errno::ENOTSOCK),
            What::Tcp(tcp) => tcp.options.set.get(&name),
        };
        if let Some(value) = known.filter(|_| name != Name::MaxSeg) {
            return Ok(value.clone());
        }
        match name {
            Name::Linger => Ok(Value::Linger(None)),
            Name::ReceiveTimeout | Name::SendTimeout => Ok(Value::Time(Duration::ZERO)),
            Name::Congestion => Ok(Value::Text(congestion_name(self.congestion(fd)?))),
            Name::FastOpenKey => Ok(Value::Octets(self.fast_open_key())),
            Name::Info => self.tcp_info(now, fd).map(|info| Value::Info(Box::new(info))),
            _ => self.number(now, fd, name).map(Value::Int),
        }
    }

    /// The congestion control of a connection, or what one starts with.
    fn congestion(&self, fd: Fd) -> Result<Algorithm, Errno> {
        let id = self.files.tcp(fd)?.connection();
        let of_connection = id.and_then(|id| self.host.congestion(id).ok());
        Ok(of_connection.unwrap_or(self.host.config().tcp.congestion))
    }

    /// The keys of the host, where it was given any.
    fn fast_open_key(&self) -> Vec<u8> {
        let Some(keys) = self.host.config().fast_open.keys else { return Vec::new() };
        keys.previous.map_or(keys.current.to_vec(), |old| [keys.current, old].concat())
    }

    fn number(&mut self, now: Instant, fd: Fd, name: Name) -> Result<i32, Errno> {
        let tcp = &self.host.config().tcp;
        let buffers = (tcp.send_buffer.first(), tcp.receive_buffer.first());
        let octets = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        let (family, stream) = match &self.files.get(fd)?.what {
            What::Udp(udp) => (udp.family, false),
            What::Epoll(_) => return Err(Errno::ENOTSOCK),
            What::Tcp(tcp) => (tcp.family, true),
        };
        Ok(match name {
            Name::Error => self.take_error(fd)?.map_or(0, Errno::number),
            Name::Type => 2 - i32::from(stream),
            Name::Protocol => {
                if stream {
                    6
                } else {
                    17
                }
            }
            Name::Domain => {
                if family == Family::Inet {
                    2
                } else {
                    10
                }
            }
            Name::AcceptConn => i32::from(matches!(self.files.tcp(fd)?.stage, Stage::Listening(_))),
            Name::SendBuffer => octets(buffers.0),
            Name::ReceiveBuffer => octets(buffers.1),
            Name::MaxSeg => self.max_seg(now, fd)?,
            _ => name.first().ok_or(Errno::ENOPROTOOPT)?,
        })
    }

    fn max_seg(&self, now: Instant, fd: Fd) -> Result<i32, Errno> {
        let tcp = self.files.tcp(fd)?;
        let info = tcp.connection().and_then(|id| self.host.tcp_info(id, now));
        // Linux: 536 before there is a connection.
        let first = || tcp.options.max_segment().map_or(536, i32::from);
        Ok(info.map_or_else(first, |info| info.snd_mss as i32))
    }

    fn take_error(&mut self, fd: Fd) -> Result<Option<Errno>, Errno> {
        match &mut self.files.get_mut(fd)?.what {
            What::Udp(_) => Ok(None),
            What::Epoll(_) => Err(Errno::ENOTSOCK),
            What::Tcp(tcp) => Ok(tcp.error.take()),
        }
    }

    /// The numbers of a connection.
    ///
    /// # Errors
    /// [`Errno::ENOTCONN`] of one that is gone, [`Errno::EOPNOTSUPP`], [`Errno::EBADF`].
    pub fn tcp_info(&self, now: Instant, fd: Fd) -> Result<TcpInfo, Errno> {
        let tcp = self.files.tcp(fd)?;
        let Some(id) = tcp.connection() else {
            let state = if matches!(tcp.stage, Stage::Listening(_)) { LISTEN } else { CLOSED };
            let (snd_cwnd, reordering) = (u32::from(self.host.config().tcp.initial_window), 3);
            return Ok(TcpInfo { state, snd_cwnd, reordering, ..TcpInfo::default() });
        };
        self.host.tcp_info(id, now).ok_or(Errno::ENOTCONN)
    }

    /// Tells a connection what its socket's user has set.
    pub(crate) fn apply(&mut self, now: Instant, id: ConnectionId, options: &Options) {
        let nagle = if options.is_on(Name::NoDelay) { Nagle::Off } else { Nagle::On };
        // None of these fails but for a connection that is gone.
        let _ = self.host.set_nagle(id, nagle);
        let _ = self.host.set_linger(id, options.linger());
        if let Some(octets) = options.max_segment() {
            let _ = self.host.set_max_segment(id, octets);
        }
        if options.set.contains_key(&Name::NotSentLow) {
            // Linux: 0 is what the host has, and a negative number is a large one.
            let octets = options.int(Name::NotSentLow) as u32;
            let _ = self.host.set_not_sent_low(id, Some(octets).filter(|octets| *octets > 0));
        }
        if options.set.contains_key(&Name::SynCount) {
            let retries = u8::try_from(options.int(Name::SynCount)).unwrap_or(u8::MAX);
            let _ = self.host.set_syn_retries(id, retries);
        }
        if options.set.contains_key(&Name::Cork) && nagle == Nagle::On {
            let cork = if options.is_on(Name::Cork) { Cork::In } else { Cork::Out };
            let _ = self.host.set_cork(id, cork);
        }
        if options.set.contains_key(&Name::KeepAlive) {
            let _ = self.host.set_keep_alive(now, id, options.keep_alive());
        }
        if options.set.contains_key(&Name::UserTimeout) {
            let _ = self.host.set_user_timeout(now, id, options.user_timeout());
        }
        if let Some(algorithm) = options.set.get(&Name::Congestion).and_then(algorithm) {
            let _ = self.host.set_congestion(now, id, algorithm);
        }
        if options.set.contains_key(&Name::MaxPacingRate) {
            let rate = u64::try_from(options.int(Name::MaxPacingRate)).ok();
            let _ = self.host.set_pacing_rate(id, rate);
        }
        // Half of what is kept is for the kernel's own overhead, as on Linux.
        let text = |name| u32::try_from(options.int(name) / 2).unwrap_or(0);
        for name in [Name::SendBuffer, Name::SendBufferForce] {
            if options.set.contains_key(&name) {
                let _ = self.host.set_send_buffer(id, text(name));
            }
        }
        for name in [Name::ReceiveBuffer, Name::ReceiveBufferForce] {
            if options.set.contains_key(&name) {
                let _ = self.host.set_receive_buffer(id, text(name));
            }
        }
        for name in [Name::Tos, Name::TrafficClass] {
            if options.set.contains_key(&name) {
                let _ = self.host.set_tos(id, options.int(name) as u8);
            }
        }
        for name in [Name::Ttl, Name::HopLimit] {
            if options.set.contains_key(&name) {
                let _ = self.host.set_hop_limit(id, options.int(name) as u8);
            }
        }
    }
}

/// The algorithm that TCP_CONGESTION names, where there is one of that name.
fn algorithm(value: &Value) -> Option<Algorithm> {
    match value {
        Value::Text(name) => name.trim_end_matches('\0').parse().ok(),
        Value::Int(_) | Value::Linger(_) | Value::Time(_) | Value::Info(_) | Value::Octets(_) => {
            None
        }
    }
}

/// The value as it is kept, where it can be one.
fn judged(name: Name, value: Value) -> Result<Value, Errno> {
    let within =
        |n: i32, least, most| if (least..=most).contains(&n) { Ok(n) } else { Err(Errno::EINVAL) };
    Ok(match (name, value) {
        (Name::Type | Name::Error | Name::AcceptConn | Name::Protocol | Name::Domain, _)
        | (Name::Info | Name::CongestionInfo | Name::Mtu, _) => return Err(Errno::ENOPROTOOPT),
        (Name::Linger, value @ Value::Linger(_)) => value,
        (Name::ReceiveTimeout | Name::SendTimeout, value @ Value::Time(_)) => value,
        (Name::Congestion, value @ Value::Text(_)) => value,
        (Name::FastOpenKey, Value::Octets(octets)) if matches!(octets.len(), 16 | 32) => {
            Value::Octets(octets)
        }
        (Name::SendBuffer | Name::SendBufferForce, Value::Int(n)) => {
            Value::Int(n.saturating_mul(2).max(SEND_BUFFER_MIN))
        }
        (Name::ReceiveBuffer | Name::ReceiveBufferForce, Value::Int(n)) => {
            Value::Int(n.saturating_mul(2).max(RECEIVE_BUFFER_MIN))
        }
        (Name::MaxSeg, Value::Int(0)) => Value::Int(0),
        (Name::MaxSeg, Value::Int(n)) => Value::Int(within(n, 88, 32_767)?),
        (Name::KeepIdle | Name::KeepInterval, Value::Int(n)) => Value::Int(within(n, 1, 32_767)?),
        (Name::KeepCount | Name::SynCount, Value::Int(n)) => Value::Int(within(n, 1, 127)?),
        (Name::UserTimeout, Value::Int(n)) => Value::Int(within(n, 0, i32::MAX)?),
        (Name::Ttl | Name::HopLimit, Value::Int(n)) => Value::Int(within(n, 1, 255)?),
        (Name::Tos | Name::TrafficClass, Value::Int(n)) => Value::Int(within(n, 0, 255)?),
        (Name::NoDelay | Name::Cork | Name::KeepAlive | Name::ReuseAddr, Value::Int(n)) => {
            Value::Int(i32::from(n != 0))
        }
        (_, value @ Value::Int(_)) => value,
        _ => return Err(Errno::EINVAL),
    })
}
