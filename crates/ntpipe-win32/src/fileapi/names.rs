//! Files by name: copies, other names, names for a while.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use ntpipe::ErrorKind;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::named;
use crate::boundary::{answer, succeeds};
use crate::failure::{Failure, Result};
use crate::path;
use crate::text;
use crate::types::{BOOL, DWORD, LPCSTR, LPCWSTR};

const REPLACE_EXISTING: u32 = 1;
const COPY_ALLOWED: u32 = 2;
const WRITE_THROUGH: u32 = 8;
/// `MAX_PATH`, and how much of it a temporary name may need.
const PATH_MAX: u32 = 260;
const TEMP_NAME_MAX: usize = 14;

fn copy(from: Option<String>, to: Option<String>, must_be_new: bool) -> Result<()> {
    let (from, to) = (named(from)?, named(to)?);
    if Path::new(&from).is_dir() || Path::new(&to).is_dir() {
        return Err(ErrorKind::AccessDenied.into());
    }
    if must_be_new && Path::new(&to).exists() {
        return Err(Failure::FILE_EXISTS);
    }
    let same = std::fs::canonicalize(&from).ok() == std::fs::canonicalize(&to).ok();
    if same && Path::new(&from).exists() {
        // To copy a file onto itself would empty it.
        return Err(Failure::SHARING_VIOLATION);
    }
    path::found(&from, std::fs::metadata(&from))?;
    path::found(&to, std::fs::copy(from, &to))?;
    Ok(())
}

/// `CopyFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CopyFileA(from: LPCSTR, to: LPCSTR, must_be_new: BOOL) -> BOOL {
    succeeds(|| {
        // SAFETY: null or strings, by the caller's promise.
        let from = unsafe { text::ansi(from) };
        // SAFETY: as above.
        copy(from, unsafe { text::ansi(to) }, must_be_new != 0)
    })
}

/// `CopyFileW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CopyFileW(from: LPCWSTR, to: LPCWSTR, must_be_new: BOOL) -> BOOL {
    succeeds(|| {
        // SAFETY: null or strings, by the caller's promise.
        let from = unsafe { text::wide(from) };
        // SAFETY: as above.
        copy(from, unsafe { text::wide(to) }, must_be_new != 0)
    })
}

fn rename(from: &str, to: &str, replace: bool) -> rustix::io::Result<()> {
    if replace {
        return rustix::fs::rename(from, to);
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot do both at once.
        Err(Errno::INVAL | Errno::NOSYS) if Path::new(to).exists() => Err(Errno::EXIST),
        Err(Errno::INVAL | Errno::NOSYS) => rustix::fs::rename(from, to),
        result => result,
    }
}

fn give_name(from: Option<String>, to: Option<String>, flags: u32) -> Result<()> {
    if flags & !(REPLACE_EXISTING | COPY_ALLOWED | WRITE_THROUGH) != 0 {
        return Err(ErrorKind::NotSupported.into());
    }
    let (from, to) = (named(from)?, named(to)?);
    let replace = flags & REPLACE_EXISTING != 0;
    if replace && Path::new(&to).is_dir() {
        return Err(ErrorKind::AccessDenied.into());
    }
    match rename(&from, &to, replace) {
        Err(Errno::EXIST) => Err(Failure::ALREADY_EXISTS),
        Err(Errno::XDEV) if flags & COPY_ALLOWED != 0 && !Path::new(&from).is_dir() => {
            copy(Some(from.clone()), Some(to), !replace)?;
            Ok(std::fs::remove_file(from)?)
        }
        Err(Errno::XDEV) => Err(Failure::NOT_SAME_DEVICE),
        Err(Errno::NOENT) => {
            path::found(&from, std::fs::symlink_metadata(&from))?;
            Err(ErrorKind::PathNotFound.into())
        }
        result => Ok(result?),
    }
}

/// `MoveFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MoveFileA(from: LPCSTR, to: LPCSTR) -> BOOL {
    // SAFETY: the caller's promise is the same.
    unsafe { MoveFileExA(from, to, COPY_ALLOWED) }
}

/// `MoveFileW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MoveFileW(from: LPCWSTR, to: LPCWSTR) -> BOOL {
    // SAFETY: the caller's promise is the same.
    unsafe { MoveFileExW(from, to, COPY_ALLOWED) }
}

/// `MoveFileExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MoveFileExA(from: LPCSTR, to: LPCSTR, flags: DWORD) -> BOOL {
    succeeds(|| {
        // SAFETY: null or strings, by the caller's promise.
        let from = unsafe { text::ansi(from) };
        // SAFETY: as above.
        give_name(from, unsafe { text::ansi(to) }, flags)
    })
}

/// `MoveFileExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MoveFileExW(from: LPCWSTR, to: LPCWSTR, flags: DWORD) -> BOOL {
    succeeds(|| {
        // SAFETY: null or strings, by the caller's promise.
        let from = unsafe { text::wide(from) };
        // SAFETY: as above.
        give_name(from, unsafe { text::wide(to) }, flags)
    })
}

/// A name in a directory, and its number. For the number 0 a file is made whose name was free.
fn temp_name(dir: Option<String>, prefix: Option<String>, number: u32) -> Result<(String, u32)> {
    let dir = named(dir)?;
    if dir.len() > PATH_MAX as usize - TEMP_NAME_MAX {
        return Err(Failure::BUFFER_OVERFLOW);
    }
    if !Path::new(&dir).is_dir() {
        return Err(Failure::NOT_A_DIRECTORY);
    }
    let prefix: String = prefix.unwrap_or_default().chars().take(3).collect();
    let slash = if dir.ends_with('/') { "" } else { "/" };
    let name = |number: u32| format!("{dir}{slash}{prefix}{number:x}.TMP");
    if number & 0xFFFF != 0 {
        return Ok((name(number & 0xFFFF), number & 0xFFFF));
    }
    let start = u32::try_from((crate::sysinfoapi::file_time() / 10_000) & 0xFFFF).unwrap_or(1);
    for step in 0..0xFFFF {
        let number = (start + step) % 0xFFFF + 1;
        match OpenOptions::new().write(true).create_new(true).open(name(number)) {
            Ok(_) => return Ok((name(number), number)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::FILE_EXISTS)
}

/// `GetTempFileNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetTempFileNameA(
    dir: LPCSTR,
    prefix: LPCSTR,
    number: u32,
    buffer: *mut c_char,
) -> u32 {
    answer(0, || {
        // SAFETY: null or strings, by the caller's promise.
        let dir = unsafe { text::ansi(dir) };
        // SAFETY: as above.
        let (name, number) = temp_name(dir, unsafe { text::ansi(prefix) }, number)?;
        // SAFETY: null or valid for `MAX_PATH` bytes, by the caller's promise.
        unsafe { text::put_ansi(&name, buffer, PATH_MAX) };
        Ok(number)
    })
}

/// `GetTempFileNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetTempFileNameW(
    dir: LPCWSTR,
    prefix: LPCWSTR,
    number: u32,
    buffer: *mut u16,
) -> u32 {
    answer(0, || {
        // SAFETY: null or strings, by the caller's promise.
        let dir = unsafe { text::wide(dir) };
        // SAFETY: as above.
        let (name, number) = temp_name(dir, unsafe { text::wide(prefix) }, number)?;
        // SAFETY: null or valid for `MAX_PATH` units, by the caller's promise.
        unsafe { text::put_wide(&name, buffer, PATH_MAX) };
        Ok(number)
    })
}
