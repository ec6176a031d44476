//! How is what a connection knows of its path and its peer written?
//!
//! In a line, as iproute2's `ss -i` writes it: its words, its order, its units, and what is zero
//! left out as there. The numbers are the fields of `tcp_info` (RFC 9293 §3.9.1.6, STATUS).

use osier::control::SocketLine;
use std::fmt::Write as _;

/// The bits of `tcpi_options`.
const OPTIONS: [(u64, &str); 3] = [(1, "ts"), (2, "sack"), (8, "ecn")];

/// `tcpi_options`: windows are scaled.
const WSCALE: u64 = 4;

/// Counts that stand between cwnd and the rates, in this order, where they are not zero.
const COUNTS: [&str; 8] = [
    "bytes_sent",
    "bytes_retrans",
    "bytes_acked",
    "bytes_received",
    "segs_out",
    "segs_in",
    "data_segs_out",
    "data_segs_in",
];

/// What stands at the end, with the name that `ss` gives it.
const REST: [(&str, &str); 5] = [
    ("notsent", "notsent_bytes"),
    ("minrtt", "min_rtt"),
    ("rcv_ooopack", "rcv_ooopack"),
    ("snd_wnd", "snd_wnd"),
    ("rcv_wnd", "rcv_wnd"),
];

/// All that `ss -i` says of a connection, or nothing where it is not known.
pub(super) fn line(socket: &SocketLine) -> String {
    if socket.tcp_info.is_empty() {
        return String::new();
    }
    let mut words = Words { socket, text: "\t".to_owned() };
    words.agreed();
    words.times();
    words.sizes();
    words.rates();
    words.losses();
    words.receiver();
    words.text.push('\n');
    words.text
}

/// A line that is being written.
struct Words<'a> {
    socket: &'a SocketLine,
    text: String,
}

impl Words<'_> {
    /// A field, 0 where a stack does not tell it.
    fn of(&self, field: &str) -> u64 {
        self.socket.tcp_info.get(field).copied().unwrap_or(0)
    }

    fn word(&mut self, word: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, " {word}");
    }

    /// `name:value`, where the value is not zero.
    fn count(&mut self, name: &str, field: &str) {
        let value = self.of(field);
        if value > 0 {
            self.word(format_args!("{name}:{value}"));
        }
    }

    fn agreed(&mut self) {
        let options = self.of("options");
        for (_, name) in OPTIONS.iter().filter(|(bit, _)| options & bit != 0) {
            self.word(format_args!("{name}"));
        }
        if let Some(congestion) = &self.socket.congestion {
            self.word(format_args!("{congestion}"));
        }
        if options & WSCALE != 0 {
            let (theirs, ours) = (self.of("snd_wscale"), self.of("rcv_wscale"));
            self.word(format_args!("wscale:{theirs},{ours}"));
        }
    }

    fn times(&mut self) {
        self.word(format_args!("rto:{}", millis(self.of("rto"))));
        self.count("backoff", "backoff");
        if self.of("rtt") > 0 {
            let (rtt, rttvar) = (millis(self.of("rtt")), millis(self.of("rttvar")));
            self.word(format_args!("rtt:{rtt}/{rttvar}"));
        }
        if self.of("ato") > 0 {
            self.word(format_args!("ato:{}", millis(self.of("ato"))));
        }
    }

    fn sizes(&mut self) {
        for (name, field) in [
            ("mss", "snd_mss"),
            ("pmtu", "pmtu"),
            ("rcvmss", "rcv_mss"),
            ("advmss", "advmss"),
            ("cwnd", "snd_cwnd"),
        ] {
            self.count(name, field);
        }
        if self.of("snd_ssthresh") < 0xffff {
            self.count("ssthresh", "snd_ssthresh");
        }
        COUNTS.iter().for_each(|name| self.count(name, name));
    }

    fn rates(&mut self) {
        let window = self.of("snd_cwnd") * self.of("snd_mss") * 8 * 1_000_000;
        if let Some(rate) = window.checked_div(self.of("rtt")) {
            self.word(format_args!("send {rate}bps"));
        }
        self.count("lastsnd", "last_data_sent");
        self.count("lastrcv", "last_data_recv");
        self.count("lastack", "last_ack_recv");
        for (name, field) in [("pacing_rate", "pacing_rate"), ("delivery_rate", "delivery_rate")] {
            let octets = self.of(field);
            if octets > 0 && octets < u64::MAX {
                self.word(format_args!("{name} {}bps", octets.saturating_mul(8)));
            }
        }
        self.count("delivered", "delivered");
        self.count("delivered_ce", "delivered_ce");
        if self.of("delivery_rate_app_limited") > 0 {
            self.word(format_args!("app_limited"));
        }
    }

    fn losses(&mut self) {
        let busy = self.of("busy_time");
        if busy > 0 {
            self.word(format_args!("busy:{}ms", busy / 1_000));
        }
        for name in ["rwnd_limited", "sndbuf_limited"] {
            let time = self.of(name);
            if time > 0 {
                let tenths = time * 1_000 / busy.max(1);
                let (whole, part) = (tenths / 10, tenths % 10);
                self.word(format_args!("{name}:{}ms({whole}.{part}%)", time / 1_000));
            }
        }
        self.count("unacked", "unacked");
        let (again, total) = (self.of("retrans"), self.of("total_retrans"));
        if total > 0 {
            self.word(format_args!("retrans:{again}/{total}"));
        }
        ["lost", "sacked", "dsack_dups"].iter().for_each(|name| self.count(name, name));
        if self.of("reordering") != 3 {
            self.count("reordering", "reordering");
        }
        self.count("reord_seen", "reord_seen");
    }

    fn receiver(&mut self) {
        if self.of("rcv_rtt") > 0 {
            self.word(format_args!("rcv_rtt:{}", millis(self.of("rcv_rtt"))));
        }
        self.count("rcv_space", "rcv_space");
        self.count("rcv_ssthresh", "rcv_ssthresh");
        for (name, field) in REST {
            match (field, self.of(field)) {
                (_, 0) => {}
                // Not measured yet.
                ("min_rtt", value) if value == u64::from(u32::MAX) => {}
                ("min_rtt", value) => self.word(format_args!("{name}:{}", millis(value))),
                (_, value) => self.word(format_args!("{name}:{value}")),
            }
        }
    }
}

