//! Which port does an Ethernet frame leave a switch by?
//!
//! A learning switch: it remembers behind which port a station was last seen, and floods what it
//! does not know. No spanning tree: a loop of switches floods for ever, so do not build one.

use bytes::Bytes;
use osier_wire::MacAddr;
use osier_wire::ethernet::Header;
use std::collections::BTreeMap;

/// Stations that are remembered at most.
const STATIONS_MAX: usize = 4_096;

/// A switch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch {
    stations: BTreeMap<[u8; 6], usize>,
}

impl Switch {
    /// A frame arrived on a port: by which of `ports` it leaves.
    pub(crate) fn on_frame(
        &mut self,
        port: usize,
        ports: usize,
        frame: &Bytes,
        out: &mut Vec<(usize, Bytes)>,
    ) {
        let Ok((header, _)) = Header::parse(frame) else { return };
        let MacAddr(src) = header.src;
        if !header.src.is_multicast()
            && (self.stations.len() < STATIONS_MAX || self.stations.contains_key(&src))
        {
            self.stations.insert(src, port);
        }
        match self.stations.get(&header.dst.0).filter(|_| !header.dst.is_multicast()) {
            Some(known) if *known == port => {}
            Some(known) => out.push((*known, frame.clone())),
            None => out.extend((0..ports).filter(|p| *p != port).map(|p| (p, frame.clone()))),
        }
    }
}
