//! Which packets do the sections of a pcapng file hold?
//!
//! draft-ietf-opsawg-pcapng §4.1 to §4.4 and appendix A. Blocks of other types, and sections of
//! another major version, are skipped. A section's claimed length is not relied on.

use super::fields::{Fields, Order};
use super::resolution::Resolution;
use super::source::Source;
use super::{Error, Interface, Packet};
use crate::format::{
    BYTE_ORDER_MAGIC, Direction, InterfaceId, LinkType, MAX_PACKET, block, option,
};
use std::io::Read;

/// How many interfaces a section may describe: far more than a machine has, so that a file cannot
/// make us remember without end.
pub const MAX_INTERFACES: usize = 4_096;

/// How many comments of one packet are kept; what follows is skipped.
pub const MAX_COMMENTS: usize = 64;

/// How many bytes of an interface's name are kept.
const MAX_NAME: usize = 256;

/// Type, length, and the length again behind the body.
const BLOCK_OVERHEAD: u32 = 12;

#[derive(Debug)]
pub(super) struct Section {
    order: Order,
    version: Version,
    interfaces: Vec<Interface>,
    /// The clock of each interface, in step with `interfaces`.
    clocks: Vec<Clock>,
}

/// Whether the blocks of the section mean what we think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Understood,
    /// Skipped up to the next section header, §3.4.
    Foreign,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    resolution: Resolution,
    /// Seconds to be added.
    offset: i64,
}

impl Section {
    /// Reads the rest of a section header, whose type was read.
    pub(super) fn begin<R: Read>(source: &mut Source<R>) -> Result<Self, Error> {
        let length: [u8; 4] = source.array()?;
        let magic: [u8; 4] = source.array()?;
        let order = [Order::Little, Order::Big]
            .into_iter()
            .find(|order| order.u32(magic) == BYTE_ORDER_MAGIC)
            .ok_or_else(|| source.malformed("its byte-order magic is unknown"))?;
        let version: [u8; 4] = source.array()?;
        let major = order.u16([version[0], version[1]]);
        let version = if major == 1 { Version::Understood } else { Version::Foreign };
        // The section's length and its options tell us nothing that we need.
        let rest = body_length(order.u32(length), source)?
            .checked_sub(4 + 4 + 8)
            .ok_or_else(|| source.malformed("it is too short for a section header"))?;
        source.skip(8 + rest)?;
        check_trailer(order.u32(length), order, source)?;
        Ok(Section { order, version, interfaces: Vec::new(), clocks: Vec::new() })
    }

    pub(super) fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The next packet of this section or, behind it, of the next, which then takes its place.
    pub(super) fn next_packet<R: Read>(
        &mut self,
        source: &mut Source<R>,
    ) -> Result<Option<Packet>, Error> {
        while let Some(kind) = source.array_or_end::<4>()? {
            let kind = self.order.u32(kind);
            if kind == block::SECTION_HEADER {
                *self = Section::begin(source)?;
                continue;
            }
            let length = self.order.u32(source.array()?);
            let body = body_length(length, source)?;
            let packet = match (self.version, kind) {
                (Version::Understood, block::INTERFACE) => {
                    self.add_interface(body, source)?;
                    None
                }
                (Version::Understood, block::ENHANCED_PACKET) => {
                    Some(self.packet(body, source, Section::enhanced)?)
                }
                (Version::Understood, block::SIMPLE_PACKET) => {
                    Some(self.packet(body, source, Section::simple)?)
                }
                (Version::Understood, block::OBSOLETE_PACKET) => {
                    Some(self.packet(body, source, Section::obsolete)?)
                }
                (Version::Understood | Version::Foreign, _) => {
                    source.skip(body)?;
                    None
                }
            };
            check_trailer(length, self.order, source)?;
            if packet.is_some() {
                return Ok(packet);
            }
        }
        Ok(None)
    }

    /// draft-ietf-opsawg-pcapng §4.2
    fn add_interface<R: Read>(&mut self, body: u32, source: &mut Source<R>) -> Result<(), Error> {
        if self.interfaces.len() == MAX_INTERFACES {
            return Err(source.malformed("its section describes more interfaces than we keep"));
        }
        let mut fields = Fields::new(source.body(body)?, self.order);
        let Some((interface, clock)) = interface(&mut fields) else {
            return Err(source.malformed("it is too short to describe an interface"));
        };
        self.interfaces.push(interface);
        self.clocks.push(clock);
        Ok(())
    }

