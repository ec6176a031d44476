//! Do the calls do what POSIX and Linux say? Two hosts hand each other their packets.

mod two;

use core::net::{IpAddr, SocketAddr};
use osier_posix::{Errno, Family, Flags, How, Kind, Mode, Name, PollFd, Posix, Ready, Stop, Value};
use osier_time::{Duration, Instant};
use two::{Two, anywhere, of_server};

#[test]
fn text_goes_both_ways_and_the_end_is_a_read_of_zero() {
    for family in [Family::Inet, Family::Inet6] {
        let mut two = Two::new(family);
        let (client, _, server) = two.connected(family);
        assert_eq!(two.client.write(two.now, client, b"hello"), Ok(5));
        two.carry();
        let mut text = [0; 16];
        assert_eq!(two.server.readable(server), Ok(5));
        assert_eq!(two.server.recv(two.now, server, &mut text, Flags::PEEK), Ok(5));
        assert_eq!(two.server.read(two.now, server, &mut text), Ok(5));
        assert_eq!(&text[..5], b"hello");
        assert_eq!(two.server.read(two.now, server, &mut text), Err(Errno::EAGAIN.into()));
        two.client.shutdown(two.now, client, How::Write).unwrap();
        two.carry();
        assert_eq!(two.server.read(two.now, server, &mut text), Ok(0));
        assert_eq!(two.client.write(two.now, client, b"x"), Err(Errno::EPIPE.into()));
        assert_eq!(two.server.write(two.now, server, b"bye"), Ok(3));
        two.carry();
        assert_eq!(two.client.read(two.now, client, &mut text), Ok(3));
        two.server.close(two.now, server).unwrap();
        two.carry();
        assert_eq!(two.client.read(two.now, client, &mut text), Ok(0));
        assert_eq!(two.server.read(two.now, server, &mut text), Err(Errno::EBADF.into()));
    }
}

#[test]
fn a_reset_is_told_once_and_then_reads_end_and_writes_break() {
    let mut two = Two::new(Family::Inet);
    let (client, _, server) = two.connected(Family::Inet);
    two.server
        .setsockopt(two.now, server, Name::Linger, Value::Linger(Some(Duration::ZERO)))
        .unwrap();
    two.server.close(two.now, server).unwrap();
    two.carry();
    let mut entry = [PollFd { fd: client, events: Ready::IN, revents: Ready::NONE }];
    assert_eq!(two.client.poll(&mut entry), 1);
    assert_eq!(entry[0].revents, Ready::IN | Ready::ERR | Ready::HUP);
    let mut text = [0; 16];
    assert_eq!(two.client.read(two.now, client, &mut text), Err(Errno::ECONNRESET.into()));
    assert_eq!(two.client.read(two.now, client, &mut text), Ok(0));
    assert_eq!(two.client.write(two.now, client, b"x"), Err(Errno::EPIPE.into()));
}

#[test]
fn a_refused_connection_is_an_error_of_the_socket() {
    let mut two = Two::new(Family::Inet);
    let client = two.client.socket(Family::Inet, Kind::Stream, Mode::Blocking).unwrap();
    let connect = two.client.connect(two.now, client, of_server(Family::Inet, 81));
    assert_eq!(connect, Err(Stop::Blocked(0)));
    two.carry();
    assert_eq!(two.client.connected(client), Err(Errno::ECONNREFUSED.into()));
    assert_eq!(two.client.getsockopt(two.now, client, Name::Error), Ok(Value::Int(0)));
}

#[test]
fn a_blocking_write_says_how_much_is_done_and_a_non_blocking_one_takes_what_fits() {
    let mut two = Two::new(Family::Inet);
    let (client, _, server) = two.connected(Family::Inet);
    let much = vec![7; 4 << 20];
    let taken = two.client.write(two.now, client, &much).unwrap();
    assert!(taken > 0 && taken < much.len());
    assert_eq!(two.client.write(two.now, client, &much), Err(Errno::EAGAIN.into()));
    two.server.set_mode(server, Mode::Blocking).unwrap();
    let Err(Stop::Blocked(done)) = two.server.write(two.now, server, &much) else {
        panic!("it takes more than there is room for");
    };
    assert_eq!(done, taken);
}

