//! Do hosts of a simulation talk, lose touch and crash as they should, and twice in the same way?

use osier_sim::net::{TcpListener, TcpStream, UdpSocket};
use osier_sim::{Builder, Chance, Conditions, Error, Result, Sim, Traffic};
use osier_sim::{lookup, partition, repair};
use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

const PORT: u16 = 7;

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A server of echo.
async fn echo() -> Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::task::spawn_local(async move {
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to).await
        });
    }
}

/// Sends a text, closes, and reads what comes back.
async fn echoed(text: Vec<u8>) -> Result<Vec<u8>> {
    let stream = TcpStream::connect((lookup("server"), PORT)).await?;
    let (mut from, mut to) = stream.into_split();
    let sent = tokio::task::spawn_local(async move {
        to.write_all(&text).await?;
        to.shutdown().await
    });
    let mut back = Vec::new();
    from.read_to_end(&mut back).await?;
    sent.await??;
    Ok(back)
}

fn text(len: u32) -> Vec<u8> {
    (0..len).map(|n| (n / 7 % 251) as u8).collect()
}

fn sim_with_echo(builder: Builder) -> Sim {
    let mut sim = builder.build();
    sim.host("server", echo);
    sim
}

#[test]
fn a_round_trip_takes_twice_the_delay() {
    let mut sim = sim_with_echo(Builder::new().delay(millis(30)));
    sim.client("client", async {
        let began = Instant::now();
        let mut stream = TcpStream::connect((lookup("server"), PORT)).await?;
        assert_eq!(began.elapsed(), millis(60));
        stream.write_all(b"ping").await?;
        stream.read_exact(&mut [0; 4]).await?;
        assert_eq!(began.elapsed(), millis(120));
        assert_eq!(stream.peer_addr()?.ip(), lookup("server"));
        Ok(())
    });
    sim.run().unwrap();
    assert_eq!(sim.elapsed(), millis(120));
}

#[test]
fn text_crosses_a_link_that_loses_and_jitters_whole() {
    let builder = Builder::new().seed(3).jitter(millis(9)).loss(Chance::percent(5));
    let mut sim = sim_with_echo(builder);
    sim.client("client", async {
        assert!(echoed(text(300_000)).await? == text(300_000));
        Ok(())
    });
    sim.run().unwrap();
    let counts = sim.network().counts("client", "server");
    assert!(counts.lost > 3 && counts.sent > 200, "{counts:?}");
}

#[test]
fn what_falls_between_two_milliseconds_happens_at_the_later_and_no_delay_is_none() {
    for (delay, trip) in [(0, 0), (300, 2), (1_000, 2), (1_500, 4)] {
        let mut sim = sim_with_echo(Builder::new().delay(Duration::from_micros(delay)));
        sim.client("client", async {
            TcpStream::connect((lookup("server"), PORT)).await?;
            Ok(())
        });
        sim.run().unwrap();
        assert_eq!(sim.elapsed(), millis(trip), "{delay} us each way");
    }
}

/// A sink that the test can look into.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<u8>>>);

impl Write for Shelf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Three hosts over a bad network, and all that they said.
fn traffic(seed: u64) -> Vec<u8> {
    let shelf = Shelf::default();
    let builder = Builder::new().seed(seed).jitter(millis(20)).loss(Chance::percent(3));
    let mut sim = sim_with_echo(builder.capture_to(shelf.clone()));
    for name in ["anna", "berta"] {
        sim.client(name, async {
            assert!(echoed(text(50_000)).await? == text(50_000));
            Ok(())
        });
    }
    sim.run_for(millis(70)).unwrap();
    sim.bounce("server");
    // Whoever was connected is reset, or was refused: only that both runs agree is asked here.
    let _ = sim.run();
    let bytes = shelf.0.lock().unwrap();
    bytes.clone()
}

#[test]
fn the_same_seed_gives_the_same_traffic_and_another_one_another() {
    let first = traffic(1);
    assert!(first.len() > 20_000, "{}", first.len());
    assert!(first == traffic(1));
    assert!(first != traffic(2));
}

