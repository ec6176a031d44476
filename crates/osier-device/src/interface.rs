//! How is the kernel's side of a link set up without the `ip` program?
//!
//! By rtnetlink (rtnetlink(7)), which works in a user namespace as it does for root. Each function
//! here is one `ip` command; [`Error`] says which, so that a user may type it. Removing what was
//! made is seldom needed: a TAP that is not persistent vanishes with its file descriptor, and all
//! else with it.

use crate::error::{Error, ErrorKind};
use crate::netlink::{self, Family, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, Request};
use crate::netlink::{attributes, field};
use osier_wire::MacAddr;
use rustix::io::Errno;
use std::io;
use std::net::IpAddr;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;

const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
/// The type of a route that ends here.
const RTN_LOCAL: u8 = 2;

const IFF_UP: u32 = 1;
/// The type of an interface of Ethernet.
const ARPHRD_ETHER: u16 = 1;
/// No duplicate address detection, which takes a second or two.
const IFA_F_NODAD: u32 = 2;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Bytes of `struct ifinfomsg`.
const IFINFO_LEN: usize = 16;
/// Bytes of `struct rtmsg`.
const ROUTE_LEN: usize = 12;
/// Bytes of `struct ifaddrmsg`.
const IFADDR_LEN: usize = 8;

/// An interface of the kernel, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number for it.
    pub index: u32,
    /// The longest IP packet it takes, in bytes.
    pub mtu: usize,
    /// Its link address, where it has one.
    pub mac: Option<MacAddr>,
    /// Whether it is set up.
    pub up: bool,
    /// Whether its frames have an Ethernet header and pass a wire; loopback's do not.
    pub ethernet: bool,
}

/// The interface of this name; `None` where there is none.
///
/// # Errors
/// The kernel's refusal to be asked.
pub fn find(name: &str) -> Result<Option<Interface>, Error> {
    let request = Request::new(RTM_GETLINK, 0, &[0; IFINFO_LEN]);
    look_up(request.attribute(IFLA_IFNAME, &zero_ended(name)), name)
}

/// The interface with this number, whatever its name is by now; `None` where there is none.
///
/// # Errors
/// As [`find`].
pub fn by_index(index: u32) -> Result<Option<Interface>, Error> {
    look_up(Request::new(RTM_GETLINK, 0, &ifinfo(index, 0, 0)), &format!("interface {index}"))
}

fn look_up(request: Request, name: &str) -> Result<Option<Interface>, Error> {
    let mut found = None;
    match netlink::ask(Family::Route, request, |message| {
        found = found.take().or(link(message.body));
    }) {
        Ok(()) => Ok(found),
        Err(e) if is(&e, Errno::NODEV) => Ok(None),
        Err(e) => Err(Error::kernel(ErrorKind::Io, format!("cannot ask about {name}"), e)),
    }
}

/// Whether there is an interface of this name.
///
/// # Errors
/// As [`find`].
pub fn exists(name: &str) -> Result<bool, Error> {
    Ok(find(name)?.is_some())
}

/// The link address of the kernel's own end of this interface.
///
/// # Errors
/// There is no such interface, or it has no such address ([`ErrorKind::Unsupported`]).
pub fn mac_of(name: &str) -> Result<MacAddr, Error> {
    let none = || Error::new(ErrorKind::Unsupported, format!("{name} has no Ethernet address"));
    the(name)?.mac.ok_or_else(none)
}

/// `ip link set NAME up`.
///
/// # Errors
/// There is no such interface, or we may not.
pub fn set_up(name: &str) -> Result<(), Error> {
    let fixed = ifinfo(the(name)?.index, IFF_UP, IFF_UP);
    let request = Request::new(RTM_NEWLINK, NLM_F_ACK, &fixed);
    command(request, &format!("ip link set {name} up"))
}

/// `ip link set NAME mtu MTU`.
///
/// # Errors
/// There is no such interface, we may not, or it cannot take such packets.
pub fn set_mtu(name: &str, mtu: usize) -> Result<(), Error> {
    let too_long = |_| Error::new(ErrorKind::Malformed, format!("{mtu} is no MTU"));
    let value = u32::try_from(mtu).map_err(too_long)?;
    let request = Request::new(RTM_NEWLINK, NLM_F_ACK, &ifinfo(the(name)?.index, 0, 0));
    let request = request.attribute(IFLA_MTU, &value.to_ne_bytes());
    command(request, &format!("ip link set {name} mtu {mtu}"))
}

/// `ip address add ADDRESS/PREFIX dev NAME`, for IPv6 with `nodad`: it is not first checked for
/// duplicates, which takes a second or two (see [`is_in_use`] for the milliseconds that remain).
///
/// # Errors
/// There is no such interface, we may not, or it has this address already
/// ([`ErrorKind::AddressInUse`]).
pub fn add_address(name: &str, address: IpAddr, prefix: u8) -> Result<(), Error> {
    let index = the(name)?.index;
    let (family, octets) = octets(address);
    let mut fixed = [0; IFADDR_LEN];
    (fixed[0], fixed[1]) = (family, prefix);
    fixed[4..].copy_from_slice(&index.to_ne_bytes());
    let flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    let mut request = Request::new(RTM_NEWADDR, flags, &fixed)
        .attribute(IFA_LOCAL, &octets)
        .attribute(IFA_ADDRESS, &octets);
    let mut words = format!("ip address add {address}/{prefix} dev {name}");
    if address.is_ipv6() {
        request = request.attribute(IFA_FLAGS, &IFA_F_NODAD.to_ne_bytes());
        words.push_str(" nodad");
    }
    command(request, &words)
}

