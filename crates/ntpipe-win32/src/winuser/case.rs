//! Letters, large and small, in place.
#![allow(unsafe_code)]

use std::ffi::c_char;

use crate::text;

/// The other case of a character, if one character is that.
fn one(mut other: impl Iterator<Item = char>, c: char) -> char {
    match (other.next(), other.next()) {
        (Some(other), None) => other,
        _ => c,
    }
}

fn upper(c: char) -> char {
    one(c.to_uppercase(), c)
}

fn lower(c: char) -> char {
    one(c.to_lowercase(), c)
}

/// A pointer that is none is a character itself.
fn is_character<Unit>(string: *mut Unit) -> bool {
    string.addr() <= usize::from(u16::MAX)
}

/// Changes the units of a string in place, or the one unit that a pointer is.
unsafe fn wide(string: *mut u16, change: fn(char) -> char) -> *mut u16 {
    // A half of a surrogate pair stays as it is.
    let unit = |unit: u16| {
        let changed = char::from_u32(unit.into()).map(change).map(u32::from);
        changed.and_then(|it| u16::try_from(it).ok()).unwrap_or(unit)
    };
    if is_character(string) {
        let changed = u16::try_from(string.addr()).map(unit).unwrap_or_default();
        return std::ptr::without_provenance_mut(changed.into());
    }
    // SAFETY: a string that ends with a zero, by the caller's promise.
    let len = unsafe { text::wide_len(string) };
    // SAFETY: `len` units were just looked at, and the caller lets them be changed.
    for place in unsafe { std::slice::from_raw_parts_mut(string, len) } {
        *place = unit(*place);
    }
    string
}

/// Changes the characters of a string in place, or the one byte that a pointer is. A character whose
/// other case has another length stays as it is.
unsafe fn ansi(string: *mut c_char, change: fn(char) -> char) -> *mut c_char {
    if is_character(string) {
        let byte = u8::try_from(string.addr()).ok().filter(u8::is_ascii);
        let changed = byte.map_or(string.addr(), |byte| change(byte.into()) as usize);
        return std::ptr::without_provenance_mut(changed);
    }
    // SAFETY: a string, by the caller's promise.
    let Some(before) = (unsafe { text::ansi(string) }) else { return string };
    // SAFETY: as above.
    let len = unsafe { std::ffi::CStr::from_ptr(string) }.count_bytes();
    let same_len = |c: char| Some(change(c)).filter(|it| it.len_utf8() == c.len_utf8());
    let after: String = before.chars().map(|c| same_len(c).unwrap_or(c)).collect();
    if after.len() == len {
        // SAFETY: the string has so many bytes, and the caller lets them be changed.
        unsafe { string.copy_from_nonoverlapping(after.as_ptr().cast(), len) };
    }
    string
}

/// `CharUpperA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CharUpperA(string: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { ansi(string, upper) }
}

/// `CharUpperW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CharUpperW(string: *mut u16) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe { wide(string, upper) }
}

/// `CharLowerA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CharLowerA(string: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { ansi(string, lower) }
}

/// `CharLowerW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CharLowerW(string: *mut u16) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe { wide(string, lower) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_change_in_place_and_characters_by_value() {
        let mut units = text::to_wide("Straße é😀");
        // SAFETY: a string that ends with a zero.
        let same = unsafe { CharUpperW(units.as_mut_ptr()) } == units.as_mut_ptr();
        assert!(same && units == text::to_wide("STRAßE É😀"));
        let mut bytes = *b"\xC3\x84B\0";
        // SAFETY: a string that ends with a zero.
        unsafe { CharLowerA(bytes.as_mut_ptr().cast()) };
        assert_eq!(&bytes, b"\xC3\xA4b\0");
        let character = std::ptr::without_provenance_mut(usize::from(b'q'));
        // SAFETY: a character in place of a string.
        assert_eq!(unsafe { CharUpperA(character) }.addr(), usize::from(b'Q'));
    }
}
