//! What becomes of memory that a stream has just let go of?
//!
//! It is kept for what is sent next. The C library gives the end of its heap back to the system
//! whenever 128 KiB of it are free, which with buffers of a megabyte is all the time, and each page
//! that comes back is a fault: two thirds of the time of a stream of super-segments over a TUN.
//! It learns: where a block that was too large for the heap is let go, blocks of that size are from
//! then on taken from the heap, and twice as much of it may be free (mallopt(3),
//! M_MMAP_THRESHOLD). A block that nobody writes to costs no memory. Where the C library is another
//! this does nothing.

/// The largest block that is learned from lies at 32 MiB.
const LEARNED: usize = 16 << 20;

/// Has the C library keep up to twice [`LEARNED`] octets that are free.
pub(crate) fn keep() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LEARNED)));
}
