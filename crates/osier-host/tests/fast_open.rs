//! Does text travel with a SYN, only where it may, and always arrive once? (RFC 7413)

mod pair;
mod stranger;

use bytes::Bytes;
use core::net::SocketAddr;
use osier_host::{
    Config, ConnectionId, CookieKeys, Error, Event, FastOpenListeners, FastOpenPolicy, FastOpenUse,
    Host, Keys, ListenerId, Listening,
};
use osier_ip::LinkId;
use osier_tcp::{State, Text};
use osier_time::{Duration, Instant};
use osier_wire::tcp::{FastOpen, FastOpenCookie, FastOpenForm, Flags};
use pair::{Cable, Pair, Side, v4};
use stranger::{HOST_V4, Said, counter, hear, host, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);

fn to_b() -> SocketAddr {
    SocketAddr::new(v4(Side::B), 80)
}

/// B listens, with Fast Open for so many.
fn listening(fast_open: usize) -> (Pair, ListenerId) {
    let mut pair = Pair::new(Cable::default(), &Config::default());
    pair.meet();
    let how = Listening { fast_open, ..Listening::at(([0, 0, 0, 0], 80).into(), 100) };
    let listener = pair.b.host.listen_as(&how).unwrap();
    (pair, listener)
}

/// A connects with text; both ids, and when B could accept.
fn open(
    pair: &mut Pair,
    listener: ListenerId,
    text: &Bytes,
) -> (ConnectionId, ConnectionId, Duration) {
    let start = pair.now;
    let client = pair.a.host.connect_with_text(pair.now, to_b(), None, text.clone()).unwrap();
    pair.await_event(Side::B, Event::Acceptable(listener));
    let took = pair.now - start;
    let (server, _) = pair.b.host.accept(listener).unwrap();
    (client, server, took)
}

fn read_all(pair: &mut Pair, server: ConnectionId, len: usize) -> Vec<u8> {
    let mut got = Vec::new();
    pair.run_until(Duration::from_secs(100), |pair| {
        while let Text::Got(text) = pair.b.host.read_chunk(pair.now, server, 1 << 16) {
            got.extend_from_slice(&text);
        }
        got.len() >= len
    });
    got
}

#[test]
fn the_first_connection_fetches_a_cookie_and_the_second_brings_text_with_its_syn() {
    let (mut pair, listener) = listening(10);
    let text = Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n");
    let (_, server, took) = open(&mut pair, listener, &text);
    assert_eq!(took, Duration::from_millis(15), "the usual handshake: one round trip and a half");
    assert_eq!(read_all(&mut pair, server, text.len()), text);
    assert_eq!(pair.a.host.usage().fast_open_cookies, 1);

    let (client, server, took) = open(&mut pair, listener, &text);
    assert_eq!(took, Duration::from_millis(5), "one way");
    assert_eq!(pair.b.host.info(server).unwrap().state, Some(State::SynReceived));
    assert_eq!(pair.b.host.read_chunk(pair.now, server, 99), Text::Got(text.clone()));
    // The answer need not wait for the handshake either.
    pair.b.host.write(server, b"200").unwrap();
    pair.await_event(Side::A, Event::Connected(client));
    pair.await_event(Side::A, Event::Readable(client));
    assert_eq!(pair.a.host.read_chunk(pair.now, client, 99), Text::Got("200".into()));
    pair.run_for(Duration::from_secs(5));
    assert_eq!(pair.b.host.info(server).unwrap().state, Some(State::Established));
    assert_eq!(pair.b.host.read_chunk(pair.now, server, 99), Text::NotYet, "once");
    assert_eq!(pair.counter(Side::A, "fast_opens"), 1);
    assert_eq!(pair.counter(Side::B, "fast_opens_accepted"), 1);
    for side in [Side::A, Side::B] {
        assert_eq!(pair.counter(side, "rto_expired"), 0);
        assert!(!pair.end(side).events.contains(&Event::Connected(server)));
    }
    pair.transfer((Side::A, client), server, 100_000);
    pair.transfer((Side::B, server), client, 100_000);
}

