//! Is the language read as packetdrill reads it, and is what is wrong told with its place?

use super::*;
use crate::ast::packet::{Body, Direction, Quoted, Segment, TcpOption, Tos};
use crate::ast::{Call, Value};
use crate::span::{Fault, Span};
use osier_time::Duration;
use osier_wire::Ecn;
use osier_wire::tcp::Flags;

fn script(source: &str) -> Script {
    parse(source, &[]).unwrap_or_else(|error| panic!("{error}\n{source}"))
}

fn one(source: &str) -> Action {
    script(source).events.remove(0).action
}

fn segment(source: &str) -> Segment {
    match one(source) {
        Action::Packet(packet) => match packet.body {
            Body::Tcp(segment) => segment,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn called(source: &str) -> Call {
    match one(source) {
        Action::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

fn fails(source: &str) -> (Span, String) {
    let error = parse(source, &[]).expect_err(source);
    assert_eq!(error.fault, Fault::Malformed, "{error}");
    (error.at, error.says)
}

#[test]
fn a_syn_with_all_its_options() {
    let found = segment("0 < S 0:0(0) win 1000 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>");
    assert_eq!(found.flags, Flags::SYN);
    assert_eq!((found.seq, found.len, found.ack, found.window), (0, 0, 0, Some(1000)));
    let options = [
        TcpOption::Mss(1460),
        TcpOption::SackPermitted,
        TcpOption::Timestamps { value: 1, echo: 0 },
        TcpOption::Nop,
        TcpOption::WindowScale(7),
    ];
    assert_eq!(found.options.as_deref(), Some(&options[..]));
}

#[test]
fn what_a_script_leaves_open_is_none() {
    let found = segment("0 > P. 1:1001(1000) ack 1 <...>");
    assert_eq!(found.flags, Flags::PSH | Flags::ACK);
    assert_eq!((found.window, &found.options), (None, &None));
    assert_eq!(segment("0 > . 1:1(0) ack 1").options, Some(vec![]));
}

#[test]
fn sack_blocks_follow_each_other_without_commas() {
    let found = segment("0 > . 1:1(0) ack 1 <nop,nop,sack 2001:3001 4001:5001>");
    let sack = TcpOption::Sack(vec![(2001, 3001), (4001, 5001)]);
    assert_eq!(found.options.unwrap()[2], sack);
}

#[test]
fn the_ace_field_is_a_number_behind_the_flags() {
    let found = segment("0 > .5 1:1(0) ack 1");
    assert_eq!(found.ace, Some(5));
    assert_eq!(found.flags, Flags::ACK | Flags::AE | Flags::ECE);
    assert_eq!(segment("0 > - 1:1(0)").flags, Flags::NONE);
}

#[test]
fn ip_fields_stand_in_brackets_of_either_kind() {
    let Action::Packet(packet) = one("0 > [ect0, flowlabel 0x1] . 1:1(0) ack 1") else { panic!() };
    assert_eq!(packet.ip.tos, Tos::Ecn(Ecn::Ect0));
    assert_eq!(packet.ip.flow_label, Some(1));
    let Action::Packet(packet) = one("0 > (tos 0x10) . 1:1(0) ack 1") else { panic!() };
    assert_eq!(packet.ip.tos, Tos::Octet(0x10));
    assert_eq!(packet.direction, Direction::Outbound);
}

#[test]
fn icmp_quotes_a_segment_or_a_datagram() {
    let source = "0 < icmp unreachable frag_needed mtu 1200 [1:1001(1000)]";
    let Action::Packet(packet) = one(source) else { panic!() };
    let Body::Icmp(icmp) = packet.body else { panic!() };
    assert_eq!((icmp.kind.text.as_str(), icmp.mtu), ("unreachable", Some(1200)));
    assert_eq!(icmp.quoted, Quoted::Tcp { seq: 1, len: 1000 });
    let Action::Packet(packet) = one("0 < icmp unreachable CODE [udp (30)]") else { panic!() };
    let Body::Icmp(icmp) = packet.body else { panic!() };
    assert_eq!(icmp.quoted, Quoted::Udp(30));
}

#[test]
fn a_define_stands_for_a_number_a_name_a_cookie_or_a_text() {
    let defines = [("C".to_owned(), "3021b9d8".to_owned()), ("L".to_owned(), "SOL_IP".to_owned())];
    let source = "--define=N=12\n0 < S 0:0(0) win N <FO C,nop,nop>\n0 f(L, T) = N";
    let read = parse(source, &defines).unwrap();
    let Action::Packet(packet) = &read.events[0].action else { panic!() };
    let Body::Tcp(found) = &packet.body else { panic!() };
    assert_eq!(found.window, Some(12));
    assert_eq!(
        found.options.as_ref().unwrap()[0],
        TcpOption::FastOpen(vec![0x30, 0x21, 0xb9, 0xd8])
    );
    let Action::Call(call) = &read.events[1].action else { panic!() };
    assert_eq!(call.arguments[0].value, Value::Name("SOL_IP".to_owned()));
    assert_eq!(call.result.value, Value::Integer(12));
}

#[test]
fn times_are_absolute_relative_ranges_or_open() {
    let source = "0 > . 1:1(0) ack 1\n+.1 > . 1:1(0) ack 1\n+.1~+.25 > . 1:1(0) ack 1\n\
                  1~2 > . 1:1(0) ack 1\n* > . 1:1(0) ack 1";
    let times: Vec<_> = script(source).events.iter().map(|event| event.time).collect();
    let ms = Duration::from_millis;
    let expected = [
        Time::At(ms(0)),
        Time::After(ms(100)),
        Time::AfterWithin(ms(100), ms(250)),
        Time::Within(ms(1000), ms(2000)),
        Time::Any,
    ];
    assert_eq!(times, expected);
}

#[test]
fn a_call_may_block_fail_and_be_explained() {
    let call = called("+0...0.3 connect(3, ..., ...) = -1 EINPROGRESS (Operation in progress)");
    assert_eq!(call.until, Some(Duration::from_millis(300)));
    assert_eq!(call.result.value, Value::Integer(-1));
    assert_eq!(call.errno.unwrap().text, "EINPROGRESS");
    assert_eq!(call.arguments.len(), 3);
}

#[test]
fn structs_and_lists_lie_in_each_other() {
    let source = "0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=A|B,
                   msg_control=[{cmsg_level=SOL_TCP, cmsg_data={ee_errno=0}}]}, 0) = 10";
    let call = called(source);
    let Value::Struct(fields) = &call.arguments[1].value else { panic!() };
    let names: Vec<_> = fields
        .iter()
        .map(|field| match &field.value {
            Value::Field(name, _) => name.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(names, ["msg_name", "msg_iov", "msg_flags", "msg_control"]);
}

#[test]
fn commands_stand_at_both_ends_and_between() {
    let read = script("`a`\n0 `b`\n+0 close(3) = 0\n`c`");
    assert_eq!(read.init.unwrap().text, "a");
    assert_eq!(read.cleanup.unwrap().text, "c");
    assert_eq!(read.events.len(), 2);
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    let at = |line, column| Span { line, column };
    assert_eq!(fails("0 close(3) = 0\n  +0 < S 0:0(0)\n").0, at(3, 1));
    assert_eq!(fails("0 > S 0:5(4)").0, at(1, 7));
    assert_eq!(fails("0 > SX 0:0(0)").0, at(1, 5));
    assert_eq!(fails("0 > S 0:0(0) <mss 70000>").0, at(1, 19));
    assert_eq!(fails("0~1 close(3) = 0").0, at(1, 1));
    assert_eq!(fails("2~1 > . 1:1(0) ack 1").0, at(1, 3));
    assert_eq!(fails("* < . 1:1(0) ack 1 win 1").0, at(1, 1));
    assert_eq!(fails("").0, at(1, 1));
    assert!(fails("0 close(3 = 0").1.contains("`,` or `)`"));
}

#[test]
fn tunnels_are_known_and_not_supported() {
    let error = parse("0 > ipv4 1.2.3.4 > 5.6.7.8: . 1:1(0) ack 1", &[]).unwrap_err();
    assert_eq!((error.fault, error.at), (Fault::Unsupported, Span { line: 1, column: 5 }));
}
