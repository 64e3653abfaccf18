//! What a copy of the process by `fork` can do, whatever the other threads were in the middle of.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use ntpipe_shm::generation::{Ended, in_copy, is_alone};
use rustix::process::{Signal, getpid, kill_process};

use crate::consoleapi::{SetConsoleCtrlHandler, control};
use crate::fileapi::{CreateFileA, ReadFile, WriteFile};
use crate::handle::{self, Entry};
use crate::handleapi::CloseHandle;
use crate::inherit::tests::{end, spawn};
use crate::io::{_open_osfhandle, ntpipe_close_descriptor};
use crate::ioapiset::GetOverlappedResult;
use crate::namedpipeapi::{ConnectNamedPipe, CreateNamedPipeA};
use crate::object::{Object, pool, process, service, thread};
use crate::processthreadsapi::{CreateThread, GetCurrentProcessId, OpenProcess};
use crate::synchapi::{
    CreateEventA, InitOnceBeginInitialize, InitOnceComplete, SetEvent, WaitForSingleObject, once,
};
use crate::types::{BOOL, HANDLE, LPVOID, OVERLAPPED, access};
use crate::{channel, io};

const FOREVER: u32 = u32::MAX;
const OVERLAPPED_FLAG: u32 = 0x4000_0000;

fn event() -> HANDLE {
    // SAFETY: the pointers are null.
    unsafe { CreateEventA(null(), 1, 0, null()) }
}

/// Both ends of a new pipe. The server waits for its client as an operation that goes on.
fn pipe() -> [HANDLE; 2] {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("\\\\.\\pipe\\test-copies-{}-{number}", std::process::id());
    let name = CString::new(name).expect("no zero");
    let (duplex, mode) = (3 | OVERLAPPED_FLAG, 0);
    // SAFETY: the name ends with a zero, and the other pointer is null.
    let server = unsafe { CreateNamedPipeA(name.as_ptr(), duplex, mode, 1, 512, 512, 0, null()) };
    let mut overlapped =
        OVERLAPPED { Internal: 0, InternalHigh: 0, Offset: 0, OffsetHigh: 0, hEvent: event() };
    let (place, mut count) = (&raw mut overlapped, 0);
    // SAFETY: it stays until the operation is over.
    assert_eq!(unsafe { ConnectNamedPipe(server, place) }, 0);
    // SAFETY: as for the server.
    let client = unsafe { CreateFileA(name.as_ptr(), 3 << 30, 0, null(), 3, 0, null_mut()) };
    // SAFETY: as above, and the other place is valid.
    assert_eq!(unsafe { GetOverlappedResult(server, place, &raw mut count, 1) }, 1);
    CloseHandle(overlapped.hEvent);
    [server, client]
}

fn write(end: HANDLE) -> BOOL {
    let mut count = 0;
    // SAFETY: the data and the place are valid.
    unsafe { WriteFile(end, c"x".as_ptr().cast(), 1, &raw mut count, null_mut()) }
}

/// A read that goes on until something is written.
fn pending_read([reader, writer]: [HANDLE; 2]) {
    let mut overlapped =
        OVERLAPPED { Internal: 0, InternalHigh: 0, Offset: 0, OffsetHigh: 0, hEvent: event() };
    let (place, mut data, mut count) = (&raw mut overlapped, [0u8], 0);
    // SAFETY: the places stay until the operation is over.
    assert_eq!(unsafe { ReadFile(reader, data.as_mut_ptr().cast(), 1, null_mut(), place) }, 0);
    assert_eq!(write(writer), 1);
    // Nobody but the thread that serves the process can tell of it.
    assert_eq!(WaitForSingleObject(overlapped.hEvent, FOREVER), 0);
    // SAFETY: as above.
    assert_eq!(unsafe { GetOverlappedResult(reader, place, &raw mut count, 1) }, 1);
    assert_eq!((count, &data, CloseHandle(overlapped.hEvent)), (1, b"x", 1));
}

fn use_threads() {
    unsafe extern "C" fn sets(event: LPVOID) -> u32 {
        SetEvent(event).cast_unsigned()
    }
    let set = event();
    // SAFETY: the routine takes a handle.
    let thread = unsafe { CreateThread(null(), 0, Some(sets), set, 0, null_mut()) };
    assert_eq!((WaitForSingleObject(set, FOREVER), WaitForSingleObject(thread, FOREVER)), (0, 0));
    assert_eq!((CloseHandle(set), CloseHandle(thread)), (1, 1));
}

/// Has the pool call this for its own sake, after a time, and after a wait.
fn use_pool() {
    let called = Arc::new(Barrier::new(2));
    let meets = called.clone();
    let task = pool::create(Box::new(move |_, _| {
        meets.wait();
    }));
    let group = pool::new_group();
    pool::join(group, task);
    pool::submit(task, 0).expect("submitted");
    called.wait();
    pool::timer::set(task, Some(Instant::now()), Duration::ZERO).expect("set");
    called.wait();
    let signalled = ntpipe::Event::new(true, true).expect("an event");
    let entry = Entry::new(Object::Event(signalled), access::SYNC_ALL_ACCESS);
    pool::wait::begin(task, entry, FOREVER, true).expect("begun");
    called.wait();
    pool::wait::end(task).expect("it was begun");
    pool::finish(task, false);
    assert_eq!(pool::leave(group), [task]);
    pool::close(task);
    pool::close_group(group);
}

