//! The switch between the real atomics and loom's; the only import of atomics in this crate.

#[cfg(not(loom))]
pub use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// The store-then-load fence of a Dekker pair: of two sides that each store, fence and load the
/// other's word, at least one sees the other's store.
///
/// Written as a fence and not as sequentially consistent accesses, because loom checks the former
/// only.
#[inline]
pub fn full_fence() {
    // SYNC(dekker): SeqCst. Pairs with itself, in every other call of this function.
    fence(Ordering::SeqCst);
}

/// Lets the other side go on for a moment.
#[inline]
pub fn relax() {
    #[cfg(not(loom))]
    std::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}
