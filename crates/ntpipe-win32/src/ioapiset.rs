//! `ioapiset.h`: results of overlapped operations, their cancellation, and completion ports.
#![allow(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

use ntpipe::{ErrorKind, Event};

use crate::boundary::{gives_object, out, put, succeeds};
use crate::failure::{Failure, Result, win32_of};
use crate::fileapi::put_len;
use crate::handle::{self, Entry};
use crate::object::port::Packet;
use crate::object::wait::{self, INFINITE, wait_for};
use crate::object::{Object, PortObject, service, thread};
use crate::overlapped::{Ending, STATUS_PENDING, look};
use crate::types::{
    BOOL, DWORD, HANDLE, INVALID_HANDLE_VALUE, OVERLAPPED, OVERLAPPED_ENTRY, access,
};

fn patience(ms: u32) -> Option<Duration> {
    (ms != INFINITE).then(|| Duration::from_millis(ms.into()))
}

/// `GetOverlappedResult`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetOverlappedResult(
    file: HANDLE,
    overlapped: *mut OVERLAPPED,
    transferred: *mut DWORD,
    wait: BOOL,
) -> BOOL {
    let patience = if wait == 0 { 0 } else { INFINITE };
    // SAFETY: the caller's promise.
    unsafe { GetOverlappedResultEx(file, overlapped, transferred, patience, 0) }
}

/// `GetOverlappedResultEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetOverlappedResultEx(
    file: HANDLE,
    overlapped: *mut OVERLAPPED,
    transferred: *mut DWORD,
    ms: DWORD,
    alertable: BOOL,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let now = || unsafe { look(overlapped) }.ok_or(Failure::NO_ACCESS);
        let mut told = now()?;
        if told.0 == STATUS_PENDING {
            service::settle();
            told = now()?;
        }
        if told.0 == STATUS_PENDING {
            if ms == 0 {
                return Err(ErrorKind::IoIncomplete.into());
            }
            // SAFETY: valid by the caller's promise (`now` found it so); nobody writes this field.
            let event = unsafe { &raw const (*overlapped).hEvent };
            // SAFETY: as above.
            let event = unsafe { event.read() };
            let signal = [Entry::new(Object::Event(signal_of(file, event)?), access::SYNCHRONIZE)];
            match wait_for(&signal, false, ms, alertable != 0)? {
                wait::IO_COMPLETION => return Err(Failure::IO_COMPLETION),
                wait::TIMEOUT => return Err(ErrorKind::WaitTimeout.into()),
                _ => {}
            }
            told = now()?;
        }
        let (status, bytes) = told;
        if status == STATUS_PENDING {
            return Err(ErrorKind::IoIncomplete.into());
        }
        // SAFETY: null or valid, by the caller's promise.
        put_len(unsafe { out(transferred) }, bytes);
        let win32 = win32_of(status);
        let status = u32::try_from(status).unwrap_or(u32::MAX);
        if win32 == 0 { Ok(()) } else { Err(Failure::new(win32, status)) }
    })
}

/// What is set when an operation completes: its event, or the handle.
fn signal_of(file: HANDLE, event: HANDLE) -> Result<Event> {
    let event = event.map_addr(|number| number & !1);
    if event.is_null() {
        return handle::with(file, |entry| Ok(entry.object.io()?.signal.clone()));
    }
    handle::with(event, |entry| match &entry.object {
        Object::Event(event) => Ok(event.clone()),
        _ => Err(ErrorKind::InvalidHandle.into()),
    })
}

/// `CancelIo`.
#[unsafe(no_mangle)]
pub extern "C" fn CancelIo(file: HANDLE) -> BOOL {
    succeeds(|| {
        let io = handle::with(file, |entry| Ok(entry.object.io()?.clone()))?;
        let mine = thread::current().id;
        //= observed: TRUE with nothing pending
        io.cancel(|_, thread| thread == mine);
        Ok(())
    })
}

/// `CancelIoEx`.
#[unsafe(no_mangle)]
pub extern "C" fn CancelIoEx(file: HANDLE, overlapped: *mut OVERLAPPED) -> BOOL {
    succeeds(|| {
        let object = handle::with(file, |entry| Ok(entry.object.clone()))?;
        let which = overlapped.addr();
        let mut found = object.io()?.cancel(|place, _| which == 0 || place == which);
        if let Object::Pipe(pipe) = &object
            && which == 0
            && pipe.is_in_use()
        {
            pipe.pipe().cancel_io();
            found = true;
        }
        if found { Ok(()) } else { Err(ErrorKind::ElementNotFound.into()) }
    })
}

