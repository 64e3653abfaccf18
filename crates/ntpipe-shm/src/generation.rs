//! Telling a process from the copies of it that `fork` makes: a number that each copy counts up.
//!
//! What two processes map together tells each other apart by what they are, not by where they run; a copy
//! of one of them would go on in its name, unseen. So who maps something notes the number of that moment,
//! and goes on only while it is still the number of now.
//!
//! The child's handler does nothing but count, so it does not matter what the other threads of the parent
//! were in the middle of. A program that is started sees none of it: `exec` begins anew, and `vfork` and
//! `posix_spawn` copy nothing. A bare `clone` or `_Fork` goes unnoticed.
#![allow(unsafe_code)]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// Never 0, which is free for "at no time".
static NOW: AtomicU32 = AtomicU32::new(1);

/// The number of this process.
#[inline]
#[must_use]
pub fn now() -> u32 {
    // Relaxed: it changes only in a new process, while that has one thread.
    NOW.load(Ordering::Relaxed)
}

/// As [`now`], for who is going to compare with it: from now on copies are counted.
#[must_use]
pub fn noted() -> u32 {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        // SAFETY: the handler is a function of this program and makes no call.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(count)) };
    });
    now()
}

/// Runs in each copy, before anything else of it.
extern "C" fn count() {
    NOW.fetch_add(1, Ordering::Relaxed);
}
