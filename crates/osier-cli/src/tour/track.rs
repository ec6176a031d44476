//! What does this segment mean for the connection?
//!
//! Judged from the segments alone, as a watcher on the wire would: who has opened, what was
//! acknowledged, who closed first. The states of both ends are not concluded here; they are asked
//! for elsewhere. RFC 9293 §3.5 and §3.6 have the figures that the names follow.

use super::sight::Segment;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;
use std::net::SocketAddr;

/// One of the two ends; the numbers are those of the ladder's lifelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who asks for the page.
    Client = 0,
    /// Who serves it: osier.
    Server = 1,
}

impl Side {
    /// The one at the other end.
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// What a segment means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Step 1 of 3.
    Syn,
    /// Step 2 of 3.
    SynAck,
    /// Step 3 of 3.
    ThirdAck,
    /// Text for the first time, perhaps with news of what arrived.
    Text { octets: u32, acknowledges: u32 },
    /// An acknowledgment of text alone, which came so long after the text.
    Ack { octets: u32, waited: Duration },
    /// The first FIN, perhaps behind text: step 1 of 4.
    FirstFin { octets: u32 },
    /// The acknowledgment of the first FIN, so long after it: step 2 of 4.
    AckOfFin { waited: Duration },
    /// The other FIN: step 3 of 4.
    SecondFin,
    /// The other FIN with the acknowledgment of the first one: steps 2 and 3 of 4.
    FinWithAck,
    /// The other FIN from an end that has not seen the first.
    CrossingFin,
    /// The acknowledgment of the other FIN: step 4 of 4.
    LastAck,
    /// RST.
    Reset,
    /// The same numbers as in an earlier step.
    Again { step: usize },
    /// None of these: a window update, a duplicate acknowledgment.
    Other,
}

/// What one end has said so far.
#[derive(Clone, Debug, Default)]
struct Said {
    initial: Option<SeqNumber>,
    /// The number behind the last one sent.
    end: SeqNumber,
    /// The number of its FIN.
    fin: Option<SeqNumber>,
    /// The highest acknowledgment that it gave.
    acked: Option<SeqNumber>,
    /// When it last sent something that has to be acknowledged.
    at: Instant,
    /// Each segment that took numbers: the first of them, and the step that showed it.
    steps: Vec<(SeqNumber, usize)>,
}

/// The connection as a watcher knows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    client: Option<SocketAddr>,
    said: [Said; 2],
    first_closer: Option<Side>,
    reset: Option<Side>,
}

impl Track {
    /// Where the client is, once it has said anything.
    pub(crate) fn client(&self) -> Option<SocketAddr> {
        self.client
    }

    /// Who sent the first FIN.
    pub(crate) fn first_closer(&self) -> Option<Side> {
        self.first_closer
    }

    /// Who broke the connection off, if somebody did.
    pub(crate) fn reset(&self) -> Option<Side> {
        self.reset
    }

    /// Whether a segment belongs to the connection: the first that is seen decides.
    pub(crate) fn owns(&mut self, side: Side, segment: &Segment) -> bool {
        let client = match side {
            Side::Client => segment.from,
            Side::Server => segment.to,
        };
        *self.client.get_or_insert(client) == client
    }

    /// A number of `side` counted from its initial one; where that was never seen, as it is.
    pub(crate) fn relative(&self, side: Side, number: SeqNumber) -> u32 {
        let initial = self.said[side as usize].initial.unwrap_or_default();
        number.since(initial)
    }

    /// The earlier step whose numbers a segment repeats.
    pub(crate) fn repeats(&self, side: Side, segment: &Segment) -> Option<usize> {
        let said = &self.said[side as usize];
        said.initial?;
        if segment.len() == 0 || segment.end().after(said.end) {
            return None;
        }
        let (_, step) = said.steps.iter().rev().find(|(from, _)| from.at_or_before(segment.seq))?;
        Some(*step)
    }

