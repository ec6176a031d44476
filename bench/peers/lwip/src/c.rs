//! The three functions of `c/work.c`. The one place of `bench/` with unsafe code.

use std::ffi::{CStr, c_char, c_int};

pub(crate) const BULK: c_int = 0;
pub(crate) const RR: c_int = 1;
pub(crate) const CRR: c_int = 2;

// SAFETY: the signatures are those of `c/work.c`.
unsafe extern "C" {
    fn lwip_work_begin(
        kind: c_int,
        mtu: u16,
        checksums: c_int,
        copies: c_int,
        drop: c_int,
        idle: u32,
    ) -> c_int;
    fn lwip_work_advance(units: u64, look: c_int) -> c_int;
    fn lwip_work_wrong() -> *const c_char;
}

/// Two ends that are ready: whether they sum, copy, and throw TIME-WAIT away. Once in a process.
pub(crate) fn begin(kind: c_int, mtu: u16, how: [bool; 3], idle: u32) -> Result<(), String> {
    let [checksums, copies, drop] = how.map(c_int::from);
    // SAFETY: plain numbers go in; this program has one thread.
    let well = unsafe { lwip_work_begin(kind, mtu, checksums, copies, drop, idle) };
    outcome(well)
}

/// So many units more.
pub(crate) fn advance(units: u64, look: bool) -> Result<(), String> {
    // SAFETY: plain numbers go in; `begin` was called, since its caller holds what it returned.
    let well = unsafe { lwip_work_advance(units, look.into()) };
    outcome(well)
}

fn outcome(well: c_int) -> Result<(), String> {
    if well != 0 {
        return Ok(());
    }
    // SAFETY: a static array that ends with a 0, written by nothing but the calls above.
    let wrong = unsafe { CStr::from_ptr(lwip_work_wrong()) };
    Err(wrong.to_string_lossy().into_owned())
}
