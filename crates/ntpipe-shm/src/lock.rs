//! The lock between the threads of one process: plain loads and stores for the thread that uses it
//! alone, one atomic read-modify-write for others.
//!
//! A usual lock pays a second read-modify-write at the release, to learn whether somebody waits. Here
//! the waiter pays instead: it announces itself and then has the kernel run a barrier on every CPU
//! on which this process runs, after which either it sees the released word, or the releasing thread
//! sees the announcement.
//!
//! ```text
//! holder                              waiter
//!   word = FREE        (release)        waiters += 1
//!   waiters != 0? -> wake one           barrier: acts as a full fence in the holder
//!                                       word = FREE? -> take it; else sleep while word is HELD
//! ```
//!
//! A thread that takes the lock many times with nobody in between becomes its *owner* and from then on
//! pays no read-modify-write at all: it has a word of its own, `inside`. The first other thread that
//! takes the lock dismisses the owner, once and for ever, and waits until it is outside:
//!
//! ```text
//! owner                               another thread, which holds `word`
//!   inside = HELD                       owner = DISMISSED
//!   owner = me? -> inside               barrier: acts as a full fence in the owner
//!   else inside = FREE, the usual way   sleep while inside is HELD
//! ```
//!
//! Where the kernel has no such barrier, nobody becomes an owner, and a waiter sleeps in slices of a
//! millisecond, so that a missed wake costs no more than that.
#![allow(unsafe_code)]

mod barrier;
mod thread;

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

#[cfg(not(loom))]
pub use barrier::prepare;

use crate::futex;
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use thread::this_thread;

const FREE: u32 = 0;
const HELD: u32 = 1;

/// No thread has this number: there is no owner yet.
const NOBODY: u64 = 0;
/// Nor this: there was one, and there will be none again. A new one could not tell its own `inside`
/// from that of one who was dismissed and has not seen it yet.
const DISMISSED: u64 = u64::MAX;
/// So many times in a row make an owner.
const STEADY: u32 = if cfg!(loom) { 1 } else { 64 };

/// Looks before a waiter sleeps: whoever holds the lock copies at most, and never waits.
const SPINS: u32 = if cfg!(loom) { 0 } else { 100 };
/// A barrier that was there when there came to be an owner can be gone: a filter of system calls. Long
/// enough that what a processor was about to store is stored.
const WITHOUT_BARRIER: Duration = Duration::from_millis(20);

/// A value for one thread at a time.
#[derive(Debug, Default)]
pub struct Lock<T> {
    word: AtomicU32,
    /// The owner's word; only that thread stores to it.
    inside: AtomicU32,
    /// The number of a thread, [`NOBODY`] or [`DISMISSED`]. Only who holds `word` changes it.
    owner: AtomicU64,
    waiters: AtomicU32,
    /// Who took `word` last, and how often in a row. Only who holds `word` looks at these.
    last: LastTaker,
    value: UnsafeCell<T>,
}

#[derive(Debug, Default)]
struct LastTaker {
    thread: AtomicU64,
    times: AtomicU32,
}

// SAFETY: the value moves between threads with the lock, so it must be `Send`; the lock gives out
// references to one thread at a time (`lock`), so it need not be `Sync`.
unsafe impl<T: Send> Sync for Lock<T> {}

