//! Does the world do what is asked of it, and the same each time?

use core::net::{IpAddr, SocketAddr};
use osier_host::Config;
use osier_ip::Cidr;
use osier_lab::{
    Cable, Chance, Change, Client, Conditions, Framing, Loss, Match, NodeId, Program, Rule, Script,
    Server, Then, Traffic, World,
};
use osier_time::{Duration, Instant};
use osier_wire::tcp::Flags;

const PORT: u16 = 80;

fn addr(net: u8, host: u8) -> IpAddr {
    IpAddr::from([10, 0, net, host])
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn server(at: IpAddr, script: Script) -> Program {
    Program::Server(Server { at: SocketAddr::new(at, PORT), backlog: 64, script })
}

fn client(to: IpAddr, connections: u64, script: Script) -> Program {
    let to = SocketAddr::new(to, PORT);
    let (start, gap) = (Instant::from_secs(1), Duration::ZERO);
    Program::Client(Client { to, connections, at_once: 8, start, gap, port: None, script })
}

/// Two hosts and a link between them.
fn pair(seed: u64, cable: &Cable) -> (World, NodeId, NodeId) {
    let mut world = World::new(seed);
    let a = world.add_host("a", Config::default());
    let b = world.add_host("b", Config::default());
    world.join(a, b, cable);
    world.add_address(a, 0, addr(0, 1), 24);
    world.add_address(b, 0, addr(0, 2), 24);
    (world, a, b)
}

/// Everything that can happen at once, and five connections through it.
fn stormy(seed: u64) -> World {
    let weather = Conditions {
        delay: millis(10),
        jitter: millis(3),
        rate: Some(20_000_000),
        loss: Loss::Random(Chance::percent(3)),
        reorder: Chance::percent(3),
        reorder_by: millis(4),
        duplicate: Chance::percent(1),
        corrupt: Chance::percent(1),
        ..Conditions::default()
    };
    let (mut world, a, b) = pair(seed, &Cable::both_ways(&weather));
    world.capture(a);
    world.run_program(b, server(addr(0, 2), Script::answer(1_000, 200_000)));
    world.run_program(a, client(addr(0, 2), 5, Script::ask(1_000, 200_000)));
    world.run_for(Duration::from_secs(200));
    world
}

fn capture(world: &World) -> Vec<u8> {
    let mut file = Vec::new();
    world.write_capture(&mut file).expect("a vector takes all");
    file
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let first = stormy(1);
    let tally = first.computer(NodeId(0)).tally(0);
    assert_eq!((tally.done, tally.failed, tally.wrong), (5, 0, None));
    let counts = first.links().next().expect("there is a link").1.counts();
    let met = [counts.lost, counts.reordered, counts.duplicated, counts.corrupted];
    assert!(met.iter().all(|n| *n > 0), "{counts:?}");
    assert_eq!(capture(&first), capture(&stormy(1)));
    assert_ne!(capture(&first), capture(&stormy(2)));
}

#[test]
fn a_clone_of_a_world_goes_on_as_the_original_does() {
    let cable = Cable::both_ways(&Conditions::delayed(millis(10)));
    let (mut world, a, b) = pair(3, &cable);
    world.capture(b);
    world.run_program(b, server(addr(0, 2), Script::sink()));
    world.run_program(a, client(addr(0, 2), 1, Script::bulk()));
    world.run_for(millis(100));
    let mut other = world.clone();
    world.run_for(millis(100));
    other.run_for(millis(100));
    assert!(world.computer(b).tally(0).received > 100_000);
    assert_eq!(capture(&world), capture(&other));
}

#[test]
fn hosts_on_a_switch_find_each_other() {
    let mut world = World::new(1);
    let switch = world.add_switch("switch");
    let cable = Cable { framing: Framing::Ethernet, ..Cable::default() };
    let hosts: Vec<NodeId> = (1..=3)
        .map(|n| {
            let host = world.add_host(&format!("host {n}"), Config::default());
            world.join(host, switch, &cable);
            world.add_address(host, 0, addr(0, n), 24);
            host
        })
        .collect();
    world.run_program(hosts[0], server(addr(0, 1), Script::echo()));
    let ask = Script::ask(5_000, 5_000);
    for host in &hosts[1..] {
        world.run_program(*host, client(addr(0, 1), 3, ask.clone()));
    }
    world.run_for(Duration::from_secs(10));
    for host in &hosts[1..] {
        assert_eq!(world.computer(*host).tally(0).done, 3);
    }
    assert_eq!(world.computer(hosts[0]).tally(0).done, 6);
}

/// a, 1500, r, 1000, s, 1500, b: no end knows of the narrow link in the middle.
#[test]
fn a_router_tells_of_a_narrower_link_and_the_sender_obeys() {
    let mut world = World::new(1);
    let a = world.add_host("a", Config::default());
    let b = world.add_host("b", Config::default());
    let (r, s) = (world.add_router("r"), world.add_router("s"));
    let wide = Cable::both_ways(&Conditions::delayed(millis(5)));
    let narrow = Conditions { mtu: Some(1_000), delay: millis(5), ..Conditions::default() };
    world.join(a, r, &wide);
    let middle = world.join(r, s, &Cable { mtu: 1_000, ..Cable::both_ways(&narrow) });
    world.join(s, b, &wide);
    for (node, port, net, host) in
        [(a, 0, 1, 1), (r, 0, 1, 254), (r, 1, 2, 1), (s, 0, 2, 2), (s, 1, 3, 254), (b, 0, 3, 1)]
    {
        world.add_address(node, port, addr(net, host), 24);
    }
    let anywhere = Cidr { address: addr(0, 0), prefix_len: 8 };
    world.add_route(a, 0, anywhere, Some(addr(1, 254)));
    world.add_route(b, 0, anywhere, Some(addr(3, 254)));
    world.add_route(r, 1, anywhere, None);
    world.add_route(s, 0, anywhere, None);
    world.run_program(b, server(addr(3, 1), Script::answer(50_000, 50_000)));
    world.run_program(a, client(addr(3, 1), 1, Script::ask(50_000, 50_000)));
    world.run_for(Duration::from_secs(20));
    assert_eq!(world.computer(a).tally(0).done, 1);
    assert_eq!(
        (world.computer(a).host().usage().paths, world.computer(b).host().usage().paths),
        (1, 1)
    );
    assert_eq!(world.link(middle).counts().too_long, 0, "a router does not send what is too long");
}

#[test]
fn a_rule_takes_the_very_segment_that_it_names() {
    let (mut world, a, b) = pair(1, &Cable::both_ways(&Conditions::delayed(millis(10))));
    let there = osier_lab::WireId(0);
    let bare_ack = Match { set: Flags::ACK, clear: Flags::SYN, text: Some(osier_lab::Text::None) };
    world.add_rule(there, Rule::nth(bare_ack, 1, Then::Drop));
    world.run_program(b, server(addr(0, 2), Script::answer(10, 10)));
    world.run_program(a, client(addr(0, 2), 1, Script::ask(10, 10)));
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.link(there).counts().lost, 1);
    assert_eq!(world.computer(a).tally(0).done, 1);
}

