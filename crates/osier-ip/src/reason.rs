//! Why did that happen? Every decision that a user may later ask about, as a value.
//!
//! A [`Reason`] is `Copy`, at most 16 bytes with its numbers, so an address is not among them: the
//! frame that it is noted with shows it. Counters are always on. The reasons themselves are kept
//! only while somebody listens, and only until the host takes them, after every door.

use core::fmt;
use osier_wire::Error;

macro_rules! reasons {
    ($( $(#[$doc:meta])* $name:ident $({ $($field:ident: $ty:ty),* })?
        = $counter:literal, $sentence:literal; )*) => {
        /// A decision of the IP layer, with its numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $(
            $(#[$doc])*
            $name $({ $(
                /// A number of the sentence.
                $field: $ty
            ),* })?,
        )* }

        #[derive(Clone, Copy)]
        enum Kind { $( $name, )* }

        impl Reason {
            /// The names of the counters, by [`Reason::index`].
            pub const NAMES: &'static [&'static str] = &[ $( $counter, )* ];

            /// Which counter counts this.
            pub const fn index(&self) -> usize {
                match self { $( Reason::$name $({ $($field: _),* })? => Kind::$name as usize, )* }
            }
        }

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( Reason::$name $({ $($field),* })? => write!(f, $sentence), )* }
            }
        }
    };
}

