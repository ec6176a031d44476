//! When is an IPv4 address written as an IPv6 one? (RFC 4291 §2.5.5.2)
//!
//! A socket that was made with an IPv6 address shows IPv4 peers as `::ffff:a.b.c.d`, as Linux
//! does; inside the host they are IPv4. Mapped addresses never reach a wire.

use core::net::{IpAddr, SocketAddr};

/// How a socket shows IPv4 addresses to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As they are.
    Plain,
    /// As v4-mapped IPv6 addresses.
    Mapped,
}

impl Shown {
    /// An address as the owner of the socket sees it.
    pub(crate) fn show(self, address: SocketAddr) -> SocketAddr {
        match (self, address.ip()) {
            (Shown::Mapped, IpAddr::V4(ip)) => {
                SocketAddr::from((ip.to_ipv6_mapped(), address.port()))
            }
            _ => address,
        }
    }

    /// How a socket that was made with this address shows IPv4 ones.
    pub(crate) const fn by(address: SocketAddr) -> Shown {
        match address {
            SocketAddr::V4(_) => Shown::Plain,
            SocketAddr::V6(_) => Shown::Mapped,
        }
    }
}

/// An address of the owner as the host uses it: a v4-mapped one is the IPv4 address.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::{Shown, plain};
    use core::net::SocketAddr;

    #[test]
    fn an_ipv4_peer_of_an_ipv6_socket_is_shown_mapped_and_understood_so() {
        let peer: SocketAddr = "10.0.0.1:80".parse().unwrap();
        let shown = Shown::by("[::]:0".parse().unwrap()).show(peer);
        assert_eq!(shown, "[::ffff:10.0.0.1]:80".parse().unwrap());
        assert_eq!(plain(shown), peer);
        assert_eq!(Shown::by(peer).show(peer), peer);
    }
}
