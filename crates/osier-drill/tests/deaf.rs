//! Does the runner see that a stack does nothing? A stack that hears nothing, says nothing and
//! succeeds in every call must fail each script that expects a packet, a value or an error.

mod deaf_stack;

use deaf_stack::Deaf;
use osier_drill::config::{Config, Over};
use osier_drill::parse::parse;
use osier_drill::plan::plan;
use osier_drill::run::{Failure, run};

fn fails(source: &str) -> Failure {
    let config = Config::new(Over::V4);
    let script = parse(source, &config.defines).unwrap();
    let plan = plan(&script, &config, &mut |_| None).unwrap();
    run(&plan, &config, &mut Deaf::new()).failure.expect("a deaf stack fails")
}

const LISTENS: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
                       +0 bind(3, ..., ...) = 0\n\
                       +0 listen(3, 1) = 0\n";

#[test]
fn a_packet_that_does_not_leave_is_missed() {
    let source = format!("{LISTENS}+0 < S 0:0(0) win 1000\n+0 > S. 0:0(0) ack 1 <...>");
    let failure = fails(&source);
    assert_eq!(failure.at.line, 5);
    assert!(failure.expected.is_some() && failure.actual.is_none(), "{failure:?}");
}

#[test]
fn a_wrong_result_is_seen() {
    let source = format!("{LISTENS}+0 listen(3, 1) = -1 EINVAL (Invalid argument)");
    assert_eq!(fails(&source).says, "`listen` was expected to return -1 EINVAL, and returns 0");
}

#[test]
fn a_call_that_does_not_return_is_seen() {
    let source = format!("{LISTENS}+0...0.1 read(3, ..., 10) = 10\n+2 close(3) = 0");
    assert_eq!(fails(&source).says, "`read` has not returned");
}

#[test]
fn a_value_that_is_not_given_is_seen() {
    let source = format!("{LISTENS}+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [5], [4]) = 0");
    assert_eq!(fails(&source).says, "`getsockopt` was expected to give 5, and gives nothing");
}

#[test]
fn an_assertion_that_does_not_hold_is_seen() {
    let source = format!("{LISTENS}+0 %{{ assert tcpi_snd_cwnd == 11 }}%");
    let expected = "assert tcpi_snd_cwnd == 11: it is not so, as tcpi_snd_cwnd is 10";
    assert_eq!(fails(&source).says, expected);
}
