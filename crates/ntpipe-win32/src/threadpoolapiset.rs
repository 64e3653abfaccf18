//! `threadpoolapiset.h`, `threadpoollegacyapiset.h`: work, timers, waits and completions on the threads of
//! the pool. All environments share one pool.
//!
//! What programs hold as pointers to objects of the pool are numbers (`object/pool.rs`); nobody looks
//! behind them.
#![allow(unsafe_code)]

mod legacy;
mod queue;

use std::ffi::c_void;
use std::ptr::without_provenance_mut;
use std::time::{Duration, Instant, SystemTime};

use ntpipe::ErrorKind;

pub use legacy::*;
pub use queue::*;

use crate::boundary::{answer, guarded, succeeds, value};
use crate::failure::Result;
use crate::handle;
use crate::object::pool::{self, Id, timer, wait};
use crate::object::port::Packet;
use crate::synchapi::{
    CRITICAL_SECTION, LeaveCriticalSection, ReleaseMutex, ReleaseSemaphore, SetEvent,
};
use crate::types::{BOOL, DWORD, HANDLE};

type Context = *mut c_void;
/// An object of the pool, or a call: a number.
type Object = *mut c_void;

type SimpleCallback = unsafe extern "C" fn(Object, Context);
type Callback = unsafe extern "C" fn(Object, Context, Object);
type WaitCallback = unsafe extern "C" fn(Object, Context, Object, DWORD);
type IoCallback = unsafe extern "C" fn(Object, Context, Context, DWORD, usize, Object);

/// `TP_CALLBACK_ENVIRON_V3`.
#[repr(C)]
#[derive(Debug)]
pub struct TP_CALLBACK_ENVIRON {
    /// 3.
    pub Version: DWORD,
    /// The pool: there is one only.
    pub Pool: *mut c_void,
    /// The group that new objects join, or null.
    pub CleanupGroup: *mut c_void,
    /// Not used.
    pub CleanupGroupCancelCallback: *mut c_void,
    /// Not used.
    pub RaceDll: *mut c_void,
    /// Not used.
    pub ActivationContext: *mut c_void,
    /// Not used.
    pub FinalizationCallback: *mut c_void,
    /// Hints.
    pub Flags: DWORD,
    /// A hint.
    pub CallbackPriority: i32,
    /// The size of this structure, in bytes.
    pub Size: DWORD,
}

/// The call that runs: all of its functions act on the thread that it runs on.
fn instance() -> Object {
    without_provenance_mut(16)
}

fn number(id: Id) -> Object {
    without_provenance_mut(id)
}

/// A new task, in the group of the environment.
///
/// # Safety
/// `environment` is null or valid.
unsafe fn create(
    environment: *const TP_CALLBACK_ENVIRON,
    call: impl Fn(Id, &Packet) + Send + Sync + 'static,
) -> Object {
    let id = pool::create(Box::new(call));
    // SAFETY: the caller's promise.
    if let Some(environment) = unsafe { value(environment) } {
        pool::join(environment.CleanupGroup.addr(), id);
    }
    number(id)
}

fn quietly(body: impl FnOnce() -> Result<()>) {
    // These functions have no way to tell of a failure.
    let _ = guarded(body);
}

/// `CreateThreadpool`: the one pool.
#[unsafe(no_mangle)]
pub extern "C" fn CreateThreadpool(_reserved: Context) -> Object {
    instance()
}

/// `CloseThreadpool`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseThreadpool(_pool: Object) {}

/// `SetThreadpoolThreadMaximum`: the pool grows as it has to.
#[unsafe(no_mangle)]
pub extern "C" fn SetThreadpoolThreadMaximum(_pool: Object, _most: DWORD) {}

/// `SetThreadpoolThreadMinimum`.
#[unsafe(no_mangle)]
pub extern "C" fn SetThreadpoolThreadMinimum(_pool: Object, _least: DWORD) -> BOOL {
    1
}

/// `CreateThreadpoolCleanupGroup`.
#[unsafe(no_mangle)]
pub extern "C" fn CreateThreadpoolCleanupGroup() -> Object {
    answer(std::ptr::null_mut(), || Ok(number(pool::new_group())))
}

/// `CloseThreadpoolCleanupGroupMembers`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseThreadpoolCleanupGroupMembers(group: Object, cancel: BOOL, _: Context) {
    quietly(|| {
        for id in pool::leave(group.addr()) {
            timer::set(id, None, Duration::ZERO)?;
            let _ = wait::end(id);
            // What was about to submit it comes too late.
            pool::close(id);
            pool::finish(id, cancel != 0);
        }
        Ok(())
    });
}

/// `CloseThreadpoolCleanupGroup`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseThreadpoolCleanupGroup(group: Object) {
    quietly(|| {
        pool::close_group(group.addr());
        Ok(())
    });
}

