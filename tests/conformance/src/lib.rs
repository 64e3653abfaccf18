//! What Windows pipes do, written once and put before every implementation of them.
//!
//! A case is a plain function over a [`Door`]; it makes its own pipe, reads from top to bottom, and
//! asserts exact codes and data. [`all`] lists the cases, [`run`] puts a door before some of them.
//! The comment over a case tells where the fact is from: `observed` means that a test which runs
//! on Windows shows it, `learn` names the page of Microsoft's documentation, `model` means that
//! only a re-creation of the Windows driver says so.
//!
//! Left out, and why:
//! - overlapped calls, completion ports, APCs, alertable waits, handle signals: the door's calls
//!   are synchronous; closing a handle under its own pending call belongs to them too.
//! - NULL arguments, unknown flag bits, the byte count of a failed call, collection count and
//!   timeout, the computer name: plain values cannot say them.
//! - security descriptors, access masks, `FILE_WRITE_ATTRIBUTES` for a reader, creation
//!   dispositions, handle inheritance, duplicates: the door's options cannot say them.
//! - opening the directory `\\.\pipe\`, impersonation, NT calls: objects of Windows only.
//! - the death of a process with a pending write: a test with processes, not with calls.
//! - cancelling one of several calls on a handle: [`Door::cancel`] ends all of them, hence no
//!   flush that returns because the write it waited for was cancelled.
//! - whether a wait inside `CallNamedPipe` ends with 121 or 231 is open; 121 is asserted.

#![forbid(unsafe_code)]

pub mod cases;
pub mod code;
pub mod door;
#[cfg(feature = "rust")]
pub mod rust_door;
mod support;

use std::sync::mpsc;
use std::time::Duration;
use std::{panic, thread};

pub use door::Door;

/// A case's name and the case.
pub type Case<D> = (&'static str, fn(&D));

/// Every case.
#[must_use]
pub fn all<D: Door>() -> Vec<Case<D>> {
    cases::SECTIONS.iter().flat_map(|section| cases::of(section)).collect()
}

/// Puts the door before the cases, one after the other, and tells at the end which failed.
///
/// # Panics
///
/// If a case fails, or does not end.
pub fn run<D: Door>(door: &D, cases: &[Case<D>]) {
    let failed: Vec<_> = cases.iter().filter_map(|case| failure(door, case)).collect();
    assert!(
        failed.is_empty(),
        "{} of {} failed:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
}

/// How the case failed, if it did.
fn failure<D: Door>(door: &D, &(name, case): &Case<D>) -> Option<String> {
    let (done, result) = mpsc::channel();
    let door = door.clone();
    thread::spawn(move || {
        let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| case(&door)));
        // After the bound nobody listens any more.
        let _ = done.send(outcome.is_ok());
    });
    match result.recv_timeout(Duration::from_secs(60)) {
        Ok(true) => None,
        Ok(false) => Some(format!("{name}: failed")),
        Err(_) => Some(format!("{name}: a call never returned")),
    }
}
