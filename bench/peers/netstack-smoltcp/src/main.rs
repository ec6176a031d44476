//! netstack-smoltcp at the work over tokio's streams: it turns packets of a TUN into streams, so
//! here it takes them from a link in memory, at whose other end osier is the client.
#![forbid(unsafe_code)]

use bench_streams::{Bench, Server};
use bytes::Bytes;
use futures::{Sink, Stream};
use netstack_smoltcp::{Stack, StackBuilder, TcpListener, TcpStream};
use osier::device::mem::Mem;
use osier::device::{Device, Medium};
use osier::wire::Received;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Packets taken from the link in one go.
const BATCH: usize = 64;

struct Gateway {
    listener: TcpListener,
}

impl Server for Gateway {
    const NAME: &'static str = "netstack-smoltcp";
    type Stream = TcpStream;

    fn describe() -> String {
        "netstack-smoltcp 0.2.4 (smoltcp 0.12): its streams, with its own buffers of 320 KiB; the \
         client is osier's"
            .to_owned()
    }

    fn begin(device: Mem, mtu: u16) -> io::Result<Gateway> {
        let builder = StackBuilder::default().enable_tcp(true).mtu(usize::from(mtu));
        let (stack, runner, _, listener) = builder.build()?;
        tokio::spawn(runner.ok_or_else(|| io::Error::other("no runner"))?);
        let mut bridge = Bridge { device, stack, waiting: Vec::new() };
        tokio::spawn(poll_fn(move |context| bridge.carry(context)));
        Ok(Gateway { listener: listener.ok_or_else(|| io::Error::other("no listener"))? })
    }

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let next = poll_fn(|context| Pin::new(&mut self.listener).poll_next(context)).await;
        next.map(|(stream, _, _)| stream).ok_or_else(|| io::Error::other("no more connections"))
    }
}

/// Between the link and the stack.
struct Bridge {
    device: Mem,
    stack: Stack,
    /// Packets from the link, the next one last.
    waiting: Vec<Received>,
}

impl Bridge {
    fn carry(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.device.set_waker(context.waker());
        while self.inward(context)? | self.outward(context)? {}
        Poll::Pending
    }

    /// One packet from the link to the stack; was there one?
    fn inward(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        if self.waiting.is_empty() {
            self.device.receive(&mut self.waiting, BATCH)?;
            self.waiting.reverse();
        }
        let mut stack = Pin::new(&mut self.stack);
        if self.waiting.is_empty() || stack.as_mut().poll_ready(context)?.is_pending() {
            let _ = stack.poll_flush(context)?;
            return Ok(false);
        }
        let packet = self.waiting.pop().expect("one waits");
        stack.start_send(packet.bytes.to_vec())?;
        Ok(true)
    }

    /// One packet from the stack to the link; was there one?
    fn outward(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        if self.device.room() == 0 {
            return Ok(false);
        }
        match Pin::new(&mut self.stack).poll_next(context)? {
            Poll::Ready(Some(packet)) => {
                let packet = Received::from(Bytes::from(packet));
                self.device.transmit(packet.to_frame(Medium::Ip))?;
                Ok(true)
            }
            Poll::Ready(None) | Poll::Pending => Ok(false),
        }
    }
}

fn main() -> std::process::ExitCode {
    bench_work::main::<Bench<Gateway>>()
}
