//! `stringapiset.h`: bytes to UTF-16 and back. Every code page is UTF-8.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;

use crate::boundary::{answer, out, put};
use crate::failure::{Failure, Result};
use crate::text;
use crate::types::{BOOL, DWORD, LPCSTR, LPCWSTR};

const MB_ERR_INVALID_CHARS: u32 = 8;
const WC_ERR_INVALID_CHARS: u32 = 0x80;

/// A string of that many units, or for a negative number all up to and with its zero.
unsafe fn units<'a, Unit>(start: *const Unit, len: i32, whole: usize) -> Result<&'a [Unit]> {
    if start.is_null() || len == 0 {
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
    if buffer.is_null() || size < 0 {
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
            ..0 if !from.is_null() => unsafe { std::ffi::CStr::from_ptr(from) }.count_bytes() + 1,
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
            ..0 if !from.is_null() => (unsafe { text::wide_len(from) }) + 1,
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
            if start.is_null() || len < -1 {
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

/// Each unit by its own capital letter, if that is one unit too.
fn upper(units: &[u16]) -> Vec<u16> {
    let capital = |&unit: &u16| {
        let mut letters = char::from_u32(unit.into())?.to_uppercase();
        let first = u16::try_from(u32::from(letters.next()?)).ok()?;
        letters.next().is_none().then_some(first)
    };
    units.iter().map(|unit| capital(unit).unwrap_or(*unit)).collect()
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

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::boundary::last_error;

    #[test]
    fn any_negative_length_means_up_to_the_zero_but_no_size_may_be_negative() {
        let (mut wide, mut narrow) = ([0; 8], [0; 8]);
        let (to_wide, to_narrow) = (wide.as_mut_ptr(), narrow.as_mut_ptr());
        for len in [-1, -2, i32::MIN] {
            // SAFETY: a string and a buffer of 8 units.
            let n = unsafe { MultiByteToWideChar(CP_UTF8, 0, c"abc".as_ptr(), len, to_wide, 8) };
            // SAFETY: the same string, of units.
            let m = unsafe {
                WideCharToMultiByte(CP_UTF8, 0, to_wide, len, to_narrow, 8, null(), null_mut())
            };
            assert_eq!((n, m), (4, 4));
        }
        // SAFETY: a string and a buffer that is not touched.
        let n = unsafe { MultiByteToWideChar(CP_UTF8, 0, c"abc".as_ptr(), -1, to_wide, -1) };
        assert_eq!((n, last_error()), (0, 87));
        assert_eq!(wide[..4], [97, 98, 99, 0]);
    }

    #[test]
    fn ordinal_comparison_goes_unit_by_unit() {
        let compare = |one: &str, two: &str| {
            let (one, two) = (text::to_wide(one), text::to_wide(two));
            // SAFETY: strings that end with a zero.
            unsafe { CompareStringOrdinal(one.as_ptr(), -1, two.as_ptr(), -1, 1) }
        };
        assert_eq!((compare("stra\u{df}e", "STRASSE"), compare("\u{e9}a", "\u{c9}A")), (3, 2));
        assert_eq!(compare("\u{1F600}", "\u{1F601}"), 1);
    }
}
