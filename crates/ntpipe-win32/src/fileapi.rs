//! `fileapi.h`: opening, reading, writing, flushing.
#![allow(unsafe_code)]

mod again;
mod files;
mod find;
mod information;
mod names;
#[cfg(test)]
mod tests;

use std::ffi::c_void;
use std::fs::OpenOptions;
use std::sync::Arc;

use ntpipe::{ClientOptions, ErrorKind, Recv};

pub use again::{CREATEFILE2_EXTENDED_PARAMETERS, CreateFile2, ReOpenFile};
pub use files::*;
pub use find::*;
pub use information::*;
pub use names::*;

use crate::boundary::{
    answer, bytes, bytes_mut, gives_file, out, put, set_last_error, succeeds, there, value,
};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::pipe::End;
use crate::object::token::{Level, said};
use crate::object::{FileObject, Object, PipeObject, file};
use crate::overlapped::{Input, Output, OverlappedRoutine, Place};
use crate::path::{self, Target};
use crate::text;
use crate::token;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, OVERLAPPED, SECURITY_ATTRIBUTES, access};

/// `FILE_FLAG_OVERLAPPED`.
pub(crate) const FILE_FLAG_OVERLAPPED: u32 = 0x4000_0000;

pub(crate) const CREATE_NEW: u32 = 1;
pub(crate) const CREATE_ALWAYS: u32 = 2;
pub(crate) const OPEN_EXISTING: u32 = 3;
pub(crate) const OPEN_ALWAYS: u32 = 4;
pub(crate) const TRUNCATE_EXISTING: u32 = 5;

/// What `CreateFile` is asked for, without the name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) access: u32,
    pub(crate) inherit: bool,
    pub(crate) disposition: u32,
    pub(crate) flags: u32,
}

/// `CreateFileA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileA(
    name: LPCSTR,
    access: DWORD,
    _share: DWORD,
    security: *const SECURITY_ATTRIBUTES,
    disposition: DWORD,
    flags: DWORD,
    _template: HANDLE,
) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::ansi(name) };
        // SAFETY: null or valid, by the caller's promise.
        let inherit = unsafe { value(security) }.is_some_and(|it| it.bInheritHandle != 0);
        open(name, Wish { access, inherit, disposition, flags })
    })
}

/// `CreateFileW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFileW(
    name: LPCWSTR,
    access: DWORD,
    _share: DWORD,
    security: *const SECURITY_ATTRIBUTES,
    disposition: DWORD,
    flags: DWORD,
    _template: HANDLE,
) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::wide(name) };
        // SAFETY: null or valid, by the caller's promise.
        let inherit = unsafe { value(security) }.is_some_and(|it| it.bInheritHandle != 0);
        open(name, Wish { access, inherit, disposition, flags })
    })
}

fn open(name: Option<String>, wish: Wish) -> Result<HANDLE> {
    token::may_open()?;
    match Target::of(&path::given(name)?) {
        Target::Pipe(name) => open_pipe(&name, wish),
        Target::File(path) => open_file(&path, wish),
        Target::Null => open_file("/dev/null", Wish { disposition: OPEN_EXISTING, ..wish }),
        Target::ConsoleInput | Target::ConsoleOutput => {
            open_file("/dev/tty", Wish { disposition: OPEN_EXISTING, ..wish })
        }
        Target::Pipes { root } => {
            let access = wish.access | access::SYNCHRONIZE | access::FILE_READ_ATTRIBUTES;
            crate::winternl::open::open_pipes(root, Wish { access, ..wish })
        }
    }
}

