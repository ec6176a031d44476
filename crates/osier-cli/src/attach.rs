//! How does a subcommand come to stand on a link with addresses of its own?
//!
//! The link is taken or made, the kernel's side of it is brought up and addressed, and before an
//! address is used somebody who has it already is asked for (`attach/probe.rs`). Every refusal is
//! one sentence with the remedy. Knows no port.

mod kernel_side;
mod nic;
mod probe;

use crate::addr;
use crate::exit::Failure;
use crate::link::Link;
pub(crate) use kernel_side::{Fate, Step};
pub(crate) use nic::Nic;
use osier::{Builder, Stack};
use osier_device::tuntap::{Config, OffloadMode};
use osier_device::{Device, PacketSocket, TunTap, XdpSocket, packet, xdp};
use osier_ip::Cidr;
use osier_wire::ethernet::MacAddr;
use osier_wire::link::Medium;
use std::net::IpAddr;
use std::path::PathBuf;

/// What every link must carry (RFC 8200 §5).
const IPV6_MTU_MIN: u32 = 1_280;

/// Where a stack stands.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Network {
    /// The link: tap:NAME or tun:NAME, made if it is not there and we may; or the wire of an
    /// interface that is there, by packet:IFACE, or by xdp:IFACE without offloads
    #[arg(long, value_name = "LINK")]
    pub(crate) link: Link,
    /// An address of osier with its network: 10.71.0.2/24, fd71::2/64 (repeatable)
    #[arg(long = "addr", value_name = "CIDR", required = true, value_parser = addr::cidr)]
    pub(crate) addresses: Vec<Cidr>,
    /// The next hop for what is not on the link (one of each version of IP)
    #[arg(long = "gateway", value_name = "IP")]
    pub(crate) gateways: Vec<IpAddr>,
    /// An address to give to the kernel's side of the link: 10.71.0.1/24 (repeatable)
    #[arg(long = "peer", value_name = "CIDR", value_parser = addr::cidr)]
    pub(crate) peers: Vec<Cidr>,
    /// The longest IP packet, in bytes [default: what the link has; a new one has 1500]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(576..=65_521))]
    pub(crate) mtu: Option<u32>,
    /// What the kernel and osier leave to each other
    #[arg(long, value_name = "WORK", value_enum, default_value_t = Offload::Segmentation)]
    pub(crate) offload: Offload,
    /// Whom to follow where Linux and the RFCs part
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Profile::Linux)]
    pub(crate) profile: Profile,
    /// Write every frame to a pcapng file, with a comment that says what osier made of it
    #[arg(long, value_name = "FILE")]
    pub(crate) capture: Option<PathBuf>,
    /// Draw all secrets from this number, for tests: ports and sequence numbers become predictable
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// Whom to follow where Linux and the RFCs part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// Linux
    Linux,
    /// The letter of the RFCs: TIME-WAIT of four minutes, timeouts of a second at least, and more
    Rfc,
}

impl Profile {
    /// The settings of a host.
    pub(crate) fn settings(self) -> osier::Config {
        match self {
            Profile::Linux => osier::Config::linux(),
            Profile::Rfc => osier::Config::rfc(),
        }
    }
}

/// What the kernel and osier leave to each other, since no wire lies between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Offload {
    /// Nothing: every frame is what a wire would carry
    None,
    /// Checksums
    Checksum,
    /// Checksums, and super-frames of up to 64 KiB pass whole
    Segmentation,
}

impl Offload {
    fn mode(self) -> OffloadMode {
        match self {
            Offload::None => OffloadMode::None,
            Offload::Checksum => OffloadMode::Checksum,
            Offload::Segmentation => OffloadMode::Segmentation,
        }
    }
}

/// A link that is up, with addresses that nobody else answers for.
#[derive(Debug)]
pub(crate) struct Attached {
    /// Our end.
    pub(crate) device: Nic,
    /// What was done at the kernel's side, and what is left to do.
    pub(crate) steps: Vec<Step>,
}

