//! What becomes of a connection that no user holds any more? (RFC 9293 §3.6, RFC 1122 §4.2.2.13)
//!
//! It closes in order by itself: what was written is still delivered, the FIN acknowledged. That
//! costs memory for which nobody answers, and a peer that never acknowledges makes it long, so
//! the number of such orphans is bounded. Beyond the bound one is reset instead, and counted
//! (Linux: `net.ipv4.tcp_max_orphans`). TIME-WAIT is no orphan: it has a bound of its own.

use crate::account::Flow;
use crate::connections::{Linger, Owner};
use crate::host::Host;
use crate::reason::HostReason;
use osier_time::Instant;

impl Host {
    /// The owner lets go.
    pub(crate) fn let_go(&mut self, now: Instant, id: u32, how: Linger) {
        let orphans = self.connections.orphans;
        let Some(socket) = self.connections.sockets.get_mut(id) else { return };
        let full = socket.is_open() && orphans >= self.config.orphans_max;
        let notes = &mut self.account.tcp;
        match how {
            Linger::Close if !full => socket.connection.release(now, notes),
            Linger::Close | Linger::Reset => socket.connection.abort(notes),
        }
        socket.owner = Owner::Nobody;
        if socket.is_open() {
            self.connections.orphans += 1;
        }
        if full && how == Linger::Close {
            let (flow, limit) = (Some(Flow::tcp(&socket.key)), orphans as u32);
            self.account.push(flow, HostReason::OrphanReset { limit });
        }
        self.connections.let_go(id);
        self.settle(id);
    }
}
