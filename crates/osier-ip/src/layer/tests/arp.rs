//! ARP between hosts, and against those who mean no good.

use super::*;
use osier_wire::arp::{self, Operation};
use osier_wire::ethernet::{self, EtherType};

fn arp_frame(to: MacAddr, packet: arp::Packet) -> Received {
    let mut frame = Frame::default();
    let header = ethernet::Header { dst: to, src: packet.sender_mac, ethertype: EtherType::ARP };
    header.emit(frame.head.grow(14));
    packet.emit(frame.head.grow(28));
    received(&frame)
}

fn request(from: MacAddr, sender: [u8; 4], target: [u8; 4]) -> Received {
    let packet = arp::Packet {
        operation: Operation::Request,
        sender_mac: from,
        sender_ip: sender.into(),
        target_mac: MacAddr::UNSPECIFIED,
        target_ip: target.into(),
    };
    arp_frame(MacAddr::BROADCAST, packet)
}

fn reply(from: MacAddr, sender: [u8; 4], target: [u8; 4], to: MacAddr) -> Received {
    let packet = arp::Packet {
        operation: Operation::Reply,
        sender_mac: from,
        sender_ip: sender.into(),
        target_mac: to,
        target_ip: target.into(),
    };
    arp_frame(to, packet)
}

fn read_arp(frame: &Received) -> Option<arp::Packet> {
    let (header, len) = ethernet::Header::parse(&frame.bytes).unwrap();
    (header.ethertype == EtherType::ARP).then(|| arp::Packet::parse(&frame.bytes[len..]).unwrap().0)
}

/// Sends to a neighbour; says to which station it went, if at once.
fn sent_to(layer: &mut Layer, now: Instant, dst: &str) -> Option<MacAddr> {
    let mut frame = Frame::default();
    let wrapped = layer.wrap(now, &packet_to(layer, dst), &mut frame).unwrap();
    frame.head.grow(20);
    layer.submit(now, wrapped, &mut frame)?;
    Some(ethernet::Header::parse(frame.head.as_slice()).unwrap().0.dst)
}

#[test]
fn the_first_packet_waits_for_arp_and_the_second_goes_at_once() {
    let mut wire = Wire::pair();
    let packet = packet_to(&wire.hosts[0], "10.0.0.2");
    wire.send(T0, 0, &packet);
    let [question, answer, first] = &wire.seen[..] else { panic!("{} frames", wire.seen.len()) };
    let question = read_arp(question).unwrap();
    assert_eq!(question.operation, Operation::Request);
    assert_eq!(question.sender_ip, core::net::Ipv4Addr::new(10, 0, 0, 1));
    let answer = read_arp(answer).unwrap();
    assert_eq!((answer.operation, answer.sender_mac), (Operation::Reply, mac(2)));
    assert_eq!(first.bytes[..12], [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
    wire.send(T0, 0, &packet);
    assert_eq!(wire.seen.len(), 4);
    let packets = wire.packets();
    assert_eq!(packets.len(), 2);
    assert_eq!(packets[0].1.payload(), Bytes::from_static(b"segment!xxxxxxxxxxxx"));
}

#[test]
fn who_was_asked_knows_the_asker_and_answers_without_a_question() {
    let mut wire = Wire::pair();
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "10.0.0.2"));
    wire.seen.clear();
    wire.send(T0, 1, &packet_to(&wire.hosts[1], "10.0.0.1"));
    assert_eq!(wire.seen.len(), 1);
    assert_eq!(wire.packets().len(), 2);
}

#[test]
fn nobody_answers_three_questions_and_what_waited_is_dropped() {
    let mut layer = host(1);
    layer.notes_mut().set_recording(Recording::On);
    assert_eq!(sent_to(&mut layer, T0, "10.0.0.9"), None);
    let mut questions = 0;
    let mut now = T0;
    loop {
        while let Some((_, frame)) = layer.poll_transmit(now) {
            assert!(read_arp(&received(&frame)).is_some());
            questions += 1;
        }
        let Some(due) = layer.next_deadline() else { break };
        assert_eq!(due - now, Duration::from_secs(1));
        now = due;
        layer.on_deadline(now);
    }
    assert_eq!((questions, now - T0), (3, Duration::from_secs(3)));
    assert_eq!(layer.poll_event(), Some(Event::NeighbourUnreachable(ip("10.0.0.9"))));
    assert_eq!(layer.poll_event(), None);
    assert_eq!(layer.notes_mut().count(&Reason::NeighbourNeverCame), 1);
}

