//! How large may a segment be? (RFC 9293 §3.7.1; Linux: TCP_MAXSEG)

use osier_tcp::{Arrived, Config, Connection, Notes, Opening, Recording, Segment};
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Options};

#[test]
fn the_user_bounds_what_is_announced_and_what_a_larger_link_would_take() {
    let mut config = Config { mss: 1_000, ..Config::default() };
    config.sending.link_mss = Some(1_460);
    config.limit_segments(1_200);
    assert_eq!((config.mss, config.sending.link_mss), (1_000, Some(1_200)));
    config.limit_segments(0);
    assert_eq!((config.mss, config.sending.link_mss), (48, Some(48)), "no storm of headers");
}

#[test]
fn a_smaller_mss_of_the_user_is_announced_and_kept_to() {
    let (now, mut notes) = (Instant::from_secs(1), Notes::new(Recording::Off));
    let mut a = Connection::connect(now, &Config::default(), Opening::default(), &mut notes);
    a.set_max_segment(2_000);
    a.set_max_segment(1_100);
    let syn = a.poll_transmit(now, &mut notes).expect("a SYN");
    assert_eq!(syn.segment.options.mss, Some(1_100));
    let mut syn_ack = Segment {
        seq: SeqNumber(0),
        ack: syn.segment.seq + 1,
        flags: Flags::SYN | Flags::ACK,
        window: 1_000,
        options: Options { mss: Some(1_400), ..Options::default() },
        ..Segment::default()
    };
    a.on_segment(now, &mut syn_ack, Arrived::default(), &mut notes);
    assert_eq!(a.info(now).map(|info| info.snd_mss), Some(1_100));
    a.set_max_segment(500);
    assert_eq!(a.info(now).map(|info| info.snd_mss), Some(1_100), "too late");
}
