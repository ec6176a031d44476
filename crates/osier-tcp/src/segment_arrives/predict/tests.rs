//! Does the predicted path lead where the checks in full lead?

extern crate std;

use super::{is_expected, take, take_all};
use crate::config::{Config, Offer, Opening};
use crate::options::{Agreed, Scales};
use crate::reason::{Notes, Recording};
use crate::segment::{Arrived, Segment, Transmit};
use crate::segment_arrives::{examine, segment_arrives};
use crate::state::State;
use crate::tcb::ecn::Ecn;
use crate::tcb::{Birth, Tcb};
use crate::transmit;
use bytes::Bytes;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Timestamps};
use proptest::prelude::*;
use std::boxed::Box;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

const IRS: SeqNumber = SeqNumber(u32::MAX - 700);
const ISS: SeqNumber = SeqNumber(u32::MAX - 300);

/// What happens to a connection.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The user writes so many octets, and what may go is sent.
    Write(usize),
    /// The user reads so many.
    Read(usize),
    /// So many milliseconds pass.
    Wait(u64),
    /// A segment with so much text arrives, so far behind what is expected, and acknowledges this
    /// share of what is in flight, in hundredths, with this window.
    Arrive { octets: usize, gap: u32, share: u32, window: u16 },
}

fn steps() -> impl Strategy<Value = Step> {
    let arrive = (
        prop_oneof![Just(1usize), 0..3_000usize],
        prop_oneof![9 => Just(0u32), 1 => 1..2_000u32],
        prop_oneof![Just(0u32), Just(100), 0..101u32],
        prop_oneof![4 => Just(60_000u16), 1 => any::<u16>()],
    );
    prop_oneof![
        prop_oneof![Just(1usize), 1..9_000usize].prop_map(Step::Write),
        (1..5_000usize).prop_map(Step::Read),
        (0..300u64).prop_map(Step::Wait),
        arrive.prop_map(|(octets, gap, share, window)| Step::Arrive { octets, gap, share, window }),
        arrive_more(),
    ]
}

/// Mostly what is expected.
fn arrive_more() -> impl Strategy<Value = Step> {
    (1..1_400usize).prop_map(|octets| Step::Arrive { octets, gap: 0, share: 100, window: 60_000 })
}

fn established(now: Instant, offer: Offer) -> Box<Tcb> {
    let config = Config { offer, ..Config::default() };
    let mut tcb = Tcb::new(&Birth {
        now,
        state: State::SynReceived,
        opening: Opening { iss: ISS, ts_offset: 77 },
        irs: IRS,
        ts_recent: 1_000,
        agreed: Agreed { mss: 1_460, scales: Some(Scales { snd: 7, rcv: 7 }), offer },
        syn_sent_at: Some(now),
        syn_attempts: 0,
        config: &config,
    });
    tcb.snd.set_from_syn(IRS, ISS + 1, 60_000);
    let mut last = from_peer(&tcb, now, (0, 0), 60_000);
    last.ack = ISS + 1;
    segment_arrives(&mut tcb, now, &mut last, Arrived::default(), &mut Notes::new(Recording::Off));
    assert_eq!(tcb.state(), State::Established);
    tcb
}

/// A segment as the peer sends it now: so much text, so far behind RCV.NXT.
fn from_peer(tcb: &Tcb, now: Instant, (octets, gap): (usize, u32), window: u16) -> Segment {
    let mut segment = Segment {
        seq: tcb.rcv.nxt + gap,
        ack: tcb.snd.una,
        flags: Flags::ACK,
        window,
        text: vec![b'x'; octets].into(),
        ..Segment::default()
    };
    segment.options.timestamps = tcb.clock.as_ref().map(|clock| Timestamps {
        value: 1_000 + now.as_millis() as u32,
        echo: clock.stamp(now - Duration::from_millis(3)).value,
    });
    segment
}

fn send_all(tcb: &mut Tcb, now: Instant) -> Vec<Transmit> {
    let send = |_| {
        let mut out = Transmit::default();
        transmit::next(tcb, now, &mut out, &mut Notes::new(Recording::Off)).then_some(out)
    };
    (0..100).map_while(send).collect()
}

