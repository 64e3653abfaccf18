//! Critical sections, in the space that the header gives them.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use ntpipe_shm::futex;

use super::{initialise, shared};
use crate::boundary::{guarded, out};
use crate::object::thread;
use crate::types::{BOOL, DWORD};

/// Nobody is in it: what Windows has there too.
const FREE: u32 = u32::MAX;
/// Somebody is.
const HELD: u32 = 0;
/// And somebody waits.
const CONTENDED: u32 = 1;

/// `CRITICAL_SECTION`.
#[repr(C)]
#[derive(Debug)]
pub struct CRITICAL_SECTION {
    debug: AtomicUsize,
    lock: AtomicU32,
    depth: AtomicU32,
    owner: AtomicUsize,
    semaphore: AtomicUsize,
    spins: AtomicUsize,
}

const _: () = assert!(size_of::<CRITICAL_SECTION>() == 40);

impl CRITICAL_SECTION {
    fn new(spins: u32) -> Self {
        Self {
            debug: AtomicUsize::new(0),
            lock: AtomicU32::new(FREE),
            depth: AtomicU32::new(0),
            owner: AtomicUsize::new(0),
            semaphore: AtomicUsize::new(0),
            spins: AtomicUsize::new(spins as usize),
        }
    }

    /// Enters once more, if this thread is in it.
    fn enter_again(&self, me: usize) -> bool {
        // No other thread writes this one's number there.
        let again = self.owner.load(Ordering::Relaxed) == me;
        if again {
            self.depth.fetch_add(1, Ordering::Relaxed);
        }
        again
    }

    fn try_enter(&self, me: usize, next: u32) -> bool {
        // SYNC(program-lock): Acquire. Pairs with the Release in `leave`.
        let (ok, failed) = (Ordering::Acquire, Ordering::Relaxed);
        let entered = self.lock.compare_exchange(FREE, next, ok, failed).is_ok();
        if entered {
            self.owner.store(me, Ordering::Relaxed);
            self.depth.store(1, Ordering::Relaxed);
        }
        entered
    }

    /// Enters, and waits as long as another thread is in it.
    pub(super) fn enter(&self) {
        let me = thread::current_id() as usize;
        if self.enter_again(me) || self.try_enter(me, HELD) {
            return;
        }
        for _ in 0..self.spins.load(Ordering::Relaxed).min(1 << 16) {
            if self.try_enter(me, HELD) {
                return;
            }
            std::hint::spin_loop();
        }
        while !self.try_enter(me, CONTENDED) {
            let (ok, failed) = (Ordering::Relaxed, Ordering::Relaxed);
            let _ = self.lock.compare_exchange(HELD, CONTENDED, ok, failed);
            futex::wait(&self.lock, CONTENDED, None);
        }
    }

    /// Leaves once. Whoever is not in it leaves it as it is.
    pub(super) fn leave(&self) {
        if self.owner.load(Ordering::Relaxed) != thread::current_id() as usize {
            return;
        }
        let depth = self.depth.load(Ordering::Relaxed).saturating_sub(1);
        self.depth.store(depth, Ordering::Relaxed);
        if depth == 0 {
            self.owner.store(0, Ordering::Relaxed);
            // SYNC(program-lock): Release. Pairs with the Acquire in `try_enter`.
            if self.lock.swap(FREE, Ordering::Release) == CONTENDED {
                futex::wake_one(&self.lock);
            }
        }
    }
}

/// `InitializeCriticalSection`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeCriticalSection(section: *mut CRITICAL_SECTION) {
    // SAFETY: valid, by the caller's promise.
    initialise(unsafe { out(section) }, CRITICAL_SECTION::new(0));
}

/// `InitializeCriticalSectionAndSpinCount`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeCriticalSectionAndSpinCount(
    section: *mut CRITICAL_SECTION,
    spins: DWORD,
) -> BOOL {
    // SAFETY: valid, by the caller's promise.
    initialise(unsafe { out(section) }, CRITICAL_SECTION::new(spins & 0xFF_FFFF));
    1
}

/// `InitializeCriticalSectionEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeCriticalSectionEx(
    section: *mut CRITICAL_SECTION,
    spins: DWORD,
    _flags: DWORD,
) -> BOOL {
    // SAFETY: the caller's promise is the same.
    unsafe { InitializeCriticalSectionAndSpinCount(section, spins) }
}

/// `SetCriticalSectionSpinCount`: what it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetCriticalSectionSpinCount(
    section: *const CRITICAL_SECTION,
    spins: DWORD,
) -> DWORD {
    let set = || {
        // SAFETY: initialised, by the caller's promise.
        let section = unsafe { shared(section) }?;
        let before = section.spins.swap((spins & 0xFF_FFFF) as usize, Ordering::Relaxed);
        Ok(u32::try_from(before).unwrap_or(0))
    };
    guarded(set).unwrap_or(0)
}

/// `EnterCriticalSection`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EnterCriticalSection(section: *const CRITICAL_SECTION) {
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(section) }.map(CRITICAL_SECTION::enter));
}

/// `TryEnterCriticalSection`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TryEnterCriticalSection(section: *const CRITICAL_SECTION) -> BOOL {
    let enter = || {
        // SAFETY: initialised, by the caller's promise.
        let section = unsafe { shared(section) }?;
        let me = thread::current_id() as usize;
        Ok(section.enter_again(me) || section.try_enter(me, HELD))
    };
    guarded(enter).is_ok_and(|entered| entered).into()
}

/// `LeaveCriticalSection`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LeaveCriticalSection(section: *const CRITICAL_SECTION) {
    // SAFETY: initialised, by the caller's promise.
    let _ = guarded(|| unsafe { shared(section) }.map(CRITICAL_SECTION::leave));
}

/// `DeleteCriticalSection`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteCriticalSection(section: *mut CRITICAL_SECTION) {
    let delete = || {
        // SAFETY: valid, by the caller's promise; nobody uses it any more.
        let section = unsafe { shared(section) }?;
        section.lock.store(FREE, Ordering::Relaxed);
        Ok(())
    };
    let _ = guarded(delete);
}
