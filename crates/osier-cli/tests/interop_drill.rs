//! Does the command as it is released pass our own drills?
//!
//! `cargo test` runs them in a debug build; what an optimiser makes of it is another program.
//! Run by `cargo xtask test`, in release.

use std::process::Command;

#[test]
#[ignore = "of the release build"]
fn the_released_command_passes_every_script_of_ours() {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../osier-drill/scripts");
    let run = Command::new(env!("CARGO_BIN_EXE_osier")).args(["drill", scripts]).output();
    let run = run.expect("the command starts");
    let told = String::from_utf8_lossy(&run.stdout);
    let last = told.lines().last().unwrap_or_default();
    assert!(run.status.success(), "{last}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(last.contains(" 0 failed"), "{last}");
}
