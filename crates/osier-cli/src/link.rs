//! How is a link written on the command line?
//!
//! Always the same way: `tap:NAME`, `tun:NAME`, `packet:IFACE`, `xdp:IFACE`, `hub:PATH`,
//! `serial:PATH`, `mem`. Here the word is read; opening what it names is the subcommand's business.

use std::fmt;
use std::str::FromStr;

/// Bytes of the longest name of an interface, as the kernel has it (IFNAMSIZ less the closing 0).
const NAME_MAX: usize = 15;

/// A link word of a form that is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// A TAP interface of the kernel: Ethernet frames.
    Tap(String),
    /// A TUN interface of the kernel: bare IP packets.
    Tun(String),
    /// An interface that is there, by a packet socket: Ethernet frames.
    Packet(String),
    /// The same by AF_XDP.
    Xdp(String),
    /// Two hosts within this process.
    Mem,
}

/// Every form with what it names, and whether it is built.
const FORMS: &[(&str, &str, Built)] = &[
    ("tap", "NAME", Built::Yes),
    ("tun", "NAME", Built::Yes),
    ("packet", "IFACE", Built::Yes),
    ("xdp", "IFACE", Built::Yes),
    ("hub", "PATH", Built::NotYet),
    ("serial", "PATH", Built::NotYet),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Built {
    Yes,
    NotYet,
}

impl FromStr for Link {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word == "mem" {
            return Ok(Link::Mem);
        }
        let (form, name) = word.split_once(':').unwrap_or((word, ""));
        let Some((_, names, built)) = FORMS.iter().find(|(known, ..)| *known == form) else {
            return Err(format!(
                "a link is written tap:NAME, tun:NAME, packet:IFACE, xdp:IFACE or mem (hub:PATH \
                 and serial:PATH are not built yet); `{form}` is none of these"
            ));
        };
        if *built == Built::NotYet {
            return Err(format!(
                "{form}:{names} is not built yet; tap:NAME, tun:NAME, packet:IFACE, xdp:IFACE and \
                 mem are"
            ));
        }
        let name = interface(form, name)?;
        Ok(match form {
            "tap" => Link::Tap(name),
            "tun" => Link::Tun(name),
            "packet" => Link::Packet(name),
            _ => Link::Xdp(name),
        })
    }
}

/// The name of an interface, if the kernel could have one of that name.
fn interface(form: &str, name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err(format!("`{form}:` wants the name of an interface: {form}:osier0"));
    }
    if name.len() > NAME_MAX {
        return Err(format!(
            "`{name}` has {} bytes; the name of an interface has at most {NAME_MAX}",
            name.len()
        ));
    }
    let odd = |c: char| c == '/' || c == ':' || c.is_whitespace() || c.is_control();
    if name == "." || name == ".." || name.contains(odd) {
        return Err(format!("`{name}` cannot be the name of an interface"));
    }
    Ok(name.to_owned())
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Link::Tap(name) => write!(f, "tap:{name}"),
            Link::Tun(name) => write!(f, "tun:{name}"),
            Link::Packet(name) => write!(f, "packet:{name}"),
            Link::Xdp(name) => write!(f, "xdp:{name}"),
            Link::Mem => f.write_str("mem"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_written_as_it_is_read() {
        for word in ["tap:osier0", "tun:osier-1", "packet:eth0", "xdp:eth0", "mem"] {
            assert_eq!(word.parse::<Link>().unwrap().to_string(), word);
        }
    }

    #[test]
    fn a_form_that_is_not_built_says_so() {
        for word in ["hub:/tmp/hub", "serial:/dev/ttyS0", "hub"] {
            let said = word.parse::<Link>().unwrap_err();
            assert!(said.contains("is not built yet"), "{said}");
        }
    }

    #[test]
    fn a_malformed_word_says_how_a_link_is_written() {
        for word in ["osier0", "", "eth:osier0", "TAP:osier0", "mem:"] {
            let said = word.parse::<Link>().unwrap_err();
            assert!(said.starts_with("a link is written tap:NAME"), "{said}");
        }
        assert!("tap:".parse::<Link>().unwrap_err().contains("tap:osier0"));
        assert!("tap".parse::<Link>().unwrap_err().contains("tap:osier0"));
        assert!("tap:sixteen-bytes-xx".parse::<Link>().unwrap_err().contains("at most 15"));
        for name in ["a/b", "a b", "a:b", ".", "..", "a\u{7}"] {
            let said = format!("tun:{name}").parse::<Link>().unwrap_err();
            assert!(said.contains("cannot be the name"), "{said}");
        }
    }
}