/// `TrySubmitThreadpoolCallback`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TrySubmitThreadpoolCallback(
    callback: Option<SimpleCallback>,
    context: Context,
    environment: *const TP_CALLBACK_ENVIRON,
) -> BOOL {
    succeeds(|| {
        let callback = callback.ok_or(ErrorKind::InvalidParameter)?;
        let context = context.expose_provenance();
        let call = move |_: Id, _: &Packet| {
            // SAFETY: the program's function, with the argument that it gave for it.
            unsafe { callback(instance(), std::ptr::with_exposed_provenance_mut(context)) }
        };
        // SAFETY: the caller's promise.
        let id = unsafe { create(environment, call) }.addr();
        let submitted = pool::submit(id, 0);
        pool::close(id);
        submitted
    })
}

/// `CreateThreadpoolWork`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolWork(
    callback: Option<Callback>,
    context: Context,
    environment: *const TP_CALLBACK_ENVIRON,
) -> Object {
    answer(std::ptr::null_mut(), || {
        let callback = callback.ok_or(ErrorKind::InvalidParameter)?;
        let context = context.expose_provenance();
        let call = move |id: Id, _: &Packet| {
            let context = std::ptr::with_exposed_provenance_mut(context);
            // SAFETY: the program's function, with the argument that it gave for it.
            unsafe { callback(instance(), context, number(id)) }
        };
        // SAFETY: the caller's promise.
        Ok(unsafe { create(environment, call) })
    })
}

/// `SubmitThreadpoolWork`.
#[unsafe(no_mangle)]
pub extern "C" fn SubmitThreadpoolWork(work: Object) {
    quietly(|| pool::submit(work.addr(), 0));
}

/// `WaitForThreadpoolWorkCallbacks`.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForThreadpoolWorkCallbacks(work: Object, cancel: BOOL) {
    wait_for(work, cancel);
}

/// `CloseThreadpoolWork`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseThreadpoolWork(work: Object) {
    close(work);
}

fn wait_for(object: Object, cancel: BOOL) {
    quietly(|| {
        pool::finish(object.addr(), cancel != 0);
        Ok(())
    });
}

fn close(object: Object) {
    quietly(|| {
        pool::close(object.addr());
        Ok(())
    });
}

/// `CreateThreadpoolTimer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolTimer(
    callback: Option<Callback>,
    context: Context,
    environment: *const TP_CALLBACK_ENVIRON,
) -> Object {
    // SAFETY: the caller's promise; a timer is called as work is.
    unsafe { CreateThreadpoolWork(callback, context, environment) }
}

/// How long until a time: units of 100 nanoseconds, negative from now on, otherwise since 1601.
fn left(due: i64) -> Duration {
    /// From the beginning of 1601 to that of 1970.
    const EPOCH: i64 = 116_444_736_000_000_000;
    let units = |units: u64| {
        Duration::new(units / 10_000_000, u32::try_from(units % 10_000_000).unwrap_or(0) * 100)
    };
    if due <= 0 {
        return units(due.unsigned_abs());
    }
    let since_epoch = units(u64::try_from(due - EPOCH).unwrap_or(0));
    since_epoch.saturating_sub(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
}

/// `SetThreadpoolTimer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolTimer(
    object: Object,
    due: *const [u32; 2],
    period: DWORD,
    _window: DWORD,
) {
    quietly(|| {
        // SAFETY: null or valid, by the caller's promise.
        let due = unsafe { value(due) };
        let due = due.map(|[low, high]| (u64::from(*high) << 32 | u64::from(*low)).cast_signed());
        let due = due.and_then(|due| Instant::now().checked_add(left(due)));
        timer::set(object.addr(), due, Duration::from_millis(period.into()))
    });
}

/// `IsThreadpoolTimerSet`.
#[unsafe(no_mangle)]
pub extern "C" fn IsThreadpoolTimerSet(object: Object) -> BOOL {
    answer(0, || Ok(timer::is_set(object.addr()).into()))
}

/// `WaitForThreadpoolTimerCallbacks`.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForThreadpoolTimerCallbacks(object: Object, cancel: BOOL) {
    wait_for(object, cancel);
}

/// `CloseThreadpoolTimer`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseThreadpoolTimer(object: Object) {
    quietly(|| timer::set(object.addr(), None, Duration::ZERO));
    close(object);
}

/// `CreateThreadpoolWait`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolWait(
    callback: Option<WaitCallback>,
    context: Context,
    environment: *const TP_CALLBACK_ENVIRON,
) -> Object {
    answer(std::ptr::null_mut(), || {
        let callback = callback.ok_or(ErrorKind::InvalidParameter)?;
        let context = context.expose_provenance();
        let call = move |id: Id, packet: &Packet| {
            let context = std::ptr::with_exposed_provenance_mut(context);
            let result = u32::try_from(packet.context).unwrap_or(0);
            // SAFETY: the program's function, with the argument that it gave for it.
            unsafe { callback(instance(), context, number(id), result) }
        };
        // SAFETY: the caller's promise.
        Ok(unsafe { create(environment, call) })
    })
}

