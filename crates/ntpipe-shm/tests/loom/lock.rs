//! The lock whose waiters pay.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;
use ntpipe_shm::lock::Lock;

use super::check;

/// A number, and a cell in which loom sees accesses that nothing orders.
#[derive(Default)]
struct Guarded {
    count: u32,
    witness: UnsafeCell<()>,
}

fn increment(lock: &Lock<Guarded>) {
    let mut value = lock.lock();
    value.witness.with_mut(|_| ());
    value.count += 1;
}

/// Each of `threads` threads takes the lock `times`; who is not woken stays asleep, a deadlock.
fn contend(threads: u32, times: u32) {
    let lock = Arc::new(Lock::new(Guarded::default()));
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let lock = lock.clone();
            thread::spawn(move || (0..times).for_each(|_| increment(&lock)))
        })
        .collect();
    (0..times).for_each(|_| increment(&lock));
    for other in others {
        other.join().unwrap();
    }
    let value = lock.lock();
    value.witness.with(|_| ());
    assert_eq!(value.count, threads * times);
}

#[test]
fn two_threads_exclude_each_other_and_neither_sleeps_for_ever() {
    check(|| contend(2, 2));
}

#[test]
fn one_wake_is_enough_for_two_waiters() {
    check(|| contend(3, 2));
}
