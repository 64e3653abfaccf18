//! Waiting for a change of any one, two, four or eight bytes of the program's.
//!
//! Addresses share a few words to sleep on. A sleeper notes its word before it looks at the bytes, so a
//! wake after that ends the sleep; one meant for another address does so too, which the contract allows.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use ntpipe::ErrorKind;
use ntpipe_shm::futex;

use super::patience;
use crate::boundary::{guarded, succeeds};
use crate::failure::{Failure, Result};
use crate::types::{BOOL, DWORD};

const WORDS: usize = 256;

static WAKES: [AtomicU32; WORDS] = [const { AtomicU32::new(0) }; WORDS];

fn word(address: *const c_void) -> &'static AtomicU32 {
    let at = address.addr() >> 3;
    &WAKES[(at ^ at >> 8 ^ at >> 16) % WORDS]
}

/// The value at an address.
///
/// # Safety
/// The address is valid for so many bytes, a multiple of their number, and the program changes what is
/// there as a whole.
unsafe fn load(address: *const c_void, size: usize) -> Result<u64> {
    if address.is_null() || !address.addr().is_multiple_of(size.max(1)) {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let address = address.cast_mut();
    Ok(match size {
        // SAFETY: valid and aligned, by the caller's promise; here and below.
        1 => unsafe { AtomicU8::from_ptr(address.cast()) }.load(Ordering::Relaxed).into(),
        // SAFETY: as above.
        2 => unsafe { AtomicU16::from_ptr(address.cast()) }.load(Ordering::Relaxed).into(),
        // SAFETY: as above.
        4 => unsafe { AtomicU32::from_ptr(address.cast()) }.load(Ordering::Relaxed).into(),
        // SAFETY: as above.
        8 => unsafe { AtomicU64::from_ptr(address.cast()) }.load(Ordering::Relaxed),
        _ => return Err(ErrorKind::InvalidParameter.into()),
    })
}

/// The value that a comparison is with, wherever it stands.
///
/// # Safety
/// The address is valid for so many bytes.
unsafe fn read(address: *const c_void, size: usize) -> Result<u64> {
    if address.is_null() || !matches!(size, 1 | 2 | 4 | 8) {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let mut bytes = [0; 8];
    // SAFETY: valid for so many bytes, by the caller's promise.
    let given = unsafe { std::slice::from_raw_parts(address.cast::<u8>(), size) };
    bytes[..size].copy_from_slice(given);
    Ok(u64::from_le_bytes(bytes))
}

/// `WaitOnAddress`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitOnAddress(
    address: *const c_void,
    compare: *const c_void,
    size: usize,
    milliseconds: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: valid, by the caller's promise.
        let unwanted = unsafe { read(compare, size) }?;
        let word = word(address);
        // SYNC(address): Acquire. Pairs with the Release addition of a wake: who finds its count finds
        // the value, too, that the wake was for.
        let seen = word.load(Ordering::Acquire);
        // SAFETY: valid and shared, by the caller's promise.
        if unsafe { load(address, size) }? != unwanted {
            return Ok(());
        }
        let woken = futex::wait(word, seen, patience(milliseconds));
        if woken { Ok(()) } else { Err(Failure::TIMEOUT) }
    })
}

/// `WakeByAddressSingle`: wakes more than one, since sleepers for other addresses may be among them.
#[unsafe(no_mangle)]
pub extern "C" fn WakeByAddressSingle(address: *const c_void) {
    WakeByAddressAll(address);
}

/// `WakeByAddressAll`.
#[unsafe(no_mangle)]
pub extern "C" fn WakeByAddressAll(address: *const c_void) {
    let _ = guarded(|| {
        // SYNC(address): Release. Pairs with the Acquire load in `WaitOnAddress`.
        word(address).fetch_add(1, Ordering::Release);
        futex::wake_all(word(address));
        Ok(())
    });
}
