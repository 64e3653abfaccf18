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

/// Who is told that something did not fit makes room by all lengths: that of a text that was put counts
/// its zero then, too.
///
/// # Safety
/// `len` is null or valid.
unsafe fn ask_again(put_whole: bool, len: *mut DWORD) {
    // SAFETY: the caller's promise, here and below.
    let noted = unsafe { value(len) }.copied().unwrap_or(0);
    // SAFETY: as above.
    put(unsafe { out(len) }, noted + u32::from(put_whole));
}

/// Whether both texts of an account fit; if one does not, both lengths are those to come with.
///
/// # Safety
/// The lengths are null or valid.
unsafe fn both_fit(name: (bool, *mut DWORD), domain: (bool, *mut DWORD)) -> Result<()> {
    let fit = name.0 && domain.0;
    if !fit {
        // SAFETY: the caller's promise, here and below.
        unsafe { ask_again(name.0, name.1) };
        // SAFETY: as above.
        unsafe { ask_again(domain.0, domain.1) };
    }
    enough(fit)
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
        let domain_fits = unsafe { put_ansi(&found.domain, domain, domain_len) };
        // SAFETY: as above.
        put(unsafe { out(kind) }, found.kind as u32);
        // SAFETY: as above.
        unsafe { both_fit((fits, name_len), (domain_fits, domain_len)) }
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
        let domain_fits = unsafe { put_wide(&found.domain, domain, domain_len) };
        // SAFETY: as above.
        put(unsafe { out(kind) }, found.kind as u32);
        // SAFETY: as above.
        unsafe { both_fit((fits, name_len), (domain_fits, domain_len)) }
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
        let domain_fits = unsafe { put_ansi(&found.domain, domain, domain_len) };
        if domain_fits && !fits {
            // SAFETY: as above.
            unsafe { ask_again(true, domain_len) };
        }
        enough(domain_fits && fits)
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
        let domain_fits = unsafe { put_wide(&found.domain, domain, domain_len) };
        if domain_fits && !fits {
            // SAFETY: as above.
            unsafe { ask_again(true, domain_len) };
        }
        enough(domain_fits && fits)
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

#[cfg(test)]
mod tests {
    use std::ptr::null;

    use ntpipe_core::security::Sid;

    use super::*;
    use crate::boundary::last_error;

    #[test]
    fn what_does_not_fit_fits_with_the_lengths_that_were_told() {
        let mut root = Sid::user(0).to_bytes();
        let (mut name, mut domain) = ([0; 64], [0; 256]);
        let mut ask = |room: (u32, u32)| {
            let ((mut name_len, mut domain_len), mut kind) = (room, 0);
            let sid = root.as_mut_ptr().cast();
            let (name, domain) = (name.as_mut_ptr(), domain.as_mut_ptr());
            let lengths = (&raw mut name_len, &raw mut domain_len);
            let kind = &raw mut kind;
            // SAFETY: an identifier, and places that are at least as large as they are said to be.
            let ok =
                unsafe { LookupAccountSidA(null(), sid, name, lengths.0, domain, lengths.1, kind) };
            (ok, name_len, domain_len)
        };
        let (ok, name_len, domain_len) = ask((64, 256));
        assert_eq!((ok, name_len), (1, 4));
        for room in [(64, 0), (0, 256), (0, 0)] {
            assert_eq!(ask(room), (0, 5, domain_len + 1), "{room:?}");
            assert_eq!(last_error(), 122);
        }
        assert_eq!(ask((5, domain_len + 1)), (1, 4, domain_len));
    }

    #[test]
    fn the_room_for_an_identifier_is_told_with_that_for_its_domain() {
        let (mut sid, mut domain) = ([0u8; 64], [0; 64]);
        let mut ask = |size: u32, domain_len: u32| {
            let (mut size, mut domain_len, mut kind) = (size, domain_len, 0);
            let places = (sid.as_mut_ptr().cast(), domain.as_mut_ptr());
            let (len, kind) = (&raw mut domain_len, &raw mut kind);
            let name = c"Everyone".as_ptr();
            // SAFETY: a string, and places that are at least as large as they are said to be.
            let ok = unsafe {
                LookupAccountNameA(null(), name, places.0, &raw mut size, places.1, len, kind)
            };
            (ok, size, domain_len)
        };
        assert_eq!(ask(0, 64), (0, 12, 1));
        assert_eq!(ask(64, 0), (0, 12, 1));
        assert_eq!(ask(12, 1), (1, 12, 0));
    }
}
