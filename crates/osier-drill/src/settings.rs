//! Which settings are changed by a command between backticks? No shell is ever run.
//!
//! Known are `sysctl -q NAME=VALUE`, packetdrill's own helpers `defaults.sh` (whose `sysctl` lines
//! are read) and `set_sysctls.py FILE=VALUE`, the file that restores what the latter has changed
//! (every script begins with fresh settings), `ip tcp_metrics flush all`, `ip route change` with
//! metrics, and switching off the segmentation of a device. Any other command is refused with its
//! place.

use crate::ast::Command;
use crate::span::{Error, Span};

/// A setting that a command changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Where the command stands.
    pub at: Span,
    /// Its name below `/proc/sys`, with dots; or one of the names in this file.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The name under which forgetting what is known of peers is a setting; its value is `flush`.
pub const TCP_METRICS: &str = "tcp_metrics";

/// The name under which segmentation by the device is a setting: `on` or `off`.
pub const SEGMENTATION: &str = "device.segmentation";

/// The name under which the metrics of all routes are a setting, in the words of `ip route`.
pub const ROUTE: &str = "route";

/// Gives the text of a helper, by its path as the command has it.
pub type Read<'a> = dyn FnMut(&str) -> Option<String> + 'a;

/// Helpers do not call helpers deeper than this.
const DEPTH_MAX: usize = 2;

/// The settings in a command. `read` gives the text of a helper, by its path in the command.
///
/// # Errors
/// The first command that is not known, or a helper that cannot be read.
pub fn settings(command: &Command, read: &mut Read<'_>) -> Result<Vec<Setting>, Error> {
    let mut found = Vec::new();
    collect(&command.text, command.at, (read, 0), &mut found)?;
    Ok(found)
}

fn collect(
    text: &str,
    at: Span,
    (read, depth): (&mut Read<'_>, usize),
    found: &mut Vec<Setting>,
) -> Result<(), Error> {
    for line in commands(text) {
        let words: Vec<&str> = line.iter().map(String::as_str).collect();
        let Some((program, arguments)) = words.split_first() else { continue };
        let file = program.rsplit('/').next().unwrap_or(program);
        match file {
            "sysctl" => sysctl(arguments, at, found)?,
            "set_sysctls.py" => set_sysctls(arguments, at, found)?,
            "defaults.sh" if depth < DEPTH_MAX => {
                let says = || Error::malformed(at, format!("`{program}` was expected to be there"));
                let helper = read(program).ok_or_else(says)?;
                collect(&helper, at, (&mut *read, depth + 1), found)?;
            }
            _ if file.starts_with("sysctl_restore_") => {}
            _ => other(&words, at, found)?,
        }
    }
    Ok(())
}

/// Commands of other programs, known word by word.
fn other(words: &[&str], at: Span, found: &mut Vec<Setting>) -> Result<(), Error> {
    let setting = |name: &str, value: &str| Setting { at, name: name.into(), value: value.into() };
    match words {
        ["ip", "tcp_metrics", "flush", "all"] => {
            found.push(setting(TCP_METRICS, "flush"));
        }
        ["ethtool", "-K", "tun0", features @ ..] => {
            for pair in features.chunks(2) {
                match pair {
                    ["tso", state @ ("on" | "off")] => found.push(setting(SEGMENTATION, state)),
                    // Without `gso` a device that has `tso` still takes segments whole, and
                    // with it alone segments are cut before they reach the device.
                    ["gso", "on" | "off"] => {}
                    _ => return Err(refused(words, at)),
                }
            }
        }
        // The metrics of a route; where it leads is of no meaning where there is one link.
        ["ip", "route", "change", route @ ..] | ["ip", "-6", "route", "change", route @ ..] => {
            found.push(setting(ROUTE, &route.join(" ")));
        }
        // Both ways to leave slow start early (RFC 9406), which is what osier does.
        ["echo", "3", ">", "/sys/module/tcp_cubic/parameters/hystart_detect"] => {}
        ["echo", value, ">", path] if path.starts_with("/proc/sys/") => {
            let name = path["/proc/sys/".len()..].replace('/', ".");
            found.push(Setting { at, name, value: (*value).to_owned() });
        }
        // Which queue a device has is of no meaning where there is no device.
        ["tc", "qdisc", "add", "dev", "tun0", "root", "pfifo"] | ["true" | "exit", ..] => {}
        _ => return Err(refused(words, at)),
    }
    Ok(())
}

fn refused(words: &[&str], at: Span) -> Error {
    Error::unsupported(at, format!("the command `{}` (nothing is run)", words.join(" ")))
}

fn sysctl(arguments: &[&str], at: Span, found: &mut Vec<Setting>) -> Result<(), Error> {
    for argument in arguments.iter().filter(|argument| !argument.starts_with('-')) {
        let Some((name, value)) = argument.split_once('=') else {
            let says = format!("`sysctl` was expected with NAME=VALUE, not `{argument}`");
            return Err(Error::malformed(at, says));
        };
        found.push(Setting { at, name: name.replace('/', "."), value: value.to_owned() });
    }
    Ok(())
}

fn set_sysctls(arguments: &[&str], at: Span, found: &mut Vec<Setting>) -> Result<(), Error> {
    for argument in arguments {
        let pair = argument.strip_prefix("/proc/sys/").and_then(|rest| rest.split_once('='));
        let Some((path, value)) = pair else {
            let says = format!("`/proc/sys/…=VALUE` was expected, not `{argument}`");
            return Err(Error::malformed(at, says));
        };
        found.push(Setting { at, name: path.replace('/', "."), value: value.to_owned() });
    }
    Ok(())
}

/// Takes a text apart into commands and words, as far as the shell's language is used here: blanks,
/// newlines, `;`, `&&`, `||`, `\` at the end of a line, quotes, `#` comments, products in
/// `$((…))`, and redirections, which are dropped.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut lines = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (_, '\\') => match chars.next() {
                Some('\n') | None => end(&mut word, &mut lines),
                Some(other) => word.get_or_insert_default().push(other),
            },
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, '&') if word.as_deref().is_some_and(|word| word.ends_with('>')) => {
                word.get_or_insert_default().push(c);
            }
            (None, '&') if chars.peek() == Some(&'>') => word.get_or_insert_default().push(c),
            (None, '\n' | ';' | '&') => {
                end(&mut word, &mut lines);
                lines.push(Vec::new());
            }
            // What is to be done where the command before fails: none does.
            (None, '|') if chars.peek() == Some(&'|') => {
                end(&mut word, &mut lines);
                let mut line_goes_on = false;
                while let Some(c) = chars.next_if(|c| line_goes_on || !matches!(c, '\n' | ';')) {
                    line_goes_on = c == '\\';
                }
            }
            (None, c) if c.is_whitespace() => end(&mut word, &mut lines),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    end(&mut word, &mut lines);
    lines.into_iter().map(|line| without_redirections(&line)).collect()
}

