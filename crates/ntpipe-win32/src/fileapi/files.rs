//! Plain files: size, position, names, directories.
#![allow(unsafe_code)]

use std::ffi::c_char;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use ntpipe::ErrorKind;
use rustix::fs::{SeekFrom, fstat, ftruncate, seek};

use crate::boundary::{answer, out, put, set_last_error, succeeds, value};
use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::{FileObject, Object};
use crate::path::{self, Target};
use crate::text;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, SECURITY_ATTRIBUTES};

/// `INVALID_FILE_SIZE`, `INVALID_SET_FILE_POINTER`, `INVALID_FILE_ATTRIBUTES`.
const INVALID: u32 = u32::MAX;
const FILE_ATTRIBUTE_READONLY: u32 = 0x1;
const FILE_ATTRIBUTE_DIRECTORY: u32 = 0x10;
const FILE_ATTRIBUTE_NORMAL: u32 = 0x80;

fn file(handle: HANDLE) -> Result<Arc<FileObject>> {
    match handle::get(handle)?.object {
        Object::File(file) => Ok(file),
        _ => Err(ErrorKind::InvalidHandle.into()),
    }
}

fn halves(number: i64) -> (u32, i32) {
    let low = u32::try_from(number & 0xFFFF_FFFF).unwrap_or_default();
    (low, i32::try_from(number >> 32).unwrap_or_default())
}

fn size(handle: HANDLE) -> Result<i64> {
    Ok(fstat(file(handle)?.as_fd())?.st_size)
}

/// `GetFileSize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileSize(handle: HANDLE, high: *mut DWORD) -> DWORD {
    answer(INVALID, || {
        let (low, upper) = halves(size(handle)?);
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(high) }, upper.cast_unsigned());
        set_last_error(0);
        Ok(low)
    })
}

/// `GetFileSizeEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileSizeEx(handle: HANDLE, place: *mut i64) -> BOOL {
    succeeds(|| {
        let size = size(handle)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(place) }, size);
        Ok(())
    })
}

fn go(handle: HANDLE, distance: i64, from: u32) -> Result<i64> {
    let target = match from {
        0 => SeekFrom::Start(u64::try_from(distance).map_err(|_| ErrorKind::InvalidParameter)?),
        1 => SeekFrom::Current(distance),
        2 => SeekFrom::End(distance),
        _ => return Err(ErrorKind::InvalidParameter.into()),
    };
    let at = seek(file(handle)?.as_fd(), target)?;
    Ok(at.cast_signed())
}

/// `SetFilePointer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetFilePointer(
    handle: HANDLE,
    distance: i32,
    high: *mut i32,
    from: DWORD,
) -> DWORD {
    answer(INVALID, || {
        // SAFETY: null or valid, by the caller's promise.
        let distance = match unsafe { value(high) } {
            Some(high) => i64::from(*high) << 32 | i64::from(distance.cast_unsigned()),
            None => i64::from(distance),
        };
        let (low, upper) = halves(go(handle, distance, from)?);
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(high) }, upper);
        set_last_error(0);
        Ok(low)
    })
}

/// `SetFilePointerEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetFilePointerEx(
    handle: HANDLE,
    distance: i64,
    place: *mut i64,
    from: DWORD,
) -> BOOL {
    succeeds(|| {
        let at = go(handle, distance, from)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(place) }, at);
        Ok(())
    })
}

/// `SetEndOfFile`.
#[unsafe(no_mangle)]
pub extern "C" fn SetEndOfFile(handle: HANDLE) -> BOOL {
    succeeds(|| {
        let file = file(handle)?;
        let at = seek(file.as_fd(), SeekFrom::Current(0))?;
        Ok(ftruncate(file.as_fd(), at)?)
    })
}

/// A file's path here.
pub(super) fn named(name: Option<String>) -> Result<String> {
    Ok(path::file(&path::given(name)?))
}

fn delete(name: Option<String>) -> Result<()> {
    let path = named(name)?;
    // Here a file can be removed that cannot be written.
    let meta = path::found(&path, std::fs::symlink_metadata(&path))?;
    if attributes_of(&meta) != FILE_ATTRIBUTE_NORMAL {
        return Err(ErrorKind::AccessDenied.into());
    }
    Ok(std::fs::remove_file(path)?)
}

/// `DeleteFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteFileA(name: LPCSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| delete(unsafe { text::ansi(name) }))
}

/// `DeleteFileW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteFileW(name: LPCWSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| delete(unsafe { text::wide(name) }))
}

