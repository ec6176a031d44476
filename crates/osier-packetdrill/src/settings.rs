//! Which settings does a script's `sysctl` reach? (Linux: ip-sysctl)
//!
//! `--so_flags` names the host's addresses, its MTU and a file of settings, one `name=value` a line
//! with the names that `sysctl` uses. The file is written while the script runs, by whatever stands
//! for `sysctl` there; a later line wins. Names that osier has no setting for are passed over.

use osier_host::{Config, Metrics};
use osier_posix::{Segmentation, sysctl};
use std::net::IpAddr;
use std::path::PathBuf;

/// What `--so_flags` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) mtu: usize,
    settings: Option<PathBuf>,
}

impl Flags {
    /// Reads `addr=IP,addr=IP,mtu=N,settings=FILE`; what it does not understand is passed over.
    pub(crate) fn parse(flags: &str) -> Flags {
        let mut read = Flags { addresses: Vec::new(), mtu: 1_500, settings: None };
        for (name, value) in flags.split(',').filter_map(|flag| flag.split_once('=')) {
            match name {
                "addr" => read.addresses.extend(value.parse::<IpAddr>()),
                "mtu" => read.mtu = value.parse().unwrap_or(read.mtu),
                "settings" => read.settings = Some(PathBuf::from(value)),
                _ => {}
            }
        }
        read
    }
}

/// The file of settings, and what was read of it.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    file: Option<PathBuf>,
    text: String,
    /// How often `ip tcp_metrics flush` was called.
    flushed: usize,
}

impl Settings {
    pub(crate) fn new(flags: &Flags) -> Settings {
        let mut settings =
            Settings { file: flags.settings.clone(), text: String::new(), flushed: 0 };
        settings.text = settings.read();
        settings.flushed = settings.flushes();
        settings
    }

    fn read(&self) -> String {
        let read = self.file.as_ref().map(std::fs::read_to_string);
        read.and_then(Result::ok).unwrap_or_default()
    }

    /// The settings of the host, where they are others than at the last look.
    pub(crate) fn changed(&mut self) -> Option<Config> {
        let text = self.read();
        (text != self.text).then(|| {
            self.text = text;
            self.config()
        })
    }

    /// Who cuts super-segments: the host with `osier.offloads=0`.
    pub(crate) fn segmentation(&self) -> Segmentation {
        let said = |line: &str| line.strip_prefix("osier.offloads=").map(|word| word == "0");
        let last = self.text.lines().filter_map(said).next_back();
        match last {
            Some(true) => Segmentation::BySoftware,
            Some(false) | None => Segmentation::ByDevice,
        }
    }

    /// The metrics of the last route that was said: `osier.route=` and the words of `ip route`.
    pub(crate) fn metrics(&self) -> Metrics {
        let route = |line: &str| line.strip_prefix("osier.route=").map(sysctl::metrics);
        self.text.lines().filter_map(route).next_back().unwrap_or_default()
    }

    fn flushes(&self) -> usize {
        self.text.lines().filter(|line| line.trim() == "osier.tcp_metrics=flush").count()
    }

    /// Whether what is known of peers is to be forgotten, since this was asked last.
    pub(crate) fn forgets(&mut self) -> bool {
        let before = self.flushed;
        self.flushed = self.flushes();
        self.flushed > before
    }

    /// The settings of the host. What osier has no setting for is passed over.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        for (name, value) in self.text.lines().filter_map(|line| line.split_once('=')) {
            let _ = sysctl::set(&mut config, &name.trim().replace('/', "."), value);
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, Settings};

    #[test]
    fn flags_name_addresses_mtu_and_a_file() {
        let flags = Flags::parse("addr=192.168.0.1,addr=fd00::1,mtu=1520,what=ever");
        assert_eq!((flags.addresses.len(), flags.mtu), (2, 1520));
        assert_eq!(Flags::parse("").mtu, 1500);
    }

    #[test]
    fn the_last_line_of_a_name_wins_and_slashes_are_dots() {
        let text = "net.ipv4.tcp_timestamps=1\nnet/ipv4/tcp_timestamps=0\nkernel.x=1\nnonsense";
        let config = Settings { file: None, text: text.to_owned(), flushed: 0 }.config();
        assert!(!config.tcp.offer.timestamps && config.tcp.offer.sack);
    }
}
