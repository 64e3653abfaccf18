//! Numbers for threads.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of the calling thread, which no other ever has.
#[inline]
pub(super) fn this_thread() -> u64 {
    match NUMBER.with(Cell::get) {
        0 => number_thread(),
        number => number,
    }
}

#[cold]
fn number_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    NUMBER.with(|own| own.set(number));
    number
}

#[cfg(not(loom))]
thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

#[cfg(loom)]
loom::thread_local! {
    static NUMBER: Cell<u64> = Cell::new(0);
}
