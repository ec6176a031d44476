//! Does a TCP do what a script says? packetdrill's language, read and run in virtual time.
//!
//! A script says which calls a program makes, which packets arrive, and which packets must leave,
//! each with its time. From the text upwards:
//!
//! | question | place |
//! | --- | --- |
//! | where in a file, and what is wrong there | [`span`] |
//! | characters into words | [`lexer`] |
//! | words into a script | [`parse`], into the types of [`ast`] |
//!
//! It runs no shell and no Python, reads no clock and opens no device.
#![forbid(unsafe_code)]

pub mod ast;
pub mod code;
pub mod config;
pub mod lexer;
pub mod names;
pub mod packet;
pub mod parse;
pub mod plan;
pub mod report;
pub mod run;
pub mod settings;
pub mod span;
pub mod stack;
