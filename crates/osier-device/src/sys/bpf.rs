//! How does a program get into the kernel, and onto an interface? See bpf(2) and the kernel's
//! `include/uapi/linux/bpf.h`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

const BPF_MAP_CREATE: i32 = 0;
const BPF_MAP_UPDATE_ELEM: i32 = 2;
const BPF_PROG_LOAD: i32 = 5;
const BPF_LINK_CREATE: i32 = 28;

const BPF_MAP_TYPE_XSKMAP: u32 = 17;
const BPF_PROG_TYPE_XDP: u32 = 6;
/// Where a program is put: on an interface, for what comes in.
const BPF_XDP: u32 = 37;
const XDP_FLAGS_SKB_MODE: u32 = 1 << 1;

/// An instruction of the kernel's virtual machine.
pub(crate) type Instruction = [u8; 8];

/// How an interface runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In its driver, where the driver can.
    Driver,
    /// Before the kernel's stack, on any interface.
    Generic,
}

/// `union bpf_attr`, at least as far as we fill it; what an old kernel does not know is zero.
#[repr(C, align(8))]
struct Attributes([u8; 128]);

impl Attributes {
    fn new() -> Self {
        Attributes([0; 128])
    }

    fn word(mut self, at: usize, value: u32) -> Self {
        self.0[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        self
    }

    /// An address that the kernel will read from.
    fn address<T>(mut self, at: usize, value: *const T) -> Self {
        let value = value.expose_provenance() as u64;
        self.0[at..at + 8].copy_from_slice(&value.to_ne_bytes());
        self
    }
}

/// A map from the number of a queue to an AF_XDP socket.
pub(crate) fn socket_map(queues: u32) -> io::Result<OwnedFd> {
    let words = Attributes::new().word(0, BPF_MAP_TYPE_XSKMAP).word(4, 4).word(8, 4);
    descriptor(BPF_MAP_CREATE, &words.word(12, queues))
}

/// Puts a socket into such a map.
pub(crate) fn put(map: BorrowedFd<'_>, queue: u32, socket: BorrowedFd<'_>) -> io::Result<()> {
    let value = socket.as_raw_fd();
    let words = Attributes::new().word(0, map.as_raw_fd().cast_unsigned());
    call(BPF_MAP_UPDATE_ELEM, &words.address(8, &raw const queue).address(16, &raw const value))
        .map(|_| ())
}

/// Has the kernel check a program for what comes in by an interface, and keep it.
pub(crate) fn load(program: &[Instruction]) -> io::Result<OwnedFd> {
    let count = u32::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let licence = c"MIT";
    let words = Attributes::new().word(0, BPF_PROG_TYPE_XDP).word(4, count);
    descriptor(BPF_PROG_LOAD, &words.address(8, program.as_ptr()).address(16, licence.as_ptr()))
}

/// Puts the program on an interface, as long as what is returned is open.
pub(crate) fn attach(program: BorrowedFd<'_>, index: u32, mode: Mode) -> io::Result<OwnedFd> {
    let flags = match mode {
        Mode::Driver => 0,
        Mode::Generic => XDP_FLAGS_SKB_MODE,
    };
    let words = Attributes::new().word(0, program.as_raw_fd().cast_unsigned()).word(4, index);
    descriptor(BPF_LINK_CREATE, &words.word(8, BPF_XDP).word(12, flags))
}

fn descriptor(command: i32, words: &Attributes) -> io::Result<OwnedFd> {
    let fd = RawFd::try_from(call(command, words)?).map_err(io::Error::other)?;
    // SAFETY: the command has just opened this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `bpf(2)`.
fn call(command: i32, words: &Attributes) -> io::Result<i64> {
    let (at, len) = (&raw const words.0, size_of::<Attributes>());
    // SAFETY: the kernel reads `len` octets at `at`, and for each of our commands only reads where
    // the addresses among them point: a key, a value, instructions and a text that ends with zero,
    // all of which live until the call has returned. It writes nothing.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, at, len) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
