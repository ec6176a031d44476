//! How are the numbers of a connection laid out in C? (`struct tcp_info`, linux/tcp.h)

use osier_posix::Errno;
use osier_tcp::TcpInfo;

/// SO_MEMINFO, and how many numbers it has.
const SO_MEMINFO: (i32, i32) = (1, 55);
const MEMINFO_VARS: usize = 9;
/// TCP_CC_INFO: our congestion control tells nothing, as Linux's CUBIC and Reno.
const TCP_CC_INFO: (i32, i32) = (6, 26);

/// Octets of the longest `struct tcp_info` that programs ask for.
const INFO_LEN: usize = 512;

/// The fields of eight octets.
const LONG: [&str; 10] = [
    "pacing_rate",
    "max_pacing_rate",
    "bytes_acked",
    "bytes_received",
    "delivery_rate",
    "busy_time",
    "rwnd_limited",
    "sndbuf_limited",
    "bytes_sent",
    "bytes_retrans",
];

/// The fields of two octets.
const SHORT: [&str; 2] = ["total_rto", "total_rto_recoveries"];

/// The fields of one octet that come first, before the two shifts share one.
const TINY: [&str; 6] = ["state", "ca_state", "retransmits", "probes", "backoff", "options"];

/// The fields that share the octets 6 and 7.
const PACKED: [&str; 4] =
    ["snd_wscale", "rcv_wscale", "delivery_rate_app_limited", "fastopen_client_fail"];

/// The options that only C programs ask for.
pub(crate) fn of_socket(numbers: (i32, i32)) -> Option<Result<Vec<u8>, Errno>> {
    match numbers {
        SO_MEMINFO => Some(Ok(vec![0; MEMINFO_VARS * 4])),
        TCP_CC_INFO => Some(Ok(Vec::new())),
        _ => None,
    }
}

/// `struct tcp_info`.
pub(crate) fn emit(info: &TcpInfo) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for (name, value) in info.fields() {
        if TINY.contains(&name) {
            out.push(value as u8);
        } else if PACKED.contains(&name) {
            if name == "snd_wscale" {
                out.push(info.snd_wscale | info.rcv_wscale << 4);
                out.push(info.delivery_rate_app_limited | info.fastopen_client_fail << 1);
            }
        } else {
            let width = if LONG.contains(&name) {
                8
            } else if SHORT.contains(&name) {
                2
            } else {
                4
            };
            out.resize(out.len().next_multiple_of(width), 0);
            out.extend_from_slice(&value.to_le_bytes()[..width]);
        }
    }
    // Fields that came later and that we do not know are zero.
    out.resize(out.len().max(INFO_LEN), 0);
    out
}

#[cfg(test)]
mod tests {
    use super::emit;
    use osier_tcp::TcpInfo;

    #[test]
    fn fields_lie_where_the_header_of_linux_puts_them() {
        let info = TcpInfo {
            state: 1,
            snd_wscale: 8,
            rcv_wscale: 7,
            rto: 200_000,
            snd_cwnd: 10,
            pacing_rate: u64::MAX,
            bytes_acked: 5,
            delivered: 77,
            ..TcpInfo::default()
        };
        let out = emit(&info);
        let word = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().unwrap());
        assert_eq!((out[0], out[6], word(8), word(80)), (1, 0x78, 200_000, 10));
        assert_eq!((word(104), word(120), word(192)), (u32::MAX, 5, 77));
    }
}
