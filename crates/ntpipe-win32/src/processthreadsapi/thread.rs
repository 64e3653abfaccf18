//! Threads: `CreateThread`, and what is asked of its handles.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::ptr::null_mut;
use std::sync::{Arc, mpsc};

use ntpipe::ErrorKind;

use super::{ALL_ACCESS, process};
use crate::apc;
use crate::boundary::{answer, gives_object, guarded, is_called, out, put, succeeds, value};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::{Object, ThreadObject, thread};
use crate::types::{BOOL, DWORD, HANDLE, LPVOID, SECURITY_ATTRIBUTES};

const CREATE_SUSPENDED: u32 = 0x4;
const STACK_SIZE_PARAM_IS_A_RESERVATION: u32 = 0x1_0000;
/// A smaller stack has no room for the program beside the system's own part.
const STACK_BYTES_MIN: usize = 64 << 10;
/// What threads have anyway, as a rule: Windows' sizes say how much of it is committed at once.
const STACK_BYTES_USUAL: usize = 8 << 20;
/// What `GetCurrentThread` answers.
const CURRENT_THREAD: usize = usize::MAX - 1;

/// What a thread runs.
type Routine = unsafe extern "C" fn(LPVOID) -> DWORD;

/// What `CreateThread` leaves for its thread.
struct Start {
    work: Work,
    suspended: bool,
    /// Whether the handle is closed when the thread ends.
    closes_handle: bool,
    begun: mpsc::Sender<Arc<ThreadObject>>,
}

/// `struct work` of thread.c.
#[repr(C)]
pub(super) struct Work {
    call: Option<Routine>,
    argument: LPVOID,
    is_silent: c_int,
}

unsafe extern "C" {
    fn ntpipe_thread_start(start: *mut c_void, stack: usize) -> c_int;
    fn ntpipe_thread_stack(start: *mut *mut c_void, size: *mut usize);
}

/// The addresses of the calling thread's stack; none if they cannot be told.
pub(crate) fn own_stack() -> Range<usize> {
    let (mut start, mut size) = (null_mut::<c_void>(), 0);
    // SAFETY: both are valid for writes.
    unsafe { ntpipe_thread_stack(&raw mut start, &raw mut size) };
    start.addr()..start.addr().saturating_add(size)
}

/// The first thing that a new thread does.
///
/// # Safety
/// `start` comes from [`create`] and is passed once; `work` is valid for writes.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn ntpipe_thread_begin(start: *mut c_void, work: *mut Work) {
    // SAFETY: the pointer is that of `create`, which has given the box away.
    let start = *unsafe { Box::from_raw(start.cast::<Start>()) };
    // SAFETY: valid for writes, by the caller's promise.
    put(unsafe { out(work) }, start.work);
    let _ = guarded(|| {
        let thread = thread::current();
        if start.suspended {
            thread.close_gate();
        }
        if start.closes_handle {
            thread.close_handle_at_end();
        }
        let _ = start.begun.send(thread.clone());
        thread.pass();
        Ok(())
    });
}

/// Notes the exit code of the calling thread.
#[unsafe(no_mangle)]
pub(super) extern "C" fn ntpipe_thread_ends(code: u32) {
    let _ = guarded(|| {
        thread::current().end_with(code);
        Ok(())
    });
}

/// Whether the caller is a routine that this library called: then frames of this library are below it.
#[unsafe(no_mangle)]
pub(super) extern "C" fn ntpipe_thread_leaves_frames() -> c_int {
    is_called().into()
}

/// Tells everyone that the calling thread has ended: for one whose own variables are not destroyed, as
/// those of a program's first thread are not.
#[unsafe(no_mangle)]
pub(super) extern "C" fn ntpipe_thread_is_gone() {
    let _ = guarded(|| {
        thread::current().end();
        Ok(())
    });
}

