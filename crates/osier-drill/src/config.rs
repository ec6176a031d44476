//! What surrounds a script: addresses, ports, tolerances? The runner's options and `--name=value`.

use crate::ast::OptionLine;
use crate::packet::icmp::Version;
use crate::span::Error;
use osier_time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Over which IP a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// IPv4, with `AF_INET` sockets.
    V4,
    /// IPv6, with `AF_INET6` sockets.
    V6,
    /// IPv4, with `AF_INET6` sockets and mapped addresses.
    Mapped,
}

impl Over {
    /// All three.
    pub const ALL: [Over; 3] = [Over::V4, Over::V6, Over::Mapped];

    /// Its name on packetdrill's command line.
    pub const fn name(self) -> &'static str {
        match self {
            Over::V4 => "ipv4",
            Over::V6 => "ipv6",
            Over::Mapped => "ipv4-mapped-ipv6",
        }
    }

    /// That of a name.
    pub fn of_name(name: &str) -> Option<Over> {
        Over::ALL.into_iter().find(|over| over.name() == name)
    }

    /// What its packets are.
    pub const fn version(self) -> Version {
        match self {
            Over::V4 | Over::Mapped => Version::V4,
            Over::V6 => Version::V6,
        }
    }
}

/// What surrounds a script. [`Config::new`] has what packetdrill's own scripts are written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Over which IP.
    pub over: Over,
    /// The address of the stack under test.
    pub local: IpAddr,
    /// The address of its peer, whose part the script plays.
    pub remote: IpAddr,
    /// The port that `bind` takes.
    pub bind_port: u16,
    /// The port that `connect` calls.
    pub connect_port: u16,
    /// The longest packet of the link.
    pub mtu: usize,
    /// How far an event may be from its time, at least.
    pub tolerance: Duration,
    /// And in thousandths of the time since the event before, if that is more.
    pub tolerance_permille: u64,
    /// How long a tick of a TSval is; without, TSvals are not compared.
    pub ts_tick: Option<Duration>,
    /// Whether a TSecr that no packet carried may be reckoned from those that did.
    pub ts_ecr: TsEcr,
    /// Whether segments that leave one behind the other may be one in the script.
    pub segments: Segments,
    /// Words that scripts leave to the runner.
    pub defines: Vec<(String, String)>,
}

/// How text that leaves in several segments is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segments {
    /// Joined, where the script has one of more text.
    Joined,
    /// Each by itself (`--strict_segments`).
    Strict,
}

/// What becomes of a TSecr in a script that was never a TSval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TsEcr {
    /// The script is wrong.
    Exact,
    /// It is reckoned (`--tcp_ts_ecr_scaled`).
    Scaled,
}

impl Config {
    /// As packetdrill's own suite is run over this IP.
    pub fn new(over: Over) -> Config {
        let v4 = |octets: [u8; 4]| IpAddr::V4(Ipv4Addr::from(octets));
        let v6 = |words: [u16; 8]| IpAddr::V6(Ipv6Addr::from(words));
        let (local, remote, mtu) = match over.version() {
            Version::V4 => (v4([192, 168, 0, 1]), v4([192, 0, 2, 1]), 1500),
            // As long as makes an MSS of 1460, so that scripts fit both.
            Version::V6 => (
                v6([0xfd3d, 0x0a0b, 0x17d6, 0, 0, 0, 0, 1]),
                v6([0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 1]),
                1520,
            ),
        };
        let level = if over == Over::V4 { "SOL_IP" } else { "SOL_IPV6" };
        let error = if over == Over::V4 { "IP_RECVERR" } else { "IPV6_RECVERR" };
        let cookie = match over.version() {
            Version::V4 => "3021b9d889017eeb",
            Version::V6 => "c1d1e9742a47a9bc",
        };
        let define = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut defines = vec![
            define("TFO_COOKIE", cookie),
            define("CMSG_LEVEL_IP", level),
            define("CMSG_TYPE_RECVERR", error),
        ];
        let code = match over.version() {
            Version::V4 => "host_unreachable",
            Version::V6 => "address_unreachable",
        };
        defines.push(define("CODE", code));
        Config {
            over,
            local,
            remote,
            bind_port: 8080,
            connect_port: 8080,
            mtu,
            tolerance: Duration::from_millis(4),
            tolerance_permille: 125,
            ts_tick: None,
            ts_ecr: TsEcr::Exact,
            segments: Segments::Joined,
            defines,
        }
    }

