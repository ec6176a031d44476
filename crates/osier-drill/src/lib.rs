//! Does a TCP do what a script says? packetdrill's language, read and run in virtual time.
//!
//! A script says which calls a program makes, which packets arrive, and which packets must leave,
//! each with its time. From the text upwards:
//!
//! | question | place |
//! | --- | --- |
//! | where in a file, and what is wrong there | [`span`] |
//! | characters into words, words into a script | [`lexer`], [`parse`], [`ast`] |
//! | what surrounds a script | [`config`] |
//! | can it be run, and what is to be done | [`plan`], with [`names`], [`settings`], [`code`] |
//! | packets as octets, and compared | [`packet`] |
//! | events in their order and time | [`run`] |
//! | one script, from text to verdict | [`drill`] |
//! | how it is told | [`report`] |
//! | through which doors a stack is reached | [`stack`]; behind them [`osier`] or the [`kernel`] |
//!
//! It runs no shell and no Python; but for [`kernel`] it reads no clock and opens no device.
#![forbid(unsafe_code)]

pub mod ast;
pub mod code;
pub mod config;
pub mod drill;
pub mod kernel;
pub mod lexer;
pub mod names;
mod numbers;
pub mod osier;
pub mod packet;
pub mod parse;
pub mod plan;
pub mod report;
pub mod run;
pub mod settings;
pub mod span;
pub mod stack;
