//! What may the user ask of a connection? (RFC 9293 §3.9.1: OPEN, SEND, RECEIVE, CLOSE, ABORT)
//!
//! The verbs among the doors. None of them sends: each records what is owed.

use super::{Connection, Phase};
use crate::close::{self, abort};
use crate::config::{Config, Opening};
use crate::event::Ending;
use crate::handshake::active::SynSent;
use crate::handshake::fast_open::FastOpening;
use crate::model;
use crate::reason::Notes;
use crate::receive::window::Reader;
use crate::room;
use crate::tcb::{Tcb, User};
use alloc::boxed::Box;
use bytes::Bytes;
use osier_time::Instant;

/// What a read finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<T> {
    /// Text.
    Got(T),
    /// Nothing now; [`Event::Readable`](crate::Event::Readable) will follow.
    NotYet,
    /// The end: the peer has closed and everything was read.
    End,
    /// There will be no more: the connection was broken off.
    Broken(Ending),
}

/// What is to become of the end of what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It is pushed: it goes as soon as Nagle's algorithm lets it.
    #[default]
    Push,
    /// More will follow at once: a short segment waits for it (MSG_MORE).
    More,
    /// A record ends: what is written later goes in segments of its own (MSG_EOR).
    Record,
}

/// Why a write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// We have closed: a FIN is queued or sent.
    Closing,
    /// The connection was broken off or has ended.
    Broken(Ending),
}

impl Connection {
    /// Opens actively (RFC 9293 §3.9.1.1): the next transmit is a SYN.
    pub fn connect(now: Instant, config: &Config, opening: Opening, notes: &mut Notes) -> Self {
        let place = Box::new_uninit();
        let syn_sent = Box::write(place, SynSent::new(now, config, opening, notes));
        Connection { phase: Phase::SynSent(syn_sent), fast_opened: None }
    }

    /// Opens actively with text that may travel with the SYN (RFC 7413). Whether it did or not,
    /// all of it is sent, and before anything that is written later. A repeated SYN may open two
    /// connections that both read it.
    pub fn connect_with_text(
        now: Instant,
        config: &Config,
        opening: Opening,
        fast: FastOpening,
        notes: &mut Notes,
    ) -> Self {
        let syn_sent = SynSent::new(now, config, opening, notes).with_text(fast);
        Connection { phase: Phase::SynSent(Box::new(syn_sent)), fast_opened: None }
    }

    /// Queues a copy of `text` and says how much was taken; 0 where the buffer is full, and
    /// [`Event::Writable`](crate::Event::Writable) will follow.
    ///
    /// # Errors
    /// [`WriteError`] once we have closed or the connection has ended.
    pub fn write(&mut self, text: &[u8]) -> Result<usize, WriteError> {
        let Some(tcb) = self.writable()? else { return Ok(0) };
        let taken = room::take_copy(tcb, text);
        took(tcb, taken);
        Ok(taken)
    }

