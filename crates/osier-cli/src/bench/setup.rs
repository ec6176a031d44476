//! Over which link, beside how many idle connections is work done?

use osier_device::{Medium, Offloads, Properties};

/// The smallest MTU of IPv4 (RFC 791: 68) leaves 28 octets of text; below this the sum of headers
/// would be all that is measured.
pub(super) const MTU_MIN: u16 = 128;

/// How many connections may be idle beside the one at work: the client's ephemeral ports to one
/// address are some 28,000.
const IDLE_MAX: i64 = 20_000;

/// Less than some segments of an MTU, or more than a processor's caches, says nothing.
const WINDOW_MIN: i64 = 4 << 10;
const WINDOW_MAX: i64 = 64 << 20;

/// The link, and what stands beside the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub(super) struct Setup {
    /// The longest IP packet of the link, in octets
    #[arg(long, value_name = "N", default_value_t = 1500,
          value_parser = clap::value_parser!(u16).range(i64::from(MTU_MIN)..))]
    pub(super) mtu: u16,
    /// Whether checksums are computed and verified, or the link vouches for what crosses it
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = Checksums::On)]
    pub(super) checksums: Checksums,
    /// Whether the link takes super-segments of 64 KiB whole; it vouches for their checksums, then
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Segments::Cut)]
    pub(super) segments: Segments,
    /// Whether text is copied in and out, or handed over in chunks that nobody copies (bulk)
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = Copies::Both)]
    pub(super) copies: Copies,
    /// Octets of the window and of the send buffer
    #[arg(long, value_name = "N", default_value_t = 1 << 20,
          value_parser = clap::value_parser!(u32).range(WINDOW_MIN..=WINDOW_MAX))]
    pub(super) window: u32,
    /// So many more connections are established and say nothing
    #[arg(long, value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(0..=IDLE_MAX))]
    pub(super) idle: u32,
}

/// Who computes and verifies checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Checksums {
    /// Software, both ways
    On,
    /// Nobody: the link vouches for what crosses it
    Off,
}

/// What crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Segments {
    /// Frames no longer than the MTU
    Cut,
    /// Super-segments of up to 64 KiB
    Whole,
}

/// How the program hands text over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Copies {
    /// It writes and reads slices: one copy in, one copy out
    Both,
    /// It writes and reads chunks
    None,
}

impl Setup {
    /// The device, and what a host is told that it offers. A plain wire cuts and sums in software
    /// what comes longer, so the host may leave that to it; every frame is then of one MTU, and
    /// verified by who gets it. One that vouches for checksums cuts, and nobody sums.
    pub(super) fn device(&self) -> (Properties, Offloads) {
        let (medium, mtu) = (Medium::Ip, usize::from(self.mtu));
        match (self.segments, self.checksums) {
            (Segments::Cut, Checksums::On) => {
                (Properties::plain(medium, mtu), Offloads::all(medium))
            }
            (Segments::Cut, Checksums::Off) => {
                let offloads = Offloads { checksum: true, ..Offloads::none(medium, mtu) };
                let device = Properties { offloads, ..Properties::plain(medium, mtu) };
                (device, Offloads::all(medium))
            }
            (Segments::Whole, _) => (Properties::offloaded(medium, mtu), Offloads::all(medium)),
        }
    }

    /// As it is said on the command line.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec!["--mtu".to_owned(), self.mtu.to_string()];
        words.extend(["--window".to_owned(), self.window.to_string()]);
        words.extend(["--idle".to_owned(), self.idle.to_string()]);
        if self.checksums == Checksums::Off {
            words.extend(["--checksums", "off"].map(str::to_owned));
        }
        if self.segments == Segments::Whole {
            words.extend(["--segments", "whole"].map(str::to_owned));
        }
        if self.copies == Copies::None {
            words.extend(["--copies", "none"].map(str::to_owned));
        }
        words
    }

    /// What becomes of text in the program's hands.
    pub(super) const fn copies_in_words(&self) -> &'static str {
        match self.copies {
            Copies::Both => "one copy in and one copy out",
            Copies::None => "a stream's text handed over in chunks, without a copy",
        }
    }

    /// Whether the hosts sum what crosses, and verify it.
    pub(super) fn sums(&self) -> bool {
        (self.checksums, self.segments) == (Checksums::On, Segments::Cut)
    }
}

#[cfg(test)]
impl Setup {
    /// The usual one, on a link of this MTU.
    pub(super) fn of(mtu: u16) -> Setup {
        let (checksums, segments) = (Checksums::On, Segments::Cut);
        Setup { mtu, checksums, segments, copies: Copies::Both, window: 1 << 20, idle: 0 }
    }
}
