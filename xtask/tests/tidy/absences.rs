//! What is not there? The seven absences of `docs/ARCHITECTURE.md`, as far as words can tell.
//!
//! Words are compared outside comments and strings, so a sentence may speak of a clock. What a
//! type alias hides is left to clippy's `disallowed-methods`.

use crate::facts::PathUse;
use crate::floors::floor;
use crate::rule::{Place, Rule};
use crate::tree::{Source, Tree};

/// The crates that a kernel or a browser could take.
const ENGINE: [&str; 5] = ["osier-wire", "osier-time", "osier-tcp", "osier-ip", "osier-host"];

/// Where `unsafe` and libc may live. The last is no part of osier: lwIP is written in C, and who
/// measures it calls C.
const UNSAFE_HOMES: [&str; 3] = ["crates/osier-device/src/sys/", "crates/osier-packetdrill/", LWIP];
const LWIP: &str = "bench/peers/lwip/";

/// The crates that `#![forbid(unsafe_code)]` would lock out of their own work.
const WITHOUT_FORBID: [&str; 2] = ["osier-device", "osier-packetdrill"];

const TOKIO_HOMES: [&str; 5] = ["osier", "osier-sim", "osier-cli", "fuzz", "bench"];

fn below(floor_limit: u8) -> impl Fn(&&Source) -> bool {
    move |source| floor(&source.krate).is_some_and(|floor| floor < floor_limit)
}

/// Does `path` contain the segments of `pattern`? A pattern with `::` at its end must begin the
/// path and be followed by more; one with `!` at its end must be a macro.
fn matches(path: &PathUse, pattern: &str) -> bool {
    if let Some(head) = pattern.strip_suffix("::") {
        return path.segments[0] == head && (path.segments.len() > 1 || path.import);
    }
    let name = pattern.trim_end_matches('!');
    let wanted: Vec<&str> = name.split("::").collect();
    let found = path.segments.windows(wanted.len()).any(|window| window == wanted);
    found && (path.is_macro || name == pattern)
}

/// Places of the patterns; `tests_too` also looks at what only tests compile.
fn find(source: &Source, patterns: &[&str], tests_too: bool) -> Vec<Place> {
    let mut places = Vec::new();
    for path in &source.facts.paths {
        let hit = patterns.iter().find(|pattern| matches(path, pattern));
        if let Some(pattern) = hit.filter(|_| tests_too || !source.test_line(path.line)) {
            places.push(Place::new(&source.path, path.line, format!("`{pattern}`")));
        }
    }
    places
}

/// `PathMtu`, `path_mtu` -> `path`, `mtu`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && !before.is_uppercase()) {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().expect("never empty").extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn find_words(source: &Source, banned: &[&str]) -> Vec<Place> {
    let mut places = Vec::new();
    for path in &source.facts.paths {
        for name in &path.segments {
            if words(name).iter().any(|word| banned.contains(&word.as_str())) {
                places.push(Place::new(&source.path, path.line, format!("`{name}`")));
            }
        }
    }
    places
}

/// The messages of ICMP whose names have `port` in them, and the constant `unreachable::PORT`.
const ICMP_NAMES: [&str; 3] = ["port_unreachable", "PortUnreachable", "PORT"];

pub(crate) const NO_ADDRESS: Rule = Rule {
    says: "osier-tcp never names an IP address.",
    why: "A connection takes segments in and hands segments out; the host knows between whom. \
          So one engine serves IPv4, IPv6 and whatever carries segments next, without a type \
          parameter, and a test needs no address.",
    remedy: "What needs an address (checksum, cookie MAC, ISN, path-MTU cache) is computed in \
             osier-host and passed in as a number.",
};

/// In tests too: a test of the engine needs no address either.
pub(crate) fn tcp_names_no_address(tree: &Tree) -> Vec<Place> {
    let net = ["core::net", "std::net", "IpAddr", "SocketAddr"];
    tree.of_crates(&["osier-tcp"])
        .flat_map(|source| {
            [find(source, &net, true), find_words(source, &["ipv4", "ipv6"])].concat()
        })
        .collect()
}