#[test]
fn three_packets_wait_and_a_fourth_pushes_the_oldest_out() {
    let mut wire = Wire::new(Vec::from([host(1)]));
    for len in 21..=24 {
        wire.send(T0, 0, &ToSend { len, ..packet_to(&wire.hosts[0], "10.0.0.2") });
    }
    assert_eq!(wire.hosts[0].notes_mut().count(&Reason::NeighbourQueueFull), 1);
    wire.hosts.push(host(2));
    wire.run(T0 + Duration::from_secs(1));
    let lens: Vec<usize> = wire.packets().iter().map(|(_, p)| p.payload().len()).collect();
    assert_eq!(lens, [22, 23, 24]);
}

#[test]
fn an_answer_that_nobody_asked_for_makes_no_entry() {
    let mut layer = host(1);
    layer.on_frame(T0, ETH, &mut reply(mac(66), [10, 0, 0, 2], [10, 0, 0, 1], mac(1)));
    assert_eq!(layer.notes_mut().count(&Reason::UnaskedAnswer), 1);
    assert_eq!(sent_to(&mut layer, T0, "10.0.0.2"), None);
}

#[test]
fn a_request_for_somebody_else_makes_no_entry_and_draws_no_answer() {
    let mut layer = host(1);
    layer.on_frame(T0, ETH, &mut request(mac(2), [10, 0, 0, 2], [10, 0, 0, 3]));
    assert!(layer.poll_transmit(T0).is_none());
    assert_eq!(sent_to(&mut layer, T0, "10.0.0.2"), None);
}

#[test]
fn an_announcement_moves_a_neighbour_that_we_know() {
    let mut layer = host(1);
    layer.on_frame(T0, ETH, &mut request(mac(2), [10, 0, 0, 2], [10, 0, 0, 1]));
    assert_eq!(sent_to(&mut layer, T0, "10.0.0.2"), Some(mac(2)));
    layer.on_frame(T0, ETH, &mut request(mac(3), [10, 0, 0, 2], [10, 0, 0, 2]));
    assert_eq!(sent_to(&mut layer, T0, "10.0.0.2"), Some(mac(3)));
    assert_eq!(layer.notes_mut().count(&Reason::NeighbourMoved), 1);
}

#[test]
fn a_flood_of_askers_does_not_push_out_the_gateway() {
    let mut layer = host(1);
    let network = Cidr { address: ip("0.0.0.0"), prefix_len: 0 };
    layer.add_route(Route { network, gateway: Some(ip("10.0.0.254")), link: ETH });
    assert_eq!(sent_to(&mut layer, T0, "192.0.2.1"), None);
    layer.on_frame(T0, ETH, &mut reply(mac(254), [10, 0, 0, 254], [10, 0, 0, 1], mac(1)));
    // A wider network, so that there are many neighbours to make up.
    layer.add_address(T0, ETH, Cidr { address: ip("10.0.0.1"), prefix_len: 8 });
    for n in 0..100_000u32 {
        let [_, a, b, c] = n.to_be_bytes();
        layer.on_frame(
            T0,
            ETH,
            &mut request(MacAddr([6, 0, 0, a, b, c]), [10, 7 + a, b, c], [10, 0, 0, 1]),
        );
        while layer.poll_transmit(T0).is_some() {}
    }
    assert!(layer.neighbours.len() <= 1024, "{} neighbours", layer.neighbours.len());
    assert_eq!(sent_to(&mut layer, T0, "192.0.2.1"), Some(mac(254)));
}

#[test]
fn a_flood_of_destinations_does_not_push_out_a_neighbour_in_use() {
    let mut layer = host(1);
    layer.add_address(T0, ETH, Cidr { address: ip("10.0.0.1"), prefix_len: 8 });
    assert_eq!(sent_to(&mut layer, T0, "10.0.0.2"), None);
    layer.on_frame(T0, ETH, &mut reply(mac(2), [10, 0, 0, 2], [10, 0, 0, 1], mac(1)));
    for n in 0..20_000u32 {
        let [_, _, b, c] = n.to_be_bytes();
        let dst = std::format!("10.9.{b}.{c}");
        assert_eq!(sent_to(&mut layer, T0, &dst), None);
        while layer.poll_transmit(T0).is_some() {}
    }
    assert!(layer.neighbours.len() <= 1024);
    assert!(layer.neighbours.waiting_octets() <= 1024 * 1024);
    assert_eq!(sent_to(&mut layer, T0, "10.0.0.2"), Some(mac(2)));
}

