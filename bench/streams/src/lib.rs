//! The work over tokio's streams, for stacks that have nothing else: one runtime in one thread, a
//! link in memory, and at its other end always the same client, osier's own sockets.
//!
//! A server implements [`Server`]. What is measured is the client, too; it is the same for all.
#![forbid(unsafe_code)]

use bench_work::{Checker, Checksums, Link, Payload, Peer, READ, Sockets, Stop, Task, WRITTEN};
use bench_work::{Work, pattern};
use osier::device::mem::{Mem, pair};
use osier::device::{Medium, Properties};
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Where the server listens.
pub const SERVER: ([u8; 4], u16) = ([10, 71, 0, 2], 7);

/// The server's end: another stack's streams over one end of a link in memory.
pub trait Server: Sized {
    /// Its word on the command line.
    const NAME: &'static str;
    /// Work that it cannot do, and why.
    const CANNOT: Option<(Work, &'static str)> = None;
    /// An accepted connection.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// Name, version and configuration.
    fn describe() -> String;

    /// Begins on this end of the link; called inside the runtime.
    fn begin(device: Mem, mtu: u16) -> io::Result<Self>;

    /// The next connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Stream>>;
}

/// Both ends, and a connection for all work but crr.
pub struct Bench<S: Server> {
    runtime: tokio::runtime::Runtime,
    ends: Ends<S>,
    task: Task,
}

struct Ends<S: Server> {
    client: osier::Stack,
    server: S,
    streams: Option<(osier::TcpStream, S::Stream)>,
    /// Connections that say nothing.
    _idle: Vec<(osier::TcpStream, S::Stream)>,
    text: Vec<u8>,
    checker: Checker,
    moved: u64,
}

impl<S: Server> Peer for Bench<S> {
    const NAME: &'static str = S::NAME;
    const SOCKETS: Sockets = Sockets::Tokio;

    fn describe() -> String {
        S::describe()
    }

