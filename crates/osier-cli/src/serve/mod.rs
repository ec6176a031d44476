//! How does osier serve HTTP, echo and discard?
//!
//! On listeners of a stack of its own, on one thread with the driver. HTTP is axum's
//! (`serve/http.rs`), echo (RFC 862) and discard (RFC 863) are plain (`serve/plain.rs`). Each
//! service takes IPv4 and IPv6. Ctrl-C or SIGTERM closes connections in order; a second one does
//! not wait for that.

mod http;
mod page;
mod pattern;
mod plain;
mod start;

use crate::attach::Network;
use crate::control::Served;
use crate::exit::{Failure, Outcome};
use crate::runtime;
use osier::engine::{KeepAlive, Nagle};
use osier::time::Duration as Span;
use osier::{Config, Stack, TcpListener, UdpSocket};
use std::future::Future;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What may follow `osier serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    services: Services,
    /// Give up a connection whose peer has not acknowledged what we sent for so long, in seconds;
    /// a silent peer is asked for a sign of life after the same time
    #[arg(long, value_name = "SECS", default_value_t = 30, value_parser = at_least_one())]
    send_timeout: u32,
    /// Where `osier ss` finds this stack [default: in $XDG_RUNTIME_DIR/osier or /run/osier]
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
}

/// Which ports serve what. Nothing said: HTTP on port 80.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Services {
    /// HTTP: `/` tells of your connection, `/bytes/N` sends N bytes, `POST /sha256` hashes
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "80")]
    http: Option<u16>,
    /// Sends back what it receives, TCP and UDP (RFC 862)
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "7")]
    echo: Option<u16>,
    /// Throws away what it receives, TCP and UDP (RFC 863)
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "9")]
    discard: Option<u16>,
}

fn at_least_one() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

/// The port of HTTP where nothing was said.
const HTTP_PORT: u16 = 80;

/// How long Ctrl-C waits for requests that are being answered.
const ANSWERING: Duration = Duration::from_millis(1_500);

/// How long Ctrl-C then waits for the FINs of the peers.
const CLOSING: Duration = Duration::from_millis(1_500);

/// How often a silent peer is asked for a sign of life before it is given up.
const PROBES: u8 = 3;

pub(crate) fn run(args: &Args) -> Outcome {
    let attached = args.network.attach()?;
    let mac = attached.mac();
    start::announce_link(&args.network, &attached.steps);
    runtime::block_on(async {
        let stack = args.network.builder(attached.device).config(args.config());
        serve(args, stack.build()?, mac).await
    })
}

impl Args {
    /// Small answers leave at once, and a peer that vanished does not stay for ever.
    fn config(&self) -> Config {
        let mut config = self.network.profile.settings();
        let timeout = Span::from_secs(u64::from(self.send_timeout));
        config.tcp.nagle = Nagle::Off;
        config.tcp.user_timeout = Some(timeout);
        let interval = Span::from_micros(timeout.as_micros() / u64::from(PROBES));
        config.tcp.keep_alive = Some(KeepAlive { idle: timeout, interval, probes: PROBES });
        config
    }
}

impl Services {
    fn or_http(self) -> Services {
        match self {
            Services { http: None, echo: None, discard: None } => {
                Services { http: Some(HTTP_PORT), ..self }
            }
            some => some,
        }
    }
}

/// The sockets of all services, bound before any of them is used.
struct Bound {
    http: Option<TcpListener>,
    echo: Option<(TcpListener, UdpSocket)>,
    discard: Option<(TcpListener, UdpSocket)>,
}

impl Bound {
    fn all(stack: &Stack, services: Services) -> Result<Bound, Failure> {
        let http = services.http.map(|port| listen(stack, port, "--http")).transpose()?;
        let echo = services.echo.map(|port| both(stack, port, "--echo")).transpose()?;
        let discard = services.discard.map(|port| both(stack, port, "--discard")).transpose()?;
        Ok(Bound { http, echo, discard })
    }
}

fn both(stack: &Stack, port: u16, word: &str) -> Result<(TcpListener, UdpSocket), Failure> {
    Ok((listen(stack, port, word)?, datagrams(stack, port, word)?))
}

/// Every address of ours, of either version.
fn everywhere(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))
}

fn listen(stack: &Stack, port: u16, word: &str) -> Result<TcpListener, Failure> {
    stack.tcp_listen(everywhere(port)).map_err(|error| taken(&error, port, word))
}

fn datagrams(stack: &Stack, port: u16, word: &str) -> Result<UdpSocket, Failure> {
    stack.udp_bind(everywhere(port)).map_err(|error| taken(&error, port, word))
}

fn taken(error: &io::Error, port: u16, word: &str) -> Failure {
    if error.kind() == io::ErrorKind::AddrInUse {
        return Failure::refused(format!(
            "{word} {port}: port {port} of this host is in use by another service of it"
        ))
        .remedy("give each service a port of its own");
    }
    Failure::refused(format!("{word} {port}: the port cannot be used: {error}"))
}

async fn serve(args: &Args, stack: Stack, mac: Option<impl std::fmt::Display>) -> Outcome {
    let services = args.services.or_http();
    let bound = Bound::all(&stack, services)?;
    let link = args.network.link.to_string();
    let _control = Served::start(&stack, &link, args.control.as_deref())?;
    let (stop, stopping) = watch::channel(());
    let tasks = start_all(bound, &stopping);
    let mut interrupts = runtime::Interrupts::new()?;
    start::announce_services(&args.network, services, mac);
    tokio::spawn(warn_of_conflict(stack.clone()));
    tokio::select! {
        ended = stack.closed() => return ended.map_err(Failure::from),
        () = interrupts.next() => {}
    }
    eprintln!("osier: closing connections in order (Ctrl-C again: at once)");
    tokio::select! {
        () = close(&stack, stop, tasks) => {}
        () = interrupts.next() => {}
    }
    Ok(())
}

/// Starts every service; each runs until `stopping` changes.
fn start_all(bound: Bound, stopping: &watch::Receiver<()>) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    let mut start = |service: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
        tasks.push(tokio::spawn(service));
    };
    if let Some(listener) = bound.http {
        start(Box::pin(http::serve(listener, stopped(stopping.clone()))));
    }
    if let Some((listener, socket)) = bound.echo {
        start(Box::pin(until(plain::echo(listener), stopped(stopping.clone()))));
        start(Box::pin(until(plain::echo_datagrams(socket), stopped(stopping.clone()))));
    }
    if let Some((listener, socket)) = bound.discard {
        start(Box::pin(until(plain::discard(listener), stopped(stopping.clone()))));
        start(Box::pin(until(plain::discard_datagrams(socket), stopped(stopping.clone()))));
    }
    tasks
}

async fn stopped(mut stopping: watch::Receiver<()>) {
    // An error means that the sender is gone: stopped as well.
    let _ = stopping.changed().await;
}

async fn until(service: impl Future<Output = ()>, stopped: impl Future<Output = ()>) {
    tokio::select! {
        () = service => {}
        () = stopped => {}
    }
}

/// No new connections; requests that are being answered are; then FIN for all.
async fn close(stack: &Stack, stop: watch::Sender<()>, tasks: Vec<JoinHandle<()>>) {
    drop(stop);
    let answered = async {
        for task in tasks {
            // A task that panicked has ended the process already.
            let _ = task.await;
        }
    };
    let _ = tokio::time::timeout(ANSWERING, answered).await;
    stack.shutdown(CLOSING).await;
}

async fn warn_of_conflict(stack: Stack) {
    let (address, mac) = stack.address_conflict().await;
    eprintln!(
        "osier: warning: {mac} on the link answers for {address} too: one of the two must change"
    );
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

    fn services(words: &[&str]) -> Services {
        let line = ["osier", "--link", "tap:o0", "--addr", "10.0.0.2/24"];
        let words = line.iter().chain(words);
        Line::try_parse_from(words).unwrap().args.services.or_http()
    }

    #[test]
    fn http_is_served_where_nothing_was_said() {
        assert_eq!(services(&[]).http, Some(80));
        assert_eq!(services(&["--echo"]).http, None);
        assert_eq!(services(&["--echo"]).echo, Some(7));
        assert_eq!(services(&["--http", "8080", "--discard"]).http, Some(8080));
    }

    #[test]
    fn a_port_in_use_is_refused_with_a_remedy() {
        let failure = taken(&io::ErrorKind::AddrInUse.into(), 80, "--echo");
        assert_eq!(failure.code(), crate::exit::Code::Refused);
        let text = failure.to_string();
        assert!(text.starts_with("--echo 80: port 80 of this host is in use"), "{text}");
        assert!(text.contains("; give each"), "{text}");
    }
}
