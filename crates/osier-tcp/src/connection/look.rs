//! What else can be asked of a connection by those who only look? (RFC 9293 §3.9.1.6, STATUS)

use super::{Connection, Phase};

impl Connection {
    /// Octets of memory that the connection holds for what it sends and receives: counted by what
    /// is pinned, not by what is used.
    #[inline(always)]
    pub fn memory(&self) -> u32 {
        match &self.phase {
            Phase::Synchronized(tcb) => tcb.memory(),
            Phase::SynSent(_) | Phase::Failed(..) => 0,
        }
    }

    /// How many octets from here on end the urgent text that the peer has announced; `None` where
    /// none is left to be read (RFC 9293 §3.8.5 [MUST-33]).
    pub fn urgent_mark(&self) -> Option<u32> {
        match &self.phase {
            Phase::Synchronized(tcb) => {
                let read = tcb.read_up_to();
                tcb.rcv.up.filter(|up| up.after(read)).map(|up| up.since(read))
            }
            Phase::SynSent(_) | Phase::Failed(..) => None,
        }
    }
}