impl Network {
    /// Takes the link and makes it ready.
    ///
    /// # Errors
    /// No such link and none can be made, somebody else holds it, no permission, an address that
    /// is in use on the link.
    pub(crate) fn attach(&self) -> Result<Attached, Failure> {
        self.check()?;
        let (mut device, steps) = match &self.link {
            Link::Tap(name) => self.join(Config::tap(name, self.mac(name)))?,
            Link::Tun(name) => self.join(Config::tun(name))?,
            Link::Packet(name) => self.join_wire(name)?,
            Link::Xdp(name) => {
                let config = xdp::Config::new(name, self.mac(name));
                let device = XdpSocket::open(&xdp::Config { mtu: self.own_mtu(), ..config })?;
                (Nic::Xdp(Box::new(device)), kernel_side::listens(name))
            }
            Link::Mem => {
                return Err(Failure::usage("nobody is at the other end of `mem`")
                    .remedy("use a link to the kernel: --link tap:osier0"));
            }
        };
        if let Medium::Ethernet(_) = device.properties().medium {
            probe::addresses(&mut device, &self.addresses)?;
        }
        Ok(Attached { device, steps })
    }

    /// A TAP or TUN, whose other end is the kernel's and is set up for it.
    fn join(&self, config: Config) -> Result<(Nic, Vec<Step>), Failure> {
        let config = Config { offload: self.offload.mode(), mtu: self.own_mtu(), ..config };
        let before = osier_device::interface::find(&config.name)?;
        let device = TunTap::open(&config)?;
        let steps = kernel_side::set_up(self, &config.name, before.as_ref())?;
        Ok((Nic::TunTap(device), steps))
    }

    /// An interface that is somebody's already: nothing of it is changed but that it listens.
    fn join_wire(&self, name: &str) -> Result<(Nic, Vec<Step>), Failure> {
        let config = packet::Config::new(name, self.mac(name));
        let config = packet::Config { offload: self.offload.mode(), mtu: self.own_mtu(), ..config };
        let device = PacketSocket::open(&config)?;
        Ok((Nic::Packet(device), kernel_side::listens(name)))
    }

    fn own_mtu(&self) -> Option<usize> {
        self.mtu.map(|mtu| mtu as usize)
    }

    /// The settings of a stack on this network.
    pub(crate) fn builder(&self, device: Nic) -> Builder<Nic> {
        let mut builder = Stack::builder().device(device).config(self.profile.settings());
        for cidr in &self.addresses {
            builder = builder.address(*cidr);
        }
        for gateway in &self.gateways {
            builder = builder.gateway(*gateway);
        }
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        if let Some(path) = &self.capture {
            builder = builder.capture(path).on_capture_stopped(|error| {
                eprintln!("osier: warning: the capture ends here, traffic goes on: {error}");
            });
        }
        builder
    }

    fn check(&self) -> Result<(), Failure> {
        let v6 = self.addresses.iter().any(|cidr| cidr.address.is_ipv6());
        if let Some(mtu) = self.mtu.filter(|mtu| v6 && *mtu < IPV6_MTU_MIN) {
            return Err(Failure::usage(format!("--mtu {mtu} is too little for IPv6"))
                .remedy(format!("it wants at least {IPV6_MTU_MIN}")));
        }
        if let (Link::Packet(name), Some(peer)) = (&self.link, self.peers.first()) {
            let address = peer.address;
            return Err(Failure::usage(format!(
                "--peer {address}: the kernel is no peer on {name}"
            ))
            .remedy("with packet: osier talks to whoever is at the other end of the cable"));
        }
        let all: Vec<&Cidr> = self.addresses.iter().chain(&self.peers).collect();
        for (n, one) in all.iter().enumerate() {
            if all[..n].iter().any(|other| other.address == one.address) {
                return Err(Failure::usage(format!("{} is given twice", one.address))
                    .remedy("osier and the kernel's side (--peer) each need their own address"));
            }
        }
        for gateway in &self.gateways {
            let near = |cidr: &&Cidr| contains(cidr, *gateway);
            if !self.addresses.iter().any(|cidr| near(&cidr)) {
                return Err(Failure::usage(format!(
                    "the gateway {gateway} is in no network of ours"
                ))
                .remedy("give an address in its network with --addr"));
            }
        }
        Ok(())
    }