/// Does a step; says whether it was a segment that was predicted.
fn walk(tcb: &mut Tcb, now: &mut Instant, step: Step) -> bool {
    match step {
        Step::Write(octets) => {
            tcb.out.push_copy(&vec![b'y'; octets]);
            tcb.look_again();
            send_all(tcb, *now);
        }
        Step::Read(octets) => {
            tcb.text.read(&mut vec![0; octets]);
        }
        Step::Wait(millis) => *now += Duration::from_millis(millis),
        Step::Arrive { octets, gap, share, window } => {
            let mut segment = from_peer(tcb, *now, (octets, gap), window);
            segment.ack += tcb.snd.outstanding() / 100 * share;
            if share == 100 {
                segment.ack = tcb.snd.nxt;
            }
            return arrive(tcb, *now, segment);
        }
    }
    false
}

fn arrive(tcb: &mut Tcb, now: Instant, mut segment: Segment) -> bool {
    let (arrived, notes) = (Arrived::default(), &mut Notes::new(Recording::Off));
    if !is_expected(tcb, now, &segment, arrived) {
        segment_arrives(tcb, now, &mut segment, arrived, notes);
        send_all(tcb, now);
        return false;
    }
    // Two copies, since a copy has less spare room in its buffers.
    let (mut in_full, mut whole) = (tcb.clone(), segment.clone());
    *tcb = tcb.clone();
    assert!(examine(&mut in_full, now, &mut whole, arrived, notes).is_continue());
    take(tcb, now, &mut segment, arrived);
    assert_eq!(difference(&format!("{tcb:?}"), &format!("{in_full:?}")), None);
    send_all(tcb, now);
    true
}

/// Segments of this much text arrive together behind one that came first: they come out as one by
/// one, or are left alone. Says whether they were taken.
fn arrive_together(tcb: &mut Tcb, now: Instant, (size, last, count): (usize, usize, u32)) -> bool {
    let notes = &mut Notes::new(Recording::Off);
    let mut leader = from_peer(tcb, now, (size, 0), 60_000);
    segment_arrives(tcb, now, &mut leader, Arrived::default(), notes);
    let mut alone = tcb.clone();
    *tcb = tcb.clone();
    let lens = (1..=count).map(|n| if n == count { last } else { size });
    let mut texts: Vec<Bytes> = lens.map(|len| vec![b'x'; len].into()).collect();
    let mut first = from_peer(tcb, now, (0, 0), 60_000);
    let (mut next, before) = (first.clone(), format!("{tcb:?}"));
    let arrived = Arrived { gso_size: size as u16, ..Arrived::default() };
    for text in &texts {
        let seq = next.seq + text.len() as u32;
        next.text = text.clone();
        segment_arrives(&mut alone, now, &mut next, Arrived::default(), notes);
        next.seq = seq;
    }
    let taken = take_all(tcb, now, &mut first, &mut texts, arrived);
    if taken {
        assert!(texts.is_empty());
    } else {
        assert_eq!((format!("{tcb:?}"), texts.len()), (before, count as usize));
        *tcb = alone.clone();
    }
    // What is sent is the same; an acknowledgment that goes at once needs no alarm.
    assert_eq!(send_all(tcb, now), send_all(&mut alone, now));
    assert_eq!(difference(&but_for_soonest(tcb), &but_for_soonest(&alone)), None);
    taken
}

/// All but how early an alarm may be: one that was stopped may still be thought to be the first.
fn but_for_soonest(tcb: &Tcb) -> String {
    let all = format!("{tcb:?}");
    let (before, rest) = all.split_once("soonest: ").unwrap();
    let (_, after) = rest.split_once(' ').unwrap();
    format!("{before}{after}")
}

