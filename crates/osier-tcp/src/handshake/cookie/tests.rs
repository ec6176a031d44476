//! Do the bits of a cookie come back as what they stood for, and promise no more than that?

use super::{CLASSES, Cookie, mark};
use crate::config::{Config, Opening};
use crate::segment::Segment;
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Options, Timestamps};

const NOW: Instant = Instant::from_millis(123_457);

fn syn(options: Options) -> Segment {
    Segment { seq: SeqNumber(77), flags: Flags::SYN, window: 64_000, options, ..Segment::default() }
}

fn full(mss: u16, scale: Option<u8>, sack: bool) -> Options {
    Options {
        mss: Some(mss),
        window_scale: scale,
        sack_permitted: sack,
        timestamps: Some(Timestamps { value: 9, echo: 0 }),
        ..Options::default()
    }
}

/// The ACK of a peer that was sent this SYN,ACK.
fn answer(syn_ack: &Segment) -> Segment {
    let timestamps = syn_ack.options.timestamps;
    let mut ack = Segment { seq: SeqNumber(78), flags: Flags::ACK, ..Segment::default() };
    ack.ack = syn_ack.seq + 1;
    ack.options.timestamps = timestamps.map(|stamp| Timestamps { value: 30, echo: stamp.value });
    ack
}

#[test]
fn every_option_comes_back_with_the_acknowledgment() {
    let config = Config { mss: 9_000, ..Config::default() };
    for mss in CLASSES {
        for scale in [None, Some(0), Some(7), Some(14)] {
            for sack in [true, false] {
                let syn = syn(full(mss, scale, sack));
                let cookie = Cookie::of(&syn, &config);
                for mac in [0, 1, u32::MAX, 0x1234_5678] {
                    let opening = Opening { iss: cookie.iss(mac), ts_offset: 5 };
                    let syn_ack = cookie.syn_ack(NOW, &syn, &config, opening).unwrap().segment;
                    assert_eq!(syn_ack.flags, Flags::SYN | Flags::ACK);
                    let back = Cookie::returned_by(&answer(&syn_ack));
                    assert_eq!(back, cookie);
                    let agreed = back.agreed(&config);
                    assert_eq!(agreed.mss, mss);
                    assert_eq!(agreed.scales.map(|scales| scales.snd), scale);
                    assert_eq!(agreed.offer.sack, sack);
                    assert!(agreed.offer.timestamps);
                }
            }
        }
    }
}

#[test]
fn without_timestamps_only_the_mss_survives() {
    let mut options = full(1_460, Some(7), true);
    options.timestamps = None;
    let (syn, config) = (syn(options), Config::default());
    let cookie = Cookie::of(&syn, &config);
    let opening = Opening { iss: cookie.iss(99), ts_offset: 5 };
    let syn_ack = cookie.syn_ack(NOW, &syn, &config, opening).unwrap().segment;
    // What will not be remembered is not promised either.
    assert_eq!(syn_ack.options.window_scale, None);
    assert!(!syn_ack.options.sack_permitted);
    let agreed = Cookie::returned_by(&answer(&syn_ack)).agreed(&config);
    assert_eq!((agreed.mss, agreed.scales, agreed.offer.sack), (1_460, None, false));
}

#[test]
fn a_peer_is_never_taken_to_accept_more_than_it_asked_for() {
    let config = Config { mss: 1_460, ..Config::default() };
    for mss in [1, 48, 100, 535, 536, 1_219, 1_459, 1_460, 9_000] {
        let remembered = Cookie::of(&syn(full(mss, None, false)), &config).agreed(&config).mss;
        assert!(remembered <= mss.max(CLASSES[0]).min(1_460), "{remembered} for {mss}");
    }
}

#[test]
fn a_marked_timestamp_is_never_in_the_future_and_at_most_two_steps_old() {
    for value in (0..300).chain(u32::MAX - 300..=u32::MAX) {
        for options in 0..64 {
            let marked = mark(value, options);
            assert_eq!(marked & 63, u32::from(options));
            assert!(value.wrapping_sub(marked) < 128, "{value} became {marked}");
        }
    }
}

#[test]
fn a_changed_option_is_seen_by_whoever_covers_the_octets() {
    let config = Config::default();
    let plain = Cookie::of(&syn(Options::default()), &config).octets();
    let mut seen = alloc::vec![plain];
    for options in [full(1_460, None, false), full(1_460, None, true), full(1_460, Some(1), true)] {
        seen.push(Cookie::of(&syn(options), &config).octets());
    }
    seen.push(Cookie::of(&syn(full(536, Some(1), true)), &config).octets());
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}
