//! What waits, called as a C program would call it.

use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::boundary::last_error;
use crate::handleapi::CloseHandle;
use crate::processthreadsapi::{CreateThread, GetCurrentThread, QueueUserAPC};
use crate::types::LPVOID;

fn event(manual: bool, initially: bool) -> HANDLE {
    // SAFETY: all pointers are null.
    unsafe { CreateEventA(null(), manual.into(), initially.into(), null()) }
}

fn close(handles: &[HANDLE]) {
    assert!(handles.iter().all(|handle| CloseHandle(*handle) == 1));
}

fn name(text: &str) -> std::ffi::CString {
    let text = format!("Local\\Test-{text}-{}", std::process::id());
    std::ffi::CString::new(text).expect("no zero")
}

fn wait_many(handles: &[HANDLE], all: bool, milliseconds: u32) -> u32 {
    let count = u32::try_from(handles.len()).expect("few");
    // SAFETY: the slice is valid.
    unsafe { WaitForMultipleObjects(count, handles.as_ptr(), all.into(), milliseconds) }
}

fn run(routine: unsafe extern "C" fn(LPVOID) -> u32, argument: LPVOID) -> HANDLE {
    // SAFETY: the routine takes this argument.
    unsafe { CreateThread(null(), 0, Some(routine), argument, 0, null_mut()) }
}

#[test]
fn an_event_is_signalled_by_set_and_taken_by_a_wait() {
    let (auto, manual) = (event(false, false), event(true, true));
    assert_eq!(last_error(), 0);
    assert_eq!(WaitForSingleObject(auto, 0), 258);
    assert_eq!(SetEvent(auto), 1);
    assert_eq!((WaitForSingleObject(auto, 0), WaitForSingleObject(auto, 10)), (0, 258));
    assert_eq!(wait_many(&[auto, manual], false, INFINITE), 1);
    assert_eq!(wait_many(&[auto, manual], true, 10), 258);
    assert_eq!((SetEvent(auto), wait_many(&[auto, manual], true, INFINITE)), (1, 0));
    assert_eq!((ResetEvent(manual), PulseEvent(manual)), (1, 1));
    assert_eq!(wait_many(&[auto, manual], false, 0), 258);
    assert_eq!((CloseHandle(auto), CloseHandle(manual)), (1, 1));
}

#[test]
fn a_wait_fails_for_what_cannot_be_waited_for() {
    let (handle, other) = (event(true, true), event(true, true));
    assert_eq!((wait_many(&[], false, 0), last_error()), (u32::MAX, 87));
    assert_eq!((wait_many(&[handle; 65], false, 0), last_error()), (u32::MAX, 87));
    assert_eq!((wait_many(&[handle, other, handle], true, 0), last_error()), (u32::MAX, 87));
    assert_eq!(wait_many(&[handle; 64], false, 0), 0);
    assert_eq!(CloseHandle(other), 1);
    assert_eq!((wait_many(&[handle, other], false, 0), last_error()), (u32::MAX, 6));
    assert_eq!((WaitForSingleObject(other, 0), last_error()), (u32::MAX, 6));
    assert_eq!((SetEvent(null_mut()), last_error()), (0, 6));
    let name = name("no-right-to-wait");
    // SAFETY: the name is valid.
    let named = unsafe { CreateEventA(null(), 1, 1, name.as_ptr()) };
    // SAFETY: as above.
    let setter = unsafe { OpenEventA(access::MODIFY_STATE, 0, name.as_ptr()) };
    assert_eq!((SetEvent(setter), WaitForSingleObject(setter, 0), last_error()), (1, u32::MAX, 5));
    // SAFETY: as above.
    let waiter = unsafe { OpenEventA(access::SYNCHRONIZE, 0, name.as_ptr()) };
    assert_eq!((WaitForSingleObject(waiter, 0), SetEvent(waiter), last_error()), (0, 0, 5));
    close(&[handle, named, setter, waiter]);
}