/// `SetThreadpoolWait`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadpoolWait(object: Object, of: HANDLE, timeout: *const [u32; 2]) {
    quietly(|| {
        if of.is_null() {
            return wait::end(object.addr());
        }
        // SAFETY: null or valid, by the caller's promise.
        let timeout = unsafe { value(timeout) };
        let ms = timeout.map_or(u32::MAX, |[low, high]| {
            let due = (u64::from(*high) << 32 | u64::from(*low)).cast_signed();
            u32::try_from(left(due).as_millis()).unwrap_or(u32::MAX - 1)
        });
        wait::begin(object.addr(), handle::get(of)?, ms, true)
    });
}

/// `WaitForThreadpoolWaitCallbacks`.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForThreadpoolWaitCallbacks(object: Object, cancel: BOOL) {
    wait_for(object, cancel);
}

/// `CloseThreadpoolWait`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseThreadpoolWait(object: Object) {
    quietly(|| wait::end(object.addr()));
    close(object);
}

/// `CreateThreadpoolIo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateThreadpoolIo(
    file: HANDLE,
    callback: Option<IoCallback>,
    context: Context,
    environment: *const TP_CALLBACK_ENVIRON,
) -> Object {
    answer(std::ptr::null_mut(), || {
        let callback = callback.ok_or(ErrorKind::InvalidParameter)?;
        let context = context.expose_provenance();
        let call = move |id: Id, packet: &Packet| {
            let context = std::ptr::with_exposed_provenance_mut(context);
            let overlapped = std::ptr::with_exposed_provenance_mut(packet.context);
            let (code, bytes) = (packet.ending.failure.win32, packet.ending.bytes);
            // SAFETY: the program's function, with the argument that it gave for it, and the `OVERLAPPED` of
            // its operation, which has completed.
            unsafe { callback(instance(), context, overlapped, code, bytes, number(id)) }
        };
        // SAFETY: the caller's promise.
        let object = unsafe { create(environment, call) };
        let bound = bind(file, object.addr());
        bound.map(|()| object).inspect_err(|_| pool::close(object.addr()))
    })
}

/// Has the pool called for what completes on this file.
fn bind(file: HANDLE, id: Id) -> Result<()> {
    let object = handle::get(file)?.object;
    if !object.is_overlapped() {
        return Err(ErrorKind::InvalidParameter.into());
    }
    object.io()?.bind(&pool::port()?, id)
}

/// `StartThreadpoolIo`.
#[unsafe(no_mangle)]
pub extern "C" fn StartThreadpoolIo(object: Object) {
    quietly(|| {
        pool::expect(object.addr());
        Ok(())
    });
}

/// `CancelThreadpoolIo`.
#[unsafe(no_mangle)]
pub extern "C" fn CancelThreadpoolIo(object: Object) {
    quietly(|| {
        pool::expect_less(object.addr());
        Ok(())
    });
}

/// `WaitForThreadpoolIoCallbacks`.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForThreadpoolIoCallbacks(object: Object, cancel: BOOL) {
    wait_for(object, cancel);
}

/// `CloseThreadpoolIo`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseThreadpoolIo(object: Object) {
    close(object);
}

/// `CallbackMayRunLong`: another thread waits for work already.
#[unsafe(no_mangle)]
pub extern "C" fn CallbackMayRunLong(_instance: Object) -> BOOL {
    1
}

/// `DisassociateCurrentThreadFromCallback`: it counts as running until it returns.
#[unsafe(no_mangle)]
pub extern "C" fn DisassociateCurrentThreadFromCallback(_instance: Object) {}

/// `SetEventWhenCallbackReturns`.
#[unsafe(no_mangle)]
pub extern "C" fn SetEventWhenCallbackReturns(_instance: Object, event: HANDLE) {
    pool::afterwards(move || {
        SetEvent(event);
    });
}

/// `ReleaseSemaphoreWhenCallbackReturns`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSemaphoreWhenCallbackReturns(
    _: Object,
    semaphore: HANDLE,
    count: DWORD,
) {
    pool::afterwards(move || {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        // SAFETY: the place is null.
        unsafe { ReleaseSemaphore(semaphore, count, std::ptr::null_mut()) };
    });
}

/// `ReleaseMutexWhenCallbackReturns`.
#[unsafe(no_mangle)]
pub extern "C" fn ReleaseMutexWhenCallbackReturns(_instance: Object, mutex: HANDLE) {
    pool::afterwards(move || {
        ReleaseMutex(mutex);
    });
}

/// `LeaveCriticalSectionWhenCallbackReturns`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LeaveCriticalSectionWhenCallbackReturns(
    _instance: Object,
    section: *mut CRITICAL_SECTION,
) {
    pool::afterwards(move || {
        // SAFETY: the section is there until then, by the caller's promise.
        unsafe { LeaveCriticalSection(section) };
    });
}

#[cfg(test)]
mod tests;
