//! `namedpipeapi.h`: pipes, named and anonymous.
#![allow(unsafe_code)]

mod impersonate;
mod query;

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

use ntpipe::{ErrorKind, PipeMode, ServerOptions, Timeout};
use ntpipe_core::namespace::Policy;
use ntpipe_core::security::Descriptor;

pub use impersonate::*;
pub use query::*;

use crate::boundary::{bytes, bytes_mut, gives_file, out, put, succeeds, there, value};
use crate::failure::{Failure, Result};
use crate::fileapi::{FILE_FLAG_OVERLAPPED, put_len, tell};
use crate::handle::{self, Entry};
use crate::object::pipe::End;
use crate::object::{Object, PipeObject};
use crate::overlapped::{Input, Output, Place};
use crate::path::{self, Target};
use crate::securitybaseapi::given;
use crate::text;
use crate::token;
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, OVERLAPPED, SECURITY_ATTRIBUTES, access};

const PIPE_ACCESS_INBOUND: u32 = 1;
const PIPE_ACCESS_OUTBOUND: u32 = 2;
const FILE_FLAG_FIRST_PIPE_INSTANCE: u32 = 0x8_0000;
const FILE_FLAG_WRITE_THROUGH: u32 = 0x8000_0000;
/// `WRITE_DAC`, `WRITE_OWNER`, `ACCESS_SYSTEM_SECURITY`.
const OPEN_MODE_RIGHTS: u32 = 0x10C_0000;
const WRITE_OWNER: u32 = 0x8_0000;
const OPEN_MODE_KNOWN: u32 = PIPE_ACCESS_INBOUND
    | PIPE_ACCESS_OUTBOUND
    | FILE_FLAG_FIRST_PIPE_INSTANCE
    | FILE_FLAG_WRITE_THROUGH
    | FILE_FLAG_OVERLAPPED
    | OPEN_MODE_RIGHTS;
const PIPE_NOWAIT: u32 = 1;
const PIPE_READMODE_MESSAGE: u32 = 2;
const PIPE_TYPE_MESSAGE: u32 = 4;
/// With `PIPE_REJECT_REMOTE_CLIENTS`, which holds always: there are no others here.
const PIPE_MODE_KNOWN: u32 = 0xF;

/// What `CreateNamedPipe` is asked for, without the name.
#[derive(Clone, Copy, Debug)]
struct Wish {
    open_mode: u32,
    pipe_mode: u32,
    max_instances: u32,
    out_quota: u32,
    in_quota: u32,
    timeout_ms: u32,
    inherit: bool,
}

/// `CreateNamedPipeA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateNamedPipeA(
    name: LPCSTR,
    open_mode: DWORD,
    pipe_mode: DWORD,
    max_instances: DWORD,
    out_quota: DWORD,
    in_quota: DWORD,
    timeout_ms: DWORD,
    security: *const SECURITY_ATTRIBUTES,
) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::ansi(name) };
        // SAFETY: null or valid, by the caller's promise.
        let security = unsafe { value(security) };
        let descriptor = security.map_or(std::ptr::null_mut(), |it| it.lpSecurityDescriptor);
        // SAFETY: null or a descriptor, by the caller's promise.
        let descriptor = unsafe { given(descriptor) }?;
        let inherit = security.is_some_and(|it| it.bInheritHandle != 0);
        let wish =
            Wish { open_mode, pipe_mode, max_instances, out_quota, in_quota, timeout_ms, inherit };
        create(name, descriptor, wish)
    })
}

/// `CreateNamedPipeW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateNamedPipeW(
    name: LPCWSTR,
    open_mode: DWORD,
    pipe_mode: DWORD,
    max_instances: DWORD,
    out_quota: DWORD,
    in_quota: DWORD,
    timeout_ms: DWORD,
    security: *const SECURITY_ATTRIBUTES,
) -> HANDLE {
    gives_file(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::wide(name) };
        // SAFETY: null or valid, by the caller's promise.
        let security = unsafe { value(security) };
        let descriptor = security.map_or(std::ptr::null_mut(), |it| it.lpSecurityDescriptor);
        // SAFETY: null or a descriptor, by the caller's promise.
        let descriptor = unsafe { given(descriptor) }?;
        let inherit = security.is_some_and(|it| it.bInheritHandle != 0);
        let wish =
            Wish { open_mode, pipe_mode, max_instances, out_quota, in_quota, timeout_ms, inherit };
        create(name, descriptor, wish)
    })
}

