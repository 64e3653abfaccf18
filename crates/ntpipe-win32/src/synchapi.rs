//! `synchapi.h`: waiting, and what is waited for.
#![allow(unsafe_code)]

mod address;
mod condition;
mod critical;
mod event;
mod mutex;
pub(crate) mod once;
mod semaphore;
mod srw;
mod timer;

use std::mem::MaybeUninit;
use std::time::Duration;

use ntpipe::ErrorKind;

use crate::boundary::{answer, gives_object, set_last_error, value};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::Object;
use crate::object::wait::{INFINITE, IO_COMPLETION, TIMEOUT, wait_for};
use crate::processthreadsapi;
use crate::types::{BOOL, DWORD, HANDLE, SECURITY_ATTRIBUTES, access};

pub use address::{WaitOnAddress, WakeByAddressAll, WakeByAddressSingle};
pub use condition::{
    InitializeConditionVariable, SleepConditionVariableCS, SleepConditionVariableSRW,
    WakeAllConditionVariable, WakeConditionVariable,
};
pub use critical::{
    CRITICAL_SECTION, DeleteCriticalSection, EnterCriticalSection, InitializeCriticalSection,
    InitializeCriticalSectionAndSpinCount, InitializeCriticalSectionEx, LeaveCriticalSection,
    SetCriticalSectionSpinCount, TryEnterCriticalSection,
};
pub use event::{
    CreateEventA, CreateEventExA, CreateEventExW, CreateEventW, OpenEventA, OpenEventW, PulseEvent,
    ResetEvent, SetEvent,
};
pub use mutex::{
    CreateMutexA, CreateMutexExA, CreateMutexExW, CreateMutexW, OpenMutexA, OpenMutexW,
    ReleaseMutex,
};
pub use once::{
    InitOnceBeginInitialize, InitOnceComplete, InitOnceExecuteOnce, InitOnceInitialize,
};
pub use semaphore::{
    CreateSemaphoreA, CreateSemaphoreExA, CreateSemaphoreExW, CreateSemaphoreW, OpenSemaphoreA,
    OpenSemaphoreW, ReleaseSemaphore,
};
pub use srw::{
    AcquireSRWLockExclusive, AcquireSRWLockShared, InitializeSRWLock, ReleaseSRWLockExclusive,
    ReleaseSRWLockShared, TryAcquireSRWLockExclusive, TryAcquireSRWLockShared,
};
pub use timer::{
    CancelWaitableTimer, CreateWaitableTimerA, CreateWaitableTimerExA, CreateWaitableTimerExW,
    CreateWaitableTimerW, OpenWaitableTimerA, OpenWaitableTimerW, SetWaitableTimer,
    SetWaitableTimerEx,
};

/// `WAIT_FAILED`.
const FAILED: u32 = u32::MAX;
/// `MAXIMUM_WAIT_OBJECTS`.
const MAXIMUM: u32 = 64;

/// How a new object's handle is made.
#[derive(Clone, Copy, Debug)]
struct Wish {
    access: u32,
    inherit: bool,
}

impl Wish {
    /// All access.
    ///
    /// # Safety
    /// `security` is null or valid.
    unsafe fn all(security: *const SECURITY_ATTRIBUTES) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::with(security, access::SYNC_ALL_ACCESS) }
    }

    /// This access.
    ///
    /// # Safety
    /// As for [`all`](Self::all).
    unsafe fn with(security: *const SECURITY_ATTRIBUTES, mask: u32) -> Self {
        // SAFETY: the caller's promise.
        let inherit = unsafe { value(security) }.is_some_and(|it| it.bInheritHandle != 0);
        Self { access: access::of_sync(mask), inherit }
    }

    /// For `Open…`.
    fn open(mask: u32, inherit: BOOL) -> Self {
        Self { access: access::of_sync(mask), inherit: inherit != 0 }
    }
}

/// A `Create…`: gives the object, and whether it is new, which the last error tells.
fn create(wish: Wish, make: impl FnOnce() -> Result<(Object, bool)>) -> HANDLE {
    gives_object(|| {
        let (object, new) = make()?;
        let handle = handle::insert(Entry::new(object, wish.access).inherited(wish.inherit))?;
        set_last_error(if new { 0 } else { Failure::ALREADY_EXISTS.win32 });
        Ok(handle)
    })
}

/// An `Open…`, for which there must be a name.
fn open(wish: Wish, name: Option<String>, find: impl FnOnce(&str) -> Result<Object>) -> HANDLE {
    gives_object(|| {
        let object = find(&name.ok_or(ErrorKind::InvalidParameter)?)?;
        handle::insert(Entry::new(object, wish.access).inherited(wish.inherit))
    })
}

/// The object behind a handle that may do this.
fn object(handle: HANDLE, access: u32) -> Result<Object> {
    handle::with(handle, |entry| match entry.access & access {
        granted if granted == access => Ok(entry.object.clone()),
        _ => Err(ErrorKind::AccessDenied.into()),
    })
}

