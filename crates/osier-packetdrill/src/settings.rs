//! Which settings does a script's `sysctl` reach? (Linux: ip-sysctl)
//!
//! `--so_flags` names the host's addresses, its MTU and a file of settings, one `name=value` a line
//! with the names that `sysctl` uses. The file is written while the script runs, by whatever stands
//! for `sysctl` there; a later line wins. Names that osier has no setting for are passed over.

use osier_host::Config;
use osier_tcp::Buffer;
use osier_time::Duration;
use std::collections::HashMap;
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
}

impl Settings {
    pub(crate) fn new(flags: &Flags) -> Settings {
        let mut settings = Settings { file: flags.settings.clone(), text: String::new() };
        settings.text = settings.read();
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

    /// The settings of the host.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        apply(&mut config, &named(&self.text));
        config
    }
}

/// The numbers of each name; the last line of a name wins.
fn named(text: &str) -> HashMap<String, Vec<String>> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let words = |value: &str| value.split_whitespace().map(str::to_owned).collect();
    lines.map(|(name, value)| (name.trim().replace('/', "."), words(value))).collect()
}

/// Takes over what osier has a setting for.
fn apply(config: &mut Config, named: &HashMap<String, Vec<String>>) {
    let number = |name: &str, at: usize| -> Option<u64> {
        named.get(&format!("net.ipv4.{name}"))?.get(at)?.parse().ok()
    };
    let small = |name: &str| number(name, 0).and_then(|n| u8::try_from(n).ok());
    let octets = |name: &str, at| number(name, at).and_then(|n| u32::try_from(n).ok());
    let tcp = &mut config.tcp;
    let offer = &mut tcp.offer;
    let switch = |name: &str, on: &mut bool| {
        if let Some(n) = number(name, 0) {
            *on = n != 0;
        }
    };
    switch("tcp_timestamps", &mut offer.timestamps);
    switch("tcp_sack", &mut offer.sack);
    switch("tcp_window_scaling", &mut offer.window_scale);
    let sizes = |name: &str| Some((octets(name, 1)?, octets(name, 2)?));
    if let Some((first, max)) = sizes("tcp_wmem") {
        tcp.send_buffer = Buffer::Tuned { first, max };
    }
    // Linux counts the memory of its packets in a buffer: text has half of it.
    if let Some((first, max)) = sizes("tcp_rmem") {
        tcp.receive_buffer = Buffer::Tuned { first: first / 2, max };
    }
    if let Some(n) = small("tcp_syn_retries") {
        tcp.syn_retries = n;
    }
    if let Some(n) = small("tcp_synack_retries") {
        tcp.syn_ack_retries = n;
    }
    if let Some(n) = small("tcp_retries2") {
        tcp.retries = n;
    }
    if let Some(n) = number("tcp_fin_timeout", 0) {
        tcp.fin_wait_2 = Duration::from_secs(n);
    }
    let algorithm = named.get("net.ipv4.tcp_congestion_control").and_then(|words| words.first());
    match algorithm.map(String::as_str) {
        Some("reno") => tcp.congestion = osier_tcp::Algorithm::Reno,
        Some("cubic") => tcp.congestion = osier_tcp::Algorithm::Cubic,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, apply, named};
    use osier_host::Config;

    #[test]
    fn flags_name_addresses_mtu_and_a_file() {
        let flags = Flags::parse("addr=192.168.0.1,addr=fd00::1,mtu=1520,what=ever");
        assert_eq!((flags.addresses.len(), flags.mtu), (2, 1520));
        assert_eq!(Flags::parse("").mtu, 1500);
    }

    #[test]
    fn the_last_line_of_a_name_wins_and_slashes_are_dots() {
        let text = "net.ipv4.tcp_timestamps=1\nnet/ipv4/tcp_timestamps=0\nkernel.x=1\nnonsense";
        let mut config = Config::default();
        apply(&mut config, &named(text));
        assert!(!config.tcp.offer.timestamps && config.tcp.offer.sack);
    }
}
