//! The first thread pool's functions, on the same threads.
#![allow(unsafe_code)]

use std::ffi::c_void;

use ntpipe::ErrorKind;

use super::{Context, Object, bind, number};
use crate::boundary::{out, succeeds};
use crate::failure::Result;
use crate::handle;
use crate::object::pool::{self, Id, wait};
use crate::object::port::Packet;
use crate::object::wait::TIMEOUT;
use crate::overlapped::OverlappedRoutine;
use crate::synchapi::SetEvent;
use crate::types::{BOOL, DWORD, HANDLE, INVALID_HANDLE_VALUE};

type ThreadRoutine = unsafe extern "C" fn(*mut c_void) -> DWORD;
type WaitRoutine = unsafe extern "C" fn(*mut c_void, u8);

/// `WT_EXECUTEONLYONCE`.
const ONLY_ONCE: u32 = 8;

/// `QueueUserWorkItem`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn QueueUserWorkItem(
    routine: Option<ThreadRoutine>,
    context: Context,
    _flags: DWORD,
) -> BOOL {
    succeeds(|| {
        let routine = routine.ok_or(ErrorKind::InvalidParameter)?;
        let context = context.expose_provenance();
        let id = pool::create(Box::new(move |_: Id, _: &Packet| {
            // SAFETY: the program's function, with the argument that it gave for it.
            unsafe { routine(std::ptr::with_exposed_provenance_mut(context)) };
        }));
        let submitted = pool::submit(id, 0);
        pool::close(id);
        submitted
    })
}

/// `BindIoCompletionCallback`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BindIoCompletionCallback(
    file: HANDLE,
    routine: Option<OverlappedRoutine>,
    _flags: DWORD,
) -> BOOL {
    succeeds(|| {
        let routine = routine.ok_or(ErrorKind::InvalidParameter)?;
        let id = pool::create(Box::new(move |_: Id, packet: &Packet| {
            let bytes = u32::try_from(packet.ending.bytes).unwrap_or(u32::MAX);
            let overlapped = std::ptr::with_exposed_provenance_mut(packet.context);
            // SAFETY: the program's function, with the `OVERLAPPED` of its operation, which has completed.
            unsafe { routine(packet.ending.failure.win32, bytes, overlapped) };
        }));
        bind(file, id).inspect_err(|_| pool::close(id))
    })
}

/// `RegisterWaitForSingleObject`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RegisterWaitForSingleObject(
    place: *mut HANDLE,
    object: HANDLE,
    routine: Option<WaitRoutine>,
    context: Context,
    ms: DWORD,
    flags: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = unsafe { out(place) }.ok_or(ErrorKind::InvalidParameter)?;
        let routine = routine.ok_or(ErrorKind::InvalidParameter)?;
        let entry = handle::get(object)?;
        let context = context.expose_provenance();
        let id = pool::create(Box::new(move |_: Id, packet: &Packet| {
            let timed_out = packet.context == TIMEOUT as usize;
            let context = std::ptr::with_exposed_provenance_mut(context);
            // SAFETY: the program's function, with the argument that it gave for it.
            unsafe { routine(context, timed_out.into()) };
        }));
        place.write(number(id));
        wait::begin(id, entry, ms, flags & ONLY_ONCE != 0).inspect_err(|_| pool::close(id))
    })
}

/// `UnregisterWait`.
#[unsafe(no_mangle)]
pub extern "C" fn UnregisterWait(wait: HANDLE) -> BOOL {
    UnregisterWaitEx(wait, std::ptr::null_mut())
}

/// `UnregisterWaitEx`.
#[unsafe(no_mangle)]
pub extern "C" fn UnregisterWaitEx(wait: HANDLE, event: HANDLE) -> BOOL {
    succeeds(|| {
        let id = wait.addr();
        wait::end(id)?;
        let busy = pool::is_busy(id);
        // Before the rest: what was about to submit it comes too late.
        pool::close(id);
        if event == INVALID_HANDLE_VALUE {
            pool::finish(id, false);
            return Ok(());
        }
        if !event.is_null() {
            tell_when_idle(vec![id], event)?;
        }
        //= learn: UnregisterWaitEx: ERROR_IO_PENDING while its routine runs
        if busy { Err(ErrorKind::IoPending.into()) } else { Ok(()) }
    })
}

/// Sets an event when none of these tasks is called any more.
pub(super) fn tell_when_idle(ids: Vec<Id>, event: Object) -> Result<()> {
    let event = event.addr();
    let tell = pool::create(Box::new(move |_: Id, _: &Packet| {
        ids.iter().for_each(|id| pool::finish(*id, false));
        SetEvent(std::ptr::without_provenance_mut(event));
    }));
    let submitted = pool::submit(tell, 0);
    pool::close(tell);
    submitted
}
