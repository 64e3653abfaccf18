//! Whatever reads bytes that others wrote, as functions of such bytes.
//!
//! Each one panics when a promise is broken. `tests/replay.rs` calls them with the inputs that are kept in
//! `fuzz/corpus` and with random changes of those; the programs in `fuzz` let libFuzzer search.

mod memory;
mod text;

pub use memory::{event, records, segment};
pub use text::{acl, meta, name, sddl, token};

/// What a folder in `fuzz/corpus` and a program are called, and the function of bytes. It tells whether the
/// bytes were accepted: if none of those that are kept ever are, they test nothing.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All of them.
pub const TARGETS: &[Target] = &[
    ("acl", acl),
    ("event", event),
    ("meta", meta),
    ("name", name),
    ("records", records),
    ("sddl", sddl),
    ("segment", segment),
    ("token", token),
];
