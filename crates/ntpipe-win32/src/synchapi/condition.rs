//! Condition variables, in the eight bytes that the header gives them; zero is new.
//!
//! The word counts wakes. A sleeper notes it before it leaves the lock, so a wake after that ends the
//! sleep.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};

use ntpipe_shm::futex;

use super::critical::CRITICAL_SECTION;
use super::srw::SRWLOCK;
use super::{initialise, patience, shared};
use crate::boundary::{guarded, out, succeeds};
use crate::failure::{Failure, Result};
use crate::types::{BOOL, DWORD};

/// `CONDITION_VARIABLE_LOCKMODE_SHARED`.
const SHARED: u32 = 1;

/// `CONDITION_VARIABLE`.
#[repr(C, align(8))]
#[derive(Debug, Default)]
pub struct CONDITION_VARIABLE {
    wakes: AtomicU32,
    unused: AtomicU32,
}

const _: () = assert!(size_of::<CONDITION_VARIABLE>() == 8);

impl CONDITION_VARIABLE {
    /// Sleeps between `leave` and `enter`.
    fn sleep(&self, milliseconds: u32, leave: impl FnOnce(), enter: impl FnOnce()) -> Result<()> {
        // The lock orders this against the change that the wake is for.
        let seen = self.wakes.load(Ordering::Relaxed);
        leave();
        let woken = futex::wait(&self.wakes, seen, patience(milliseconds));
        enter();
        if woken { Ok(()) } else { Err(Failure::TIMEOUT) }
    }
}

/// `InitializeConditionVariable`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeConditionVariable(condition: *mut CONDITION_VARIABLE) {
    // SAFETY: valid, by the caller's promise.
    initialise(unsafe { out(condition) }, CONDITION_VARIABLE::default());
}

/// `SleepConditionVariableCS`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SleepConditionVariableCS(
    condition: *const CONDITION_VARIABLE,
    section: *const CRITICAL_SECTION,
    milliseconds: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: initialised, by the caller's promise.
        let section = unsafe { shared(section) }?;
        // SAFETY: as above.
        let condition = unsafe { shared(condition) }?;
        condition.sleep(milliseconds, || section.leave(), || section.enter())
    })
}

/// `SleepConditionVariableSRW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SleepConditionVariableSRW(
    condition: *const CONDITION_VARIABLE,
    lock: *const SRWLOCK,
    milliseconds: DWORD,
    flags: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: initialised, by the caller's promise.
        let lock = unsafe { shared(lock) }?;
        // SAFETY: as above.
        let condition = unsafe { shared(condition) }?;
        if flags & SHARED != 0 {
            condition.sleep(milliseconds, || lock.end_read(), || lock.read())
        } else {
            condition.sleep(milliseconds, || lock.end_write(), || lock.write())
        }
    })
}

/// `WakeConditionVariable`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WakeConditionVariable(condition: *const CONDITION_VARIABLE) {
    let wake = |condition: &CONDITION_VARIABLE| {
        condition.wakes.fetch_add(1, Ordering::Relaxed);
        futex::wake_one(&condition.wakes);
    };
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(condition) }.map(wake));
}

/// `WakeAllConditionVariable`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WakeAllConditionVariable(condition: *const CONDITION_VARIABLE) {
    let wake = |condition: &CONDITION_VARIABLE| {
        condition.wakes.fetch_add(1, Ordering::Relaxed);
        futex::wake_all(&condition.wakes);
    };
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(condition) }.map(wake));
}