/// Microseconds as milliseconds, without noughts at the end: `204`, `0.05`.
fn millis(micros: u64) -> String {
    let text = format!("{}.{:03}", micros / 1_000, micros % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{line, millis};
    use crate::ss::table::tests::connection;

    fn with(fields: &[(&str, u64)]) -> String {
        let mut socket = connection();
        socket.tcp_info = fields.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        line(&socket)
    }

    #[test]
    fn a_connection_at_rest_is_written_as_ss_writes_it() {
        let fields = [
            ("options", 7),
            ("snd_wscale", 7),
            ("rcv_wscale", 5),
            ("rto", 204_000),
            ("rtt", 100),
            ("rttvar", 50),
            ("ato", 40_000),
            ("snd_mss", 1_448),
            ("pmtu", 1_500),
            ("rcv_mss", 536),
            ("advmss", 1_448),
            ("snd_cwnd", 10),
            ("snd_ssthresh", 0x7fff_ffff),
            ("bytes_sent", 79),
            ("segs_out", 3),
            ("last_data_sent", 12),
            ("pacing_rate", u64::MAX),
            ("delivered", 2),
            ("reordering", 3),
            ("min_rtt", 90),
            ("snd_wnd", 65_535),
        ];
        assert_eq!(
            with(&fields),
            "\t ts sack cubic wscale:7,5 rto:204 rtt:0.1/0.05 ato:40 mss:1448 pmtu:1500 rcvmss:536 \
             advmss:1448 cwnd:10 bytes_sent:79 segs_out:3 send 1158400000bps lastsnd:12 \
             delivered:2 minrtt:0.09 snd_wnd:65535\n"
        );
    }

    #[test]
    fn trouble_is_told_only_where_there_is_some() {
        let fields = [
            ("rto", 880_000),
            ("backoff", 2),
            ("snd_cwnd", 1),
            ("snd_ssthresh", 7),
            ("busy_time", 2_000_000),
            ("rwnd_limited", 501_000),
            ("unacked", 10),
            ("retrans", 1),
            ("total_retrans", 4),
            ("lost", 9),
            ("sacked", 3),
            ("reordering", 3),
            ("min_rtt", u64::from(u32::MAX)),
        ];
        assert_eq!(
            with(&fields),
            "\t cubic rto:880 backoff:2 cwnd:1 ssthresh:7 busy:2000ms rwnd_limited:501ms(25.0%) \
             unacked:10 retrans:1/4 lost:9 sacked:3\n"
        );
        assert_eq!(with(&[]), "");
    }

    #[test]
    fn milliseconds_are_short() {
        assert_eq!([204_000, 50, 1_500, 0].map(millis), ["204", "0.05", "1.5", "0"]);
    }
}