pub(crate) const NO_PORT: Rule = Rule {
    says: "osier-ip never names a port.",
    why: "TCP, UDP and IP are siblings that the host introduces to each other. An IP layer that \
          looks into ports cannot carry a fragment or a protocol it does not know.",
    remedy: "Hand the payload and the protocol number up; osier-host looks at ports.",
};

/// Every identifier is looked at, word by word: `transport` is no port, and "port unreachable" is
/// what RFC 792 calls a message.
pub(crate) fn ip_names_no_port(tree: &Tree) -> Vec<Place> {
    let files = tree.of_crates(&["osier-ip"]);
    let mut places: Vec<Place> =
        files.flat_map(|source| find_words(source, &["port", "ports"])).collect();
    places.retain(|place| !ICMP_NAMES.contains(&place.what.trim_matches('`')));
    places
}

pub(crate) const NO_WORLD: Rule = Rule {
    says: "Below floor 4 nobody reads a clock, draws a random number, sleeps, spawns, locks or \
           logs to a global.",
    why: "The same inputs must give the same bytes: in the laboratory, in the model checker, and \
          when a failure is replayed from its seed.",
    remedy: "Take `now: Instant` (osier-time), a seed or a key as an argument; record a Reason \
             where you would log; leave waiting and sharing to floor 4.",
};

/// `std::time::Duration` is a number and no clock.
const WORLD: [&str; 23] = [
    "std::time::Instant",
    "Instant::now",
    "SystemTime",
    "UNIX_EPOCH",
    "std::thread",
    "thread::sleep",
    "thread::spawn",
    "rand::",
    "getrandom::",
    "RandomState",
    "Mutex",
    "RwLock",
    "Condvar",
    "OnceLock",
    "LazyLock",
    "log::",
    "tracing::",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "thread_local!",
];

pub(crate) fn lower_floors_touch_no_world(tree: &Tree) -> Vec<Place> {
    let files = tree.sources.iter().filter(below(4));
    files.flat_map(|source| find(source, &WORLD, false)).collect()
}

pub(crate) const PLAIN_DATA: Rule = Rule {
    says: "In the host and below there are no wakers, no stored closures and no Rc or Arc.",
    why: "`Host` and `Connection` are `Send + Clone` plain data: the checker copies them, the \
          laboratory rewinds them, freeze and thaw write them down. A shared pointer or a \
          closure would make a copy that is none.",
    remedy: "Give an id and let the floor above hold what it wakes or calls; payload is `Bytes`.",
};

/// Devices hold what the system gives them and are copied by nobody. A boxed closure is found by
/// the rule against `Box<dyn …>`.
pub(crate) fn lower_floors_are_plain_data(tree: &Tree) -> Vec<Place> {
    let words = ["Rc", "Arc", "Waker", "RefCell"];
    let files = tree.sources.iter().filter(below(4)).filter(|s| s.krate != "osier-device");
    files.flat_map(|source| find(source, &words, false)).collect()
}

pub(crate) const NO_UNSAFE: Rule = Rule {
    says: "`unsafe` lives in crates/osier-device/src/sys/ and crates/osier-packetdrill/, and in \
           bench/peers/lwip/, which is no part of osier; every other crate has \
           `#![forbid(unsafe_code)]`.",
    why: "A peer's bytes pass through all of the rest. That they cannot corrupt memory is then \
          the compiler's word, not ours.",
    remedy: "Write it in safe code; a system call belongs in osier-device/src/sys/ behind a safe \
             function, each block with a `// SAFETY:` sentence.",
};

pub(crate) fn unsafe_stays_home(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for source in &tree.sources {
        if !UNSAFE_HOMES.iter().any(|home| source.path.starts_with(home)) {
            places.extend(find(source, &["unsafe", "libc::"], true));
        }
        let forbids = source.facts.inner_attributes.iter().any(|a| a == "forbid(unsafe_code)");
        let may_lack =
            WITHOUT_FORBID.contains(&source.krate.as_str()) || source.path.starts_with(LWIP);
        if source.is_crate_root() && !forbids && !may_lack {
            places.push(Place::new(&source.path, 1, "no `#![forbid(unsafe_code)]`"));
        }
    }
    places
}

