//! How is a terminal or a pipe joined to a TCP connection of osier?
//!
//! Standard input goes to the connection and the connection to standard output. The end of input
//! half-closes (FIN, RFC 9293 §3.6); it is over when both directions have ended.

use crate::attach::Network;
use crate::control::Served;
use crate::exit::{Failure, Outcome};
use crate::runtime::{self, Interrupts};
use bytes::{Bytes, BytesMut};
use osier::{Stack, TcpStream};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What may follow `osier nc`.
#[derive(Debug, clap::Args)]
#[command(override_usage = "osier nc --link LINK --addr CIDR [OPTIONS] HOST PORT\n       \
                            osier nc --link LINK --addr CIDR [OPTIONS] -l [ADDR] PORT")]
pub(crate) struct Args {
    #[command(flatten)]
    network: Network,
    /// Listen, and take the first connection
    #[arg(short, long)]
    listen: bool,
    /// Give up connecting, or waiting for a connection, after so many seconds
    #[arg(short = 'w', value_name = "SECS", value_parser = clap::value_parser!(u32).range(1..))]
    wait: Option<u32>,
    /// Where `osier ss` finds this stack
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    /// HOST PORT to connect to; with -l: [ADDR] PORT to listen at
    #[arg(value_name = "HOST PORT", required = true, num_args = 1..=2)]
    end: Vec<String>,
}

/// How long a connection that has ended in both directions may take to be acknowledged.
const CLOSING: Duration = Duration::from_secs(3);

/// The most that is read at once.
const CHUNK: usize = 256 * 1024;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Task {
    Listen(SocketAddr),
    Connect(String, u16),
}

pub(crate) fn run(args: &Args) -> Outcome {
    let task = task(args)?;
    let attached = args.network.attach()?;
    runtime::block_on(async {
        let stack = args.network.builder(attached.device).build()?;
        let mut interrupts = Interrupts::new()?;
        let link = args.network.link.to_string();
        let _control = Served::start(&stack, &link, args.control.as_deref())?;
        let outcome = tokio::select! {
            outcome = talk(&stack, args, &task) => outcome,
            ended = stack.closed() => ended.map_err(Failure::from),
            () = interrupts.next() => Err(Failure::interrupted()),
        };
        stack.shutdown(if outcome.is_ok() { CLOSING } else { Duration::ZERO }).await;
        outcome
    })
}

fn task(args: &Args) -> Result<Task, Failure> {
    let (host, port) = match &args.end[..] {
        [port] if args.listen => (None, port),
        [host, port] => (Some(host), port),
        _ => {
            return Err(Failure::usage("a port is missing")
                .remedy("write HOST PORT, or -l [ADDR] PORT to listen"));
        }
    };
    let port: u16 = port.parse().map_err(|_| {
        Failure::usage(format!("`{port}` is no port")).remedy("write a number from 1 to 65535")
    })?;
    let Some(host) = host.filter(|_| args.listen) else {
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        return Ok(host.map_or(Task::Listen(everywhere), |host| Task::Connect(host.clone(), port)));
    };
    let at: IpAddr = host.parse().map_err(|_| {
        Failure::usage(format!("`{host}` is no address"))
            .remedy("listen at an address of osier, or give the port alone")
    })?;
    Ok(Task::Listen((at, port).into()))
}

async fn talk(stack: &Stack, args: &Args, task: &Task) -> Outcome {
    let patience = args.wait.map_or(Duration::MAX, |secs| Duration::from_secs(secs.into()));
    let stream = match task {
        Task::Listen(at) => listen(stack, *at, patience).await?,
        Task::Connect(host, port) => connect(stack, host, *port, patience).await?,
    };
    let peer = stream.peer_addr()?;
    exchange(stream).await.map_err(|broken| broken.sentence(peer))
}

async fn connect(
    stack: &Stack,
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<TcpStream, Failure> {
    let found: Vec<SocketAddr> = resolve(host, port).await?;
    let mut last = None;
    for to in found {
        let attempt = tokio::time::timeout(patience, stack.tcp_connect(to)).await;
        match attempt.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(not_connected(&error, to)),
        }
    }
    Err(last.unwrap_or_else(|| Failure::not_so(format!("{host} has no address"))))
}

/// The operating system looks names up, not osier.
async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let found = tokio::net::lookup_host((host, port)).await.map_err(|error| {
        Failure::not_so(format!("{host} cannot be looked up: {error}"))
            .remedy("give an address: 10.71.0.1 or fd71::1")
    })?;
    Ok(found.collect())
}

