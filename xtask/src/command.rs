//! How is another program run, and how did it end?
//!
//! The child writes to our own output, so that nothing it says is lost or late.

use std::env;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a child with a time limit is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the project's root")
}

/// The cargo that runs us, in the project's root.
pub(crate) fn cargo(words: &[&str]) -> Command {
    program(&env::var("CARGO").unwrap_or("cargo".to_owned()), words)
}

/// Another program, in the project's root.
pub(crate) fn program(name: &str, words: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(words).current_dir(root()).stdin(Stdio::null());
    command
}

/// Prints the command, runs it to its end, and says what went wrong if anything did.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let line = show(command);
    println!("$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}`: {status}")),
        Err(error) => Err(format!("`{line}` could not be started: {error}")),
    }
}

/// Runs the command and keeps what it says; after `limit` it is ended.
///
/// Standard error comes back, which is where cargo's tools write, and whether all went well.
pub(crate) fn listen(command: &mut Command, limit: Duration) -> Result<(bool, String), String> {
    println!("$ {}", show(command));
    let piped = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|error| error.to_string())?;
    let mut pipe = child.stderr.take().expect("standard error is piped");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let _ = pipe.read_to_string(&mut text); // not UTF-8: what came before it is kept
        text
    });
    let success = wait(&mut child, limit)?;
    Ok((success, reader.join().unwrap_or_default()))
}

fn wait(child: &mut Child, limit: Duration) -> Result<bool, String> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status.success());
        }
        if start.elapsed() >= limit {
            child.kill().map_err(|error| error.to_string())?;
            child.wait().map_err(|error| error.to_string())?;
            return Err(format!("no answer within {} s", limit.as_secs()));
        }
        thread::sleep(GLANCE);
    }
}

/// Does the command end well? What it says goes nowhere.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Where a program lies, also where an ordinary user's PATH leaves out the `sbin` folders.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.extend(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The command as one would type it, with the variables that were set for it.
fn show(command: &Command) -> String {
    let quoted = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy();
        if word.contains([' ', '*']) { format!("'{word}'") } else { word.into_owned() }
    };
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut words: Vec<String> =
        set.map(|(name, value)| format!("{}={}", name.to_string_lossy(), quoted(value))).collect();
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    words.push(quoted(name));
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = program("/usr/bin/true", &["a b", "c"]);
        command.env("X", "-D warnings").env_remove("Y");
        assert_eq!(show(&command), "X='-D warnings' true 'a b' c");
    }

    #[test]
    fn a_command_that_fails_says_so_and_one_that_is_not_there_too() {
        assert_eq!(run(&mut program("true", &[])), Ok(()));
        assert!(run(&mut program("false", &[])).unwrap_err().contains("exit status: 1"));
        assert!(run(&mut program("no-such-program", &[])).unwrap_err().contains("started"));
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let start = Instant::now();
        let heard = listen(&mut program("sleep", &["60"]), Duration::from_millis(100));
        assert!(heard.is_err() && start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn what_a_command_says_of_its_failure_is_kept() {
        let mut command = program("sh", &["-c", "echo said >&2; exit 4"]);
        assert_eq!(listen(&mut command, Duration::from_secs(30)), Ok((false, "said\n".to_owned())));
    }
}
