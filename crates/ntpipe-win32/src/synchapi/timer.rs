//! Waitable timers.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::time::Duration;

use ntpipe::ErrorKind;
use ntpipe::sync::{Timer, When};

use super::{Wish, create, object, open};
use crate::boundary::{succeeds, value};
use crate::failure::Failure;
use crate::object::{Object, TimerObject};
use crate::text;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, LPVOID, SECURITY_ATTRIBUTES, access};

/// `CREATE_WAITABLE_TIMER_MANUAL_RESET`.
const MANUAL_RESET: u32 = 1;
/// From the beginning of 1601 to that of 1970, in units of 100 nanoseconds.
const EPOCH: i64 = 116_444_736_000_000_000;

/// What is called when a timer is due: with its argument, and the time in two halves.
type Routine = unsafe extern "C" fn(LPVOID, DWORD, DWORD);

fn make(wish: Wish, name: Option<String>, manual: bool) -> HANDLE {
    create(wish, || {
        let timer = match name.filter(|name| !name.is_empty()) {
            Some(name) => Timer::create(name, manual)?,
            None => Timer::shareable(manual)?,
        };
        let new = timer.created_new();
        Ok((Object::Timer(TimerObject::new(timer)), new))
    })
}

/// `CreateWaitableTimerA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerA(
    security: *const SECURITY_ATTRIBUTES,
    manual: BOOL,
    name: LPCSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, manual != 0)
}

/// `CreateWaitableTimerW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerW(
    security: *const SECURITY_ATTRIBUTES,
    manual: BOOL,
    name: LPCWSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, manual != 0)
}

/// `CreateWaitableTimerExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerExA(
    security: *const SECURITY_ATTRIBUTES,
    name: LPCSTR,
    flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, flags & MANUAL_RESET != 0)
}

/// `CreateWaitableTimerExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWaitableTimerExW(
    security: *const SECURITY_ATTRIBUTES,
    name: LPCWSTR,
    flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, flags & MANUAL_RESET != 0)
}

/// `OpenWaitableTimerA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenWaitableTimerA(access: DWORD, inherit: BOOL, name: LPCSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    let find = |name: &str| Ok(Object::Timer(TimerObject::new(Timer::open(name)?)));
    open(Wish::open(access, inherit), name, find)
}

/// `OpenWaitableTimerW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenWaitableTimerW(access: DWORD, inherit: BOOL, name: LPCWSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    let find = |name: &str| Ok(Object::Timer(TimerObject::new(Timer::open(name)?)));
    open(Wish::open(access, inherit), name, find)
}

/// `SetWaitableTimer`. A computer that sleeps is not woken for it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetWaitableTimer(
    handle: HANDLE,
    due: *const i64,
    period: i32,
    routine: Option<Routine>,
    argument: LPVOID,
    _resume: BOOL,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let due = *unsafe { value(due) }.ok_or(Failure::NO_ACCESS)?;
        let period = u64::try_from(period).map_err(|_| ErrorKind::InvalidParameter)?;
        let object = object(handle, access::MODIFY_STATE)?;
        let argument = argument.expose_provenance();
        let call = routine.map(|routine| {
            move || {
                let [low, high] = halves(now());
                let argument = std::ptr::with_exposed_provenance_mut(argument);
                // SAFETY: the program has left the routine to be called with this argument.
                unsafe { routine(argument, low, high) };
            }
        });
        object.timer()?.set(when(due), Duration::from_millis(period), call);
        Ok(())
    })
}

/// `SetWaitableTimerEx`. It is never later than `SetWaitableTimer`'s.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetWaitableTimerEx(
    handle: HANDLE,
    due: *const i64,
    period: i32,
    routine: Option<Routine>,
    argument: LPVOID,
    _wake_context: *const c_void,
    _tolerable_delay: DWORD,
) -> BOOL {
    // SAFETY: the caller's promises are the same.
    unsafe { SetWaitableTimer(handle, due, period, routine, argument, 0) }
}

/// `CancelWaitableTimer`.
#[unsafe(no_mangle)]
pub extern "C" fn CancelWaitableTimer(handle: HANDLE) -> BOOL {
    succeeds(|| {
        object(handle, access::MODIFY_STATE)?.timer()?.cancel();
        Ok(())
    })
}

/// Below zero is from now, otherwise since the beginning of 1601.
fn when(due: i64) -> When {
    let nanos = |units: u64| {
        Duration::new(units / 10_000_000, u32::try_from(units % 10_000_000).unwrap_or(0) * 100)
    };
    match due {
        ..0 => When::After(nanos(due.unsigned_abs())),
        _ => When::At(nanos(u64::try_from(due.saturating_sub(EPOCH)).unwrap_or(0))),
    }
}

/// The time, as a `FILETIME` has it.
fn now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let units = u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX);
    units.saturating_add(EPOCH.unsigned_abs())
}

/// The lower and the upper half.
fn halves(number: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}