pub(crate) fn open_file(path: &str, wish: Wish) -> Result<HANDLE> {
    let asked = access::of_file(wish.access);
    let append = asked & (access::FILE_APPEND_DATA | access::FILE_WRITE_DATA);
    let mut options = OpenOptions::new();
    options
        .read(asked & access::FILE_READ_DATA != 0 || append == 0)
        .write(asked & access::FILE_WRITE_DATA != 0)
        .append(append == access::FILE_APPEND_DATA);
    let existed = std::fs::metadata(path).is_ok();
    // A file is made although it is opened for reading alone, which `OpenOptions` refuses.
    if !existed && matches!(wish.disposition, CREATE_NEW | CREATE_ALWAYS | OPEN_ALWAYS) {
        path::found(path, OpenOptions::new().write(true).create_new(true).open(path))?;
    }
    match wish.disposition {
        CREATE_NEW if existed => return Err(Failure::FILE_EXISTS),
        CREATE_ALWAYS | TRUNCATE_EXISTING if existed => {
            path::found(path, OpenOptions::new().write(true).truncate(true).open(path))?;
        }
        CREATE_NEW | CREATE_ALWAYS | OPEN_EXISTING | OPEN_ALWAYS | TRUNCATE_EXISTING => {}
        _ => return Err(ErrorKind::InvalidParameter.into()),
    }
    let file = path::found(path, options.open(path))?;
    let overlapped = wish.flags & FILE_FLAG_OVERLAPPED != 0;
    let object = Object::File(Arc::new(FileObject::new(file.into(), overlapped)?));
    let handle = handle::insert(Entry::new(object, asked).inherited(wish.inherit))?;
    //= learn: CreateFile: both succeed, and tell by the last error that the file was there
    if matches!(wish.disposition, CREATE_ALWAYS | OPEN_ALWAYS) {
        set_last_error(if existed { Failure::ALREADY_EXISTS.win32 } else { 0 });
    }
    Ok(handle)
}

/// What a client tells its server of how far it may be impersonated: everything and the thread that
/// writes, unless the flags say otherwise.
//= learn: CreateFile, dwFlagsAndAttributes
fn says_at_open(flags: u32) -> u32 {
    const SQOS_PRESENT: u32 = 0x10_0000;
    const CONTEXT_TRACKING: u32 = 0x4_0000;
    const EFFECTIVE_ONLY: u32 = 0x8_0000;
    let tag = u32::from(ntpipe::context::of_thread()) << 8;
    if flags & SQOS_PRESENT == 0 {
        return tag;
    }
    let level = Level::of(flags >> 16 & 3).map_or(0, said::level);
    let fixed = if flags & CONTEXT_TRACKING == 0 { said::STATIC } else { 0 };
    let effective = if flags & EFFECTIVE_ONLY != 0 { said::EFFECTIVE_ONLY } else { 0 };
    level | fixed | effective | tag
}

pub(crate) fn open_pipe(name: &str, wish: Wish) -> Result<HANDLE> {
    let asked = access::of_file(wish.access);
    let mut options = ClientOptions::new();
    options
        .read(asked & access::FILE_READ_DATA != 0)
        .write(asked & access::FILE_WRITE_DATA != 0)
        .write_attributes(asked & access::FILE_WRITE_ATTRIBUTES != 0)
        .context(says_at_open(wish.flags));
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
    overlapped: *mut OVERLAPPED,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let read = unsafe { out(read) };
        let read = read.map(|read| read.write(0));
        there(buffer, len)?;
        if !overlapped.is_null() {
            // SAFETY: as long as the operation goes on, by the caller's promise.
            let into = unsafe { Output::new(buffer, len) };
            // SAFETY: as above.
            let place = unsafe { Place::of_overlapped(overlapped) }?;
            let object = handle::with(file, |entry| Ok(entry.object.clone()))?;
            return tell(read, object.read(into, place)?);
        }
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let buffer = unsafe { bytes_mut(buffer.cast(), len) };
        // What is there already is read while the handle is looked at: it needs no reference of its own.
        let looked = handle::with(file, |entry| {
            let at_once = match &entry.object {
                Object::Pipe(pipe) => pipe.recv_at_once(buffer),
                _ => None,
            };
            Ok(at_once.ok_or_else(|| entry.object.clone()))
        })?;
        let got = match looked {
            Ok(got) => got,
            Err(Object::Pipe(pipe)) => pipe.recv(buffer)?,
            Err(Object::File(file)) => Recv { len: file.read(buffer, None)?, more: false },
            Err(_) => return Err(ErrorKind::InvalidHandle.into()),
        };
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
    overlapped: *mut OVERLAPPED,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let written = unsafe { out(written) };
        let written = written.map(|written| written.write(0));
        there(buffer, len)?;
        if !overlapped.is_null() {
            // SAFETY: as long as the operation goes on, by the caller's promise.
            let data = unsafe { Input::new(buffer, len) };
            // SAFETY: as above.
            let place = unsafe { Place::of_overlapped(overlapped) }?;
            let object = handle::with(file, |entry| Ok(entry.object.clone()))?;
            return tell(written, object.write(data, place)?);
        }
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let buffer = unsafe { bytes(buffer.cast(), len) };
        let looked = handle::with(file, |entry| {
            let at_once = match &entry.object {
                Object::Pipe(pipe) => pipe.send_at_once(buffer),
                _ => false,
            };
            Ok(if at_once { Ok(buffer.len()) } else { Err(entry.object.clone()) })
        })?;
        let sent = match looked {
            Ok(sent) => sent,
            Err(Object::Pipe(pipe)) => pipe.send(buffer)?,
            Err(Object::File(file)) => file.write(buffer, None)?,
            Err(_) => return Err(ErrorKind::InvalidHandle.into()),
        };
        if let Some(written) = written {
            *written = u32::try_from(sent).unwrap_or(u32::MAX);
        }
        Ok(())
    })
}