#[test]
fn what_a_partition_stops_goes_on_when_it_heals() {
    let (mut world, a, b) = pair(1, &Cable::both_ways(&Conditions::delayed(millis(10))));
    let wire = osier_lab::WireId(0);
    world.run_program(b, server(addr(0, 2), Script::answer(10, 5_000_000)));
    world.run_program(a, client(addr(0, 2), 1, Script::ask(10, 5_000_000)));
    let cut = Conditions { traffic: Traffic::Cut, ..Conditions::default() };
    world.at(Instant::from_nanos(1_050_000_000), Change::Conditions(wire, cut));
    world.at(Instant::from_secs(20), Change::Conditions(wire, Conditions::delayed(millis(10))));
    world.run_until(Instant::from_secs(19));
    assert_eq!(world.computer(a).tally(0).done, 0);
    world.run_until(Instant::from_secs(60));
    assert_eq!(world.computer(a).tally(0).done, 1);
    assert!(world.link(wire).counts().lost > 0);
}

/// The survivor's data meets a host that knows nothing of the connection.
#[test]
fn after_a_crash_and_a_restart_the_peer_hears_a_reset() {
    let (mut world, a, b) = pair(1, &Cable::both_ways(&Conditions::delayed(millis(10))));
    world.keep_reports();
    world.run_program(b, server(addr(0, 2), Script::sink()));
    world.run_program(a, client(addr(0, 2), 1, Script::bulk()));
    world.at(Instant::from_secs(2), Change::Crash(b));
    world.at(Instant::from_secs(3), Change::Restart(b));
    world.run_until(Instant::from_secs(20));
    let reports = &world.computer(a).tally(0).reports;
    assert_eq!(reports[0].failure, Some(osier_tcp::Ending::Reset));
    assert_eq!(world.computer(b).tally(0).failed, 1);
}
