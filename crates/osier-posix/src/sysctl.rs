//! Which setting of a host has a name under `/proc/sys`? (Linux: ip-sysctl)
//!
//! The names that scripts and administrators use, with Linux's values. What osier does in one way
//! only is accepted where it is the way that is asked for.

use alloc::vec::Vec;
use osier_host::{
    Config, CookieKeys, FastOpenListeners, FastOpenPolicy, FastOpenUse, Metrics, SynCookies,
};
use osier_tcp::{AfterIdle, Algorithm, Buffer, Ecn, ProbingMode};
use osier_time::Duration;

/// Why a setting was not taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such setting here, or not this value of it.
    Unknown,
    /// This cannot be its value.
    Value,
}

/// Takes over a setting: `net.ipv4.tcp_sack`, `0`.
///
/// # Errors
/// [`Refusal`].
pub fn set(config: &mut Config, name: &str, value: &str) -> Result<(), Refusal> {
    let numbers: Vec<u64> = value.split_whitespace().filter_map(number).collect();
    let name = name.strip_prefix("net.ipv4.").or_else(|| name.strip_prefix("net."));
    let name = name.ok_or(Refusal::Unknown)?;
    if is_of_no_meaning(name) {
        return Ok(());
    }
    if name == "tcp_congestion_control" {
        config.tcp.congestion = match value.trim() {
            "cubic" => Algorithm::Cubic,
            "reno" => Algorithm::Reno,
            _ => return Err(Refusal::Unknown),
        };
        return Ok(());
    }
    if name == "tcp_fastopen_key" {
        config.fast_open.keys = Some(keys(value).ok_or(Refusal::Value)?);
        return Ok(());
    }
    let first = *numbers.first().ok_or(Refusal::Value)?;
    // Linux: 3 and 4 are tail loss probes (RFC 8985 §7), lesser ones were older algorithms.
    if name == "tcp_early_retrans" {
        return if first >= 3 { Ok(()) } else { Err(Refusal::Unknown) };
    }
    if let Some(only) = only_value(name) {
        return if first == only { Ok(()) } else { Err(Refusal::Unknown) };
    }
    numeric(config, name, &numbers)
}

/// The metrics in the words of `ip route`: `mtu lock 640 advmss 600 initcwnd 11`. Other words,
/// which say where the route leads, are passed over.
pub fn metrics(words: &str) -> Metrics {
    let mut metrics = Metrics::default();
    let mut words = words.split_whitespace().filter(|word| *word != "lock");
    while let Some(word) = words.next() {
        match word {
            "mtu" => metrics.mtu = words.next().and_then(|value| value.parse().ok()),
            "advmss" => metrics.advmss = words.next().and_then(|value| value.parse().ok()),
            "initcwnd" => metrics.initial_window = words.next().and_then(|n| n.parse().ok()),
            _ => {}
        }
    }
    metrics
}

/// Decimal, or hexadecimal with `0x`.
fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}

/// Settings of Linux about what does not exist here.
fn is_of_no_meaning(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "tcp_fastopen_blackhole_timeout_sec",
        "tcp_fack",
        "tcp_ecn_option",
        "tcp_pacing_ss_ratio",
        "tcp_pacing_ca_ratio",
        "tcp_tso_win_divisor",
        "tcp_no_metrics_save",
        "core.default_qdisc",
        "tcp_available_congestion_control",
    ];
    NAMES.contains(&name)
}

/// `a-b-c-d`, four hexadecimal numbers; behind a comma the key before.
fn keys(value: &str) -> Option<CookieKeys> {
    let key = |text: &str| {
        let mut key = [0; 16];
        let mut words = text.trim().split('-');
        for octets in key.chunks_exact_mut(4) {
            let word = u32::from_str_radix(words.next()?, 16).ok()?;
            octets.copy_from_slice(&word.to_le_bytes());
        }
        words.next().is_none().then_some(key)
    };
    match value.split_once(',') {
        None => Some(CookieKeys { current: key(value)?, previous: None }),
        Some((current, previous)) => {
            Some(CookieKeys { current: key(current)?, previous: Some(key(previous)?) })
        }
    }
}

/// The bits of `tcp_fastopen`; others are of no meaning (Linux: they were, once).
fn set_fast_open(policy: &mut FastOpenPolicy, bits: u64) {
    let how = |on: u64, without_cookie: u64| match (bits & on != 0, bits & without_cookie != 0) {
        (false, _) => FastOpenUse::Off,
        (true, false) => FastOpenUse::WithCookie,
        (true, true) => FastOpenUse::WithoutCookie,
    };
    policy.client = how(0x1, 0x4);
    policy.server = how(0x2, 0x200);
    policy.listeners = match bits & 0x400 {
        0 => FastOpenListeners::Asking,
        _ => FastOpenListeners::All,
    };
}

/// What osier always does, as Linux numbers it.
fn only_value(name: &str) -> Option<u64> {
    Some(match name {
        "tcp_frto" => 2,
        "tcp_dsack" | "tcp_recovery" => 1,
        "tcp_reordering" => 3,
        "tcp_abort_on_overflow" => 0,
        _ => return None,
    })
}