    /// As [`Connection::write`], and says what is to become of the end of it.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub fn write_ending(&mut self, text: &[u8], end: End) -> Result<usize, WriteError> {
        let Some(tcb) = self.writable()? else { return Ok(0) };
        let taken = room::take_copy(tcb, text);
        took(tcb, taken);
        if end == End::More {
            tcb.small.hold_more();
        }
        if end == End::Record && taken == text.len() {
            tcb.out.end_record();
        }
        Ok(taken)
    }

    /// Queues a copy of `text` as urgent: every segment says how far the urgent text reaches until
    /// the peer has acknowledged it (RFC 9293 §3.8.5 [MUST-30, MUST-31]). It travels in line with
    /// the rest. For old protocols only [SHLD-13].
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub fn write_urgent(&mut self, text: &[u8]) -> Result<usize, WriteError> {
        let Some(tcb) = self.writable()? else { return Ok(0) };
        let taken = room::take_copy(tcb, text);
        if taken > 0 {
            tcb.snd.up = Some(tcb.snd.text_start() + tcb.out.len());
            // The peer learns of it at once, though its window may be closed.
            tcb.owe_ack();
        }
        took(tcb, taken);
        Ok(taken)
    }

    /// Queues `chunk` without a copy. Takes what fits from its front and says how much that was.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub fn write_chunk(&mut self, chunk: &mut Bytes) -> Result<usize, WriteError> {
        let Some(tcb) = self.writable()? else { return Ok(0) };
        let taken = room::take_chunk(tcb, chunk);
        took(tcb, taken);
        Ok(taken)
    }

    /// The record, where it takes text; `None` before the handshake is done.
    fn writable(&mut self) -> Result<Option<&mut Tcb>, WriteError> {
        match &mut self.phase {
            Phase::SynSent(_) => Ok(None),
            Phase::Failed(ending, _) => Err(WriteError::Broken(*ending)),
            Phase::Synchronized(tcb) => match tcb.ending {
                Some(Ending::InOrder) => Err(WriteError::Closing),
                Some(ending) => Err(WriteError::Broken(ending)),
                None if tcb.state().may_send() => {
                    model::look_for_gap(tcb);
                    Ok(Some(tcb))
                }
                None => Err(WriteError::Closing),
            },
        }
    }

    /// Copies text into `into`.
    pub fn read(&mut self, into: &mut [u8]) -> Text<usize> {
        self.take(|tcb| Some(tcb.text.read(into)))
    }

    /// Takes up to `max` octets of text, without a copy: a slice of the frame they came in.
    pub fn read_chunk(&mut self, max: usize) -> Text<Bytes> {
        self.take(|tcb| tcb.text.read_chunk(max))
    }

    /// Copies text into `into` and leaves it to be read again.
    pub fn peek(&self, into: &mut [u8]) -> Text<usize> {
        match &self.phase {
            Phase::Synchronized(tcb) if tcb.text.ready() > 0 => Text::Got(tcb.text.peek(into)),
            Phase::Synchronized(tcb) => nothing_to_read(tcb),
            Phase::SynSent(_) => Text::NotYet,
            Phase::Failed(ending, _) => Text::Broken(*ending),
        }
    }

    /// Whether the peer has closed and nothing that it said is missing, read or not. What has come
    /// of the connection since changes nothing about it.
    pub fn has_heard_all(&self) -> bool {
        match &self.phase {
            Phase::Synchronized(tcb) => tcb.rcv.fin.is_some_and(|fin| tcb.rcv.nxt.after(fin)),
            Phase::SynSent(_) | Phase::Failed(..) => false,
        }
    }

    fn take<T>(&mut self, how: impl FnOnce(&mut Tcb) -> Option<T>) -> Text<T> {
        let tcb = match &mut self.phase {
            Phase::Synchronized(tcb) => tcb,
            Phase::SynSent(_) => return Text::NotYet,
            Phase::Failed(ending, _) => return Text::Broken(*ending),
        };
        if tcb.text.ready() == 0 {
            return nothing_to_read(tcb);
        }
        let taken = how(tcb);
        // A mark that was read is none: 2 GiB later it would seem to lie ahead.
        if tcb.rcv.up.is_some_and(|up| !up.after(tcb.read_up_to())) {
            tcb.rcv.up = None;
        }
        tell_of_room(tcb);
        taken.map_or(Text::NotYet, Text::Got)
    }

    /// We will write no more: queues a FIN behind what was written (RFC 9293 §3.9.1.4, CLOSE).
    pub fn close(&mut self, notes: &mut Notes) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => {
                let outcome = syn_sent.abort(notes);
                self.become_(outcome);
            }
            Phase::Synchronized(tcb) => close::close(tcb, notes),
            Phase::Failed(..) => {}
        }
        self.check();
    }

    /// The user is gone: closes, and resets where text is or will be left unread (RFC 1122
    /// §4.2.2.13). The connection ends by itself from here.
    pub fn release(&mut self, now: Instant, notes: &mut Notes) {
        match &mut self.phase {
            Phase::Synchronized(tcb) => close::release(tcb, now, notes),
            Phase::SynSent(_) | Phase::Failed(..) => self.close(notes),
        }
        self.check();
    }

    /// The user will read nothing that is yet to come: once it has closed as well, text that
    /// arrives is answered with a RST (RFC 9293 §3.6.1), and the connection ends as aborted.
    pub fn shut_reading(&mut self) {
        if let Phase::Synchronized(tcb) = &mut self.phase {
            tcb.rcv.reader = Reader::Shut;
        }
    }

    /// Breaks the connection off with a RST (RFC 9293 §3.9.1.5, ABORT).
    pub fn abort(&mut self, notes: &mut Notes) {
        match &mut self.phase {
            Phase::Synchronized(tcb) => abort::abort(tcb, notes),
            Phase::SynSent(_) | Phase::Failed(..) => self.close(notes),
        }
        self.check();
    }
}

/// After a write: more to send, and perhaps a user who waits for room.
fn took(tcb: &mut Tcb, taken: usize) {
    if taken == 0 {
        tcb.user = User::WaitsForRoom;
    } else {
        tcb.small.push();
        tcb.look_again();
    }
    tcb.check();
}

fn nothing_to_read<T>(tcb: &Tcb) -> Text<T> {
    let peer_closed = tcb.rcv.fin.is_some_and(|fin| tcb.rcv.nxt.after(fin));
    match tcb.ending {
        _ if peer_closed => Text::End,
        Some(Ending::InOrder) => Text::End,
        Some(ending) => Text::Broken(ending),
        None => Text::NotYet,
    }
}

/// After a read: the peer should know of the room, where it is worth a segment [MUST-39].
fn tell_of_room(tcb: &mut Tcb) {
    let (free, limit) = (tcb.free(), tcb.settings.receive_buffer);
    let open = tcb.state().may_receive() && tcb.ending.is_none();
    if open && tcb.rcv.worth_telling(free, limit, u32::from(tcb.settings.rcv_mss)) {
        tcb.owe_ack();
    }
    tcb.check();
}