#[test]
fn text_beyond_what_fits_into_the_syn_follows_the_handshake() {
    let (mut pair, listener) = listening(10);
    let text = pair::pattern(0, 8_000);
    for round in 0..2 {
        let (_, server, _) = open(&mut pair, listener, &text);
        assert_eq!(read_all(&mut pair, server, text.len()), text, "round {round}");
    }
    assert_eq!(pair.counter(Side::B, "fast_opens_accepted"), 1);
    let long = pair::pattern(0, 8_193);
    let refused = pair.a.host.connect_with_text(pair.now, to_b(), None, long);
    assert_eq!(refused, Err(Error::MessageTooLong));
}

#[test]
fn a_server_that_has_turned_it_off_gets_the_text_behind_the_handshake() {
    let (mut pair, listener) = listening(10);
    let text = Bytes::from_static(b"hello");
    open(&mut pair, listener, &text);
    pair.b.host.close_listener(pair.now, listener);
    let listener = pair.listen(([0, 0, 0, 0], 80).into(), 100);
    let (_, server, took) = open(&mut pair, listener, &text);
    assert_eq!(took, Duration::from_millis(15));
    assert_eq!(read_all(&mut pair, server, text.len()), text);
    assert_eq!(pair.counter(Side::A, "fast_opens_unheard"), 1);
    assert_eq!(pair.counter(Side::B, "fast_opens_accepted"), 0);
}

#[test]
fn where_the_path_swallows_a_syn_with_text_it_goes_again_without_and_the_cookie_is_forgotten() {
    let (mut pair, listener) = listening(10);
    let text = Bytes::from_static(b"hello");
    open(&mut pair, listener, &text);
    let long = |frame: &osier_wire::Received| frame.bytes.len() > 14 + 20 + 20 + 20;
    pair.lose = Some(Box::new(move |side, frame| side == Side::A && long(frame)));
    let client = pair.a.host.connect_with_text(pair.now, to_b(), None, text.clone()).unwrap();
    pair.run_for(Duration::from_millis(500));
    pair.lose = None;
    pair.await_event(Side::A, Event::Connected(client));
    pair.await_event(Side::B, Event::Acceptable(listener));
    let (server, _) = pair.b.host.accept(listener).unwrap();
    assert_eq!(read_all(&mut pair, server, text.len()), text);
    assert_eq!(pair.counter(Side::A, "syn_retransmissions"), 1);
    assert_eq!(pair.a.host.usage().fast_open_cookies, 0);
}

#[test]
fn a_lost_syn_ack_is_sent_again_and_the_text_is_read_once() {
    let (mut pair, listener) = listening(10);
    let text = Bytes::from_static(b"hello");
    open(&mut pair, listener, &text);
    let mut lost = 0;
    pair.lose = Some(Box::new(move |side, _| {
        lost += u32::from(side == Side::B);
        side == Side::B && lost == 1
    }));
    let (client, server, _) = open(&mut pair, listener, &text);
    pair.await_event(Side::A, Event::Connected(client));
    assert_eq!(read_all(&mut pair, server, text.len()), text);
    pair.run_for(Duration::from_secs(5));
    assert_eq!(pair.b.host.read_chunk(pair.now, server, 99), Text::NotYet);
    assert_eq!(pair.b.host.info(server).unwrap().state, Some(State::Established));
    // Its SYN came through with the cookie: the next may show it, too.
    assert_eq!(pair.a.host.usage().fast_open_cookies, 1);
    pair.transfer((Side::A, client), server, 10_000);
}

