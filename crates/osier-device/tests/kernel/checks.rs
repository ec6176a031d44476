//! (being written)
pub(crate) const CHECKS: &[(&str, fn())] = &[];
