//! bulk, rr and crr over smoltcp's sockets.

use crate::ends::{Pair, Side};
use crate::tun::OverTun;
use bench_work::{
    Between, Checker, Link, Payload, Peer, READ, Stop, Task, TimeWait, WRITTEN, Work, pattern,
};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;

/// The window that is best for it here, of 32 KiB to 1 MiB: its buffers lie in the cache. Where
/// super-segments cross whole more than one of them must fit.
const fn best_window(link: Link) -> usize {
    match link {
        Link::Plain => 64 << 10,
        Link::Whole => 128 << 10,
    }
}

/// The window over a TUN.
const TUN_WINDOW: usize = 512 << 10;

/// Buffers of connections that carry one byte each way.
const SMALL: usize = 512;

/// smoltcp's TIME-WAIT lasts 10 s: with this much virtual time for each connection some 4,000 are
/// kept, as in `osier bench`.
const CONNECTION_MICROS: u64 = 2_500;

/// Two ends at work.
pub(crate) struct Bench {
    pair: Pair,
    client: SocketHandle,
    server: SocketHandle,
    task: Task,
    text: Vec<u8>,
    buffer: Vec<u8>,
    written: u64,
    read: u64,
    checker: Checker,
    /// Connections in TIME-WAIT, oldest first.
    waiting: std::collections::VecDeque<SocketHandle>,
}

/// Two ends in memory, or one of them over a device.
pub(crate) enum Either {
    Memory(Box<Bench>),
    /// Begun with the first work, which says whether it is looked at.
    Device(Task, Option<Box<OverTun>>),
}

impl Peer for Either {
    const NAME: &'static str = "smoltcp";
    const BETWEEN: &'static [Between] = &[Between::Memory, Between::Device];

    fn describe() -> String {
        "smoltcp 0.14.0: its own sockets, polled; no SACK, no timestamps, no congestion control \
         (its default); window 64 KiB, for super-segments 128 KiB, its best here, over a TUN \
         512 KiB; delayed ACK and Nagle as it sets them; release, fat LTO, one unit"
            .to_owned()
    }

    fn begin(task: &Task) -> Result<Either, Stop> {
        match task.between {
            Between::Memory => Ok(Either::Memory(Box::new(Bench::begin(task)?))),
            Between::Device if [Work::Bulk, Work::Out].contains(&task.work) => {
                Ok(Either::Device(*task, None))
            }
            Between::Device => Err(Stop::Cannot("streams only".to_owned())),
        }
    }

    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop> {
        match self {
            Either::Memory(bench) => bench.advance(units, payload),
            Either::Device(_, Some(over)) => over.advance(units, payload),
            Either::Device(task, none) => {
                let part = match (task.work, payload) {
                    (Work::Out, Payload::Verified) => format!("check={units}"),
                    (Work::Out, Payload::Counted) => "sink".to_owned(),
                    _ => "source".to_owned(),
                };
                let window = task.window.unwrap_or(TUN_WINDOW);
                none.insert(Box::new(OverTun::new(task, window, &part)?)).advance(units, payload)
            }
        }
    }

    fn processes(&self) -> Vec<u32> {
        match self {
            Either::Device(_, Some(over)) => vec![over.far.id()],
            Either::Memory(_) | Either::Device(..) => Vec::new(),
        }
    }
}

impl Bench {
    fn begin(task: &Task) -> Result<Bench, Stop> {
        let window = task.window.unwrap_or(best_window(task.link));
        let mut pair = Pair::new(task, if task.work == Work::Bulk { window } else { SMALL })?;
        pair.idle(task.idle)?;
        let (client, server) = match task.work {
            Work::Bulk | Work::Rr => pair.open()?,
            Work::Crr | Work::Out => Default::default(),
        };
        let (text, buffer) = (pattern(), vec![0; READ]);
        let (task, checker) = (*task, Checker::default());
        let waiting = std::collections::VecDeque::new();
        let (written, read) = (0, 0);
        Ok(Bench { pair, client, server, task, text, buffer, written, read, checker, waiting })
    }

    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop> {
        match self.task.work {
            Work::Bulk | Work::Out => self.bulk(units, payload),
            Work::Rr => (0..units).try_for_each(|n| self.exchange(n as u8)),
            Work::Crr => (0..units).try_for_each(|n| self.connection(n as u8)),
        }
    }