fn end(word: &mut Option<String>, lines: &mut [Vec<String>]) {
    if let (Some(word), Some(line)) = (word.take(), lines.last_mut()) {
        line.push(computed(&word));
    }
}

fn without_redirections(line: &[String]) -> Vec<String> {
    // Where `echo` writes is what it does.
    if line.first().is_some_and(|program| program == "echo") {
        return line.to_vec();
    }
    let mut kept = Vec::new();
    let mut words = line.iter();
    while let Some(word) = words.next() {
        let redirects = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
        match redirects.strip_prefix('>') {
            // Its target is the next word.
            Some("" | ">") => {
                words.next();
            }
            Some(_) => {}
            None => kept.push(word.clone()),
        }
    }
    kept
}

/// `$((15*1024*1024))` by its value; one that is more than a product stays as it is.
fn computed(word: &str) -> String {
    let Some((before, rest)) = word.split_once("$((") else { return word.to_owned() };
    let Some((inner, after)) = rest.split_once("))") else { return word.to_owned() };
    let product = inner.split('*').try_fold(1u64, |product, factor| {
        factor.trim().parse::<u64>().ok().and_then(|factor| product.checked_mul(factor))
    });
    match product {
        Some(product) => computed(&format!("{before}{product}{after}")),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Fault;

    fn found(text: &str) -> Result<Vec<(String, String)>, Error> {
        let command = Command { at: Span { line: 3, column: 5 }, text: text.to_owned() };
        let mut read = |path: &str| {
            path.ends_with("common/defaults.sh").then(|| {
                "#!/bin/sh\n# sysctl a=b\nsysctl -q net.a=\"1 $((2*3)) 4\" net.b=5 > /dev/null \
                 2>&1\n\
                 tc qdisc add dev tun0 root pfifo\n"
                    .to_owned()
            })
        };
        let all = settings(&command, &mut read)?;
        Ok(all.into_iter().map(|setting| (setting.name, setting.value)).collect())
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn helpers_are_read_and_not_run() {
        let text = "../common/defaults.sh\n ../common/set_sysctls.py /proc/sys/net/ipv4/a=0 \\\n\
                    /proc/sys/net/b=\"1 2\" && sysctl -q net.c=3; /tmp/sysctl_restore_${PPID}.sh";
        let expected = [
            ("net.a", "1 6 4"),
            ("net.b", "5"),
            ("net.ipv4.a", "0"),
            ("net.b", "1 2"),
            ("net.c", "3"),
        ];
        assert_eq!(found(text).unwrap(), pairs(&expected));
    }

    #[test]
    fn a_device_and_what_is_known_of_peers_are_settings() {
        let text = "echo 7 > /proc/sys/net/a\nethtool -K tun0 tso off gso off\n\
                    ip tcp_metrics flush all &> /dev/null";
        let expected = [("net.a", "7"), (SEGMENTATION, "off"), (TCP_METRICS, "flush")];
        assert_eq!(found(text).unwrap(), pairs(&expected));
    }

    #[test]
    fn who_cuts_segments_is_said_by_tso_alone() {
        assert_eq!(found("ethtool -K tun0 gso off").unwrap(), pairs(&[]));
        let off = found("ethtool -K tun0 tso off gso on").unwrap();
        assert_eq!(off, pairs(&[(SEGMENTATION, "off")]));
        let again = found("ethtool -K tun0 tso off gso off tso on gso on").unwrap();
        assert_eq!(again, pairs(&[(SEGMENTATION, "off"), (SEGMENTATION, "on")]));
    }

    #[test]
    fn what_is_for_the_case_of_failure_is_not_done() {
        let text =
            "sysctl -q net.a=1 &> /dev/null ||\\\n nstat | x &> /dev/null; sysctl -q net.b=2";
        assert_eq!(found(text).unwrap(), pairs(&[("net.a", "1"), ("net.b", "2")]));
    }

    #[test]
    fn any_other_command_is_refused_with_its_place() {
        for text in
            ["rm -rf /", "nstat > /dev/null", "echo 3 > /x", "ip route add 1 via 2", "cat $(x)"]
        {
            let error = found(text).unwrap_err();
            assert_eq!((error.fault, error.at), (Fault::Unsupported, Span { line: 3, column: 5 }));
        }
    }
}