/// What a call with an `OVERLAPPED` answers once its operation has begun.
///
/// # Errors
/// `ERROR_IO_PENDING` if it goes on; `ERROR_MORE_DATA`, without a count, for a part of a message.
pub(crate) fn tell(place: Option<&mut u32>, begun: Option<Recv>) -> Result<()> {
    let got = begun.ok_or(ErrorKind::IoPending)?;
    //= observed: the count is 0 then; the OVERLAPPED has it
    if got.more {
        return Err(ErrorKind::MoreData.into());
    }
    if let Some(place) = place {
        *place = u32::try_from(got.len).unwrap_or(u32::MAX);
    }
    Ok(())
}

/// `ReadFileEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadFileEx(
    file: HANDLE,
    buffer: *mut c_void,
    len: DWORD,
    overlapped: *mut OVERLAPPED,
    routine: Option<OverlappedRoutine>,
) -> BOOL {
    succeeds(|| {
        there(buffer, len)?;
        // SAFETY: as long as the operation goes on, by the caller's promise.
        let into = unsafe { Output::new(buffer, len) };
        // SAFETY: as above.
        let place = unsafe { Place::with_routine(overlapped, routine) }?;
        let object = handle::with(file, |entry| Ok(entry.object.clone()))?;
        object.read(into, place).map(drop)
    })
}

/// `WriteFileEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteFileEx(
    file: HANDLE,
    buffer: *const c_void,
    len: DWORD,
    overlapped: *mut OVERLAPPED,
    routine: Option<OverlappedRoutine>,
) -> BOOL {
    succeeds(|| {
        there(buffer, len)?;
        // SAFETY: as long as the operation goes on, by the caller's promise.
        let data = unsafe { Input::new(buffer, len) };
        // SAFETY: as above.
        let place = unsafe { Place::with_routine(overlapped, routine) }?;
        let object = handle::with(file, |entry| Ok(entry.object.clone()))?;
        object.write(data, place).map(drop)
    })
}

/// `FlushFileBuffers`.
#[unsafe(no_mangle)]
pub extern "C" fn FlushFileBuffers(file: HANDLE) -> BOOL {
    succeeds(|| match handle::get(file)?.object {
        Object::Pipe(pipe) => pipe.flush(),
        Object::File(file) => file.flush(),
        _ => Err(ErrorKind::InvalidHandle.into()),
    })
}

/// `GetFileType`.
#[unsafe(no_mangle)]
pub extern "C" fn GetFileType(file: HANDLE) -> DWORD {
    answer(0, || match handle::get(file)?.object {
        Object::Pipe(_) => Ok(file::Kind::Pipe as u32),
        Object::File(file) => Ok(file.kind() as u32),
        _ => Err(ErrorKind::InvalidHandle.into()),
    })
}

/// Fills a place with a count of bytes.
pub(crate) fn put_len(place: Option<&mut std::mem::MaybeUninit<u32>>, len: usize) {
    put(place, u32::try_from(len).unwrap_or(u32::MAX));
}