pub(crate) const NO_TOKIO: Rule = Rule {
    says: "tokio is named only in osier, osier-sim and osier-cli.",
    why: "The engine must run without a runtime: in a loop of one's own, in a kernel, in wasm.",
    remedy: "Keep the doors (`on_*`, `poll_*`, `next_deadline`) and drive them from floor 4.",
};

pub(crate) fn tokio_stays_upstairs(tree: &Tree) -> Vec<Place> {
    let files = tree.sources.iter().filter(|s| !TOKIO_HOMES.contains(&s.krate.as_str()));
    files.flat_map(|source| find(source, &["tokio", "axum"], true)).collect()
}

pub(crate) const NO_FLOAT: Rule = Rule {
    says: "There is no floating point in wire, time, tcp, ip, host and lab.",
    why: "Rounding differs between machines and compilers; one different window and the same \
          seed no longer gives the same bytes.",
    remedy: "Scale integers (shifts as in RFC 6298, gains over 256, a cube root by bisection).",
};

pub(crate) fn engine_counts_in_integers(tree: &Tree) -> Vec<Place> {
    let crates = [ENGINE.as_slice(), &["osier-lab"]].concat();
    let mut places = Vec::new();
    for source in tree.of_crates(&crates) {
        places.extend(find(source, &["f32", "f64"], false));
        let literals = source.facts.float_literals.iter().filter(|line| !source.test_line(**line));
        places.extend(literals.map(|line| Place::new(&source.path, *line, "a float literal")));
    }
    places
}

pub(crate) const NO_STD: Rule = Rule {
    says: "wire, time, tcp, ip and host are `#![no_std]`.",
    why: "So Rust kernels and wasm can take the engine as it is.",
    remedy: "Use `core`, `alloc`, `core::net` and `hashbrown`. A test may say \
             `extern crate std;` inside its `#[cfg(test)]` module.",
};

pub(crate) fn engine_is_no_std(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for source in tree.of_crates(&ENGINE) {
        if source.path.ends_with("/src/lib.rs") {
            let has = source.facts.inner_attributes.iter().any(|a| a == "no_std");
            places.extend((!has).then(|| Place::new(&source.path, 1, "no `#![no_std]`")));
        }
        places.extend(find(source, &["std"], false));
    }
    places
}

mod tests {
    use super::*;

    fn lines(check: fn(&Tree) -> Vec<Place>, path: &str, text: &str) -> Vec<usize> {
        let mut lines: Vec<usize> =
            check(&Tree::of([(path, text)])).iter().map(|place| place.line).collect();
        lines.dedup();
        lines
    }

    #[test]
    fn an_address_in_tcp_is_found_and_a_window_is_not() {
        let text = "use core::{fmt, net::IpAddr};\nfn f(w: Window) {}\nfn g(a: Ipv4Addr) {}\n\
            use osier_wire::ipv6;\nuse osier_wire::ip::Ecn;\nfn skip(zip: Zip) {}";
        let found = lines(tcp_names_no_address, "crates/osier-tcp/src/a.rs", text);
        assert_eq!(found.into_iter().collect::<std::collections::BTreeSet<_>>(), [1, 3, 4].into());
    }

    #[test]
    fn a_port_in_ip_is_found_and_a_report_is_not() {
        let text = "fn f(src_port: u16) {}\nfn transport() { report() }\nstruct PortRange;\n\
            const A: Kind = Kind::PortUnreachable;\n";
        assert_eq!(lines(ip_names_no_port, "crates/osier-ip/src/a.rs", text), [1, 3]);
        assert_eq!(lines(ip_names_no_port, "crates/osier-host/src/a.rs", text), []);
    }

