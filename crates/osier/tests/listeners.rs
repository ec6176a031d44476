//! A listener that asks before it answers, one for every address and port, and Fast Open.
//!
//! Stacks over a link in memory; all time is virtual.

use osier::device::Medium;
use osier::device::Properties;
use osier::device::mem::pair;
use osier::{Claim, CookieKeys, DeferredListener, Reach, Stack, TcpListener, TcpSocket, ZeroPort};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

const AT: &str = "10.71.0.2:80";

fn at() -> SocketAddr {
    AT.parse().unwrap()
}

/// A client and a server; the server stands in for everybody, and the client sends it all.
fn two() -> (Stack, Stack) {
    let (a, b) = pair(Properties::plain(Medium::Ip, 1_500));
    let builder = Stack::builder().device(a).address("10.71.0.1/24".parse().unwrap());
    let client = builder.gateway("10.71.0.2".parse().unwrap()).seed(1).build().unwrap();
    let builder = Stack::builder().device(b).address("10.71.0.2/24".parse().unwrap());
    let server = builder.gateway("10.71.0.1".parse().unwrap()).claim(Claim::Everybody).seed(2);
    (client, server.build().unwrap())
}

fn socket(server: &Stack) -> TcpSocket {
    let socket = server.tcp_socket();
    socket.bind(at()).unwrap();
    socket
}

fn deferred(server: &Stack) -> DeferredListener {
    socket(server).listen_deferred(16).unwrap()
}

fn half_open_or_more(stack: &Stack) -> usize {
    let listens = |socket: &osier::SocketInfo| socket.state == Some(osier::engine::State::Listen);
    stack.sockets().iter().filter(|socket| !listens(socket)).count()
}

#[tokio::test(start_paused = true)]
async fn who_is_accepted_talks_and_had_to_wait_for_the_decision() {
    let (client, server) = two();
    let listener = deferred(&server);
    assert_eq!(listener.local_addr().unwrap(), at());
    let start = Instant::now();
    let calling = tokio::spawn(async move { client.tcp_connect(at()).await });
    let asked = listener.incoming().await.unwrap();
    assert_eq!(
        (asked.local_addr(), asked.peer_addr().ip().to_string()),
        (at(), "10.71.0.1".into())
    );
    sleep(Duration::from_millis(300)).await;
    assert!(!calling.is_finished(), "nothing was answered yet");
    let mut accepted = asked.accept().await.unwrap();
    let mut called = calling.await.unwrap().unwrap();
    assert!(start.elapsed() < Duration::from_secs(1), "the first SYN was answered, late");
    called.write_all(b"hello").await.unwrap();
    let mut text = [0; 5];
    accepted.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"hello");
    assert_eq!(accepted.peer_addr().unwrap(), called.local_addr().unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_is_told_and_who_is_ignored_is_not() {
    let (client, server) = two();
    let listener = deferred(&server);
    let refusing = async { listener.incoming().await.unwrap().refuse().unwrap() };
    let (refused, ()) = tokio::join!(client.tcp_connect(at()), refusing);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);

    let ignoring = async {
        listener.incoming().await.unwrap().ignore().unwrap();
        // Their second SYN asks again; to drop the question is to ignore it, too.
        drop(listener.incoming().await.unwrap());
        listener.incoming().await.unwrap().accept().await.unwrap()
    };
    let start = Instant::now();
    let (called, _accepted) = tokio::join!(client.tcp_connect(at()), ignoring);
    called.unwrap();
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn several_are_decided_in_any_order_and_each_gets_its_own() {
    let (client, server) = two();
    let listener = deferred(&server);
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.tcp_connect(at()).await.unwrap() })
        })
        .collect();
    let mut asked = Vec::new();
    for _ in 0..5 {
        asked.push(listener.incoming().await.unwrap());
    }
    asked.reverse();
    let accepting: Vec<_> = asked
        .into_iter()
        .map(|asked| {
            tokio::spawn(async move {
                let peer = asked.peer_addr();
                (peer, asked.accept().await.unwrap())
            })
        })
        .collect();
    for accepted in accepting {
        let (peer, stream) = accepted.await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), peer);
    }
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_never_finished_times_out_and_an_old_question_is_void() {
    let (client, server) = two();
    let listener = deferred(&server);
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.tcp_connect(at()).await }
    });
    let asked = listener.incoming().await.unwrap();
    calling.abort();
    let _ = calling.await;
    sleep(Duration::from_secs(1)).await;
    // Nobody is there any more: our SYN,ACK is answered by a RST.
    let start = Instant::now();
    assert_eq!(asked.accept().await.unwrap_err().kind(), ErrorKind::TimedOut);
    assert!(start.elapsed() < Duration::from_millis(100), "told late: {:?}", start.elapsed());
    assert_eq!(half_open_or_more(&server), 0);

    let calling = tokio::spawn(async move { client.tcp_connect(at()).await });
    let asked = listener.incoming().await.unwrap();
    sleep(Duration::from_secs(125)).await;
    assert_eq!(asked.accept().await.unwrap_err().kind(), ErrorKind::NotConnected);
    calling.abort();
}

