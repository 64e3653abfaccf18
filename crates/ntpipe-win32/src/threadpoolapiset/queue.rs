//! Timer queues: timers of the pool that are deleted together.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::time::{Duration, Instant};

use ntpipe::ErrorKind;

use super::legacy::tell_when_idle;
use super::{Context, number};
use crate::boundary::{gives_object, out, succeeds};
use crate::failure::Result;
use crate::object::pool::{self, Id, timer};
use crate::object::port::Packet;
use crate::types::{BOOL, DWORD, HANDLE, INVALID_HANDLE_VALUE};

type TimerRoutine = unsafe extern "C" fn(*mut c_void, u8);

/// `WT_EXECUTEONLYONCE`.
const ONLY_ONCE: u32 = 8;

/// `CreateTimerQueue`.
#[unsafe(no_mangle)]
pub extern "C" fn CreateTimerQueue() -> HANDLE {
    gives_object(|| Ok(number(pool::new_group())))
}

fn start(id: Id, due: u32, period: u32) -> Result<()> {
    let due = Instant::now() + Duration::from_millis(due.into());
    timer::set(id, Some(due), Duration::from_millis(period.into()))
}

/// `CreateTimerQueueTimer`. The queue may be null: the one that each process has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateTimerQueueTimer(
    place: *mut HANDLE,
    queue: HANDLE,
    routine: Option<TimerRoutine>,
    context: Context,
    due: DWORD,
    period: DWORD,
    flags: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = unsafe { out(place) }.ok_or(ErrorKind::InvalidParameter)?;
        let routine = routine.ok_or(ErrorKind::InvalidParameter)?;
        let context = context.expose_provenance();
        let id = pool::create(Box::new(move |_: Id, _: &Packet| {
            let context = std::ptr::with_exposed_provenance_mut(context);
            // SAFETY: the program's function, with the argument that it gave for it.
            unsafe { routine(context, 1) };
        }));
        place.write(number(id));
        pool::join(queue.addr(), id);
        let period = if flags & ONLY_ONCE != 0 { 0 } else { period };
        start(id, due, period).inspect_err(|_| pool::close(id))
    })
}

/// `ChangeTimerQueueTimer`.
#[unsafe(no_mangle)]
pub extern "C" fn ChangeTimerQueueTimer(
    _queue: HANDLE,
    timer: HANDLE,
    due: DWORD,
    period: DWORD,
) -> BOOL {
    succeeds(|| {
        if !pool::is_open(timer.addr()) {
            return Err(ErrorKind::InvalidParameter.into());
        }
        start(timer.addr(), due, period)
    })
}

/// Deletes a timer; whether its routine still runs, or is about to.
fn delete(id: Id, waits: bool) -> Result<bool> {
    if !pool::is_open(id) {
        return Err(ErrorKind::InvalidParameter.into());
    }
    timer::set(id, None, Duration::ZERO)?;
    let busy = pool::is_busy(id);
    // Before the wait: what was about to submit it comes too late.
    pool::close(id);
    if waits {
        pool::finish(id, false);
    }
    Ok(busy && !waits)
}

/// `DeleteTimerQueueTimer`.
#[unsafe(no_mangle)]
pub extern "C" fn DeleteTimerQueueTimer(_queue: HANDLE, timer: HANDLE, event: HANDLE) -> BOOL {
    succeeds(|| {
        let waits = event == INVALID_HANDLE_VALUE;
        let busy = delete(timer.addr(), waits)?;
        if !waits && !event.is_null() {
            tell_when_idle(vec![timer.addr()], event)?;
        }
        //= learn: DeleteTimerQueueTimer: ERROR_IO_PENDING while its routine runs
        if busy { Err(ErrorKind::IoPending.into()) } else { Ok(()) }
    })
}

/// `DeleteTimerQueueEx`: of a queue and all its timers.
#[unsafe(no_mangle)]
pub extern "C" fn DeleteTimerQueueEx(queue: HANDLE, event: HANDLE) -> BOOL {
    succeeds(|| {
        let waits = event == INVALID_HANDLE_VALUE;
        let timers = pool::leave(queue.addr());
        pool::close_group(queue.addr());
        let mut busy = false;
        for id in &timers {
            // One that the program deleted before is none any more.
            busy |= delete(*id, waits).unwrap_or(false);
        }
        if !waits && !event.is_null() {
            tell_when_idle(timers, event)?;
        }
        if busy { Err(ErrorKind::IoPending.into()) } else { Ok(()) }
    })
}

/// `DeleteTimerQueue`.
#[unsafe(no_mangle)]
pub extern "C" fn DeleteTimerQueue(queue: HANDLE) -> BOOL {
    DeleteTimerQueueEx(queue, std::ptr::null_mut())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;
    use crate::handleapi::CloseHandle;
    use crate::synchapi::{CreateEventW, WaitForSingleObject};
    use std::ptr::{null, null_mut};
    use std::sync::atomic::{AtomicU32, Ordering};

    unsafe extern "C" fn count(context: Context, fired: u8) {
        // SAFETY: each test gives a number that lives, and waits for its callbacks.
        unsafe { &*context.cast::<AtomicU32>() }.fetch_add(fired.into(), Ordering::Relaxed);
    }

    fn create(queue: HANDLE, calls: &AtomicU32, due: u32, period: u32) -> HANDLE {
        let mut timer = null_mut();
        let context = std::ptr::from_ref(calls).cast_mut().cast();
        // SAFETY: the place is valid, and the number outlives the timer.
        let done = unsafe {
            CreateTimerQueueTimer(&raw mut timer, queue, Some(count), context, due, period, 0)
        };
        assert_eq!(done, 1);
        timer
    }

    fn until(calls: &AtomicU32, least: u32) {
        let give_up = Instant::now() + Duration::from_secs(20);
        while calls.load(Ordering::Relaxed) < least {
            assert!(Instant::now() < give_up, "in time");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_timer_fires_until_it_is_deleted() {
        let calls = AtomicU32::new(0);
        let timer = create(null_mut(), &calls, 1, 1);
        until(&calls, 3);
        assert_eq!(DeleteTimerQueueTimer(null_mut(), timer, INVALID_HANDLE_VALUE), 1);
        let before = calls.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(calls.load(Ordering::Relaxed), before);
        let again = DeleteTimerQueueTimer(null_mut(), timer, INVALID_HANDLE_VALUE);
        assert_eq!((again, last_error()), (0, 87));
    }

    #[test]
    fn a_queue_takes_its_timers_along() {
        let calls = AtomicU32::new(0);
        let queue = CreateTimerQueue();
        let (never, soon) = (create(queue, &calls, u32::MAX, 0), create(queue, &calls, 0, 0));
        until(&calls, 1);
        assert_eq!(ChangeTimerQueueTimer(queue, soon, 1, 0), 1);
        until(&calls, 2);
        // SAFETY: the pointers are null.
        let event = unsafe { CreateEventW(null(), 1, 0, null()) };
        DeleteTimerQueueEx(queue, event);
        assert_eq!((WaitForSingleObject(event, 20_000), CloseHandle(event)), (0, 1));
        assert_eq!((ChangeTimerQueueTimer(queue, never, 0, 0), last_error()), (0, 87));
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