/// Starts a thread; gives its handle and its number.
fn create(
    security: Option<&SECURITY_ATTRIBUTES>,
    stack: usize,
    work: Work,
    flags: u32,
    closes_handle: bool,
) -> Result<(HANDLE, u32)> {
    if flags & !(CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION) != 0 {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let stack = match flags & STACK_SIZE_PARAM_IS_A_RESERVATION {
        0 if stack <= STACK_BYTES_USUAL => 0,
        _ if stack == 0 => 0,
        _ => stack.max(STACK_BYTES_MIN),
    };
    let (begun, begins) = mpsc::channel();
    let suspended = flags & CREATE_SUSPENDED != 0;
    let start = Box::into_raw(Box::new(Start { work, suspended, closes_handle, begun }));
    let failed = crate::token::as_process(|| {
        // SAFETY: thread.c passes the pointer to `ntpipe_thread_begin`, once, if it succeeds.
        unsafe { ntpipe_thread_start(start.cast(), stack) }
    });
    if failed != 0 {
        // SAFETY: no thread was started, so the box is still ours.
        drop(unsafe { Box::from_raw(start) });
        return Err(rustix::io::Errno::from_raw_os_error(failed).into());
    }
    let thread = begins.recv().map_err(|_| Failure::INTERNAL)?;
    let id = thread.id;
    let inherit = security.is_some_and(|it| it.bInheritHandle != 0);
    let entry = Entry::new(Object::Thread(thread.clone()), ALL_ACCESS).inherited(inherit);
    let handle = handle::insert(entry)?;
    thread.give_handle(handle.addr());
    Ok((handle, id))
}

/// `CreateThread`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThread(
    security: *const SECURITY_ATTRIBUTES,
    stack: usize,
    routine: Option<Routine>,
    argument: LPVOID,
    flags: DWORD,
    id: *mut DWORD,
) -> HANDLE {
    gives_object(|| {
        // SAFETY: null or valid, by the caller's promise.
        let security = unsafe { value(security) };
        let call = Some(routine.ok_or(ErrorKind::InvalidParameter)?);
        let work = Work { call, argument, is_silent: 0 };
        let (handle, number) = create(security, stack, work, flags, false)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(id) }, number);
        Ok(handle)
    })
}

unsafe extern "C" {
    safe fn ntpipe__set_errno(value: i32) -> i32;
}

/// What `_beginthread` and `_beginthreadex` tell by `errno` of what went wrong.
fn set_errno(routine: Option<Routine>) {
    const EAGAIN: i32 = 11;
    const EINVAL: i32 = 22;
    ntpipe__set_errno(if routine.is_none() { EINVAL } else { EAGAIN });
}

/// `_beginthreadex` of the C library: `CreateThread`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _beginthreadex(
    security: *const SECURITY_ATTRIBUTES,
    stack: u32,
    routine: Option<Routine>,
    argument: LPVOID,
    flags: u32,
    id: *mut u32,
) -> usize {
    // SAFETY: the caller's promises are those of `CreateThread`.
    let thread = unsafe { CreateThread(security, stack as usize, routine, argument, flags, id) };
    if thread.is_null() {
        set_errno(routine);
    }
    thread.addr()
}

/// `_beginthread` of the C library: a thread whose handle is closed when it ends.
///
/// The routine gives nothing; thread.c calls it as what it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _beginthread(
    routine: Option<Routine>,
    stack: u32,
    argument: LPVOID,
) -> usize {
    let thread = answer(usize::MAX, || {
        let call = Some(routine.ok_or(ErrorKind::InvalidParameter)?);
        let work = Work { call, argument, is_silent: 1 };
        Ok(create(None, stack as usize, work, 0, true)?.0.addr())
    });
    if thread == usize::MAX {
        set_errno(routine);
    }
    thread
}

/// The thread that a handle, or `GetCurrentThread`, stands for.
pub(crate) fn thread(handle: HANDLE) -> Result<Arc<ThreadObject>> {
    if handle.addr() == CURRENT_THREAD {
        return Ok(thread::current());
    }
    handle::with(handle, |entry| entry.object.thread().cloned())
}

/// Whether the handle is that of another process's first thread, for which the process stands.
fn is_first_of_process(handle: HANDLE) -> bool {
    handle.addr() < CURRENT_THREAD && process(handle).is_ok()
}

/// `GetCurrentThread`.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentThread() -> HANDLE {
    std::ptr::without_provenance_mut(CURRENT_THREAD)
}

/// `GetCurrentThreadId`.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentThreadId() -> DWORD {
    answer(0, || Ok(thread::current_id()))
}

/// `GetThreadId`.
#[unsafe(no_mangle)]
pub extern "C" fn GetThreadId(handle: HANDLE) -> DWORD {
    answer(0, || match is_first_of_process(handle) {
        true => Ok(process(handle)?.pid),
        false => Ok(thread(handle)?.id),
    })
}

/// `GetProcessIdOfThread`.
#[unsafe(no_mangle)]
pub extern "C" fn GetProcessIdOfThread(handle: HANDLE) -> DWORD {
    answer(0, || match is_first_of_process(handle) {
        true => Ok(process(handle)?.pid),
        false => thread(handle).map(|_| std::process::id()),
    })
}

