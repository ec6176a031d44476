//! How does `/dev/net/tun` become an interface? See the kernel's
//! `Documentation/networking/tuntap.rst` and `include/uapi/linux/if_tun.h`.

use rustix::ioctl::{IntegerSetter, Opcode, Setter, Updater, ioctl, opcode};
use std::ffi::c_int;
use std::io;
use std::os::fd::BorrowedFd;

/// Longest name of an interface, in bytes, without the closing zero.
pub(crate) const NAME_MAX: usize = 15;

/// Frames start with an Ethernet header.
pub(crate) const IFF_TAP: u16 = 0x0002;
/// Frames start with the IP header.
pub(crate) const IFF_TUN: u16 = 0x0001;
/// No four bytes of packet information in front.
pub(crate) const IFF_NO_PI: u16 = 0x1000;
/// A `virtio_net_hdr` in front.
pub(crate) const IFF_VNET_HDR: u16 = 0x4000;
/// Several file descriptors may share the interface, a queue each.
pub(crate) const IFF_MULTI_QUEUE: u16 = 0x0100;

/// The kernel may leave checksums to us.
pub(crate) const TUN_F_CSUM: usize = 0x01;
/// The kernel may hand us TCP super-frames over IPv4.
pub(crate) const TUN_F_TSO4: usize = 0x02;
/// The kernel may hand us TCP super-frames over IPv6.
pub(crate) const TUN_F_TSO6: usize = 0x04;
/// The kernel may hand us UDP super-frames over IPv4 (Linux 6.2).
pub(crate) const TUN_F_USO4: usize = 0x20;
/// The kernel may hand us UDP super-frames over IPv6 (Linux 6.2).
pub(crate) const TUN_F_USO6: usize = 0x40;

const TUNSETIFF: Opcode = opcode::write::<c_int>(b'T', 202);
const TUNSETOFFLOAD: Opcode = opcode::write::<u32>(b'T', 208);
const TUNSETVNETHDRSZ: Opcode = opcode::write::<c_int>(b'T', 216);

/// The part of `struct ifreq` that TUNSETIFF reads and writes, at the size of the whole.
#[repr(C)]
struct IfReq {
    name: [u8; NAME_MAX + 1],
    flags: u16,
    rest: [u8; 22],
}

/// Makes or takes the interface of this name.
///
/// # Panics
/// Where the name is longer than [`NAME_MAX`]; the caller has checked it.
pub(crate) fn set_interface(fd: BorrowedFd<'_>, name: &str, flags: u16) -> io::Result<()> {
    let mut request = IfReq { name: [0; NAME_MAX + 1], flags, rest: [0; 22] };
    assert!(name.len() <= NAME_MAX, "an interface name has at most {NAME_MAX} bytes");
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    // SAFETY: TUNSETIFF reads and writes one `struct ifreq` (40 bytes on 64-bit machines, 32 on
    // others; ours is 40 on all), and every bit pattern is a valid `IfReq`.
    unsafe { ioctl(fd, Updater::<TUNSETIFF, IfReq>::new(&mut request)) }?;
    Ok(())
}

/// Says which work the kernel may leave to us in the frames that we read.
pub(crate) fn set_offload(fd: BorrowedFd<'_>, features: usize) -> io::Result<()> {
    // SAFETY: TUNSETOFFLOAD takes its argument by value and touches no memory of ours.
    unsafe { ioctl(fd, IntegerSetter::<TUNSETOFFLOAD>::new_usize(features)) }?;
    Ok(())
}

/// Sets how long the `virtio_net_hdr` in front of each frame is.
pub(crate) fn set_vnet_header_len(fd: BorrowedFd<'_>, len: usize) -> io::Result<()> {
    let len = c_int::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: TUNSETVNETHDRSZ reads one int through its pointer.
    unsafe { ioctl(fd, Setter::<TUNSETVNETHDRSZ, c_int>::new(len)) }?;
    Ok(())
}
