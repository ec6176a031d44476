//! osier's own tokio sockets at both ends: what the rows `tokio-…` have for osier.
#![forbid(unsafe_code)]

use bench_streams::{Bench, SERVER, Server};
use osier::device::mem::Mem;
use std::io;
use std::net::SocketAddr;

struct Osier {
    listener: osier::TcpListener,
    _stack: osier::Stack,
}

impl Server for Osier {
    const NAME: &'static str = "osier";
    type Stream = osier::TcpStream;

    fn describe() -> String {
        "osier: its tokio sockets, as they are set from the start".to_owned()
    }

    fn begin(device: Mem, _: u16) -> io::Result<Osier> {
        let address = "10.71.0.2/24".parse().map_err(|_| io::Error::other("an address"))?;
        let stack = osier::Stack::builder().device(device).address(address).seed(2).build()?;
        let listener = stack.tcp_listen(SocketAddr::from(SERVER))?;
        Ok(Osier { listener, _stack: stack })
    }

    async fn accept(&mut self) -> io::Result<osier::TcpStream> {
        let (stream, _) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

fn main() -> std::process::ExitCode {
    bench_work::main::<Bench<Osier>>()
}