reasons! {
    /// The owner of the layer named a link that it never added.
    UnknownLink = "dropped_unknown_link", "dropped: it came in on a link that does not exist";
    /// Fewer than 14 bytes on Ethernet.
    FrameTooShort = "dropped_frame_too_short",
        "dropped: the frame ends before its Ethernet header does";
    /// A frame to another station, seen because the device is promiscuous.
    OtherStation = "dropped_other_station", "dropped: the frame is for another station";
    /// A frame from a group address.
    BadStation = "dropped_bad_station", "dropped: the frame claims to come from a group address";
    /// Neither IPv4 nor IPv6 nor ARP.
    UnknownEtherType { ethertype: u16 } = "dropped_unknown_ethertype",
        "dropped: nobody here speaks EtherType {ethertype:#06x}";

    /// The IP header does not parse.
    BadHeader { error: Error } = "dropped_bad_header", "dropped: bad IP header: {error}";
    /// The Ethernet header says one version, the IP header another.
    WrongVersion = "dropped_wrong_version",
        "dropped: the frame announces another IP version than it carries";
    /// A piece of a datagram.
    IsFragment = "dropped_fragment", "dropped: a fragment, and we do not reassemble yet";
    /// RFC 1122 §3.2.1.3: nobody may send from there.
    MartianSource = "dropped_martian_source",
        "dropped: its source is a group, unspecified, loopback or an address of ours";
    /// Loopback from outside.
    MartianDestination = "dropped_martian_destination",
        "dropped: a loopback destination does not come from outside";
    /// Not our address.
    NotForUs = "dropped_not_for_us", "dropped: the destination is no address of ours";
    /// RFC 1122 §3.3.6.
    UnicastInGroupFrame = "dropped_unicast_in_group_frame",
        "dropped: a unicast packet in a broadcast or multicast frame (RFC 1122)";
    /// RFC 7126 §4.3 and §4.4.
    SourceRoute = "dropped_source_route", "dropped: it carries a source route (RFC 7126)";

    /// An ICMP message whose checksum is wrong.
    IcmpChecksum = "dropped_icmp_checksum", "dropped: the ICMP checksum is wrong";
    /// An ICMP message that does not parse.
    BadIcmp { error: Error } = "dropped_bad_icmp", "dropped: bad ICMP message: {error}";
    /// A message that we do not act on.
    IcmpIgnored { kind: u8, code: u8 } = "icmp_ignored",
        "ignored: we do not act on ICMP type {kind} code {code}";
    /// An error that quotes too little, or a later fragment.
    IcmpQuoteTooShort = "dropped_icmp_quote_too_short",
        "dropped: the ICMP error quotes too little to tell what it is about";
    /// An error about a packet that we never sent.
    IcmpNotAboutUs = "dropped_icmp_not_about_us",
        "dropped: the ICMP error quotes a packet that is not from us";
    /// RFC 8201 §4: less than the IPv6 minimum.
    IcmpMtuTooSmall { mtu: u32 } = "dropped_icmp_mtu_too_small",
        "dropped: a path MTU of {mtu} is below the IPv6 minimum of 1280 (RFC 8201)";
    /// We answered.
    EchoAnswered { len: u16 } = "echo_answered", "answered: an echo request of {len} octets";
    /// RFC 1122 §3.2.2.6: an echo request to a group may be ignored.
    EchoToGroup = "dropped_echo_to_group", "ignored: an echo request to a broadcast or multicast";
    /// The rate limit.
    EchoSuppressed = "dropped_echo_rate", "ignored: echo requests come faster than we answer";
    /// The reply cannot leave in one piece, or at all.
    EchoUnanswerable = "dropped_echo_unanswerable",
        "ignored: an echo reply cannot be sent to where the request came from";
    /// We told a sender what became of its packet.
    ErrorSent { kind: u8, code: u8 } = "icmp_errors_sent",
        "answered with ICMP type {kind} code {code}";
    /// RFC 1122 §3.2.2.
    ErrorNotDue = "icmp_errors_not_due",
        "no ICMP error: never about an error, a later fragment, a group or an odd source";
    /// The rate limit.
    ErrorSuppressed = "icmp_errors_suppressed",
        "no ICMP error: too many were sent to this address (rate limit)";

    /// An ARP packet that does not parse.
    BadArp { error: Error } = "dropped_bad_arp", "dropped: {error}";
    /// An ARP packet from a group, from nobody, or from an address that no host has.
    OddArp = "dropped_odd_arp", "dropped: the ARP packet's sender cannot be a host";
    /// An ARP request or neighbour solicitation for somebody else.
    AskedForOthers = "neighbours_asked_for_others", "ignored: somebody else is asked for";
    /// We answered who we are.
    SaidWhoWeAre = "neighbours_answered", "answered: the address asked for is ours";
    /// An answer to a question that we did not ask.
    UnaskedAnswer = "dropped_unasked_answer",
        "ignored: an answer about a neighbour that we never asked for";
    /// RFC 4861 §7.1.
    BadNeighbourMessage = "dropped_bad_neighbour_message",
        "dropped: the neighbour message is not valid (RFC 4861)";
    /// Our own frame came back.
    OwnEcho = "dropped_own_echo", "ignored: our own frame came back";
    /// Another station has our address.
    AddressConflict = "address_conflicts", "another station uses an address of ours";
    /// RFC 5227 §2.4 (b).
    AddressDefended = "addresses_defended", "we announced our address against a rival";

    /// A question about a neighbour.
    NeighbourAsked { attempt: u8 } = "neighbours_asked",
        "who is the neighbour? (question {attempt})";
    /// The answer.
    NeighbourFound = "neighbours_found", "the neighbour answered";
    /// A neighbour asked for us, so we know it.
    NeighbourLearned = "neighbours_learned", "a neighbour that asked for us is now known";
    /// Another station answers for the neighbour now.
    NeighbourMoved = "neighbours_moved", "the neighbour has another link address now";
    /// No answer.
    NeighbourFailed = "neighbours_failed", "nobody answers for the neighbour: given up";
    /// Room was made.
    NeighbourEvicted = "neighbours_evicted", "a neighbour was forgotten to make room";
    /// All entries are in use.
    NeighbourCacheFull = "dropped_neighbour_cache_full",
        "dropped: too many neighbours are in use to ask for another";
    /// A packet waits for its neighbour.
    NeighbourWaits = "neighbour_waits", "waits until the neighbour is known";
    /// RFC 1122 §2.3.2.2: the latest packets are kept.
    NeighbourQueueFull = "dropped_neighbour_queue_full",
        "dropped: too much waits for this neighbour; the oldest goes";
    /// The same for all neighbours together.
    NeighbourQueuesFull = "dropped_neighbour_queues_full",
        "dropped: too much waits for neighbours that do not answer";
    /// What waited is dropped.
    NeighbourNeverCame = "dropped_neighbour_never_came",
        "dropped: it waited for a neighbour that did not answer";

    /// No route.
    NoRoute = "unsent_no_route", "not sent: no route leads there";
    /// Not sent: source or destination.
    BadAddress = "unsent_bad_address", "not sent: its source is not ours or nobody may be there";
    /// Not sent: too long.
    TooBig { len: u32, mtu: u32 } = "unsent_too_big",
        "not sent: {len} octets exceed the MTU of {mtu}";
    /// Nobody takes our frames.
    OutboxFull = "dropped_outbox_full", "dropped: nobody takes the frames that we have to send";
    /// Nobody takes our events.
    EventsFull = "dropped_events_full", "an event was lost: nobody takes them";
}

