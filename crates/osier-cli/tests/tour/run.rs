//! How is the tour run as somebody else, and on a system that refuses?
//!
//! In a mount namespace of the test's own lies another `/dev/net`; the rest is done by setpriv and
//! unshare of util-linux. Nothing outside of the namespaces is changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who takes the tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Root,
    Ordinary,
    /// An ordinary user, where no more user namespaces may be made.
    WithoutNamespaces,
}

/// What `/dev/net/tun` is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// Mode 0666.
    Free,
    /// Mode 0600.
    RootOnly,
    /// Not there.
    Missing,
}

/// Makes `/dev/net` anew in the mount namespace, and goes on as somebody else. `$1` is the mode of
/// the node or `none`, `$2` the user, the rest the command.
const SCRIPT: &str = r#"
set -e
mount -t tmpfs none /dev/net
if [ "$1" != none ]; then mknod /dev/net/tun c 10 200; chmod "$1" /dev/net/tun; fi
user=$2
shift 2
nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
if [ -n "$OSIER_TEST_PATH" ]; then command="env PATH=$OSIER_TEST_PATH"; fi
case $user in
Root) exec $command "$@" ;;
Ordinary) exec $nobody $command "$@" ;;
WithoutNamespaces)
    exec $nobody unshare --user --map-root-user sh -c '
        echo 0 > /proc/sys/user/max_user_namespaces
        exec setpriv --bounding-set=-all --inh-caps=-all "$@"' sh "$@" ;;
esac
"#;

/// A folder with the command in it, which is gone with this value.
pub(crate) struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// A folder for this test; `None`, said loudly, where the privilege for it is missing.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let id = Command::new("id").arg("-u").output().expect("there is `id`");
        if id.stdout.trim_ascii() != b"0" {
            let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!ci, "this test needs root");
            eprintln!("NOT TESTED: this test needs root");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("osier-tour-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder can be made");
        let stage = Stage { folder };
        stage.set_mode(0o777);
        fs::copy(env!("CARGO_BIN_EXE_osier"), stage.binary()).expect("the command can be copied");
        Some(stage)
    }

    fn binary(&self) -> PathBuf {
        self.folder.join("osier")
    }

    fn set_mode(&self, mode: u32) {
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    /// From now on only root may write into the folder.
    pub(crate) fn forbid_writing(&self) {
        self.set_mode(0o755);
    }

    /// The tour as a command.
    pub(crate) fn command(&self, user: User, node: Node, words: &[&str]) -> Command {
        let mode = match node {
            Node::Free => "0666",
            Node::RootOnly => "0600",
            Node::Missing => "none",
        };
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", SCRIPT, "sh", mode, &format!("{user:?}")]);
        command.arg("./osier").args(words).current_dir(&self.folder);
        command.env_remove("CARGO").env_remove("OSIER_TEST_PATH");
        command
    }

    /// One row for each frame of the capture.
    pub(crate) fn tshark(&self, fields: &[&str]) -> Vec<Vec<String>> {
        let mut command = Command::new("tshark");
        command.args(["-2", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]);
        command.arg("-r").arg(self.folder.join("osier-tour.pcapng")).args(["-T", "fields"]);
        fields.iter().for_each(|field| {
            command.args(["-e", field]);
        });
        let output = command.output().expect("tshark is installed");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tshark: {complaint}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().map(|row| row.split('\t').map(str::to_owned).collect()).collect()
    }

    /// What the tour has written into a file of this name.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).expect("the file is there")
    }

    /// The processes that work in this folder, with their command lines.
    pub(crate) fn processes(&self) -> Vec<String> {
        let numbers = fs::read_dir("/proc").expect("there is /proc").flatten();
        let ours = numbers.filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|folder| folder == self.folder)
        });
        ours.map(|entry| words(&entry.path())).collect()
    }

    /// As Ctrl-C would, but to one process.
    pub(crate) fn interrupt(&self, process: u32) {
        let status = Command::new("kill").args(["-INT", &process.to_string()]).status();
        assert!(status.expect("there is `kill`").success());
    }
}

fn words(process: &Path) -> String {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
