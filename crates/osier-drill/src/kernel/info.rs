//! What do the octets of TCP_INFO mean? (`struct tcp_info`, linux/tcp.h)

use std::collections::BTreeMap;

/// The fields in their order, with their octets. Two share the octet 6, two the octet 7.
const FIELDS: [(&str, usize); 59] = [
    ("state", 1),
    ("ca_state", 1),
    ("retransmits", 1),
    ("probes", 1),
    ("backoff", 1),
    ("options", 1),
    ("wscales", 1),
    ("app_limited", 1),
    ("rto", 4),
    ("ato", 4),
    ("snd_mss", 4),
    ("rcv_mss", 4),
    ("unacked", 4),
    ("sacked", 4),
    ("lost", 4),
    ("retrans", 4),
    ("fackets", 4),
    ("last_data_sent", 4),
    ("last_ack_sent", 4),
    ("last_data_recv", 4),
    ("last_ack_recv", 4),
    ("pmtu", 4),
    ("rcv_ssthresh", 4),
    ("rtt", 4),
    ("rttvar", 4),
    ("snd_ssthresh", 4),
    ("snd_cwnd", 4),
    ("advmss", 4),
    ("reordering", 4),
    ("rcv_rtt", 4),
    ("rcv_space", 4),
    ("total_retrans", 4),
    ("pacing_rate", 8),
    ("max_pacing_rate", 8),
    ("bytes_acked", 8),
    ("bytes_received", 8),
    ("segs_out", 4),
    ("segs_in", 4),
    ("notsent_bytes", 4),
    ("min_rtt", 4),
    ("data_segs_in", 4),
    ("data_segs_out", 4),
    ("delivery_rate", 8),
    ("busy_time", 8),
    ("rwnd_limited", 8),
    ("sndbuf_limited", 8),
    ("delivered", 4),
    ("delivered_ce", 4),
    ("bytes_sent", 8),
    ("bytes_retrans", 8),
    ("dsack_dups", 4),
    ("reord_seen", 4),
    ("rcv_ooopack", 4),
    ("snd_wnd", 4),
    ("rcv_wnd", 4),
    ("rehash", 4),
    ("total_rto", 2),
    ("total_rto_recoveries", 2),
    ("total_rto_time", 4),
];

/// The fields by their names, as many as the kernel gave.
pub(super) fn read(octets: &[u8]) -> BTreeMap<&'static str, i64> {
    let mut found = BTreeMap::new();
    let mut at = 0;
    for (name, width) in FIELDS {
        let Some(field) = octets.get(at..at + width) else { break };
        let mut value = [0; 8];
        value[..width].copy_from_slice(field);
        let value = i64::from_le_bytes(value);
        match name {
            "wscales" => {
                found.insert("snd_wscale", value & 0xf);
                found.insert("rcv_wscale", value >> 4);
            }
            "app_limited" => {
                found.insert("delivery_rate_app_limited", value & 1);
                found.insert("fastopen_client_fail", value >> 1 & 3);
            }
            _ => {
                found.insert(name, value);
            }
        }
        at += width;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn fields_stand_where_linux_has_them() {
        let mut octets = vec![0; 248];
        octets[6] = 0x87;
        octets[7] = 0b101;
        octets[80..84].copy_from_slice(&10u32.to_le_bytes());
        octets[104..112].copy_from_slice(&(1i64 << 40).to_le_bytes());
        let found = read(&octets);
        assert_eq!((found["snd_wscale"], found["rcv_wscale"]), (7, 8));
        assert_eq!((found["delivery_rate_app_limited"], found["fastopen_client_fail"]), (1, 2));
        assert_eq!((found["snd_cwnd"], found["pacing_rate"]), (10, 1 << 40));
        assert!(!read(&octets[..80]).contains_key("snd_cwnd"));
    }
}
