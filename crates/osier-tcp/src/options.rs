//! What do the two ends agree on in their SYNs? (RFC 9293 §3.7.1, RFC 7323 §2.2 and §3.2, RFC 2018)
//!
//! Builds the options of SYN and SYN,ACK, and reads the peer's. An option holds only when both
//! SYNs carry it.

use crate::config::{Config, Offer, SEND_MSS_MIN};
use osier_wire::tcp::{Options, Timestamps};

/// The largest shift of a window (RFC 7323 §2.3).
const WINDOW_SCALE_MAX: u8 = 14;

/// Octets that the timestamps option takes in every segment, padding included (RFC 7323 App. A).
pub(crate) const TIMESTAMPS_LEN: u32 = 12;

/// What both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Octets of text that the peer takes in a segment without options.
    pub(crate) mss: u16,
    /// By how much the windows that we receive, and those that we send, are shifted.
    pub(crate) scales: Option<Scales>,
    /// Which of timestamps and SACK are in use.
    pub(crate) offer: Offer,
}

/// The shifts of both windows (RFC 7323 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scales {
    /// Of the windows that the peer sends to us (Snd.Wind.Shift).
    pub(crate) snd: u8,
    /// Of the windows that we send (Rcv.Wind.Shift).
    pub(crate) rcv: u8,
}

/// What both ends agree on, given what we offer and the options of the peer's SYN.
pub(crate) fn agree(config: &Config, theirs: &Options) -> Agreed {
    // RFC 9293 §3.7.1: without the option the default is assumed [MUST-15]; the effective MSS also
    // heeds what our own link carries [MUST-16].
    let mss = theirs.mss.unwrap_or(config.default_mss).max(SEND_MSS_MIN);
    let ours = config.offer;
    let scales = theirs
        .window_scale
        .filter(|_| ours.window_scale)
        .map(|shift| Scales { snd: shift.min(WINDOW_SCALE_MAX), rcv: scale_of(config) });
    Agreed {
        mss: mss.min(config.sending.link_mss.unwrap_or(config.mss)),
        scales,
        offer: Offer {
            window_scale: scales.is_some(),
            timestamps: ours.timestamps && theirs.timestamps.is_some(),
            sack: ours.sack && theirs.sack_permitted,
        },
    }
}

/// The options of our SYN: all that we offer.
pub(crate) fn of_syn(config: &Config, ts_value: u32) -> Options {
    Options {
        mss: Some(config.mss),
        window_scale: config.offer.window_scale.then(|| scale_of(config)),
        sack_permitted: config.offer.sack,
        timestamps: config.offer.timestamps.then_some(Timestamps { value: ts_value, echo: 0 }),
        ..Options::default()
    }
}

/// The options of our SYN,ACK: those of what we offer that the peer's SYN carried.
pub(crate) fn of_syn_ack(config: &Config, agreed: &Agreed, timestamps: Timestamps) -> Options {
    Options {
        mss: Some(config.mss),
        window_scale: agreed.scales.map(|scales| scales.rcv),
        sack_permitted: agreed.offer.sack,
        timestamps: agreed.offer.timestamps.then_some(timestamps),
        ..Options::default()
    }
}

/// The window scale that we offer (RFC 7323 §2.3): it cannot change later, so it is chosen for the
/// largest buffer that there can be.
pub(crate) fn scale_of(config: &Config) -> u8 {
    scale_for(config.receive_buffer.max())
}

/// The smallest shift by which a window of `buffer` octets fits into 16 bits.
fn scale_for(buffer: u32) -> u8 {
    (0..WINDOW_SCALE_MAX).find(|shift| buffer >> shift <= 0xFFFF).unwrap_or(WINDOW_SCALE_MAX)
}

#[cfg(test)]
mod tests {
    use super::{agree, of_syn, of_syn_ack, scale_for};
    use crate::config::{Config, Offer};
    use osier_wire::tcp::{Options, Timestamps};

    #[test]
    fn the_scale_is_the_smallest_that_fits() {
        assert_eq!(scale_for(65_535), 0);
        assert_eq!(scale_for(65_536), 1);
        assert_eq!(scale_for(1 << 20), 5);
        assert_eq!(scale_for(u32::MAX), 14);
    }

    #[test]
    fn a_peer_without_an_mss_option_gets_the_default_of_536() {
        let agreed = agree(&Config::default(), &Options::default());
        assert_eq!(agreed.mss, 536);
        assert_eq!(agreed.scales, None);
        let none = Offer { window_scale: false, timestamps: false, sack: false };
        assert_eq!(agreed.offer, none);
    }

    #[test]
    fn what_is_announced_may_be_less_than_the_link_takes() {
        let mut config = Config { mss: 600, ..Config::default() };
        assert_eq!(agree(&config, &Options { mss: Some(1_460), ..Options::default() }).mss, 600);
        config.sending.link_mss = Some(1_400);
        assert_eq!(of_syn(&config, 7).mss, Some(600));
        assert_eq!(agree(&config, &Options { mss: Some(1_460), ..Options::default() }).mss, 1_400);
        assert_eq!(agree(&config, &Options { mss: Some(700), ..Options::default() }).mss, 700);
    }

    #[test]
    fn an_option_holds_only_when_both_syns_carry_it() {
        let mut config = Config::default();
        let syn = of_syn(&config, 7);
        config.offer.sack = false;
        let agreed = agree(&config, &syn);
        assert!(agreed.offer.timestamps && agreed.offer.window_scale && !agreed.offer.sack);
        let answer = of_syn_ack(&config, &agreed, Timestamps { value: 9, echo: 7 });
        assert!(!answer.sack_permitted);
        assert_eq!(answer.timestamps, Some(Timestamps { value: 9, echo: 7 }));
    }

    #[test]
    fn a_scale_beyond_14_is_taken_as_14() {
        let theirs = Options { window_scale: Some(200), ..Options::default() };
        assert_eq!(agree(&Config::default(), &theirs).scales.unwrap().snd, 14);
    }

    #[test]
    fn a_tiny_mss_is_raised_to_a_floor() {
        let theirs = Options { mss: Some(1), ..Options::default() };
        assert_eq!(agree(&Config::default(), &theirs).mss, crate::config::SEND_MSS_MIN);
    }
}
