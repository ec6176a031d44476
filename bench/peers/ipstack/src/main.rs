//! ipstack at the work over tokio's streams: it turns packets of a TUN into streams, so here it
//! takes them from a link in memory, at whose other end osier is the client.
#![forbid(unsafe_code)]

use bench_streams::{Bench, Server};
use bench_work::Work;
use bytes::Bytes;
use ipstack::{IpStack, IpStackConfig, IpStackStream, IpStackTcpStream};
use osier::device::mem::Mem;
use osier::device::{Device, Medium};
use osier::wire::Received;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

struct Gateway {
    stack: IpStack,
}

impl Server for Gateway {
    const NAME: &'static str = "ipstack";
    const CANNOT: Option<(Work, &'static str)> =
        Some((Work::Crr, "its close does not end where the client closes first"));
    type Stream = IpStackTcpStream;

    fn describe() -> String {
        "ipstack 1.0.1: its streams, as it sets them; the client is osier's".to_owned()
    }

    fn begin(device: Mem, mtu: u16) -> io::Result<Gateway> {
        let mut config = IpStackConfig::default();
        config.mtu(mtu).map_err(io::Error::other)?;
        let stack = IpStack::new(config, Tun { device, waiting: Vec::new() });
        Ok(Gateway { stack })
    }

    async fn accept(&mut self) -> io::Result<IpStackTcpStream> {
        loop {
            if let IpStackStream::Tcp(stream) =
                self.stack.accept().await.map_err(io::Error::other)?
            {
                return Ok(stream);
            }
        }
    }
}

/// The link as a TUN's stream: a packet a read, a packet a write.
struct Tun {
    device: Mem,
    waiting: Vec<Received>,
}

impl AsyncRead for Tun {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Tun { device, waiting } = &mut *self;
        device.set_waker(context.waker());
        if device.receive(waiting, 1)? == 0 {
            return Poll::Pending;
        }
        if let Some(packet) = waiting.pop() {
            into.put_slice(&packet.bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tun {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        packet: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.device.set_waker(context.waker());
        if self.device.room() == 0 {
            return Poll::Pending;
        }
        let received = Received::from(Bytes::copy_from_slice(packet));
        self.device.transmit(received.to_frame(Medium::Ip))?;
        Poll::Ready(Ok(packet.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn main() -> std::process::ExitCode {
    bench_work::main::<Bench<Gateway>>()
}
