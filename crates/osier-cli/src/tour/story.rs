//! Why did that happen? One sentence or two for each step, with the section to look up.
//!
//! For a student who sees TCP for the first time: not what the bits are (the label has them) but
//! why the step exists at all. The numbers in the sentences are those of the connection.

use super::sight::Segment;
use super::track::{Meaning, Side, Track};
use osier_ladder::Why;
use osier_time::Duration;
use osier_wire::arp;

/// An acknowledgment that came later than this after the text was held back on purpose.
const HELD_BACK: Duration = Duration::from_millis(20);

/// By which names the sentences speak of both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cast {
    /// The client's, in small letters: `the kernel`.
    pub(crate) client: &'static str,
    /// The server's.
    pub(crate) server: &'static str,
}

impl Cast {
    pub(crate) fn name(&self, side: Side) -> &'static str {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }
}

/// Why `side` sent a segment that means this.
pub(crate) fn of_segment(
    cast: &Cast,
    track: &Track,
    side: Side,
    segment: &Segment,
    meaning: Meaning,
) -> Why {
    let (sender, receiver) = (cast.name(side), cast.name(side.other()));
    let words = Words { side, sender, receiver, segment, seq: track.relative(side, segment.seq) };
    let acked = track.relative(side.other(), segment.ack);
    match meaning {
        Meaning::Syn => words.syn(),
        Meaning::SynAck => words.syn_ack(),
        Meaning::ThirdAck => words.third_ack(),
        Meaning::Text { octets, acknowledges } => words.text(octets, acknowledges),
        Meaning::Ack { octets, waited } => words.ack(octets, acked, waited),
        Meaning::FirstFin { octets } => words.first_fin(octets),
        Meaning::AckOfFin { waited } => words.ack_of_fin(waited),
        Meaning::SecondFin => words.second_fin(),
        Meaning::FinWithAck => words.fin_with_ack(),
        Meaning::CrossingFin => words.crossing_fin(),
        Meaning::LastAck => words.last_ack(track.first_closer() == Some(side)),
        Meaning::Reset => words.reset(),
        Meaning::Again { .. } => words.again(),
        Meaning::Other => words.other(),
    }
}

/// Who speaks to whom, and with which segment.
struct Words<'a> {
    side: Side,
    sender: &'static str,
    receiver: &'static str,
    segment: &'a Segment,
    /// The segment's number counted from the start of the connection.
    seq: u32,
}

