//! Does a listener ask before it answers, and take what is for others? (a gateway's listener)

mod stranger;

use core::net::SocketAddr;
use osier_host::{
    Answers, Config, Decision, Error, Event, Flow, Host, Keys, ListenerId, Listening, Reach, Reuse,
    Share, ZeroPort,
};
use osier_ip::{Claim, LinkId};
use osier_tcp::{State, Text};
use osier_time::{Duration, Instant};
use osier_wire::tcp::{FastOpen, FastOpenCookie, FastOpenForm, Flags};
use stranger::{HOST_V4, Said, counter, hear, host, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

fn peer(port: u16) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 9], port))
}

fn deferred() -> (Host, LinkId, ListenerId) {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let how = Listening { answers: Answers::Deferred, ..Listening::at(here(), 8) };
    let listener = host.listen_as(&how).unwrap();
    (host, link, listener)
}

/// A SYN to a deferred listener, and the flow that its owner is asked about.
fn ask(host: &mut Host, link: LinkId, from: SocketAddr) -> Flow {
    let heard = say(host, link, NOW, &syn(from, here(), 7, usual_options(5)));
    assert!(heard.is_empty(), "nothing is said before the owner decides: {heard:?}");
    let Some(Event::Incoming(_, flow)) = host.poll_event() else { panic!("nobody was asked") };
    assert_eq!((flow.local, flow.remote), (here(), from));
    flow
}

#[test]
fn an_accepted_syn_is_answered_and_becomes_a_connection() {
    let (mut host, link, listener) = deferred();
    let flow = ask(&mut host, link, peer(4_000));
    host.decide(NOW, flow, Decision::Accept).unwrap();
    let answer = hear(&mut host, NOW).remove(0);
    assert_eq!(answer.flags(), Flags::SYN | Flags::ACK);
    say(&mut host, link, NOW, &answer.answer(6).with_text(b"hello"));
    let (id, from) = host.accept(listener).unwrap();
    assert_eq!(from, peer(4_000));
    assert_eq!(host.read_chunk(NOW, id, 9), Text::Got("hello".into()));
    assert_eq!(host.usage().undecided, 0);
    assert_eq!(host.decide(NOW, flow, Decision::Accept), Err(Error::NoSuchSocket));
}

#[test]
fn the_owner_is_told_when_a_handshake_that_it_accepted_comes_to_nothing() {
    let (mut host, link, listener) = deferred();
    let failed = Some(Event::HandshakeFailed(listener));
    // The peer breaks it off.
    let flow = ask(&mut host, link, peer(4_000));
    host.decide(NOW, flow, Decision::Accept).unwrap();
    let answer = hear(&mut host, NOW).remove(0);
    let mut reset = answer.answer(6);
    reset.header.flags = Flags::RST;
    say(&mut host, link, NOW, &reset);
    assert!(!host.is_half_open(flow));
    assert_eq!((host.poll_event(), host.poll_event()), (failed, None));

    // The peer is silent.
    let flow = ask(&mut host, link, peer(4_001));
    host.decide(NOW, flow, Decision::Accept).unwrap();
    let mut now = NOW;
    while host.is_half_open(flow) {
        assert_eq!(host.poll_event(), None, "it goes on");
        hear(&mut host, now);
        now = host.next_deadline().expect("patience ends");
        host.on_deadline(now);
    }
    assert!(now > NOW + Duration::from_secs(30), "{now}");
    assert_eq!((host.poll_event(), host.poll_event()), (failed, None));

    // One that is done has not failed.
    let flow = ask(&mut host, link, peer(4_002));
    host.decide(now, flow, Decision::Accept).unwrap();
    let answer = hear(&mut host, now).remove(0);
    say(&mut host, link, now, &answer.answer(6));
    assert_eq!(host.poll_event(), Some(Event::Acceptable(listener)));
    assert_eq!(host.poll_event(), None);
}