/// The attributes that Windows would show of such a file.
pub(crate) fn attributes_of(meta: &std::fs::Metadata) -> u32 {
    let read_only = meta.permissions().mode() & 0o222 == 0;
    match (meta.is_dir(), read_only) {
        (true, _) => FILE_ATTRIBUTE_DIRECTORY,
        (false, true) => FILE_ATTRIBUTE_READONLY,
        (false, false) => FILE_ATTRIBUTE_NORMAL,
    }
}

fn attributes(name: Option<String>) -> Result<u32> {
    let path = named(name)?;
    Ok(attributes_of(&path::found(&path, std::fs::metadata(&path))?))
}

/// `GetFileAttributesA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileAttributesA(name: LPCSTR) -> DWORD {
    // SAFETY: null or a string, by the caller's promise.
    answer(INVALID, || attributes(unsafe { text::ansi(name) }))
}

/// `GetFileAttributesW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFileAttributesW(name: LPCWSTR) -> DWORD {
    // SAFETY: null or a string, by the caller's promise.
    answer(INVALID, || attributes(unsafe { text::wide(name) }))
}

fn make_dir(name: Option<String>) -> Result<()> {
    let path = named(name)?;
    match std::fs::create_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::ALREADY_EXISTS),
        made => path::found(&path, made),
    }
}

fn remove_dir(name: Option<String>) -> Result<()> {
    let path = named(name)?;
    match std::fs::remove_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            Err(Failure::DIR_NOT_EMPTY)
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(Failure::NOT_A_DIRECTORY),
        removed => path::found(&path, removed),
    }
}

/// `CreateDirectoryA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateDirectoryA(
    name: LPCSTR,
    _security: *const SECURITY_ATTRIBUTES,
) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| make_dir(unsafe { text::ansi(name) }))
}

/// `CreateDirectoryW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateDirectoryW(
    name: LPCWSTR,
    _security: *const SECURITY_ATTRIBUTES,
) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| make_dir(unsafe { text::wide(name) }))
}

/// `RemoveDirectoryA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RemoveDirectoryA(name: LPCSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| remove_dir(unsafe { text::ansi(name) }))
}

/// `RemoveDirectoryW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RemoveDirectoryW(name: LPCWSTR) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| remove_dir(unsafe { text::wide(name) }))
}

/// The directory for files that may vanish, with the slash that Windows puts behind it.
fn temp_dir() -> String {
    let dir = std::env::temp_dir().to_string_lossy().into_owned();
    if dir.ends_with('/') { dir } else { dir + "/" }
}

/// `GetTempPathA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetTempPathA(size: DWORD, buffer: *mut c_char) -> DWORD {
    // SAFETY: null or valid for that many bytes, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_ansi(&temp_dir(), buffer, size) }.number()))
}

/// `GetTempPathW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetTempPathW(size: DWORD, buffer: *mut u16) -> DWORD {
    // SAFETY: null or valid for that many units, by the caller's promise.
    answer(0, || Ok(unsafe { text::put_wide(&temp_dir(), buffer, size) }.number()))
}

fn whole(name: Option<String>) -> Result<String> {
    let name = path::given(name)?;
    if let Target::Pipe(pipe) = Target::of(&name) {
        return Ok(pipe);
    }
    let path = std::path::absolute(path::file(&name))?;
    Ok(without_parents(&path).to_string_lossy().into_owned())
}

/// The path without `..`: on Windows the words count, wherever a link among them leads.
fn without_parents(path: &Path) -> PathBuf {
    if !path.components().any(|part| part == Component::ParentDir) {
        return path.to_owned();
    }
    let mut whole = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    whole
}

/// `GetFullPathNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFullPathNameA(
    name: LPCSTR,
    size: DWORD,
    buffer: *mut c_char,
    last: *mut *mut c_char,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or a string, by the caller's promise.
        let path = whole(unsafe { text::ansi(name) })?;
        let at = path.rfind('/').map_or(0, |slash| slash + 1);
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let filled = unsafe { text::put_ansi(&path, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(last) }, buffer.wrapping_add(at));
        Ok(filled.number())
    })
}

/// `GetFullPathNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetFullPathNameW(
    name: LPCWSTR,
    size: DWORD,
    buffer: *mut u16,
    last: *mut *mut u16,
) -> DWORD {
    answer(0, || {
        // SAFETY: null or a string, by the caller's promise.
        let path = whole(unsafe { text::wide(name) })?;
        let at = path.rfind('/').map_or(0, |slash| path[..=slash].encode_utf16().count());
        // SAFETY: null or valid for that many units, by the caller's promise.
        let filled = unsafe { text::put_wide(&path, buffer, size) };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(last) }, buffer.wrapping_add(at));
        Ok(filled.number())
    })
}
