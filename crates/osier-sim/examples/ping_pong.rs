//! Does a client that tries again get through a partition?
//!
//! `cargo run -p osier-sim --example ping_pong [SEED]`: a server answers pings; for ten seconds
//! nothing reaches it. Every packet, with what became of it, is in `ping_pong.pcapng`. The same
//! seed prints the same and writes the same file.
#![forbid(unsafe_code)]

use osier_sim::net::{TcpListener, TcpStream};
use osier_sim::{Builder, Chance, Result, lookup};
use std::fs::File;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

/// Where the server listens.
const PORT: u16 = 1738;

/// How long a client waits for a pong before it connects anew.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> Result {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse())?;
    let mut sim = Builder::new()
        .seed(seed)
        .delay(Duration::from_millis(20))
        .jitter(Duration::from_millis(10))
        .loss(Chance::percent(2))
        .capture_to(File::create("ping_pong.pcapng")?)
        .build();
    sim.host("server", serve);
    sim.client("client", play());

    sim.run_for(Duration::from_secs(3))?;
    sim.network().partition("client", "server");
    sim.run_for(Duration::from_secs(10))?;
    sim.network().repair("client", "server");
    sim.run()?;
    println!("done after {:?} of simulated time", sim.elapsed());
    Ok(())
}

async fn serve() -> Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::task::spawn_local(answer(stream));
    }
}

async fn answer(mut stream: TcpStream) {
    let mut ping = [0; 4];
    while stream.read_exact(&mut ping).await.is_ok() {
        if stream.write_all(b"pong").await.is_err() {
            return;
        }
    }
}

/// Twenty rounds, one a second, over as many connections as it takes.
async fn play() -> Result {
    let began = Instant::now();
    let mut rounds = 0;
    while rounds < 20 {
        let connecting = TcpStream::connect((lookup("server"), PORT));
        let Ok(connected) = timeout(PATIENCE, connecting).await else {
            println!("{:>8.3} s  no connection", began.elapsed().as_secs_f64());
            continue;
        };
        let mut stream = connected?;
        while rounds < 20 && timeout(PATIENCE, round(&mut stream)).await.is_ok_and(|r| r.is_ok()) {
            rounds += 1;
            println!("{:>8.3} s  round {rounds}", began.elapsed().as_secs_f64());
            sleep(Duration::from_secs(1)).await;
        }
    }
    Ok(())
}

async fn round(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"ping").await?;
    stream.read_exact(&mut [0; 4]).await?;
    Ok(())
}
