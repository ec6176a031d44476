//! Is a host there, and how far away? (ICMP echo: RFC 792, RFC 4443 §4)
//!
//! One request each interval, whether or not the last was answered, and lines as those of
//! iputils' ping, so that whatever reads its output can read ours.

mod statistics;

use crate::attach::{self, Network};
use crate::exit::{Failure, Outcome};
use crate::runtime::{self, Interrupts};
use bytes::Bytes;
use osier::{EchoReply, Stack};
use statistics::Statistics;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

/// What may follow `osier ping`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    network: Network,
    /// Stop after so many requests [default: at Ctrl-C]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Seconds from one request to the next
    #[arg(short, value_name = "SECS", default_value = "1", value_parser = seconds)]
    interval: Duration,
    /// Seconds to wait for the last replies
    #[arg(short = 'W', value_name = "SECS", default_value = "2", value_parser = seconds)]
    wait: Duration,
    /// Bytes of data in a request
    #[arg(short, value_name = "BYTES", default_value_t = 56)]
    size: u16,
    /// Whom
    #[arg(value_name = "HOST")]
    host: String,
}

/// The longest data that fits into an IPv4 packet.
const SIZE_MAX: u16 = 65_507;

/// Requests that may wait for a reply at once.
const WAITING_MAX: usize = 65_536;

/// What came of a request.
type Answer = (u64, io::Result<EchoReply>);

pub(crate) fn run(args: &Args) -> Outcome {
    if args.size > SIZE_MAX {
        return Err(Failure::usage(format!("-s {}: too much for a packet", args.size))
            .remedy(format!("at most {SIZE_MAX}")));
    }
    let attached = args.network.attach()?;
    runtime::block_on(async {
        let stack = args.network.builder(attached.device).build()?;
        let to = resolve(args).await?;
        let outcome = ping(&stack, args, to).await;
        stack.shutdown(Duration::ZERO).await;
        outcome
    })
}

