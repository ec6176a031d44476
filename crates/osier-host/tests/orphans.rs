//! How many connections may live on that no user holds?

mod pair;

use core::net::SocketAddr;
use osier_host::{Config, ConnectionId, Event};
use osier_time::Duration;
use pair::{Cable, Pair, Side, v4};

/// A's connections to a listener of B, accepted there; A may have two orphans.
fn connected(count: usize) -> (Pair, Vec<(ConnectionId, ConnectionId)>) {
    let config = Config { orphans_max: 2, ..Config::default() };
    let mut pair = Pair::new(Cable::default(), &config);
    pair.meet();
    let listener = pair.listen(([0, 0, 0, 0], 80).into(), 8);
    let to = SocketAddr::new(v4(Side::B), 80);
    let open = (0..count).map(|_| pair.open(listener, to)).collect();
    (pair, open)
}

#[test]
fn beyond_the_bound_a_connection_that_nobody_holds_is_reset_and_counted() {
    let (mut pair, open) = connected(4);
    for (client, _) in &open {
        pair.a.host.release(pair.now, *client);
    }
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.counter(Side::A, "orphans_reset"), 2);
    assert_eq!(pair.a.host.usage().orphans, 2);
    let ended = |pair: &mut Pair| {
        let closed = |event: &&Event| matches!(event, Event::Closed(..));
        pair.b.events.iter().filter(closed).count()
    };
    assert_eq!(ended(&mut pair), 2, "two were reset, two wait for B to close");
    for (_, server) in &open {
        pair.b.host.release(pair.now, *server);
    }
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.a.host.usage().orphans, 0);
    assert_eq!(pair.b.host.usage().orphans, 0);
}

#[test]
fn an_orphan_that_ends_makes_room_for_another() {
    let (mut pair, open) = connected(4);
    for (client, server) in &open {
        pair.a.host.release(pair.now, *client);
        pair.b.host.release(pair.now, *server);
        pair.run_for(Duration::from_millis(100));
    }
    assert_eq!(pair.counter(Side::A, "orphans_reset"), 0);
    assert_eq!(pair.a.host.usage().orphans, 0);
}

#[test]
fn who_lets_go_of_what_has_ended_leaves_no_orphan() {
    let (mut pair, open) = connected(3);
    for (client, server) in &open {
        pair.b.host.abort(pair.now, *server);
        pair.run_for(Duration::from_millis(100));
        pair.a.host.release(pair.now, *client);
        assert_eq!(pair.a.host.usage().orphans, 0);
    }
    assert_eq!(pair.counter(Side::A, "orphans_reset"), 0);
}