#[test]
fn an_old_neighbour_is_asked_directly_and_forgotten_if_it_is_gone() {
    let mut wire = Wire::pair();
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "10.0.0.2"));
    let gone = wire.hosts.pop().unwrap();
    wire.seen.clear();
    // Its answer is believed for 30 s; then it is used for 5 s more before it is asked.
    let later = T0 + Duration::from_secs(31);
    wire.send(later, 0, &packet_to(&wire.hosts[0], "10.0.0.2"));
    assert_eq!(wire.seen.len(), 1);
    wire.run(later + Duration::from_secs(7));
    let questions: Vec<_> = wire.seen[1..].iter().map(|f| f.bytes[..6].to_vec()).collect();
    assert_eq!(questions, std::vec![mac(2).0.to_vec(); 3]);
    wire.run(later + Duration::from_secs(8));
    assert_eq!(wire.hosts[0].poll_event(), Some(Event::NeighbourUnreachable(ip("10.0.0.2"))));
    wire.hosts.push(gone);
    wire.send(later + Duration::from_secs(9), 0, &packet_to(&wire.hosts[0], "10.0.0.2"));
    assert_eq!(wire.packets().len(), 2);
}

#[test]
fn a_rival_with_our_address_is_an_event_and_we_defend_once() {
    let mut layer = host(1);
    for _ in 0..5 {
        layer.on_frame(T0, ETH, &mut request(mac(66), [10, 0, 0, 1], [10, 0, 0, 1]));
    }
    let conflict = Event::AddressConflict { address: ip("10.0.0.1"), mac: mac(66) };
    assert_eq!(layer.poll_event(), Some(conflict));
    assert_eq!(layer.poll_event(), None);
    let (_, defence) = layer.poll_transmit(T0).unwrap();
    let defence = read_arp(&received(&defence)).unwrap();
    assert_eq!(
        (defence.sender_ip, defence.target_ip),
        ([10, 0, 0, 1].into(), [10, 0, 0, 1].into())
    );
    assert!(layer.poll_transmit(T0).is_none());
}

#[test]
fn an_address_that_is_taken_is_found_out_before_it_is_used() {
    let mut wire = Wire::pair();
    wire.hosts[0].probe_address(T0, ETH, ip("10.0.0.2"));
    wire.settle(T0);
    let probe = read_arp(&wire.seen[0]).unwrap();
    assert!(probe.sender_ip.is_unspecified());
    let conflict = Event::AddressConflict { address: ip("10.0.0.2"), mac: mac(2) };
    assert_eq!(wire.hosts[0].poll_event(), Some(conflict));
    assert_eq!(wire.hosts[1].poll_event(), None);
    wire.hosts[0].probe_address(T0, ETH, ip("10.0.0.77"));
    wire.settle(T0);
    assert_eq!(wire.hosts[0].poll_event(), None);
}

#[test]
fn two_that_probe_for_the_same_address_both_hear_of_it() {
    let mut wire = Wire::pair();
    wire.hosts[0].probe_address(T0, ETH, ip("10.0.0.77"));
    wire.hosts[1].probe_address(T0, ETH, ip("10.0.0.77"));
    wire.settle(T0);
    for (n, rival) in [(0, 2), (1, 1)] {
        let conflict = Event::AddressConflict { address: ip("10.0.0.77"), mac: mac(rival) };
        assert_eq!(wire.hosts[n].poll_event(), Some(conflict));
    }
}

#[test]
fn an_address_of_another_link_is_not_answered_for() {
    let mut layer = host(1);
    layer.on_frame(T0, ETH, &mut request(mac(2), [10, 0, 0, 2], [127, 0, 0, 1]));
    assert!(layer.poll_transmit(T0).is_none());
}

#[test]
fn a_new_address_is_announced() {
    let mut layer = host(1);
    layer.add_address(T0, ETH, Cidr { address: ip("10.0.0.5"), prefix_len: 24 });
    let (_, frame) = layer.poll_transmit(T0).unwrap();
    let packet = read_arp(&received(&frame)).unwrap();
    assert_eq!((packet.sender_ip, packet.target_ip), ([10, 0, 0, 5].into(), [10, 0, 0, 5].into()));
}
