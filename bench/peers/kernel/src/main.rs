//! The kernel's TCP at the work of `osier bench`: BSD sockets over loopback, for orientation.
//!
//! Loopback hands super-segments over whole and sums nothing, and each call is a system call: it is
//! another kind of work than the others do. An MTU is said by TCP_MAXSEG.
#![forbid(unsafe_code)]

mod veth;

use bench_work::{
    Between, Checker, Checksums, Link, Payload, Peer, READ, Stop, Task, TimeWait, WRITTEN, Work,
    pattern,
};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};

/// Connections in TIME-WAIT hold a port towards one address: as many addresses are used in turn.
const ADDRESSES: u32 = 200;

/// Descriptors for what is not a connection.
const OTHERS: usize = 32;

/// IPv4's and TCP's headers.
const HEADERS: u16 = 40;

/// What TCP_MAXSEG takes at most; beyond it loopback's own MTU of 65,536 decides.
const MSS_MAX: u16 = 32_767;

/// The congestion control of the sockets: that of osier.
const CONGESTION: &str = "cubic";

struct Kernel {
    task: Task,
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
    /// Connections that say nothing.
    _idle: Vec<(TcpStream, TcpStream)>,
    /// How many connections were made.
    made: u32,
    text: Vec<u8>,
    buffer: Vec<u8>,
    written: u64,
    read: u64,
    checker: Checker,
}

/// Over loopback, or over a veth pair.
enum Either {
    Loopback(Box<Kernel>),
    /// Begun with the first work, which says whether it is looked at.
    Veth(Task, Option<veth::Veth>),
}

impl Peer for Either {
    const NAME: &'static str = "kernel";
    const BETWEEN: &'static [Between] = &[Between::Memory, Between::Device];

    fn describe() -> String {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        format!(
            "kernel: Linux {} over loopback, for orientation: TSO and no checksums, {CONGESTION} \
             where it may be chosen, buffers as it tunes them, system calls; TIME-WAIT as it keeps \
             it; over a veth pair where others have a TUN, CUBIC; no part of `the best of the \
             others`",
            release.trim()
        )
    }

    fn begin(task: &Task) -> Result<Either, Stop> {
        match task.between {
            Between::Memory => Ok(Either::Loopback(Box::new(Kernel::begin(task)?))),
            Between::Device if [Work::Bulk, Work::Out].contains(&task.work) => {
                Ok(Either::Veth(*task, None))
            }
            Between::Device => Err(Stop::Cannot("streams only".to_owned())),
        }
    }

    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop> {
        match self {
            Either::Loopback(kernel) => kernel.advance(units, payload),
            Either::Veth(_, Some(veth)) => veth.advance(units),
            Either::Veth(task, none) => {
                none.insert(veth::Veth::new(task, payload, units)?).advance(units)
            }
        }
    }

    fn processes(&self) -> Vec<u32> {
        match self {
            Either::Veth(_, Some(veth)) => veth.processes(),
            Either::Loopback(_) | Either::Veth(..) => Vec::new(),
        }
    }
}

impl Kernel {
    fn begin(task: &Task) -> Result<Kernel, Stop> {
        if task.checksums == Checksums::Off || task.link == Link::Whole {
            return Err(Stop::Cannot("loopback is always so: see the row before".to_owned()));
        }
        if task.time_wait == TimeWait::Dropped {
            return Err(Stop::Cannot("it keeps TIME-WAIT".to_owned()));
        }
        let (wanted, limit) = (2 * task.idle as usize + OTHERS, descriptors());
        if limit < wanted {
            let why = format!("{wanted} descriptors are needed, and ulimit -n says {limit}");
            return Err(Stop::Cannot(why));
        }
        prepare(task).map_err(wrong)
    }

    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop> {
        match self.task.work {
            Work::Bulk | Work::Out => self.bulk(units, payload),
            Work::Rr => (0..units).try_for_each(|n| self.exchange(n as u8).map_err(wrong)),
            Work::Crr => (0..units).try_for_each(|n| self.connection(n as u8).map_err(wrong)),
        }
    }
}