#[test]
fn names_are_free_again_and_taken_ones_are_refused() {
    let mut two = Two::new(Family::Inet);
    let make = |posix: &mut Posix| {
        let fd = posix.socket(Family::Inet, Kind::Stream, Mode::Blocking).unwrap();
        (fd, posix.bind(fd, anywhere(Family::Inet, 80)))
    };
    let (first, bound) = make(&mut two.server);
    assert_eq!(bound, Ok(()));
    assert_eq!(make(&mut two.server).1, Err(Errno::EADDRINUSE));
    two.server.close(two.now, first).unwrap();
    let (again, bound) = make(&mut two.server);
    assert_eq!((again, bound), (first, Ok(())));
    let elsewhere = SocketAddr::from(([9, 9, 9, 9], 80));
    let fd = two.server.socket(Family::Inet, Kind::Stream, Mode::Blocking).unwrap();
    assert_eq!(two.server.bind(fd, elsewhere), Err(Errno::EADDRNOTAVAIL));
    let listening = two.server.listen(again, 5);
    assert_eq!(listening, Ok(()));
    assert_eq!(two.server.accept(two.now, fd, Mode::Blocking), Err(Errno::EINVAL.into()));
}

#[test]
fn datagrams_keep_their_bounds_and_know_their_sender() {
    let mut two = Two::new(Family::Inet);
    let server = two.server.socket(Family::Inet, Kind::Datagram, Mode::NonBlocking).unwrap();
    two.server.bind(server, anywhere(Family::Inet, 53)).unwrap();
    let client = two.client.socket(Family::Inet, Kind::Datagram, Mode::NonBlocking).unwrap();
    let to = Some(of_server(Family::Inet, 53));
    let send = two.client.sendto(two.now, client, b"question", (Flags::NONE, to));
    assert_eq!(send, Ok(8));
    two.carry();
    let mut text = [0; 4];
    let (n, from) = two.server.recvfrom(two.now, server, &mut text, Flags::TRUNC).unwrap();
    assert_eq!((n, &text), (8, b"ques"));
    assert_eq!(from.map(|from| from.ip()), Some(IpAddr::from([10, 0, 0, 1])));
    let more = two.server.recvfrom(two.now, server, &mut text, Flags::NONE);
    assert_eq!(more, Err(Errno::EAGAIN.into()));
}

#[test]
fn options_are_kept_inherited_and_told_as_linux_tells_them() {
    let mut two = Two::new(Family::Inet);
    let (client, listener, server) = two.connected(Family::Inet);
    let set =
        |posix: &mut Posix, fd, name, n| posix.setsockopt(Instant::ZERO, fd, name, Value::Int(n));
    assert_eq!(set(&mut two.client, client, Name::SendBuffer, 10_000), Ok(()));
    assert_eq!(two.client.getsockopt(two.now, client, Name::SendBuffer), Ok(Value::Int(20_000)));
    assert_eq!(set(&mut two.client, client, Name::KeepIdle, 0), Err(Errno::EINVAL));
    assert_eq!(set(&mut two.client, client, Name::Error, 1), Err(Errno::ENOPROTOOPT));
    assert_eq!(two.server.getsockopt(two.now, server, Name::AcceptConn), Ok(Value::Int(0)));
    assert_eq!(two.server.getsockopt(two.now, listener, Name::AcceptConn), Ok(Value::Int(1)));
}