fn use_processes() {
    let own = OpenProcess(access::SYNCHRONIZE, 0, GetCurrentProcessId());
    assert_eq!((WaitForSingleObject(own, 0), CloseHandle(own)), (258, 1));
    // A name that no test has: it runs nothing.
    end(spawn("no test", ""));
}

fn use_descriptors([server, client]: [HANDLE; 2]) {
    let fd = _open_osfhandle(client.addr().cast_signed(), 0);
    assert!(fd > 2);
    // SAFETY: just opened.
    assert_eq!(unsafe { ntpipe_close_descriptor(fd) }, 0);
    assert_eq!((CloseHandle(client), CloseHandle(server)), (0, 1));
}

fn initialise() {
    let (once, mut pending) = (once::INIT_ONCE::default(), 0);
    let (word, place) = (&raw const once, &raw mut pending);
    // SAFETY: the places are valid.
    assert_eq!(unsafe { InitOnceBeginInitialize(word, 0, place, null_mut()) }, 1);
    // SAFETY: as above.
    assert_eq!((pending, unsafe { InitOnceComplete(word, 0, null_mut()) }), (1, 1));
}

extern "C" fn passes_on(_: u32) -> BOOL {
    0
}

/// Makes something of each kind, and uses it. A panic is no answer.
fn everything() -> bool {
    let ends = pipe();
    pending_read(ends);
    use_descriptors(ends);
    use_threads();
    use_pool();
    use_processes();
    initialise();
    SetConsoleCtrlHandler(Some(passes_on), 1) == 1
}

/// Makes everything in a copy of the process, while another thread holds something.
fn copy_while<T>(what: &str, hold: impl FnOnce() -> T + Send) {
    let (held, over) = (Barrier::new(2), Barrier::new(2));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let guard = hold();
            held.wait();
            over.wait();
            drop(guard);
        });
        held.wait();
        let ended = in_copy(everything);
        over.wait();
        assert_eq!(ended, Ok(Ended::Well), "{what}");
    });
}

#[test]
fn a_copy_makes_everything_whatever_other_threads_have_locked() {
    if !is_alone("copies::a_copy_makes_everything_whatever_other_threads_have_locked") {
        return;
    }
    assert!(everything());
    copy_while("nothing", || ());
    copy_while("handles", handle::hold);
    copy_while("pairs of descriptors", io::hold);
    copy_while("handlers", control::hold);
    copy_while("initialisations", once::hold);
    copy_while("children", channel::hold);
    copy_while("service", service::hold);
    copy_while("threads", thread::hold);
    copy_while("processes", process::hold);
    copy_while("pool", pool::hold);
    copy_while("timers", pool::timer::hold);
    copy_while("waits", pool::wait::hold);
    assert!(everything(), "this process has noticed nothing");
}

#[test]
fn a_copy_can_have_called_what_the_pool_was_given_before() {
    if !is_alone("copies::a_copy_can_have_called_what_the_pool_was_given_before") {
        return;
    }
    let called = Arc::new(AtomicU32::new(0));
    let count = called.clone();
    let call = move |_, _: &_| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    let (task, closed) = (pool::create(Box::new(call.clone())), pool::create(Box::new(call)));
    // In the copy it is never over, since the thread that would call it is not there.
    pool::expect(task);
    pool::expect(closed);
    pool::close(closed);
    let copied = in_copy(|| {
        pool::finish(task, false);
        pool::submit(task, 0).expect("submitted");
        pool::finish(task, false);
        called.load(Ordering::Relaxed) == 1 && pool::submit(closed, 0).is_err()
    });
    assert_eq!(copied, Ok(Ended::Well));
}

static SEEN: AtomicU32 = AtomicU32::new(0);

extern "C" fn notes(event: u32) -> BOOL {
    SEEN.store(event + 1, Ordering::Relaxed);
    1
}

#[test]
fn a_copy_without_handlers_ends_at_a_signal_and_one_with_its_own_calls_all() {
    if !is_alone("copies::a_copy_without_handlers_ends_at_a_signal_and_one_with_its_own_calls_all")
    {
        return;
    }
    assert_eq!(SetConsoleCtrlHandler(Some(notes), 1), 1);
    let kill = |signal| kill_process(getpid(), signal).is_ok();
    // It would answer, if the signal did nothing.
    assert_eq!(in_copy(|| kill(Signal::TERM)), Ok(Ended::Badly));
    let ignores = in_copy(|| SetConsoleCtrlHandler(None, 1) == 1 && kill(Signal::INT));
    assert_eq!(ignores, Ok(Ended::Well));
    let calls = in_copy(|| {
        assert_eq!(SetConsoleCtrlHandler(Some(passes_on), 1), 1);
        assert!(kill(Signal::INT));
        while SEEN.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        SEEN.load(Ordering::Relaxed) == 1
    });
    assert_eq!(calls, Ok(Ended::Well));
    assert_eq!(SEEN.load(Ordering::Relaxed), 0, "it was no signal for this process");
}