#[test]
fn a_name_is_one_object_of_one_kind() {
    let (name, other) = (name("kind"), name("KIND"));
    // SAFETY: the names are valid, here and below.
    let first = unsafe { CreateMutexA(null(), 0, name.as_ptr()) };
    assert_eq!(last_error(), 0);
    // SAFETY: as above.
    let second = unsafe { CreateMutexA(null(), 1, name.as_ptr()) };
    assert_eq!(last_error(), 183);
    // SAFETY: as above.
    assert!(unsafe { OpenEventA(access::SYNC_ALL_ACCESS, 0, name.as_ptr()) }.is_null());
    assert_eq!(last_error(), 6);
    // SAFETY: as above.
    assert!(unsafe { CreateSemaphoreA(null(), 0, 1, name.as_ptr()) }.is_null());
    assert_eq!(last_error(), 6);
    // SAFETY: as above.
    assert!(unsafe { OpenMutexA(access::SYNC_ALL_ACCESS, 0, other.as_ptr()) }.is_null());
    assert_eq!(last_error(), 2);
    // SAFETY: as above.
    assert!(unsafe { OpenMutexA(access::SYNC_ALL_ACCESS, 0, null()) }.is_null());
    assert_eq!(last_error(), 87);
    // SAFETY: as above.
    assert!(unsafe { CreateEventA(null(), 0, 0, c"x\\y".as_ptr()) }.is_null());
    assert_eq!(last_error(), 3);
    // The mutex was there, so its second creation did not take it.
    assert_eq!((ReleaseMutex(second), last_error()), (0, 288));
    assert_eq!((CloseHandle(first), CloseHandle(second)), (1, 1));
}

#[test]
fn a_mutex_is_owned_by_a_thread_and_abandoned_with_it() {
    unsafe extern "C" fn take(mutex: LPVOID) -> u32 {
        WaitForSingleObject(mutex, INFINITE)
    }
    unsafe extern "C" fn release(mutex: LPVOID) -> u32 {
        if ReleaseMutex(mutex) == 1 { 0 } else { last_error() }
    }
    // SAFETY: the pointers are null.
    let mutex = unsafe { CreateMutexW(null(), 1, null()) };
    assert_eq!(WaitForSingleObject(mutex, 0), 0);
    let thread = run(release, mutex);
    assert_eq!(WaitForSingleObject(thread, INFINITE), 0);
    let mut code = 0;
    // SAFETY: the place is valid.
    assert_eq!(unsafe { processthreadsapi::GetExitCodeThread(thread, &raw mut code) }, 1);
    assert_eq!(code, 288);
    assert_eq!((ReleaseMutex(mutex), ReleaseMutex(mutex), ReleaseMutex(mutex)), (1, 1, 0));
    let taker = run(take, mutex);
    assert_eq!(WaitForSingleObject(taker, INFINITE), 0);
    assert_eq!((WaitForSingleObject(mutex, 0), ReleaseMutex(mutex)), (0x80, 1));
    assert_eq!((WaitForSingleObject(mutex, 0), ReleaseMutex(mutex)), (0, 1));
    close(&[mutex, thread, taker]);
}

#[test]
fn a_semaphore_counts_to_its_maximum() {
    let mut before = -1;
    // SAFETY: the pointers are null.
    let semaphore = unsafe { CreateSemaphoreW(null(), 1, 3, null()) };
    let mut release = |count| {
        // SAFETY: the place is valid.
        let released = unsafe { ReleaseSemaphore(semaphore, count, &raw mut before) };
        (released, if released == 0 { last_error() } else { before.cast_unsigned() })
    };
    assert_eq!((release(2), release(1), release(0)), ((1, 1), (0, 298), (0, 87)));
    for _ in 0..3 {
        assert_eq!(WaitForSingleObject(semaphore, 0), 0);
    }
    assert_eq!(WaitForSingleObject(semaphore, 1), 258);
    // SAFETY: the pointers are null.
    assert!(unsafe { CreateSemaphoreW(null(), 2, 1, null()) }.is_null());
    assert_eq!((last_error(), CloseHandle(semaphore)), (87, 1));
}

#[test]
fn signal_and_wait_signals_one_and_waits_for_the_other() {
    unsafe extern "C" fn answer(pair: LPVOID) -> u32 {
        // SAFETY: the test passes two handles, which outlive this thread.
        let [ask, reply] = unsafe { pair.cast::<[HANDLE; 2]>().read() };
        SignalObjectAndWait(reply, ask, INFINITE, 0)
    }
    let mut pair = [event(false, false), event(false, false)];
    let thread = run(answer, (&raw mut pair).cast());
    assert_eq!(WaitForSingleObject(pair[1], INFINITE), 0);
    assert_eq!((SetEvent(pair[0]), WaitForSingleObject(thread, INFINITE)), (1, 0));
    assert_eq!((SignalObjectAndWait(thread, pair[0], 0, 0), last_error()), (u32::MAX, 6));
    close(&[pair[0], pair[1], thread]);
}

static RAN: AtomicU32 = AtomicU32::new(0);

