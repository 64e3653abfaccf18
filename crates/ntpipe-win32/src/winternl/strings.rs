//! Counted strings.
#![allow(unsafe_code)]

use std::ffi::c_char;

use super::types::{ANSI_STRING, NTSTATUS, UNICODE_STRING};
use crate::boundary::{guarded, out, put, status, value};
use crate::failure::{Failure, Result};
use crate::path::Target;
use crate::types::{LPCSTR, LPCWSTR};
use crate::{memory, text};

/// The longest string, in bytes: one unit below what a length can say.
const BYTES_MAX: usize = 0xFFFC;

fn short(bytes: usize) -> u16 {
    u16::try_from(bytes).unwrap_or(u16::MAX)
}

/// `RtlInitUnicodeString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlInitUnicodeString(string: *mut UNICODE_STRING, source: LPCWSTR) {
    let Length = match source.is_null() {
        true => None,
        // SAFETY: not null, and a string by the caller's promise.
        false => Some(short((unsafe { text::wide_len(source) } * 2).min(BYTES_MAX))),
    };
    let filled = UNICODE_STRING {
        Length: Length.unwrap_or(0),
        MaximumLength: Length.map_or(0, |length| length + 2),
        Buffer: source.cast_mut(),
    };
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(string) }, filled);
}

/// `RtlInitAnsiString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlInitAnsiString(string: *mut ANSI_STRING, source: LPCSTR) {
    let Length = match source.is_null() {
        true => None,
        false => {
            // SAFETY: not null, and a string by the caller's promise.
            let bytes = unsafe { std::ffi::CStr::from_ptr(source) }.count_bytes();
            Some(short(bytes.min(BYTES_MAX)))
        }
    };
    let filled = ANSI_STRING {
        Length: Length.unwrap_or(0),
        MaximumLength: Length.map_or(0, |length| length + 1),
        Buffer: source.cast_mut(),
    };
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(string) }, filled);
}

/// A new string, with a zero behind it, for [`RtlFreeUnicodeString`].
fn new_wide(text: &str) -> Result<UNICODE_STRING> {
    let units = text::to_wide(text);
    let bytes = units.len() * 2;
    if bytes > usize::from(u16::MAX) {
        return Err(ntpipe::ErrorKind::InvalidName.into());
    }
    let start: *mut u16 = memory::allocate(bytes, false).cast();
    if start.is_null() {
        return Err(ntpipe::ErrorKind::NotEnoughMemory.into());
    }
    // SAFETY: a block of so many bytes was just allocated.
    unsafe { start.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
    Ok(UNICODE_STRING { Length: short(bytes - 2), MaximumLength: short(bytes), Buffer: start })
}

/// `RtlCreateUnicodeString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlCreateUnicodeString(
    string: *mut UNICODE_STRING,
    source: LPCWSTR,
) -> u8 {
    let made = guarded(|| {
        // SAFETY: null or a string, by the caller's promise.
        let text = unsafe { text::wide(source) }.ok_or(Failure::NO_ACCESS)?;
        let made = new_wide(&text)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(string) }, made);
        Ok(())
    });
    made.is_ok().into()
}

/// `RtlFreeUnicodeString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlFreeUnicodeString(string: *mut UNICODE_STRING) {
    // SAFETY: null or valid, by the caller's promise.
    let Some(given) = (unsafe { value(string) }) else { return };
    // SAFETY: null, or a block that a function here has given, by the caller's promise.
    unsafe { memory::free(given.Buffer.cast()) };
    let none = UNICODE_STRING { Length: 0, MaximumLength: 0, Buffer: std::ptr::null_mut() };
    // SAFETY: as above.
    put(unsafe { out(string) }, none);
}

/// `RtlFreeAnsiString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlFreeAnsiString(string: *mut ANSI_STRING) {
    // SAFETY: null or valid, by the caller's promise.
    let Some(given) = (unsafe { value(string) }) else { return };
    // SAFETY: null, or a block that a function here has given, by the caller's promise.
    unsafe { memory::free(given.Buffer.cast()) };
    let none = ANSI_STRING { Length: 0, MaximumLength: 0, Buffer: std::ptr::null_mut() };
    // SAFETY: as above.
    put(unsafe { out(string) }, none);
}

