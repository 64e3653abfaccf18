//! `stringapiset.h`: bytes to UTF-16 and back. Every code page is UTF-8.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;

use crate::boundary::{answer, out, put};
use crate::failure::{Failure, Result};
use crate::text;
use crate::types::{BOOL, DWORD, LPCSTR, LPCWSTR};

const MB_ERR_INVALID_CHARS: u32 = 8;
const WC_ERR_INVALID_CHARS: u32 = 0x80;

/// A string of that many units, or for -1 all up to and with its zero.
unsafe fn units<'a, Unit>(start: *const Unit, len: i32, whole: usize) -> Result<&'a [Unit]> {
    if start.is_null() || len == 0 || len < -1 {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let len = usize::try_from(len).unwrap_or(whole);
    // SAFETY: not null, and valid for that many units by the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(start, len) })
}

/// Puts the units into the caller's buffer, or tells how many there are if it has none.
unsafe fn give<Unit: Copy>(units: &[Unit], buffer: *mut Unit, size: i32) -> Result<i32> {
    let len = i32::try_from(units.len()).map_err(|_| ErrorKind::InvalidParameter)?;
    if size == 0 {
        return Ok(len);
    }
    if buffer.is_null() {
        return Err(ErrorKind::InvalidParameter.into());
    }
    if size < len {
        return Err(ErrorKind::InsufficientBuffer.into());
    }
    // SAFETY: valid for `size` units by the caller's promise, which are enough (above).
    unsafe { buffer.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
    Ok(len)
}

/// `MultiByteToWideChar`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MultiByteToWideChar(
    _code_page: u32,
    flags: DWORD,
    from: LPCSTR,
    from_len: i32,
    to: *mut u16,
    to_size: i32,
) -> i32 {
    answer(0, || {
        let whole = match from_len {
            // SAFETY: a string that ends with a zero, by the caller's promise.
            -1 if !from.is_null() => unsafe { std::ffi::CStr::from_ptr(from) }.count_bytes() + 1,
            _ => 0,
        };
        // SAFETY: valid for that many bytes, by the caller's promise.
        let bytes = unsafe { units(from.cast::<u8>(), from_len, whole) }?;
        if flags & MB_ERR_INVALID_CHARS != 0 && std::str::from_utf8(bytes).is_err() {
            return Err(Failure::NO_UNICODE_TRANSLATION);
        }
        let wide: Vec<u16> = String::from_utf8_lossy(bytes).encode_utf16().collect();
        // SAFETY: valid for that many units, by the caller's promise.
        unsafe { give(&wide, to, to_size) }
    })
}

/// `WideCharToMultiByte`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WideCharToMultiByte(
    _code_page: u32,
    flags: DWORD,
    from: LPCWSTR,
    from_len: i32,
    to: *mut std::ffi::c_char,
    to_size: i32,
    _default_char: LPCSTR,
    used_default: *mut BOOL,
) -> i32 {
    answer(0, || {
        let whole = match from_len {
            // SAFETY: a string that ends with a zero, by the caller's promise.
            -1 if !from.is_null() => (unsafe { text::wide_len(from) }) + 1,
            _ => 0,
        };
        // SAFETY: valid for that many units, by the caller's promise.
        let wide = unsafe { units(from, from_len, whole) }?;
        if flags & WC_ERR_INVALID_CHARS != 0 && String::from_utf16(wide).is_err() {
            return Err(Failure::NO_UNICODE_TRANSLATION);
        }
        let bytes = String::from_utf16_lossy(wide);
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(used_default) }, 0);
        // SAFETY: valid for that many bytes, by the caller's promise.
        unsafe { give(bytes.as_bytes(), to.cast(), to_size) }
    })
}

/// `CompareStringOrdinal`: 1 for less, 2 for equal, 3 for greater.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CompareStringOrdinal(
    one: LPCWSTR,
    one_len: i32,
    two: LPCWSTR,
    two_len: i32,
    ignore_case: BOOL,
) -> i32 {
    answer(0, || {
        let read = |start: LPCWSTR, len| {
            let whole = match len {
                // SAFETY: a string that ends with a zero, by the caller's promise.
                -1 if !start.is_null() => unsafe { text::wide_len(start) },
                _ => 0,
            };
            if start.is_null() {
                return Err(Failure::from(ErrorKind::InvalidParameter));
            }
            let len = usize::try_from(len).unwrap_or(whole);
            // SAFETY: valid for that many units, by the caller's promise.
            let units = unsafe { std::slice::from_raw_parts(start, len) };
            Ok(if ignore_case == 0 { units.to_vec() } else { upper(units) })
        };
        Ok(2 + read(one, one_len)?.cmp(&read(two, two_len)?) as i32)
    })
}

fn upper(units: &[u16]) -> Vec<u16> {
    String::from_utf16_lossy(units).to_uppercase().encode_utf16().collect()
}

/// `GetACP`: UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn GetACP() -> u32 {
    CP_UTF8
}

/// `GetOEMCP`: UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn GetOEMCP() -> u32 {
    CP_UTF8
}

const CP_UTF8: u32 = 65001;
