//! `winternl.h`: the NT level, on which Windows builds the functions above it. Here it stands beside them,
//! on the same objects.
//!
//! Everything answers a status; the last error is left alone. Where several statuses share one Win32 code,
//! the engine has only the code, and [`refine`] says which status an operation means by it.
#![allow(unsafe_code)]

pub mod answer;
pub mod control;
pub mod directory;
pub mod dos_error;
pub mod events;
pub mod name;
pub mod object;
pub mod open;
pub mod ports;
pub mod query;
pub mod set;
pub mod strings;
pub mod transfer;
pub mod types;
pub mod volume;

use crate::boundary::{out, put};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::types::HANDLE;
use types::IO_STATUS_BLOCK;

/// An operation whose failures have statuses of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creating an instance.
    Create,
    /// Opening a pipe.
    Open,
    /// Reading.
    Read,
    /// Sending a request and reading its reply.
    Transact,
    /// What the server end alone can do.
    Serve,
}

/// The status that an operation means by a failure whose Win32 code stands for several.
#[must_use]
pub fn refine(operation: Operation, failure: Failure) -> Failure {
    let nt = match (operation, failure.win32) {
        (Operation::Create, 231) => Failure::INSTANCE_NOT_AVAILABLE.nt,
        (Operation::Open, 231) => Failure::PIPE_NOT_AVAILABLE.nt,
        (Operation::Read | Operation::Transact, 232) => Failure::PIPE_EMPTY.nt,
        (Operation::Serve, 1) => Failure::ILLEGAL_FUNCTION.nt,
        _ => failure.nt,
    };
    Failure { nt, ..failure }
}

/// What a handle stands for, if it may do this.
///
/// # Errors
/// `STATUS_INVALID_HANDLE`, `STATUS_ACCESS_DENIED`.
pub(crate) fn entry(handle: HANDLE, access: u32) -> Result<Entry> {
    let entry = handle::get(handle)?;
    if entry.access & access == access {
        Ok(entry)
    } else {
        Err(ntpipe::ErrorKind::AccessDenied.into())
    }
}

/// Tells in a status block how a call went that is over; null is refused.
///
/// # Errors
/// What `run` gives; the block is left alone then.
///
/// # Safety
/// `block` is null or valid for writes while the call lasts.
pub(crate) unsafe fn with_block(
    block: *mut IO_STATUS_BLOCK,
    run: impl FnOnce() -> Result<(u32, usize)>,
) -> Result<u32> {
    // SAFETY: the caller's promise.
    let place = Some(unsafe { out(block) }.ok_or(Failure::NO_ACCESS)?);
    let (status, information) = run()?;
    put(place, IO_STATUS_BLOCK { Status: status as usize, Information: information });
    Ok(status)
}

#[cfg(test)]
mod tests;
