//! The caller's strings: UTF-16, or bytes in the ANSI code page, which is UTF-8 here.
#![allow(unsafe_code)]

use std::ffi::CStr;

use crate::types::{LPCSTR, LPCWSTR};

/// A wide string of the caller's; unpaired surrogates become U+FFFD.
///
/// # Safety
/// `start` is null or points to units that end with a zero, which nobody writes while the call lasts.
#[must_use]
pub unsafe fn wide(start: LPCWSTR) -> Option<String> {
    if start.is_null() {
        return None;
    }
    // SAFETY: not null, and the string ends with a zero by the caller's promise.
    let len = unsafe { wide_len(start) };
    // SAFETY: `len` units were just looked at.
    let units = unsafe { std::slice::from_raw_parts(start, len) };
    Some(String::from_utf16_lossy(units))
}

/// A wide string of the caller's whose length in bytes is known; unpaired surrogates become U+FFFD.
///
/// # Safety
/// `start` is null or valid for reads of `bytes` bytes, which nobody writes, while the call lasts.
#[must_use]
pub unsafe fn counted(start: LPCWSTR, bytes: u16) -> String {
    // SAFETY: the caller's promise.
    let bytes = unsafe { crate::boundary::bytes(start.cast(), bytes.into()) };
    let units = bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes);
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// How many units stand before the zero.
///
/// # Safety
/// `start` points to units that end with a zero.
pub unsafe fn wide_len(start: LPCWSTR) -> usize {
    let mut len = 0;
    loop {
        // SAFETY: no unit before this one is zero, so this one belongs to the string.
        let at = unsafe { start.add(len) };
        // SAFETY: as above.
        if unsafe { at.read() } == 0 {
            return len;
        }
        len += 1;
    }
}

/// A string of bytes of the caller's; what is no UTF-8 counts as Latin-1.
///
/// # Safety
/// `start` is null or points to bytes that end with a zero, which nobody writes while the call lasts.
#[must_use]
pub unsafe fn ansi(start: LPCSTR) -> Option<String> {
    if start.is_null() {
        return None;
    }
    // SAFETY: not null, and the string ends with a zero by the caller's promise.
    Some(from_ansi(unsafe { CStr::from_ptr(start) }.to_bytes()))
}

/// A text of bytes; what is no UTF-8 counts as Latin-1.
#[must_use]
pub fn from_ansi(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The units of a text, with the zero that ends it.
#[must_use]
pub fn to_wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// How a function answers with a text in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// It is there, so long without its zero.
    Whole(u32),
    /// It does not fit; with its zero it is so long.
    Needs(u32),
}

impl Filled {
    /// The number in either case, as most functions answer it.
    #[must_use]
    pub fn number(self) -> u32 {
        let (Self::Whole(len) | Self::Needs(len)) = self;
        len
    }
}

/// Puts a text, with its zero, into a buffer of that many bytes.
///
/// # Safety
/// `buffer` is null or valid for writes of `size` bytes.
pub unsafe fn put_ansi(text: &str, buffer: *mut std::ffi::c_char, size: u32) -> Filled {
    let bytes: Vec<u8> = text.bytes().chain([0]).collect();
    // SAFETY: the caller's promise; a `c_char` is a byte.
    unsafe { put_units(&bytes, buffer.cast(), size) }
}

/// Puts a text, with its zero, into a buffer of that many units.
///
/// # Safety
/// `buffer` is null or valid for writes of `size` units.
pub unsafe fn put_wide(text: &str, buffer: *mut u16, size: u32) -> Filled {
    // SAFETY: the caller's promise.
    unsafe { put_units(&to_wide(text), buffer, size) }
}

/// # Safety
/// `buffer` is null or valid for writes of `size` units.
unsafe fn put_units<Unit: Copy>(units: &[Unit], buffer: *mut Unit, size: u32) -> Filled {
    let len = u32::try_from(units.len()).unwrap_or(u32::MAX);
    if buffer.is_null() || len > size {
        return Filled::Needs(len);
    }
    // SAFETY: not null, and valid for `len` units, which are no more than `size` (above).
    unsafe { buffer.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
    Filled::Whole(len - 1)
}

/// Puts as much of a text as fits, and a zero.
///
/// # Safety
/// `buffer` is null or valid for writes of `size` units.
pub unsafe fn put_start<Unit: Copy + Default>(units: &[Unit], buffer: *mut Unit, size: u32) {
    let Some(room) = (size as usize).checked_sub(1).filter(|_| !buffer.is_null()) else { return };
    let cut: Vec<Unit> = units.iter().copied().take(room).chain([Unit::default()]).collect();
    // SAFETY: not null, and the cut text has no more than `size` units.
    unsafe { put_units(&cut, buffer, size) };
}
