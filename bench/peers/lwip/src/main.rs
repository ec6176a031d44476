//! lwIP at the work of `osier bench`. The work itself is in C (`c/work.c`), as lwIP's raw interface
//! wants it; `build.rs` says how it is compiled.

mod c;

use bench_work::{Checksums, Copies, Link, Payload, Peer, Stop, Task, TimeWait, Work};

/// lwIP is one for the whole process: this says that it has begun.
struct Lwip;

impl Peer for Lwip {
    const NAME: &'static str = "lwip";

    const COPIES: Copies = Copies::None;

    fn describe() -> String {
        "lwIP 2.2.1-dev (C): its raw interface, callbacks; NO_SYS, no assertions, \
         LWIP_CHKSUM_ALGORITHM 2, payload by the C library's malloc, records from pools; no \
         SACK, no timestamps, Reno; window and send buffer 128 KiB, its best here; gcc -O3, one \
         unit; both ends in one lwIP"
            .to_owned()
    }

    fn begin(task: &Task) -> Result<Lwip, Stop> {
        if task.link == Link::Whole {
            return Err(Stop::Cannot("no super-segments".to_owned()));
        }
        if task.window.is_some() {
            return Err(Stop::Cannot("its window is chosen when it is compiled".to_owned()));
        }
        let kind = match task.work {
            Work::Bulk | Work::Out => c::BULK,
            Work::Rr => c::RR,
            Work::Crr => c::CRR,
        };
        let checksums = task.checksums == Checksums::On;
        let drop = task.time_wait == TimeWait::Dropped;
        let copies = task.copies == Copies::Both;
        c::begin(kind, task.mtu, [checksums, copies, drop], task.idle)
            .map(|()| Lwip)
            .map_err(Stop::Wrong)
    }

    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop> {
        c::advance(units, payload == Payload::Verified).map_err(Stop::Wrong)
    }
}

fn main() -> std::process::ExitCode {
    bench_work::main::<Lwip>()
}
