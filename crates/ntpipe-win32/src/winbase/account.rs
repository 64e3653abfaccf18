//! Accounts and privileges by name.
#![allow(unsafe_code)]

use std::ffi::c_char;

use ntpipe::ErrorKind;

use crate::account::{self, Account};
use crate::boundary::{out, put, succeeds, value};
use crate::failure::{Failure, Result};
use crate::privilege;
use crate::security::{PSID, fill, length, sid};
use crate::sysinfoapi::host;
use crate::text::{self, Filled};
use crate::token;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR};

/// The calling thread's user.
fn own_name() -> String {
    token::effective()
        .user
        .as_ref()
        .map_or_else(|| "ANONYMOUS LOGON".to_owned(), |user| account::name(user.uid))
}

/// Notes the length of a text that was put, with its zero if it did not fit.
///
/// # Safety
/// `len` is null or valid.
unsafe fn note(filled: Filled, len: *mut DWORD) -> bool {
    // SAFETY: the caller's promise.
    put(unsafe { out(len) }, filled.number());
    matches!(filled, Filled::Whole(_))
}

/// Puts a text into a place whose length stands at `len`.
///
/// # Safety
/// `len` is null or valid, and `to` null or valid for as many bytes.
unsafe fn put_ansi(text: &str, to: *mut c_char, len: *mut DWORD) -> bool {
    // SAFETY: the caller's promise, here and below.
    let room = unsafe { value(len) }.copied().unwrap_or(0);
    // SAFETY: as above.
    let filled = unsafe { text::put_ansi(text, to, room) };
    // SAFETY: as above.
    unsafe { note(filled, len) }
}

/// Puts a text into a place whose length stands at `len`.
///
/// # Safety
/// `len` is null or valid, and `to` null or valid for as many units.
unsafe fn put_wide(text: &str, to: *mut u16, len: *mut DWORD) -> bool {
    // SAFETY: the caller's promise, here and below.
    let room = unsafe { value(len) }.copied().unwrap_or(0);
    // SAFETY: as above.
    let filled = unsafe { text::put_wide(text, to, room) };
    // SAFETY: as above.
    unsafe { note(filled, len) }
}

fn enough(fits: bool) -> Result<()> {
    if fits { Ok(()) } else { Err(ErrorKind::InsufficientBuffer.into()) }
}

/// `GetUserNameA`: with its zero the length counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetUserNameA(name: *mut c_char, len: *mut DWORD) -> BOOL {
    succeeds(|| {
        let own = own_name();
        // SAFETY: null or valid, by the caller's promise.
        let fits = unsafe { put_ansi(&own, name, len) };
        // SAFETY: as above.
        put(unsafe { out(len) }, length(own.as_bytes()) + 1);
        enough(fits)
    })
}

/// `GetUserNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetUserNameW(name: *mut u16, len: *mut DWORD) -> BOOL {
    succeeds(|| {
        let own = own_name();
        // SAFETY: null or valid, by the caller's promise.
        let fits = unsafe { put_wide(&own, name, len) };
        let units = u32::try_from(text::to_wide(&own).len()).unwrap_or(u32::MAX);
        // SAFETY: as above.
        put(unsafe { out(len) }, units);
        enough(fits)
    })
}

/// `LogonUserA`: a password is no way to a token here; a server gets one from its client.
#[unsafe(no_mangle)]
pub extern "C" fn LogonUserA(
    _name: LPCSTR,
    _domain: LPCSTR,
    _password: LPCSTR,
    _kind: DWORD,
    _provider: DWORD,
    _token: *mut HANDLE,
) -> BOOL {
    succeeds(|| Err(ErrorKind::NotSupported.into()))
}

/// `LogonUserW`, as `LogonUserA`.
#[unsafe(no_mangle)]
pub extern "C" fn LogonUserW(
    _name: LPCWSTR,
    _domain: LPCWSTR,
    _password: LPCWSTR,
    _kind: DWORD,
    _provider: DWORD,
    _token: *mut HANDLE,
) -> BOOL {
    succeeds(|| Err(ErrorKind::NotSupported.into()))
}

/// # Safety
/// `one` is null or an identifier.
unsafe fn by_sid(one: PSID) -> Result<Account> {
    // SAFETY: the caller's promise.
    account::by_sid(&unsafe { sid(one) }?, &host()).ok_or(Failure::NONE_MAPPED)
}

/// `LookupAccountSidA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupAccountSidA(
    _system: LPCSTR,
    one: PSID,
    name: *mut c_char,
    name_len: *mut DWORD,
    domain: *mut c_char,
    domain_len: *mut DWORD,
    kind: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let found = unsafe { by_sid(one) }?;
        // SAFETY: as above.
        let fits = unsafe { put_ansi(&found.name, name, name_len) };
        // SAFETY: as above.
        let all_fit = unsafe { put_ansi(&found.domain, domain, domain_len) } && fits;
        // SAFETY: as above.
        put(unsafe { out(kind) }, found.kind as u32);
        enough(all_fit)
    })
}