fn main() -> std::process::ExitCode {
    bench_devices::be_far().unwrap_or_else(bench_work::main::<Either>)
}

fn wrong(error: io::Error) -> Stop {
    Stop::Wrong(error.to_string())
}

/// The soft limit of open files.
fn descriptors() -> usize {
    let text = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    soft.unwrap_or(1024)
}

fn prepare(task: &Task) -> io::Result<Kernel> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let port = listener.local_addr()?.port();
    let open = |made| -> io::Result<(TcpStream, TcpStream)> {
        let client = connect(task.mtu, made, port)?;
        Ok((client, listener.accept()?.0))
    };
    let idle = (0..task.idle).map(open).collect::<io::Result<Vec<_>>>()?;
    let (client, server) = open(task.idle)?;
    if task.work == Work::Bulk {
        client.set_nonblocking(true)?;
        server.set_nonblocking(true)?;
    }
    let (text, buffer, checker) = (pattern(), vec![0; READ], Checker::default());
    let (made, written, read) = (task.idle + 1, 0, 0);
    let (task, _idle) = (*task, idle);
    Ok(Kernel { task, listener, client, server, _idle, made, text, buffer, written, read, checker })
}

/// A connection to the next of the loopback addresses.
fn connect(mtu: u16, made: u32, port: u16) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if mtu - HEADERS <= MSS_MAX {
        socket.set_tcp_mss(u32::from(mtu - HEADERS))?;
    }
    // Where it may not be chosen it is the system's.
    let _ = socket.set_tcp_congestion(CONGESTION.as_bytes());
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + made % ADDRESSES);
    socket.connect(&SockAddr::from(SocketAddr::from((address, port))))?;
    Ok(socket.into())
}

impl Kernel {
    fn bulk(&mut self, bytes: u64, payload: Payload) -> Result<(), Stop> {
        let target = self.read + bytes;
        while self.read < target {
            let from = (self.written % WRITTEN as u64) as usize;
            let wanted = usize::try_from(target - self.written).unwrap_or(usize::MAX);
            let text = &self.text[from..WRITTEN.min(from.saturating_add(wanted))];
            if !text.is_empty() {
                self.written += no_wait(self.client.write(text)).map_err(wrong)? as u64;
            }
            let len = no_wait(self.server.read(&mut self.buffer)).map_err(wrong)?;
            if payload == Payload::Verified {
                self.checker.take(&self.buffer[..len]).map_err(Stop::Wrong)?;
            }
            self.read += len as u64;
        }
        Ok(())
    }

    fn exchange(&mut self, byte: u8) -> io::Result<()> {
        exchange(&mut self.client, &mut self.server, byte)
    }

    fn connection(&mut self, byte: u8) -> io::Result<()> {
        let port = self.listener.local_addr()?.port();
        self.made = self.made.wrapping_add(1);
        let mut client = connect(self.task.mtu, self.made, port)?;
        let mut server = self.listener.accept()?.0;
        exchange(&mut client, &mut server, byte)?;
        client.shutdown(Shutdown::Write)?;
        if server.read(&mut [0; 16])? != 0 {
            return Err(io::Error::other("text after the end"));
        }
        Ok(())
    }
}

/// Nothing done where it would have to be waited for.
fn no_wait(done: io::Result<usize>) -> io::Result<usize> {
    match done {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        done => done,
    }
}

fn exchange(client: &mut TcpStream, server: &mut TcpStream, byte: u8) -> io::Result<()> {
    let mut heard = [0];
    client.write_all(&[byte])?;
    server.read_exact(&mut heard)?;
    let there = heard[0];
    server.write_all(&[!byte])?;
    client.read_exact(&mut heard)?;
    if (there, heard[0]) == (byte, !byte) { Ok(()) } else { Err(io::Error::other("another byte")) }
}