    /// Takes in a segment that `side` sent at `at` and that is shown as step number `step`.
    pub(crate) fn judge(
        &mut self,
        at: Instant,
        side: Side,
        segment: &Segment,
        step: usize,
    ) -> Meaning {
        let meaning = match self.repeats(side, segment) {
            _ if segment.has(Flags::RST) => Meaning::Reset,
            Some(step) => Meaning::Again { step },
            None if segment.has(Flags::SYN | Flags::ACK) => Meaning::SynAck,
            None if segment.has(Flags::SYN) => Meaning::Syn,
            None if segment.has(Flags::FIN) => self.fin(side, segment),
            None if segment.len() > 0 => {
                let acknowledges = self.newly_acked(side, segment);
                Meaning::Text { octets: segment.len(), acknowledges }
            }
            None => self.bare_ack(at, side, segment),
        };
        self.remember(at, side, segment, step);
        meaning
    }

    fn fin(&self, side: Side, segment: &Segment) -> Meaning {
        let other = &self.said[side.other() as usize];
        let Some(theirs) = other.fin else {
            return Meaning::FirstFin { octets: segment.len() - 1 };
        };
        let before = self.said[side as usize].acked.is_some_and(|acked| acked.after(theirs));
        if before {
            Meaning::SecondFin
        } else if segment.ack.after(theirs) {
            Meaning::FinWithAck
        } else {
            Meaning::CrossingFin
        }
    }

    fn bare_ack(&self, at: Instant, side: Side, segment: &Segment) -> Meaning {
        let newly = self.newly_acked(side, segment);
        let (own, other) = (&self.said[side as usize], &self.said[side.other() as usize]);
        if newly == 0 {
            return Meaning::Other;
        }
        if other.fin.is_some_and(|fin| segment.ack.after(fin)) {
            let waited = at - other.at;
            return if own.fin.is_some() { Meaning::LastAck } else { Meaning::AckOfFin { waited } };
        }
        if own.acked.is_none() {
            return Meaning::ThirdAck;
        }
        Meaning::Ack { octets: newly, waited: at - other.at }
    }

    /// How many numbers of the other end it acknowledges that were not acknowledged before.
    fn newly_acked(&self, side: Side, segment: &Segment) -> u32 {
        let other = &self.said[side.other() as usize];
        let Some(initial) = other.initial else { return 0 };
        let acked = self.said[side as usize].acked.unwrap_or(initial);
        let reach = segment.ack.min(other.end);
        if segment.has(Flags::ACK) && reach.after(acked) { reach.since(acked) } else { 0 }
    }

