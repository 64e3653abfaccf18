//! Slim locks for readers and writers, in the eight bytes that the header gives them; zero is free.
//!
//! ```text
//! state    bits 0-29  how many readers are in it; all ones: a writer
//!          bit 30     WAITED: somebody sleeps on the state
//! writers  how many writers wait: new readers wait behind them
//! ```
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};

use ntpipe_shm::futex;

use super::{initialise, shared};
use crate::boundary::{guarded, out};

const HOLDERS: u32 = 0x3FFF_FFFF;
const WRITER: u32 = HOLDERS;
const WAITED: u32 = 1 << 30;

/// `SRWLOCK`.
#[repr(C, align(8))]
#[derive(Debug, Default)]
pub struct SRWLOCK {
    state: AtomicU32,
    writers: AtomicU32,
}

const _: () = assert!(size_of::<SRWLOCK>() == 8);

impl SRWLOCK {
    fn try_write(&self) -> bool {
        let next = |now| (now & HOLDERS == 0).then_some(now | WRITER);
        // SYNC(program-lock): Acquire, here and in `try_read`. Pairs with the Releases below.
        self.state.fetch_update(Ordering::Acquire, Ordering::Relaxed, next).is_ok()
    }

    fn try_read(&self) -> bool {
        let next = |now| (now & HOLDERS < WRITER - 1).then_some(now + 1);
        self.state.fetch_update(Ordering::Acquire, Ordering::Relaxed, next).is_ok()
    }

    pub(super) fn write(&self) {
        if self.try_write() {
            return;
        }
        self.writers.fetch_add(1, Ordering::Relaxed);
        while !self.try_write() {
            self.sleep(|holders| holders != 0);
        }
        self.writers.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) {
        loop {
            let behind = self.writers.load(Ordering::Relaxed) > 0;
            if !behind && self.try_read() {
                return;
            }
            // While nobody is in it, the writer that waits is about to be.
            self.sleep(|holders| holders == WRITER || behind && holders != 0);
            if behind && self.state.load(Ordering::Relaxed) & HOLDERS == 0 {
                std::thread::yield_now();
            }
        }
    }

    /// Sleeps until the state changes, if whoever is in it is `in_the_way`.
    fn sleep(&self, in_the_way: impl Fn(u32) -> bool) {
        let announce = |now| in_the_way(now & HOLDERS).then_some(now | WAITED);
        let (ok, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        if let Ok(before) = self.state.fetch_update(ok, failed, announce) {
            futex::wait(&self.state, before | WAITED, None);
        }
    }

    pub(super) fn end_write(&self) {
        // SYNC(program-lock): Release. Pairs with the Acquires above.
        if self.state.swap(0, Ordering::Release) & WAITED != 0 {
            futex::wake_all(&self.state);
        }
    }

    pub(super) fn end_read(&self) {
        let next = |now| match now & HOLDERS {
            1 => Some(0),
            0 => None,
            _ => Some(now - 1),
        };
        // SYNC(program-lock): Release. Pairs with the Acquires above.
        let before = self.state.fetch_update(Ordering::Release, Ordering::Relaxed, next);
        if before == Ok(1 | WAITED) {
            futex::wake_all(&self.state);
        }
    }
}

/// `InitializeSRWLock`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeSRWLock(lock: *mut SRWLOCK) {
    // SAFETY: valid, by the caller's promise.
    initialise(unsafe { out(lock) }, SRWLOCK::default());
}

/// `AcquireSRWLockExclusive`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AcquireSRWLockExclusive(lock: *const SRWLOCK) {
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(lock) }.map(SRWLOCK::write));
}

/// `AcquireSRWLockShared`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AcquireSRWLockShared(lock: *const SRWLOCK) {
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(lock) }.map(SRWLOCK::read));
}

/// `TryAcquireSRWLockExclusive`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TryAcquireSRWLockExclusive(lock: *const SRWLOCK) -> u8 {
    // SAFETY: initialised, by the caller's promise.
    let acquired = guarded(|| unsafe { shared(lock) }.map(SRWLOCK::try_write));
    acquired.is_ok_and(|acquired| acquired).into()
}

/// `TryAcquireSRWLockShared`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TryAcquireSRWLockShared(lock: *const SRWLOCK) -> u8 {
    // SAFETY: initialised, by the caller's promise.
    let acquired = guarded(|| unsafe { shared(lock) }.map(SRWLOCK::try_read));
    acquired.is_ok_and(|acquired| acquired).into()
}

/// `ReleaseSRWLockExclusive`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSRWLockExclusive(lock: *const SRWLOCK) {
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(lock) }.map(SRWLOCK::end_write));
}

/// `ReleaseSRWLockShared`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSRWLockShared(lock: *const SRWLOCK) {
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(lock) }.map(SRWLOCK::end_read));
}
