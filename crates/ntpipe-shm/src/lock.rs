//! The lock between the threads of one process: one atomic read-modify-write to take, a plain store
//! to release.
//!
//! A usual lock pays a second read-modify-write at the release, to learn whether somebody waits. Here
//! the waiter pays instead: it announces itself and then has the kernel run a barrier on every CPU
//! on which this process runs (`membarrier`), after which either it sees the released word, or the
//! releasing thread sees the announcement.
//!
//! ```text
//! holder                              waiter
//!   word = FREE        (release)        waiters += 1
//!   waiters != 0? -> wake one           membarrier: acts as a full fence in the holder
//!                                       word = FREE? -> take it; else sleep while word is HELD
//! ```
//!
//! Where the kernel has no such barrier, the waiter sleeps in slices of a millisecond, so that a
//! missed wake costs no more than that.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
#[cfg(not(loom))]
use std::sync::OnceLock;
use std::time::Duration;

use crate::futex;
use crate::sync::{AtomicU32, Ordering};

const FREE: u32 = 0;
const HELD: u32 = 1;

/// Looks before a waiter sleeps: whoever holds the lock copies at most, and never waits.
const SPINS: u32 = if cfg!(loom) { 0 } else { 100 };

/// A value for one thread at a time.
#[derive(Debug, Default)]
pub struct Lock<T> {
    word: AtomicU32,
    waiters: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value moves between threads with the lock, so it must be `Send`; the lock gives out
// references to one thread at a time (`lock`), so it need not be `Sync`.
unsafe impl<T: Send> Sync for Lock<T> {}

/// The right to use the value of a [`Lock`], until dropped.
#[derive(Debug)]
pub struct Guard<'a, T> {
    lock: &'a Lock<T>,
    /// A guard stays with its thread, as that of the standard library.
    _stays: std::marker::PhantomData<*const ()>,
}

// SAFETY: `&Guard` gives out `&T` only.
unsafe impl<T: Sync> Sync for Guard<'_, T> {}

impl<T> Lock<T> {
    /// A free lock.
    pub fn new(value: T) -> Self {
        Self {
            word: AtomicU32::new(FREE),
            waiters: AtomicU32::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock; waits as long as another thread holds it.
    ///
    /// # Blocking
    ///
    /// As long as another thread uses the value.
    #[inline]
    pub fn lock(&self) -> Guard<'_, T> {
        if !self.try_take() {
            self.lock_slowly();
        }
        Guard { lock: self, _stays: std::marker::PhantomData }
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.try_take().then(|| Guard { lock: self, _stays: std::marker::PhantomData })
    }

    /// Whether somebody holds it. Of a lock that is this thread's alone, in a copy of the process by `fork`:
    /// the holder is not in this process, and the value is as it left it, in the middle of something.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.word.load(Ordering::Relaxed) != FREE
    }

    /// The value, which nobody else can use.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn try_take(&self) -> bool {
        // SYNC(lock): Acquire. Pairs with the Release store in the guard's drop: what the last holder
        // did to the value is seen by this one.
        self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn lock_slowly(&self) {
        for _ in 0..SPINS {
            std::hint::spin_loop();
            if self.try_take() {
                return;
            }
        }
        self.waiters.fetch_add(1, Ordering::Relaxed);
        loop {
            let fenced = fence_all_threads();
            if self.try_take() {
                break;
            }
            let slice = (!fenced).then_some(Duration::from_millis(1));
            futex::wait(&self.word, HELD, slice);
        }
        self.waiters.fetch_sub(1, Ordering::Relaxed);
    }

    #[cold]
    fn wake(&self) {
        futex::wake_one(&self.word);
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard holds the lock (`lock`), so no other thread has a reference to the value,
        // and the borrow of the guard excludes a mutable one from this thread.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard holds the lock (`lock`), and is itself borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SYNC(lock): Release. Pairs with the Acquire in `Lock::try_take`.
        self.lock.word.store(FREE, Ordering::Release);
        // SYNC(lock-waiter): SeqCst. The compiler keeps the order of store and load; the processor is made
        // to by the barrier in `fence_all_threads`, with which this pairs.
        holder_fence();
        if self.lock.waiters.load(Ordering::Relaxed) != 0 {
            self.lock.wake();
        }
    }
}

/// What the holder itself pays: the compiler keeps store and load in their order.
#[cfg(not(loom))]
#[inline]
fn holder_fence() {
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
}

/// A full fence in every running thread of this process; `false` if the kernel has none.
#[cfg(not(loom))]
fn fence_all_threads() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let call = |command: libc::c_int| {
        // SAFETY: `membarrier` takes two numbers more and touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
    };
    let registered =
        *REGISTERED.get_or_init(|| call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0);
    // SYNC(lock-waiter): SeqCst. The barrier stands for a full fence in the holder, between its store of
    // the word and its load of `waiters`; here it stands between the announcement and the look. Pairs
    // with the guard's drop.
    registered && call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0
}

#[cfg(loom)]
use stand_in::{fence_all_threads, holder_fence};

/// Under loom the kernel's barrier is a fence in the waiter and one in the holder, which there has none.
///
/// This allows neither more nor less. The kernel's barrier acts as a full fence at one point of the
/// holder's program, somewhere between the beginning and the end of the waiter's call. If that point lies
/// before the holder's store, its look at `waiters` comes after the announcement and sees it; if it lies
/// behind that look, the store comes before the waiter's next attempt, which sees it; in between, one of
/// the two holds. Two fences say the same: the one that is first in their order is seen through by the
/// other's thread. The holder's fence comes behind its store of the word and before nothing but the look,
/// so it orders nothing else that the model tests.
#[cfg(loom)]
mod stand_in {
    use crate::sync::{Ordering, fence};

    /// In the place of the point at which the barrier strikes the holder.
    pub(super) fn holder_fence() {
        // SYNC(lock-waiter): SeqCst. Pairs with the fence of the waiter, below.
        fence(Ordering::SeqCst);
    }

    /// The waiter's side of the barrier.
    pub(super) fn fence_all_threads() -> bool {
        // SYNC(lock-waiter): SeqCst. Pairs with the fence of the holder, above.
        fence(Ordering::SeqCst);
        true
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn many_threads_lose_no_increment() {
        let lock = Arc::new(Lock::new(0u64));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let lock = lock.clone();
                std::thread::spawn(move || {
                    for turn in 0..20_000u32 {
                        let mut value = lock.lock();
                        *value += 1;
                        if turn % 1000 == 0 {
                            // Hold it long enough that the others go to sleep.
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*lock.lock(), 160_000);
        assert_eq!(lock.waiters.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_panic_while_it_is_held_releases_it() {
        let lock = Arc::new(Lock::new(1));
        let other = lock.clone();
        std::thread::spawn(move || {
            let mut value = other.lock();
            *value = 2;
            std::panic::resume_unwind(Box::new(()));
        })
        .join()
        .unwrap_err();
        assert_eq!(*lock.lock(), 2);
    }
}
