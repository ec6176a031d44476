//! How does a packet socket get its interface, its settings and its filter? See packet(7) and the
//! kernel's `include/uapi/linux/if_packet.h`.

use super::option;
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The header in front of frames is the short one of virtio.
const PACKET_VNET_HDR: i32 = libc::PACKET_VNET_HDR;
/// What leaves the machine by this interface is not shown (Linux 4.20).
const PACKET_IGNORE_OUTGOING: i32 = libc::PACKET_IGNORE_OUTGOING;

/// An instruction of the kernel's classic packet filter (BPF).
pub(crate) type Instruction = libc::sock_filter;

/// Binds the socket to an interface; from now on frames of every protocol come.
pub(crate) fn bind(fd: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    let number = c_int::try_from(index).map_err(|_| io::ErrorKind::InvalidInput)?;
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: number,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let len = size_of_val(&address) as libc::socklen_t;
    // SAFETY: the kernel reads `len` octets of a `struct sockaddr_ll`, which `address` is.
    done(unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), len) })
}

/// Puts a vnet header in front of every frame, both ways.
pub(crate) fn with_vnet_header(fd: BorrowedFd<'_>) -> io::Result<()> {
    option::set(fd, libc::SOL_PACKET, PACKET_VNET_HDR, &1i32.to_ne_bytes())
}

/// Shows what comes from the wire alone.
pub(crate) fn ignore_outgoing(fd: BorrowedFd<'_>) -> io::Result<()> {
    option::set(fd, libc::SOL_PACKET, PACKET_IGNORE_OUTGOING, &1i32.to_ne_bytes())
}

/// Has the interface take frames for every address, while this socket is open.
pub(crate) fn make_promiscuous(fd: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    // struct packet_mreq: the interface, what is wanted, and an address that is not looked at.
    let mut request = [0; 16];
    request[..4].copy_from_slice(&index.to_ne_bytes());
    request[4..6].copy_from_slice(&(libc::PACKET_MR_PROMISC as u16).to_ne_bytes());
    option::set(fd, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
}

/// How many frames the kernel dropped since the last call, because nobody fetched them.
pub(crate) fn take_drops(fd: BorrowedFd<'_>) -> io::Result<u32> {
    // struct tpacket_stats: all that passed the filter, and the dropped among them.
    let stats = option::get(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, 8)?;
    let drops = stats.get(4..8).and_then(|octets| octets.first_chunk().copied());
    drops.map(u32::from_ne_bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Has the kernel drop frames for which the filter says 0.
pub(crate) fn attach_filter(fd: BorrowedFd<'_>, program: &[Instruction]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    let size = size_of_val(&program) as libc::socklen_t;
    let at = (&raw const program).cast();
    // SAFETY: the kernel reads one `struct sock_fprog` at `at`, and `len` instructions where it
    // points, which are those of the slice. It copies them, checks them, and writes nothing.
    done(unsafe {
        libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, at, size)
    })
}

/// Drops what is not for this link address or for several, and what has a VLAN tag: the kernel
/// has taken the tag off, and the frame would pass for one without.
pub(crate) fn for_us(mac: [u8; 6]) -> [Instruction; 10] {
    let [a, b, c, d, e, f] = mac;
    let load = |size: u32, at: u32| statement(libc::BPF_LD | size | libc::BPF_ABS, at);
    let equal = |value: u32, yes: u8, no: u8| jump(libc::BPF_JEQ, value, (yes, no));
    let vlan = libc::SKF_AD_OFF + libc::SKF_AD_VLAN_TAG_PRESENT;
    [
        load(libc::BPF_W, vlan.cast_unsigned()),
        equal(0, 0, 7),
        // The first octet of the destination is odd where it is of a group.
        load(libc::BPF_B, 0),
        jump(libc::BPF_JSET, 1, (4, 0)),
        load(libc::BPF_W, 2),
        equal(u32::from_be_bytes([c, d, e, f]), 0, 3),
        load(libc::BPF_H, 0),
        equal(u32::from_be_bytes([0, 0, a, b]), 0, 1),
        statement(libc::BPF_RET, u32::MAX),
        statement(libc::BPF_RET, 0),
    ]
}

fn statement(code: u32, k: u32) -> Instruction {
    Instruction { code: code as u16, jt: 0, jf: 0, k }
}

fn jump(test: u32, k: u32, (yes, no): (u8, u8)) -> Instruction {
    Instruction { code: (libc::BPF_JMP | test | libc::BPF_K) as u16, jt: yes, jf: no, k }
}

fn done(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