#[test]
fn an_alertable_wait_runs_what_was_queued_and_others_do_not() {
    unsafe extern "C" fn note(argument: usize) {
        RAN.fetch_add(u32::try_from(argument).expect("small"), Ordering::Relaxed);
    }
    let handle = event(false, false);
    assert_eq!(QueueUserAPC(Some(note), GetCurrentThread(), 1), 1);
    assert_eq!(QueueUserAPC(Some(note), GetCurrentThread(), 10), 1);
    Sleep(1);
    assert_eq!((WaitForSingleObject(handle, 1), SleepEx(1, 0)), (258, 0));
    assert_eq!(RAN.load(Ordering::Relaxed), 0);
    assert_eq!((SetEvent(handle), WaitForSingleObjectEx(handle, INFINITE, 1)), (1, 0));
    assert_eq!(RAN.load(Ordering::Relaxed), 0);
    assert_eq!(WaitForSingleObjectEx(handle, INFINITE, 1), 0xC0);
    assert_eq!((RAN.load(Ordering::Relaxed), SleepEx(0, 1)), (11, 0));
    assert_eq!(QueueUserAPC(Some(note), GetCurrentThread(), 100), 1);
    assert_eq!((SleepEx(INFINITE, 1), RAN.load(Ordering::Relaxed)), (0xC0, 111));
    CloseHandle(handle);
}

static TICKS: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_timer_is_due_and_its_routine_runs_in_an_alertable_wait() {
    unsafe extern "C" fn tick(argument: LPVOID, low: u32, high: u32) {
        assert!(argument.addr() == 7 && u64::from(high) << 32 | u64::from(low) > 1 << 56);
        TICKS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the pointers are null.
    let timer = unsafe { CreateWaitableTimerW(null(), 0, null()) };
    let set = |due: i64, period: i32, routine| {
        let argument = std::ptr::without_provenance_mut(7);
        // SAFETY: the time is valid, and the routine takes this argument.
        unsafe { SetWaitableTimer(timer, &raw const due, period, routine, argument, 0) }
    };
    assert_eq!(WaitForSingleObject(timer, 0), 258);
    assert_eq!((set(-36_000_000_000, 0, None), WaitForSingleObject(timer, 1)), (1, 258));
    assert_eq!((set(-10_000, 0, None), WaitForSingleObject(timer, INFINITE)), (1, 0));
    assert_eq!(WaitForSingleObject(timer, 0), 258);
    // A time long past.
    assert_eq!((set(1, 0, None), WaitForSingleObject(timer, INFINITE)), (1, 0));
    assert_eq!(set(-10_000, 1, Some(tick)), 1);
    let handle = event(false, false);
    while TICKS.load(Ordering::Relaxed) < 3 {
        assert_eq!(WaitForSingleObjectEx(handle, INFINITE, 1), 0xC0);
    }
    assert_eq!(CancelWaitableTimer(timer), 1);
    while SleepEx(0, 1) == 0xC0 {}
    let ticks = TICKS.load(Ordering::Relaxed);
    assert_eq!((SleepEx(5, 1), TICKS.load(Ordering::Relaxed)), (0, ticks));
    assert_eq!((set(-1, -1, None), last_error()), (0, 87));
    close(&[timer, handle]);
}

#[test]
fn a_process_is_signalled_when_it_has_ended() {
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    let handle = processthreadsapi::OpenProcess(access::SYNCHRONIZE, 0, child.id());
    assert_eq!(WaitForSingleObject(handle, 10), 258);
    drop(child.stdin.take());
    assert_eq!(wait_many(&[event(true, false), handle], false, INFINITE), 1);
    child.wait().expect("ended");
    assert_eq!(CloseHandle(handle), 1);
    assert_eq!(WaitForSingleObject(processthreadsapi::GetCurrentProcess(), 0), 258);
    assert_eq!(WaitForSingleObject(GetCurrentThread(), 0), 258);
}

/// Row 24: the handle of a new pipe is signalled.
#[test]
fn a_new_pipe_is_signalled_and_can_be_waited_for_with_others() {
    let name = format!("\\\\.\\pipe\\test-wait-{}", std::process::id());
    let name = std::ffi::CString::new(name).expect("no zero");
    // SAFETY: the name is valid.
    let pipe =
        unsafe { crate::namedpipeapi::CreateNamedPipeA(name.as_ptr(), 3, 0, 1, 0, 0, 0, null()) };
    let handle = event(false, false);
    assert_eq!(WaitForSingleObject(pipe, 0), 0);
    assert_eq!(
        (wait_many(&[handle, pipe], false, 0), wait_many(&[handle, pipe], true, 1)),
        (1, 258)
    );
    close(&[pipe, handle]);
}
