//! `fileapi.h`: opening, reading, writing, flushing.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::Arc;

use ntpipe::{ClientOptions, ErrorKind};

use crate::boundary::{bytes, bytes_mut, gives_file, out, put, succeeds, value};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::pipe::End;
use crate::object::{Object, PipeObject};
use crate::path::Target;
use crate::text;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, OVERLAPPED, SECURITY_ATTRIBUTES, access};

/// `FILE_FLAG_OVERLAPPED`.
pub(crate) const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;

/// What `CreateFile` is asked for, without the name.
#[derive(Clone, Copy, Debug)]
struct Wish {
    access: u32,
    inherit: bool,
    flags: u32,
}

/// `CreateFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileA(
    name: LPCSTR,
    access: DWORD,
    _share: DWORD,
    security: *const SECURITY_ATTRIBUTES,
    _disposition: DWORD,
    flags: DWORD,
    _template: HANDLE,
) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::ansi(name) };
        // SAFETY: null or valid, by the caller's promise.
        let inherit = unsafe { value(security) }.is_some_and(|it| it.bInheritHandle != 0);
        open(name, Wish { access, inherit, flags })
    })
}

/// `CreateFileW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileW(
    name: LPCWSTR,
    access: DWORD,
    _share: DWORD,
    security: *const SECURITY_ATTRIBUTES,
    _disposition: DWORD,
    flags: DWORD,
    _template: HANDLE,
) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::wide(name) };
        // SAFETY: null or valid, by the caller's promise.
        let inherit = unsafe { value(security) }.is_some_and(|it| it.bInheritHandle != 0);
        open(name, Wish { access, inherit, flags })
    })
}

fn open(name: Option<String>, wish: Wish) -> Result<HANDLE> {
    match Target::of(&name.ok_or(ErrorKind::PathNotFound)?) {
        Target::Pipe(name) => open_pipe(&name, wish),
        _ => Err(ErrorKind::NotSupported.into()),
    }
}

fn open_pipe(name: &str, wish: Wish) -> Result<HANDLE> {
    let asked = access::of_file(wish.access);
    let mut options = ClientOptions::new();
    options
        .read(asked & access::FILE_READ_DATA != 0)
        .write(asked & access::FILE_WRITE_DATA != 0)
        .write_attributes(asked & access::FILE_WRITE_ATTRIBUTES != 0);
    let client = options.open(name)?;
    let overlapped = wish.flags & FILE_FLAG_OVERLAPPED != 0;
    let object = PipeObject::new(End::Client(client), overlapped)?;
    //= observed: every client may wait and read the attributes
    let granted = asked | access::SYNCHRONIZE | access::FILE_READ_ATTRIBUTES;
    let entry = Entry::new(Object::Pipe(Arc::new(object)), granted);
    handle::insert(entry.inherited(wish.inherit))
}

/// `ReadFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadFile(
    file: HANDLE,
    buffer: *mut c_void,
    len: DWORD,
    read: *mut DWORD,
    _overlapped: *mut OVERLAPPED,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let read = unsafe { out(read) };
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let buffer = unsafe { bytes_mut(buffer.cast(), len) };
        let read = read.map(|read| read.write(0));
        let object = handle::with(file, |entry| entry.object.pipe().cloned())?;
        let result = object.pipe().recv(buffer).map_err(Failure::from);
        object.note(&result);
        let got = result?;
        if let Some(read) = read {
            *read = u32::try_from(got.len).unwrap_or(u32::MAX);
        }
        if got.more { Err(ErrorKind::MoreData.into()) } else { Ok(()) }
    })
}

/// `WriteFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteFile(
    file: HANDLE,
    buffer: *const c_void,
    len: DWORD,
    written: *mut DWORD,
    _overlapped: *mut OVERLAPPED,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let written = unsafe { out(written) };
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let buffer = unsafe { bytes(buffer.cast(), len) };
        let written = written.map(|written| written.write(0));
        let object = handle::with(file, |entry| entry.object.pipe().cloned())?;
        let result = object.pipe().send(buffer).map_err(Failure::from);
        object.note(&result);
        let sent = result?;
        if let Some(written) = written {
            *written = u32::try_from(sent).unwrap_or(u32::MAX);
        }
        Ok(())
    })
}

/// `FlushFileBuffers`.
#[unsafe(no_mangle)]
pub extern "C" fn FlushFileBuffers(file: HANDLE) -> BOOL {
    succeeds(|| {
        let object = handle::with(file, |entry| entry.object.pipe().cloned())?;
        let result = object.pipe().flush().map_err(Failure::from);
        object.note(&result);
        result
    })
}

/// `GetFileType`.
#[unsafe(no_mangle)]
pub extern "C" fn GetFileType(file: HANDLE) -> DWORD {
    /// `FILE_TYPE_PIPE`.
    const PIPE: u32 = 3;
    crate::boundary::answer(0, || handle::with(file, |entry| entry.object.pipe().map(|_| PIPE)))
}

/// Fills a place with a count of bytes.
pub(crate) fn put_len(place: Option<&mut std::mem::MaybeUninit<u32>>, len: usize) {
    put(place, u32::try_from(len).unwrap_or(u32::MAX));
}
