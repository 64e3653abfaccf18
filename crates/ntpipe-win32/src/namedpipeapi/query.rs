//! What a pipe's end tells of itself and of its peer.
#![allow(unsafe_code)]

use std::ffi::c_char;

use ntpipe::{ErrorKind, PipeEnd, PipeMode};

use super::{PIPE_NOWAIT, PIPE_READMODE_MESSAGE, PIPE_TYPE_MESSAGE};
use crate::boundary::{out, put, succeeds, value};
use crate::failure::Result;
use crate::handle;
use crate::types::{BOOL, DWORD, HANDLE};

/// `PIPE_SERVER_END`.
const PIPE_SERVER_END: u32 = 1;

/// `GetNamedPipeInfo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedPipeInfo(
    pipe: HANDLE,
    flags: *mut DWORD,
    out_quota: *mut DWORD,
    in_quota: *mut DWORD,
    max_instances: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        let info = handle::get(pipe)?.object.pipe()?.pipe().info()?;
        let server = if info.end == PipeEnd::Server { PIPE_SERVER_END } else { 0 };
        let message = if info.mode == PipeMode::Message { PIPE_TYPE_MESSAGE } else { 0 };
        // SAFETY: null or valid, by the caller's promise, here and below.
        put(unsafe { out(flags) }, server | message);
        // SAFETY: as above.
        put(unsafe { out(out_quota) }, info.out_buffer_size);
        // SAFETY: as above.
        put(unsafe { out(in_quota) }, info.in_buffer_size);
        // SAFETY: as above.
        put(unsafe { out(max_instances) }, info.max_instances);
        Ok(())
    })
}

/// What both forms of `GetNamedPipeHandleState` tell, but for the user's name.
///
/// # Safety
/// The places are null or valid.
unsafe fn tell_state(
    pipe: HANDLE,
    state: *mut DWORD,
    instances: *mut DWORD,
    for_remote: [*mut DWORD; 2],
) -> Result<()> {
    let now = handle::get(pipe)?.object.pipe()?.pipe().state()?;
    //= observed: both are for pipes on another computer
    if for_remote.iter().any(|place| !place.is_null()) {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let read_mode = if now.read_mode == PipeMode::Message { PIPE_READMODE_MESSAGE } else { 0 };
    let nowait = if now.nowait { PIPE_NOWAIT } else { 0 };
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(state) }, read_mode | nowait);
    // SAFETY: as above.
    put(unsafe { out(instances) }, now.instances);
    Ok(())
}

/// `GetNamedPipeHandleStateA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedPipeHandleStateA(
    pipe: HANDLE,
    state: *mut DWORD,
    instances: *mut DWORD,
    collection_count: *mut DWORD,
    collect_timeout: *mut DWORD,
    user: *mut c_char,
    user_size: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: the caller's promise.
        unsafe { tell_state(pipe, state, instances, [collection_count, collect_timeout]) }?;
        if user.is_null() {
            return Ok(());
        }
        let name = super::impersonate::user_of(pipe)?;
        // SAFETY: valid for that many bytes, by the caller's promise.
        whole(unsafe { crate::text::put_ansi(&name, user, user_size) })
    })
}

/// `GetNamedPipeHandleStateW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedPipeHandleStateW(
    pipe: HANDLE,
    state: *mut DWORD,
    instances: *mut DWORD,
    collection_count: *mut DWORD,
    collect_timeout: *mut DWORD,
    user: *mut u16,
    user_size: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: the caller's promise.
        unsafe { tell_state(pipe, state, instances, [collection_count, collect_timeout]) }?;
        if user.is_null() {
            return Ok(());
        }
        let name = super::impersonate::user_of(pipe)?;
        // SAFETY: valid for that many units, by the caller's promise.
        whole(unsafe { crate::text::put_wide(&name, user, user_size) })
    })
}

fn whole(filled: crate::text::Filled) -> Result<()> {
    match filled {
        crate::text::Filled::Whole(_) => Ok(()),
        crate::text::Filled::Needs(_) => Err(ErrorKind::InsufficientBuffer.into()),
    }
}

/// Tells a number of the client, or of the server, of the pipe that a handle is an end of.
///
/// # Safety
/// `place` is null or valid.
unsafe fn tell_id(
    pipe: HANDLE,
    place: *mut DWORD,
    of: PipeEnd,
    number: impl Fn(ntpipe::Peer) -> u32,
    own: impl Fn() -> u32,
) -> BOOL {
    succeeds(|| {
        let object = handle::get(pipe)?.object;
        let end = object.pipe()?.pipe();
        // SAFETY: null or valid, by the caller's promise.
        let place = unsafe { out(place) };
        //= observed: without a place
        let place = Some(place.ok_or(ErrorKind::InsufficientBuffer)?);
        put(place, id(end, of, number, own)?);
        Ok(())
    })
}

