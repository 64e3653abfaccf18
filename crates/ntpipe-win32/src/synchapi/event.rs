//! Events.
#![allow(unsafe_code)]

use ntpipe::Event;

use super::{Wish, create, object, open};
use crate::boundary::succeeds;
use crate::object::Object;
use crate::text;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES, access};

/// `CREATE_EVENT_MANUAL_RESET`.
const MANUAL_RESET: u32 = 1;
/// `CREATE_EVENT_INITIAL_SET`.
const INITIAL_SET: u32 = 2;

fn make(wish: Wish, name: Option<String>, manual: bool, initially: bool) -> HANDLE {
    create(wish, || {
        let event = match name.filter(|name| !name.is_empty()) {
            Some(name) => Event::create(name, manual, initially)?,
            None => Event::shareable(manual, initially)?,
        };
        let new = event.created_new();
        Ok((Object::Event(event), new))
    })
}

/// `CreateEventA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventA(
    security: *const SECURITY_ATTRIBUTES,
    manual: BOOL,
    initially: BOOL,
    name: LPCSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, manual != 0, initially != 0)
}

/// `CreateEventW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventW(
    security: *const SECURITY_ATTRIBUTES,
    manual: BOOL,
    initially: BOOL,
    name: LPCWSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, manual != 0, initially != 0)
}

/// `CreateEventExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventExA(
    security: *const SECURITY_ATTRIBUTES,
    name: LPCSTR,
    flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, flags & MANUAL_RESET != 0, flags & INITIAL_SET != 0)
}

/// `CreateEventExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateEventExW(
    security: *const SECURITY_ATTRIBUTES,
    name: LPCWSTR,
    flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, flags & MANUAL_RESET != 0, flags & INITIAL_SET != 0)
}

/// `OpenEventA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenEventA(access: DWORD, inherit: BOOL, name: LPCSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    open(Wish::open(access, inherit), name, |name| Ok(Object::Event(Event::open(name)?)))
}

/// `OpenEventW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenEventW(access: DWORD, inherit: BOOL, name: LPCWSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    open(Wish::open(access, inherit), name, |name| Ok(Object::Event(Event::open(name)?)))
}

/// `SetEvent`.
#[unsafe(no_mangle)]
pub extern "C" fn SetEvent(handle: HANDLE) -> BOOL {
    succeeds(|| {
        object(handle, access::MODIFY_STATE)?.event()?.set();
        Ok(())
    })
}

/// `ResetEvent`.
#[unsafe(no_mangle)]
pub extern "C" fn ResetEvent(handle: HANDLE) -> BOOL {
    succeeds(|| {
        object(handle, access::MODIFY_STATE)?.event()?.reset();
        Ok(())
    })
}

/// `PulseEvent`.
#[unsafe(no_mangle)]
pub extern "C" fn PulseEvent(handle: HANDLE) -> BOOL {
    succeeds(|| {
        object(handle, access::MODIFY_STATE)?.event()?.pulse();
        Ok(())
    })
}