/// `LookupAccountSidW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupAccountSidW(
    _system: LPCWSTR,
    one: PSID,
    name: *mut u16,
    name_len: *mut DWORD,
    domain: *mut u16,
    domain_len: *mut DWORD,
    kind: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let found = unsafe { by_sid(one) }?;
        // SAFETY: as above.
        let fits = unsafe { put_wide(&found.name, name, name_len) };
        // SAFETY: as above.
        let all_fit = unsafe { put_wide(&found.domain, domain, domain_len) } && fits;
        // SAFETY: as above.
        put(unsafe { out(kind) }, found.kind as u32);
        enough(all_fit)
    })
}

fn by_name(name: Option<String>) -> Result<Account> {
    let name = name.ok_or(ErrorKind::InvalidParameter)?;
    account::by_name(&name, &host()).ok_or(Failure::NONE_MAPPED)
}

/// Puts an account's identifier and its kind.
///
/// # Safety
/// The places are null or valid.
unsafe fn put_account(found: &Account, to: PSID, size: *mut DWORD, kind: *mut DWORD) -> bool {
    let bytes = found.sid.to_bytes();
    // SAFETY: the caller's promise, here and below.
    let room = unsafe { value(size) }.copied().unwrap_or(0);
    // SAFETY: as above.
    put(unsafe { out(size) }, length(&bytes));
    // SAFETY: as above.
    put(unsafe { out(kind) }, found.kind as u32);
    // SAFETY: as above.
    unsafe { fill(to, room, &bytes) }.is_ok()
}

/// `LookupAccountNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupAccountNameA(
    _system: LPCSTR,
    name: LPCSTR,
    to: PSID,
    size: *mut DWORD,
    domain: *mut c_char,
    domain_len: *mut DWORD,
    kind: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let found = by_name(unsafe { text::ansi(name) })?;
        // SAFETY: null or valid, by the caller's promise.
        let fits = unsafe { put_account(&found, to, size, kind) };
        // SAFETY: as above.
        enough(unsafe { put_ansi(&found.domain, domain, domain_len) } && fits)
    })
}

/// `LookupAccountNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupAccountNameW(
    _system: LPCWSTR,
    name: LPCWSTR,
    to: PSID,
    size: *mut DWORD,
    domain: *mut u16,
    domain_len: *mut DWORD,
    kind: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let found = by_name(unsafe { text::wide(name) })?;
        // SAFETY: null or valid, by the caller's promise.
        let fits = unsafe { put_account(&found, to, size, kind) };
        // SAFETY: as above.
        enough(unsafe { put_wide(&found.domain, domain, domain_len) } && fits)
    })
}

/// The number of a privilege as a `LUID`.
fn luid(name: Option<String>) -> Result<[u32; 2]> {
    let name = name.ok_or(ErrorKind::InvalidParameter)?;
    Ok([privilege::number(&name).ok_or(Failure::NO_SUCH_PRIVILEGE)?, 0])
}

/// `LookupPrivilegeValueA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupPrivilegeValueA(
    _system: LPCSTR,
    name: LPCSTR,
    to: *mut [u32; 2],
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let luid = luid(unsafe { text::ansi(name) })?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(to) }, luid);
        Ok(())
    })
}

/// `LookupPrivilegeValueW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupPrivilegeValueW(
    _system: LPCWSTR,
    name: LPCWSTR,
    to: *mut [u32; 2],
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let luid = luid(unsafe { text::wide(name) })?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(to) }, luid);
        Ok(())
    })
}

fn privilege_name(luid: Option<&[u32; 2]>) -> Result<&'static str> {
    match luid.ok_or(ErrorKind::InvalidParameter)? {
        [number, 0] => privilege::name(*number).ok_or(Failure::NO_SUCH_PRIVILEGE),
        _ => Err(Failure::NO_SUCH_PRIVILEGE),
    }
}

/// `LookupPrivilegeNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupPrivilegeNameA(
    _system: LPCSTR,
    luid: *const [u32; 2],
    name: *mut c_char,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let found = privilege_name(unsafe { value(luid) })?;
        // SAFETY: as above.
        enough(unsafe { put_ansi(found, name, len) })
    })
}

/// `LookupPrivilegeNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LookupPrivilegeNameW(
    _system: LPCWSTR,
    luid: *const [u32; 2],
    name: *mut u16,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let found = privilege_name(unsafe { value(luid) })?;
        // SAFETY: as above.
        enough(unsafe { put_wide(found, name, len) })
    })
}
