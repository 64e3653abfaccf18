//! Locks of the program's own memory, called as a C program would call them.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use super::condition::CONDITION_VARIABLE;
use super::critical::CRITICAL_SECTION;
use super::once::INIT_ONCE;
use super::srw::SRWLOCK;
use super::*;
use crate::boundary::last_error;
use crate::types::LPVOID;

const ROUNDS: u32 = 20_000;

/// Adds in two steps what others may see half done.
fn add(counter: &AtomicU32) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[test]
fn a_critical_section_lets_one_thread_in_as_often_as_it_likes() {
    let mut section = MaybeUninit::<CRITICAL_SECTION>::uninit();
    // SAFETY: the memory is valid.
    unsafe { InitializeCriticalSection(section.as_mut_ptr()) };
    // SAFETY: it was just initialised.
    let section = unsafe { section.assume_init_ref() };
    let counter = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    // SAFETY: initialised, here and below.
                    unsafe { EnterCriticalSection(section) };
                    // SAFETY: as above.
                    assert_eq!(unsafe { TryEnterCriticalSection(section) }, 1);
                    add(&counter);
                    // SAFETY: as above.
                    unsafe { LeaveCriticalSection(section) };
                    // SAFETY: as above.
                    unsafe { LeaveCriticalSection(section) };
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), 4 * ROUNDS);
    // SAFETY: as above.
    unsafe { EnterCriticalSection(section) };
    // SAFETY: as above.
    let other =
        thread::scope(|scope| scope.spawn(|| unsafe { TryEnterCriticalSection(section) }).join());
    assert_eq!(other.expect("no panic"), 0);
}

#[test]
fn a_slim_lock_lets_one_writer_in_or_many_readers() {
    let lock = SRWLOCK::default();
    let counter = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    // SAFETY: initialised, here and below.
                    unsafe { AcquireSRWLockExclusive(&raw const lock) };
                    add(&counter);
                    // SAFETY: as above.
                    unsafe { ReleaseSRWLockExclusive(&raw const lock) };
                    // SAFETY: as above.
                    unsafe { AcquireSRWLockShared(&raw const lock) };
                    let seen = counter.load(Ordering::Relaxed);
                    thread::yield_now();
                    assert_eq!(counter.load(Ordering::Relaxed), seen);
                    // SAFETY: as above.
                    unsafe { ReleaseSRWLockShared(&raw const lock) };
                }
            });
        }
    });
    assert_eq!(counter.into_inner(), 3 * ROUNDS);
    // SAFETY: as above.
    let taken = [0; 2].map(|_| unsafe { TryAcquireSRWLockShared(&raw const lock) });
    // SAFETY: as above.
    assert_eq!((taken, unsafe { TryAcquireSRWLockExclusive(&raw const lock) }), ([1, 1], 0));
}

#[test]
fn a_condition_is_waited_for_outside_of_the_lock() {
    let (lock, condition) = (SRWLOCK::default(), CONDITION_VARIABLE::default());
    let turn = AtomicU32::new(0);
    thread::scope(|scope| {
        for mine in 0..2 {
            let (lock, condition, turn) = (&raw const lock, &raw const condition, &turn);
            let (lock, condition) = (lock.expose_provenance(), condition.expose_provenance());
            scope.spawn(move || {
                let lock = std::ptr::with_exposed_provenance(lock);
                let condition = std::ptr::with_exposed_provenance(condition);
                // SAFETY: initialised, here and below; the scope keeps both.
                unsafe { AcquireSRWLockExclusive(lock) };
                for _ in 0..2_000 {
                    while turn.load(Ordering::Relaxed) % 2 != mine {
                        // SAFETY: as above.
                        let slept =
                            unsafe { SleepConditionVariableSRW(condition, lock, INFINITE, 0) };
                        assert_eq!(slept, 1);
                    }
                    add(turn);
                    // SAFETY: as above.
                    unsafe { WakeConditionVariable(condition) };
                }
                // SAFETY: as above.
                unsafe { ReleaseSRWLockExclusive(lock) };
            });
        }
    });
    assert_eq!(turn.into_inner(), 4_000);
    // SAFETY: as above.
    unsafe { AcquireSRWLockExclusive(&raw const lock) };
    // SAFETY: as above.
    let slept = unsafe { SleepConditionVariableSRW(&raw const condition, &raw const lock, 5, 0) };
    assert_eq!((slept, last_error()), (0, 1460));
    // SAFETY: as above.
    unsafe { ReleaseSRWLockExclusive(&raw const lock) };
}

#[test]
fn something_is_initialised_once_by_whoever_comes_first() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn first_fails(_: *const INIT_ONCE, _: LPVOID, context: *mut LPVOID) -> i32 {
        thread::yield_now();
        // SAFETY: the caller gives a place.
        unsafe { context.write(std::ptr::without_provenance_mut(0x40)) };
        i32::from(CALLS.fetch_add(1, Ordering::Relaxed) > 0)
    }
    let once = INIT_ONCE::default();
    let execute = || {
        let mut context = std::ptr::null_mut();
        let place = &raw mut context;
        // SAFETY: the routine is of this kind, and the place is valid.
        let done = unsafe {
            InitOnceExecuteOnce(&raw const once, Some(first_fails), std::ptr::null_mut(), place)
        };
        (done, context.addr())
    };
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(execute)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(results.iter().filter(|result| **result == (1, 0x40)).count(), 3);
    assert_eq!((execute(), CALLS.load(Ordering::Relaxed)), ((1, 0x40), 2));
    let other = INIT_ONCE::default();
    let mut pending = -1;
    // SAFETY: the places are valid or null.
    let checked = unsafe {
        InitOnceBeginInitialize(&raw const other, 1, &raw mut pending, std::ptr::null_mut())
    };
    assert_eq!((checked, last_error(), pending), (0, 31, -1));
}

#[test]
fn a_wait_on_an_address_ends_with_a_wake_after_a_change() {
    let value = AtomicU32::new(1);
    let compare = 1u16;
    let wait = |milliseconds| {
        let compare: *const c_void = (&raw const compare).cast();
        // SAFETY: both addresses are valid for two bytes.
        unsafe { WaitOnAddress((&raw const value).cast(), compare, 2, milliseconds) }
    };
    assert_eq!((wait(1), last_error()), (0, 1460));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            while value.load(Ordering::Relaxed) == 1 {
                assert_eq!(wait(INFINITE), 1);
            }
        });
        thread::yield_now();
        value.store(2, Ordering::Relaxed);
        WakeByAddressSingle((&raw const value).cast());
        waiter.join().expect("no panic");
    });
    assert_eq!(wait(INFINITE), 1);
    // SAFETY: as above.
    let odd =
        unsafe { WaitOnAddress((&raw const value).cast(), (&raw const compare).cast(), 3, 0) };
    assert_eq!((odd, last_error()), (0, 87));
}
