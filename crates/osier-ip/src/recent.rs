//! What was decided about the last packet? The next one is likely to be of the same train.
//!
//! One answer each way, compared instead of searched for; a change of addresses or routes forgets
//! both. Which neighbour the last packet went to is kept by the cache in `neighbours.rs`.

use crate::output::Hop;
use crate::packet::LinkId;
use core::net::IpAddr;

/// The last answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    /// From this source, which is ours, to this destination a packet went this way.
    way: Option<(IpAddr, IpAddr, Hop)>,
    /// From this link, a packet from this source to this destination was for us alone, and its
    /// source a plausible one.
    welcome: Option<(LinkId, IpAddr, IpAddr)>,
    /// How often addresses or routes have changed.
    epoch: u32,
}

impl Recent {
    /// The way of the last packet, if it went between the same addresses.
    #[inline]
    pub(crate) fn way(&self, src: IpAddr, dst: IpAddr) -> Option<Hop> {
        match self.way {
            Some((s, d, hop)) if s == src && d == dst => Some(hop),
            _ => None,
        }
    }

    /// Whether the last packet was let in from the same link and address to the same address.
    #[inline]
    pub(crate) fn is_welcome(&self, link: LinkId, src: IpAddr, dst: IpAddr) -> bool {
        matches!(self.welcome, Some((l, s, d)) if l == link && s == src && d == dst)
    }

    /// A packet went this way.
    pub(crate) fn set_way(&mut self, src: IpAddr, dst: IpAddr, hop: Hop) {
        self.way = Some((src, dst, hop));
    }

    /// A packet for us alone was let in.
    pub(crate) fn set_welcome(&mut self, link: LinkId, src: IpAddr, dst: IpAddr) {
        self.welcome = Some((link, src, dst));
    }

    /// Which state of addresses and routes this is.
    #[inline]
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Addresses or routes have changed.
    pub(crate) fn forget(&mut self) {
        *self = Recent { epoch: self.epoch.wrapping_add(1), ..Recent::default() };
    }
}