/// `CreateIoCompletionPort`.
#[unsafe(no_mangle)]
pub extern "C" fn CreateIoCompletionPort(
    file: HANDLE,
    existing: HANDLE,
    key: usize,
    _concurrency: DWORD,
) -> HANDLE {
    gives_object(|| {
        if file == INVALID_HANDLE_VALUE {
            if !existing.is_null() {
                return Err(ErrorKind::InvalidParameter.into());
            }
            return new_port().map(|(handle, _)| handle);
        }
        let object = handle::get(file)?.object;
        let io = object.io()?;
        //= observed: on a handle that is not overlapped
        if !object.is_overlapped() {
            return Err(ErrorKind::InvalidParameter.into());
        }
        if !existing.is_null() {
            io.bind(handle::get(existing)?.object.port()?, key)?;
            return Ok(existing);
        }
        let (port, object_of_port) = new_port()?;
        let bound = io.bind(&object_of_port, key);
        bound.map(|()| port).inspect_err(|_| {
            let _ = handle::close(port);
        })
    })
}

fn new_port() -> Result<(HANDLE, Arc<PortObject>)> {
    /// `IO_COMPLETION_ALL_ACCESS`.
    const ALL: u32 = 0x1F_0003;
    let port = Arc::new(PortObject::default());
    let entry = Entry::new(Object::Port(port.clone()), ALL & !access::GENERIC_ALL);
    Ok((handle::insert(entry)?, port))
}

/// `PostQueuedCompletionStatus`.
#[unsafe(no_mangle)]
pub extern "C" fn PostQueuedCompletionStatus(
    port: HANDLE,
    transferred: DWORD,
    key: usize,
    overlapped: *mut OVERLAPPED,
) -> BOOL {
    succeeds(|| {
        let port = handle::with(port, |entry| entry.object.port().cloned())?;
        let ending = Ending { failure: Failure::new(0, 0), bytes: transferred as usize };
        port.post(Packet { key, context: overlapped.expose_provenance(), ending });
        Ok(())
    })
}

/// `GetQueuedCompletionStatus`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetQueuedCompletionStatus(
    port: HANDLE,
    transferred: *mut DWORD,
    key: *mut usize,
    overlapped: *mut *mut OVERLAPPED,
    ms: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let place = unsafe { out(overlapped) };
        let place = place.map(|place| place.write(std::ptr::null_mut()));
        let port = handle::with(port, |entry| entry.object.port().cloned())?;
        let packet = port.next(patience(ms), false)?;
        // SAFETY: as above.
        put_len(unsafe { out(transferred) }, packet.ending.bytes);
        // SAFETY: as above.
        put(unsafe { out(key) }, packet.key);
        if let Some(place) = place {
            *place = std::ptr::with_exposed_provenance_mut(packet.context);
        }
        if packet.ending.is_success() { Ok(()) } else { Err(packet.ending.failure) }
    })
}

/// `GetQueuedCompletionStatusEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetQueuedCompletionStatusEx(
    port: HANDLE,
    entries: *mut OVERLAPPED_ENTRY,
    count: DWORD,
    removed: *mut DWORD,
    ms: DWORD,
    alertable: BOOL,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let removed = unsafe { out(removed) };
        let removed = removed.map(|removed| removed.write(0));
        if entries.is_null() || count == 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        let port = handle::with(port, |entry| entry.object.port().cloned())?;
        let mut next = Some(port.next(patience(ms), alertable != 0)?);
        let mut taken = 0;
        while let Some(packet) = next {
            // SAFETY: room for `count` of them, by the caller's promise, and `taken` is less.
            let place = unsafe { entries.add(taken as usize) };
            // SAFETY: as above.
            unsafe { place.write(OVERLAPPED_ENTRY::of(&packet)) };
            taken += 1;
            next = if taken < count { port.try_next() } else { None };
        }
        if let Some(removed) = removed {
            *removed = taken;
        }
        Ok(())
    })
}

impl OVERLAPPED_ENTRY {
    fn of(packet: &Packet) -> Self {
        Self {
            lpCompletionKey: packet.key,
            lpOverlapped: std::ptr::with_exposed_provenance_mut(packet.context),
            Internal: packet.ending.failure.nt as usize,
            dwNumberOfBytesTransferred: u32::try_from(packet.ending.bytes).unwrap_or(u32::MAX),
        }
    }
}

/// `SetFileCompletionNotificationModes`.
#[unsafe(no_mangle)]
pub extern "C" fn SetFileCompletionNotificationModes(file: HANDLE, modes: u8) -> BOOL {
    succeeds(|| {
        if modes & !3 != 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        handle::with(file, |entry| {
            entry.object.io()?.add_modes(modes.into());
            Ok(())
        })
    })
}

#[cfg(test)]
mod tests;
