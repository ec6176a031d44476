//! How are two hosts joined without a kernel?
//!
//! [`Wire`] is a value for one thread: it turns a frame that goes out into the frames that come
//! in, and holds nothing. Benches and tests step it by hand. [`pair`] gives two devices, one for
//! each host, which may live on different threads: a bounded ring each way and a waker. Neither
//! loses, delays or reorders; that is the lab's business.

use crate::buffer::Slabs;
use crate::device::{Device, Properties, Readiness};
use crate::fit::{Fit, fit};
use atomic_waker::AtomicWaker;
use osier_wire::link::{Medium, Offloads};
use osier_wire::offload::{Split, append_whole, split, split_unsummed};
use osier_wire::{Frame, Received};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::Waker;

/// Frames that wait in one direction of a [`pair`] at most: as many as a network card's usual ring
/// holds, and with super-frames 16 MiB.
pub const RING: usize = 256;

/// A link in memory as a value: what goes in at one end comes out at the other, at once.
///
/// One `Wire` carries one direction or both; it holds no frame, only buffers for reuse.
#[derive(Debug)]
pub struct Wire {
    offloads: Offloads,
    slabs: Slabs,
}

impl Wire {
    /// A link whose device offers these offloads.
    pub fn new(properties: &Properties) -> Self {
        let offloads = properties.offloads;
        Wire { offloads, slabs: Slabs::new(offloads.max_frame) }
    }

    /// Hands to `to` what the other end receives when this frame is sent: the frame itself,
    /// contiguous and with its descriptor, if the link's offloads cover it; else the frames that a
    /// wire would carry in its stead.
    pub fn carry(&mut self, frame: &Frame, mut to: impl FnMut(Received)) {
        match fit(&frame.offload, &self.offloads) {
            Fit::AsItIs => {
                let bytes = self.slabs.gather(frame);
                to(Received { bytes, offload: frame.offload });
            }
            Fit::Split if frame.offload.gso.is_none() => {
                let bytes = self.slabs.put(frame.len(), |buffer| append_whole(frame, buffer));
                to(Received::from(bytes));
            }
            Fit::Split => self.carry_parts(split(frame), to),
            Fit::SplitUnsummed => self.carry_parts(split_unsummed(frame), to),
        }
    }

    fn carry_parts(&mut self, mut parts: Split<'_>, mut to: impl FnMut(Received)) {
        let offload = parts.left_undone();
        while let Some(len) = parts.next_len() {
            let bytes = self.slabs.put(len, |buffer| {
                parts.append_next(buffer);
            });
            to(Received { bytes, offload });
        }
    }
}

/// Two devices joined by a link in memory, one for each host.
///
/// Both have the properties given, except that on Ethernet the second end's address differs from
/// the first's in its last bit. An end whose other end was dropped is a cable that hangs loose:
/// frames vanish in it and none arrive.
pub fn pair(properties: Properties) -> (Mem, Mem) {
    let (to_second, from_first) = direction();
    let (to_first, from_second) = direction();
    let mut second = properties;
    if let Medium::Ethernet(address) = &mut second.medium {
        address.0[5] ^= 1;
    }
    (Mem::new(properties, to_second, from_second), Mem::new(second, to_first, from_first))
}

/// One end of a [`pair`].
#[derive(Debug)]
pub struct Mem {
    properties: Properties,
    wire: Wire,
    out: Out,
    inward: In,
    /// What did not fit into the ring of the one frame that was cut last.
    waiting: VecDeque<Received>,
}

impl Mem {
    fn new(properties: Properties, out: Out, inward: In) -> Self {
        let wire = Wire::new(&properties);
        Mem { properties, wire, out, inward, waiting: VecDeque::new() }
    }
}

impl Device for Mem {
    fn properties(&self) -> Properties {
        self.properties
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        let before = into.len();
        into.extend(std::iter::from_fn(|| self.inward.take()).take(budget));
        Ok(into.len() - before)
    }

    fn room(&mut self) -> usize {
        self.forward();
        if self.waiting.is_empty() { self.out.room() } else { 0 }
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        if self.room() == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.wire.carry(&frame, |frame| self.waiting.push_back(frame));
        self.forward();
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.forward();
        Ok(())
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Waker
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.out.shared.sender.register(waker);
        self.inward.shared.receiver.register(waker);
    }
}

impl Mem {
    /// Moves what waits into the ring as far as it has room.
    fn forward(&mut self) {
        while self.out.room() > 0 {
            let Some(frame) = self.waiting.pop_front() else { return };
            self.out.put(frame);
        }
    }
}

/// Both halves of one direction.
fn direction() -> (Out, In) {
    let (sender, receiver) = sync_channel(RING);
    let shared = Arc::new(Shared::default());
    (Out { ring: sender, shared: shared.clone() }, In { ring: receiver, shared })
}

/// What both halves of a direction see.
#[derive(Debug, Default)]
struct Shared {
    /// Frames in the ring, or just about to be.
    held: AtomicUsize,
    /// Woken when room appears.
    sender: AtomicWaker,
    /// Woken when a frame can be received.
    receiver: AtomicWaker,
}

#[derive(Debug)]
struct Out {
    ring: SyncSender<Received>,
    shared: Arc<Shared>,
}

impl Out {
    fn room(&self) -> usize {
        RING - self.shared.held.load(Ordering::SeqCst)
    }

    /// To be called only while there is room.
    fn put(&self, frame: Received) {
        self.shared.held.fetch_add(1, Ordering::SeqCst);
        if self.ring.try_send(frame).is_err() {
            // The other end is gone: the frame is lost and holds no room.
            self.shared.held.fetch_sub(1, Ordering::SeqCst);
        }
        self.shared.receiver.wake();
    }
}

#[derive(Debug)]
struct In {
    ring: Receiver<Received>,
    shared: Arc<Shared>,
}

impl In {
    fn take(&self) -> Option<Received> {
        let frame = self.ring.try_recv().ok()?;
        // Whoever found the ring full sleeps until it is not.
        if self.shared.held.fetch_sub(1, Ordering::SeqCst) == RING {
            self.shared.sender.wake();
        }
        Some(frame)
    }
}

impl Drop for In {
    /// A sender that sleeps until there is room shall find that its frames vanish now.
    fn drop(&mut self) {
        while self.take().is_some() {}
        self.shared.sender.wake();
    }
}

#[cfg(test)]
mod tests;
