//! Tests in the words of `tokio::net`, run on both.

use super::{enter, net};
use net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};

/// Both ends of a new connection: who called, and who was called.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(TcpStream::connect(to), listener.accept());
    (called.unwrap(), accepted.unwrap().0)
}

fn is_send_and_unpin<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static>(_: &T) {}

#[tokio::test]
async fn what_is_sent_comes_back() {
    let _entered = enter();
    let (mut ours, mut theirs) = pair().await;
    is_send_and_unpin(&ours);
    ours.write_all(b"willow").await.unwrap();
    let mut buf = [0; 6];
    theirs.read_exact(&mut buf).await.unwrap();
    theirs.write_all(&buf).await.unwrap();
    ours.read_exact(&mut buf).await.unwrap();
    assert_eq!(&buf, b"willow");
}

#[tokio::test]
async fn a_megabyte_each_way_at_once_arrives_whole() {
    let _entered = enter();
    let (mut ours, mut theirs) = pair().await;
    let text: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (mut our_read, mut our_write) = ours.split();
    let (mut their_read, mut their_write) = theirs.split();
    let send = async {
        our_write.write_all(&text).await.unwrap();
        our_write.shutdown().await.unwrap();
    };
    let echo = async {
        tokio::io::copy(&mut their_read, &mut their_write).await.unwrap();
        their_write.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let (_, _, read) = tokio::join!(send, echo, our_read.read_to_end(&mut back));
    read.unwrap();
    assert!(back == text, "{} octets came back", back.len());
}

#[tokio::test]
async fn addresses_are_those_of_both_ends() {
    let _entered = enter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    assert_ne!(to.port(), 0);
    let (called, accepted) = tokio::join!(TcpStream::connect(to), listener.accept());
    let (called, (accepted, peer)) = (called.unwrap(), accepted.unwrap());
    assert_eq!(called.peer_addr().unwrap(), to);
    assert_eq!(accepted.local_addr().unwrap(), to);
    assert_eq!(called.local_addr().unwrap(), peer);
    assert_eq!(accepted.peer_addr().unwrap(), peer);
}

#[tokio::test]
async fn half_a_connection_can_be_closed() {
    let _entered = enter();
    let (mut ours, mut theirs) = pair().await;
    ours.write_all(b"question").await.unwrap();
    ours.shutdown().await.unwrap();
    let mut question = String::new();
    theirs.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    theirs.write_all(b"answer").await.unwrap();
    drop(theirs);
    let mut answer = String::new();
    ours.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "answer");
}

