//! Captures as tshark reads them: a judge that knows nothing of us.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

/// What tshark says of a frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    number: u64,
    src: String,
    comment: String,
    /// `tcp.analysis.…` flags that are set.
    marks: Vec<&'static str>,
    /// What tshark could not make sense of: `[Malformed Packet: HTTP],_ws.malformed`.
    malformed: String,
    /// `tcp`, `udp`, `ip`: those whose checksum is bad.
    bad_checksums: Vec<&'static str>,
    summary: String,
}

const MARKS: [&str; 4] =
    ["retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order"];

const CHECKSUMS: [&str; 3] = ["tcp", "udp", "ip"];

/// The fields that are asked for, in order.
fn fields() -> Vec<String> {
    let fixed = ["frame.number", "ip.src", "ipv6.src", "frame.comment", "_ws.malformed"];
    let marks = MARKS.iter().map(|mark| format!("tcp.analysis.{mark}"));
    let checksums = CHECKSUMS.iter().map(|sort| format!("{sort}.checksum.status"));
    let fixed = fixed.iter().map(|field| (*field).to_owned());
    fixed.chain(marks).chain(checksums).chain(["_ws.col.info".to_owned()]).collect()
}

/// Every frame of a capture, read in two passes with all checksums verified.
pub(crate) fn read(capture: &Path) -> Vec<Frame> {
    let mut tshark = Command::new("tshark");
    // Nobody's own settings.
    tshark.env("HOME", capture.parent().expect("a folder")).env_remove("XDG_CONFIG_HOME");
    tshark.arg("-r").arg(capture).args(["-2", "-n", "-T", "fields", "-E", "separator=/t"]);
    for sort in CHECKSUMS {
        tshark.args(["-o", &format!("{sort}.check_checksum:TRUE")]);
    }
    for field in fields() {
        tshark.args(["-e", &field]);
    }
    let output = tshark.output().expect("tshark");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(frame).collect()
}

fn frame(line: &str) -> Frame {
    let values: Vec<&str> = line.split('\t').collect();
    assert_eq!(values.len(), fields().len(), "{line}");
    let set = |from: usize, names: &[&'static str], is: fn(&str) -> bool| {
        let named = names.iter().zip(&values[from..]);
        named.filter(|(_, value)| is(value)).map(|(name, _)| *name).collect()
    };
    Frame {
        number: values[0].parse().expect("a number"),
        src: format!("{}{}", values[1], values[2]),
        comment: values[3].to_owned(),
        malformed: values[4].to_owned(),
        marks: set(5, &MARKS, |value| !value.is_empty()),
        // 0: bad, 1: good, 2: not verified.
        bad_checksums: set(5 + MARKS.len(), &CHECKSUMS, |value| value.starts_with('0')),
        summary: values[5 + MARKS.len() + CHECKSUMS.len()].to_owned(),
    }
}

/// No frame is malformed and no checksum is bad.
pub(crate) fn assert_sound(frames: &[Frame]) {
    assert!(!frames.is_empty(), "the capture is empty");
    let bad = |frame: &&Frame| {
        !frame.bad_checksums.is_empty() || !frame.malformed.is_empty() && !frame.is_misread()
    };
    let bad: Vec<&Frame> = frames.iter().filter(bad).take(5).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let misread = frames.iter().filter(|frame| frame.is_misread()).count();
    println!(
        "tshark: {} frames, none malformed, no bad checksum; of {misread} out of order or sent \
         again it misread the text as the beginning, or as an overlap, of an HTTP message",
        frames.len()
    );
}

impl Frame {
    /// Without `tcp.reassemble_out_of_order` tshark hands the text of a segment behind a hole to
    /// its HTTP dissector as if a message began there; now and then it finds that malformed.
    /// Nothing below HTTP is: the segment is the kernel's, and good. And what it puts together of
    /// several segments it sometimes calls overlapped by one that was sent again, and asks
    /// "retransmission?"; where our comment says so, that is the answer.
    fn is_misread(&self) -> bool {
        let begins = self.malformed.contains("HTTP") && self.comment.contains("out of order: ");
        let again = self.malformed.contains("overlaps old data (retransmission?)")
            && self.comment.contains("retransmission: ");
        begins || again
    }
}

/// How our words and tshark's about what was sent again compare.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Frames that we call a retransmission.
    pub(crate) ours: usize,
    /// Frames of ours that tshark marks, by mark.
    theirs: BTreeMap<&'static str, usize>,
    /// Probes and keep-alives among them.
    probes: usize,
    /// Where we and tshark differ.
    pub(crate) unexplained: Vec<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "frames that osier calls a retransmission: {}", self.ours)?;
        for (mark, count) in &self.theirs {
            writeln!(f, "frames of osier that tshark marks {mark}: {count}")?;
        }
        writeln!(f, "of these probes and keep-alives: {}", self.probes)?;
        write!(f, "unexplained: {}", self.unexplained.len())
    }
}

/// Each frame that osier (at `us`) sent and tshark calls a retransmission must have our comment
/// saying so, or that it is a probe or keep-alive; each that we call a retransmission must have
/// one of tshark's marks.
pub(crate) fn retransmissions(frames: &[Frame], us: &str) -> Account {
    let mut account = Account::default();
    for frame in frames.iter().filter(|frame| frame.src == us) {
        // RFC 9293 figure 7: the SYN,ACK that answers a crossing SYN says our SYN again.
        let before = frames.iter().rfind(|other| other.number < frame.number);
        let crossed = before.is_some_and(|other| other.comment.contains("(simultaneous open)"));
        if crossed && frame.comment.is_empty() {
            continue;
        }
        let again = frame.comment.contains("retransmission: ");
        let probe = frame.comment.contains("probe");
        let marked = frame.marks.iter().any(|mark| mark.ends_with("retransmission"));
        account.ours += usize::from(again);
        for mark in &frame.marks {
            *account.theirs.entry(mark).or_default() += 1;
        }
        account.probes += usize::from(marked && probe && !again);
        if (marked && !again && !probe) || (again && frame.marks.is_empty()) {
            let Frame { number, comment, marks, summary, .. } = frame;
            account.unexplained.push(format!("{number}: {summary} {marks:?} `{comment}`"));
        }
    }
    account
}