/// `OpenThread`.
#[unsafe(no_mangle)]
pub extern "C" fn OpenThread(access: DWORD, inherit: BOOL, id: DWORD) -> HANDLE {
    gives_object(|| {
        let object = Object::Thread(thread::open(id)?);
        handle::insert(Entry::new(object, access).inherited(inherit != 0))
    })
}

/// `GetExitCodeThread`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetExitCodeThread(handle: HANDLE, code: *mut DWORD) -> BOOL {
    succeeds(|| {
        let exit_code = match is_first_of_process(handle) {
            true => process(handle)?.exit_code(),
            false => thread(handle)?.exit_code(),
        };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(code) }, exit_code);
        Ok(())
    })
}

/// `TerminateThread`: of the calling thread alone. To stop another one at any point would leave locked
/// what it had locked, in the C library as well.
#[unsafe(no_mangle)]
pub extern "C" fn TerminateThread(handle: HANDLE, _code: DWORD) -> BOOL {
    succeeds(|| {
        thread(handle)?;
        Err(ErrorKind::NotSupported.into())
    })
}

/// `ResumeThread`.
#[unsafe(no_mangle)]
pub extern "C" fn ResumeThread(handle: HANDLE) -> DWORD {
    answer(DWORD::MAX, || match is_first_of_process(handle) {
        true => Ok(process(handle)?.resume()),
        false => Ok(thread(handle)?.resume()),
    })
}

/// `SuspendThread`: of a thread or a program that has not begun.
#[unsafe(no_mangle)]
pub extern "C" fn SuspendThread(handle: HANDLE) -> DWORD {
    answer(DWORD::MAX, || match is_first_of_process(handle) {
        true => process(handle)?.suspend(),
        false => thread(handle)?.suspend(),
    })
}

/// `SwitchToThread`.
#[unsafe(no_mangle)]
pub extern "C" fn SwitchToThread() -> BOOL {
    std::thread::yield_now();
    1
}

/// `SetThreadPriority`: is noted.
#[unsafe(no_mangle)]
pub extern "C" fn SetThreadPriority(handle: HANDLE, priority: i32) -> BOOL {
    succeeds(|| match is_first_of_process(handle) {
        true => Ok(()),
        false => {
            thread(handle)?.set_priority(priority);
            Ok(())
        }
    })
}

/// `GetThreadPriority`.
#[unsafe(no_mangle)]
pub extern "C" fn GetThreadPriority(handle: HANDLE) -> i32 {
    answer(i32::MAX, || match is_first_of_process(handle) {
        true => Ok(0),
        false => Ok(thread(handle)?.priority()),
    })
}

/// `CancelSynchronousIo`.
#[unsafe(no_mangle)]
pub extern "C" fn CancelSynchronousIo(handle: HANDLE) -> BOOL {
    succeeds(|| Ok(thread(handle)?.io.cancel_synchronous_io()?))
}

/// What `QueueUserAPC` calls.
type ApcRoutine = unsafe extern "C" fn(usize);

