//! In which state is the kernel's end of a connection?
//!
//! Asked by sock_diag(7), as `ss` does: every TCP socket of this network namespace, those in
//! TIME-WAIT and the half-open ones of a listener included. The kernel answers from its tables at
//! the moment of the question; what is told is never guessed. Other protocols are not asked for.

use crate::error::{Error, ErrorKind};
use crate::netlink::{self, Family, NLM_F_DUMP, Request, attributes, field};
use osier_time::Duration;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const INET_DIAG_INFO: u16 = 2;
const IPPROTO_TCP: u8 = 6;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Bytes of `struct inet_diag_req_v2`.
const REQUEST_LEN: usize = 56;
/// Bytes of `struct inet_diag_msg`.
const ANSWER_LEN: usize = 72;

/// A TCP socket of the kernel, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelSocket {
    /// Its own address and port; an IPv4 one also where the socket is an IPv6 one.
    pub local: SocketAddr,
    /// The other end's; unspecified for a listener.
    pub remote: SocketAddr,
    /// Its state.
    pub state: KernelState,
    /// When its next timer expires, from now; in TIME-WAIT: how long it stays there.
    pub expires: Option<Duration>,
    /// What the kernel measures, where the socket is a full one (neither half-open nor in
    /// TIME-WAIT).
    pub measures: Option<Measures>,
}

/// What the kernel measures on a connection (`struct tcp_info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measures {
    /// The smoothed round-trip time.
    pub rtt: Duration,
    /// The congestion window, in segments.
    pub cwnd: u32,
}

/// The states of RFC 9293 §3.3.2, as the kernel has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum KernelState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Closed,
    CloseWait,
    LastAck,
    Listen,
    Closing,
}

impl fmt::Display for KernelState {
    /// The RFC's spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KernelState::Established => "ESTABLISHED",
            KernelState::SynSent => "SYN-SENT",
            KernelState::SynReceived => "SYN-RECEIVED",
            KernelState::FinWait1 => "FIN-WAIT-1",
            KernelState::FinWait2 => "FIN-WAIT-2",
            KernelState::TimeWait => "TIME-WAIT",
            KernelState::Closed => "CLOSED",
            KernelState::CloseWait => "CLOSE-WAIT",
            KernelState::LastAck => "LAST-ACK",
            KernelState::Listen => "LISTEN",
            KernelState::Closing => "CLOSING",
        })
    }
}

/// The kernel's TCP socket between these two; `None` where it has none (the RFC's CLOSED).
///
/// # Errors
/// The kernel does not answer such questions ([`ErrorKind::Unsupported`]), or not now.
pub fn find(local: SocketAddr, remote: SocketAddr) -> Result<Option<KernelSocket>, Error> {
    let mut found = None;
    each(Ports { local: local.port(), remote: remote.port() }, |socket| {
        if same(socket.local, local) && same(socket.remote, remote) {
            found = Some(socket);
        }
    })?;
    Ok(found)
}

/// Every TCP socket of this network namespace.
///
/// # Errors
/// As [`find`].
pub fn all() -> Result<Vec<KernelSocket>, Error> {
    let mut sockets = Vec::new();
    each(Ports { local: 0, remote: 0 }, |socket| sockets.push(socket))?;
    Ok(sockets)
}

/// Which sockets are asked for; 0 is any.
#[derive(Clone, Copy)]
struct Ports {
    local: u16,
    remote: u16,
}

/// An exact question would not find half-open sockets on all kernels, so we ask for all that have
/// these ports. IPv6 sockets may carry IPv4 connections: both families are asked.
fn each(ports: Ports, mut show: impl FnMut(KernelSocket)) -> Result<(), Error> {
    for family in [AF_INET, AF_INET6] {
        let request = Request::new(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &question(family, ports));
        let answer = netlink::ask(Family::SockDiag, request, |message| {
            socket(message.body).into_iter().for_each(&mut show);
        });
        match answer {
            // A kernel without IPv6 has no such table.
            Err(e) if family == AF_INET6 && e.kind() == io::ErrorKind::NotFound => (),
            other => other.map_err(refused)?,
        }
    }
    Ok(())
}

fn refused(e: io::Error) -> Error {
    let kind = match e.kind() {
        io::ErrorKind::NotFound => ErrorKind::Unsupported,
        io::ErrorKind::PermissionDenied => ErrorKind::NoPermission,
        _ => ErrorKind::Io,
    };
    Error::kernel(kind, "the kernel does not tell the state of its sockets", e)
        .remedy("load the module that does: sudo modprobe tcp_diag")
}

/// `struct inet_diag_req_v2`: TCP, all states, these ports, any address and socket.
fn question(family: u8, ports: Ports) -> [u8; REQUEST_LEN] {
    let mut bytes = [0; REQUEST_LEN];
    bytes[0] = family;
    bytes[1] = IPPROTO_TCP;
    bytes[2] = 1 << (INET_DIAG_INFO - 1);
    bytes[4..8].fill(0xff);
    bytes[8..10].copy_from_slice(&ports.local.to_be_bytes());
    bytes[10..12].copy_from_slice(&ports.remote.to_be_bytes());
    bytes[48..].fill(0xff);
    bytes
}