/// A host that listens with Fast Open for two, and the cookie of `peer`.
fn server() -> (Host, LinkId, ListenerId, FastOpen) {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let how = Listening { fast_open: 2, ..Listening::at(here(), 100) };
    let listener = host.listen_as(&how).unwrap();
    let mut options = usual_options(5);
    options.set_fast_open(FastOpen::Request, FastOpenForm::Standard);
    let answer = say(&mut host, link, NOW, &syn(peer(1), here(), 7, options)).remove(0);
    let cookie = answer.header.options.fast_open().expect("a cookie was asked for").0;
    assert_ne!(cookie, FastOpen::Request);
    (host, link, listener, cookie)
}

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

fn peer(port: u16) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 9], port))
}

fn with_text(from: SocketAddr, cookie: FastOpen) -> Said {
    let mut options = usual_options(5);
    options.set_fast_open(cookie, FastOpenForm::Standard);
    syn(from, here(), 7, options).with_text(b"hello")
}

#[test]
fn a_cookie_is_good_for_its_address_only_and_a_bad_one_gets_a_handshake_and_a_new_cookie() {
    let (mut host, link, listener, cookie) = server();
    let answer = say(&mut host, link, NOW, &with_text(peer(2), cookie)).remove(0);
    assert_eq!(answer.header.ack.0, 8 + 5, "the text is acknowledged with the SYN");
    assert!(host.accept(listener).is_some());

    let elsewhere = SocketAddr::from(([203, 0, 113, 10], 2));
    let guess = FastOpen::Cookie(FastOpenCookie::new(&[1; 8]).unwrap());
    for (n, (from, cookie)) in (1..).zip([(elsewhere, cookie), (peer(3), guess)]) {
        let answer = say(&mut host, link, NOW, &with_text(from, cookie)).remove(0);
        assert_eq!(answer.header.ack.0, 8, "only the SYN");
        assert!(matches!(answer.header.options.fast_open(), Some((FastOpen::Cookie(_), _))));
        assert_ne!(answer.header.options.fast_open().map(|(cookie, _)| cookie), Some(cookie));
        assert!(host.accept(listener).is_none());
        assert_eq!(counter(&host, "fast_opens_rejected"), n);
    }
}

#[test]
fn connections_whose_client_has_confirmed_nothing_are_bounded_and_given_up() {
    let (mut host, link, listener, cookie) = server();
    let answers: Vec<Said> = (10..15)
        .map(|port| say(&mut host, link, NOW, &with_text(peer(port), cookie)).remove(0))
        .collect();
    let early = answers.iter().filter(|answer| answer.header.ack.0 == 13).count();
    assert_eq!((early, host.acceptable(listener)), (2, 2));
    assert_eq!(counter(&host, "fast_opens_full"), 3);
    // Who confirms makes room.
    say(&mut host, link, NOW, &answers[0].answer(6));
    let answer = say(&mut host, link, NOW, &with_text(peer(20), cookie)).remove(0);
    assert_eq!(answer.header.ack.0, 13);
    // Who never does is given up.
    let mut now = NOW;
    while let Some(due) = host.next_deadline().filter(|due| *due < NOW + Duration::from_secs(130)) {
        now = due;
        host.on_deadline(now);
        for said in hear(&mut host, now) {
            assert!(said.flags().contains(Flags::ACK));
        }
    }
    let open = host.sockets().into_iter().filter(|s| s.state == Some(State::SynReceived));
    assert_eq!(open.count(), 0, "at {now}");
}

#[test]
fn without_fast_open_the_option_is_ignored() {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let listener = host.listen(here(), 100).unwrap();
    let guess = FastOpen::Cookie(FastOpenCookie::new(&[1; 8]).unwrap());
    for option in [FastOpen::Request, guess] {
        let answer = say(&mut host, link, NOW, &with_text(peer(2), option)).remove(0);
        assert_eq!(answer.header.ack.0, 8);
        assert_eq!(answer.header.options.fast_open(), None);
    }
    assert!(host.accept(listener).is_none());
}