/// `QueueUserAPC`.
#[unsafe(no_mangle)]
pub extern "C" fn QueueUserAPC(
    routine: Option<ApcRoutine>,
    handle: HANDLE,
    argument: usize,
) -> DWORD {
    answer(0, || {
        let routine = routine.ok_or(ErrorKind::InvalidParameter)?;
        let call = move || {
            // SAFETY: the program has left the routine to be called with this argument.
            unsafe { routine(argument) };
        };
        apc::queue(&*thread(handle)?, call).map(|()| 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;
    use crate::handleapi::CloseHandle;
    use std::sync::atomic::{AtomicU32, Ordering};

    unsafe extern "C" {
        fn ExitThread(code: u32) -> !;
        fn _endthread() -> !;
    }

    fn exit_code(handle: HANDLE) -> u32 {
        let mut code = 0;
        // SAFETY: the place is valid.
        assert_eq!(unsafe { GetExitCodeThread(handle, &raw mut code) }, 1);
        code
    }

    fn start(routine: Routine, argument: usize, flags: u32) -> (HANDLE, u32) {
        let mut id = 0;
        let argument = std::ptr::without_provenance_mut(argument);
        // SAFETY: the routine takes a number, and the place is valid.
        let handle = unsafe {
            CreateThread(std::ptr::null(), 0, Some(routine), argument, flags, &raw mut id)
        };
        assert!(!handle.is_null());
        (handle, id)
    }

    fn join(handle: HANDLE) -> u32 {
        thread(handle).expect("a thread").ended.wait().expect("waited");
        let code = exit_code(handle);
        assert_eq!(CloseHandle(handle), 1);
        code
    }

    unsafe extern "C" fn gives_back(argument: LPVOID) -> u32 {
        u32::try_from(argument.addr()).expect("small")
    }

    unsafe extern "C" fn exits(argument: LPVOID) -> u32 {
        let code = u32::try_from(argument.addr()).expect("small");
        // SAFETY: the frames of this thread own nothing.
        unsafe { ExitThread(code) }
    }

    #[test]
    fn a_thread_gives_its_exit_code_by_return_or_by_exit() {
        let (handle, id) = start(gives_back, 7, 0);
        assert_eq!((GetThreadId(handle), join(handle)), (id, 7));
        assert_eq!(join(start(exits, 8, 0).0), 8);
    }

    #[test]
    fn a_suspended_thread_begins_when_it_has_been_resumed_as_often() {
        let (handle, id) = start(gives_back, 9, CREATE_SUSPENDED);
        assert_eq!(SuspendThread(handle), 1);
        assert_eq!((ResumeThread(handle), exit_code(handle)), (2, 259));
        let other = OpenThread(ALL_ACCESS, 0, id);
        assert_eq!(ResumeThread(other), 1);
        assert_eq!((join(handle), join(other)), (9, 9));
        assert_eq!(SuspendThread(GetCurrentThread()), DWORD::MAX);
        assert_eq!(last_error(), 50);
    }

    #[test]
    fn an_ended_thread_takes_no_apc_and_cannot_be_opened() {
        unsafe extern "C" fn never(_: usize) {
            std::process::abort();
        }
        let (handle, id) = start(gives_back, 0, 0);
        thread(handle).expect("a thread").ended.wait().expect("waited");
        assert_eq!((QueueUserAPC(Some(never), handle, 0), last_error()), (0, 31));
        assert!(OpenThread(ALL_ACCESS, 0, id).is_null());
        assert_eq!(last_error(), 87);
        assert_eq!((CancelSynchronousIo(handle), last_error()), (0, 1168));
        assert_eq!(join(handle), 0);
        let stale = handle;
        assert_eq!((CancelSynchronousIo(stale), last_error()), (0, 6));
    }

    #[test]
    fn a_thread_may_exit_from_a_routine_that_was_left_for_it() {
        unsafe extern "C" fn leave(code: usize) {
            // SAFETY: the frames below are left as they are.
            unsafe { ExitThread(u32::try_from(code).expect("small")) }
        }
        unsafe extern "C" fn sleep(_: LPVOID) -> u32 {
            crate::synchapi::SleepEx(u32::MAX, 1)
        }
        let (handle, _) = start(sleep, 0, 0);
        assert_eq!(QueueUserAPC(Some(leave), handle, 77), 1);
        assert_eq!(join(handle), 77);
    }

    #[test]
    fn a_blocked_read_of_a_thread_is_cancelled() {
        unsafe extern "C" fn read(pipe: LPVOID) -> u32 {
            let mut byte = 0u8;
            let place = (&raw mut byte).cast();
            // SAFETY: the place is valid for a byte.
            let read = unsafe { crate::fileapi::ReadFile(pipe, place, 1, null_mut(), null_mut()) };
            if read == 0 { last_error() } else { 0 }
        }
        let (mut reader, mut writer) = (null_mut(), null_mut());
        // SAFETY: the places are valid.
        let made = unsafe {
            crate::namedpipeapi::CreatePipe(&raw mut reader, &raw mut writer, std::ptr::null(), 0)
        };
        assert_eq!(made, 1);
        let (handle, _) = start(read, reader.addr(), 0);
        crate::boundary::set_last_error(5);
        while CancelSynchronousIo(handle) == 0 {
            assert_eq!(last_error(), 1168);
            crate::boundary::set_last_error(5);
        }
        assert_eq!((last_error(), join(handle)), (5, 995));
        assert_eq!((CloseHandle(reader), CloseHandle(writer)), (1, 1));
    }

    #[test]
    fn a_thread_of_the_c_library_closes_its_handle() {
        static RAN: AtomicU32 = AtomicU32::new(0);
        unsafe extern "C" fn routine(argument: LPVOID) -> u32 {
            RAN.store(u32::try_from(argument.addr()).expect("small"), Ordering::Relaxed);
            // SAFETY: as for `exits`.
            unsafe { _endthread() }
        }
        let argument = std::ptr::without_provenance_mut(5);
        // SAFETY: the routine takes a number.
        let number = unsafe { _beginthread(Some(routine), 0, argument) };
        let handle: HANDLE = std::ptr::without_provenance_mut(number);
        while handle::get(handle).is_ok() {
            std::thread::yield_now();
        }
        assert_eq!(RAN.load(Ordering::Relaxed), 5);
    }
}