#[test]
fn a_refused_syn_is_reset_and_an_ignored_one_is_not_answered() {
    let (mut host, link, _) = deferred();
    let flow = ask(&mut host, link, peer(4_000));
    host.decide(NOW, flow, Decision::Refuse).unwrap();
    let answer = hear(&mut host, NOW).remove(0);
    assert_eq!(answer.flags(), Flags::RST | Flags::ACK);
    assert_eq!(answer.header.ack.0, 8);

    let flow = ask(&mut host, link, peer(4_001));
    host.decide(NOW, flow, Decision::Ignore).unwrap();
    assert!(hear(&mut host, NOW).is_empty());
    assert_eq!(counter(&host, "incoming_ignored"), 1);
    // Who asks again is asked about again.
    ask(&mut host, link, peer(4_001));
}

#[test]
fn a_syn_that_is_repeated_asks_once() {
    let (mut host, link, _) = deferred();
    ask(&mut host, link, peer(4_000));
    for _ in 0..3 {
        say(&mut host, link, NOW, &syn(peer(4_000), here(), 7, usual_options(5)));
    }
    assert_eq!(host.poll_event(), None);
    assert_eq!(host.usage().undecided, 1);
}

#[test]
fn undecided_syns_are_bounded_expire_and_are_counted() {
    let (mut host, link, listener) = deferred();
    for port in 1_000..4_000 {
        say(&mut host, link, NOW, &syn(peer(port), here(), 7, usual_options(5)));
    }
    let kept = host.usage().undecided as u64;
    assert_eq!(kept, 1_024);
    assert_eq!(counter(&host, "dropped_undecided_full"), 3_000 - kept);
    let flow = match host.poll_event() {
        Some(Event::Incoming(of, flow)) if of == listener => flow,
        other => panic!("{other:?}"),
    };
    let late = host.next_deadline().expect("patience ends");
    assert!(late <= NOW + Duration::from_secs(180), "{late}");
    for _ in 0..10 {
        host.on_deadline(late);
    }
    assert_eq!(host.usage().undecided, 0);
    assert_eq!(counter(&host, "undecided_expired"), kept);
    assert_eq!(host.decide(late, flow, Decision::Accept), Err(Error::NoSuchSocket));
    assert_eq!(host.poll_event(), None, "nobody is asked about what has expired");

    ask(&mut host, link, peer(9));
    host.close_listener(NOW, listener);
    assert_eq!(host.usage().undecided, 0);
}

#[test]
fn a_listener_for_everybody_and_every_port_takes_what_is_for_others() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let somewhere: SocketAddr = "198.51.100.7:8443".parse().unwrap();
    let knock =
        |host: &mut Host, to| say(host, link, NOW, &syn(peer(4_000), to, 7, usual_options(5)));
    host.listen(here(), 8).unwrap();
    assert!(knock(&mut host, somewhere).is_empty(), "not for us");
    host.set_claim(Claim::Everybody);
    let reset = knock(&mut host, somewhere).remove(0);
    assert_eq!(reset.flags(), Flags::RST | Flags::ACK, "we stand in, but nobody listens");
    let everything = Listening {
        reach: Reach::Everybody,
        ports: ZeroPort::Every,
        ..Listening::at(([0, 0, 0, 0], 0).into(), 8)
    };
    let listener = host.listen_as(&everything).unwrap();
    let answer = knock(&mut host, somewhere).remove(0);
    assert_eq!((answer.flags(), answer.from), (Flags::SYN | Flags::ACK, somewhere));
    say(&mut host, link, NOW, &answer.answer(6));
    let (id, _) = host.accept(listener).unwrap();
    assert_eq!(host.local_addr(id), Some(somewhere), "the owner learns whom the peer meant");
    // Our own port 80 stays with its own listener.
    knock(&mut host, here());
    let of_80 = host.sockets().into_iter().filter(|s| s.state == Some(State::SynReceived));
    assert_eq!(of_80.map(|s| s.local).collect::<Vec<_>>(), [here()]);
    // An ordinary listener takes nothing that is for others, even at its port.
    let other_80: SocketAddr = "198.51.100.7:80".parse().unwrap();
    let answer = knock(&mut host, other_80).remove(0);
    say(&mut host, link, NOW, &answer.answer(6));
    assert!(host.accept(listener).is_some());
}

