//! What a client says of itself, so that its server can take on less than the kernel attests.
//!
//! Two words travel: one is told when the client opens and never changes, the other is a byte with each
//! write, which belongs to the thread that writes. What their bits mean is the façade's business. Both
//! are the client's word: a server may let them lower what it grants, and never raise it. Who the
//! client is comes from the kernel alone.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Whether anything is said by anybody: as long as it is not, nobody pays for the question.
static SAID: AtomicBool = AtomicBool::new(false);
/// What threads say that were not told to say anything.
static OF_PROCESS: AtomicU8 = AtomicU8::new(0);

thread_local! {
    static OF_THREAD: Cell<Option<u8>> = const { Cell::new(None) };
}

/// What the calling thread says with its writes; 0 unless it was told to say something.
#[inline]
#[must_use]
pub fn of_thread() -> u8 {
    // Relaxed: a thread that says something has set it itself.
    if SAID.load(Ordering::Relaxed) { said() } else { 0 }
}

#[cold]
fn said() -> u8 {
    let own = OF_THREAD.try_with(Cell::get).ok().flatten();
    own.unwrap_or_else(|| OF_PROCESS.load(Ordering::Relaxed))
}

/// From now on the calling thread says this with its writes; with `None`, what its process says.
pub fn set_for_thread(tag: Option<u8>) {
    if tag.is_some() {
        SAID.store(true, Ordering::Relaxed);
    }
    // A thread that is ending writes no more.
    let _ = OF_THREAD.try_with(|own| own.set(tag));
}

/// From now on all threads say this that say nothing of their own.
pub fn set_for_process(tag: u8) {
    OF_PROCESS.store(tag, Ordering::Relaxed);
    SAID.store(true, Ordering::Relaxed);
}

/// What is known of the client's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it said when it opened.
    pub at_open: u32,
    /// What it said with the write that was read from last; `None` before anything was read.
    pub last: Option<u8>,
}
