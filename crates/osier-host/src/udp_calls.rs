//! What may the owner of UDP sockets ask for? (RFC 768, RFC 1122 §4.1.4)
//!
//! Bind, connect, send, receive, close. Nothing blocks; events say when to try again.

use crate::bindings::Wanted;
use crate::connect::someone;
use crate::host::Host;
use crate::ids::{Error, UdpId};
use crate::mapped::{Shown, plain};
use bytes::Bytes;
use core::net::SocketAddr;
use osier_time::Instant;
use osier_wire::udp;

/// Octets of an IPv4 and of an IPv6 header.
const IP_HEADERS: (usize, usize) = (20, 40);

impl Host {
    /// Binds a UDP socket. Port 0: an ephemeral one. An unspecified IPv6 address also takes IPv4.
    ///
    /// # Errors
    /// [`Error::AddrNotAvailable`], [`Error::AddrInUse`].
    pub fn udp_bind(&mut self, at: SocketAddr) -> Result<UdpId, Error> {
        let shown = Shown::by(at);
        let mut at = plain(at);
        if !at.ip().is_unspecified() && !self.ip.is_ours(at.ip()) {
            return Err(Error::AddrNotAvailable);
        }
        let v6 = self.config.v6_binding;
        let bindings = &self.udp.bindings;
        if at.port() == 0 {
            let is_free =
                |port| bindings.is_free(Wanted::alone(SocketAddr::new(at.ip(), port), v6));
            at.set_port(self.ports.anywhere(is_free).ok_or(Error::AddrInUse)?);
        } else if !bindings.is_free(Wanted::alone(at, v6)) {
            return Err(Error::AddrInUse);
        }
        Ok(self.udp.insert(at, shown, v6))
    }

    /// Restricts a UDP socket to one peer: others are not heard, and ICMP errors are told.
    ///
    /// # Errors
    /// [`Error::InvalidInput`], [`Error::NetworkUnreachable`], [`Error::NoSuchSocket`].
    pub fn udp_connect(&mut self, id: UdpId, to: SocketAddr) -> Result<(), Error> {
        let to = someone(plain(to))?;
        self.ip.link_towards(to.ip())?;
        self.udp.slots.get_mut(id.0).ok_or(Error::NoSuchSocket)?.peer = Some(to);
        Ok(())
    }

    /// Sends a datagram: to the peer of a connected socket where `to` is `None`.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] where too much waits, [`Error::MessageTooLong`] beyond the MTU
    /// (fragments come later), [`Error::NotConnected`], [`Error::NetworkUnreachable`],
    /// [`Error::InvalidInput`], or the pending error of a connected socket.
    pub fn udp_send(
        &mut self,
        now: Instant,
        id: UdpId,
        to: Option<SocketAddr>,
        data: Bytes,
    ) -> Result<(), Error> {
        self.account.now = now;
        let socket = self.udp.slots.get_mut(id.0).ok_or(Error::NoSuchSocket)?;
        if let Some(error) = socket.take_error() {
            return Err(error);
        }
        let to = match to {
            Some(to) => someone_or_group(plain(to))?,
            None => socket.peer.ok_or(Error::NotConnected)?,
        };
        let at = socket.at;
        if !at.ip().is_unspecified() && at.is_ipv4() != to.is_ipv4() {
            return Err(Error::InvalidInput);
        }
        self.source_of(at.ip(), to.ip())?;
        let (_, link) = self.ip.link_towards(to.ip())?;
        let ip_header = if to.is_ipv4() { IP_HEADERS.0 } else { IP_HEADERS.1 };
        if data.len() + udp::HEADER_LEN + ip_header > link.mtu {
            return Err(Error::MessageTooLong);
        }
        let socket = self.udp.slots.get_mut(id.0).ok_or(Error::NoSuchSocket)?;
        socket.send(data, to)?;
        self.udp.transmit.push_back(id.0);
        Ok(())
    }

    /// Takes a datagram that arrived, or the pending error of a connected socket.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] where there is none.
    pub fn udp_receive(&mut self, id: UdpId) -> Result<(Bytes, SocketAddr), Error> {
        let socket = self.udp.slots.get_mut(id.0).ok_or(Error::NoSuchSocket)?;
        match socket.take_error() {
            Some(error) => Err(error),
            None => socket.receive().ok_or(Error::WouldBlock),
        }
    }

    /// Looks at the datagram that `udp_receive` would take.
    pub fn udp_peek(&self, id: UdpId) -> Option<(&Bytes, SocketAddr)> {
        self.udp.slots.get(id.0)?.peek()
    }

    /// The pending error that the next send or receive will tell.
    pub fn udp_error(&self, id: UdpId) -> Option<Error> {
        self.udp.slots.get(id.0)?.pending_error()
    }

    /// Where a UDP socket is bound.
    pub fn udp_addr(&self, id: UdpId) -> Option<SocketAddr> {
        let socket = self.udp.slots.get(id.0)?;
        Some(socket.shown.show(socket.at))
    }

    /// The peer of a connected UDP socket.
    pub fn udp_peer(&self, id: UdpId) -> Option<SocketAddr> {
        let socket = self.udp.slots.get(id.0)?;
        socket.peer.map(|peer| socket.shown.show(peer))
    }

    /// Closes a UDP socket; what waits in it is dropped.
    pub fn udp_close(&mut self, id: UdpId) {
        self.udp.remove(id.0);
    }
}

/// Whom a datagram may go to: anybody, a group included.
fn someone_or_group(to: SocketAddr) -> Result<SocketAddr, Error> {
    let group = to.ip().is_multicast() && to.port() != 0;
    if group { Ok(to) } else { someone(to) }
}
