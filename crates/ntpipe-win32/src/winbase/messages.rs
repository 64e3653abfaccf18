//! The texts behind error codes, for `FormatMessage`: of the system by Win32 code, of `ntdll` by status.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_void};

use ntpipe_core::status::TABLE;

use crate::boundary::guarded;
use crate::failure::Failure;
use crate::libloaderapi::is_native;

/// A code and its text a line, in order.
const TEXTS: &str = include_str!("messages.txt");

/// Statuses that the engine's own table does not have, with the code that means the same.
const STATUSES: &[(u32, u32)] = &[
    (0x0000_0000, 0),
    (0x0000_0080, 735),
    (0x0000_00C0, 737),
    (0x0000_0101, 739),
    (0x0000_0104, 741),
    (0x4000_0000, 698),
    (0x8000_0006, 18),
    (0x8000_000D, 299),
    (0x8000_001A, 259),
    (0xC000_0002, 120),
    (0xC000_0003, 87),
    (0xC000_0004, 24),
    (0xC000_0005, 998),
    (0xC000_000E, 55),
    (0xC000_000F, 2),
    (0xC000_0011, 38),
    (0xC000_0024, 594),
    (0xC000_0035, 183),
    (0xC000_0037, 114),
    (0xC000_0043, 32),
    (0xC000_0054, 33),
    (0xC000_0056, 303),
    (0xC000_0058, 1305),
    (0xC000_005A, 1307),
    (0xC000_005E, 1311),
    (0xC000_005F, 1312),
    (0xC000_0060, 1313),
    (0xC000_0061, 1314),
    (0xC000_006D, 1326),
    (0xC000_0073, 1332),
    (0xC000_0077, 1336),
    (0xC000_0078, 1337),
    (0xC000_0079, 1338),
    (0xC000_009A, 1450),
    (0xC000_00A5, 1346),
    (0xC000_00AF, 1),
    (0xC000_00B4, 230),
    (0xC000_00BA, 5),
    (0xC000_00BE, 53),
    (0xC000_00C9, 64),
    (0xC000_00CC, 67),
    (0xC000_00D4, 17),
    (0xC000_00E5, 1359),
    (0xC000_0101, 145),
    (0xC000_0103, 267),
    (0xC000_0135, 126),
    (0xC000_0139, 127),
    (0xC000_013A, 995),
    (0xC000_0162, 1113),
    (0xC000_0235, 6),
];

fn of_code(code: u32) -> Option<&'static str> {
    // A result of COM's kind that is a Win32 code in disguise.
    let code = if code >> 16 == 0x8007 { code & 0xFFFF } else { code };
    TEXTS
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(number, text)| (number.parse() == Ok(code)).then_some(text))
}

fn of_status(status: u32) -> Option<&'static str> {
    let own = TABLE.iter().find(|row| row.nt.0 == status).map(|row| row.win32.0);
    let others = || STATUSES.iter().find(|(nt, _)| *nt == status).map(|(_, code)| *code);
    of_code(own.or_else(others)?)
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
        for (status, code) in STATUSES {
            assert!(of_code(*code).is_some(), "{status:#x}");
        }
        assert_eq!(of_code(0x8007_0005), of_code(5));
        assert!(of_code(0xC000_0008).is_none() && of_status(5).is_none());
    }
}
