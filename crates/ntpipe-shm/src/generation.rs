//! Telling a process from the copies of it that `fork` makes: a number that each copy counts up.
//!
//! What two processes map together tells each other apart by what they are, not by where they run; a copy
//! of one of them would go on in its name, unseen. So who maps something notes the number of that moment,
//! and goes on only while it is still the number of now.
//!
//! The child's handler does nothing but count, so it does not matter what the other threads of the parent
//! were in the middle of. A program that is started sees none of it: `exec` begins anew, and `vfork` and
//! `posix_spawn` copy nothing. A bare `clone` or `_Fork` goes unnoticed.
//!
//! A lock of the whole process, or something that is made once in its life, may be in the hands of a thread
//! that the copy does not have. Whoever waits for that waits for ever, so nothing in these crates that is
//! static is a plain lock or waits for an initialisation:
//!
//! - [`PerProcess`] is for what a copy begins anew, or from what it can read of what was;
//! - [`Settled`] for what is made once, and may as well be made twice;
//! - [`Once`] for what is done once, and can be done again when it was half done.
#![allow(unsafe_code)]

mod copy;

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, TryLockError};

pub use copy::{Ended, in_copy, is_alone};

/// Never 0, which is free for "at no time".
static NOW: AtomicU32 = AtomicU32::new(1);

/// The number of this process.
#[inline]
#[must_use]
pub fn now() -> u32 {
    // Relaxed: it changes only in a new process, while that has one thread.
    NOW.load(Ordering::Relaxed)
}

/// Whether each copy counts.
static COUNTING: AtomicBool = AtomicBool::new(false);

/// As [`now`], for who is going to compare with it: from now on copies are counted.
#[inline]
#[must_use]
pub fn noted() -> u32 {
    // SYNC(settled): Acquire. Pairs with the Release in `begin_to_count`: whoever forks from here on has the
    // handler.
    if !COUNTING.load(Ordering::Acquire) {
        begin_to_count();
    }
    now()
}

/// Several threads at once have each copy count by more than one, which is as good.
#[cold]
fn begin_to_count() {
    // SAFETY: the handler is a function of this program and makes no call.
    let _ = unsafe { libc::pthread_atfork(None, None, Some(count)) };
    // SYNC(settled): Release. Pairs with the Acquire in `noted`.
    COUNTING.store(true, Ordering::Release);
}

/// Runs in each copy, before anything else of it.
extern "C" fn count() {
    NOW.fetch_add(1, Ordering::Relaxed);
}

/// What is made once, when somebody asks for it first. Threads that ask at the same time may all make one;
/// the one that is ready first is everybody's. Nobody waits, so a copy finds it there or makes it.
#[derive(Debug)]
pub struct Settled<T> {
    made: AtomicPtr<T>,
    /// It is shared, and dropped here, under the conditions of this one.
    _owns: PhantomData<OnceLock<T>>,
}

impl<T> Settled<T> {
    /// Not made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { made: AtomicPtr::new(ptr::null_mut()), _owns: PhantomData }
    }

    /// It, if it has been made.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        // SYNC(settled): Acquire. Pairs with the AcqRel in `settle`: whoever sees it sees it whole.
        let made = self.made.load(Ordering::Acquire);
        // SAFETY: null, or what `settle` made of a box, which stays in its place until `drop`.
        unsafe { made.as_ref() }
    }

    /// It, which is made of this if there is none.
    #[inline]
    pub fn get_or_make(&self, make: impl FnOnce() -> Box<T>) -> &T {
        match self.get() {
            Some(made) => made,
            None => self.settle(make()),
        }
    }

    #[cold]
    fn settle(&self, new: Box<T>) -> &T {
        let new = Box::into_raw(new);
        // SYNC(settled): AcqRel. Pairs with the Acquire in `get`, and with itself in another thread.
        let (ok, failed) = (Ordering::AcqRel, Ordering::Acquire);
        let made = match self.made.compare_exchange(ptr::null_mut(), new, ok, failed) {
            Ok(_) => new,
            Err(first) => {
                // SAFETY: made of a box above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                first
            }
        };
        // SAFETY: made of a box, here or by another thread in this place, and stays there until `drop`.
        unsafe { &*made }
    }
}