    fn packet<R: Read>(
        &self,
        body: u32,
        source: &mut Source<R>,
        parse: fn(&Section, Fields<'_>) -> Result<Packet, &'static str>,
    ) -> Result<Packet, Error> {
        let fields = Fields::new(source.body(body)?, self.order);
        parse(self, fields).map_err(|what| source.malformed(what))
    }

    /// draft-ietf-opsawg-pcapng §4.3
    fn enhanced(&self, mut fields: Fields<'_>) -> Result<Packet, &'static str> {
        let id = fields.u32().ok_or(SHORT)?;
        self.stamped(id, fields)
    }

    /// draft-ietf-opsawg-pcapng appendix A: 16 bits of interface, 16 of drops, then as §4.3.
    fn obsolete(&self, mut fields: Fields<'_>) -> Result<Packet, &'static str> {
        let id = fields.u16().ok_or(SHORT)?;
        fields.u16().ok_or(SHORT)?;
        self.stamped(u32::from(id), fields)
    }

    /// What the enhanced packet and its predecessor have in common, behind the interface.
    fn stamped(&self, id: u32, mut fields: Fields<'_>) -> Result<Packet, &'static str> {
        let (link, _, clock) = self.described(id)?;
        let (upper, lower) = (fields.u32().ok_or(SHORT)?, fields.u32().ok_or(SHORT)?);
        let ticks = u64::from(upper) << 32 | u64::from(lower);
        let captured = fields.u32().ok_or(SHORT)?;
        let original_length = fields.u32().ok_or(SHORT)?;
        let data = data(&mut fields, captured)?;
        let at = Some(clock.resolution.since_1970(ticks, clock.offset));
        let (direction, comments) = packet_options(fields);
        let interface = InterfaceId(id);
        Ok(Packet { interface, link, at, direction, original_length, data, comments })
    }

    /// draft-ietf-opsawg-pcapng §4.4: the first interface, no time, no options.
    fn simple(&self, mut fields: Fields<'_>) -> Result<Packet, &'static str> {
        let (link, snaplen, _) = self.described(0)?;
        let original_length = fields.u32().ok_or(SHORT)?;
        let limit = if snaplen == 0 { u32::MAX } else { snaplen };
        Ok(Packet {
            interface: InterfaceId(0),
            link,
            at: None,
            direction: None,
            original_length,
            data: data(&mut fields, original_length.min(limit))?,
            comments: Vec::new(),
        })
    }

    fn described(&self, id: u32) -> Result<(LinkType, u32, Clock), &'static str> {
        match (self.interfaces.get(id as usize), self.clocks.get(id as usize)) {
            (Some(interface), Some(clock)) => Ok((interface.link, interface.snaplen, *clock)),
            _ => Err("its packet names an interface that was not described"),
        }
    }
}

const SHORT: &str = "it is too short for a packet";

fn data(fields: &mut Fields<'_>, captured: u32) -> Result<Vec<u8>, &'static str> {
    if captured as usize > MAX_PACKET {
        return Err("its packet is longer than we keep");
    }
    if captured as usize > fields.remaining() {
        return Err("its packet is longer than the block");
    }
    Ok(fields.padded(captured as usize).ok_or(SHORT)?.to_vec())
}

fn interface(fields: &mut Fields<'_>) -> Option<(Interface, Clock)> {
    let link = LinkType::from_code(fields.u16()?);
    fields.u16()?; // reserved
    let snaplen = fields.u32()?;
    let mut interface = Interface { name: None, link, snaplen };
    let mut clock = Clock { resolution: Resolution::MICROSECONDS, offset: 0 };
    while let Some((code, value)) = fields.option() {
        match (code, value) {
            (option::IF_NAME, name) => {
                interface.name = Some(text(&name[..name.len().min(MAX_NAME)]));
            }
            (option::IF_TSRESOL, [resolution]) => clock.resolution = Resolution(*resolution),
            (option::IF_TSOFFSET, seconds) => {
                if let Ok(bytes) = <[u8; 8]>::try_from(seconds) {
                    clock.offset = fields.order().u64(bytes).cast_signed();
                }
            }
            _ => {}
        }
    }
    Some((interface, clock))
}

fn packet_options(mut fields: Fields<'_>) -> (Option<Direction>, Vec<String>) {
    let (mut direction, mut comments) = (None, Vec::new());
    while let Some((code, value)) = fields.option() {
        match code {
            option::COMMENT if comments.len() < MAX_COMMENTS => comments.push(text(value)),
            option::EPB_FLAGS => {
                if let Ok(flags) = <[u8; 4]>::try_from(value) {
                    direction = Direction::from_flags(fields.order().u32(flags));
                }
            }
            _ => {}
        }
    }
    (direction, comments)
}

/// A string ends at a NUL, §3.5, and may not be UTF-8, §3.6.3.
fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// §3.1: a multiple of 4, and at least an empty block.
fn body_length<R: Read>(length: u32, source: &Source<R>) -> Result<u32, Error> {
    match length.checked_sub(BLOCK_OVERHEAD) {
        Some(body) if body % 4 == 0 => Ok(body),
        Some(_) => Err(source.malformed("its length is not a multiple of 4")),
        None => Err(source.malformed("its length is less than that of an empty block")),
    }
}

/// §3.1: the length stands in front and behind; where they differ, one of them lies.
fn check_trailer<R: Read>(length: u32, order: Order, source: &mut Source<R>) -> Result<(), Error> {
    let trailer = order.u32(source.array()?);
    if trailer == length {
        return Ok(());
    }
    Err(source.malformed("the lengths in front of it and behind it differ"))
}