/// RFC 7413 §4.1.2: keys are changed, and who holds an old cookie is given a new one.
#[test]
fn a_cookie_of_the_key_before_is_good_and_is_replaced_and_one_of_the_key_before_that_is_not() {
    let (mut pair, listener) = listening(10);
    let text = Bytes::from_static(b"hello");
    open(&mut pair, listener, &text);
    let keys = |current: u8, previous: Option<u8>| CookieKeys {
        current: [current; 16],
        previous: previous.map(|key| [key; 16]),
    };
    pair.b.host.set_fast_open_keys(keys(1, None));
    // The key that the secret gave is not known any more.
    let (_, server, took) = open(&mut pair, listener, &text);
    assert_eq!(took, Duration::from_millis(15));
    assert_eq!(read_all(&mut pair, server, text.len()), text);
    assert_eq!(pair.counter(Side::B, "fast_opens_rejected"), 1);
    // From here on every rotation is outlived, if the client comes once between two.
    for key in 2..5 {
        pair.b.host.set_fast_open_keys(keys(key, Some(key - 1)));
        let (client, server, took) = open(&mut pair, listener, &text);
        assert_eq!(took, Duration::from_millis(5), "key {key}");
        assert_eq!(read_all(&mut pair, server, text.len()), text);
        pair.await_event(Side::A, Event::Connected(client));
    }
    assert_eq!(pair.counter(Side::B, "fast_opens_accepted"), 3);
    pair.b.host.set_fast_open_keys(keys(6, Some(5)));
    let (_, server, took) = open(&mut pair, listener, &text);
    assert_eq!(took, Duration::from_millis(15), "the key of its cookie was replaced twice");
    assert_eq!(read_all(&mut pair, server, text.len()), text);
    assert_eq!(pair.counter(Side::B, "fast_opens_rejected"), 2);
}

/// Two hosts that stand for one address give and take the same cookies.
#[test]
fn hosts_that_share_their_keys_believe_each_others_cookies() {
    let shared = CookieKeys { current: [9; 16], previous: None };
    let answer_to_request = |seed| {
        let keys = Keys { fast_open: Some(shared), ..Keys::from_seed(seed) };
        let (mut host, link) = host(Config::default(), keys);
        let at = SocketAddr::from((HOST_V4, 80));
        let how = Listening { fast_open: 9, ..Listening::at(at, 9) };
        host.listen_as(&how).unwrap();
        let from = SocketAddr::from(([203, 0, 113, 9], 4_321));
        let mut options = usual_options(5);
        options.set_fast_open(FastOpen::Request, FastOpenForm::Standard);
        let answer = say(&mut host, link, NOW, &syn(from, at, 7, options)).remove(0);
        answer.header.options.fast_open()
    };
    let cookie = answer_to_request(1);
    assert!(matches!(cookie, Some((FastOpen::Cookie(_), _))));
    assert_eq!(cookie, answer_to_request(2));
}

fn open_with(host: &mut Host, link: LinkId, option: Option<(FastOpen, FastOpenForm)>) -> Said {
    // Another port for each, as every one stays.
    let from = peer(2_000 + host.sockets().len() as u16);
    let mut options = usual_options(5);
    if let Some((option, form)) = option {
        options.set_fast_open(option, form);
    }
    say(host, link, NOW, &syn(from, here(), 7, options).with_text(b"hello")).remove(0)
}

#[test]
fn who_asks_in_the_experimental_form_is_answered_in_it() {
    let (mut host, link, _, cookie) = server();
    let form = FastOpenForm::Experimental;
    let asked = open_with(&mut host, link, Some((FastOpen::Request, form)));
    assert_eq!(asked.header.options.fast_open(), Some((cookie, form)));
    let shown = open_with(&mut host, link, Some((cookie, form)));
    assert_eq!((shown.header.ack.0, shown.header.options.fast_open()), (13, None));
}