/// `struct inet_diag_msg`.
fn socket(body: &[u8]) -> Option<KernelSocket> {
    let rest = body.get(ANSWER_LEN..)?;
    let (family, state) = (body[0], state(body[1])?);
    let port = |at| field(body, at).map(u16::from_be_bytes);
    let local = SocketAddr::new(address(family, &body[8..24])?, port(4)?);
    let remote = SocketAddr::new(address(family, &body[24..40])?, port(6)?);
    let measures = attributes(rest)
        .find(|(kind, _)| *kind == INET_DIAG_INFO)
        .and_then(|(_, info)| measures(info));
    // idiag_timer says which timer; 0 is none. idiag_expires is in milliseconds.
    let millis = u32::from_ne_bytes(field(body, 52)?);
    let expires = (body[2] != 0).then(|| Duration::from_millis(millis.into()));
    Some(KernelSocket { local, remote, state, expires, measures })
}

fn address(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => Some(IpAddr::from(field::<4>(bytes, 0)?)),
        AF_INET6 => Some(IpAddr::from(field::<16>(bytes, 0)?).to_canonical()),
        _ => None,
    }
}

/// The numbers of the kernel's `include/net/tcp_states.h`.
fn state(number: u8) -> Option<KernelState> {
    Some(match number {
        1 => KernelState::Established,
        2 => KernelState::SynSent,
        // 12 is how the kernel calls a half-open socket that is still its listener's.
        3 | 12 => KernelState::SynReceived,
        4 => KernelState::FinWait1,
        5 => KernelState::FinWait2,
        6 => KernelState::TimeWait,
        7 => KernelState::Closed,
        8 => KernelState::CloseWait,
        9 => KernelState::LastAck,
        10 => KernelState::Listen,
        11 => KernelState::Closing,
        _ => return None,
    })
}

/// `struct tcp_info`: eight bytes, then words of 32 bits; `tcpi_rtt` is in microseconds.
fn measures(info: &[u8]) -> Option<Measures> {
    let word = |at| field(info, at).map(u32::from_ne_bytes);
    let rtt = Duration::from_micros(u64::from(word(68)?));
    Some(Measures { rtt, cwnd: word(80)? })
}

/// The same address and port, whatever the scope and however an IPv4 address is written.
fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test may wait for the kernel")]
mod tests {
    use super::*;
    use std::net::{Ipv6Addr, TcpListener, TcpStream};

    /// Waits until the kernel's socket between two addresses is in a state: even over the
    /// loopback a segment may be a moment under way.
    fn becomes(local: SocketAddr, remote: SocketAddr, state: Option<KernelState>) {
        let now = || find(local, remote).unwrap().map(|socket| socket.state);
        for _ in 0..5_000 {
            if now() == state {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(now(), state);
    }

    #[test]
    fn a_connection_is_followed_from_listen_to_time_wait() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let listening = all().unwrap().into_iter().find(|socket| socket.local == server);
        assert_eq!(listening.unwrap().state, KernelState::Listen);

        let stream = TcpStream::connect(server).unwrap();
        let client = stream.local_addr().unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let open = find(client, server).unwrap().unwrap();
        assert_eq!(open.state, KernelState::Established);
        assert!(open.measures.unwrap().cwnd > 0);
        becomes(server, client, Some(KernelState::Established));

        stream.shutdown(std::net::Shutdown::Write).unwrap();
        becomes(client, server, Some(KernelState::FinWait2));
        becomes(server, client, Some(KernelState::CloseWait));
        drop(accepted);
        drop(stream);
        becomes(client, server, Some(KernelState::TimeWait));
        let waits = find(client, server).unwrap().unwrap().expires.unwrap();
        assert!((30..=60).contains(&waits.as_secs()), "TIME-WAIT lasts {waits} more");
        becomes(server, client, None);
    }

    #[test]
    fn an_ipv4_connection_of_an_ipv6_socket_is_found_under_its_ipv4_addresses() {
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let Ok(listener) = TcpListener::bind(any) else { return };
        let server = SocketAddr::from(([127, 0, 0, 1], listener.local_addr().unwrap().port()));
        let stream = TcpStream::connect(server).unwrap();
        let client = stream.local_addr().unwrap();
        becomes(server, client, Some(KernelState::Established));
    }

    #[test]
    fn answers_cut_short_are_no_sockets() {
        let mut body = [0; ANSWER_LEN];
        (body[0], body[1]) = (AF_INET, 1);
        assert!(socket(&body).is_some());
        (0..ANSWER_LEN).for_each(|len| assert_eq!(socket(&body[..len]), None));
        body[1] = 13;
        assert_eq!(socket(&body), None);
    }
}
