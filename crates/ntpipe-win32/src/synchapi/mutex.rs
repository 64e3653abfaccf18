//! Mutexes.
#![allow(unsafe_code)]

use ntpipe::sync::Mutex;

use super::{Wish, create, object, open};
use crate::boundary::succeeds;
use crate::object::Object;
use crate::text;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES};

/// `CREATE_MUTEX_INITIAL_OWNER`.
const INITIAL_OWNER: u32 = 1;

fn make(wish: Wish, name: Option<String>, owned: bool) -> HANDLE {
    create(wish, || {
        let mutex = match name.filter(|name| !name.is_empty()) {
            Some(name) => Mutex::create(name, owned)?,
            None => Mutex::shareable(owned)?,
        };
        let new = mutex.created_new();
        Ok((Object::Mutex(mutex), new))
    })
}

/// `CreateMutexA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexA(
    security: *const SECURITY_ATTRIBUTES,
    owned: BOOL,
    name: LPCSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, owned != 0)
}

/// `CreateMutexW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexW(
    security: *const SECURITY_ATTRIBUTES,
    owned: BOOL,
    name: LPCWSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, owned != 0)
}

/// `CreateMutexExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexExA(
    security: *const SECURITY_ATTRIBUTES,
    name: LPCSTR,
    flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, flags & INITIAL_OWNER != 0)
}

/// `CreateMutexExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateMutexExW(
    security: *const SECURITY_ATTRIBUTES,
    name: LPCWSTR,
    flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, flags & INITIAL_OWNER != 0)
}

/// `OpenMutexA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenMutexA(access: DWORD, inherit: BOOL, name: LPCSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    open(Wish::open(access, inherit), name, |name| Ok(Object::Mutex(Mutex::open(name)?)))
}

/// `OpenMutexW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenMutexW(access: DWORD, inherit: BOOL, name: LPCWSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    open(Wish::open(access, inherit), name, |name| Ok(Object::Mutex(Mutex::open(name)?)))
}

/// `ReleaseMutex`.
#[unsafe(no_mangle)]
pub extern "C" fn ReleaseMutex(handle: HANDLE) -> BOOL {
    succeeds(|| Ok(object(handle, 0)?.mutex()?.release()?))
}
