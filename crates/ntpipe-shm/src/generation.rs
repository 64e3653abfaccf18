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

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, OnceLock};

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

/// A value that each process has for itself: a copy by `fork` begins with a new one. What it copied may be
/// in the middle of something, or locked, by a thread that the copy does not have.
#[derive(Debug)]
pub struct PerProcess<T>(OnceLock<Node<T>>);

#[derive(Debug)]
struct Node<T> {
    generation: u32,
    value: T,
    /// That of the next copy.
    next: OnceLock<Box<Node<T>>>,
}

impl<T: Default> PerProcess<T> {
    /// No process has asked for its value yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// This process's value.
    pub fn get(&self) -> &T {
        self.of(noted())
    }

    fn of(&self, generation: u32) -> &T {
        let new = || Node { generation, value: T::default(), next: OnceLock::new() };
        let mut node = self.0.get_or_init(new);
        while node.generation != generation {
            node = node.next.get_or_init(|| Box::new(new()));
        }
        &node.value
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn each_copy_begins_with_a_value_of_its_own() {
        let value = PerProcess::<Mutex<u32>>::new();
        let mut held = value.of(3).lock().unwrap();
        *held = 7;
        assert_eq!(*value.of(4).try_lock().unwrap(), 0);
        *value.of(4).lock().unwrap() = 8;
        assert_eq!((*value.of(6).lock().unwrap(), *value.of(4).lock().unwrap(), *held), (0, 8, 7));
    }
}
