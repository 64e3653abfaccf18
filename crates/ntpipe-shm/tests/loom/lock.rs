//! The lock whose waiters pay.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;
use ntpipe_shm::lock::Lock;

use super::{check, check_up_to};

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

/// A lock that is this thread's own by now.
fn owned() -> Arc<Lock<Guarded>> {
    let lock = Arc::new(Lock::new(Guarded::default()));
    // The second time makes it the owner, the third is its first as that.
    (0..3).for_each(|_| increment(&lock));
    lock
}

#[test]
fn an_owner_and_who_dismisses_it_exclude_each_other() {
    check(|| {
        let lock = owned();
        let other = lock.clone();
        let other = thread::spawn(move || increment(&other));
        (0..2).for_each(|_| increment(&lock));
        other.join().unwrap();
        assert_eq!(lock.lock().count, 6);
    });
}

#[test]
fn one_of_two_dismisses_the_owner_and_both_wait_for_it() {
    check_up_to(2, || {
        let lock = owned();
        let others = [lock.clone(), lock.clone()];
        let others = others.map(|lock| thread::spawn(move || increment(&lock)));
        increment(&lock);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(lock.lock().count, 6);
    });
}

#[test]
fn who_only_tries_leaves_the_owner_alone_until_it_is_outside() {
    check(|| {
        let lock = owned();
        let other = lock.clone();
        let other = thread::spawn(move || {
            for _ in 0..2 {
                if let Some(mut value) = other.try_lock() {
                    value.witness.with_mut(|_| ());
                    value.count += 1;
                }
            }
        });
        (0..2).for_each(|_| increment(&lock));
        other.join().unwrap();
        let value = lock.lock();
        value.witness.with(|_| ());
        assert!((5..=7).contains(&value.count));
    });
}