    /// Our link address: the same in every run, so that nobody's neighbour cache goes stale, and
    /// another for every link and address.
    fn mac(&self, name: &str) -> MacAddr {
        let words = self.addresses.iter().map(|cidr| cidr.address.to_string());
        let words = std::iter::once(name.to_owned()).chain(words);
        // FNV-1a: nobody attacks it, and it is the same on every machine.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in words.flat_map(String::into_bytes) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let [a, b, c, d, ..] = hash.to_be_bytes();
        // 02: of one station, locally administered.
        MacAddr([0x02, 0x05, a, b, c, d])
    }
}

impl Attached {
    /// Our link address, where the link has any.
    pub(crate) fn mac(&self) -> Option<MacAddr> {
        match self.device.properties().medium {
            Medium::Ethernet(mac) => Some(mac),
            Medium::Ip => None,
        }
    }
}

/// Whether an address lies in the network of another.
pub(crate) fn contains(network: &Cidr, address: IpAddr) -> bool {
    let (ours, theirs, bits) = match (network.address, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let host_bits = bits - u32::from(network.prefix_len);
    (ours ^ theirs).checked_shr(host_bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        network: Network,
    }

    fn network(words: &str) -> Network {
        Line::try_parse_from(std::iter::once("osier").chain(words.split(' '))).unwrap().network
    }

    #[test]
    fn a_network_contains_its_hosts() {
        let cidr = |word: &str| addr::cidr(word).unwrap();
        for (net, address, inside) in [
            ("10.71.0.2/24", "10.71.0.1", true),
            ("10.71.0.2/24", "10.71.1.1", false),
            ("10.71.0.2/32", "10.71.0.1", false),
            ("10.71.0.2/0", "192.0.2.1", true),
            ("fd71::2/64", "fd71::1", true),
            ("fd71::2/64", "fd72::1", false),
            ("fd71::2/0", "fd72::1", true),
            ("fd71::2/64", "10.71.0.1", false),
        ] {
            assert_eq!(contains(&cidr(net), address.parse().unwrap()), inside, "{net} {address}");
        }
    }

    #[test]
    fn an_address_given_to_both_sides_is_refused() {
        let twice = network("--link tap:o0 --addr 10.0.0.2/24 --peer 10.0.0.2/24");
        let failure = twice.check().unwrap_err();
        assert_eq!(failure.code(), crate::exit::Code::Usage);
        assert!(failure.to_string().starts_with("10.0.0.2 is given twice; "));
    }

    #[test]
    fn the_profile_is_linux_unless_the_rfcs_are_asked_for() {
        let settings = |words: &str| network(words).profile.settings();
        assert_eq!(settings("--link tap:o0 --addr 10.0.0.2/24"), osier::Config::linux());
        let rfc = settings("--link tap:o0 --addr 10.0.0.2/24 --profile rfc");
        assert_eq!(rfc, osier::Config::rfc());
        assert_eq!(rfc.tcp, osier::engine::Config::rfc());
    }

    #[test]
    fn a_gateway_must_be_near() {
        assert!(network("--link tap:o0 --addr 10.0.0.2/24 --gateway 10.0.0.1").check().is_ok());
        assert!(network("--link tap:o0 --addr 10.0.0.2/24 --gateway 10.9.0.1").check().is_err());
    }

    #[test]
    fn our_link_address_is_ours_alone_and_the_same_in_every_run() {
        let mac = |words: &str| network(words).mac("o0");
        let one = mac("--link tap:o0 --addr 10.0.0.2/24");
        assert_eq!(one, mac("--link tap:o0 --addr 10.0.0.2/24"));
        assert_ne!(one, mac("--link tap:o0 --addr 10.0.0.3/24"));
        assert_eq!(one.0[0] & 3, 2, "of one station and locally administered");
    }
}
