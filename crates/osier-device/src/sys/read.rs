//! How is a frame read into a buffer that nobody cleared before?

use bytes::BytesMut;
use std::io;
use std::os::fd::BorrowedFd;

/// Reads once into the spare capacity of `buffer` and makes its length cover what was read.
pub(crate) fn read_into(fd: BorrowedFd<'_>, buffer: &mut BytesMut) -> io::Result<usize> {
    let spare = buffer.spare_capacity_mut();
    let (read, _) = rustix::io::read(fd, spare)?;
    let read = read.len();
    let len = buffer.len() + read;
    // SAFETY: the kernel has just written `read` bytes directly behind the initialised part, and
    // they lie within the capacity, of which `spare` was the rest.
    unsafe { buffer.set_len(len) };
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;

    #[test]
    fn what_was_read_is_appended_and_no_more() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"osier").unwrap();
        let mut buffer = BytesMut::with_capacity(64);
        buffer.extend_from_slice(b"an ");
        assert_eq!(read_into(reader.as_fd(), &mut buffer).unwrap(), 5);
        assert_eq!(&buffer[..], b"an osier");
    }
}
