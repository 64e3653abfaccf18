//! Sleeping on a word of memory that may be shared between processes.

use std::time::Duration;

#[cfg(not(loom))]
use rustix::{io::Errno, thread::futex};

use crate::sync::AtomicU32;

/// Sleeps until the word is woken, if it still holds `expected`; at most for `timeout`.
///
/// Spurious returns are possible: the caller looks again in any case. Returns `false` if the timeout
/// passed.
#[cfg(not(loom))]
pub fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) -> bool {
    let timeout = timeout.map(timespec);
    let woken = futex::wait(word, futex::Flags::empty(), expected, timeout.as_ref());
    woken != Err(Errno::TIMEDOUT)
}

#[cfg(not(loom))]
fn timespec(time: Duration) -> rustix::fs::Timespec {
    let tv_sec = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    rustix::fs::Timespec { tv_sec, tv_nsec: time.subsec_nanos().into() }
}

/// Wakes everyone who sleeps on the word.
#[cfg(not(loom))]
pub fn wake_all(word: &AtomicU32) {
    // The only failure is a bad address, and a reference is none.
    let _ = futex::wake(word, futex::Flags::empty(), i32::MAX.unsigned_abs());
}

/// Wakes one sleeper, if there is one.
#[cfg(not(loom))]
pub fn wake_one(word: &AtomicU32) {
    // As in `wake_all`.
    let _ = futex::wake(word, futex::Flags::empty(), 1);
}

/// The most words that [`wait_many`] takes.
pub const WAIT_MANY_MAX: usize = 128;

/// Sleeps until one of the words is woken, if each still holds its expected value; at most for
/// `timeout`.
///
/// Spurious returns are possible, as of [`wait`]. Returns `false` if the timeout passed.
///
/// # Errors
///
/// `NOSYS` on a kernel older than 5.16, `INVAL` for no words or more than [`WAIT_MANY_MAX`].
#[cfg(not(loom))]
pub fn wait_many(words: &[(&AtomicU32, u32)], timeout: Option<Duration>) -> Result<bool, Errno> {
    let waiters: Vec<futex::Wait> = words
        .iter()
        .map(|(word, expected)| {
            let mut waiter = futex::Wait::new();
            waiter.uaddr = futex::WaitPtr::new(std::ptr::from_ref(*word).cast_mut().cast());
            waiter.val = u64::from(*expected);
            waiter.flags = futex::WaitFlags::SIZE_U32;
            waiter
        })
        .collect();
    // The call takes a deadline; one that no clock reaches is none.
    let clock = rustix::thread::ClockId::Monotonic;
    let deadline = timeout
        .and_then(|timeout| rustix::time::clock_gettime(clock).checked_add(timespec(timeout)));
    let woken = futex::waitv(&waiters, futex::WaitvFlags::empty(), deadline.as_ref(), clock);
    match woken {
        Ok(_) | Err(Errno::AGAIN | Errno::INTR) => Ok(true),
        Err(Errno::TIMEDOUT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

#[cfg(loom)]
pub use stand_in::{wait, wake_all, wake_one};

/// Under loom there is no kernel. As there, the comparison and the falling asleep are one step for those
/// who wake, and who sleeps does so until woken: a wake that is missing is a deadlock, which loom reports.
#[cfg(loom)]
mod stand_in {
    use loom::sync::{Condvar, Mutex};

    use super::{AtomicU32, Duration};
    use crate::sync::Ordering::Relaxed;

    #[derive(Default)]
    struct Queue {
        /// The sleepers' numbers and the addresses of their words, the one that has slept longest first.
        sleepers: Vec<(usize, usize)>,
        next: usize,
    }

    loom::lazy_static! {
        static ref QUEUE: Mutex<Queue> = Mutex::default();
        static ref WOKEN: Condvar = Condvar::new();
    }

    /// See the real function. No time passes, so the timeout never ends it.
    pub fn wait(word: &AtomicU32, expected: u32, _timeout: Option<Duration>) -> bool {
        let mut queue = QUEUE.lock().unwrap();
        if word.load(Relaxed) != expected {
            return true;
        }
        let own = queue.next;
        queue.next += 1;
        queue.sleepers.push((own, std::ptr::from_ref(word).addr()));
        while queue.sleepers.iter().any(|(number, _)| *number == own) {
            queue = WOKEN.wait(queue).unwrap();
        }
        true
    }

    /// See the real function.
    pub fn wake_all(word: &AtomicU32) {
        wake(word, usize::MAX);
    }

    /// See the real function.
    pub fn wake_one(word: &AtomicU32) {
        wake(word, 1);
    }

    fn wake(word: &AtomicU32, most: usize) {
        let mut queue = QUEUE.lock().unwrap();
        let before = queue.sleepers.len();
        let mut left = most;
        queue.sleepers.retain(|(_, on)| {
            let woken = *on == std::ptr::from_ref(word).addr() && left > 0;
            left -= usize::from(woken);
            !woken
        });
        if queue.sleepers.len() < before {
            WOKEN.notify_all();
        }
    }
}