    fn bulk(&mut self, bytes: u64, payload: Payload) -> Result<(), Stop> {
        let target = self.read + bytes;
        while self.read < target {
            self.write(target)?;
            let crossed = self.pair.cross(Side::Client);
            self.drain(payload)?;
            let answered = self.pair.cross(Side::Server);
            self.pair.pass(if crossed + answered == 0 { 1_000 } else { 20 });
        }
        Ok(())
    }

    fn write(&mut self, target: u64) -> Result<(), Stop> {
        let socket = self.pair.client.socket(self.client);
        while self.written < target && socket.can_send() {
            let from = (self.written % WRITTEN as u64) as usize;
            let wanted = usize::try_from(target - self.written).unwrap_or(usize::MAX);
            let text = &self.text[from..WRITTEN.min(from.saturating_add(wanted))];
            let taken = socket.send_slice(text);
            self.written += taken.map_err(|e| Stop::Wrong(format!("send: {e:?}")))? as u64;
        }
        Ok(())
    }

    fn drain(&mut self, payload: Payload) -> Result<(), Stop> {
        let socket = self.pair.server.socket(self.server);
        while socket.can_recv() {
            let taken = socket.recv_slice(&mut self.buffer);
            let len = taken.map_err(|e| Stop::Wrong(format!("receive: {e:?}")))?;
            if payload == Payload::Verified {
                self.checker.take(&self.buffer[..len]).map_err(Stop::Wrong)?;
            }
            self.read += len as u64;
        }
        Ok(())
    }

    fn exchange(&mut self, byte: u8) -> Result<(), Stop> {
        self.say(Side::Client, byte)?;
        self.hear(Side::Server, byte)?;
        self.say(Side::Server, !byte)?;
        self.hear(Side::Client, !byte)?;
        self.pair.pass(1);
        Ok(())
    }

    fn say(&mut self, by: Side, byte: u8) -> Result<(), Stop> {
        let taken = self.socket(by).send_slice(&[byte]);
        if !matches!(taken, Ok(1)) {
            return Err(Stop::Wrong(format!("a byte is not taken: {taken:?}")));
        }
        self.pair.cross(by);
        Ok(())
    }

    fn hear(&mut self, by: Side, byte: u8) -> Result<(), Stop> {
        let mut into = [0; 16];
        let found = self.socket(by).recv_slice(&mut into);
        match found {
            Ok(1) if into[0] == byte => Ok(()),
            found => Err(Stop::Wrong(format!("the byte did not come: {found:?}"))),
        }
    }

    fn socket(&mut self, of: Side) -> &mut tcp::Socket<'static> {
        match of {
            Side::Client => self.pair.client.socket(self.client),
            Side::Server => self.pair.server.socket(self.server),
        }
    }

    fn connection(&mut self, byte: u8) -> Result<(), Stop> {
        self.server = self.pair.listen(7, SMALL);
        self.client = self.pair.connect(7, SMALL)?;
        self.pair.cross(Side::Client);
        self.pair.cross(Side::Server);
        // The client's byte carries the last acknowledgment of the handshake.
        self.say(Side::Client, byte)?;
        self.hear(Side::Server, byte)?;
        self.say(Side::Server, !byte)?;
        self.hear(Side::Client, !byte)?;
        self.socket(Side::Client).close();
        self.pair.cross(Side::Client);
        self.socket(Side::Server).close();
        self.pair.cross(Side::Server);
        self.pair.cross(Side::Client);
        let states = [Side::Client, Side::Server].map(|side| self.socket(side).state());
        if states != [tcp::State::TimeWait, tcp::State::Closed] {
            return Err(Stop::Wrong(format!("the close ended in {states:?}")));
        }
        self.pair.server.sockets.remove(self.server);
        match self.task.time_wait {
            TimeWait::Dropped => {
                self.pair.client.sockets.remove(self.client);
            }
            TimeWait::Kept => {
                self.waiting.push_back(self.client);
                self.pair.pass(CONNECTION_MICROS);
                self.forget();
            }
        }
        Ok(())
    }

    /// smoltcp ends a TIME-WAIT; its socket is the program's to remove.
    fn forget(&mut self) {
        while let Some(oldest) = self.waiting.front().copied() {
            if self.pair.client.socket(oldest).state() == tcp::State::TimeWait {
                return;
            }
            self.waiting.pop_front();
            self.pair.client.sockets.remove(oldest);
        }
    }
}
