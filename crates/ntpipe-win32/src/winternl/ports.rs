//! Completion ports.
#![allow(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

use super::dos_error::code_of;
use super::events::milliseconds;
use super::types::{IO_STATUS_BLOCK, NTSTATUS, OBJECT_ATTRIBUTES};
use crate::boundary::{out, put, status, value};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::port::Packet;
use crate::object::wait::INFINITE;
use crate::object::{Object, PortObject};
use crate::overlapped::Ending;
use crate::types::{HANDLE, access};

pub(super) fn port(handle: HANDLE) -> Result<Arc<PortObject>> {
    match handle::get(handle)?.object {
        Object::Port(port) => Ok(port),
        _ => Err(Failure::TYPE_MISMATCH),
    }
}

/// `NtCreateIoCompletion`. A name is not taken: nobody else could find it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateIoCompletion(
    place: *mut HANDLE,
    desired: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    _threads: u32,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = Some(unsafe { out(place) }.ok_or(Failure::NO_ACCESS)?);
        // SAFETY: null or valid, by the caller's promise.
        if unsafe { value(attributes) }.is_some_and(|given| !given.ObjectName.is_null()) {
            return Err(ntpipe::ErrorKind::NotSupported.into());
        }
        let object = Object::Port(Arc::new(PortObject::default()));
        put(place, handle::insert(Entry::new(object, access::of_sync(desired)))?);
        Ok(0)
    })
}

/// `NtSetIoCompletion`.
#[unsafe(no_mangle)]
pub extern "C" fn NtSetIoCompletion(
    handle: HANDLE,
    key: usize,
    context: usize,
    told: NTSTATUS,
    information: usize,
) -> NTSTATUS {
    status(|| {
        let nt = told.cast_unsigned();
        let win32 = if nt == 0 { 0 } else { code_of(nt) };
        let ending = Ending { failure: Failure::new(win32, nt), bytes: information };
        port(handle)?.post(Packet { key, context, ending });
        Ok(0)
    })
}

/// `NtRemoveIoCompletion`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtRemoveIoCompletion(
    handle: HANDLE,
    key: *mut usize,
    context: *mut usize,
    block: *mut IO_STATUS_BLOCK,
    timeout: *const i64,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let timeout = unsafe { value(timeout) }.copied();
        let packet = port(handle)?.next(patience(timeout), false)?;
        // SAFETY: null or valid, by the caller's promise, here and below.
        put(unsafe { out(key) }, packet.key);
        // SAFETY: as above.
        put(unsafe { out(context) }, packet.context);
        // SAFETY: as above.
        put(unsafe { out(block) }, block_of(&packet));
        Ok(0)
    })
}

/// `FILE_IO_COMPLETION_INFORMATION`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FILE_IO_COMPLETION_INFORMATION {
    /// The key of the file.
    pub KeyContext: usize,
    /// The context of the operation.
    pub ApcContext: usize,
    /// How it ended.
    pub IoStatusBlock: IO_STATUS_BLOCK,
}

/// `NtRemoveIoCompletionEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtRemoveIoCompletionEx(
    handle: HANDLE,
    entries: *mut FILE_IO_COMPLETION_INFORMATION,
    count: u32,
    removed: *mut u32,
    timeout: *const i64,
    alertable: u8,
) -> NTSTATUS {
    status(|| {
        if entries.is_null() || count == 0 {
            return Err(ntpipe::ErrorKind::InvalidParameter.into());
        }
        let port = port(handle)?;
        // SAFETY: null or valid, by the caller's promise.
        let timeout = unsafe { value(timeout) }.copied();
        let mut next = Some(port.next(patience(timeout), alertable != 0)?);
        let mut taken = 0;
        while let Some(packet) = next {
            let entry = FILE_IO_COMPLETION_INFORMATION {
                KeyContext: packet.key,
                ApcContext: packet.context,
                IoStatusBlock: block_of(&packet),
            };
            // SAFETY: room for `count` of them, by the caller's promise, and `taken` is less.
            let place = unsafe { entries.add(taken as usize) };
            // SAFETY: as above.
            unsafe { place.write(entry) };
            taken += 1;
            next = if taken < count { port.try_next() } else { None };
        }
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(removed) }, taken);
        Ok(0)
    })
}

fn block_of(packet: &Packet) -> IO_STATUS_BLOCK {
    IO_STATUS_BLOCK { Status: packet.ending.failure.nt as usize, Information: packet.ending.bytes }
}

fn patience(timeout: Option<i64>) -> Option<Duration> {
    let milliseconds = milliseconds(timeout);
    (milliseconds != INFINITE).then(|| Duration::from_millis(milliseconds.into()))
}
