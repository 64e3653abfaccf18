//! What a client says of itself, so that its server can take on less than the kernel attests.
//!
//! Two words travel: one is told when the client opens and never changes, the other is a byte with each
//! write, which belongs to the thread that writes. What their bits mean is the façade's business. Both
//! are the client's word: a server may let them lower what it grants, and never raise it. Who the
//! client is comes from the kernel alone.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether any thread says anything: as long as none does, nobody pays for the question.
static SAID: AtomicBool = AtomicBool::new(false);

thread_local! {
    static TAG: Cell<u8> = const { Cell::new(0) };
}

/// What the calling thread says with its writes; 0 unless it was told to.
#[inline]
#[must_use]
pub fn of_thread() -> u8 {
    // Relaxed: a thread that says something has set it itself.
    if SAID.load(Ordering::Relaxed) { TAG.try_with(Cell::get).unwrap_or(0) } else { 0 }
}

/// From now on the calling thread says this with its writes.
pub fn set_for_thread(tag: u8) {
    if tag != 0 {
        SAID.store(true, Ordering::Relaxed);
    }
    // A thread that is ending writes no more.
    let _ = TAG.try_with(|own| own.set(tag));
}

/// What is known of the client's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it said when it opened.
    pub at_open: u32,
    /// What it said with the write that was read from last; `None` before anything was read.
    pub last: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::{of_thread, set_for_thread};

    #[test]
    fn each_thread_speaks_for_itself() {
        set_for_thread(7);
        assert_eq!(std::thread::spawn(of_thread).join().ok(), Some(0));
        assert_eq!(of_thread(), 7);
        set_for_thread(0);
        assert_eq!(of_thread(), 0);
    }
}