/// `RtlAnsiStringToUnicodeString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlAnsiStringToUnicodeString(
    string: *mut UNICODE_STRING,
    source: *const ANSI_STRING,
    allocate: u8,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let source = unsafe { value(source) }.ok_or(Failure::NO_ACCESS)?;
        // SAFETY: valid for its length, by the caller's promise.
        let bytes = unsafe { crate::boundary::bytes(source.Buffer.cast(), source.Length.into()) };
        let text = text::from_ansi(bytes);
        if allocate != 0 {
            // SAFETY: null or valid, by the caller's promise.
            put(Some(unsafe { out(string) }.ok_or(Failure::NO_ACCESS)?), new_wide(&text)?);
            return Ok(0);
        }
        // SAFETY: null or valid, by the caller's promise.
        let given = *unsafe { value(string) }.ok_or(Failure::NO_ACCESS)?;
        let room = u32::from(given.MaximumLength / 2);
        // SAFETY: valid for its room, by the caller's promise.
        match unsafe { text::put_wide(&text, given.Buffer, room) } {
            text::Filled::Needs(_) => Err(Failure::BUFFER_OVERFLOW),
            text::Filled::Whole(len) => {
                let filled = UNICODE_STRING { Length: short(len as usize * 2), ..given };
                // SAFETY: as above.
                put(unsafe { out(string) }, filled);
                Ok(0)
            }
        }
    })
}

/// `RtlUnicodeStringToAnsiString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlUnicodeStringToAnsiString(
    string: *mut ANSI_STRING,
    source: *const UNICODE_STRING,
    allocate: u8,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let source = unsafe { value(source) }.ok_or(Failure::NO_ACCESS)?;
        // SAFETY: valid for its length, by the caller's promise.
        let text = unsafe { text::counted(source.Buffer, source.Length) };
        let mut given = match allocate {
            // SAFETY: null or valid, by the caller's promise.
            0 => *unsafe { value(string) }.ok_or(Failure::NO_ACCESS)?,
            _ => {
                let room = text.len() + 1;
                if room > usize::from(u16::MAX) {
                    return Err(ntpipe::ErrorKind::InvalidParameter.into());
                }
                let start: *mut c_char = memory::allocate(room, false).cast();
                ANSI_STRING { Length: 0, MaximumLength: short(room), Buffer: start }
            }
        };
        if given.Buffer.is_null() {
            return Err(ntpipe::ErrorKind::NotEnoughMemory.into());
        }
        // SAFETY: valid for its room, by the caller's promise or just allocated so.
        match unsafe { text::put_ansi(&text, given.Buffer, given.MaximumLength.into()) } {
            text::Filled::Needs(_) => Err(Failure::BUFFER_OVERFLOW),
            text::Filled::Whole(len) => {
                given.Length = short(len as usize);
                // SAFETY: null or valid, by the caller's promise.
                put(Some(unsafe { out(string) }.ok_or(Failure::NO_ACCESS)?), given);
                Ok(0)
            }
        }
    })
}

/// `RtlCompareUnicodeString`: less, equal or greater as the answer is to 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlCompareUnicodeString(
    one: *const UNICODE_STRING,
    two: *const UNICODE_STRING,
    fold: u8,
) -> i32 {
    let units = |string: *const UNICODE_STRING| {
        // SAFETY: null or valid with its buffer, by the caller's promise.
        let text = unsafe { super::name::string(string) };
        let upper = |c: char| {
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(one), None) if fold != 0 => one,
                _ => c,
            }
        };
        text.chars().map(upper).collect::<String>().encode_utf16().collect::<Vec<_>>()
    };
    let (one, two) = (units(one), units(two));
    let differing = one.iter().zip(&two).find(|(one, two)| one != two);
    match differing {
        Some((one, two)) => i32::from(*one) - i32::from(*two),
        None => i32::from(short(one.len())) - i32::from(short(two.len())),
    }
}

/// `RtlEqualUnicodeString`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlEqualUnicodeString(
    one: *const UNICODE_STRING,
    two: *const UNICODE_STRING,
    fold: u8,
) -> u8 {
    // SAFETY: the caller's promise is the same.
    u8::from(unsafe { RtlCompareUnicodeString(one, two, fold) } == 0)
}

