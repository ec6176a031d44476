//! What does the host itself keep of a link?
//!
//! What the device takes off it, and the settings that connections over the link start with: the
//! MSS follows from the MTU (RFC 9293 §3.7.1), how much they may send at once from the offloads.

use crate::config::Metrics;
use crate::flow::FlowKey;
use crate::listener::Listener;
use alloc::borrow::Cow;
use core::net::IpAddr;
use osier_ip::{LinkConfig, LinkId};
use osier_wire::link::Offloads;

/// Octets of a TCP header without options; RFC 9293 §3.7.1: the MSS leaves options out.
const TCP_HEADER: usize = 20;
const TCP_HEADER_MAX: usize = 60;
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;

/// What a peer that sends no MSS option takes (RFC 9293 §3.7.1 [MUST-15]).
const DEFAULT_MSS_V4: u16 = 536;
const DEFAULT_MSS_V6: u16 = 1_220;

/// The longest IP packet.
const PACKET_MAX: usize = 65_535;

/// The smallest MSS that we announce: that of the smallest MTU of IPv4 (RFC 791: 68).
const MSS_MIN: usize = 28;

/// A link.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// What the device does for us.
    pub(crate) offloads: Offloads,
    link: LinkConfig,
    metrics: Metrics,
    tcp_v4: osier_tcp::Config,
    tcp_v6: osier_tcp::Config,
}

impl Link {
    pub(crate) fn new(link: &LinkConfig, tcp: &osier_tcp::Config) -> Self {
        Link::with(link, tcp, Metrics::default())
    }

    fn with(link: &LinkConfig, tcp: &osier_tcp::Config, metrics: Metrics) -> Self {
        let offloads = link.offloads;
        let settings = |ip_header: usize, default_mss: u16, cuts: bool| {
            let mut tcp = tcp.clone();
            let mss = link.mtu.min(PACKET_MAX).saturating_sub(ip_header + TCP_HEADER);
            tcp.mss = mss.max(MSS_MIN) as u16;
            apply(&mut tcp, metrics, ip_header);
            tcp.default_mss = default_mss;
            let packet = (offloads.max_frame - link.medium.header_len()).min(PACKET_MAX);
            let text = packet.saturating_sub(ip_header + TCP_HEADER_MAX);
            tcp.gso_max = if cuts && offloads.checksum { text as u32 } else { 0 };
            tcp
        };
        let tcp_v4 = settings(IPV4_HEADER, DEFAULT_MSS_V4, offloads.tso_v4);
        let tcp_v6 = settings(IPV6_HEADER, DEFAULT_MSS_V6, offloads.tso_v6);
        Link { offloads, link: link.clone(), metrics, tcp_v4, tcp_v6 }
    }

    /// The MSS of connections with a peer.
    pub(crate) const fn mss_towards(&self, peer: IpAddr) -> u16 {
        match peer {
            IpAddr::V4(_) => self.tcp_v4.mss,
            IpAddr::V6(_) => self.tcp_v6.mss,
        }
    }

    /// Other settings for connections to come.
    pub(crate) fn set_tcp(&mut self, tcp: &osier_tcp::Config) {
        *self = Link::with(&self.link, tcp, self.metrics);
    }

    /// Other metrics for connections to come.
    pub(crate) fn set_metrics(&mut self, metrics: Metrics, tcp: &osier_tcp::Config) {
        *self = Link::with(&self.link, tcp, metrics);
    }

    /// The settings of a connection over this link.
    pub(crate) const fn tcp(&self, key: &FlowKey) -> &osier_tcp::Config {
        match key {
            FlowKey::V4(_) => &self.tcp_v4,
            FlowKey::V6(_) => &self.tcp_v6,
        }
    }
}

/// The settings of a connection that a listener may come to have: those of the link of the SYN, but
/// for what the listener's owner has set.
pub(crate) fn settings<'a>(
    links: &'a [Link],
    listener: Option<&Listener>,
    (link, key): (LinkId, &FlowKey),
) -> Cow<'a, osier_tcp::Config> {
    let config = links[usize::from(link.0)].tcp(key);
    match listener.and_then(|listener| listener.max_segment) {
        None => Cow::Borrowed(config),
        Some(octets) => {
            let mut config = config.clone();
            config.limit_segments(octets);
            Cow::Owned(config)
        }
    }
}

/// What is known of all paths, in the settings of connections whose IP header has so many octets.
fn apply(tcp: &mut osier_tcp::Config, metrics: Metrics, ip_header: usize) {
    if let Some(advmss) = metrics.advmss.filter(|advmss| *advmss < tcp.mss) {
        tcp.sending.link_mss = Some(tcp.mss);
        tcp.mss = advmss.max(MSS_MIN as u16);
    }
    if let Some(mtu) = metrics.mtu {
        let mss = mtu.saturating_sub((ip_header + TCP_HEADER) as u32);
        tcp.sending.mtu_probing.initial_mss = Some(u16::try_from(mss).unwrap_or(u16::MAX));
    }
    tcp.initial_window = metrics.initial_window.unwrap_or(tcp.initial_window);
}

/// Octets of an IP packet of this flow that are left for TCP, header included.
pub(crate) fn tcp_octets(key: &FlowKey, mtu: u32) -> u16 {
    u16::try_from(mtu.saturating_sub(ip_header(key))).unwrap_or(u16::MAX)
}

/// Octets of an IP packet of this flow that carries so many octets of TCP, header included.
pub(crate) fn packet_octets(key: &FlowKey, octets: u16) -> u32 {
    u32::from(octets) + ip_header(key)
}

const fn ip_header(key: &FlowKey) -> u32 {
    match key {
        FlowKey::V4(_) => IPV4_HEADER as u32,
        FlowKey::V6(_) => IPV6_HEADER as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::Link;
    use crate::config::Metrics;
    use crate::flow::FlowKey;
    use osier_ip::LinkConfig;
    use osier_wire::link::{Medium, Offloads};

    #[test]
    fn the_mss_is_the_mtu_less_the_fixed_headers() {
        let v4 = FlowKey::new(([10, 0, 0, 1], 1).into(), ([10, 0, 0, 2], 2).into()).unwrap();
        let v6 = FlowKey::new(([1u16; 8], 1).into(), ([2u16; 8], 2).into()).unwrap();
        let plain = LinkConfig {
            medium: Medium::Ip,
            mtu: 1_500,
            offloads: Offloads::none(Medium::Ip, 1_500),
        };
        let mut link = Link::new(&plain, &osier_tcp::Config::default());
        assert_eq!((link.tcp(&v4).mss, link.tcp(&v4).gso_max), (1_460, 0));
        assert_eq!((link.tcp(&v6).mss, link.tcp(&v6).gso_max), (1_440, 0));
        let metrics = Metrics { mtu: Some(660), advmss: Some(600), initial_window: Some(11) };
        link.set_metrics(metrics, &osier_tcp::Config::default());
        let v6_now = link.tcp(&v6);
        assert_eq!((v6_now.mss, v6_now.sending.link_mss), (600, Some(1_440)));
        assert_eq!(
            (v6_now.sending.mtu_probing.initial_mss, v6_now.initial_window),
            (Some(600), 11)
        );
        let all = LinkConfig { offloads: Offloads::all(Medium::Ip), mtu: 65_536, ..plain };
        let link = Link::new(&all, &osier_tcp::Config::default());
        assert_eq!((link.tcp(&v4).mss, link.tcp(&v4).gso_max), (65_495, 65_455));
    }
}