#[test]
fn the_congestion_control_is_chosen_before_and_while_a_connection_lives() {
    let mut two = Two::new(Family::Inet);
    let (client, listener, _) = two.connected(Family::Inet);
    let name = |name: &str| Value::Text(name.into());
    let of = |posix: &mut Posix, fd| posix.getsockopt(Instant::ZERO, fd, Name::Congestion);
    let chosen = |posix: &Posix| posix.host().sockets_with_info(Instant::ZERO);
    assert_eq!(of(&mut two.client, client), Ok(name("cubic")));
    for algorithm in ["reno", "bbr", "cubic"] {
        let set = two.client.setsockopt(two.now, client, Name::Congestion, name(algorithm));
        assert_eq!(set, Ok(()));
        assert_eq!(of(&mut two.client, client), Ok(name(algorithm)));
        let live = chosen(&two.client).into_iter().find_map(|(_, path)| path);
        assert_eq!(live.map(|path| path.congestion), Some(algorithm));
    }
    let unknown = two.client.setsockopt(two.now, client, Name::Congestion, name("vegas"));
    assert_eq!(unknown, Err(Errno::ENOENT));
    assert_eq!(of(&mut two.client, client), Ok(name("cubic")), "nothing has changed");
    // What a listener was told holds for what it accepts.
    two.server.setsockopt(two.now, listener, Name::Congestion, name("reno")).unwrap();
    let again = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    let _ = two.client.connect(two.now, again, of_server(Family::Inet, 80));
    two.carry();
    let (accepted, _) = two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    assert_eq!(of(&mut two.server, accepted), Ok(name("reno")));
    let all = chosen(&two.server).into_iter().filter_map(|(_, path)| path);
    assert!(all.map(|path| path.congestion).any(|algorithm| algorithm == "reno"));
}

#[test]
fn an_attempt_that_failed_is_told_once_by_connect_and_then_the_socket_is_new() {
    let mut two = Two::new(Family::Inet);
    let client = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    let (now, nobody) = (two.now, of_server(Family::Inet, 81));
    assert_eq!(two.client.connect(now, client, nobody), Err(Errno::EINPROGRESS.into()));
    two.carry();
    let over = Ready::IN | Ready::OUT | Ready::HUP | Ready::RDHUP;
    let seen = over | Ready::RDNORM | Ready::WRNORM | Ready::ERR;
    assert_eq!(two.client.ready(client), Ok(seen));
    assert_eq!(two.client.listen(client, 1), Err(Errno::EINVAL));
    let mut text = [0; 4];
    assert_eq!(two.client.read(two.now, client, &mut text), Err(Errno::ECONNREFUSED.into()));
    assert_eq!(two.client.read(two.now, client, &mut text), Ok(0));
    let again = two.client.connect(two.now, client, nobody);
    assert_eq!(again, Err(Errno::ECONNABORTED.into()), "why was told already");
    assert_eq!(two.client.read(two.now, client, &mut text), Err(Errno::ENOTCONN.into()));
    let again = two.client.connect(two.now, client, nobody);
    assert_eq!(again, Err(Errno::EINPROGRESS.into()));
}

#[test]
fn connect_that_was_not_waited_for_says_once_that_it_is_done() {
    let mut two = Two::new(Family::Inet);
    two.listen(Family::Inet, 80);
    let client = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    let server = of_server(Family::Inet, 80);
    assert_eq!(two.client.connect(two.now, client, server), Err(Errno::EINPROGRESS.into()));
    assert_eq!(two.client.connect(two.now, client, server), Err(Errno::EALREADY.into()));
    two.carry();
    assert_eq!(two.client.connect(two.now, client, server), Ok(()));
    assert_eq!(two.client.connect(two.now, client, server), Err(Errno::EISCONN.into()));
}

#[test]
fn shutdown_of_an_attempt_ends_it_and_of_what_is_over_fails() {
    let mut two = Two::new(Family::Inet);
    let client = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    assert_eq!(two.client.shutdown(two.now, client, How::Read), Err(Errno::ENOTCONN));
    let mut text = [0; 4];
    assert_eq!(two.client.read(two.now, client, &mut text), Ok(0), "it is shut all the same");
    let client = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    let connect = two.client.connect(two.now, client, of_server(Family::Inet, 80));
    assert_eq!(connect, Err(Errno::EINPROGRESS.into()));
    assert_eq!(two.client.shutdown(two.now, client, How::Write), Ok(()));
    assert_eq!(two.client.read(two.now, client, &mut text), Err(Errno::ECONNRESET.into()));
    assert_eq!(two.client.read(two.now, client, &mut text), Err(Errno::ENOTCONN.into()));
}

