//! Does a batch of frames come to the same as its frames one by one?

mod stranger;

use bytes::{Bytes, BytesMut};
use core::net::SocketAddr;
use osier_host::{Config, ConnectionId, Host, Keys};
use osier_ip::LinkId;
use osier_tcp::Text;
use osier_time::Instant;
use osier_wire::Received;
use osier_wire::checksum::Sum;
use osier_wire::tcp::{Flags, Options};
use proptest::prelude::*;
use stranger::{HOST_V4, Said, hear, host, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);

static TEXT: [u8; 1_448] = {
    let mut text = [0; 1_448];
    let mut i = 0;
    while i < text.len() {
        text[i] = (i * 7 % 251) as u8;
        i += 1;
    }
    text
};

/// How a frame differs from the one that carries on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Oddity {
    None,
    Pushed,
    Repeated,
    Early,
    Damaged,
    Fin,
    Urgent,
    OtherWindow,
    OtherStamp,
    OldStamp,
    NoStamp,
    Marked,
    Empty,
    Padded,
    Stranger,
}

const ODDITIES: [Oddity; 15] = [
    Oddity::None,
    Oddity::Pushed,
    Oddity::Repeated,
    Oddity::Early,
    Oddity::Damaged,
    Oddity::Fin,
    Oddity::Urgent,
    Oddity::OtherWindow,
    Oddity::OtherStamp,
    Oddity::OldStamp,
    Oddity::NoStamp,
    Oddity::Marked,
    Oddity::Empty,
    Oddity::Padded,
    Oddity::Stranger,
];

/// A frame: of which flow, with how much text, and how odd.
fn frames() -> impl Strategy<Value = Vec<(usize, usize, Oddity)>> {
    let len = prop_oneof![8 => Just(TEXT.len()), 1 => 1..TEXT.len()];
    let odd = prop_oneof![12 => Just(Oddity::None), 2 => proptest::sample::select(&ODDITIES[..])];
    let flow = prop_oneof![9 => Just(0usize), 1 => Just(1)];
    proptest::collection::vec((flow, len, odd), 1..40)
}

/// A host with two connections to one peer, what that sends next on each, and their names.
fn connected(stamps: bool) -> (Host, LinkId, [Said; 2], [ConnectionId; 2]) {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let here = SocketAddr::from((HOST_V4, 80));
    let listener = host.listen(here, 10).unwrap();
    let flows = [1_000, 1_001].map(|port| {
        let from = SocketAddr::from(([192, 0, 2, 9], port));
        let mut options = usual_options(50);
        options.timestamps = options.timestamps.filter(|_| stamps);
        let mut first = syn(from, here, u32::MAX - 5_000, options);
        // RFC 3168 §6.1.1: it speaks ECN.
        first.header.flags |= Flags::ECE | Flags::CWR;
        let answer = say(&mut host, link, NOW, &first);
        let ack = answer[0].answer(50);
        say(&mut host, link, NOW, &ack);
        ack
    });
    let ids = [(); 2].map(|()| host.accept(listener).unwrap().0);
    (host, link, flows, ids)
}

/// The frame, and what its flow sends next.
fn odd_frame(next: &mut Said, len: usize, oddity: Oddity) -> Received {
    let mut said = next.clone().with_text(&TEXT[..len]);
    let header = &mut said.header;
    match oddity {
        Oddity::Pushed => header.flags |= Flags::PSH,
        Oddity::Repeated => header.seq = header.seq - 700,
        Oddity::Early => header.seq += 900,
        Oddity::Fin => header.flags |= Flags::FIN,
        Oddity::Urgent => (header.flags, header.urgent) = (Flags::ACK | Flags::URG, 3),
        Oddity::OtherWindow => header.window += 1,
        Oddity::OtherStamp => {
            if let Some(stamps) = &mut header.options.timestamps {
                stamps.value += 1;
            }
        }
        Oddity::OldStamp => {
            if let Some(stamps) = &mut header.options.timestamps {
                stamps.value -= 20;
            }
        }
        Oddity::Stranger => said.from.set_ip([192, 0, 2, 10].into()),
        Oddity::NoStamp => header.options = Options::default(),
        Oddity::Empty => said.text = Bytes::new(),
        Oddity::None | Oddity::Damaged | Oddity::Marked | Oddity::Padded => {}
    }
    let arrives = |oddity| !matches!(oddity, Oddity::Damaged | Oddity::Stranger);
    let plain = arrives(oddity) && !matches!(oddity, Oddity::Repeated | Oddity::Early);
    if plain {
        next.header.seq += said.text.len() as u32;
    }
    let frame = said.frame();
    let mut bytes = BytesMut::from(&frame.bytes[..]);
    match oddity {
        Oddity::Damaged => *bytes.last_mut().unwrap() ^= 1,
        Oddity::Padded => bytes.extend_from_slice(&[0; 4]),
        Oddity::Marked => {
            bytes[1] = 3;
            bytes[10..12].fill(0);
            let sum = Sum::of(&bytes[..20]).checksum();
            bytes[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        _ => {}
    }
    Received { bytes: bytes.freeze(), ..frame }
}

/// All that can be seen of a host from outside, its news and what it sends among it.
fn outcome(host: &mut Host, ids: [ConnectionId; 2]) -> String {
    let mut events = Vec::new();
    while let Some(event) = host.poll_event() {
        events.push(event);
    }
    let sent = hear(host, NOW);
    let mut texts = [Vec::new(), Vec::new()];
    for (text, id) in texts.iter_mut().zip(ids) {
        let mut buffer = [0; 4_096];
        while let Text::Got(len) = host.read(NOW, id, &mut buffer) {
            text.extend_from_slice(&buffer[..len]);
        }
    }
    let sums = texts.map(|text| (text.len(), Sum::of(&text).checksum()));
    let infos = host.sockets_with_info(NOW);
    let after = hear(host, NOW);
    format!("{events:?} {sent:?} {sums:?} {infos:?} {:?} {after:?}", host.counters())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_batch_comes_to_the_same_as_its_frames_one_by_one(
        batches in proptest::collection::vec(frames(), 1..5), stamps: bool, answering: bool,
    ) {
        let (mut together, link, mut flows, ids) = connected(stamps);
        if answering {
            // Something of ours is in flight, so that nothing is plain.
            let _ = together.write(ids[0], b"willow");
            let _ = hear(&mut together, NOW);
        }
        let mut alone = together.clone();
        for batch in batches {
            let frame = |(flow, len, oddity)| odd_frame(&mut flows[flow], len, oddity);
            let mut batch: Vec<Received> = batch.into_iter().map(frame).collect();
            for frame in batch.clone() {
                alone.on_frame(NOW, link, frame);
            }
            together.on_frames(NOW, link, &mut batch);
            prop_assert!(batch.is_empty());
            prop_assert_eq!(outcome(&mut together, ids), outcome(&mut alone, ids));
        }
    }
}
