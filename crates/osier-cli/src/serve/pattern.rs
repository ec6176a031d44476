//! Which bytes does `/bytes/N` send?
//!
//! Byte number i (from 0) is i mod 251. 251 is a prime, so that no segment, buffer or page that is
//! lost, doubled or moved leaves the text looking right. They are slices of one piece of memory,
//! made once: N may be as large as one likes.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

/// How often the pattern repeats.
const PERIOD: usize = 251;

/// Bytes of a chunk: a multiple of the period, so that every chunk begins alike; large enough to
/// fill several super-segments.
const CHUNK: usize = PERIOD * 1_024;

static PATTERN: LazyLock<Bytes> =
    LazyLock::new(|| (0..CHUNK).map(|n| (n % PERIOD) as u8).collect::<Vec<_>>().into());

/// A body of so many bytes of the pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    left: u64,
}

impl Pattern {
    pub(super) fn of(count: u64) -> Self {
        Pattern { left: count }
    }
}

impl Body for Pattern {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let len = self.left.min(CHUNK as u64);
        if len == 0 {
            return Poll::Ready(None);
        }
        self.left -= len;
        Poll::Ready(Some(Ok(Frame::data(PATTERN.slice(..len as usize)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(count: u64) -> Vec<u8> {
        let mut body = Pattern::of(count);
        let mut text = Vec::new();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert_eq!(body.size_hint().exact(), Some(count));
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut cx) {
            text.extend_from_slice(&frame.into_data().unwrap());
        }
        assert!(body.is_end_stream());
        text
    }

    #[test]
    fn every_byte_is_its_number_modulo_251() {
        for count in [0, 1, 251, CHUNK as u64 - 1, CHUNK as u64, 3 * CHUNK as u64 + 17] {
            let text = all(count);
            assert_eq!(text.len() as u64, count);
            assert!(text.iter().enumerate().all(|(n, byte)| usize::from(*byte) == n % 251));
        }
    }
}