/// A connection whose client was shut before it; the accepted descriptor comes second.
fn connected_after(shut: How) -> (Two, i32, i32) {
    let mut two = Two::new(Family::Inet);
    let listener = two.listen(Family::Inet, 80);
    let client = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    assert_eq!(two.client.shutdown(two.now, client, shut), Err(Errno::ENOTCONN));
    let connect = two.client.connect(two.now, client, of_server(Family::Inet, 80));
    assert_eq!(connect, Err(Errno::EINPROGRESS.into()));
    two.carry();
    assert_eq!(two.client.connect(two.now, client, of_server(Family::Inet, 80)), Ok(()));
    let (server, _) = two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    (two, client, server)
}

#[test]
fn what_is_shut_before_connect_stays_shut_and_the_fin_goes_when_it_is_shut_again() {
    let (mut two, client, server) = connected_after(How::Write);
    assert_eq!(two.client.write(two.now, client, b"x"), Err(Errno::EPIPE.into()));
    assert_eq!(two.server.ready(server).unwrap().and(Ready::RDHUP), Ready::NONE, "no FIN came");
    assert_eq!(two.server.write(two.now, server, b"text"), Ok(4));
    two.carry();
    let mut text = [0; 8];
    assert_eq!(two.client.read(two.now, client, &mut text), Ok(4));
    assert_eq!(two.client.read(two.now, client, &mut text), Err(Errno::EAGAIN.into()));
    two.client.shutdown(two.now, client, How::Write).unwrap();
    two.carry();
    assert_eq!(two.server.read(two.now, server, &mut text), Ok(0), "now it has");

    let (two, client, server) = connected_after(How::Both);
    let gone = Ready::HUP | Ready::RDHUP | Ready::IN | Ready::OUT;
    assert_eq!(two.client.ready(client).unwrap().and(gone), gone);
    assert_eq!(two.server.ready(server).unwrap().and(gone), Ready::OUT);
}

#[test]
fn what_a_listener_shut_before_it_listened_is_shut_of_those_it_accepts() {
    let mut two = Two::new(Family::Inet);
    let listener = two.server.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    two.server.bind(listener, anywhere(Family::Inet, 80)).unwrap();
    let shut = two.server.shutdown(two.now, listener, How::Write);
    assert_eq!(shut, Err(Errno::ENOTCONN));
    two.server.listen(listener, 1).unwrap();
    let client = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    let _ = two.client.connect(two.now, client, of_server(Family::Inet, 80));
    two.carry();
    let (server, _) = two.server.accept(two.now, listener, Mode::NonBlocking).unwrap();
    assert_eq!(two.server.write(two.now, server, b"x"), Err(Errno::EPIPE.into()));
    two.carry();
    assert_eq!(two.client.connect(two.now, client, of_server(Family::Inet, 80)), Ok(()));
    assert_eq!(two.client.read(two.now, client, &mut [0; 8]), Ok(0), "with a FIN");
}

#[test]
fn a_second_listen_changes_the_backlog() {
    let mut two = Two::new(Family::Inet);
    let listener = two.listen(Family::Inet, 80);
    let come = |two: &mut Two, backlog| {
        two.server.listen(listener, backlog).unwrap();
        for _ in 0..3 {
            let client = two.client.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
            let _ = two.client.connect(two.now, client, of_server(Family::Inet, 80));
        }
        two.carry();
    };
    let accepted = |two: &mut Two| {
        let accept = |_| two.server.accept(two.now, listener, Mode::NonBlocking).is_ok();
        (0..9).map(accept).filter(|done| *done).count()
    };
    come(&mut two, 0);
    come(&mut two, 3);
    assert_eq!(accepted(&mut two), 4, "one, and three more: a backlog of three is full with four");
    come(&mut two, -1);
    assert_eq!(accepted(&mut two), 3, "below zero is as many as there may be (Linux)");
}

