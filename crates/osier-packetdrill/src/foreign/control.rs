//! How is ancillary data laid out in C? (`struct cmsghdr`, cmsg(3), linux/errqueue.h)

use core::net::SocketAddr;
use osier_posix::Control;

/// SOL_TCP and TCP_CM_INQ.
const INQ: (i32, i32) = (6, 36);
/// SOL_IP and IP_RECVERR; SOL_IPV6 and IPV6_RECVERR.
const RECVERR: (i32, i32) = (0, 11);
const RECVERR_V6: (i32, i32) = (41, 25);

/// `ee_origin` of a zero-copy completion, and `ee_code` where the text was copied after all.
const ORIGIN_ZEROCOPY: u8 = 5;
const CODE_COPIED: u8 = 1;

/// An unspecified address behind an extended error: `sockaddr_in` and `sockaddr_in6`.
const OFFENDER: usize = 16;
const OFFENDER_V6: usize = 28;

/// All pieces, one after another, as a socket of this name would be given them.
pub(crate) fn emit(control: &[Control], name: SocketAddr) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in control {
        match *piece {
            Control::Inq(left) => put(&mut out, INQ, &left.to_ne_bytes()),
            Control::ZeroCopyDone { first, last } => {
                let (numbers, offender) =
                    if name.is_ipv4() { (RECVERR, OFFENDER) } else { (RECVERR_V6, OFFENDER_V6) };
                let mut data = 0u32.to_ne_bytes().to_vec();
                data.extend([ORIGIN_ZEROCOPY, 0, CODE_COPIED, 0]);
                data.extend(first.to_ne_bytes());
                data.extend(last.to_ne_bytes());
                data.resize(data.len() + offender, 0);
                put(&mut out, numbers, &data);
            }
        }
    }
    out
}

/// One header and its data, padded as `CMSG_SPACE` says.
fn put(out: &mut Vec<u8>, (level, kind): (i32, i32), data: &[u8]) {
    let header = size_of::<libc::cmsghdr>();
    out.extend((header + data.len()).to_ne_bytes());
    out.extend(level.to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(data);
    out.resize(out.len().next_multiple_of(size_of::<usize>()), 0);
}

#[cfg(test)]
mod tests {
    use super::emit;
    use osier_posix::Control;

    #[test]
    fn a_piece_has_its_length_and_is_padded() {
        let out = emit(&[Control::Inq(7), Control::Inq(8)], ([0, 0, 0, 0], 0).into());
        assert_eq!(out.len(), 48);
        assert_eq!((out[0], out[16], out[24], out[40]), (20, 7, 20, 8));
    }
}
