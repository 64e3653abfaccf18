//! The pool, used as C uses it.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::boundary::last_error;
use crate::handle::Entry;

/// What the callbacks of a test count.
#[derive(Default)]
struct Seen {
    calls: AtomicU32,
    last: AtomicU32,
}

impl Seen {
    fn context(&self) -> Context {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    fn count(&self, last: u32) {
        self.last.store(last, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// # Safety
/// The context is a `Seen` that lives.
unsafe fn seen<'a>(context: Context) -> &'a Seen {
    // SAFETY: the caller's promise.
    unsafe { &*context.cast() }
}

unsafe extern "C" fn on_work(_: Object, context: Context, _: Object) {
    // SAFETY: each test gives one, and waits for its callbacks.
    unsafe { seen(context) }.count(1);
}

unsafe extern "C" fn on_wait(_: Object, context: Context, _: Object, result: DWORD) {
    // SAFETY: as above.
    unsafe { seen(context) }.count(result);
}

unsafe extern "C" fn on_registered(context: Context, timed_out: u8) {
    // SAFETY: as above.
    unsafe { seen(context) }.count(timed_out.into());
}

fn until(condition: impl Fn() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < give_up, "in time");
        std::thread::yield_now();
    }
}

fn event(manual: bool) -> (HANDLE, ntpipe::Event) {
    let event = ntpipe::Event::new(manual, false).expect("an event");
    let entry = Entry::new(crate::object::Object::Event(event.clone()), 0x1F_0003);
    (handle::insert(entry).expect("a handle"), event)
}

#[test]
fn submitted_work_runs_as_often_as_it_was_submitted() {
    let seen = Seen::default();
    // SAFETY: the context outlives the callbacks, which are waited for.
    let work = unsafe { CreateThreadpoolWork(Some(on_work), seen.context(), std::ptr::null()) };
    for _ in 0..10 {
        SubmitThreadpoolWork(work);
    }
    WaitForThreadpoolWorkCallbacks(work, 0);
    assert_eq!(seen.calls(), 10);
    CloseThreadpoolWork(work);
}

#[test]
fn a_timer_calls_once_or_with_its_period() {
    let seen = Seen::default();
    // SAFETY: as above.
    let timer = unsafe { CreateThreadpoolTimer(Some(on_work), seen.context(), std::ptr::null()) };
    let soon = (-10_000i64).cast_unsigned();
    let soon = [u32::try_from(soon & 0xFFFF_FFFF).expect("32 bits"), u32::MAX];
    // SAFETY: the time is there.
    unsafe { SetThreadpoolTimer(timer, &raw const soon, 1, 0) };
    assert_eq!(IsThreadpoolTimerSet(timer), 1);
    until(|| seen.calls() >= 3);
    // SAFETY: null is allowed.
    unsafe { SetThreadpoolTimer(timer, std::ptr::null(), 0, 0) };
    WaitForThreadpoolTimerCallbacks(timer, 1);
    assert_eq!(IsThreadpoolTimerSet(timer), 0);
    CloseThreadpoolTimer(timer);
}

#[test]
fn a_wait_calls_when_its_object_is_signalled_or_the_time_is_over() {
    let seen = Seen::default();
    let (handle, event) = event(false);
    // SAFETY: as above.
    let object = unsafe { CreateThreadpoolWait(Some(on_wait), seen.context(), std::ptr::null()) };
    // SAFETY: null is allowed.
    unsafe { SetThreadpoolWait(object, handle, std::ptr::null()) };
    event.set();
    until(|| seen.calls() == 1);
    assert_eq!(seen.last.load(Ordering::Relaxed), 0);
    let now = [0, 0];
    // SAFETY: the time is there.
    unsafe { SetThreadpoolWait(object, handle, &raw const now) };
    until(|| seen.calls() == 2);
    assert_eq!(seen.last.load(Ordering::Relaxed), 258);
    WaitForThreadpoolWaitCallbacks(object, 1);
    CloseThreadpoolWait(object);
    handle::close(handle).expect("closed");
}

#[test]
fn a_registered_wait_calls_until_it_is_unregistered() {
    let seen = Seen::default();
    let (handle, event) = event(false);
    let mut wait = null_mut();
    // SAFETY: the place is there, and the context outlives the wait.
    let ok = unsafe {
        let routine: unsafe extern "C" fn(Context, u8) = on_registered;
        RegisterWaitForSingleObject(
            &raw mut wait,
            handle,
            Some(routine),
            seen.context(),
            u32::MAX,
            0,
        )
    };
    assert_eq!(ok, 1);
    for calls in 1..=3 {
        event.set();
        until(|| seen.calls() == calls);
    }
    assert_eq!(UnregisterWaitEx(wait, crate::types::INVALID_HANDLE_VALUE), 1);
    event.set();
    assert_eq!((UnregisterWait(wait), last_error()), (0, 6), "not registered any more");
    assert_eq!(seen.calls(), 3);
    handle::close(handle).expect("closed");
}