/// The name that the object manager takes for a path of Win32.
fn native(path: &str) -> Result<String> {
    let slashes = path.replace('/', r"\");
    if let Some(rest) = slashes.strip_prefix(r"\\.\").or(slashes.strip_prefix(r"\\?\")) {
        return Ok(format!(r"\??\{rest}"));
    }
    if slashes.starts_with(r"\??\") {
        return Ok(slashes);
    }
    if let Some(rest) = slashes.strip_prefix(r"\\") {
        return Ok(format!(r"\??\UNC\{rest}"));
    }
    match Target::of(path) {
        Target::Null => Ok(r"\??\NUL".to_owned()),
        Target::File(file) if !file.is_empty() => {
            let whole = std::path::absolute(file)?;
            Ok(format!(r"\??\C:{}", whole.to_string_lossy().replace('/', r"\")))
        }
        _ => Err(ntpipe::ErrorKind::InvalidName.into()),
    }
}

/// `RtlDosPathNameToNtPathName_U`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlDosPathNameToNtPathName_U(
    path: LPCWSTR,
    string: *mut UNICODE_STRING,
    last: *mut *mut u16,
    _reserved: *mut std::ffi::c_void,
) -> u8 {
    let made = guarded(|| {
        // SAFETY: null or a string, by the caller's promise.
        let path = unsafe { text::wide(path) }.ok_or(Failure::NO_ACCESS)?;
        let name = native(&path)?;
        let made = new_wide(&name)?;
        let file = name.rfind('\\').filter(|at| at + 1 < name.len());
        let file = file.map(|at| name[..=at].encode_utf16().count());
        let file = file.map_or(std::ptr::null_mut(), |units| made.Buffer.wrapping_add(units));
        // SAFETY: null or valid, by the caller's promise, here and below.
        put(unsafe { out(last) }, file);
        // SAFETY: as above.
        put(unsafe { out(string) }, made);
        Ok(())
    });
    made.is_ok().into()
}

#[cfg(test)]
mod tests {
    use std::mem::MaybeUninit;

    use super::*;

    fn string(text: &str) -> UNICODE_STRING {
        new_wide(text).expect("memory")
    }

    #[test]
    fn strings_compare_with_and_without_regard_to_case() {
        let (mut one, mut two) = (string("PIPE\u{e4}"), string("pipe\u{c4}"));
        // SAFETY: strings of this test's.
        let compare =
            |fold| unsafe { RtlCompareUnicodeString(&raw const one, &raw const two, fold) };
        assert!(compare(0) < 0);
        assert_eq!(compare(1), 0);
        for string in [&mut one, &mut two] {
            // SAFETY: made by `new_wide`.
            unsafe { RtlFreeUnicodeString(string) };
            assert!(string.Buffer.is_null());
        }
    }

    #[test]
    fn strings_change_their_encoding() {
        let mut ansi = MaybeUninit::uninit();
        // SAFETY: a string that lives.
        unsafe { RtlInitAnsiString(ansi.as_mut_ptr(), c"gr\xc3\xbc\xc3\x9fe".as_ptr()) };
        // SAFETY: initialised above.
        let ansi = unsafe { ansi.assume_init() };
        assert_eq!((ansi.Length, ansi.MaximumLength), (7, 8));
        let mut wide = string("");
        let buffer = wide.Buffer;
        // SAFETY: strings of this test's.
        let short = unsafe { RtlAnsiStringToUnicodeString(&raw mut wide, &raw const ansi, 0) };
        assert_eq!(short.cast_unsigned(), 0x8000_0005);
        // SAFETY: as above; the buffer is freed below.
        assert_eq!(unsafe { RtlAnsiStringToUnicodeString(&raw mut wide, &raw const ansi, 1) }, 0);
        assert_eq!((wide.Length, wide.MaximumLength), (10, 12));
        let mut back = ansi;
        // SAFETY: strings of this test's.
        assert_eq!(unsafe { RtlUnicodeStringToAnsiString(&raw mut back, &raw const wide, 1) }, 0);
        assert_eq!(back.Length, 7);
        // SAFETY: made by the functions above.
        unsafe { RtlFreeAnsiString(&raw mut back) };
        // SAFETY: as above.
        unsafe { RtlFreeUnicodeString(&raw mut wide) };
        // SAFETY: allocated by `new_wide`.
        unsafe { memory::free(buffer.cast()) };
    }

    #[test]
    fn paths_become_names_of_objects() {
        for (path, name) in [
            (r"\\.\pipe\x", r"\??\pipe\x"),
            (r"\\?\pipe\x", r"\??\pipe\x"),
            ("//./pipe/x", r"\??\pipe\x"),
            (r"\\host\pipe\x", r"\??\UNC\host\pipe\x"),
            (r"C:\dir\file", r"\??\C:\dir\file"),
            ("nul", r"\??\NUL"),
        ] {
            assert_eq!(native(path).ok().as_deref(), Some(name), "{path}");
        }
        assert!(native("").is_err());
    }
}