impl<T> Default for Settled<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Settled<T> {
    fn drop(&mut self) {
        let made = *self.made.get_mut();
        if !made.is_null() {
            // SAFETY: made of a box in `settle`; it goes with this, so nobody has borrowed it any more.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}

/// A value that each process has for itself: a copy by `fork` begins with a new one. What it copied may be
/// in the middle of something, or locked, by a thread that the copy does not have.
#[derive(Debug)]
pub struct PerProcess<T>(Settled<Node<T>>);

#[derive(Debug)]
struct Node<T> {
    generation: u32,
    value: T,
    /// That of the next copy.
    next: Settled<Node<T>>,
}

impl<T> PerProcess<T> {
    /// No process has asked for its value yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Settled::new())
    }

    /// This process's value. If it has none yet, it is made from that of the process of which this is a copy,
    /// if that had one: as the other threads left it at the `fork`. A lock in there may be held for ever, and
    /// what it protects is in order only if it is free.
    #[inline]
    pub fn get_or_make(&self, make: impl Fn(Option<&T>) -> T) -> &T {
        self.of(noted(), make)
    }

    fn of(&self, generation: u32, make: impl Fn(Option<&T>) -> T) -> &T {
        let new = |before: Option<&T>| {
            Box::new(Node { generation, value: make(before), next: Settled::new() })
        };
        let mut node = self.0.get_or_make(|| new(None));
        while node.generation != generation {
            node = node.next.get_or_make(|| new(Some(&node.value)));
        }
        &node.value
    }
}

impl<T: Default> PerProcess<T> {
    /// This process's value, which begins as the default.
    #[inline]
    pub fn get(&self) -> &T {
        self.get_or_make(|_| T::default())
    }
}

impl<T: Default> PerProcess<Mutex<T>> {
    /// This process's value, which in a copy begins as what `derive` makes of the one that was there, or as
    /// the default if a thread had locked that.
    pub fn get_or_derive(&self, derive: impl Fn(&T) -> T) -> &Mutex<T> {
        self.get_or_make(|before| {
            let before = before.map(|before| match before.try_lock() {
                Ok(value) => derive(&value),
                Err(TryLockError::Poisoned(value)) => derive(&value.into_inner()),
                Err(TryLockError::WouldBlock) => T::default(),
            });
            Mutex::new(before.unwrap_or_default())
        })
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Something that is done once, before anybody goes on who asks for it. A copy that was made in the middle of
/// it does it again, from the beginning.
#[derive(Debug, Default)]
pub struct Once {
    done: AtomicBool,
    under_way: PerProcess<Mutex<()>>,
}

impl Once {
    /// Not done yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { done: AtomicBool::new(false), under_way: PerProcess::new() }
    }

    /// Does it, if it is not done; whether that was now.
    ///
    /// # Blocking
    ///
    /// As long as another thread does it.
    #[inline]
    pub fn call(&self, act: impl FnOnce()) -> bool {
        // SYNC(settled): Acquire. Pairs with the Release in `call_slowly`: what was done is seen.
        !self.done.load(Ordering::Acquire) && self.call_slowly(act)
    }

    #[cold]
    fn call_slowly(&self, act: impl FnOnce()) -> bool {
        let _under_way = self.under_way.get().lock().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: under the lock.
        if self.done.load(Ordering::Relaxed) {
            return false;
        }
        act();
        // SYNC(settled): Release. Pairs with the Acquire in `call`.
        self.done.store(true, Ordering::Release);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn each_copy_begins_with_a_value_of_its_own() {
        let value = PerProcess::<Mutex<u32>>::new();
        let of = |generation| value.of(generation, |_| Mutex::default());
        let mut held = of(3).lock().unwrap();
        *held = 7;
        assert_eq!(*of(4).try_lock().unwrap(), 0);
        *of(4).lock().unwrap() = 8;
        assert_eq!((*of(6).lock().unwrap(), *of(4).lock().unwrap(), *held), (0, 8, 7));
    }

    #[test]
    fn a_copy_can_begin_with_what_was_there_and_free() {
        if !is_alone("generation::tests::a_copy_can_begin_with_what_was_there_and_free") {
            return;
        }
        let value = PerProcess::<Mutex<u32>>::new();
        let get = || value.get_or_derive(|before| before + 1);
        *get().lock().unwrap() = 5;
        let next = in_copy(|| {
            let held = get().lock().unwrap();
            let next = in_copy(|| *get().lock().unwrap() == 0);
            *held == 6 && next == Ok(Ended::Well)
        });
        assert_eq!(next, Ok(Ended::Well));
    }

    #[test]
    fn all_threads_have_what_one_of_them_made() {
        let (settled, gone, meeting) = (Settled::new(), AtomicUsize::new(0), Barrier::new(4));
        struct Counted<'a>(&'a AtomicUsize, usize);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let numbers: Vec<_> = std::thread::scope(|scope| {
            let make = |number| {
                let (settled, gone, meeting) = (&settled, &gone, &meeting);
                scope.spawn(move || {
                    let make = || {
                        // All of them are making one.
                        meeting.wait();
                        Box::new(Counted(gone, number))
                    };
                    settled.get_or_make(make).1
                })
            };
            let threads: Vec<_> = (0..4).map(make).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
        assert_eq!(gone.load(Ordering::Relaxed), 3);
        drop(settled);
        assert_eq!(gone.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn a_copy_does_again_what_was_half_done() {
        if !is_alone("generation::tests::a_copy_does_again_what_was_half_done") {
            return;
        }
        static ONCE: Once = Once::new();
        static TIMES: AtomicU32 = AtomicU32::new(0);
        let act = || {
            TIMES.fetch_add(1, Ordering::Relaxed);
        };
        let now = ONCE.call(|| {
            let copy = in_copy(|| ONCE.call(act) && !ONCE.call(act));
            assert_eq!(copy, Ok(Ended::Well));
        });
        assert!(now && !ONCE.call(act));
        assert_eq!(TIMES.load(Ordering::Relaxed), 0, "the copy's memory is its own");
        assert_eq!(in_copy(|| !ONCE.call(act)), Ok(Ended::Well));
        // A lock that stays held makes a copy hang, which is told.
        let lock = Mutex::new(());
        let _held = lock.lock().unwrap();
        let hangs = copy::in_copy_for(std::time::Duration::from_millis(50), || lock.lock().is_ok());
        assert_eq!(hangs, Ok(Ended::Never));
    }
}
