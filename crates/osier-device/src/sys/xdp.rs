//! How do frames pass through memory that is shared with the kernel? See the kernel's
//! `Documentation/networking/af_xdp.rst`.
//!
//! The rings are those of the crate `xdp`, whose doors are unsafe for the sake of one rule: no
//! frame of the shared memory may be used after that memory is gone. Here each is copied, and given
//! back before the call returns.

use osier_wire::Frame;
use std::io;
use std::os::fd::BorrowedFd;
use xdp::nic::NicIndex;
use xdp::slab::{HeapSlab, Slab};
use xdp::socket::{SocketError, XdpSocket, XdpSocketBuilder};
use xdp::umem::{FrameSize, UmemCfgBuilder};
use xdp::{RingConfigBuilder, Rings, Umem};

/// Bytes of the longest frame: a page, less what the kernel keeps in front.
pub(crate) const LONGEST: usize = 4096 - 256;

/// Frames that may wait for us: a burst of 1.5 MB of an ordinary MTU.
pub(crate) const RECEIVING: u32 = 1024;

/// Frames that may wait for the wire. The ring for them has twice as many places: the kernel tells
/// of room while no more than half of them are taken.
pub(crate) const SENDING: u32 = 512;

/// Frames that are taken out of a ring at once.
const BATCH: usize = 64;

/// A socket with its rings and its memory.
pub(crate) struct Shared {
    // Declared before the memory, and so closed before it is unmapped.
    socket: XdpSocket,
    rings: Rings,
    /// Taken out of their ring, and not yet shown.
    came: HeapSlab,
    /// On their way into their ring.
    going: HeapSlab,
    umem: Umem,
}

// SAFETY: what is not `Send` by itself are packets, pointers into the memory of the same value;
// none is handed out, and whoever has the value has the only way to both.
unsafe impl Send for Shared {}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("outstanding", &self.umem.outstanding()).finish()
    }
}

impl Shared {
    /// Joins a queue of an interface; the kernel copies where its driver cannot do without.
    pub(crate) fn open(index: u32, queue: u32) -> io::Result<Shared> {
        let memory = UmemCfgBuilder {
            frame_size: FrameSize::FourK,
            frame_count: RECEIVING + SENDING,
            ..UmemCfgBuilder::default()
        };
        let rings = RingConfigBuilder {
            rx_count: RECEIVING,
            fill_count: RECEIVING,
            tx_count: 2 * SENDING,
            completion_count: 2 * SENDING,
        };
        let mut umem = Umem::map(memory.build().map_err(io::Error::other)?)?;
        let mut builder = XdpSocketBuilder::new().map_err(plain)?;
        let rings = rings.build().map_err(io::Error::other)?;
        let (mut rings, flags) = builder.build_rings(&umem, rings).map_err(plain)?;
        // SAFETY: the memory outlives the socket: both go into one `Shared`, socket first.
        unsafe { rings.fill_ring.enqueue(&mut umem, RECEIVING as usize) };
        let socket = builder.bind(NicIndex::new(index), queue, flags).map_err(plain)?;
        let (came, going) = (HeapSlab::with_capacity(BATCH), HeapSlab::with_capacity(1));
        Ok(Shared { socket, rings, came, going, umem })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is the socket's, which is open as long as `self` is borrowed.
        unsafe { BorrowedFd::borrow_raw(self.socket.raw_fd()) }
    }

    /// Shows the frames that wait, but no more than so many; how many there were. Their places are
    /// the kernel's again.
    pub(crate) fn receive(&mut self, most: usize, mut each: impl FnMut(&[u8])) -> usize {
        if let (true, Some(rx)) = (self.came.is_empty(), &mut self.rings.rx_ring) {
            // SAFETY: no packet outlives the memory: each is given back to it below, and those
            // that are not are declared before it.
            unsafe { rx.recv(&self.umem, &mut self.came) };
        }
        let mut shown = 0;
        while shown < most {
            let Some(packet) = self.came.pop_back() else { break };
            each(&packet);
            self.umem.free_packet(packet);
            shown += 1;
        }
        if shown > 0 {
            // SAFETY: the memory outlives the socket, as said where it is opened.
            unsafe { self.rings.fill_ring.enqueue(&mut self.umem, shown) };
        }
        shown
    }

    /// Copies a frame to where the kernel will take it from after the next [`Shared::kick`];
    /// `false` where there is no room, or where it is too long.
    pub(crate) fn send(&mut self, frame: &Frame) -> bool {
        let Some(tx) = &mut self.rings.tx_ring else { return false };
        // What the kernel has sent is free again.
        self.rings.completion_ring.dequeue(&mut self.umem, BATCH);
        // SAFETY: no packet outlives the memory: it goes into a ring or back to it.
        let Some(mut packet) = (unsafe { self.umem.alloc() }) else { return false };
        let whole = frame.parts().all(|part| packet.append(part).is_ok());
        if whole {
            self.going.push_front(packet);
            // SAFETY: the memory outlives the socket, as said where it is opened.
            if unsafe { tx.send(&mut self.going) } == 1 {
                return true;
            }
            let Some(back) = self.going.pop_back() else { return false };
            packet = back;
        }
        self.umem.free_packet(packet);
        false
    }

    /// Has the kernel send what waits for it.
    pub(crate) fn kick(&self) -> io::Result<()> {
        rustix::net::send(self.fd(), &[], rustix::net::SendFlags::DONTWAIT)?;
        Ok(())
    }

    /// Frames that found no room, since the socket was opened.
    pub(crate) fn drops(&self) -> io::Result<u64> {
        let counts = rustix::net::sockopt::xdp_statistics(self.fd())?;
        Ok(counts.rx_dropped + counts.rx_ring_full.unwrap_or(0))
    }
}

/// The kernel's own answer.
fn plain(error: SocketError) -> io::Error {
    match error {
        SocketError::SocketCreation(e) | SocketError::Bind(e) => e,
        SocketError::SetSockOpt { inner, .. }
        | SocketError::GetSockOpt { inner, .. }
        | SocketError::RingMap { inner, .. } => inner,
    }
}
