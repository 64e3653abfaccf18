//! A fence of which one side pays everything: the light side keeps the compiler from reordering, and
//! the heavy side has the kernel run a barrier on every CPU on which this process runs (`membarrier`).
//!
//! Of two threads that each store, fence and look at the other's word, one light and one heavy, at
//! least one sees the other's store.

#[cfg(not(loom))]
pub(super) use real::{has_owners, heavy, light};
#[cfg(loom)]
pub(super) use stand_in::{has_owners, heavy, light};

#[cfg(not(loom))]
pub use real::prepare;

#[cfg(not(loom))]
mod real {
    use std::sync::atomic::{AtomicBool, Ordering, compiler_fence};

    use rustix::thread::{MembarrierCommand, membarrier};

    /// Set once the kernel knows of this process. A copy by `fork` inherits it, as the kernel's
    /// knowledge.
    static PREPARED: AtomicBool = AtomicBool::new(false);

    /// Registers this process for the barrier, which locks with an owner need; `false` if the kernel has
    /// none.
    ///
    /// # Blocking
    ///
    /// Some milliseconds, the first time and with several threads: a matter for a thread at leisure.
    pub fn prepare() -> bool {
        let prepared = PREPARED.load(Ordering::Relaxed)
            || membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok();
        if prepared {
            // Relaxed, here and in `has_owners`: a hint, since `heavy` registers on its own.
            PREPARED.store(true, Ordering::Relaxed);
        }
        prepared
    }

    /// Whether locks may have owners.
    #[inline]
    pub(crate) fn has_owners() -> bool {
        PREPARED.load(Ordering::Relaxed)
    }

    /// What the light side pays: the compiler keeps store and load in their order.
    #[inline]
    pub(crate) fn light() {
        // SYNC(barrier): SeqCst, for the compiler alone. Pairs with `heavy`.
        compiler_fence(Ordering::SeqCst);
    }

    /// A full fence in every running thread of this process; `false` if the kernel has none.
    pub(crate) fn heavy() -> bool {
        // SYNC(barrier): SeqCst. Stands for a full fence in every other thread, at the place of its
        // `light`, and is one here. Pairs with `light`.
        prepare() && membarrier(MembarrierCommand::PrivateExpedited).is_ok()
    }
}

/// Under loom the kernel's barrier is a fence on the heavy side and one on the light side, which there
/// has none.
///
/// This allows neither more nor less. The kernel's barrier acts as a full fence at one point of the
/// other thread's program, somewhere between the beginning and the end of the call. If that point lies
/// before the light side's store, its look comes after what the heavy side stored, and sees it; if it
/// lies behind that look, the store comes before the heavy side's look, which sees it; in between, one
/// of the two holds. Two fences say the same: the one that is first in their order is seen through by
/// the other's thread. The light fence comes behind a store and before nothing but a look, so it orders
/// nothing else that the models test.
#[cfg(loom)]
mod stand_in {
    use crate::sync::{Ordering, fence};

    pub(crate) fn has_owners() -> bool {
        true
    }

    /// In the place of the point at which the barrier strikes.
    pub(crate) fn light() {
        // SYNC(barrier): SeqCst. Pairs with `heavy`.
        fence(Ordering::SeqCst);
    }

    pub(crate) fn heavy() -> bool {
        // SYNC(barrier): SeqCst. Pairs with `light`.
        fence(Ordering::SeqCst);
        true
    }
}
