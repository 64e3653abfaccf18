//! `sddl.h`: identifiers and descriptors as text.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ntpipe::ErrorKind;
use ntpipe_core::security::{Descriptor, Malformed, Sid};

use crate::boundary::{out, put, succeeds};
use crate::failure::{Failure, Result};
use crate::security::{
    PSECURITY_DESCRIPTOR, PSID, allocate, allocate_ansi, allocate_wide, descriptor, length, select,
    sid,
};
use crate::text;
use crate::types::{BOOL, DWORD, LPCSTR, LPCWSTR};

/// `ConvertSidToStringSidA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertSidToStringSidA(one: PSID, text: *mut *mut c_char) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = wanted(unsafe { out(text) })?;
        // SAFETY: as above.
        place.write(allocate_ansi(&unsafe { sid(one) }?.to_string())?);
        Ok(())
    })
}

/// `ConvertSidToStringSidW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertSidToStringSidW(one: PSID, text: *mut *mut u16) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = wanted(unsafe { out(text) })?;
        // SAFETY: as above.
        place.write(allocate_wide(&unsafe { sid(one) }?.to_string())?);
        Ok(())
    })
}

/// The place of a block that the caller has to free: without one it would be lost.
fn wanted<T>(place: Option<&mut MaybeUninit<T>>) -> Result<&mut MaybeUninit<T>> {
    Ok(place.ok_or(ErrorKind::InvalidParameter)?)
}

fn read_sid(text: Option<String>) -> Result<PSID> {
    let text = text.ok_or(ErrorKind::InvalidParameter)?;
    allocate(&Sid::parse(text.trim()).ok_or(Failure::INVALID_SID)?.to_bytes())
}

/// `ConvertStringSidToSidA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertStringSidToSidA(text: LPCSTR, made: *mut PSID) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = wanted(unsafe { out(made) })?;
        // SAFETY: null or a string, by the caller's promise.
        place.write(read_sid(unsafe { text::ansi(text) })?);
        Ok(())
    })
}

/// `ConvertStringSidToSidW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertStringSidToSidW(text: LPCWSTR, made: *mut PSID) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = wanted(unsafe { out(made) })?;
        // SAFETY: null or a string, by the caller's promise.
        place.write(read_sid(unsafe { text::wide(text) })?);
        Ok(())
    })
}

/// Reads a descriptor and puts it into a block of its own.
///
/// # Safety
/// The places are null or valid.
unsafe fn read_descriptor(
    text: Option<String>,
    revision: DWORD,
    made: *mut PSECURITY_DESCRIPTOR,
    size: *mut DWORD,
) -> Result<()> {
    let text = text.ok_or(ErrorKind::InvalidParameter)?;
    if revision != 1 {
        return Err(Failure::UNKNOWN_REVISION);
    }
    let read = match text.trim() {
        // As Windows has it: nothing is a descriptor without parts.
        "" => Descriptor::default(),
        text => Descriptor::read(text).map_err(|malformed| match malformed {
            Malformed::Identifier(_) => Failure::INVALID_SID,
            Malformed::Entry(_) => Failure::INVALID_ACL,
            Malformed::Text(_) => ErrorKind::InvalidParameter.into(),
        })?,
    };
    let bytes = read.to_bytes().ok_or(Failure::INVALID_SECURITY_DESCR)?;
    // SAFETY: the caller's promise, here and below.
    let made = wanted(unsafe { out(made) })?;
    made.write(allocate(&bytes)?);
    // SAFETY: as above.
    put(unsafe { out(size) }, length(&bytes));
    Ok(())
}

/// `ConvertStringSecurityDescriptorToSecurityDescriptorA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertStringSecurityDescriptorToSecurityDescriptorA(
    text: LPCSTR,
    revision: DWORD,
    made: *mut PSECURITY_DESCRIPTOR,
    size: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let text = unsafe { text::ansi(text) };
        // SAFETY: the caller's promise.
        unsafe { read_descriptor(text, revision, made, size) }
    })
}

/// `ConvertStringSecurityDescriptorToSecurityDescriptorW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertStringSecurityDescriptorToSecurityDescriptorW(
    text: LPCWSTR,
    revision: DWORD,
    made: *mut PSECURITY_DESCRIPTOR,
    size: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let text = unsafe { text::wide(text) };
        // SAFETY: the caller's promise.
        unsafe { read_descriptor(text, revision, made, size) }
    })
}

/// The text of what is asked for of a descriptor.
///
/// # Safety
/// `it` is null or a descriptor.
unsafe fn written(it: PSECURITY_DESCRIPTOR, revision: DWORD, asked: DWORD) -> Result<String> {
    if revision != 1 {
        return Err(Failure::UNKNOWN_REVISION);
    }
    // SAFETY: the caller's promise.
    Ok(select(unsafe { descriptor(it) }?, asked).text())
}

/// `ConvertSecurityDescriptorToStringSecurityDescriptorA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertSecurityDescriptorToStringSecurityDescriptorA(
    it: PSECURITY_DESCRIPTOR,
    revision: DWORD,
    asked: DWORD,
    text: *mut *mut c_char,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a descriptor, by the caller's promise.
        let written = unsafe { written(it, revision, asked) }?;
        // SAFETY: null or valid, by the caller's promise.
        wanted(unsafe { out(text) })?.write(allocate_ansi(&written)?);
        // SAFETY: as above.
        put(unsafe { out(len) }, length(written.as_bytes()) + 1);
        Ok(())
    })
}

/// `ConvertSecurityDescriptorToStringSecurityDescriptorW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConvertSecurityDescriptorToStringSecurityDescriptorW(
    it: PSECURITY_DESCRIPTOR,
    revision: DWORD,
    asked: DWORD,
    text: *mut *mut u16,
    len: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a descriptor, by the caller's promise.
        let written = unsafe { written(it, revision, asked) }?;
        // SAFETY: null or valid, by the caller's promise.
        wanted(unsafe { out(text) })?.write(allocate_wide(&written)?);
        // SAFETY: as above; the text is ASCII, so a byte is a unit.
        put(unsafe { out(len) }, length(written.as_bytes()) + 1);
        Ok(())
    })
}
