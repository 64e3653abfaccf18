//! One-time initialisation, in the eight bytes that the header gives it; zero is not begun.
//!
//! ```text
//! 0            not begun
//! 1            one thread initialises, others wait
//! 3            any thread initialises, the first that completes counts
//! context | 2  done
//! ```
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::PerProcess;

use super::{initialise, shared};
use crate::boundary::{out, outward, put, succeeds};
use crate::failure::Result;
use crate::types::{BOOL, DWORD, LPVOID};

const NEW: usize = 0;
const BEGUN: usize = 1;
const DONE: usize = 2;
const BEGUN_BY_ANY: usize = 3;
const STATE: usize = 3;

const CHECK_ONLY: u32 = 1;
const ASYNC: u32 = 2;
const INIT_FAILED: u32 = 4;

/// `INIT_ONCE`.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct INIT_ONCE {
    word: AtomicUsize,
}

const _: () = assert!(size_of::<INIT_ONCE>() == 8);

/// Who waits for any initialisation; each is waited for once in a program's life at most.
static WAITERS: PerProcess<(Mutex<()>, Condvar)> = PerProcess::new();

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    WAITERS.get().0.lock()
}

impl INIT_ONCE {
    fn load(&self) -> usize {
        // SYNC(init-once): Acquire. Pairs with the Release in `replace`.
        self.word.load(Ordering::Acquire)
    }

    fn replace(&self, before: usize, next: usize) -> bool {
        // SYNC(init-once): AcqRel. Pairs with itself and the load above: who finds it done sees what
        // was initialised.
        let (ok, failed) = (Ordering::AcqRel, Ordering::Relaxed);
        self.word.compare_exchange(before, next, ok, failed).is_ok()
    }

    /// The context if it is done, or `None` if the caller is to initialise.
    fn begin(&self, flags: u32) -> Result<Option<usize>> {
        let begun = if flags & ASYNC != 0 { BEGUN_BY_ANY } else { BEGUN };
        loop {
            let now = self.load();
            match now & STATE {
                DONE => return Ok(Some(now & !STATE)),
                _ if flags & CHECK_ONLY != 0 => return Err(ErrorKind::GenFailure.into()),
                NEW if self.replace(NEW, begun) => return Ok(None),
                NEW => {}
                BEGUN_BY_ANY if begun == BEGUN_BY_ANY => return Ok(None),
                BEGUN if begun == BEGUN => self.wait(),
                _ => return Err(ErrorKind::InvalidParameter.into()),
            }
        }
    }

    fn wait(&self) {
        let (lock, changed) = WAITERS.get();
        let mut guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.load() & STATE == BEGUN {
            guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn complete(&self, flags: u32, context: usize) -> Result<()> {
        let failed = flags & INIT_FAILED != 0;
        let by_any = flags & ASYNC != 0;
        if context & STATE != 0 || failed && (context != 0 || by_any) {
            return Err(ErrorKind::InvalidParameter.into());
        }
        let begun = if by_any { BEGUN_BY_ANY } else { BEGUN };
        let next = if failed { NEW } else { context | DONE };
        if !self.replace(begun, next) {
            return Err(ErrorKind::GenFailure.into());
        }
        let (lock, changed) = WAITERS.get();
        // Nobody is between its look and its sleep then.
        drop(lock.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
        Ok(())
    }
}

/// `InitOnceInitialize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceInitialize(once: *mut INIT_ONCE) {
    // SAFETY: valid, by the caller's promise.
    initialise(unsafe { out(once) }, INIT_ONCE::default());
}

/// `InitOnceBeginInitialize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceBeginInitialize(
    once: *const INIT_ONCE,
    flags: DWORD,
    pending: *mut BOOL,
    context: *mut LPVOID,
) -> BOOL {
    succeeds(|| {
        if flags & !(CHECK_ONLY | ASYNC) != 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        // SAFETY: initialised, by the caller's promise.
        let done = unsafe { shared(once) }?.begin(flags)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(pending) }, BOOL::from(done.is_none()));
        if let Some(done) = done {
            // SAFETY: as above.
            put(unsafe { out(context) }, std::ptr::with_exposed_provenance_mut(done));
        }
        Ok(())
    })
}

/// `InitOnceComplete`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceComplete(
    once: *const INIT_ONCE,
    flags: DWORD,
    context: LPVOID,
) -> BOOL {
    succeeds(|| {
        if flags & !(ASYNC | INIT_FAILED) != 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        // SAFETY: initialised, by the caller's promise.
        unsafe { shared(once) }?.complete(flags, context.expose_provenance())
    })
}

/// What `InitOnceExecuteOnce` calls.
type Routine = unsafe extern "C" fn(*const INIT_ONCE, LPVOID, *mut LPVOID) -> BOOL;

/// `InitOnceExecuteOnce`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitOnceExecuteOnce(
    once: *const INIT_ONCE,
    routine: Option<Routine>,
    parameter: LPVOID,
    context: *mut LPVOID,
) -> BOOL {
    succeeds(|| {
        let routine = routine.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: initialised, by the caller's promise.
        let shared = unsafe { shared(once) }?;
        let mut made = std::ptr::null_mut();
        match shared.begin(0)? {
            Some(done) => made = std::ptr::with_exposed_provenance_mut(done),
            None => {
                let place = &raw mut made;
                // SAFETY: the program has given the routine to be called with these.
                if outward(|| unsafe { routine(once, parameter, place) }) == 0 {
                    let code = crate::boundary::last_error();
                    shared.complete(INIT_FAILED, 0)?;
                    return Err(crate::failure::Failure::new(code, 0xC000_0001));
                }
                shared.complete(0, made.expose_provenance())?;
            }
        }
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(context) }, made);
        Ok(())
    })
}