#[test]
fn a_partition_stops_a_connection_and_repair_lets_it_go_on() {
    let mut sim = sim_with_echo(Builder::new());
    sim.client("client", async {
        let mut stream = TcpStream::connect((lookup("server"), PORT)).await?;
        partition("client", "server");
        stream.write_all(b"ping").await?;
        let mut pong = [0; 4];
        assert!(timeout(Duration::from_secs(5), stream.read_exact(&mut pong)).await.is_err());
        let unreachable = TcpStream::connect((lookup("server"), PORT));
        assert!(timeout(Duration::from_secs(5), unreachable).await.is_err());
        repair("client", "server");
        stream.read_exact(&mut pong).await?;
        assert_eq!(&pong, b"ping");
        Ok(())
    });
    sim.run().unwrap();
    assert!(sim.network().counts("client", "server").lost > 3);
}

#[test]
fn each_link_can_be_of_its_own_kind() {
    let mut sim = Builder::new().delay(millis(5)).build();
    let far = Conditions::delayed(osier_sim::time::Duration::from_millis(200));
    for server in ["near", "far"] {
        sim.host(server, echo);
    }
    sim.client("client", async {
        for (server, trip) in [("near", 10), ("far", 400)] {
            let began = Instant::now();
            TcpStream::connect((lookup(server), PORT)).await?;
            assert_eq!(began.elapsed(), millis(trip), "{server}");
        }
        Ok(())
    });
    sim.network().set_link("far", "client", &far);
    sim.run().unwrap();
}

#[test]
fn one_direction_can_be_cut_alone() {
    let mut sim = Builder::new().build();
    sim.host("server", || async {
        let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
        loop {
            let (_, from) = socket.recv_from(&mut [0; 1]).await?;
            socket.send_to(&[1], from).await?;
        }
    });
    sim.client("client", async {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.send_to(&[0], (lookup("server"), PORT)).await?;
        let answer = timeout(Duration::from_secs(1), socket.recv_from(&mut [0; 1])).await;
        assert!(answer.is_err(), "{answer:?}");
        Ok(())
    });
    let cut = Conditions { traffic: Traffic::Cut, ..Conditions::default() };
    sim.network().set_direction("server", "client", &cut);
    sim.run().unwrap();
    let (there, back) = (("client", "server"), ("server", "client"));
    assert_eq!(sim.network().counts(there.0, there.1).delivered, 1);
    assert_eq!(sim.network().counts(back.0, back.1).lost, 1);
}

#[test]
fn tasks_belong_to_their_host_open_sockets_on_it_and_end_with_it() {
    let mut sim = sim_with_echo(Builder::new());
    let rounds = Rc::new(RefCell::new(0));
    let count = rounds.clone();
    sim.host("worker", move || {
        let count = count.clone();
        async move {
            // The program ends at once; its task goes on.
            tokio::task::spawn_local(async move {
                loop {
                    assert_eq!(echoed(b"willow".to_vec()).await.unwrap(), b"willow");
                    *count.borrow_mut() += 1;
                    sleep(millis(100)).await;
                }
            });
            Ok(())
        }
    });
    sim.run_for(Duration::from_secs(1)).unwrap();
    let before = *rounds.borrow();
    assert!((8..=10).contains(&before), "{before}");
    sim.crash("worker");
    sim.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(*rounds.borrow(), before);
    // Nothing but the test holds the count any more, and the program, to be started again.
    assert_eq!(Rc::strong_count(&rounds), 2);
}

