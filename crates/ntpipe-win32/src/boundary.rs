//! Where C meets Rust: panics stop here, failures become the last error, pointers become references.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::{Failure, Result};
use crate::types::{BOOL, HANDLE, INVALID_HANDLE_VALUE};

thread_local! {
    static LAST_ERROR: Cell<u32> = const { Cell::new(0) };
    /// How many routines of the program's this library is calling.
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

/// Calls a routine of the program's. It may end the thread, which then leaves the frames of this library
/// as they are.
pub fn outward<T>(call: impl FnOnce() -> T) -> T {
    let count = |change: fn(u32) -> u32| {
        let _ = CALLS.try_with(|calls| calls.set(change(calls.get())));
    };
    count(|calls| calls + 1);
    let answer = call();
    count(|calls| calls.saturating_sub(1));
    answer
}

/// Whether the calling code is a routine that this library calls.
#[must_use]
pub fn is_called() -> bool {
    CALLS.try_with(Cell::get).is_ok_and(|calls| calls > 0)
}

/// The calling thread's last error.
#[must_use]
pub fn last_error() -> u32 {
    LAST_ERROR.get()
}

/// Sets the calling thread's last error.
pub fn set_last_error(code: u32) {
    // A thread that is ending has none any more.
    let _ = LAST_ERROR.try_with(|last| last.set(code));
}

/// Runs what stands behind a function; a panic in it is a failure like others.
///
/// # Errors
/// What `body` gives.
#[inline]
pub fn guarded<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Failure::INTERNAL))
}

/// A function that answers whether it succeeded.
#[inline]
pub fn succeeds(body: impl FnOnce() -> Result<()>) -> BOOL {
    answer(0, || body().map(|()| 1))
}

/// A function that answers a handle, or `INVALID_HANDLE_VALUE`.
pub fn gives_file(body: impl FnOnce() -> Result<HANDLE>) -> HANDLE {
    answer(INVALID_HANDLE_VALUE, body)
}

/// A function that answers a handle, or null.
pub fn gives_object(body: impl FnOnce() -> Result<HANDLE>) -> HANDLE {
    answer(std::ptr::null_mut(), body)
}

/// A function of the NT level, which answers a status and leaves the last error alone.
#[inline]
pub fn status(body: impl FnOnce() -> Result<u32>) -> i32 {
    guarded(body).unwrap_or_else(|failure| failure.nt).cast_signed()
}

/// A function that answers `failed` and sets the last error when it fails.
#[inline]
pub fn answer<T>(failed: T, body: impl FnOnce() -> Result<T>) -> T {
    match guarded(body) {
        Ok(answer) => answer,
        Err(failure) => {
            set_last_error(failure.win32);
            failed
        }
    }
}

/// The place of a result that the caller wants, or none.
///
/// # Safety
/// `place` is null or valid for writes for as long as the call lasts.
#[inline]
#[must_use]
pub unsafe fn out<'a, T>(place: *mut T) -> Option<&'a mut MaybeUninit<T>> {
    // SAFETY: the caller's promise; `MaybeUninit` asks for no valid value.
    unsafe { place.cast::<MaybeUninit<T>>().as_mut() }
}

/// A value of the caller's, or none.
///
/// # Safety
/// `place` is null or points to a valid value that nobody writes while the call lasts.
#[inline]
#[must_use]
pub unsafe fn value<'a, T>(place: *const T) -> Option<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { place.as_ref() }
}

/// Holds a call that moves bytes to a buffer for them.
///
/// # Errors
/// `ERROR_NOACCESS` for null and a length: no bytes, or an empty message, would be a guess.
#[inline]
pub fn there<T>(start: *const T, len: u32) -> Result<()> {
    if start.is_null() && len != 0 { Err(Failure::NO_ACCESS) } else { Ok(()) }
}

/// Bytes of the caller's to read; none of them for null.
///
/// # Safety
/// `start` is null or valid for reads of `len` bytes, which nobody writes, while the call lasts.
#[inline]
#[must_use]
pub unsafe fn bytes<'a>(start: *const u8, len: u32) -> &'a [u8] {
    if start.is_null() || len == 0 {
        return &[];
    }
    // SAFETY: not null (above), and valid for `len` bytes by the caller's promise.
    unsafe { std::slice::from_raw_parts(start, len as usize) }
}

/// Bytes of the caller's to fill; none of them for null. What C has not set counts as set to anything.
///
/// # Safety
/// `start` is null or valid for reads and writes of `len` bytes, which nobody else touches, while the
/// call lasts.
#[inline]
#[must_use]
pub unsafe fn bytes_mut<'a>(start: *mut u8, len: u32) -> &'a mut [u8] {
    if start.is_null() || len == 0 {
        return &mut [];
    }
    // SAFETY: not null (above), and valid for `len` bytes by the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(start, len as usize) }
}

/// Fills the place of a result, if it is wanted.
#[inline]
pub fn put<T>(place: Option<&mut MaybeUninit<T>>, value: T) {
    if let Some(place) = place {
        place.write(value);
    }
}
