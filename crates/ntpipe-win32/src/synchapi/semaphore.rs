//! Semaphores.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;
use ntpipe::sync::Semaphore;

use super::{Wish, create, object, open};
use crate::boundary::{out, put, succeeds};
use crate::object::Object;
use crate::text;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES, access};

fn make(wish: Wish, name: Option<String>, initially: i32, maximum: i32) -> HANDLE {
    create(wish, || {
        let count = |count: i32| u32::try_from(count).map_err(|_| ErrorKind::InvalidParameter);
        let (initially, maximum) = (count(initially)?, count(maximum)?);
        let semaphore = match name.filter(|name| !name.is_empty()) {
            Some(name) => Semaphore::create(name, initially, maximum)?,
            None => Semaphore::shareable(initially, maximum)?,
        };
        let new = semaphore.created_new();
        Ok((Object::Semaphore(semaphore), new))
    })
}

/// `CreateSemaphoreA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreA(
    security: *const SECURITY_ATTRIBUTES,
    initially: i32,
    maximum: i32,
    name: LPCSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, initially, maximum)
}

/// `CreateSemaphoreW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreW(
    security: *const SECURITY_ATTRIBUTES,
    initially: i32,
    maximum: i32,
    name: LPCWSTR,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::all(security) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, initially, maximum)
}

/// `CreateSemaphoreExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreExA(
    security: *const SECURITY_ATTRIBUTES,
    initially: i32,
    maximum: i32,
    name: LPCSTR,
    _flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    make(wish, name, initially, maximum)
}

/// `CreateSemaphoreExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateSemaphoreExW(
    security: *const SECURITY_ATTRIBUTES,
    initially: i32,
    maximum: i32,
    name: LPCWSTR,
    _flags: DWORD,
    access: DWORD,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let wish = unsafe { Wish::with(security, access) };
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    make(wish, name, initially, maximum)
}

/// `OpenSemaphoreA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenSemaphoreA(access: DWORD, inherit: BOOL, name: LPCSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::ansi(name) };
    open(Wish::open(access, inherit), name, |name| Ok(Object::Semaphore(Semaphore::open(name)?)))
}

/// `OpenSemaphoreW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OpenSemaphoreW(access: DWORD, inherit: BOOL, name: LPCWSTR) -> HANDLE {
    // SAFETY: null or a string, by the caller's promise.
    let name = unsafe { text::wide(name) };
    open(Wish::open(access, inherit), name, |name| Ok(Object::Semaphore(Semaphore::open(name)?)))
}

/// `ReleaseSemaphore`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReleaseSemaphore(handle: HANDLE, count: i32, previous: *mut i32) -> BOOL {
    succeeds(|| {
        let object = object(handle, access::MODIFY_STATE)?;
        let count = u32::try_from(count).map_err(|_| ErrorKind::InvalidParameter)?;
        let before = object.semaphore()?.release(count)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(previous) }, before.cast_signed());
        Ok(())
    })
}