impl Words<'_> {
    fn syn(&self) -> Why {
        let (sender, seq) = (capital(self.sender), self.segment.seq);
        why(
            format!(
                "Step 1 of 3. {sender} asks for a connection and says where its numbering begins: \
                 at {seq}, a start that nobody can guess (§3.4.1). Otherwise a stranger could slip \
                 in text of his own, and a straggler from an older connection could pass for new."
            ),
            "RFC 9293 §3.5",
        )
    }

    fn syn_ack(&self) -> Why {
        let sender = capital(self.sender);
        why(
            format!(
                "Step 2 of 3. {sender} agrees, begins a numbering of its own for the other \
                 direction, and names the number that it expects next: the SYN has taken one, so \
                 that it can be acknowledged like an octet of text."
            ),
            "RFC 9293 §3.5",
        )
    }

    fn third_ack(&self) -> Why {
        why(
            format!(
                "Step 3 of 3. Now {} knows as well that its SYN arrived. Without this ACK a SYN \
                 that strayed in the network for a while could open a connection that nobody \
                 wants.",
                self.receiver
            ),
            "RFC 9293 §3.5",
        )
    }

    fn text(&self, octets: u32, acknowledges: u32) -> Why {
        let (first, last) = (self.seq, self.seq.wrapping_add(octets - 1));
        let mut sentence = match self.side {
            Side::Client => format!(
                "The request: {octets} octets, numbers {first} to {last}. By these numbers {} puts \
                 text in order and tells what it has, and {} learns what to send again. PSH asks \
                 for the text to be handed to the program at once.",
                self.receiver, self.sender
            ),
            Side::Server => format!(
                "The answer: {octets} octets, numbers {first} to {last} of the other direction, \
                 which is counted on its own. {} keeps them until they are acknowledged.",
                capital(self.sender)
            ),
        };
        if acknowledges > 0 {
            sentence.push_str(&format!(
                " The segment also acknowledges {acknowledges} octets that came the other way."
            ));
        }
        why(sentence, "RFC 9293 §3.4")
    }

    fn ack(&self, octets: u32, acked: u32, waited: Duration) -> Why {
        let sender = capital(self.sender);
        if waited >= HELD_BACK {
            return why(
                format!(
                    "{sender} has all octets before {acked}. It said so after {waited} only: an \
                     ACK is held back for a moment, in the hope that text goes the same way and \
                     can carry it."
                ),
                "RFC 9293 §3.8.6.3",
            );
        }
        let sentence = match self.side {
            Side::Server => format!(
                "{sender} has the {octets} octets and expects number {acked} next. That \
                 acknowledges everything before it, so that a lost ACK is made good by the next."
            ),
            Side::Client => format!(
                "{sender} has the {octets} octets and expects number {acked} next. They need not \
                 have reached the program for that: an ACK says that TCP has them in its care."
            ),
        };
        why(sentence, "RFC 9293 §3.4")
    }

    fn first_fin(&self, octets: u32) -> Why {
        let text = match octets {
            0 => String::new(),
            _ => format!("The last {octets} octets, and behind them the FIN. "),
        };
        why(
            format!(
                "Step 1 of 4. {text}{} closes first: it will send no more. It can still receive, \
                 for each direction ends on its own. The FIN takes a number behind the last octet, \
                 so that it cannot overtake text, and is sent again should it be lost.",
                capital(self.sender)
            ),
            "RFC 9293 §3.6",
        )
    }

    fn ack_of_fin(&self, waited: Duration) -> Why {
        let mut sentence = format!(
            "Step 2 of 4. {} has seen the end of this direction. The other one stays open for as \
             long as it likes: {} goes on listening.",
            capital(self.sender),
            self.receiver
        );
        if waited >= HELD_BACK {
            sentence.push_str(&format!(
                " It held the ACK back for {waited} (§3.8.6.3), in the hope of something to carry \
                 it; its program was kept asleep so long, or its own FIN would have done so."
            ));
        }
        why(sentence, "RFC 9293 §3.6")
    }

    fn second_fin(&self) -> Why {
        why(
            format!(
                "Step 3 of 4. {} closes its direction as well. Its FIN must be acknowledged like \
                 the first one, so it goes on waiting for that.",
                capital(self.sender)
            ),
            "RFC 9293 §3.6",
        )
    }

    fn fin_with_ack(&self) -> Why {
        why(
            format!(
                "Steps 2 and 3 of 4 in one segment. The program at this end closed so soon that \
                 {} had not yet acknowledged the first FIN; one segment says both.",
                self.sender
            ),
            "RFC 9293 §3.6",
        )
    }

    fn crossing_fin(&self) -> Why {
        why(
            format!(
                "{} closes at the same moment: the FINs cross, each end acknowledges the other's, \
                 and both will wait in TIME-WAIT.",
                capital(self.sender)
            ),
            "RFC 9293 §3.6",
        )
    }

    fn last_ack(&self, first_closer: bool) -> Why {
        if !first_closer {
            return why("The other FIN is acknowledged, too.".into(), "RFC 9293 §3.6");
        }
        why(
            format!(
                "Step 4 of 4. Both directions are closed, but {0} cannot know whether this ACK \
                 arrives. Should it be lost, {1} sends its FIN again, and somebody has to answer. \
                 So {0} waits in TIME-WAIT, long enough for stragglers to die, too.",
                self.sender, self.receiver
            ),
            "RFC 9293 §3.6.1",
        )
    }

    fn reset(&self) -> Why {
        why(
            format!(
                "{} breaks the connection off: it has no use for what came, and nothing more is \
                 sent or accepted.",
                capital(self.sender)
            ),
            "RFC 9293 §3.5.2",
        )
    }

    fn again(&self) -> Why {
        why(
            format!(
                "No acknowledgment came in time, so {} sends the same numbers again.",
                self.sender
            ),
            "RFC 6298 §5.4",
        )
    }

    fn other(&self) -> Why {
        why(
            format!(
                "{} says again what it has, and how much more it can take.",
                capital(self.sender)
            ),
            "RFC 9293 §3.8.6",
        )
    }
}