async fn listen(stack: &Stack, at: SocketAddr, patience: Duration) -> Result<TcpStream, Failure> {
    let listener = stack.tcp_listen(at).map_err(|error| {
        let failure = Failure::refused(format!("cannot listen at {at}: {error}"));
        match error.kind() {
            io::ErrorKind::AddrNotAvailable => failure.remedy("listen at an --addr of osier"),
            _ => failure,
        }
    })?;
    match tokio::time::timeout(patience, listener.accept()).await {
        Ok(accepted) => Ok(accepted?.0),
        Err(_) => Err(Failure::not_so(format!("nobody connected to {at} in time"))),
    }
}

fn not_connected(error: &io::Error, to: SocketAddr) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused: nobody listens there".to_owned(),
        io::ErrorKind::TimedOut => "timed out: nobody answers".to_owned(),
        io::ErrorKind::HostUnreachable => {
            "unreachable: nobody on the link answers for it, or a router says so".to_owned()
        }
        io::ErrorKind::NetworkUnreachable => {
            let what = format!("no route leads to {}", to.ip());
            return Failure::not_so(what).remedy("name the next hop with --gateway");
        }
        _ => error.to_string(),
    };
    Failure::not_so(format!("the connection to {to} was {why}"))
}

/// What ended a connection before both directions were done.
#[derive(Debug)]
enum Broken {
    Connection(io::Error),
    Input(io::Error),
    Output(io::Error),
}

impl Broken {
    fn sentence(self, peer: SocketAddr) -> Failure {
        match self {
            Broken::Connection(error) => {
                let why = match error.kind() {
                    io::ErrorKind::ConnectionReset => "the peer reset it".to_owned(),
                    io::ErrorKind::TimedOut => "the peer has not answered for too long".to_owned(),
                    _ => error.to_string(),
                };
                Failure::not_so(format!("the connection to {peer} broke off: {why}"))
            }
            Broken::Input(error) => {
                Failure::refused(format!("the standard input cannot be read: {error}"))
            }
            Broken::Output(error) => {
                Failure::refused(format!("the standard output cannot be written: {error}"))
            }
        }
    }
}

/// Both directions, until both have ended or one is broken.
async fn exchange(stream: TcpStream) -> Result<(), Broken> {
    let (mut from, mut to) = stream.into_split();
    let incoming = async {
        let mut output = tokio::io::stdout();
        while let Some(chunk) = from.read_chunk(CHUNK).await.map_err(Broken::Connection)? {
            output.write_all(&chunk).await.map_err(Broken::Output)?;
            output.flush().await.map_err(Broken::Output)?;
        }
        Ok(())
    };
    let outgoing = async {
        let mut input = tokio::io::stdin();
        let mut buffer = BytesMut::with_capacity(CHUNK);
        loop {
            buffer.reserve(CHUNK);
            if input.read_buf(&mut buffer).await.map_err(Broken::Input)? == 0 {
                break;
            }
            let mut chunk: Bytes = buffer.split().freeze();
            to.write_chunk(&mut chunk).await.map_err(Broken::Connection)?;
        }
        to.shutdown().await.map_err(Broken::Connection)
    };
    tokio::try_join!(incoming, outgoing).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn read(words: &str) -> Result<Task, Failure> {
        let line = format!("nc --link tap:o0 --addr 10.0.0.2/24 {words}");
        task(&Line::try_parse_from(line.split_whitespace()).unwrap().args)
    }

    #[test]
    fn the_words_of_netcat_are_understood() {
        assert_eq!(read("10.0.0.1 80").unwrap(), Task::Connect("10.0.0.1".to_owned(), 80));
        assert_eq!(read("-l 80").unwrap(), Task::Listen("[::]:80".parse().unwrap()));
        let at = "10.0.0.2:80".parse().unwrap();
        assert_eq!(read("-l 10.0.0.2 80").unwrap(), Task::Listen(at));
    }

    #[test]
    fn what_is_not_understood_is_wrong_usage() {
        for words in ["80", "10.0.0.1 http", "-l 10.0.0.2 99999", "-l somewhere 80"] {
            assert_eq!(read(words).unwrap_err().code(), crate::exit::Code::Usage, "{words}");
        }
    }

    #[test]
    fn a_refusal_says_who_refused() {
        let to = "10.0.0.1:81".parse().unwrap();
        let failure = not_connected(&io::ErrorKind::ConnectionRefused.into(), to);
        let text = "the connection to 10.0.0.1:81 was refused: nobody listens there";
        assert_eq!(failure.to_string(), text);
        assert_eq!(failure.code(), crate::exit::Code::NotSo);
    }
}
