//! The environment and the working directory.
#![allow(unsafe_code)]

use std::ffi::c_char;

use ntpipe::ErrorKind;

use crate::boundary::{answer, succeeds};
use crate::failure::{Failure, Result};
use crate::memory;
use crate::text;
use crate::types::{BOOL, DWORD, LPCSTR, LPCWSTR};

/// As Windows, without regard to case if the name is not there as it is.
fn variable(name: Option<String>) -> Result<String> {
    let name = name.ok_or(ErrorKind::InvalidParameter)?;
    let same =
        |key: &std::ffi::OsString| key.to_str().is_some_and(|key| key.eq_ignore_ascii_case(&name));
    let found = std::env::var_os(&name)
        .or_else(|| std::env::vars_os().find(|(key, _)| same(key)).map(|(_, value)| value));
    let value = found.ok_or(Failure::ENVVAR_NOT_FOUND)?;
    Ok(value.to_string_lossy().into_owned())
}

/// `GetEnvironmentVariableA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetEnvironmentVariableA(
    name: LPCSTR,
    buffer: *mut c_char,
    size: DWORD,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or a string, by the caller's promise.
        let value = variable(unsafe { text::ansi(name) })?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        Ok(unsafe { text::put_ansi(&value, buffer, size) }.number())
    })
}

/// `GetEnvironmentVariableW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetEnvironmentVariableW(
    name: LPCWSTR,
    buffer: *mut u16,
    size: DWORD,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or a string, by the caller's promise.
        let value = variable(unsafe { text::wide(name) })?;
        // SAFETY: null or valid for that many units, by the caller's promise.
        Ok(unsafe { text::put_wide(&value, buffer, size) }.number())
    })
}

fn set(name: Option<String>, value: Option<String>) -> Result<()> {
    let name = name.filter(|name| !name.is_empty() && !name[1..].contains('='));
    let name = name.ok_or(ErrorKind::InvalidParameter)?;
    match value {
        // SAFETY: the environment is the C library's, which Rust's standard library locks against its own
        // readers; a C program that reads it on another thread meanwhile does so at its own risk, as
        // with `setenv`.
        Some(value) => unsafe { std::env::set_var(name, value) },
        // SAFETY: as above.
        None => unsafe { std::env::remove_var(name) },
    }
    Ok(())
}

/// `SetEnvironmentVariableA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEnvironmentVariableA(name: LPCSTR, value: LPCSTR) -> BOOL {
    succeeds(|| {
        // SAFETY: null or strings, by the caller's promise.
        let name = unsafe { text::ansi(name) };
        // SAFETY: as above.
        set(name, unsafe { text::ansi(value) })
    })
}

/// `SetEnvironmentVariableW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEnvironmentVariableW(name: LPCWSTR, value: LPCWSTR) -> BOOL {
    succeeds(|| {
        // SAFETY: null or strings, by the caller's promise.
        let name = unsafe { text::wide(name) };
        // SAFETY: as above.
        set(name, unsafe { text::wide(value) })
    })
}

/// All variables, each with a zero behind it, and one zero more.
fn block() -> String {
    let line = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
        format!("{}={}\0", key.to_string_lossy(), value.to_string_lossy())
    };
    std::env::vars_os().map(line).collect::<String>() + "\0"
}

/// A copy in memory of the program's.
fn keep<Unit: Copy>(units: &[Unit]) -> *mut Unit {
    let copy: *mut Unit = memory::allocate(size_of_val(units), false).cast();
    if !copy.is_null() {
        // SAFETY: the block was made for so many.
        unsafe { copy.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
    }
    copy
}

/// `GetEnvironmentStringsA`.
#[unsafe(no_mangle)]
pub extern "C" fn GetEnvironmentStringsA() -> *mut c_char {
    answer(std::ptr::null_mut(), || Ok(keep(block().as_bytes()).cast()))
}

/// `GetEnvironmentStringsW`.
#[unsafe(no_mangle)]
pub extern "C" fn GetEnvironmentStringsW() -> *mut u16 {
    answer(std::ptr::null_mut(), || Ok(keep(&block().encode_utf16().collect::<Vec<_>>())))
}

/// `FreeEnvironmentStringsA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeEnvironmentStringsA(block: *mut c_char) -> BOOL {
    // SAFETY: null or from `GetEnvironmentStringsA`, by the caller's promise.
    unsafe { memory::free(block.cast()) };
    1
}

/// `FreeEnvironmentStringsW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeEnvironmentStringsW(block: *mut u16) -> BOOL {
    // SAFETY: null or from `GetEnvironmentStringsW`, by the caller's promise.
    unsafe { memory::free(block.cast()) };
    1
}

/// Puts the values of variables in place of `%name%`; a name that is none stays.
fn expand(text: Option<String>) -> Result<String> {
    let text = text.ok_or(ErrorKind::InvalidParameter)?;
    let mut rest = text.as_str();
    let mut whole = String::new();
    while let Some((before, after)) = rest.split_once('%') {
        whole += before;
        let named = after
            .split_once('%')
            .and_then(|(name, behind)| Some((variable(Some(name.to_owned())).ok()?, behind)));
        rest = match named {
            Some((value, behind)) => {
                whole += &value;
                behind
            }
            None => {
                whole.push('%');
                after
            }
        };
    }
    Ok(whole + rest)
}

/// `ExpandEnvironmentStringsA`: the length with its zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExpandEnvironmentStringsA(
    from: LPCSTR,
    to: *mut c_char,
    size: DWORD,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or a string, by the caller's promise.
        let whole = expand(unsafe { text::ansi(from) })?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        Ok(with_zero(unsafe { text::put_ansi(&whole, to, size) }))
    })
}

/// `ExpandEnvironmentStringsW`: the length with its zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ExpandEnvironmentStringsW(
    from: LPCWSTR,
    to: *mut u16,
    size: DWORD,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or a string, by the caller's promise.
        let whole = expand(unsafe { text::wide(from) })?;
        // SAFETY: null or valid for that many units, by the caller's promise.
        Ok(with_zero(unsafe { text::put_wide(&whole, to, size) }))
    })
}

fn with_zero(filled: text::Filled) -> u32 {
    match filled {
        text::Filled::Whole(len) => len + 1,
        text::Filled::Needs(len) => len,
    }
}

fn directory() -> Result<String> {
    Ok(std::env::current_dir()?.to_string_lossy().into_owned())
}

/// `GetCurrentDirectoryA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentDirectoryA(size: DWORD, buffer: *mut c_char) -> DWORD {
    // SAFETY: null or valid for that many bytes, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_ansi(&directory()?, buffer, size) }.number()))
}

/// `GetCurrentDirectoryW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetCurrentDirectoryW(size: DWORD, buffer: *mut u16) -> DWORD {
    // SAFETY: null or valid for that many units, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_wide(&directory()?, buffer, size) }.number()))
}

fn go_to(path: Option<String>) -> Result<()> {
    Ok(std::env::set_current_dir(crate::path::file(&path.ok_or(ErrorKind::PathNotFound)?))?)
}

/// `SetCurrentDirectoryA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetCurrentDirectoryA(path: LPCSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| go_to(unsafe { text::ansi(path) }))
}

/// `SetCurrentDirectoryW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetCurrentDirectoryW(path: LPCWSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| go_to(unsafe { text::wide(path) }))
}
