//! What is written is read again: every packet, time, direction, length and comment.

use osier_pcap::{Direction, InterfaceId, LinkType, MAX_PACKET, Packet, Reader, Writer};
use osier_time::{Duration, Instant};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Written {
    interface: usize,
    at: u64,
    direction: Direction,
    parts: Vec<Vec<u8>>,
    comment: Option<String>,
}

fn written() -> impl Strategy<Value = Written> {
    let direction = prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)];
    let parts = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..4);
    let comment = prop::option::of("[^\0]{0,60}");
    (0..4_usize, any::<u64>(), direction, parts, comment).prop_map(
        |(interface, at, direction, parts, comment)| Written {
            interface,
            at,
            direction,
            parts,
            comment,
        },
    )
}

fn link() -> impl Strategy<Value = LinkType> {
    any::<u16>().prop_map(LinkType::from_code)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        epoch in any::<u64>(),
        links in prop::collection::vec(("[a-zé]{0,20}", link()), 1..4),
        packets in prop::collection::vec(written(), 0..12),
    ) {
        let mut writer = Writer::new(Vec::new(), Duration::from_nanos(epoch)).unwrap();
        for (name, link) in &links {
            writer.add_interface(name, *link).unwrap();
        }
        let mut expected = Vec::new();
        for packet in &packets {
            let index = packet.interface % links.len();
            let interface = InterfaceId(index as u32);
            let parts: Vec<&[u8]> = packet.parts.iter().map(Vec::as_slice).collect();
            let at = Instant::from_nanos(packet.at);
            let comment = packet.comment.as_deref();
            writer.write_packet(interface, at, packet.direction, &parts, comment).unwrap();
            let data = packet.parts.concat();
            expected.push(Packet {
                interface,
                link: links[index].1,
                at: Some(Duration::from_nanos(epoch.saturating_add(packet.at))),
                direction: Some(packet.direction),
                original_length: data.len() as u32,
                data,
                comments: packet.comment.iter().cloned().collect(),
            });
        }
        let file = writer.into_inner();
        let mut reader = Reader::new(&file[..]).unwrap();
        let read: Vec<Packet> = reader.by_ref().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read, expected);
        let names: Vec<_> = reader.interfaces().iter().map(|i| i.name.clone().unwrap()).collect();
        prop_assert_eq!(names, links.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    }
}

#[test]
fn a_packet_beyond_the_limit_is_cut_and_keeps_its_true_length() {
    let mut writer = Writer::new(Vec::new(), Duration::ZERO).unwrap();
    let link = writer.add_interface("big", LinkType::RawIp).unwrap();
    let (half, at) = (vec![1; MAX_PACKET - 1], Instant::from_nanos(0));
    writer.write_packet(link, at, Direction::Inbound, &[&half, &half], None).unwrap();
    let file = writer.into_inner();
    let packet = Reader::new(&file[..]).unwrap().next().unwrap().unwrap();
    assert_eq!(packet.data.len(), MAX_PACKET);
    assert_eq!(packet.original_length as usize, 2 * (MAX_PACKET - 1));
}