#[tokio::test(start_paused = true)]
async fn accepting_that_is_dropped_midway_breaks_the_connection_off() {
    let (client, server) = two();
    let listener = deferred(&server);
    let calling = tokio::spawn(async move {
        let mut stream = client.tcp_connect(at()).await.unwrap();
        stream.read(&mut [0]).await
    });
    let asked = listener.incoming().await.unwrap();
    let mut accepting = Box::pin(asked.accept());
    assert!(futures_poll_once(&mut accepting).await.is_none(), "the handshake takes a while");
    drop(accepting);
    // Whoever looks next ends what nobody waits for.
    let _ = timeout(Duration::from_millis(50), listener.incoming()).await;
    drop(listener);
    let read = timeout(Duration::from_secs(5), calling).await.expect("it was broken off");
    assert_eq!(read.unwrap().unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(half_open_or_more(&server), 0);
}

#[tokio::test(start_paused = true)]
async fn accepting_ends_with_the_listener() {
    let (client, server) = two();
    let listener = deferred(&server);
    let calling = tokio::spawn(async move { client.tcp_connect(at()).await });
    let asked = listener.incoming().await.unwrap();
    let start = Instant::now();
    // It waits before the listener goes.
    let (accepted, ()) =
        tokio::join!(timeout(Duration::from_secs(9), asked.accept()), async { drop(listener) });
    assert_eq!(accepted.unwrap().unwrap_err().kind(), ErrorKind::NotConnected);
    assert!(start.elapsed() < Duration::from_millis(100), "told late: {:?}", start.elapsed());
    calling.abort();
}

/// Polls a future once.
async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    use std::task::Poll;
    let once = std::future::poll_fn(|cx| match std::pin::Pin::new(&mut *future).poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    });
    once.await
}

fn everywhere(server: &Stack) -> TcpSocket {
    let socket = server.tcp_socket();
    socket.bind("0.0.0.0:0".parse().unwrap()).unwrap();
    socket.set_reach(Reach::Everybody);
    socket.set_zero_port(ZeroPort::Every);
    socket
}

#[tokio::test(start_paused = true)]
async fn a_listener_for_every_address_and_port_learns_whom_the_peer_meant() {
    let (client, server) = two();
    let listener: TcpListener = everywhere(&server).listen(16).unwrap();
    for meant in ["198.51.100.7:8443", "203.0.113.9:22", AT] {
        let meant: SocketAddr = meant.parse().unwrap();
        let (called, accepted) = tokio::join!(client.tcp_connect(meant), listener.accept());
        let (called, (accepted, _)) = (called.unwrap(), accepted.unwrap());
        assert_eq!(accepted.local_addr().unwrap(), meant);
        assert_eq!(called.peer_addr().unwrap(), meant);
    }
}

/// What a gateway does: it is asked, connects onward, and only then answers.
#[tokio::test(start_paused = true)]
async fn a_deferred_listener_for_everybody_makes_a_gateway() {
    let (client, server) = two();
    let listener = everywhere(&server).listen_deferred(16).unwrap();
    let meant: SocketAddr = "198.51.100.7:443".parse().unwrap();
    let answering = async {
        let asked = listener.incoming().await.unwrap();
        assert_eq!(asked.local_addr(), meant);
        asked.accept().await.unwrap()
    };
    let (called, accepted) = tokio::join!(client.tcp_connect(meant), answering);
    assert_eq!(called.unwrap().peer_addr().unwrap(), meant);
    assert_eq!(accepted.local_addr().unwrap(), meant);
}

#[tokio::test(start_paused = true)]
async fn text_travels_with_the_syn_once_there_is_a_cookie_and_keys_may_change() {
    let (client, server) = two();
    let first = CookieKeys { current: [1; 16], previous: None };
    server.set_fast_open_keys(first);
    let server_socket = socket(&server);
    server_socket.set_fastopen(16);
    let listener = server_socket.listen(16).unwrap();
    let counter = |name| server.counters().into_iter().find(|(n, _)| *n == name).unwrap().1;
    for round in 0..3_u64 {
        let calling = client.tcp_socket().connect_with_text(at(), "hello".into());
        let (called, accepted) = tokio::join!(calling, listener.accept());
        let ((mut accepted, _), mut text) = (accepted.unwrap(), [0; 5]);
        accepted.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"hello");
        called.unwrap();
        assert_eq!(counter("fast_opens_accepted"), round);
        let current = [round as u8 + 2; 16];
        let previous = Some([round as u8 + 1; 16]);
        server.set_fast_open_keys(CookieKeys { current, previous });
    }
    let long = client.tcp_socket().connect_with_text(at(), vec![0; 8_193].into()).await;
    assert_eq!(long.unwrap_err().raw_os_error(), Some(90), "EMSGSIZE");
}

#[tokio::test(start_paused = true)]
async fn a_paced_connection_sends_no_faster_than_it_was_told() {
    let (client, server) = two();
    let listener = server.tcp_listen(at()).unwrap();
    let calling = client.tcp_socket();
    calling.set_max_pacing_rate(Some(100_000));
    let (called, accepted) = tokio::join!(calling.connect(at()), listener.accept());
    let (mut called, (mut accepted, _)) = (called.unwrap(), accepted.unwrap());
    assert_eq!(called.max_pacing_rate().unwrap(), Some(100_000));
    let start = Instant::now();
    let sending = async {
        called.write_all(&[7; 200_000]).await.unwrap();
        called.shutdown().await.unwrap();
    };
    let mut text = Vec::new();
    let (_, read) = tokio::join!(sending, accepted.read_to_end(&mut text));
    assert_eq!(read.unwrap(), 200_000);
    let took = start.elapsed();
    assert!(took > Duration::from_millis(1_900) && took < Duration::from_millis(2_300), "{took:?}");
    called.set_max_pacing_rate(None).unwrap();
    assert_eq!(called.max_pacing_rate().unwrap(), None);
}