fn numeric(config: &mut Config, name: &str, numbers: &[u64]) -> Result<(), Refusal> {
    let first = numbers[0];
    let octets = |at: usize| {
        let octets = numbers.get(at).copied().ok_or(Refusal::Value)?;
        u32::try_from(octets).map_err(|_| Refusal::Value)
    };
    let small = u8::try_from(first).map_err(|_| Refusal::Value);
    let short = u16::try_from(first).map_err(|_| Refusal::Value);
    let tcp = &mut config.tcp;
    match name {
        "tcp_timestamps" => tcp.offer.timestamps = first != 0,
        "tcp_sack" => tcp.offer.sack = first != 0,
        "tcp_window_scaling" => tcp.offer.window_scale = first != 0,
        "tcp_wmem" => {
            tcp.send_buffer = Buffer::Tuned { first: octets(1)?, max: octets(2)? };
        }
        // Linux counts the memory of its packets in a buffer: text has half of it.
        "tcp_rmem" => {
            tcp.receive_buffer = Buffer::Tuned { first: octets(1)? / 2, max: octets(2)? };
        }
        "tcp_syn_retries" => tcp.syn_retries = small?,
        "tcp_synack_retries" => tcp.syn_ack_retries = small?,
        "tcp_retries2" => tcp.retries = small?,
        "tcp_fin_timeout" => tcp.fin_wait_2 = Duration::from_secs(first),
        "tcp_ecn" => {
            tcp.sending.ecn = match first {
                0 => Ecn::Off,
                1 => Ecn::On,
                2 => Ecn::WhenAsked,
                _ => return Err(Refusal::Unknown),
            };
        }
        "tcp_mtu_probing" => {
            tcp.sending.mtu_probing.mode = match first {
                0 => ProbingMode::Off,
                1 => ProbingMode::OnBlackHole,
                2 => ProbingMode::Always,
                _ => return Err(Refusal::Value),
            };
        }
        "tcp_base_mss" => tcp.sending.mtu_probing.base_mss = short?,
        "tcp_probe_threshold" => tcp.sending.mtu_probing.threshold = short?,
        "tcp_probe_interval" => tcp.sending.mtu_probing.interval = Duration::from_secs(first),
        "tcp_min_tso_segs" => tcp.sending.burst_min = small?.max(1),
        "tcp_notsent_lowat" => tcp.sending.not_sent_low = octets(0)?,
        "tcp_slow_start_after_idle" => {
            tcp.sending.after_idle = if first == 0 { AfterIdle::Keep } else { AfterIdle::Restart };
        }
        "tcp_fastopen" => set_fast_open(&mut config.fast_open, first),
        "tcp_syncookies" => {
            config.syn_cookies = match first {
                0 => SynCookies::Off,
                1 => SynCookies::WhenFull,
                _ => SynCookies::Always,
            };
        }
        "ip_local_port_range" => {
            let port = |at: usize| u16::try_from(octets(at)?).map_err(|_| Refusal::Value);
            config.ephemeral_ports = (port(0)?, port(1)?);
        }
        _ => return Err(Refusal::Unknown),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Refusal, metrics, set};
    use osier_host::{Config, FastOpenListeners, FastOpenUse, Metrics};
    use osier_tcp::ProbingMode;

    #[test]
    fn the_metrics_of_a_route_are_found_among_its_other_words() {
        let words = "192.0.2.1 via 192.168.0.2 dev tun0 advmss 600 mtu lock 640 initcwnd 11";
        let expected = Metrics { mtu: Some(640), advmss: Some(600), initial_window: Some(11) };
        assert_eq!(metrics(words), expected);
        assert_eq!(metrics("mtu 9000 advmss"), Metrics { mtu: Some(9_000), ..Metrics::default() });
    }

    #[test]
    fn what_is_known_is_taken_over_and_what_is_not_is_told() {
        let mut config = Config::default();
        assert_eq!(set(&mut config, "net.ipv4.tcp_sack", "0"), Ok(()));
        assert_eq!(set(&mut config, "net.ipv4.tcp_wmem", "4096 20000 30000"), Ok(()));
        assert!(!config.tcp.offer.sack);
        assert_eq!(config.tcp.send_buffer.first(), 20_000);
        assert_eq!(set(&mut config, "net.ipv4.tcp_wmem", "4096"), Err(Refusal::Value));
        assert_eq!(set(&mut config, "net.ipv4.tcp_dsack", "0"), Err(Refusal::Unknown));
        assert_eq!(set(&mut config, "net.ipv4.tcp_dsack", "1"), Ok(()));
        assert_eq!(set(&mut config, "net.ipv4.tcp_mtu_probing", "2"), Ok(()));
        assert_eq!(set(&mut config, "net.ipv4.tcp_base_mss", "512"), Ok(()));
        assert_eq!(config.tcp.sending.mtu_probing.mode, ProbingMode::Always);
        assert_eq!(config.tcp.sending.mtu_probing.base_mss, 512);
        assert_eq!(set(&mut config, "kernel.panic", "1"), Err(Refusal::Unknown));
    }

    #[test]
    fn the_bits_and_keys_of_fast_open_are_those_of_linux() {
        let mut config = Config::default();
        set(&mut config, "net.ipv4.tcp_fastopen", "0x405").unwrap();
        let policy = &config.fast_open;
        assert_eq!(policy.client, FastOpenUse::WithoutCookie);
        assert_eq!(policy.server, FastOpenUse::Off);
        assert_eq!(policy.listeners, FastOpenListeners::All);
        let name = "net.ipv4.tcp_fastopen_key";
        set(&mut config, name, "00010203-04050607-08090a0b-0c0d0e0f,0-0-0-1").unwrap();
        let keys = config.fast_open.keys.unwrap();
        assert_eq!(keys.current[..8], [3, 2, 1, 0, 7, 6, 5, 4]);
        assert_eq!(keys.previous.unwrap()[12..], [1, 0, 0, 0]);
        for wrong in ["1-2-3", "1-2-3-4-5", "1-2-3-x", "1-2-3-4,"] {
            assert_eq!(set(&mut config, name, wrong), Err(Refusal::Value), "{wrong}");
        }
    }
}
