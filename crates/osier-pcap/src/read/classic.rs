//! Which packets does a classic pcap file hold?
//!
//! draft-ietf-opsawg-pcap §4 and §5: one header of 24 bytes, then records. It does not read the
//! variants of other writers ("modified" pcap and the like).

use super::fields::{Fields, Order};
use super::resolution::Resolution;
use super::source::Source;
use super::{Error, Interface, Packet};
use crate::format::{InterfaceId, LinkType, MAX_PACKET};
use osier_time::Duration;
use std::io::Read;

const MICROSECOND_MAGIC: u32 = 0xa1b2_c3d4;
const NANOSECOND_MAGIC: u32 = 0xa1b2_3c4d;

#[derive(Debug)]
pub(super) struct File {
    order: Order,
    resolution: Resolution,
    interface: Interface,
}

impl File {
    /// Reads the rest of the header, whose `magic` was read.
    pub(super) fn begin<R: Read>(magic: [u8; 4], source: &mut Source<R>) -> Result<Self, Error> {
        let (order, resolution) = recognise(magic).ok_or(Error::NotACapture)?;
        let header: [u8; 20] = source.array()?;
        let mut fields = Fields::new(&header, order);
        let parsed = (|| {
            let major = fields.u16()?;
            fields.bytes(2 + 4 + 4)?; // minor version, two reserved fields
            Some((major, fields.u32()?, fields.u32()?))
        })();
        let (2, snaplen, link) = parsed.ok_or_else(|| source.malformed("the header is short"))?
        else {
            return Err(source.malformed("it is of another version of pcap than 2"));
        };
        // The upper half holds the length of a frame check sequence, which we have no use for.
        let link = LinkType::from_code(link as u16);
        Ok(File { order, resolution, interface: Interface { name: None, link, snaplen } })
    }

    pub(super) fn interface(&self) -> &Interface {
        &self.interface
    }

    pub(super) fn next_packet<R: Read>(
        &mut self,
        source: &mut Source<R>,
    ) -> Result<Option<Packet>, Error> {
        let Some(header) = source.array_or_end::<16>()? else {
            return Ok(None);
        };
        let word = |i: usize| self.order.u32([0, 1, 2, 3].map(|byte| header[4 * i + byte]));
        let (seconds, fraction, captured) = (word(0), word(1), word(2));
        if captured as usize > MAX_PACKET {
            return Err(source.too_long(captured, MAX_PACKET));
        }
        let whole = Duration::from_secs(u64::from(seconds));
        Ok(Some(Packet {
            interface: InterfaceId(0),
            link: self.interface.link,
            at: Some(whole + self.resolution.since_1970(u64::from(fraction), 0)),
            direction: None,
            original_length: word(3),
            data: source.body(captured)?.to_vec(),
            comments: Vec::new(),
        }))
    }
}

fn recognise(magic: [u8; 4]) -> Option<(Order, Resolution)> {
    [Order::Little, Order::Big].into_iter().find_map(|order| match order.u32(magic) {
        MICROSECOND_MAGIC => Some((order, Resolution::MICROSECONDS)),
        NANOSECOND_MAGIC => Some((order, Resolution(crate::format::NANOSECONDS))),
        _ => None,
    })
}