    /// Takes the lines at the top of a script. Addresses of another version of IP are passed over:
    /// a script with IPv4 addresses runs over IPv6 with the runner's.
    ///
    /// # Errors
    /// A line that is not known, or whose value cannot be.
    pub fn take(&mut self, lines: &[OptionLine]) -> Result<(), Error> {
        lines.iter().try_for_each(|line| self.take_one(line))
    }

    /// Which IP a script says that it needs.
    ///
    /// # Errors
    /// A version that there is none of.
    pub fn said_over(lines: &[OptionLine]) -> Result<Option<Over>, Error> {
        let Some(line) = lines.iter().rfind(|line| line.name == "ip_version") else {
            return Ok(None);
        };
        match line.value.as_deref().and_then(Over::of_name) {
            Some(over) => Ok(Some(over)),
            None => Err(Error::malformed(line.at, "ipv4, ipv6 or ipv4-mapped-ipv6 was expected")),
        }
    }

    fn take_one(&mut self, line: &OptionLine) -> Result<(), Error> {
        match line.name.as_str() {
            "local_ip" => self.local = address(line, self.local)?,
            "remote_ip" => self.remote = address(line, self.remote)?,
            "bind_port" => self.bind_port = value(line, 65_535)? as u16,
            "connect_port" => self.connect_port = value(line, 65_535)? as u16,
            "mtu" => self.mtu = value(line, 65_535)? as usize,
            "tolerance_usecs" => {
                self.tolerance = Duration::from_micros(value(line, u64::from(u32::MAX))?);
            }
            "tolerance_percent" => self.tolerance_permille = value(line, 100_000)? * 10,
            "tcp_ts_tick_usecs" => {
                let tick = value(line, 1_000_000)?;
                self.ts_tick = (tick > 0).then(|| Duration::from_micros(tick));
            }
            "tcp_ts_ecr_scaled" => self.ts_ecr = TsEcr::Scaled,
            "strict_segments" => self.segments = Segments::Strict,
            // Of no meaning here: the link is a value, and `said_over` has read the version.
            "ip_version" | "gateway_ip" | "netmask_ip" | "speed" | "send_omit_free" | "mss"
            | "verbose" | "debug" => {}
            // Options of the program about what there is none of here.
            "wire_client" | "wire_server" | "wire_server_ip" | "wire_server_at"
            | "wire_server_port" | "wire_client_dev" | "wire_server_dev" | "so_filename"
            | "so_flags" | "non_fatal" | "dry_run" | "code_command" | "code_format"
            | "code_sockopt" | "init_scripts" | "psp_udp_port" | "is_anyip" | "define" => {
                let says = format!("the option `--{}` in a script", line.name);
                return Err(Error::unsupported(line.at, says));
            }
            _ => {
                let says = format!("an option that is known was expected, not `--{}`", line.name);
                return Err(Error::malformed(line.at, says));
            }
        }
        Ok(())
    }

    /// Where the stack listens, as its sockets name it.
    pub fn bind_at(&self) -> SocketAddr {
        self.named(self.local, self.bind_port)
    }

    /// Whom it calls, as its sockets name it.
    pub fn connect_to(&self) -> SocketAddr {
        self.named(self.remote, self.connect_port)
    }

    fn named(&self, address: IpAddr, port: u16) -> SocketAddr {
        match (self.over, address) {
            (Over::Mapped, IpAddr::V4(address)) => {
                SocketAddr::new(address.to_ipv6_mapped().into(), port)
            }
            _ => SocketAddr::new(address, port),
        }
    }
}

fn address(line: &OptionLine, own: IpAddr) -> Result<IpAddr, Error> {
    let said: Option<IpAddr> = line
        .value
        .as_deref()
        .and_then(|text| text.split('/').next().and_then(|address| address.parse().ok()));
    match said {
        Some(said) if said.is_ipv4() == own.is_ipv4() => Ok(said),
        Some(_) => Ok(own),
        None => Err(Error::malformed(line.at, "an IP address was expected")),
    }
}

fn value(line: &OptionLine, max: u64) -> Result<u64, Error> {
    match line.value.as_deref().map(str::parse) {
        Some(Ok(number)) if number <= max => Ok(number),
        _ => Err(Error::malformed(line.at, format!("a number from 0 to {max} was expected"))),
    }
}
