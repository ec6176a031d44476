//! What did the hosts say to each other?
//!
//! A pcapng file of every packet when it is sent, on the interface of its host, with a comment
//! that says what becomes of it. Time starts at 0 (1970), so that two runs with the same seed
//! give the same bytes.

use osier_lab::{Cause, Fate};
use osier_pcap::{Direction, InterfaceId, LinkType, Writer};
use osier_time::{Duration, Instant};
use std::fmt;
use std::io::{self, BufWriter, Write};

/// Where the file goes.
pub(crate) type Sink = Box<dyn Write + Send>;

/// The capture of a whole simulation.
pub(crate) struct Traffic {
    /// Until it fails, once and for all.
    writer: File,
    hosts: Vec<InterfaceId>,
}

impl Traffic {
    pub(crate) fn new(sink: Sink) -> Traffic {
        Traffic { writer: Writer::new(BufWriter::new(sink), Duration::ZERO), hosts: Vec::new() }
    }

    /// Hosts are numbered in this order.
    pub(crate) fn add_host(&mut self, name: &str) {
        let hosts = &mut self.hosts;
        write(&mut self.writer, |file| {
            hosts.push(file.add_interface(name, LinkType::RawIp)?);
            Ok(())
        });
    }

    /// A host sent a packet: to whom, and what becomes of it, where anybody has the address.
    pub(crate) fn on_packet(
        &mut self,
        now: Instant,
        from: usize,
        packet: &[u8],
        told: Option<(&str, Fate)>,
    ) {
        let Some(interface) = self.hosts.get(from).copied() else { return };
        let comment = match told {
            Some((to, Fate::Arrives(at))) => {
                format!("to {to}: arrives after {} us", at.since(now).as_micros())
            }
            Some((to, Fate::Lost(cause))) => format!("to {to}: lost, {}", why(cause)),
            None => "lost: nobody has this address".to_owned(),
        };
        write(&mut self.writer, |file| {
            file.write_packet(interface, now, Direction::Outbound, &[packet], Some(&comment))
        });
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        write(&mut self.writer, Writer::flush);
        match &self.writer {
            Ok(_) => Ok(()),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traffic").field("hosts", &self.hosts.len()).finish_non_exhaustive()
    }
}

type File = io::Result<Writer<BufWriter<Sink>>>;

/// Writes while nothing has failed.
fn write(file: &mut File, what: impl FnOnce(&mut Writer<BufWriter<Sink>>) -> io::Result<()>) {
    if let Ok(open) = file
        && let Err(error) = what(open)
    {
        *file = Err(error);
    }
}

fn why(cause: Cause) -> &'static str {
    match cause {
        Cause::Chance => "by chance",
        Cause::Rule => "by a rule",
        Cause::QueueFull => "the queue is full",
        Cause::TooLong => "longer than the MTU",
        Cause::Cut => "the link is cut",
    }
}
