//! Does the window say what there is room for, and does a sender bear what a window does?
//! (RFC 9293 §3.8.6, RFC 7323 §2)

mod pair;

use osier_tcp::{Config, Offer, Segment};
use osier_wire::tcp::Flags;
use pair::puppet::Puppet;

const FULL: &[u8] = &[7; 1460];

fn unscaled(receive_buffer: u32) -> Puppet {
    let offer = Offer { window_scale: false, timestamps: false, sack: true };
    Puppet::new(Config { offer, receive_buffer, ..Config::default() })
}

/// A full segment that starts `at` segments beyond what B expects.
fn full(puppet: &Puppet, at: u32) -> Segment {
    let mut segment = puppet.segment(Flags::ACK, FULL);
    segment.seq += at * FULL.len() as u32;
    segment
}

/// Text behind a hole lies within the window, so it takes nothing off it: once the first of two
/// holes is filled and read, the window is whole again.
#[test]
fn text_that_waits_behind_a_hole_does_not_narrow_the_window() {
    let mut puppet = unscaled(65_535);
    puppet.give(full(&puppet, 1));
    puppet.give(full(&puppet, 3));
    puppet.give(full(&puppet, 4));
    let answer = puppet.give(full(&puppet, 0));
    let last = answer.last().unwrap();
    assert_eq!(last.ack, puppet.seq + 2 * 1460);
    assert_eq!(last.window, 65_535);
}
