//! `winbase.h`: strings.
#![allow(unsafe_code)]

mod account;
mod messages;

use std::cmp::Ordering;
use std::ffi::c_char;

pub use account::*;

use crate::text;
use crate::types::{LPCSTR, LPCWSTR};

fn length(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX)
}

/// `lstrlenA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrlenA(string: LPCSTR) -> i32 {
    if string.is_null() {
        return 0;
    }
    // SAFETY: a string, by the caller's promise.
    length(unsafe { std::ffi::CStr::from_ptr(string) }.count_bytes())
}

/// `lstrlenW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrlenW(string: LPCWSTR) -> i32 {
    if string.is_null() {
        return 0;
    }
    // SAFETY: a string, by the caller's promise.
    length(unsafe { text::wide_len(string) })
}

fn compare(one: Option<String>, two: Option<String>, fold: bool) -> i32 {
    let fold = |text: Option<String>| match text.unwrap_or_default() {
        text if fold => text.to_uppercase(),
        text => text,
    };
    match fold(one).cmp(&fold(two)) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// `lstrcmpA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpA(one: LPCSTR, two: LPCSTR) -> i32 {
    // SAFETY: null or strings, by the caller's promise.
    let one = unsafe { text::ansi(one) };
    // SAFETY: as above.
    compare(one, unsafe { text::ansi(two) }, false)
}

/// `lstrcmpW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpW(one: LPCWSTR, two: LPCWSTR) -> i32 {
    // SAFETY: null or strings, by the caller's promise.
    let one = unsafe { text::wide(one) };
    // SAFETY: as above.
    compare(one, unsafe { text::wide(two) }, false)
}

/// `lstrcmpiA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpiA(one: LPCSTR, two: LPCSTR) -> i32 {
    // SAFETY: null or strings, by the caller's promise.
    let one = unsafe { text::ansi(one) };
    // SAFETY: as above.
    compare(one, unsafe { text::ansi(two) }, true)
}

/// `lstrcmpiW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcmpiW(one: LPCWSTR, two: LPCWSTR) -> i32 {
    // SAFETY: null or strings, by the caller's promise.
    let one = unsafe { text::wide(one) };
    // SAFETY: as above.
    compare(one, unsafe { text::wide(two) }, true)
}

/// Copies units up to a zero, at most `max` with it; gives `to`.
///
/// # Safety
/// `to` is null or valid for writes of what is copied; `from` is null or ends with a zero.
unsafe fn copy<Unit: Copy + PartialEq + Default>(
    to: *mut Unit,
    from: *const Unit,
    max: usize,
) -> *mut Unit {
    if to.is_null() || from.is_null() || max == 0 {
        return std::ptr::null_mut();
    }
    for at in 0..max {
        // SAFETY: no unit before was the zero.
        let next = unsafe { from.add(at) };
        // SAFETY: as above.
        let read = unsafe { next.read() };
        let unit = if at + 1 < max { read } else { Unit::default() };
        // SAFETY: within what the caller promises.
        let place = unsafe { to.add(at) };
        // SAFETY: as above.
        unsafe { place.write(unit) };
        if unit == Unit::default() {
            break;
        }
    }
    to
}

/// `lstrcpyA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpyA(to: *mut c_char, from: LPCSTR) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { copy(to, from, usize::MAX) }
}

/// `lstrcpyW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpyW(to: *mut u16, from: LPCWSTR) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe { copy(to, from, usize::MAX) }
}

/// `lstrcpynA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpynA(to: *mut c_char, from: LPCSTR, max: i32) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { copy(to, from, usize::try_from(max).unwrap_or(0)) }
}

/// `lstrcpynW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcpynW(to: *mut u16, from: LPCWSTR, max: i32) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe { copy(to, from, usize::try_from(max).unwrap_or(0)) }
}

/// `lstrcatA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcatA(to: *mut c_char, from: LPCSTR) -> *mut c_char {
    // SAFETY: null or a string, by the caller's promise.
    let len = usize::try_from(unsafe { lstrlenA(to) }).unwrap_or(0);
    // SAFETY: the zero of the string, by the caller's promise with room behind it.
    unsafe { copy(to.wrapping_add(len), from, usize::MAX) };
    to
}

/// `lstrcatW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstrcatW(to: *mut u16, from: LPCWSTR) -> *mut u16 {
    // SAFETY: null or a string, by the caller's promise.
    let len = usize::try_from(unsafe { lstrlenW(to) }).unwrap_or(0);
    // SAFETY: the zero of the string, by the caller's promise with room behind it.
    unsafe { copy(to.wrapping_add(len), from, usize::MAX) };
    to
}

/// `MulDiv`: rounded to the nearest; -1 when it overflows.
#[unsafe(no_mangle)]
pub extern "C" fn MulDiv(number: i32, times: i32, by: i32) -> i32 {
    if by == 0 {
        return -1;
    }
    let (product, by) = (i64::from(number) * i64::from(times), i64::from(by));
    let half = by.abs() / 2;
    let (size, negative) = (product.abs() + half, (product < 0) != (by < 0));
    let rounded = size / by.abs();
    i32::try_from(if negative { -rounded } else { rounded }).unwrap_or(-1)
}
