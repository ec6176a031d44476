//! The functions of the table: each reads its arguments, makes one call and tells its result.

pub(crate) mod control;
pub(crate) mod interpose;
pub(crate) mod messages;
pub(crate) mod network;
pub(crate) mod open;
pub(crate) mod options;
pub(crate) mod ready;
pub(crate) mod streams;