fn create(name: Option<String>, descriptor: Option<Descriptor>, wish: Wish) -> Result<HANDLE> {
    token::may_open()?;
    let name = Target::pipe(&path::given(name)?)?;
    if wish.open_mode & !OPEN_MODE_KNOWN != 0 || wish.pipe_mode & !PIPE_MODE_KNOWN != 0 {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let mode = |bit| if wish.pipe_mode & bit != 0 { PipeMode::Message } else { PipeMode::Byte };
    let mut options = ServerOptions::new();
    options
        .access_inbound(wish.open_mode & PIPE_ACCESS_INBOUND != 0)
        .access_outbound(wish.open_mode & PIPE_ACCESS_OUTBOUND != 0)
        .first_pipe_instance(wish.open_mode & FILE_FLAG_FIRST_PIPE_INSTANCE != 0)
        .pipe_mode(mode(PIPE_TYPE_MESSAGE))
        .read_mode(mode(PIPE_READMODE_MESSAGE))
        .nowait(wish.pipe_mode & PIPE_NOWAIT != 0)
        .max_instances(wish.max_instances as usize)
        .in_buffer_size(wish.in_quota)
        .out_buffer_size(wish.out_quota)
        .default_timeout(Duration::from_millis(wish.timeout_ms.into()));
    if let Some(descriptor) = descriptor {
        let takes_ownership = wish.open_mode & WRITE_OWNER != 0;
        options.policy(Policy::of(descriptor)?, takes_ownership);
    }
    let server = options.create(&name)?;
    let overlapped = wish.open_mode & FILE_FLAG_OVERLAPPED != 0;
    let object = PipeObject::new(End::Server(server), overlapped)?;
    //= observed: the rights of each direction
    let granted = [
        (PIPE_ACCESS_INBOUND, access::FILE_GENERIC_READ),
        (PIPE_ACCESS_OUTBOUND, access::FILE_GENERIC_WRITE),
    ];
    let mut mask = access::SYNCHRONIZE | access::READ_CONTROL | wish.open_mode & OPEN_MODE_RIGHTS;
    for (direction, rights) in granted {
        mask |= if wish.open_mode & direction != 0 { rights } else { 0 };
    }
    let entry = Entry::new(Object::Pipe(Arc::new(object)), mask);
    handle::insert(entry.inherited(wish.inherit))
}

/// `CreatePipe`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreatePipe(
    reader: *mut HANDLE,
    writer: *mut HANDLE,
    security: *const SECURITY_ATTRIBUTES,
    quota: DWORD,
) -> BOOL {
    /// What the read end may do.
    const READER: u32 = access::FILE_GENERIC_READ | access::FILE_WRITE_ATTRIBUTES;
    /// What the write end may do.
    const WRITER: u32 = access::FILE_GENERIC_WRITE | access::FILE_READ_ATTRIBUTES;
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let reader = unsafe { out(reader) };
        // SAFETY: as above.
        let writer = unsafe { out(writer) };
        let (Some(reader), Some(writer)) = (reader, writer) else {
            return Err(ErrorKind::InvalidParameter.into());
        };
        // SAFETY: null or valid, by the caller's promise.
        let inherit = unsafe { value(security) }.is_some_and(|it| it.bInheritHandle != 0);
        let (read_end, write_end) = ntpipe::anonymous_with_quota(quota)?;
        let insert = |end, rights| {
            let object = PipeObject::new(end, false)?;
            let entry = Entry::new(Object::Pipe(Arc::new(object)), rights);
            handle::insert(entry.inherited(inherit))
        };
        let read_handle = insert(End::Reader(read_end), READER)?;
        let write_handle = insert(End::Writer(write_end), WRITER).inspect_err(|_| {
            let _ = handle::close(read_handle);
        })?;
        reader.write(read_handle);
        writer.write(write_handle);
        Ok(())
    })
}

/// `ConnectNamedPipe`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ConnectNamedPipe(pipe: HANDLE, overlapped: *mut OVERLAPPED) -> BOOL {
    succeeds(|| {
        if !overlapped.is_null() {
            // SAFETY: as long as the operation goes on, by the caller's promise.
            let place = unsafe { Place::of_overlapped(overlapped) }?;
            let object = handle::with(pipe, |entry| entry.object.pipe().cloned())?;
            return tell(None, object.connect(place)?);
        }
        let object = handle::with(pipe, |entry| entry.object.pipe().cloned())?;
        object.note(object.server()?.listen().map_err(Failure::from))
    })
}

/// `DisconnectNamedPipe`.
#[unsafe(no_mangle)]
pub extern "C" fn DisconnectNamedPipe(pipe: HANDLE) -> BOOL {
    succeeds(|| {
        let object = handle::with(pipe, |entry| entry.object.pipe().cloned())?;
        object.disconnect()
    })
}

