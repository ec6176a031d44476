//! Compiles lwIP and the work over it as one unit, which is what link-time optimisation would make
//! of it: C at -O3 for the baseline of the processor family, no assertions.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    let sources = lwip().join("src");
    let main = "c/work.c";
    assert!(sources.join("core/tcp_in.c").is_file(), "no lwIP in {}", sources.display());
    cc::Build::new()
        .file(main)
        .include("c")
        .include(sources.join("include"))
        .include(sources)
        .opt_level(3)
        .debug(false)
        // Position-independent as a program is, not as a library: so calls can be inlined.
        .pic(false)
        .flag("-fPIE")
        .flag("-fno-strict-aliasing")
        .warnings(false)
        .compile("lwip_work");
    for file in ["work.c", "lwipopts.h", "arch/cc.h"] {
        println!("cargo:rerun-if-changed=c/{file}");
    }
}

/// Where cargo put the crate that carries lwIP: it is resolved and fetched, never compiled.
fn lwip() -> PathBuf {
    let cargo = std::env::var_os("CARGO").expect("cargo runs us");
    let words = ["metadata", "--format-version", "1", "--locked"];
    let said = Command::new(cargo).args(words).output().expect("cargo starts");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let all: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
    let packages = all["packages"].as_array().expect("packages");
    let lwip = packages.iter().find(|package| package["name"] == "lwip").expect("it is pinned");
    let manifest = PathBuf::from(lwip["manifest_path"].as_str().expect("a path"));
    manifest.parent().expect("a folder").to_owned()
}
