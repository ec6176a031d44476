//! Can another program look into a running stack, and only its owner's?

use osier::control::{Control, Line, ask};
use osier::{SocketInfo, Stack};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

/// A folder of this test alone, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("osier-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn answer(path: PathBuf) -> Vec<Line> {
    tokio::task::spawn_blocking(|| ask(path)).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_client_hears_of_the_stack_its_sockets_and_its_counters() {
    let folder = Folder::new("control");
    let path = folder.0.join("new/tap-osier0.sock");
    let stack = Stack::builder().build().unwrap();
    let listener = stack.tcp_listen("127.0.0.1:80".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(stack.tcp_connect(to), listener.accept());
    let (called, _accepted) = (called.unwrap(), accepted.unwrap());
    let info: SocketInfo = called.info().unwrap();
    let control = Control::serve(&stack, "tap:osier0", &path).unwrap();

    let lines = answer(path.clone()).await;
    assert!(matches!(&lines[0], Line::Stack { link, .. } if link == "tap:osier0"));
    let state = |local: &str| {
        lines.iter().find_map(|line| match line {
            Line::Socket(socket) if socket.local == local.parse().unwrap() => socket.state.clone(),
            _ => None,
        })
    };
    assert_eq!(state("127.0.0.1:80").as_deref(), Some("LISTEN"));
    assert_eq!(state(&info.local.to_string()).as_deref(), Some("ESTABLISHED"));
    let open = lines.iter().find_map(|line| match line {
        Line::Socket(socket) if socket.local == info.local => Some(socket),
        _ => None,
    });
    let open = open.unwrap();
    assert_eq!(open.congestion.as_deref(), Some("cubic"));
    let mine = called.tcp_info().unwrap();
    assert_eq!((open.tcp_info["snd_cwnd"], open.tcp_info["segs_out"]), (10, 2));
    assert_eq!((open.tcp_info["pmtu"], mine.pmtu), (65_535, 65_535), "IP header included");
    assert_eq!(open.tcp_info.len(), mine.fields().count());
    let counter = |wanted: &str| {
        lines.iter().find_map(|line| match line {
            Line::Counter { name, value } if name == wanted => Some(*value),
            _ => None,
        })
    };
    assert!(counter("state_changes").unwrap() > 0);

    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let parent = fs::metadata(path.parent().unwrap()).unwrap();
    assert_eq!(parent.permissions().mode() & 0o777, 0o700);
    drop(control);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_that_a_dead_process_left_is_replaced_and_a_living_one_is_not() {
    let folder = Folder::new("control-stale");
    let path = folder.0.join("stale.sock");
    drop(UnixListener::bind(&path).unwrap());
    let stack = Stack::builder().build().unwrap();
    let control = Control::serve(&stack, "mem", &path).unwrap();
    let error = Control::serve(&stack, "mem", &path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("stale.sock"), "{error}");
    assert!(!answer(control.path().to_owned()).await.is_empty());
}

#[test]
fn asking_where_nobody_serves_is_an_error() {
    assert_eq!(ask("/nowhere/at/all.sock").unwrap_err().kind(), ErrorKind::NotFound);
}