/// Seconds as ping takes them: `1`, `0.01`.
fn seconds(word: &str) -> Result<Duration, String> {
    let seconds: f64 = word.parse().map_err(|_| format!("`{word}` is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| format!("`{word}` is no time to wait: write 1 or 0.2"))
}

/// An address of the host of a version that we have.
async fn resolve(args: &Args) -> Result<IpAddr, Failure> {
    let found = tokio::net::lookup_host((args.host.as_str(), 0)).await.map_err(|error| {
        Failure::not_so(format!("{} cannot be looked up: {error}", args.host))
            .remedy("give an address: 10.71.0.1 or fd71::1")
    })?;
    let found: Vec<IpAddr> = found.map(|at| at.ip()).collect();
    let ours = |ip: &&IpAddr| {
        let near = |cidr: &osier::Cidr| cidr.address.is_ipv4() == ip.is_ipv4();
        args.network.addresses.iter().any(near)
    };
    let chosen = found.iter().find(ours).or(found.first()).copied();
    chosen.ok_or_else(|| Failure::not_so(format!("{} has no address", args.host)))
}

async fn ping(stack: &Stack, args: &Args, to: IpAddr) -> Outcome {
    let mut interrupts = Interrupts::new()?;
    println!("PING {} ({to}) {} bytes of data.", args.host, size(args.size, to));
    let mut statistics = Statistics::default();
    let start = Instant::now();
    let interrupted = tokio::select! {
        () = exchange(stack, args, to, &mut statistics) => false,
        () = interrupts.next() => true,
    };
    println!("\n--- {} ping statistics ---", args.host);
    print!("{}", statistics.summary(start.elapsed()));
    match statistics.received() {
        _ if interrupted => Err(Failure::interrupted()),
        0 => Err(Failure::not_so(format!("{to} has not replied"))),
        _ => Ok(()),
    }
}

/// As iputils writes it: IPv4 with the length of the whole packet.
fn size(size: u16, to: IpAddr) -> String {
    if to.is_ipv4() { format!("{size}({})", u32::from(size) + 28) } else { size.to_string() }
}

/// Sends all requests and waits for the replies.
async fn exchange(stack: &Stack, args: &Args, to: IpAddr, statistics: &mut Statistics) {
    let (answers, mut answered) = mpsc::channel(WAITING_MAX);
    let mut ticks = tokio::time::interval(args.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let count = u64::from(args.count.unwrap_or(u32::MAX));
    let source = args.network.addresses.iter().find(|cidr| attach::contains(cidr, to));
    let us = source.or(args.network.addresses.first()).map(|cidr| cidr.address);
    let mut last_sent = Instant::now();
    while statistics.sent() < count {
        tokio::select! {
            _ = ticks.tick() => {
                statistics.on_sent();
                let one = request(stack.clone(), to, statistics.sent(), data(args.size));
                let (answers, wait) = (answers.clone(), args.wait);
                tokio::spawn(async move {
                    if let Ok(answer) = tokio::time::timeout(wait, one).await {
                        let _ = answers.send(answer).await;
                    }
                });
                last_sent = Instant::now();
            }
            Some(answer) = answered.recv() => on_answer(answer, us, statistics),
        }
    }
    let until = last_sent + args.wait;
    while statistics.answered() < statistics.sent() {
        let Ok(Some(answer)) = tokio::time::timeout_at(until, answered.recv()).await else {
            break;
        };
        on_answer(answer, us, statistics);
    }
}

async fn request(stack: Stack, to: IpAddr, number: u64, data: Bytes) -> Answer {
    // The sequence number of the packet wraps; ours does not.
    (number, stack.ping(to, number as u16, data).await)
}

/// Bytes that count up, as iputils sends them.
fn data(size: u16) -> Bytes {
    (0..size).map(|n| n as u8).collect()
}

fn on_answer((number, answer): Answer, us: Option<IpAddr>, statistics: &mut Statistics) {
    match answer {
        Ok(reply) => {
            statistics.on_reply(reply.rtt.into());
            println!("{}", reply_line(number, &reply));
        }
        Err(error) => {
            statistics.on_error();
            let from = us.map_or(String::new(), |us| format!("From {us} "));
            let what = match error.kind() {
                io::ErrorKind::HostUnreachable => "Destination Host Unreachable".to_owned(),
                io::ErrorKind::NetworkUnreachable => "Destination Net Unreachable".to_owned(),
                _ => error.to_string(),
            };
            println!("{from}icmp_seq={number} {what}");
        }
    }
}

fn reply_line(number: u64, reply: &EchoReply) -> String {
    let (len, from, hops) = (u32::from(reply.len) + 8, reply.from, reply.hop_limit);
    let time = statistics::time(reply.rtt.into());
    format!("{len} bytes from {from}: icmp_seq={number} ttl={hops} time={time} ms")
}

#[cfg(test)]
mod tests {
    use super::*;
    use osier::time::Duration as Span;

    #[test]
    fn a_reply_reads_as_iputils_writes_it() {
        let reply = EchoReply {
            from: "10.71.0.1".parse().unwrap(),
            seq: 3,
            hop_limit: 64,
            len: 56,
            rtt: Span::from_micros(45),
        };
        let line = "64 bytes from 10.71.0.1: icmp_seq=3 ttl=64 time=0.045 ms";
        assert_eq!(reply_line(3, &reply), line);
        assert_eq!(size(56, reply.from), "56(84)");
        assert_eq!(size(56, "fd71::1".parse().unwrap()), "56");
    }

    #[test]
    fn an_interval_is_a_number_of_seconds() {
        assert_eq!(seconds("0.01").unwrap(), Duration::from_millis(10));
        for word in ["0", "-1", "soon", "NaN", "1e300"] {
            assert!(seconds(word).is_err(), "{word}");
        }
    }
}