    fn remember(&mut self, at: Instant, side: Side, segment: &Segment, step: usize) {
        if segment.has(Flags::RST) {
            self.reset.get_or_insert(side);
            return;
        }
        let said = &mut self.said[side as usize];
        if segment.has(Flags::SYN) {
            said.initial.get_or_insert(segment.seq);
        }
        if segment.len() > 0 && (said.steps.is_empty() || segment.end().after(said.end)) {
            said.steps.push((segment.seq, step));
            said.end = segment.end();
            said.at = at;
        }
        if segment.has(Flags::ACK) {
            said.acked = Some(said.acked.map_or(segment.ack, |acked| acked.max(segment.ack)));
        }
        if segment.has(Flags::FIN) {
            said.fin = Some(segment.end() - 1);
            self.first_closer.get_or_insert(side);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use osier_wire::tcp::Options;

    const ACK: Flags = Flags::ACK;

    /// Sides speak with numbers relative to 1000 (client) and 5000 (server).
    struct Talk {
        track: Track,
        steps: usize,
    }

    impl Talk {
        fn new() -> Self {
            Talk { track: Track::default(), steps: 0 }
        }

        fn say(&mut self, side: Side, flags: Flags, seq: u32, ack: u32, text: usize) -> Meaning {
            let (client, server) =
                ("10.71.0.1:40000".parse().unwrap(), "10.71.0.2:80".parse().unwrap());
            let (from, to, own, other) = match side {
                Side::Client => (client, server, 1000, 5000),
                Side::Server => (server, client, 5000, 1000),
            };
            let segment = Segment {
                from,
                to,
                seq: SeqNumber(own + seq),
                ack: SeqNumber(other + ack),
                flags,
                window: 100,
                options: Options::default(),
                text: vec![b'x'; text],
            };
            let at = Instant::from_millis(self.steps as u64);
            assert!(self.track.owns(side, &segment));
            let meaning = self.track.judge(at, side, &segment, self.steps);
            self.steps += 1;
            meaning
        }

        fn opened() -> Self {
            let mut talk = Talk::new();
            assert_eq!(talk.say(Side::Client, Flags::SYN, 0, 0, 0), Meaning::Syn);
            assert_eq!(talk.say(Side::Server, Flags::SYN | ACK, 0, 1, 0), Meaning::SynAck);
            assert_eq!(talk.say(Side::Client, ACK, 1, 1, 0), Meaning::ThirdAck);
            talk
        }
    }

    #[test]
    fn a_page_is_fetched_and_both_take_leave_in_four_steps() {
        let mut talk = Talk::opened();
        let text = talk.say(Side::Client, ACK | Flags::PSH, 1, 1, 76);
        assert_eq!(text, Meaning::Text { octets: 76, acknowledges: 0 });
        let ack = talk.say(Side::Server, ACK, 1, 77, 0);
        assert_eq!(ack, Meaning::Ack { octets: 76, waited: Duration::from_millis(1) });
        let text = talk.say(Side::Server, ACK | Flags::PSH, 1, 77, 500);
        assert_eq!(text, Meaning::Text { octets: 500, acknowledges: 0 });
        talk.say(Side::Client, ACK, 77, 501, 0);
        let fin = Flags::FIN | ACK;
        assert_eq!(talk.say(Side::Server, fin, 501, 77, 0), Meaning::FirstFin { octets: 0 });
        let waited = Duration::from_millis(1);
        let ack = talk.say(Side::Client, ACK, 77, 502, 0);
        assert_eq!(ack, Meaning::AckOfFin { waited });
        assert_eq!(talk.say(Side::Client, fin, 77, 502, 0), Meaning::SecondFin);
        assert_eq!(talk.say(Side::Server, ACK, 502, 78, 0), Meaning::LastAck);
        assert_eq!(talk.track.first_closer(), Some(Side::Server));
    }

    #[test]
    fn a_merged_fin_and_ack_is_told_from_crossing_fins() {
        let fin = Flags::FIN | ACK;
        let mut talk = Talk::opened();
        assert_eq!(talk.say(Side::Client, fin, 1, 1, 0), Meaning::FirstFin { octets: 0 });
        let mut crossing = Talk { track: talk.track.clone(), steps: talk.steps };
        assert_eq!(talk.say(Side::Server, fin, 1, 2, 0), Meaning::FinWithAck);
        assert_eq!(talk.say(Side::Client, ACK, 2, 2, 0), Meaning::LastAck);
        assert_eq!(crossing.say(Side::Server, fin, 1, 1, 0), Meaning::CrossingFin);
    }

    #[test]
    fn text_with_an_acknowledgment_says_both_and_a_fin_may_follow_text() {
        let mut talk = Talk::opened();
        talk.say(Side::Client, ACK, 1, 1, 76);
        let text = talk.say(Side::Server, ACK, 1, 77, 500);
        assert_eq!(text, Meaning::Text { octets: 500, acknowledges: 76 });
        let last = talk.say(Side::Server, ACK | Flags::FIN, 501, 77, 20);
        assert_eq!(last, Meaning::FirstFin { octets: 20 });
    }

    #[test]
    fn what_is_sent_again_names_the_step_of_its_original() {
        let mut talk = Talk::opened();
        assert_eq!(talk.say(Side::Client, Flags::SYN, 0, 0, 0), Meaning::Again { step: 0 });
        talk.say(Side::Client, ACK, 1, 1, 76);
        assert_eq!(talk.say(Side::Client, ACK, 1, 1, 76), Meaning::Again { step: 4 });
        assert_eq!(talk.say(Side::Client, ACK, 77, 1, 0), Meaning::Other);
    }

    #[test]
    fn a_reset_and_a_stranger_are_recognised() {
        let mut talk = Talk::opened();
        assert_eq!(talk.say(Side::Client, Flags::RST, 1, 1, 0), Meaning::Reset);
        assert_eq!(talk.track.reset(), Some(Side::Client));
        let stranger = Segment {
            from: "10.71.0.1:40001".parse().unwrap(),
            to: "10.71.0.2:80".parse().unwrap(),
            seq: SeqNumber(0),
            ack: SeqNumber(0),
            flags: Flags::SYN,
            window: 0,
            options: Options::default(),
            text: Vec::new(),
        };
        assert!(!talk.track.owns(Side::Client, &stranger));
    }
}
