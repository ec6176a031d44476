//! An interface with its sockets, and two of them joined.

use crate::link::Port;
use bench_work::{Stop, Task};
use smoltcp::iface::{
    Config, Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet,
};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

const CLIENT: IpAddress = IpAddress::v4(10, 71, 0, 1);
const SERVER: IpAddress = IpAddress::v4(10, 71, 0, 2);

/// A computer.
pub(crate) struct End {
    interface: Interface,
    port: Port,
    pub(crate) sockets: SocketSet<'static>,
}

impl End {
    fn new(address: IpAddress, task: &Task, seed: u64) -> Result<End, Stop> {
        let mut port = Port::new(task).map_err(Stop::Cannot)?;
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut port, Instant::ZERO);
        interface.update_ip_addrs(|all| all.push(IpCidr::new(address, 24)).expect("the first"));
        Ok(End { interface, port, sockets: SocketSet::new(Vec::new()) })
    }

    pub(crate) fn socket(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// Takes all that has come.
    pub(crate) fn take(&mut self, now: Instant) {
        let End { interface, port, sockets } = self;
        loop {
            let result = interface.poll_ingress_single(now, port, sockets);
            if result == PollIngressSingleResult::None {
                return;
            }
        }
    }

    /// Hands out all that is to be said.
    fn say(&mut self, now: Instant) {
        let End { interface, port, sockets } = self;
        while interface.poll_egress(now, port, sockets) != PollResult::None {}
    }
}

/// Both, and their time, which is virtual.
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) client: End,
    pub(crate) server: End,
    /// The client's next port.
    port: u16,
    window: usize,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Pair {
    pub(crate) fn new(task: &Task, window: usize) -> Result<Pair, Stop> {
        let client = End::new(CLIENT, task, 1)?;
        let server = End::new(SERVER, task, 2)?;
        Ok(Pair { now: Instant::from_secs(1), client, server, port: 1_024, window })
    }

    /// A socket with buffers of this many octets each way.
    fn socket(octets: usize) -> tcp::Socket<'static> {
        let buffer = || tcp::SocketBuffer::new(vec![0; octets]);
        tcp::Socket::new(buffer(), buffer())
    }

    /// One more socket of the server's that waits for one connection.
    pub(crate) fn listen(&mut self, port: u16, octets: usize) -> SocketHandle {
        let mut socket = Self::socket(octets);
        socket.listen(port).expect("a new socket can listen");
        self.server.sockets.add(socket)
    }

    /// A socket of the client's that connects.
    pub(crate) fn connect(&mut self, to: u16, octets: usize) -> Result<SocketHandle, Stop> {
        let handle = self.client.sockets.add(Self::socket(octets));
        self.port = if self.port == u16::MAX { 1_024 } else { self.port + 1 };
        let context = self.client.interface.context();
        let socket = self.client.sockets.get_mut::<tcp::Socket>(handle);
        let connected = socket.connect(context, (SERVER, to), self.port);
        connected.map_err(|error| Stop::Wrong(format!("connect: {error}")))?;
        Ok(handle)
    }

    /// A connection, and what both call it.
    pub(crate) fn open(&mut self) -> Result<(SocketHandle, SocketHandle), Stop> {
        let server = self.listen(7, self.window);
        let client = self.connect(7, self.window)?;
        self.settle();
        self.established(client, server)
    }

    pub(crate) fn established(
        &mut self,
        client: SocketHandle,
        server: SocketHandle,
    ) -> Result<(SocketHandle, SocketHandle), Stop> {
        let states = [self.client.socket(client).state(), self.server.socket(server).state()];
        match states {
            [tcp::State::Established, tcp::State::Established] => Ok((client, server)),
            states => Err(Stop::Wrong(format!("not established: {states:?}"))),
        }
    }

    /// So many connections that say nothing, with buffers of 256 octets.
    pub(crate) fn idle(&mut self, count: u32) -> Result<(), Stop> {
        const SMALL: usize = 256;
        const AT_ONCE: u32 = 500;
        let mut left = count;
        while left > 0 {
            let now = left.min(AT_ONCE);
            let servers: Vec<_> = (0..now).map(|_| self.listen(8, SMALL)).collect();
            let clients: Result<Vec<_>, _> = (0..now).map(|_| self.connect(8, SMALL)).collect();
            self.settle();
            for (client, server) in clients?.into_iter().zip(servers) {
                self.established(client, server)?;
            }
            left -= now;
        }
        Ok(())
    }

    /// One side speaks, the other takes it; how many frames crossed?
    pub(crate) fn cross(&mut self, from: Side) -> usize {
        let now = self.now;
        let (from, to) = match from {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        };
        from.say(now);
        let crossed = from.port.cross(&mut to.port);
        to.take(now);
        crossed
    }

    /// Both speak until neither has anything to say.
    pub(crate) fn settle(&mut self) {
        while self.cross(Side::Client) + self.cross(Side::Server) > 0 {}
    }

    pub(crate) fn pass(&mut self, micros: u64) {
        self.now += Duration::from_micros(micros);
    }
}
