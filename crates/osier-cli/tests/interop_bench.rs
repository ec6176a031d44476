//! Does osier keep within the instructions that it may take? (`docs/performance.md`)
//!
//! Needs valgrind and a minute, so it runs with the interop tests. In a release build only: the
//! limits say nothing of another.

use std::process::Command;

/// What a unit of each work may take at MTU 1500: a byte, an exchange, a connection.
const LIMITS: [(&str, f64); 3] = [("bulk", 3.0), ("rr", 7_000.0), ("crr", 30_000.0)];

#[test]
#[ignore = "needs valgrind and a release build"]
fn a_byte_an_exchange_and_a_connection_stay_within_their_instructions() {
    let program = release_build();
    for (work, limit) in LIMITS {
        let run = Command::new(&program)
            .args(["bench", work, "--instructions", "--json"])
            .output()
            .expect("the command runs");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{work}: {}", String::from_utf8_lossy(&run.stderr));
        let counted = instructions(&said);
        println!("{work}: {counted} instructions, at most {limit}");
        assert!(counted <= limit, "{work}: {counted} instructions, {limit} at most");
        assert!(counted > limit / 100.0, "{work}: {counted} is too little to be true");
    }
}

/// The number after `"instructions_per_unit":`.
fn instructions(json: &str) -> f64 {
    let (_, rest) = json.split_once("\"instructions_per_unit\":").expect("the field is there");
    let number = rest.split([',', '}']).next().expect("a value follows");
    number.parse().expect("a number, as valgrind counted")
}

/// The command, built as users build it, whatever this test was built as.
fn release_build() -> std::path::PathBuf {
    let built = std::path::PathBuf::from(env!("CARGO_BIN_EXE_osier"));
    if !cfg!(debug_assertions) {
        return built;
    }
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "-p", "osier-cli", "--bin", "osier"])
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the release build fails");
    // target/debug/osier -> target/release/osier
    let profiles = built.parent().and_then(|debug| debug.parent()).expect("a target folder");
    profiles.join("release").join("osier")
}