#[test]
fn who_was_at_the_other_end_of_what_is_over_is_not_told() {
    let mut two = Two::new(Family::Inet);
    let (client, _, server) = two.connected(Family::Inet);
    assert!(two.client.getpeername(client).is_ok());
    two.client.shutdown(two.now, client, How::Write).unwrap();
    two.carry();
    assert!(two.client.getpeername(client).is_ok(), "FIN-WAIT-2 is not over");
    two.server.close(two.now, server).unwrap();
    two.carry();
    assert_eq!(two.client.getpeername(client), Err(Errno::ENOTCONN), "TIME-WAIT is");
    assert_eq!(two.client.shutdown(two.now, client, How::Write), Err(Errno::ENOTCONN));
}

#[test]
fn text_for_one_who_shut_both_sides_is_a_reset_to_both() {
    let mut two = Two::new(Family::Inet);
    let (client, _, server) = two.connected(Family::Inet);
    two.client.shutdown(two.now, client, How::Read).unwrap();
    two.carry();
    assert_eq!(two.server.write(two.now, server, b"one"), Ok(3));
    two.carry();
    assert_eq!(two.client.readable(client), Ok(3), "the peer knows nothing of it");
    two.client.shutdown(two.now, client, How::Write).unwrap();
    two.carry();
    assert_eq!(two.server.write(two.now, server, b"two"), Ok(3));
    two.carry();
    let mut text = [0; 8];
    assert_eq!(two.client.read(two.now, client, &mut text), Ok(3), "what came before stays");
    assert_eq!(two.client.read(two.now, client, &mut text), Err(Errno::ECONNRESET.into()));
    assert_eq!(two.server.write(two.now, server, b"x"), Err(Errno::EPIPE.into()), "CLOSE-WAIT");
}

#[test]
fn a_reset_behind_the_end_is_a_broken_pipe_though_text_is_unread() {
    let mut two = Two::new(Family::Inet);
    let (client, _, server) = two.connected(Family::Inet);
    assert_eq!(two.server.write(two.now, server, b"unread"), Ok(6));
    two.server.close(two.now, server).unwrap();
    two.carry();
    assert_eq!(two.client.write(two.now, client, b"x"), Ok(1));
    two.carry();
    assert_eq!(two.client.write(two.now, client, b"x"), Err(Errno::EPIPE.into()));
}

#[test]
fn a_read_of_no_octets_waits_as_any_other() {
    let mut two = Two::new(Family::Inet);
    let (client, _, server) = two.connected(Family::Inet);
    assert_eq!(two.client.read(two.now, client, &mut []), Err(Errno::EAGAIN.into()));
    assert_eq!(two.server.write(two.now, server, b"x"), Ok(1));
    two.carry();
    assert_eq!(two.client.read(two.now, client, &mut []), Ok(0));
}

#[test]
fn an_accepted_socket_gives_its_port_back_with_its_connection() {
    let mut two = Two::new(Family::Inet);
    let (client, listener, _) = two.connected(Family::Inet);
    two.server.close(two.now, listener).unwrap();
    let other = two.server.socket(Family::Inet, Kind::Stream, Mode::NonBlocking).unwrap();
    let at = anywhere(Family::Inet, 80);
    assert_eq!(two.server.bind(other, at), Err(Errno::EADDRINUSE));
    let at_once = Value::Linger(Some(Duration::ZERO));
    two.client.setsockopt(two.now, client, Name::Linger, at_once).unwrap();
    two.client.close(two.now, client).unwrap();
    two.carry();
    assert_eq!(two.server.bind(other, at), Ok(()));
}