/// A number of the client, or of the server, of this pipe.
///
/// # Errors
/// `ERROR_NOT_FOUND` without a client, `ERROR_PIPE_NOT_CONNECTED` after a disconnect.
fn id(
    end: &ntpipe::Pipe,
    of: PipeEnd,
    number: impl Fn(ntpipe::Peer) -> u32,
    own: impl Fn() -> u32,
) -> Result<u32> {
    // Of this end the peer tells too whether there is still a connection.
    let peer = end.peer();
    let here = end.info().map_or_else(|_| PipeEnd::Client, |info| info.end);
    if here == of && here == PipeEnd::Server {
        return Ok(own());
    }
    let peer = peer?;
    Ok(if here == of { own() } else { number(peer) })
}

/// The process of the client, or of the server, of this pipe.
///
/// # Errors
/// As [`id`].
pub(crate) fn process_id(end: &ntpipe::Pipe, of: PipeEnd) -> Result<u32> {
    id(end, of, |peer| peer.pid, std::process::id)
}

/// The session of the client, or of the server, of this pipe.
///
/// # Errors
/// As [`id`].
pub(crate) fn session_id(end: &ntpipe::Pipe, of: PipeEnd) -> Result<u32> {
    id(end, of, |peer| peer.session, own_session)
}

fn own_session() -> u32 {
    ntpipe_shm::peer::session(std::process::id()).unwrap_or(0)
}

/// `GetNamedPipeClientProcessId`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedPipeClientProcessId(pipe: HANDLE, id: *mut DWORD) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { tell_id(pipe, id, PipeEnd::Client, |peer| peer.pid, std::process::id) }
}

/// `GetNamedPipeServerProcessId`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedPipeServerProcessId(pipe: HANDLE, id: *mut DWORD) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { tell_id(pipe, id, PipeEnd::Server, |peer| peer.pid, std::process::id) }
}

/// `GetNamedPipeClientSessionId`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedPipeClientSessionId(pipe: HANDLE, id: *mut DWORD) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { tell_id(pipe, id, PipeEnd::Client, |peer| peer.session, own_session) }
}

/// `GetNamedPipeServerSessionId`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedPipeServerSessionId(pipe: HANDLE, id: *mut DWORD) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { tell_id(pipe, id, PipeEnd::Server, |peer| peer.session, own_session) }
}

/// `GetNamedPipeClientComputerNameA`: every client is on this computer.
#[unsafe(no_mangle)]
pub extern "C" fn GetNamedPipeClientComputerNameA(
    pipe: HANDLE,
    _name: *mut c_char,
    _len: DWORD,
) -> BOOL {
    succeeds(|| local(pipe))
}

/// `GetNamedPipeClientComputerNameW`: every client is on this computer.
#[unsafe(no_mangle)]
pub extern "C" fn GetNamedPipeClientComputerNameW(
    pipe: HANDLE,
    _name: *mut u16,
    _len: DWORD,
) -> BOOL {
    succeeds(|| local(pipe))
}

fn local(pipe: HANDLE) -> Result<()> {
    handle::get(pipe)?.object.pipe()?.pipe().peer()?;
    Err(ErrorKind::PipeLocal.into())
}

/// `SetNamedPipeHandleState`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetNamedPipeHandleState(
    pipe: HANDLE,
    mode: *const DWORD,
    collection_count: *const DWORD,
    collect_timeout: *const DWORD,
) -> BOOL {
    succeeds(|| {
        let object = handle::get(pipe)?.object;
        let end = object.pipe()?.pipe();
        //= learn: both are for the client end of a pipe on another computer
        if !collection_count.is_null() || !collect_timeout.is_null() {
            return Err(ErrorKind::InvalidParameter.into());
        }
        // SAFETY: null or valid, by the caller's promise.
        let Some(&mode) = (unsafe { value(mode) }) else { return Ok(()) };
        if mode & !(PIPE_NOWAIT | PIPE_READMODE_MESSAGE) != 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        let read_mode = match mode & PIPE_READMODE_MESSAGE {
            0 => PipeMode::Byte,
            _ => PipeMode::Message,
        };
        Ok(end.set_state(read_mode, mode & PIPE_NOWAIT != 0)?)
    })
}
