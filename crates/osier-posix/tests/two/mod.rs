//! Two hosts that hand each other their packets.
#![allow(dead_code, reason = "no test uses all of it")]

use core::net::{IpAddr, SocketAddr};
use osier_host::{Config, Keys};
use osier_posix::{Errno, Family, Kind, Mode, Posix, Setup, Stop};
use osier_time::{Duration, Instant};
use osier_wire::link::{Medium, Offloads};

pub(crate) struct Two {
    pub(crate) now: Instant,
    pub(crate) client: Posix,
    pub(crate) server: Posix,
}

pub(crate) fn posix(address: IpAddr, seed: u64) -> Posix {
    Posix::new(Setup {
        config: Config::default(),
        keys: Keys::from_seed(seed),
        mtu: 1_500,
        addresses: vec![address],
        offloads: Offloads::none(Medium::Ip, 1_500),
    })
}

pub(crate) fn of_server(family: Family, port: u16) -> SocketAddr {
    match family {
        Family::Inet => SocketAddr::from(([10, 0, 0, 2], port)),
        Family::Inet6 => SocketAddr::from(([0xfd00, 0, 0, 0, 0, 0, 0, 2], port)),
    }
}

pub(crate) fn anywhere(family: Family, port: u16) -> SocketAddr {
    match family {
        Family::Inet => SocketAddr::from(([0, 0, 0, 0], port)),
        Family::Inet6 => SocketAddr::from(([0; 16], port)),
    }
}

impl Two {
    pub(crate) fn new(family: Family) -> Two {
        let address = |n: u8| match family {
            Family::Inet => IpAddr::from([10, 0, 0, n]),
            Family::Inet6 => IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(n)]),
        };
        let now = Instant::from_secs(1);
        Two { now, client: posix(address(1), 1), server: posix(address(2), 2) }
    }

    /// Carries packets until there is none, a millisecond for each round.
    pub(crate) fn carry(&mut self) {
        loop {
            let mut moved = false;
            self.now += Duration::from_millis(1);
            while let Some(packet) = self.client.packet_out(self.now) {
                self.server.packet_in(self.now, &packet);
                moved = true;
            }
            while let Some(packet) = self.server.packet_out(self.now) {
                self.client.packet_in(self.now, &packet);
                moved = true;
            }
            if !moved {
                return;
            }
        }
    }

    /// A listener of the server.
    pub(crate) fn listen(&mut self, family: Family, port: u16) -> i32 {
        let listener = self.server.socket(family, Kind::Stream, Mode::Blocking).unwrap();
        self.server.bind(listener, anywhere(family, port)).unwrap();
        self.server.listen(listener, 1).unwrap();
        listener
    }

    /// A connection: the client's descriptor, the listener's and the accepted one.
    pub(crate) fn connected(&mut self, family: Family) -> (i32, i32, i32) {
        let listener = self.listen(family, 80);
        let accept = self.server.accept(self.now, listener, Mode::NonBlocking);
        assert_eq!(accept, Err(Stop::Blocked(0)));
        let client = self.client.socket(family, Kind::Stream, Mode::NonBlocking).unwrap();
        let connect = self.client.connect(self.now, client, of_server(family, 80));
        assert_eq!(connect, Err(Errno::EINPROGRESS.into()));
        self.carry();
        assert_eq!(self.client.connected(client), Ok(()));
        let (server, peer) = self.server.accept(self.now, listener, Mode::NonBlocking).unwrap();
        assert_eq!(self.client.getsockname(client), Ok(peer));
        (client, listener, server)
    }
}
