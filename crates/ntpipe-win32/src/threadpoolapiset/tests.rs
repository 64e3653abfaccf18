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

unsafe extern "C" fn on_io(
    _: Object,
    context: Context,
    overlapped: Context,
    code: DWORD,
    bytes: usize,
    _: Object,
) {
    assert!(!overlapped.is_null() && bytes < 100);
    // SAFETY: as above.
    unsafe { seen(context) }.count(code);
}

#[test]
fn completions_call_the_pool_and_are_waited_for() {
    let seen = Seen::default();
    let name = format!(r"\\.\pipe\pool-{}", std::process::id());
    let server = ntpipe::ServerOptions::new().create(&name).expect("created");
    let client = ntpipe::ClientOptions::new().open(&name).expect("opened");
    let end = crate::object::pipe::End::Server(server);
    let pipe = std::sync::Arc::new(crate::object::PipeObject::new(end, true).expect("an end"));
    let entry = Entry::new(crate::object::Object::Pipe(pipe), 0x1F_01FF);
    let handle = handle::insert(entry).expect("a handle");
    // SAFETY: the context outlives the callbacks, which are waited for.
    let io = unsafe { CreateThreadpoolIo(handle, Some(on_io), seen.context(), std::ptr::null()) };
    assert!(!io.is_null());
    let mut data = [0u8; 10];
    let mut overlapped = crate::types::OVERLAPPED {
        Internal: 0,
        InternalHigh: 0,
        Offset: 0,
        OffsetHigh: 0,
        hEvent: null_mut(),
    };
    let mut read = || {
        let place = data.as_mut_ptr().cast();
        // SAFETY: buffer and block stay until the completion was waited for.
        unsafe { crate::fileapi::ReadFile(handle, place, 10, null_mut(), &raw mut overlapped) }
    };
    StartThreadpoolIo(io);
    assert_eq!((read(), last_error()), (0, 997));
    client.send(b"hello").expect("sent");
    WaitForThreadpoolIoCallbacks(io, 0);
    assert_eq!((seen.calls(), seen.last.load(Ordering::Relaxed)), (1, 0));
    StartThreadpoolIo(io);
    assert_eq!(read(), 0);
    drop(client);
    WaitForThreadpoolIoCallbacks(io, 0);
    assert_eq!((seen.calls(), seen.last.load(Ordering::Relaxed)), (2, 109));
    StartThreadpoolIo(io);
    assert_eq!((read(), last_error()), (0, 109));
    CancelThreadpoolIo(io);
    WaitForThreadpoolIoCallbacks(io, 0);
    assert_eq!(seen.calls(), 2);
    CloseThreadpoolIo(io);
    handle::close(handle).expect("closed");
}