    fn begin(task: &Task) -> Result<Self, Stop> {
        if task.checksums == Checksums::Off || task.link == Link::Whole {
            return Err(Stop::Cannot("over plain links only".to_owned()));
        }
        if let Some((_, why)) = S::CANNOT.filter(|(work, _)| *work == task.work) {
            return Err(Stop::Cannot(why.to_owned()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(wrong)?;
        let ends = runtime.block_on(prepare(task)).map_err(wrong)?;
        Ok(Bench { runtime, ends, task: *task })
    }

    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop> {
        let Bench { runtime, ends, task } = self;
        let done = match task.work {
            Work::Bulk => runtime.block_on(ends.stream_in(units, payload)),
            Work::Out => runtime.block_on(ends.stream_out(units, payload)),
            Work::Rr => runtime.block_on(ends.exchanges(units)),
            Work::Crr => runtime.block_on(ends.connections(units)),
        };
        done.map_err(wrong)
    }
}

fn wrong(error: io::Error) -> Stop {
    Stop::Wrong(error.to_string())
}

async fn prepare<S: Server>(task: &Task) -> io::Result<Ends<S>> {
    let (here, there) = pair(Properties::plain(Medium::Ip, usize::from(task.mtu)));
    let address = "10.71.0.1/24".parse().map_err(|_| io::Error::other("an address"))?;
    let client = osier::Stack::builder().device(here).address(address).seed(1).build()?;
    let server = S::begin(there, task.mtu)?;
    let (text, checker) = (pattern(), Checker::default());
    let mut ends =
        Ends { client, server, streams: None, _idle: Vec::new(), text, checker, moved: 0 };
    for _ in 0..task.idle {
        let idle = ends.open().await?;
        ends._idle.push(idle);
    }
    if task.work != Work::Crr {
        ends.streams = Some(ends.open().await?);
    }
    Ok(ends)
}

impl<S: Server> Ends<S> {
    /// A connection. A byte is said on it: some stacks tell of one only then.
    async fn open(&mut self) -> io::Result<(osier::TcpStream, S::Stream)> {
        let mut client = self.client.tcp_connect(SocketAddr::from(SERVER)).await?;
        client.set_nodelay(true)?;
        client.write_all(&[0]).await?;
        let mut server = self.server.accept().await?;
        server.read_exact(&mut [0]).await?;
        Ok((client, server))
    }

    async fn stream_in(&mut self, bytes: u64, payload: Payload) -> io::Result<()> {
        let Ends { streams, text, checker, moved, .. } = self;
        let (client, server) = streams.as_mut().expect("they are there for all but crr");
        let (sent, received) = tokio::join!(
            send(client, text, *moved, bytes),
            receive(server, bytes, payload, checker)
        );
        *moved += bytes;
        sent.and(received)
    }

    async fn stream_out(&mut self, bytes: u64, payload: Payload) -> io::Result<()> {
        let Ends { streams, text, checker, moved, .. } = self;
        let (client, server) = streams.as_mut().expect("they are there for all but crr");
        let (sent, received) = tokio::join!(
            send(server, text, *moved, bytes),
            receive(client, bytes, payload, checker)
        );
        *moved += bytes;
        sent.and(received)
    }

    async fn exchanges(&mut self, count: u64) -> io::Result<()> {
        let (client, server) = self.streams.as_mut().expect("they are there for all but crr");
        for n in 0..count {
            exchange(client, server, n as u8).await?;
        }
        Ok(())
    }

    async fn connections(&mut self, count: u64) -> io::Result<()> {
        for n in 0..count {
            let mut client = self.client.tcp_connect(SocketAddr::from(SERVER)).await?;
            client.set_nodelay(true)?;
            client.write_all(&[n as u8]).await?;
            let mut server = self.server.accept().await?;
            hear(&mut server, n as u8).await?;
            server.write_all(&[!(n as u8)]).await?;
            server.flush().await?;
            hear(&mut client, !(n as u8)).await?;
            client.shutdown().await?;
            if server.read(&mut [0; 16]).await? != 0 {
                return Err(io::Error::other("text after the end"));
            }
            // The end of the server's side: who read to the end and lets go, closes.
            drop(server);
            if client.read(&mut [0; 16]).await? != 0 {
                return Err(io::Error::other("text after the end"));
            }
        }
        Ok(())
    }
}

async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    text: &[u8],
    from: u64,
    bytes: u64,
) -> io::Result<()> {
    let mut at = from;
    while at < from + bytes {
        let begin = (at % WRITTEN as u64) as usize;
        let left = usize::try_from(from + bytes - at).unwrap_or(usize::MAX);
        let end = WRITTEN.min(begin.saturating_add(left));
        at += to.write(&text[begin..end]).await? as u64;
    }
    to.flush().await
}

async fn receive(
    from: &mut (impl AsyncRead + Unpin),
    bytes: u64,
    payload: Payload,
    checker: &mut Checker,
) -> io::Result<()> {
    let mut buffer = vec![0; READ];
    let mut left = bytes;
    while left > 0 {
        let len = from.read(&mut buffer).await?;
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if payload == Payload::Verified {
            checker.take(&buffer[..len]).map_err(io::Error::other)?;
        }
        left -= len as u64;
    }
    Ok(())
}

async fn exchange(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    server: &mut (impl AsyncRead + AsyncWrite + Unpin),
    byte: u8,
) -> io::Result<()> {
    client.write_all(&[byte]).await?;
    hear(server, byte).await?;
    server.write_all(&[!byte]).await?;
    server.flush().await?;
    hear(client, !byte).await
}

async fn hear(from: &mut (impl AsyncRead + Unpin), byte: u8) -> io::Result<()> {
    let mut heard = [0];
    from.read_exact(&mut heard).await?;
    if heard[0] == byte { Ok(()) } else { Err(io::Error::other("another byte")) }
}