/// What to wait for; also the calling process and thread.
pub(crate) fn entry(handle: HANDLE) -> Result<Entry> {
    let pseudo = |object| Ok(Entry::new(object, access::SYNCHRONIZE));
    if handle == processthreadsapi::GetCurrentProcess() {
        return pseudo(Object::Process(processthreadsapi::process(handle)?));
    }
    if handle == processthreadsapi::GetCurrentThread() {
        return pseudo(Object::Thread(processthreadsapi::thread(handle)?));
    }
    handle::get(handle)
}

/// `WaitForSingleObject`.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForSingleObject(handle: HANDLE, milliseconds: DWORD) -> DWORD {
    WaitForSingleObjectEx(handle, milliseconds, 0)
}

/// `WaitForSingleObjectEx`.
#[unsafe(no_mangle)]
pub extern "C" fn WaitForSingleObjectEx(
    handle: HANDLE,
    milliseconds: DWORD,
    alertable: BOOL,
) -> DWORD {
    answer(FAILED, || wait_for(&[entry(handle)?], false, milliseconds, alertable != 0))
}

/// `WaitForMultipleObjects`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForMultipleObjects(
    count: DWORD,
    handles: *const HANDLE,
    all: BOOL,
    milliseconds: DWORD,
) -> DWORD {
    // SAFETY: the caller's promises are the same.
    unsafe { WaitForMultipleObjectsEx(count, handles, all, milliseconds, 0) }
}

/// `WaitForMultipleObjectsEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitForMultipleObjectsEx(
    count: DWORD,
    handles: *const HANDLE,
    all: BOOL,
    milliseconds: DWORD,
    alertable: BOOL,
) -> DWORD {
    answer(FAILED, || {
        if !(1..=MAXIMUM).contains(&count) || handles.is_null() {
            return Err(ErrorKind::InvalidParameter.into());
        }
        // SAFETY: not null (above), and valid for so many handles by the caller's promise.
        let handles = unsafe { std::slice::from_raw_parts(handles, count as usize) };
        let entries: Vec<_> =
            handles.iter().map(|handle| handle::get(*handle)).collect::<Result<_>>()?;
        let twice = |(at, handle): (usize, &HANDLE)| handles[..at].contains(handle);
        if all != 0 && handles.iter().enumerate().any(twice) {
            return Err(ErrorKind::InvalidParameter.into());
        }
        wait_for(&entries, all != 0, milliseconds, alertable != 0)
    })
}

/// `SignalObjectAndWait`.
#[unsafe(no_mangle)]
pub extern "C" fn SignalObjectAndWait(
    signal: HANDLE,
    handle: HANDLE,
    milliseconds: DWORD,
    alertable: BOOL,
) -> DWORD {
    answer(FAILED, || {
        let wait = entry(handle)?;
        match object(signal, 0)? {
            Object::Event(event) => {
                object(signal, access::MODIFY_STATE)?;
                event.set();
            }
            Object::Semaphore(semaphore) => {
                object(signal, access::MODIFY_STATE)?;
                semaphore.release(1)?;
            }
            Object::Mutex(mutex) => mutex.release()?,
            _ => return Err(ErrorKind::InvalidHandle.into()),
        }
        wait_for(&[wait], false, milliseconds, alertable != 0)
    })
}

/// `Sleep`.
#[unsafe(no_mangle)]
pub extern "C" fn Sleep(milliseconds: DWORD) {
    sleep(milliseconds, false);
}

/// `SleepEx`.
#[unsafe(no_mangle)]
pub extern "C" fn SleepEx(milliseconds: DWORD, alertable: BOOL) -> DWORD {
    match sleep(milliseconds, alertable != 0) {
        IO_COMPLETION => IO_COMPLETION,
        _ => 0,
    }
}

/// Sleeps, and says how that ended, as a wait does.
pub(crate) fn sleep(milliseconds: u32, alertable: bool) -> u32 {
    if alertable {
        return answer(TIMEOUT, || wait_for(&[], false, milliseconds, true));
    }
    match milliseconds {
        0 => std::thread::yield_now(),
        INFINITE => loop {
            std::thread::park();
        },
        milliseconds => std::thread::sleep(Duration::from_millis(milliseconds.into())),
    }
    TIMEOUT
}

/// A duration, or for ever.
fn patience(milliseconds: u32) -> Option<Duration> {
    (milliseconds != INFINITE).then(|| Duration::from_millis(milliseconds.into()))
}

/// The memory of the program's that a function works on.
///
/// # Safety
/// `place` is valid, initialised, and nobody uses it but by functions that work on it.
unsafe fn shared<'a, T>(place: *const T) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { place.as_ref() }.ok_or(Failure::NO_ACCESS)
}

/// Fills the memory of the program's that a function initialises.
fn initialise<T>(place: Option<&mut MaybeUninit<T>>, new: T) {
    crate::boundary::put(place, new);
}

#[cfg(test)]
mod lock_tests;
#[cfg(test)]
mod tests;