#[test]
fn a_connection_may_be_opened_from_somebody_elses_address_where_we_stand_in() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let from: SocketAddr = "198.51.100.7:5555".parse().unwrap();
    assert_eq!(host.connect(NOW, peer(80), Some(from)), Err(Error::AddrNotAvailable));
    host.set_claim(Claim::Everybody);
    let id = host.connect(NOW, peer(80), Some(from)).unwrap();
    let syn = hear(&mut host, NOW).remove(0);
    assert_eq!((syn.from, syn.to), (from, peer(80)));
    let mut answer: Said = syn.answer(9);
    answer.header.flags = Flags::SYN | Flags::ACK;
    answer.header.seq.0 = 4_000;
    say(&mut host, link, NOW, &answer);
    assert_eq!(host.poll_event(), Some(Event::Connected(id)));
    let group = "224.0.0.9:5555".parse().unwrap();
    assert_eq!(host.connect(NOW, peer(80), Some(group)), Err(Error::AddrNotAvailable));
}

#[test]
fn listeners_that_share_a_port_each_get_their_part() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let shared = Listening { share: Share::WithOthers, ..Listening::at(here(), 1_000) };
    let listeners: Vec<ListenerId> = (0..3).map(|_| host.listen_as(&shared).unwrap()).collect();
    assert_eq!(host.listen(here(), 8), Err(Error::AddrInUse), "who does not share may not");
    for port in 1_000..1_300 {
        let answer = say(&mut host, link, NOW, &syn(peer(port), here(), 7, usual_options(5)));
        say(&mut host, link, NOW, &answer[0].answer(6));
    }
    let counts: Vec<usize> = listeners.iter().map(|id| host.acceptable(*id)).collect();
    assert_eq!(counts.iter().sum::<usize>(), 300);
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}

#[test]
fn without_reuse_a_listener_waits_until_old_connections_are_gone() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let listener = host.listen(here(), 8).unwrap();
    let answer = say(&mut host, link, NOW, &syn(peer(4_000), here(), 7, usual_options(5)));
    say(&mut host, link, NOW, &answer[0].answer(6));
    let (id, _) = host.accept(listener).unwrap();
    host.close_listener(NOW, listener);
    let careful = Listening { reuse: Reuse::Refused, ..Listening::at(here(), 8) };
    assert_eq!(host.listen_as(&careful), Err(Error::AddrInUse));
    let again = host.listen(here(), 8).expect("reuse is the default");
    host.close_listener(NOW, again);
    host.abort(NOW, id);
    hear(&mut host, NOW);
    assert!(host.listen_as(&careful).is_ok());
}

/// RFC 7413 §4.2.2, where the owner is asked first: text that came with a good cookie waits with
/// the SYN; other text comes again.
#[test]
fn text_that_came_with_a_good_cookie_waits_for_the_decision() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let answers = Answers::Deferred;
    let how = Listening { answers, fast_open: 8, ..Listening::at(here(), 8) };
    let listener = host.listen_as(&how).unwrap();
    let knock = |host: &mut Host, port, cookie| {
        let mut options = usual_options(5);
        options.set_fast_open(cookie, FastOpenForm::Standard);
        let knock = syn(peer(port), here(), 7, options).with_text(b"hello");
        assert!(say(host, link, NOW, &knock).is_empty());
        let told = core::iter::from_fn(|| host.poll_event());
        let asked = told.filter_map(|event| match event {
            Event::Incoming(of, flow) if of == listener => Some(flow),
            _ => None,
        });
        let flow = asked.last().expect("the owner is asked");
        host.decide(NOW, flow, Decision::Accept).unwrap();
        hear(host, NOW).remove(0)
    };
    let answer = knock(&mut host, 4_000, FastOpen::Request);
    assert_eq!(answer.header.ack.0, 8, "the text was not taken");
    let cookie = answer.header.options.fast_open().expect("a cookie was asked for").0;
    assert!(host.accept(listener).is_none());
    let answer = knock(&mut host, 4_001, cookie);
    assert_eq!(answer.header.ack.0, 13);
    let (id, _) = host.accept(listener).unwrap();
    assert_eq!(host.read_chunk(NOW, id, 99), Text::Got("hello".into()));
    let forged = FastOpen::Cookie(FastOpenCookie::new(&[1; 8]).unwrap());
    assert_eq!(knock(&mut host, 4_002, forged).header.ack.0, 8);
}