    #[test]
    fn each_way_to_touch_the_world_is_found_below_floor_4() {
        let text = "fn a() { std::time::Instant::now(); }\nuse std::{thread, io};\n\
            fn b() { log::info!(\"x\") }\nfn c() { println!(\"x\") }\nstruct D(Mutex<u8>);\n\
            fn e(log: u8) { log + 1; }\nfn f() { getrandom::fill(b); }\n\
            use std::time::Duration;\n";
        for krate in ["osier-tcp", "osier-host", "osier-pcap", "osier-device"] {
            let path = format!("crates/{krate}/src/a.rs");
            let mut found = lines(lower_floors_touch_no_world, &path, text);
            found.sort_unstable();
            assert_eq!(found, [1, 2, 3, 4, 5, 7], "{krate}");
        }
        assert_eq!(lines(lower_floors_touch_no_world, "crates/osier/src/a.rs", text), []);
    }

    #[test]
    fn a_test_may_read_a_clock() {
        let text = "//! Q\n#[cfg(test)]\nmod tests {\n fn f() { std::time::Instant::now(); }\n}\n";
        assert_eq!(lines(lower_floors_touch_no_world, "crates/osier-ip/src/a.rs", text), []);
    }

    #[test]
    fn a_shared_pointer_is_found_below_the_sockets_but_a_device_may_hold_one() {
        let text = "struct A(Arc<u8>);\nstruct B(core::task::Waker);\nstruct C(Archive);\n";
        let check = lower_floors_are_plain_data;
        assert_eq!(lines(check, "crates/osier-host/src/a.rs", text), [1, 2]);
        assert_eq!(lines(check, "crates/osier-device/src/a.rs", text), []);
    }

    #[test]
    fn unsafe_is_found_outside_its_homes() {
        let text = "#![forbid(unsafe_code)]\nfn f() { unsafe { g() } }";
        assert_eq!(lines(unsafe_stays_home, "crates/osier-wire/src/lib.rs", text), [2]);
        assert_eq!(lines(unsafe_stays_home, "crates/osier-device/src/ring.rs", text), [2]);
        assert_eq!(lines(unsafe_stays_home, "crates/osier-device/src/sys/tun.rs", text), []);
    }

    #[test]
    fn a_crate_that_does_not_forbid_unsafe_code_is_found() {
        assert_eq!(lines(unsafe_stays_home, "crates/osier/src/lib.rs", "//! Q"), [1]);
        assert_eq!(lines(unsafe_stays_home, "xtask/src/main.rs", "//! Q"), [1]);
        assert_eq!(lines(unsafe_stays_home, "crates/osier-device/src/lib.rs", "//! Q"), []);
    }

    #[test]
    fn tokio_is_found_below_the_sockets() {
        let text = "use tokio::net;\n";
        assert_eq!(lines(tokio_stays_upstairs, "crates/osier-lab/src/a.rs", text), [1]);
        assert_eq!(lines(tokio_stays_upstairs, "crates/osier/src/a.rs", text), []);
    }

    #[test]
    fn a_float_in_the_engine_is_found() {
        let text = "fn a(x: f64) {}\nfn b() { c(0.5) }\nfn d() { e.0.1 }\n";
        assert_eq!(lines(engine_counts_in_integers, "crates/osier-tcp/src/a.rs", text), [1, 2]);
        assert_eq!(lines(engine_counts_in_integers, "crates/osier-cli/src/a.rs", text), []);
    }

    #[test]
    fn an_engine_crate_with_std_is_found() {
        assert_eq!(lines(engine_is_no_std, "crates/osier-ip/src/lib.rs", "//! Q"), [1]);
        let text = "#![no_std]\n#[cfg(test)]\nextern crate std;\nuse std::vec;";
        assert_eq!(lines(engine_is_no_std, "crates/osier-ip/src/lib.rs", text), [4]);
    }

    #[test]
    fn a_name_falls_into_its_words() {
        assert_eq!(words("PortUnreachable"), ["port", "unreachable"]);
        assert_eq!(words("src_port"), ["src", "port"]);
        assert_eq!(words("MSS_DEFAULT"), ["mss", "default"]);
    }
}