/// The addresses of this interface, each with the length of its prefix.
///
/// # Errors
/// There is no such interface.
pub fn addresses(name: &str) -> Result<Vec<(IpAddr, u8)>, Error> {
    let index = the(name)?.index;
    let mut found = Vec::new();
    let request = Request::new(RTM_GETADDR, NLM_F_DUMP, &[0; IFADDR_LEN]);
    netlink::ask(Family::Route, request, |message| found.extend(address(message.body, index)))
        .map_err(|e| Error::kernel(ErrorKind::Io, "cannot ask for addresses", e))?;
    Ok(found)
}

/// An address of some interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// The name of the interface.
    pub name: String,
    /// The address.
    pub address: IpAddr,
    /// The length of its prefix.
    pub prefix_len: u8,
}

/// The addresses of all interfaces, as `ip address` shows them.
///
/// # Errors
/// The kernel's refusal to be asked.
pub fn all_addresses() -> Result<Vec<Addressed>, Error> {
    let refused = |e| Error::kernel(ErrorKind::Io, "cannot ask for addresses", e);
    let mut names = Vec::new();
    let request = Request::new(RTM_GETLINK, NLM_F_DUMP, &[0; IFINFO_LEN]);
    netlink::ask(Family::Route, request, |message| names.extend(named(message.body)))
        .map_err(refused)?;
    let mut found = Vec::new();
    let request = Request::new(RTM_GETADDR, NLM_F_DUMP, &[0; IFADDR_LEN]);
    netlink::ask(Family::Route, request, |message| {
        for (index, name) in &names {
            let one = address(message.body, *index);
            found.extend(one.map(|(address, prefix_len)| Addressed {
                name: name.clone(),
                address,
                prefix_len,
            }));
        }
    })
    .map_err(refused)?;
    Ok(found)
}

/// `ip route add ADDRESS dev NAME`: packets for this one address leave by this interface.
///
/// # Errors
/// There is no such interface, we may not, or there is such a route already
/// ([`ErrorKind::AddressInUse`]).
pub fn add_route(name: &str, address: IpAddr) -> Result<(), Error> {
    const RT_TABLE_MAIN: u8 = 254;
    const RTPROT_BOOT: u8 = 3;
    /// Of those that are on the link; IPv6 knows no other kind of neighbour.
    const RT_SCOPE_LINK: u8 = 253;
    const RTN_UNICAST: u8 = 1;
    let (family, octets) = octets(address);
    let scope = if address.is_ipv4() { RT_SCOPE_LINK } else { 0 };
    let mut fixed = [0; ROUTE_LEN];
    (fixed[0], fixed[1]) = (family, if address.is_ipv4() { 32 } else { 128 });
    fixed[4..8].copy_from_slice(&[RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST]);
    let request = Request::new(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &fixed)
        .attribute(RTA_DST, &octets)
        .attribute(RTA_OIF, &the(name)?.index.to_ne_bytes());
    command(request, &format!("ip route add {address} dev {name}"))
}

/// Whether the kernel takes what is sent to this address of its own by now (`ip route get` says
/// "local"). With IPv4 it does as soon as the interface is up. An IPv6 address comes into use from
/// a queue of the kernel's, as a rule within some milliseconds; who sends at once asks this first,
/// again and again.
///
/// # Errors
/// The kernel's refusal to be asked.
pub fn is_in_use(address: IpAddr) -> Result<bool, Error> {
    let (family, octets) = octets(address);
    let mut fixed = [0; ROUTE_LEN];
    (fixed[0], fixed[1]) = (family, if address.is_ipv4() { 32 } else { 128 });
    let mut local = false;
    let request = Request::new(RTM_GETROUTE, 0, &fixed).attribute(RTA_DST, &octets);
    let answer = netlink::ask(Family::Route, request, |message| {
        local |= message.body.get(7) == Some(&RTN_LOCAL);
    });
    match answer {
        Ok(()) => Ok(local),
        Err(e) if is(&e, Errno::NETUNREACH) || is(&e, Errno::HOSTUNREACH) => Ok(false),
        Err(e) => Err(Error::kernel(ErrorKind::Io, "cannot ask for a route", e)),
    }
}

/// `ip link delete NAME`: for a persistent TAP or TUN that somebody made beforehand.
///
/// # Errors
/// There is no such interface, we may not, or it is none that can be deleted.
pub fn delete(name: &str) -> Result<(), Error> {
    let request = Request::new(RTM_DELLINK, NLM_F_ACK, &ifinfo(the(name)?.index, 0, 0));
    command(request, &format!("ip link delete {name}"))
}

