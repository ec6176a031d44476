//! Does somebody on the link have our address already?
//!
//! Asked before it is used: ARP probes (RFC 5227 §2.1.1) and solicitations of duplicate address
//! detection (RFC 4862 §5.4). The IP layer asks and judges; here it is given a link of its own for
//! a moment and time to hear the answer. Whoever takes the address later is not noticed here.

use crate::exit::Failure;
use osier_device::Device;
use osier_ip::{Cidr, Event, Layer, LinkConfig, LinkId};
use osier_time::Instant;
use osier_wire::link::Medium;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// When each address is asked for, in milliseconds. RFC 5227 §1.1 waits one to two seconds between
/// three probes, for wireless links and slow bridges; a local link answers within one.
const ASK_AT: [u64; 3] = [0, 100, 200];

/// How long an answer is waited for, in milliseconds.
const LISTEN_UNTIL: u64 = 350;

/// How often the device is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Frames taken from the device at once; what is not an answer is dropped, as nobody listens yet.
const BATCH: usize = 64;

/// Asks the link for addresses of ours.
pub(super) fn addresses(device: &mut impl Device, ours: &[Cidr]) -> Result<(), Failure> {
    let mut layer = Layer::new(0);
    layer.add_link(LinkConfig { medium: Medium::Ip, ..config(device) });
    let link = layer.add_link(config(device));
    let start = std::time::Instant::now();
    let mut asked = 0;
    loop {
        let passed = start.elapsed();
        let now = Instant::ZERO + passed.into();
        while asked < ASK_AT.len() && passed >= Duration::from_millis(ASK_AT[asked]) {
            ours.iter().for_each(|cidr| layer.probe_address(now, link, cidr.address));
            asked += 1;
        }
        exchange(device, &mut layer, link, now).map_err(Failure::from)?;
        while let Some(event) = layer.poll_event() {
            if let Event::AddressConflict { address, mac } = event {
                return Err(in_use(address, &mac.to_string()));
            }
        }
        if passed >= Duration::from_millis(LISTEN_UNTIL) {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Somebody answers for an address of ours.
fn in_use(address: IpAddr, mac: &str) -> Failure {
    Failure::refused(format!("{address} is in use: {mac} on the link answers for it"))
        .remedy("choose another address with --addr")
}

fn config(device: &impl Device) -> LinkConfig {
    let properties = device.properties();
    LinkConfig { medium: properties.medium, mtu: properties.mtu, offloads: properties.offloads }
}

fn exchange(
    device: &mut impl Device,
    layer: &mut Layer,
    link: LinkId,
    now: Instant,
) -> io::Result<()> {
    let mut inbox = Vec::new();
    device.receive(&mut inbox, BATCH)?;
    for mut frame in inbox {
        layer.on_frame(now, link, &mut frame);
    }
    while device.room() > 0 {
        let Some((_, frame)) = layer.poll_transmit(now) else { break };
        sent(device.transmit(frame))?;
    }
    sent(device.flush())
}

/// A question that found no room is asked again.
fn sent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
        result => result,
    }
}