#[test]
fn a_cookie_of_the_key_before_is_good_until_that_key_is_dropped() {
    let (mut host, link, _, _) = server();
    let standard = FastOpenForm::Standard;
    let with = |current: u8, previous: Option<u8>| FastOpenPolicy {
        keys: Some(CookieKeys { current: [current; 16], previous: previous.map(|key| [key; 16]) }),
        ..FastOpenPolicy::default()
    };
    host.set_fast_open_policy(with(1, None));
    let asked = open_with(&mut host, link, Some((FastOpen::Request, standard)));
    let old = asked.header.options.fast_open().unwrap();
    host.set_fast_open_policy(with(2, Some(1)));
    assert_eq!(open_with(&mut host, link, Some(old)).header.ack.0, 13);
    host.set_fast_open_policy(with(3, Some(2)));
    let answer = open_with(&mut host, link, Some(old)).header;
    assert_eq!(answer.ack.0, 8);
    assert_ne!(answer.options.fast_open(), Some(old), "a new one is given");
}

#[test]
fn without_cookies_any_text_is_taken_and_a_host_that_uses_none_takes_no_text() {
    let (mut host, link, listener, cookie) = server();
    let policy = |server| FastOpenPolicy { server, ..FastOpenPolicy::default() };
    host.set_fast_open_policy(policy(FastOpenUse::WithoutCookie));
    let answer = open_with(&mut host, link, None).header;
    assert_eq!((answer.ack.0, answer.options.fast_open()), (13, None));
    host.set_fast_open_policy(policy(FastOpenUse::Off));
    let answer = open_with(&mut host, link, Some((cookie, FastOpenForm::Standard))).header;
    assert_eq!((answer.ack.0, answer.options.fast_open()), (8, None));
    // A listener alone may want none.
    host.set_fast_open_policy(FastOpenPolicy::default());
    assert_eq!(open_with(&mut host, link, None).header.ack.0, 8);
    host.set_fast_open_cookies(listener, FastOpenUse::WithoutCookie, None).unwrap();
    assert_eq!(open_with(&mut host, link, None).header.ack.0, 13);
}

#[test]
fn a_policy_may_open_every_listener() {
    let listeners = FastOpenListeners::All;
    let fast_open = FastOpenPolicy { listeners, ..FastOpenPolicy::default() };
    let config = Config { fast_open, ..Config::default() };
    let (mut host, link) = host(config, Keys::from_seed(1));
    host.listen(here(), 100).unwrap();
    let asked = open_with(&mut host, link, Some((FastOpen::Request, FastOpenForm::Standard)));
    assert!(asked.header.options.fast_open().is_some());
}

/// What a client says in its SYN to a server that answered so before.
fn said_after(answers: &[Option<(FastOpen, FastOpenForm)>]) -> Option<(FastOpen, FastOpenForm)> {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let connect = |host: &mut Host| {
        host.connect_with_text(NOW, peer(80), None, Bytes::from_static(b"hello")).unwrap();
        hear(host, NOW).remove(0)
    };
    for answer in answers {
        let said = connect(&mut host);
        let mut reply = said.answer(7);
        reply.header.flags = Flags::SYN | Flags::ACK;
        reply.header.ack = said.header.seq + 1;
        reply.header.options = usual_options(5);
        if let Some((option, form)) = answer {
            reply.header.options.set_fast_open(*option, *form);
        }
        say(&mut host, link, NOW, &reply);
    }
    connect(&mut host).header.options.fast_open()
}

#[test]
fn a_server_that_gives_no_cookie_is_asked_once_in_the_experimental_form() {
    let cookie = FastOpen::Cookie(FastOpenCookie::new(&[1; 8]).unwrap());
    let (standard, experimental) = (FastOpenForm::Standard, FastOpenForm::Experimental);
    assert_eq!(said_after(&[]), Some((FastOpen::Request, standard)));
    assert_eq!(said_after(&[None]), Some((FastOpen::Request, experimental)));
    assert_eq!(said_after(&[None, None]), Some((FastOpen::Request, standard)));
    let known = Some((cookie, experimental));
    assert_eq!(said_after(&[None, known]), known);
    assert_eq!(said_after(&[None, known, None]), known, "a cookie is kept");
    let other = Some((cookie, standard));
    assert_eq!(said_after(&[None, known, other]), other);
}