/// Where two descriptions part, and how they go on.
fn difference<'a>(one: &'a str, other: &'a str) -> Option<(&'a str, &'a str)> {
    let at = one.bytes().zip(other.bytes()).position(|(a, b)| a != b)?;
    let around = |text: &'a str| &text[at.saturating_sub(60)..text.len().min(at + 60)];
    Some((around(one), around(other)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn texts_that_arrive_together_come_out_as_one_by_one(
        steps in proptest::collection::vec(steps(), 0..8),
        trains in proptest::collection::vec((1..1_400usize, 0..1_400usize, 1..40u32), 1..6),
        (timestamps, sack) in any::<(bool, bool)>(),
    ) {
        let mut now = Instant::from_secs(5);
        let offer = Offer { window_scale: true, timestamps, sack };
        let mut tcb = established(now, offer);
        // A buffer that tunes itself looks at what comes, not at when; here it is left alone.
        tcb.settings.receive_max = tcb.settings.receive_buffer;
        for (step, (size, shorter, count)) in steps.into_iter().zip(trains.into_iter().cycle()) {
            walk(&mut tcb, &mut now, step);
            arrive_together(&mut tcb, now, (size, size - shorter.min(size - 1), count));
        }
    }

    #[test]
    fn what_is_predicted_comes_out_as_the_checks_in_full_have_it(
        steps in proptest::collection::vec(steps(), 1..60),
        (timestamps, sack) in any::<(bool, bool)>(),
    ) {
        let mut now = Instant::from_secs(5);
        let offer = Offer { window_scale: true, timestamps, sack };
        let mut tcb = established(now, offer);
        for step in steps {
            walk(&mut tcb, &mut now, step);
        }
    }
}

#[test]
fn a_stream_that_nobody_answers_is_taken_together_while_there_is_room() {
    let mut now = Instant::from_secs(5);
    let offer = Offer { window_scale: true, timestamps: true, sack: true };
    let mut tcb = established(now, offer);
    for _ in 0..50 {
        assert!(arrive_together(&mut tcb, now, (1_448, 1_000, 20)));
        walk(&mut tcb, &mut now, Step::Read(30_000));
    }
    let room = tcb.text.room();
    assert!(!arrive_together(&mut tcb, now, (1_448, 1_448, room / 1_448 + 1)));
    walk(&mut tcb, &mut now, Step::Write(10));
    assert!(!arrive_together(&mut tcb, now, (1_448, 1_448, 2)), "something is in flight");
}

#[test]
fn a_request_and_a_response_are_predicted() {
    let mut now = Instant::from_secs(5);
    let offer = Offer { window_scale: true, timestamps: true, sack: true };
    let mut tcb = established(now, offer);
    for _ in 0..50 {
        walk(&mut tcb, &mut now, Step::Write(1));
        let answer = Step::Arrive { octets: 1, gap: 0, share: 100, window: 60_000 };
        assert!(walk(&mut tcb, &mut now, answer));
        walk(&mut tcb, &mut now, Step::Read(10));
        walk(&mut tcb, &mut now, Step::Wait(1));
    }
}

/// RFC 3168 §6.1.2: SND.NXT of the cut is compared with SND.UNA. 2 GiB later it would seem to be
/// ahead, and nothing would be news for the next 2 GiB.
#[test]
fn a_cut_is_forgotten_by_the_first_acknowledgment_of_what_followed_however_it_comes() {
    let mut now = Instant::from_secs(5);
    let offer = Offer { window_scale: true, timestamps: true, sack: true };
    let mut tcb = established(now, offer);
    tcb.owed.ecn = Ecn::new(true);
    // Up to the last number before they come round.
    walk(&mut tcb, &mut now, Step::Write(300));
    let answer = Step::Arrive { octets: 1, gap: 0, share: 100, window: 60_000 };
    assert!(walk(&mut tcb, &mut now, answer));
    tcb.owed.ecn.on_cut_for_mark(tcb.snd.nxt);
    assert!(walk(&mut tcb, &mut now, answer), "it acknowledges nothing");
    walk(&mut tcb, &mut now, Step::Write(1_000));
    assert!(tcb.owed.ecn.remembers_cut() && tcb.snd.nxt.0 < 2_000);
    walk(&mut tcb, &mut now, answer);
    assert!(!tcb.owed.ecn.remembers_cut());
    walk(&mut tcb, &mut now, Step::Write(1_000));
    assert!(walk(&mut tcb, &mut now, answer), "and from then on all is as it was");
}