#[test]
fn datagrams_arrive_as_they_were_sent_and_none_where_nobody_is() {
    let mut sim = Builder::new().build();
    sim.host("server", || async {
        let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
        let mut datagram = [0; 64];
        loop {
            let (len, from) = socket.recv_from(&mut datagram).await?;
            socket.send_to(&datagram[..len], from).await?;
        }
    });
    sim.client("client", async {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.send_to(b"nobody", "192.168.77.1:7").await?;
        for word in ["osier", "willow", ""] {
            socket.send_to(word.as_bytes(), (lookup("server"), PORT)).await?;
            let mut datagram = [0; 64];
            let (len, from) = socket.recv_from(&mut datagram).await?;
            assert_eq!(&datagram[..len], word.as_bytes());
            assert_eq!(from, (lookup("server"), PORT).into());
        }
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_host_that_was_bounced_has_forgotten_its_connections_and_takes_new_ones() {
    let mut sim = sim_with_echo(Builder::new());
    let told = Rc::new(RefCell::new(Vec::new()));
    let tell = told.clone();
    sim.client("client", async move {
        let mut stream = TcpStream::connect((lookup("server"), PORT)).await?;
        sleep(Duration::from_secs(2)).await;
        stream.write_all(b"do you know me?").await?;
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        tell.borrow_mut().push(error.kind());
        assert_eq!(echoed(b"willow".to_vec()).await?, b"willow");
        Ok(())
    });
    sim.run_for(Duration::from_secs(1)).unwrap();
    sim.bounce("server");
    sim.run().unwrap();
    // RFC 9293 §3.5.1: what knows nothing of a connection resets it.
    assert_eq!(*told.borrow(), [ErrorKind::ConnectionReset]);
}

#[test]
fn a_host_that_has_crashed_says_nothing_not_even_goodbye() {
    let mut sim = sim_with_echo(Builder::new());
    sim.client("client", async {
        let mut stream = TcpStream::connect((lookup("server"), PORT)).await?;
        let read = timeout(Duration::from_secs(10), stream.read(&mut [0; 8])).await;
        assert!(read.is_err(), "{read:?}");
        Ok(())
    });
    sim.run_for(Duration::from_secs(1)).unwrap();
    let before = sim.network().counts("server", "client").sent;
    sim.crash("server");
    sim.run().unwrap();
    assert_eq!(sim.network().counts("server", "client").sent, before);
}

#[test]
fn what_arrives_while_a_host_is_off_vanishes_and_what_is_under_way_does_not() {
    let mut sim = Builder::new().delay(millis(100)).build();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hear = heard.clone();
    sim.host("server", move || {
        let hear = hear.clone();
        async move {
            let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
            loop {
                let mut datagram = [0; 1];
                socket.recv_from(&mut datagram).await?;
                hear.borrow_mut().push(datagram[0]);
            }
        }
    });
    sim.client("client", async {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        for n in 0..10 {
            socket.send_to(&[n], (lookup("server"), PORT)).await?;
            sleep(millis(100)).await;
        }
        sleep(millis(100)).await;
        Ok(())
    });
    // They arrive after 100, 200, … 1,000 ms.
    sim.run_for(millis(250)).unwrap();
    sim.crash("server");
    sim.run_for(millis(300)).unwrap();
    sim.bounce("server");
    sim.run().unwrap();
    assert_eq!(*heard.borrow(), [0, 1, 5, 6, 7, 8, 9]);
}

#[test]
fn at_the_time_limit_the_error_names_who_was_not_done() {
    let mut sim = Builder::new().time_limit(Duration::from_secs(3)).build();
    sim.client("quick", async { Ok(()) });
    sim.client("slow", async {
        sleep(Duration::from_secs(4)).await;
        Ok(())
    });
    let error = sim.run().unwrap_err();
    assert_eq!(error.to_string(), "not done after 3s: slow");
    assert_eq!(sim.elapsed(), Duration::from_secs(3));
}

#[test]
fn what_a_program_returns_is_told_with_the_name_of_its_host() {
    let mut sim = Builder::new().build();
    sim.host("server", || async { Err("the disk is full".into()) });
    sim.client("client", async {
        sleep(Duration::from_secs(1)).await;
        Ok(())
    });
    let error = sim.run().unwrap_err();
    assert!(matches!(&error, Error::Program { host, .. } if host == "server"), "{error:?}");
    assert_eq!(error.to_string(), "server: the disk is full");
}

#[test]
#[should_panic(expected = "willow")]
fn a_panic_of_a_program_is_one_of_the_test() {
    let mut sim = Builder::new().build();
    sim.client("client", async { panic!("willow") });
    let _ = sim.run();
}

#[test]
fn three_hundred_clients_that_are_done_at_once_are_all_heard() {
    let mut sim = sim_with_echo(Builder::new());
    for n in 0..300_u16 {
        sim.client(&format!("client {n}"), async move {
            let mut stream = TcpStream::connect((lookup("server"), PORT)).await?;
            stream.write_all(&n.to_be_bytes()).await?;
            let mut back = [0; 2];
            stream.read_exact(&mut back).await?;
            assert_eq!(back, n.to_be_bytes());
            Ok(())
        });
    }
    sim.run().unwrap();
    // All at once: connect, and one round trip.
    assert_eq!(sim.elapsed(), millis(4));
}

#[test]
fn a_connection_to_a_port_that_nobody_listens_on_is_refused() {
    let mut sim = sim_with_echo(Builder::new());
    sim.client("client", async {
        let error = TcpStream::connect((lookup("server"), 99)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
    sim.run().unwrap();
}