#[tokio::test]
async fn writing_after_shutdown_is_a_broken_pipe() {
    let _entered = enter();
    let (mut ours, _theirs) = pair().await;
    ours.shutdown().await.unwrap();
    assert_eq!(ours.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    ours.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_was_peeked_at_is_still_there() {
    let _entered = enter();
    let (mut ours, mut theirs) = pair().await;
    ours.write_all(b"willow").await.unwrap();
    let mut buf = [0; 3];
    assert_eq!(theirs.peek(&mut buf).await.unwrap(), 3);
    assert_eq!(&buf, b"wil");
    let mut all = [0; 6];
    theirs.read_exact(&mut all).await.unwrap();
    assert_eq!(&all, b"willow");
    drop(ours);
    assert_eq!(theirs.peek(&mut buf).await.unwrap(), 0, "the end");
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let _entered = enter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    drop(listener);
    let error = TcpStream::connect(to).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_port_cannot_be_bound_twice() {
    let _entered = enter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let again = TcpListener::bind(listener.local_addr().unwrap()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AddrInUse);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let again = UdpSocket::bind(socket.local_addr().unwrap()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AddrInUse);
}

#[tokio::test]
async fn an_address_of_somebody_else_cannot_be_bound() {
    let _entered = enter();
    let error = TcpListener::bind("192.0.2.1:80").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    let error = UdpSocket::bind("192.0.2.1:53").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[tokio::test]
async fn of_several_addresses_the_first_that_answers_is_taken() {
    let _entered = enter();
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = listener.local_addr().unwrap();
    let addresses: [SocketAddr; 2] = [gone, there];
    let stream = TcpStream::connect(&addresses[..]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), there);
}

#[tokio::test]
async fn nothing_to_read_would_block() {
    let _entered = enter();
    let (mut ours, theirs) = pair().await;
    let mut buf = [0; 16];
    assert_eq!(theirs.try_read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    ours.write_all(b"willow").await.unwrap();
    let len = loop {
        theirs.readable().await.unwrap();
        match theirs.try_read(&mut buf) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => break other.unwrap(),
        }
    };
    assert_eq!(&buf[..len], b"willow");
}

#[tokio::test]
async fn a_full_buffer_would_block_until_the_peer_reads() {
    let _entered = enter();
    let (ours, mut theirs) = pair().await;
    let text = vec![7; 65_536];
    let mut sent = 0;
    let full = loop {
        match ours.try_write(&text) {
            Ok(len) => sent += len,
            Err(error) => break error,
        }
        tokio::task::yield_now().await;
        assert!(sent < 1 << 30, "some buffer must be full some day");
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    let read = async {
        let mut buf = vec![0; 65_536];
        let mut left = sent;
        while left > 0 {
            left -= theirs.read(&mut buf).await.unwrap();
        }
    };
    let write_again = async {
        ours.writable().await.unwrap();
        let ready = ours.ready(Interest::WRITABLE).await.unwrap();
        assert!(ready.is_writable() && !ready.is_readable());
    };
    let both = async { tokio::join!(read, write_again) };
    tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
}

#[tokio::test]
async fn several_slices_are_written_at_once() {
    let _entered = enter();
    let (mut ours, mut theirs) = pair().await;
    assert!(ours.is_write_vectored());
    let slices = [std::io::IoSlice::new(b"wil"), std::io::IoSlice::new(b"low")];
    assert_eq!(ours.write_vectored(&slices).await.unwrap(), 6);
    let mut buf = [0; 6];
    theirs.read_exact(&mut buf).await.unwrap();
    assert_eq!(&buf, b"willow");
}

#[tokio::test]
async fn owned_halves_close_one_direction_and_meet_again() {
    let _entered = enter();
    let (ours, theirs) = pair().await;
    let (mut our_read, our_write) = ours.into_split();
    let (their_read, mut their_write) = theirs.into_split();
    let strangers = our_write.reunite(their_read).unwrap_err();
    let (mut their_read, our_write) = (strangers.0, strangers.1);
    drop(our_write);
    let mut buf = [0; 8];
    assert_eq!(their_read.read(&mut buf).await.unwrap(), 0, "the dropped half sent FIN");
    their_write.write_all(b"still").await.unwrap();
    assert_eq!(our_read.read(&mut buf).await.unwrap(), 5);
    let mut theirs = their_read.reunite(their_write).unwrap();
    theirs.shutdown().await.unwrap();
    assert_eq!(our_read.read(&mut buf).await.unwrap(), 0);
}

#[tokio::test]
async fn a_forgotten_half_sends_no_fin() {
    let _entered = enter();
    let (ours, theirs) = pair().await;
    let (_our_read, our_write) = ours.into_split();
    our_write.forget();
    let mut buf = [0; 8];
    let read = tokio::time::timeout(Duration::from_millis(50), theirs.peek(&mut buf)).await;
    assert!(read.is_err(), "no end: {read:?}");
}

#[tokio::test]
async fn zero_linger_resets() {
    let _entered = enter();
    let (ours, mut theirs) = pair().await;
    ours.set_zero_linger().unwrap();
    assert_eq!(ours.linger().unwrap(), Some(Duration::ZERO));
    drop(ours);
    let mut buf = [0; 8];
    let error = theirs.read(&mut buf).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(theirs.read(&mut buf).await.unwrap(), 0, "an error is told once");
    assert_eq!(theirs.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn dropping_unread_text_resets() {
    let _entered = enter();
    let (mut ours, theirs) = pair().await;
    ours.write_all(b"nobody reads this").await.unwrap();
    theirs.readable().await.unwrap();
    drop(theirs);
    let mut buf = [0; 8];
    assert_eq!(ours.read(&mut buf).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_error_can_be_taken_instead_of_met() {
    let _entered = enter();
    let (ours, mut theirs) = pair().await;
    assert!(theirs.take_error().unwrap().is_none());
    ours.set_zero_linger().unwrap();
    drop(ours);
    theirs.readable().await.unwrap();
    let error = theirs.take_error().unwrap().expect("the reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(theirs.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn options_are_kept() {
    let _entered = enter();
    let (ours, _theirs) = pair().await;
    assert!(!ours.nodelay().unwrap());
    ours.set_nodelay(true).unwrap();
    assert!(ours.nodelay().unwrap());
    assert_eq!(ours.ttl().unwrap(), 64);
    ours.set_ttl(7).unwrap();
    assert_eq!(ours.ttl().unwrap(), 7);
    assert_eq!(ours.set_ttl(256).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(ours.linger().unwrap(), None);
}

#[tokio::test]
async fn a_socket_may_be_bound_before_it_connects_or_listens() {
    let _entered = enter();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(4).unwrap();
    let to = listener.local_addr().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_nodelay(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (called, accepted) = tokio::join!(socket.connect(to), listener.accept());
    let (called, (_accepted, peer)) = (called.unwrap(), accepted.unwrap());
    assert!(called.nodelay().unwrap());
    assert_eq!(called.local_addr().unwrap(), peer);
    let socket = TcpSocket::new_v4().unwrap();
    assert!(socket.bind("[::1]:0".parse().unwrap()).is_err());
}

#[tokio::test]
async fn a_listener_for_all_addresses_takes_both_versions() {
    let _entered = enter();
    let listener = TcpListener::bind("[::]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for to in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        let (called, accepted) = tokio::join!(TcpStream::connect(&to), listener.accept());
        let (called, (accepted, peer)) = (called.unwrap(), accepted.unwrap());
        assert_eq!(called.peer_addr().unwrap(), to.parse().unwrap());
        assert!(accepted.local_addr().unwrap().is_ipv6(), "IPv4 is shown mapped");
        assert_eq!(peer.ip().to_canonical(), called.local_addr().unwrap().ip());
    }
}

#[tokio::test]
async fn a_wait_for_a_connection_that_was_given_up_loses_none() {
    let _entered = enter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(20), listener.accept()).await.is_err());
    let _called = TcpStream::connect(to).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), listener.accept()).await.unwrap().unwrap();
}

#[tokio::test]
async fn datagrams_go_to_and_fro() {
    let _entered = enter();
    let a = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let b = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (at_a, at_b) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    assert_eq!(a.send_to(b"willow", at_b).await.unwrap(), 6);
    let mut buf = [0; 16];
    assert_eq!(b.peek_from(&mut buf).await.unwrap(), (6, at_a));
    assert_eq!(b.recv_from(&mut buf).await.unwrap(), (6, at_a));
    assert_eq!(b.try_recv_from(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(a.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    b.connect(at_a).await.unwrap();
    assert_eq!(b.peer_addr().unwrap(), at_a);
    b.send(b"osier").await.unwrap();
    assert_eq!(a.recv(&mut buf).await.unwrap(), 5);
    assert_eq!(&buf[..5], b"osier");
    b.send(b"").await.unwrap();
    assert_eq!(a.recv(&mut buf).await.unwrap(), 0, "an empty datagram is one");
}

#[tokio::test]
async fn a_datagram_that_does_not_fit_is_cut() {
    let _entered = enter();
    let a = UdpSocket::bind("[::1]:0").await.unwrap();
    let b = UdpSocket::bind("[::1]:0").await.unwrap();
    a.send_to(b"willow", b.local_addr().unwrap()).await.unwrap();
    a.send_to(b"next", b.local_addr().unwrap()).await.unwrap();
    let mut buf = [0; 3];
    assert_eq!(b.recv(&mut buf).await.unwrap(), 3);
    assert_eq!(&buf, b"wil");
    b.readable().await.unwrap();
    assert_eq!(b.recv(&mut buf).await.unwrap(), 3);
    assert_eq!(&buf, b"nex");
}

#[tokio::test]
async fn a_connected_udp_socket_hears_its_peer_only_and_that_it_is_gone() {
    let _entered = enter();
    let a = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let b = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    a.connect(b.local_addr().unwrap()).await.unwrap();
    stranger.send_to(b"unwanted", a.local_addr().unwrap()).await.unwrap();
    b.send_to(b"wanted", a.local_addr().unwrap()).await.unwrap();
    let mut buf = [0; 16];
    assert_eq!(a.recv(&mut buf).await.unwrap(), 6);
    drop(b);
    a.send(b"anybody?").await.unwrap();
    a.readable().await.unwrap();
    assert_eq!(a.peek(&mut buf).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    a.send(b"anybody?").await.unwrap();
    let error = a.recv(&mut buf).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
