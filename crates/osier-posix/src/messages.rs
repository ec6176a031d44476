//! What comes with text besides text? (recvmsg(2), sendmsg(2); Linux: TCP_INQ, MSG_ERRQUEUE)
//!
//! Ancillary data that a socket gives: how much is left to read, and the error queue with the
//! completions of `MSG_ZEROCOPY`. Scatter and gather are the caller's.

use crate::errno::{Call, Errno};
use crate::files::{Fd, What};
use crate::names::Name;
use crate::posix::Posix;
use crate::transfer::Flags;
use alloc::vec::Vec;
use core::net::SocketAddr;
use osier_time::Instant;

/// What `recvmsg` gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Octets of text.
    pub octets: usize,
    /// Who sent it, of a datagram.
    pub from: Option<SocketAddr>,
    /// `msg_flags`.
    pub flags: Flags,
    /// Ancillary data.
    pub control: Vec<Control>,
}

/// A piece of ancillary data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// TCP_CM_INQ: octets left to read; the end counts for one where nothing else is left.
    Inq(i32),
    /// IP_RECVERR or IPV6_RECVERR: sends with MSG_ZEROCOPY, from the first to the last of these
    /// numbers, are done with. Ours have always copied.
    ZeroCopyDone {
        /// The first.
        first: u32,
        /// The last.
        last: u32,
    },
}

impl Posix {
    /// `recvmsg(2)`.
    ///
    /// # Errors
    /// As [`Posix::recv`]; of an empty error queue [`Errno::EAGAIN`], whatever the descriptor.
    pub fn recvmsg(
        &mut self,
        now: Instant,
        fd: Fd,
        into: &mut [u8],
        flags: Flags,
    ) -> Call<Received> {
        if flags.has(Flags::ERRQUEUE) {
            self.look_for_acked();
            let (first, last) = self.files.tcp_mut(fd)?.zero_copy.take().ok_or(Errno::EAGAIN)?;
            let control = [Control::ZeroCopyDone { first, last }].to_vec();
            return Ok(Received { flags: Flags::ERRQUEUE, control, ..Received::default() });
        }
        let (octets, from) = self.recvfrom(now, fd, into, flags)?;
        let mut control = Vec::new();
        if let What::Tcp(tcp) = &self.files.get(fd)?.what
            && tcp.options.is_on(Name::Inq)
        {
            let left = self.readable(fd)?;
            let ended = usize::from(left == 0 && self.has_ended(fd));
            control.push(Control::Inq(i32::try_from(left + ended).unwrap_or(i32::MAX)));
        }
        Ok(Received { octets, from, flags: Flags::NONE, control })
    }
}