/// The right to use the value of a [`Lock`], until dropped.
#[derive(Debug)]
pub struct Guard<'a, T> {
    lock: &'a Lock<T>,
    /// Which of the lock's words was taken.
    taken: &'a AtomicU32,
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
            inside: AtomicU32::new(FREE),
            owner: AtomicU64::new(NOBODY),
            waiters: AtomicU32::new(0),
            last: LastTaker::default(),
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
        let me = this_thread();
        if self.enter(me) {
            return self.guard(&self.inside);
        }
        if !self.try_take() {
            self.wait_while(&self.word, || self.try_take());
        }
        if !self.settle(me) {
            self.wait_while(&self.inside, || self.is_outside());
        }
        self.guard(&self.word)
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        let me = this_thread();
        if self.enter(me) {
            return Some(self.guard(&self.inside));
        }
        if !self.try_take() {
            return None;
        }
        let guard = self.guard(&self.word);
        self.settle(me).then_some(guard)
    }

    /// Whether somebody holds it. Of a lock that is this thread's alone, in a copy of the process by `fork`:
    /// the holder is not in this process, and the value is as it left it, in the middle of something.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.word.load(Ordering::Relaxed) != FREE || self.inside.load(Ordering::Relaxed) != FREE
    }

    /// The value, which nobody else can use.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn guard<'a>(&'a self, taken: &'a AtomicU32) -> Guard<'a, T> {
        Guard { lock: self, taken, _stays: std::marker::PhantomData }
    }

    /// The owner's way in; `false` for others, and for an owner that is inside already.
    #[inline]
    fn enter(&self, me: u64) -> bool {
        // Relaxed, all three: whoever is the owner held the lock last.
        if self.owner.load(Ordering::Relaxed) != me || self.inside.load(Ordering::Relaxed) != FREE {
            return false;
        }
        self.inside.store(HELD, Ordering::Relaxed);
        // SYNC(lock-owner): SeqCst, the light side. Pairs with the heavy one in `dismiss`: either this sees
        // that it is dismissed, or who dismisses it sees that it is inside.
        barrier::light();
        if self.owner.load(Ordering::Relaxed) == me {
            return true;
        }
        self.release(&self.inside);
        false
    }

    #[inline]
    fn try_take(&self) -> bool {
        // SYNC(lock): Acquire. Pairs with the Release store in `release`: what the last holder did to the
        // value is seen by this one.
        self.word.compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// By who has taken `word`: whether the value is its alone. Otherwise the owner, dismissed now, still
    /// uses it.
    #[inline]
    fn settle(&self, me: u64) -> bool {
        // Relaxed: whoever stored to it held `word`, as this thread does now.
        match self.owner.load(Ordering::Relaxed) {
            NOBODY => {
                self.count(me);
                true
            }
            DISMISSED => self.is_outside(),
            _ => self.dismiss(),
        }
    }

    /// Makes a thread the owner that takes the lock again and again.
    #[inline]
    fn count(&self, me: u64) {
        // Relaxed, all of them: under `word`.
        if self.last.thread.load(Ordering::Relaxed) != me {
            self.last.thread.store(me, Ordering::Relaxed);
            self.last.times.store(0, Ordering::Relaxed);
            return;
        }
        let times = self.last.times.load(Ordering::Relaxed) + 1;
        if times < STEADY {
            self.last.times.store(times, Ordering::Relaxed);
        } else if barrier::has_owners() {
            self.owner.store(me, Ordering::Relaxed);
        }
    }

    /// Ends the ownership of another thread; whether that is outside.
    #[cold]
    fn dismiss(&self) -> bool {
        self.owner.store(DISMISSED, Ordering::Relaxed);
        // SYNC(lock-owner): SeqCst, the heavy side of the barrier. Pairs with the light one in `enter`.
        if !barrier::heavy() {
            std::thread::sleep(WITHOUT_BARRIER);
        }
        self.is_outside()
    }

    #[inline]
    fn is_outside(&self) -> bool {
        // SYNC(lock): Acquire. Pairs with the Release store in `release`, by the owner.
        self.inside.load(Ordering::Acquire) == FREE
    }

    /// Waits while a word is held.
    #[cold]
    fn wait_while(&self, held: &AtomicU32, is_over: impl Fn() -> bool) {
        for _ in 0..SPINS {
            std::hint::spin_loop();
            if is_over() {
                return;
            }
        }
        self.waiters.fetch_add(1, Ordering::Relaxed);
        loop {
            // SYNC(lock-waiter): SeqCst, the heavy side, between the announcement and the look. Pairs with
            // the light one in `release`.
            let fenced = barrier::heavy();
            if is_over() {
                break;
            }
            let slice = (!fenced).then_some(Duration::from_millis(1));
            futex::wait(held, HELD, slice);
        }
        self.waiters.fetch_sub(1, Ordering::Relaxed);
    }

    #[inline]
    fn release(&self, taken: &AtomicU32) {
        // SYNC(lock): Release. Pairs with the Acquire in `try_take` and `is_outside`.
        taken.store(FREE, Ordering::Release);
        // SYNC(lock-waiter): SeqCst, the light side of the barrier. Pairs with the heavy one in `wait_while`.
        barrier::light();
        if self.waiters.load(Ordering::Relaxed) != 0 {
            wake(taken);
        }
    }
}

#[cold]
fn wake(word: &AtomicU32) {
    futex::wake_one(word);
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
        self.lock.release(self.taken);
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
    fn an_owner_and_the_thread_that_dismisses_it_lose_no_increment() {
        assert!(prepare());
        for _ in 0..200 {
            let lock = Arc::new(Lock::new(0u64));
            // One more than the steps to ownership, so that the word of the owner was used.
            let steady = u64::from(STEADY) + 2;
            (0..steady).for_each(|_| *lock.lock() += 1);
            assert_eq!(lock.owner.load(Ordering::Relaxed), this_thread());
            let guard = lock.lock();
            assert!(lock.is_held() && lock.word.load(Ordering::Relaxed) == FREE);
            assert!(lock.try_lock().is_none());
            drop(guard);
            let others: Vec<_> = (0..2)
                .map(|_| {
                    let lock = lock.clone();
                    std::thread::spawn(move || (0..200).for_each(|_| *lock.lock() += 1))
                })
                .collect();
            while lock.owner.load(Ordering::Relaxed) != DISMISSED {
                *lock.lock() -= 1;
                *lock.lock() += 1;
            }
            for other in others {
                other.join().unwrap();
            }
            assert_eq!(*lock.lock(), steady + 400);
            assert!(!lock.is_held());
        }
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