/// The interface of this name, or the error that says how to make one.
fn the(name: &str) -> Result<Interface, Error> {
    find(name)?.ok_or_else(|| {
        Error::new(ErrorKind::NoSuchDevice, format!("there is no interface {name}"))
            .remedy("`ip link` lists those that there are")
    })
}

/// Asks for a change that is the same as what `words` would do.
fn command(request: Request, words: &str) -> Result<(), Error> {
    netlink::ask(Family::Route, request, |_| ()).map_err(|e| refused(words, e))
}

fn refused(words: &str, e: io::Error) -> Error {
    let tried = format!("what `{words}` does was refused");
    if is(&e, Errno::PERM) || is(&e, Errno::ACCESS) {
        let remedy = format!("do it as root: sudo {words}");
        return Error::kernel(ErrorKind::NoPermission, tried, e).remedy(remedy);
    }
    if is(&e, Errno::EXIST) {
        return Error::kernel(ErrorKind::AddressInUse, tried, e)
            .remedy("the interface has it already, as `ip address` shows");
    }
    if is(&e, Errno::OPNOTSUPP) {
        return Error::kernel(ErrorKind::Unsupported, tried, e);
    }
    Error::kernel(ErrorKind::Io, tried, e)
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// `struct ifinfomsg`: which interface, and which of its flags to change.
fn ifinfo(index: u32, flags: u32, change: u32) -> [u8; IFINFO_LEN] {
    let mut fixed = [0; IFINFO_LEN];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..].copy_from_slice(&change.to_ne_bytes());
    fixed
}

fn link(body: &[u8]) -> Option<Interface> {
    let index = u32::from_ne_bytes(field(body, 4)?);
    let flags = u32::from_ne_bytes(field(body, 8)?);
    let ethernet = u16::from_ne_bytes(field(body, 2)?) == ARPHRD_ETHER;
    let mut link = Interface { index, mtu: 0, mac: None, up: flags & IFF_UP != 0, ethernet };
    for (kind, value) in attributes(body.get(IFINFO_LEN..)?) {
        match kind {
            IFLA_ADDRESS => link.mac = value.try_into().ok().map(MacAddr),
            IFLA_MTU => link.mtu = u32::from_ne_bytes(field(value, 0)?) as usize,
            _ => (),
        }
    }
    Some(link)
}

/// The number and the name of an interface.
fn named(body: &[u8]) -> Option<(u32, String)> {
    let index = u32::from_ne_bytes(field(body, 4)?);
    let mut all = attributes(body.get(IFINFO_LEN..)?);
    let (_, name) = all.find(|(kind, _)| *kind == IFLA_IFNAME)?;
    let name = name.split(|octet| *octet == 0).next().unwrap_or_default();
    Some((index, String::from_utf8_lossy(name).into_owned()))
}

/// The address in one answer of RTM_GETADDR, if it belongs to this interface.
fn address(body: &[u8], index: u32) -> Option<(IpAddr, u8)> {
    if u32::from_ne_bytes(field(body, 4)?) != index {
        return None;
    }
    let (family, prefix) = (body[0], body[1]);
    let of_kind = |wanted| attributes(&body[IFADDR_LEN..]).find(|(kind, _)| *kind == wanted);
    // On a point-to-point link IFA_ADDRESS is the peer's and IFA_LOCAL ours; IPv6 often has the
    // former alone.
    let (_, value) = of_kind(IFA_LOCAL).or_else(|| of_kind(IFA_ADDRESS))?;
    let address = match family {
        AF_INET => IpAddr::from(field::<4>(value, 0)?),
        AF_INET6 => IpAddr::from(field::<16>(value, 0)?),
        _ => return None,
    };
    Some((address, prefix))
}

fn octets(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(v4) => (AF_INET, v4.octets().to_vec()),
        IpAddr::V6(v6) => (AF_INET6, v6.octets().to_vec()),
    }
}

fn zero_ended(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_found_with_its_mtu() {
        let lo = find("lo").unwrap().expect("every network namespace has a loopback");
        assert_eq!(lo.index, 1);
        assert!(!lo.ethernet);
        assert_eq!(by_index(1).unwrap().unwrap(), lo);
        assert_eq!(by_index(u32::MAX >> 1).unwrap(), None);
        assert!(lo.mtu >= 1500);
        assert!(exists("lo").unwrap());
    }

    #[test]
    fn an_interface_that_is_not_there_is_named_in_the_error() {
        assert_eq!(find("osier-none").unwrap(), None);
        let error = set_up("osier-none").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSuchDevice);
        assert!(error.to_string().starts_with("there is no interface osier-none; "));
    }

    #[test]
    fn truncated_answers_are_no_addresses_and_no_links() {
        let body = [0u8; 64];
        for len in 0..IFADDR_LEN {
            assert_eq!(address(&body[..len], 0), None);
            assert_eq!(link(&body[..len]), None);
        }
        assert_eq!(address(&body, 0), None);
    }
}