/// Why an ARP packet was sent.
pub(crate) fn of_arp(cast: &Cast, side: Side, packet: &arp::Packet) -> Why {
    let sender = capital(cast.name(side));
    match packet.operation {
        arp::Operation::Request => why(
            format!(
                "{sender} knows the IP address but not whose Ethernet card has it. It asks all on \
                 the wire."
            ),
            "RFC 826",
        ),
        arp::Operation::Reply => why(format!("{sender} has it, and answers."), "RFC 826"),
    }
}

fn why(sentence: String, section: &str) -> Why {
    Why { sentence, section: Some(section.to_owned()) }
}

/// With a capital letter, for the start of a sentence; osier's name is written small even there.
pub(crate) fn capital(name: &str) -> String {
    if name == "osier" {
        return name.to_owned();
    }
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use osier_wire::SeqNumber;
    use osier_wire::tcp::{Flags, Options};

    const CAST: Cast = Cast { client: "the kernel", server: "osier" };

    fn segment() -> Segment {
        Segment {
            from: "10.71.0.1:40000".parse().unwrap(),
            to: "10.71.0.2:80".parse().unwrap(),
            seq: SeqNumber(1000),
            ack: SeqNumber(5000),
            flags: Flags::ACK,
            window: 100,
            options: Options::default(),
            text: Vec::new(),
        }
    }

    fn told(side: Side, meaning: Meaning) -> Why {
        of_segment(&CAST, &Track::default(), side, &segment(), meaning)
    }

    fn all() -> Vec<Meaning> {
        let (soon, late) = (Duration::from_micros(50), Duration::from_millis(40));
        vec![
            Meaning::Syn,
            Meaning::SynAck,
            Meaning::ThirdAck,
            Meaning::Text { octets: 76, acknowledges: 0 },
            Meaning::Text { octets: 76, acknowledges: 500 },
            Meaning::Ack { octets: 76, waited: soon },
            Meaning::Ack { octets: 76, waited: late },
            Meaning::FirstFin { octets: 0 },
            Meaning::FirstFin { octets: 20 },
            Meaning::AckOfFin { waited: soon },
            Meaning::AckOfFin { waited: late },
            Meaning::SecondFin,
            Meaning::FinWithAck,
            Meaning::CrossingFin,
            Meaning::LastAck,
            Meaning::Reset,
            Meaning::Again { step: 3 },
            Meaning::Other,
        ]
    }

    #[test]
    fn each_step_has_a_sentence_and_the_section_of_an_rfc() {
        for meaning in all() {
            for side in [Side::Client, Side::Server] {
                let why = told(side, meaning);
                let section = why.section.unwrap();
                let known = ["RFC 9293 §3.", "RFC 6298 §5."];
                assert!(known.iter().any(|rfc| section.starts_with(rfc)), "{meaning:?}: {section}");
                assert!(why.sentence.ends_with('.'), "{}", why.sentence);
                assert!(!why.sentence.contains("  "), "{}", why.sentence);
                let first = why.sentence.chars().next().unwrap();
                assert!(first.is_uppercase() || why.sentence.starts_with("osier"));
            }
        }
    }

    #[test]
    fn an_ack_that_was_held_back_is_told_from_a_prompt_one() {
        let prompt = told(Side::Client, Meaning::Ack { octets: 1, waited: Duration::ZERO });
        let late =
            told(Side::Client, Meaning::Ack { octets: 1, waited: Duration::from_millis(40) });
        assert_eq!(prompt.section.unwrap(), "RFC 9293 §3.4");
        assert_eq!(late.section.unwrap(), "RFC 9293 §3.8.6.3");
        assert!(late.sentence.contains("40 ms"));
    }

    #[test]
    fn a_merged_fin_and_ack_is_explained() {
        let why = told(Side::Client, Meaning::FinWithAck);
        assert!(why.sentence.starts_with("Steps 2 and 3 of 4 in one segment."));
        assert!(why.sentence.contains("the kernel had not yet acknowledged the first FIN"));
    }
}
