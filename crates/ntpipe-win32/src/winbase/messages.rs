//! The texts behind error codes, for `FormatMessage`: of the system by Win32 code, of `ntdll` by status.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_void};

use crate::boundary::guarded;
use crate::failure::Failure;
use crate::libloaderapi::is_native;
use crate::winternl::dos_error::code_of;

/// A code and its text a line, in order.
const TEXTS: &str = include_str!("messages.txt");

fn of_code(code: u32) -> Option<&'static str> {
    // A result of COM's kind that is a Win32 code in disguise.
    let code = if code >> 16 == 0x8007 { code & 0xFFFF } else { code };
    TEXTS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(number, text)| (number.parse() == Ok(code)).then_some(text))
}

fn of_status(status: u32) -> Option<&'static str> {
    let code = code_of(status);
    // What has no code has that of a missing text.
    if code == Failure::MR_MID_NOT_FOUND.win32 { None } else { of_code(code) }
}

/// The text of a message, without the end of its line. `Err` tells why there is none.
fn text(module: *const c_void, of_module: bool, id: u32) -> Result<&'static str, Failure> {
    let text = match of_module {
        true if is_native(module)? => of_status(id),
        true => None,
        false => of_code(id),
    };
    text.ok_or(Failure::MR_MID_NOT_FOUND)
}

/// For message.c: the text of a module's message or the system's, and its length, or null and the error.
///
/// # Safety
/// `len` and `error` are valid for writes.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn ntpipe_message(
    module: *const c_void,
    of_module: i32,
    id: u32,
    len: *mut usize,
    error: *mut u32,
) -> *const c_char {
    match guarded(|| text(module, of_module != 0, id)) {
        Ok(text) => {
            // SAFETY: the caller's promise.
            unsafe { len.write(text.len()) };
            text.as_ptr().cast()
        }
        Err(failure) => {
            // SAFETY: the caller's promise.
            unsafe { error.write(failure.win32) };
            std::ptr::null()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ntpipe_core::status::TABLE;

    #[test]
    fn texts_are_sentences_in_the_order_of_their_codes() {
        let mut last = None;
        for line in TEXTS.lines() {
            let (code, text) = line.split_once(' ').expect("a code and a text");
            let code = code.parse::<u32>().expect("a number");
            assert!(last < Some(code), "{line}");
            last = Some(code);
            assert!(text.ends_with('.') && text.is_ascii() && !text.contains('%'), "{line}");
        }
    }

    #[test]
    fn every_error_of_the_engine_has_a_text_and_its_status_too() {
        for row in TABLE {
            assert!(of_code(row.win32.0).is_some(), "{}", row.name);
            assert!(of_status(row.nt.0).is_some(), "{}", row.name);
        }
        assert_eq!((of_code(0x8007_0005), of_status(0xC000_0022)), (of_code(5), of_code(5)));
        assert!(of_code(0xC000_0008).is_none() && of_status(0xC123_4567).is_none());
    }
}
