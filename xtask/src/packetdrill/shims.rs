//! What stands for `sysctl`, `tc`, `ip`, `nstat` and `ethtool` while a script runs?
//!
//! google's scripts configure a kernel through these programs, and through a helper in Python that
//! writes under `/proc/sys`. Put first on PATH, ours write settings into a file that the library
//! reads, and touch nothing of this machine's.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The variable that names the file of settings.
pub(crate) const SETTINGS: &str = "OSIER_SETTINGS";

const SYSCTL: &str = r#"#!/bin/sh
for word; do case $word in *=*) echo "$word" >> "$OSIER_SETTINGS";; esac; done
"#;

const NOTHING: &str = "#!/bin/sh\nexit 0\n";

/// `ethtool -K tun0 tso off gso off`: whether segments leave whole is said by `tso`, and the last
/// word counts. Without `gso` alone a device takes them whole.
const ETHTOOL: &str = r#"#!/bin/sh
before=
for word; do
    case "$before $word" in
    "tso off") echo "osier.offloads=0" >> "$OSIER_SETTINGS";;
    "tso on") echo "osier.offloads=1" >> "$OSIER_SETTINGS";;
    esac
    before=$word
done
"#;

/// `ip tcp_metrics flush all`: what is known of peers is forgotten; `ip route change … mtu 640`,
/// whose metrics count for every route.
const IP: &str = r#"#!/bin/sh
case " $* " in
*" tcp_metrics flush "*) echo "osier.tcp_metrics=flush" >> "$OSIER_SETTINGS";;
*" route change "*) echo "osier.route=$*" >> "$OSIER_SETTINGS";;
esac
"#;

/// Their helper writes under /proc/sys, and leaves a program that restores what was there.
const PYTHON: &str = r#"#!/bin/sh
case "$1" in
*set_sysctls.py)
    shift
    for word; do echo "${word#/proc/sys/}" >> "$OSIER_SETTINGS"; done
    restore="/tmp/sysctl_restore_$PACKETDRILL_PID.sh"
    printf '#!/bin/sh\nrm -f "$0"\n' > "$restore"
    chmod u+x "$restore";;
*) PATH=${PATH#*:} exec python3 "$@";;
esac
"#;

/// A folder of programs, gone with this value.
#[derive(Debug)]
pub(crate) struct Shims {
    folder: PathBuf,
}

impl Shims {
    /// Writes them.
    pub(crate) fn new() -> io::Result<Shims> {
        let folder = std::env::temp_dir().join(format!("osier-packetdrill-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let shims = Shims { folder };
        let programs = [
            ("sysctl", SYSCTL),
            ("tc", NOTHING),
            ("ip", IP),
            ("nstat", NOTHING),
            ("ethtool", ETHTOOL),
            ("python3", PYTHON),
        ];
        for (name, text) in programs {
            let path = shims.folder.join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(shims)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// PATH with the folder in front.
    pub(crate) fn path(&self) -> String {
        let rest = std::env::var("PATH").unwrap_or_default();
        format!("{}:{rest}", self.folder.display())
    }
}

impl Drop for Shims {
    fn drop(&mut self) {
        // What is left lies in the temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