/// The account of decisions: counters, and the reasons of the doors just called.
#[derive(Clone, Debug)]
pub struct Notes {
    counters: [u64; Reason::NAMES.len()],
    recording: Recording,
    fresh: [Option<Reason>; Notes::FRESH_MAX],
    len: u8,
}

/// Whether reasons are kept besides being counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Only the counters.
    #[default]
    Off,
    /// Reasons too.
    On,
}

impl Notes {
    /// As many reasons as one call of a door can sensibly give; later ones are only counted.
    pub const FRESH_MAX: usize = 12;

    /// Nothing counted yet.
    pub const fn new(recording: Recording) -> Self {
        Notes {
            counters: [0; Reason::NAMES.len()],
            recording,
            fresh: [None; Notes::FRESH_MAX],
            len: 0,
        }
    }

    /// Starts or stops keeping reasons.
    pub fn set_recording(&mut self, recording: Recording) {
        self.recording = recording;
        self.len = 0;
    }

    /// Counts a decision, and keeps it where somebody listens.
    pub fn push(&mut self, reason: Reason) {
        self.counters[reason.index()] += 1;
        if self.recording == Recording::On && usize::from(self.len) < Self::FRESH_MAX {
            self.fresh[usize::from(self.len)] = Some(reason);
            self.len += 1;
        }
    }

    /// Takes the reasons given since the last call, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Reason> + '_ {
        let len = core::mem::take(&mut self.len);
        self.fresh[..usize::from(len)].iter_mut().filter_map(Option::take)
    }

    /// Whether no reason waits to be taken.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The counters by name.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Reason::NAMES.iter().copied().zip(self.counters.iter().copied())
    }

    /// How often a decision of this kind was made.
    pub const fn count(&self, like: &Reason) -> u64 {
        self.counters[like.index()]
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Notes, Reason, Recording};
    use osier_wire::Error;
    use std::collections::BTreeSet;
    use std::string::ToString;

    #[test]
    fn a_reason_is_small() {
        assert!(size_of::<Reason>() <= 16, "{} bytes", size_of::<Reason>());
    }

    #[test]
    fn a_reason_reads_as_a_sentence() {
        let reason = Reason::BadHeader { error: Error::BadChecksum };
        assert_eq!(reason.to_string(), "dropped: bad IP header: the header checksum is wrong");
    }

    #[test]
    fn each_counter_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Reason::NAMES.iter().collect();
        assert_eq!(names.len(), Reason::NAMES.len());
    }

    #[test]
    fn counters_count_and_reasons_are_kept_only_for_a_listener() {
        let mut notes = Notes::new(Recording::Off);
        notes.push(Reason::NotForUs);
        assert!(notes.is_empty());
        notes.set_recording(Recording::On);
        for _ in 0..100 {
            notes.push(Reason::NotForUs);
        }
        assert_eq!(notes.drain().count(), Notes::FRESH_MAX);
        assert_eq!(notes.count(&Reason::NotForUs), 101);
        assert!(notes.is_empty());
    }
}