/// `PeekNamedPipe`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PeekNamedPipe(
    pipe: HANDLE,
    buffer: *mut c_void,
    len: DWORD,
    read: *mut DWORD,
    available: *mut DWORD,
    left: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        let object = handle::with(pipe, |entry| entry.object.pipe().cloned())?;
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let buffer = unsafe { bytes_mut(buffer.cast(), len) };
        let peek = object.pipe().peek(buffer)?;
        // SAFETY: null or valid, by the caller's promise.
        put_len(unsafe { out(read) }, peek.len);
        let all = usize::try_from(peek.available).unwrap_or(usize::MAX);
        // SAFETY: as above.
        put_len(unsafe { out(available) }, all);
        //= observed: on a byte pipe, minus what was copied
        let rest = match object.pipe().info().map(|info| info.mode) {
            Ok(PipeMode::Byte) => u32::try_from(peek.len).unwrap_or(u32::MAX).wrapping_neg(),
            _ => u32::try_from(peek.message_left).unwrap_or(u32::MAX),
        };
        // SAFETY: as above.
        put(unsafe { out(left) }, rest);
        Ok(())
    })
}

/// `TransactNamedPipe`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn TransactNamedPipe(
    pipe: HANDLE,
    request: *const c_void,
    request_len: DWORD,
    reply: *mut c_void,
    reply_len: DWORD,
    read: *mut DWORD,
    overlapped: *mut OVERLAPPED,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let read = unsafe { out(read) };
        there(request, request_len)?;
        there(reply, reply_len)?;
        if !overlapped.is_null() {
            let read = read.map(|read| read.write(0));
            // SAFETY: as long as the operation goes on, by the caller's promise.
            let request = unsafe { Input::new(request, request_len) };
            // SAFETY: as above.
            let reply = unsafe { Output::new(reply, reply_len) };
            // SAFETY: as above.
            let place = unsafe { Place::of_overlapped(overlapped) }?;
            let object = handle::with(pipe, |entry| entry.object.pipe().cloned())?;
            return tell(read, object.transact(request, reply, place)?);
        }
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let request = unsafe { bytes(request.cast(), request_len) };
        // SAFETY: as above.
        let reply = unsafe { bytes_mut(reply.cast(), reply_len) };
        let object = handle::with(pipe, |entry| entry.object.pipe().cloned())?;
        let got = object.note(object.pipe().transact(request, reply).map_err(Failure::from));
        finish(read, got?)
    })
}

/// `CallNamedPipeA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CallNamedPipeA(
    name: LPCSTR,
    request: *const c_void,
    request_len: DWORD,
    reply: *mut c_void,
    reply_len: DWORD,
    read: *mut DWORD,
    timeout: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::ansi(name) };
        // SAFETY: null or valid, by the caller's promise.
        let read = unsafe { out(read) };
        there(request, request_len)?;
        there(reply, reply_len)?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let request = unsafe { bytes(request.cast(), request_len) };
        // SAFETY: as above.
        let reply = unsafe { bytes_mut(reply.cast(), reply_len) };
        call(name, request, reply, timeout).and_then(|got| finish(read, got))
    })
}

/// `CallNamedPipeW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CallNamedPipeW(
    name: LPCWSTR,
    request: *const c_void,
    request_len: DWORD,
    reply: *mut c_void,
    reply_len: DWORD,
    read: *mut DWORD,
    timeout: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::wide(name) };
        // SAFETY: null or valid, by the caller's promise.
        let read = unsafe { out(read) };
        there(request, request_len)?;
        there(reply, reply_len)?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let request = unsafe { bytes(request.cast(), request_len) };
        // SAFETY: as above.
        let reply = unsafe { bytes_mut(reply.cast(), reply_len) };
        call(name, request, reply, timeout).and_then(|got| finish(read, got))
    })
}

fn call(
    name: Option<String>,
    request: &[u8],
    reply: &mut [u8],
    timeout: u32,
) -> Result<ntpipe::Recv> {
    let name = Target::pipe(&name.ok_or(ErrorKind::PathNotFound)?)?;
    Ok(ntpipe::call(name, request, reply, patience(timeout))?)
}

fn finish(read: Option<&mut MaybeUninit<u32>>, got: ntpipe::Recv) -> Result<()> {
    put_len(read, got.len);
    if got.more { Err(ErrorKind::MoreData.into()) } else { Ok(()) }
}

/// `WaitNamedPipeA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitNamedPipeA(name: LPCSTR, timeout: DWORD) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| wait(unsafe { text::ansi(name) }, timeout))
}

/// `WaitNamedPipeW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WaitNamedPipeW(name: LPCWSTR, timeout: DWORD) -> BOOL {
    // SAFETY: null or a string, by the caller's promise.
    succeeds(|| wait(unsafe { text::wide(name) }, timeout))
}

fn wait(name: Option<String>, timeout: u32) -> Result<()> {
    let name = name.ok_or(ErrorKind::PathNotFound)?;
    //= observed: without `\\x\pipe\` before the name
    let name = Target::pipe(&name).map_err(|_| Failure::from(ErrorKind::BadPathname))?;
    Ok(ntpipe::wait_named_pipe(name, patience(timeout))?)
}

/// `NMPWAIT_*`, or milliseconds.
fn patience(timeout: u32) -> Timeout {
    match timeout {
        0 => Timeout::Default,
        u32::MAX => Timeout::Never,
        ms => Timeout::After(Duration::from_millis(ms.into())),
    }
}
