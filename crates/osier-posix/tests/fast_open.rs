//! Does text travel with the SYN as Linux lets programs ask for it? (RFC 7413)

mod two;

use osier_posix::{Errno, Family, Flags, Kind, Mode, Name, Ready, Stop, Value};
use two::{Two, of_server};

const FAMILY: Family = Family::Inet;

/// A listener that takes Fast Open, and a client that has its cookie.
fn acquainted() -> (Two, i32) {
    let mut two = Two::new(FAMILY);
    let listener = two.listen(FAMILY, 80);
    two.server.setsockopt(two.now, listener, Name::FastOpen, Value::Int(5)).unwrap();
    let fd = two.client.socket(FAMILY, Kind::Stream, Mode::NonBlocking).unwrap();
    let to = (Flags::FASTOPEN, Some(of_server(FAMILY, 80)));
    let first = two.client.sendto(two.now, fd, b"text", to);
    assert_eq!(first, Err(Errno::EINPROGRESS.into()), "without a cookie nothing is taken");
    two.carry();
    let (accepted, _) = two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    two.client.close(two.now, fd).unwrap();
    two.server.close(two.now, accepted).unwrap();
    two.carry();
    (two, listener)
}

#[test]
fn with_a_cookie_the_syn_carries_what_a_segment_takes() {
    let (mut two, listener) = acquainted();
    let fd = two.client.socket(FAMILY, Kind::Stream, Mode::NonBlocking).unwrap();
    let to = (Flags::FASTOPEN, Some(of_server(FAMILY, 80)));
    assert_eq!(two.client.sendto(two.now, fd, &[7; 5_000], to), Ok(1_420));
    let syn = two.client.packet_out(two.now).unwrap();
    two.server.packet_in(two.now, &syn);
    let (accepted, _) = two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    let mut text = [0; 5_000];
    assert_eq!(two.server.read(two.now, accepted, &mut text), Ok(1_420), "before any answer");
}

#[test]
fn a_blocking_send_goes_on_behind_the_handshake() {
    let (mut two, listener) = acquainted();
    let fd = two.client.socket(FAMILY, Kind::Stream, Mode::Blocking).unwrap();
    let to = (Flags::FASTOPEN, Some(of_server(FAMILY, 80)));
    assert_eq!(two.client.sendto(two.now, fd, &[7; 5_000], to), Err(Stop::Blocked(5_000)));
    two.carry();
    assert_eq!(two.client.sendto(two.now, fd, &[], to), Ok(0));
    let (accepted, _) = two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    let mut text = [0; 5_000];
    assert_eq!(two.server.read(two.now, accepted, &mut text), Ok(5_000));
}

#[test]
fn a_deferred_connect_is_made_by_the_first_write() {
    let (mut two, listener) = acquainted();
    let fd = two.client.socket(FAMILY, Kind::Stream, Mode::NonBlocking).unwrap();
    two.client.setsockopt(two.now, fd, Name::FastOpenConnect, Value::Int(1)).unwrap();
    assert_eq!(two.client.connect(two.now, fd, of_server(FAMILY, 80)), Ok(()));
    assert_eq!(two.client.packet_out(two.now), None);
    assert_eq!(two.client.ready(fd).unwrap().and(Ready::OUT | Ready::HUP), Ready::OUT);
    assert_eq!(two.client.read(two.now, fd, &mut [0; 9]), Err(Errno::EAGAIN.into()));
    assert_eq!(two.client.write(two.now, fd, b"hello"), Ok(5));
    two.carry();
    let (accepted, _) = two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    let mut text = [0; 9];
    assert_eq!(two.server.read(two.now, accepted, &mut text), Ok(5));
}

#[test]
fn a_send_that_fails_on_its_way_tells_what_was_taken_and_the_error_waits() {
    let (mut two, listener) = acquainted();
    let fd = two.client.socket(FAMILY, Kind::Stream, Mode::Blocking).unwrap();
    let to = (Flags::FASTOPEN, Some(of_server(FAMILY, 80)));
    assert_eq!(two.client.sendto(two.now, fd, &[7; 5_000], to), Err(Stop::Blocked(5_000)));
    assert_eq!(two.client.cut_short(fd, 5_000, Errno::ECONNREFUSED), Err(Errno::ECONNREFUSED));
    two.carry();
    two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    assert_eq!(two.client.cut_short(fd, 5_000, Errno::ECONNRESET), Ok(5_000));
    assert_eq!(two.client.write(two.now, fd, b"x"), Err(Errno::ECONNRESET.into()));
}
