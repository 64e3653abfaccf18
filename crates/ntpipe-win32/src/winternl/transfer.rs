//! Reading, writing, flushing, and the end of what is under way.
#![allow(unsafe_code)]

use std::ffi::c_void;

use ntpipe::{ErrorKind, Event, Recv, Waitable, wait_any};

use super::dos_error::code_of;
use super::types::{IO_STATUS_BLOCK, NTSTATUS};
use super::{Operation, entry, refine, with_block};
use crate::apc;
use crate::boundary::{status, there, value};
use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::io::Begun;
use crate::object::{FileObject, Object, PipeObject, thread};
use crate::overlapped::{ApcRoutine, Ending, Input, Output, Place, look};
use crate::processthreadsapi;
use crate::types::{HANDLE, access};

/// `STATUS_PENDING`.
const PENDING: u32 = 0x103;
/// `FILE_USE_FILE_POINTER_POSITION`, in the lower half of an offset whose upper half is all ones.
const CURRENT: u64 = 0xFFFF_FFFF_FFFF_FFFE;

/// What a call answers once its operation has begun.
pub(super) fn told(begun: Begun) -> Result<u32> {
    Ok(match begun? {
        None => PENDING,
        Some(got) if got.more => Failure::from(ErrorKind::MoreData).nt,
        Some(_) => 0,
    })
}

/// Where an operation completes; the pointers of a call that may go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completion {
    pub(super) event: HANDLE,
    pub(super) routine: Option<ApcRoutine>,
    pub(super) context: *mut c_void,
    pub(super) block: *mut IO_STATUS_BLOCK,
}

impl Completion {
    /// # Errors
    /// What [`Place::of_status_block`] gives.
    ///
    /// # Safety
    /// As [`Place::of_status_block`].
    pub(super) unsafe fn place(self, position: u64) -> Result<Place> {
        let context = self.context.expose_provenance();
        // SAFETY: the caller's promise.
        unsafe {
            Place::of_status_block(self.block.cast(), self.event, self.routine, context, position)
        }
    }
}

/// `NtReadFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtReadFile(
    file: HANDLE,
    event: HANDLE,
    routine: Option<ApcRoutine>,
    context: *mut c_void,
    block: *mut IO_STATUS_BLOCK,
    buffer: *mut c_void,
    len: u32,
    offset: *const i64,
    _key: *const u32,
) -> NTSTATUS {
    status(|| {
        let object = entry(file, access::FILE_READ_DATA)?.object;
        there(buffer, len)?;
        // SAFETY: null or valid, by the caller's promise.
        let position = unsafe { value(offset) }.map_or(CURRENT, |offset| offset.cast_unsigned());
        // SAFETY: as long as the operation goes on, by the caller's promise.
        let place = unsafe { Completion { event, routine, context, block }.place(position) }?;
        // SAFETY: as above.
        let mut into = unsafe { Output::new(buffer, len) };
        let begun = match &object {
            Object::Pipe(pipe) => run(pipe, place, |place| pipe.read(into, place)),
            Object::File(file) => {
                let position = position_in(file, place.position);
                file.io.at_once(place, || whole(file.read(into.bytes(), position)))
            }
            other => Err(not_a_file(other)),
        };
        told(begun.map_err(|failure| refine(Operation::Read, failure)))
    })
}

/// `NtWriteFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtWriteFile(
    file: HANDLE,
    event: HANDLE,
    routine: Option<ApcRoutine>,
    context: *mut c_void,
    block: *mut IO_STATUS_BLOCK,
    buffer: *const c_void,
    len: u32,
    offset: *const i64,
    _key: *const u32,
) -> NTSTATUS {
    status(|| {
        let entry = handle::get(file)?;
        if entry.access & (access::FILE_WRITE_DATA | access::FILE_APPEND_DATA) == 0 {
            return Err(ErrorKind::AccessDenied.into());
        }
        there(buffer, len)?;
        // SAFETY: null or valid, by the caller's promise.
        let position = unsafe { value(offset) }.map_or(CURRENT, |offset| offset.cast_unsigned());
        // SAFETY: as long as the operation goes on, by the caller's promise.
        let place = unsafe { Completion { event, routine, context, block }.place(position) }?;
        // SAFETY: as above.
        let data = unsafe { Input::new(buffer, len) };
        told(match &entry.object {
            Object::Pipe(pipe) => run(pipe, place, |place| pipe.write(data, place)),
            Object::File(file) => {
                let position = position_in(file, place.position);
                file.io.at_once(place, || whole(file.write(data.bytes(), position)))
            }
            other => Err(not_a_file(other)),
        })
    })
}

fn whole(len: Result<usize>) -> Result<Recv> {
    len.map(|len| Recv { len, more: false })
}

/// The position in a file that an offset means: none for the file's own, which only a synchronous one has.
fn position_in(file: &FileObject, offset: u64) -> Option<u64> {
    match offset {
        CURRENT if file.overlapped => Some(0),
        CURRENT => None,
        offset => Some(offset),
    }
}

/// Why an object cannot be read or written.
pub(super) fn not_a_file(object: &Object) -> Failure {
    match object {
        //= model: reading and writing the device or its directory
        Object::Pipes(_) => ErrorKind::InvalidParameter.into(),
        _ => Failure::TYPE_MISMATCH,
    }
}

/// Starts an operation on a pipe; on a synchronous handle that is alertable, waits for it until it is over
/// or the thread has calls to run, which cancel it.
pub(super) fn run(pipe: &PipeObject, place: Place, start: impl FnOnce(Place) -> Begun) -> Begun {
    if pipe.overlapped || !pipe.is_alertable() {
        return start(place);
    }
    place.begin();
    let result = waited(place.position, Some(pipe), start);
    if let Ok(got) = &result {
        place.tell(&Ending::of(*got));
    }
    pipe.note(result).map(Some)
}

/// Starts an operation and waits for its end; of an end that is given, until the thread has calls to run.
/// It completes in a block of this function, since the caller's is told of success alone.
pub(crate) fn waited(
    position: u64,
    alertable: Option<&PipeObject>,
    start: impl FnOnce(Place) -> Begun,
) -> Result<Recv> {
    let done = Event::new(true, false)?;
    let block = Box::into_raw(Box::new(IO_STATUS_BLOCK::default()));
    let none = std::ptr::null_mut();
    // SAFETY: the block stays until it is given back below, after the operation has completed.
    let mut own = unsafe { Place::of_status_block(block.cast(), none, None, 0, position) }?;
    own.event = Some(done.clone());
    let address = own.address();
    let begun = start(own);
    if let Ok(None) = &begun {
        if let Some(pipe) = alertable {
            let thread = thread::current();
            let things: [&dyn Waitable; 2] = [&done, thread.apcs().alert()];
            //= observed: a call that is left for the thread ends the operation
            if !matches!(wait_any(&things, None), Ok(Some(0))) {
                pipe.io.cancel(|place, _| place == address);
            }
        }
        // Whoever took it out of the queue first tells it; the block is in use until then.
        while !done.is_set() {
            let _ = done.wait();
        }
    }
    // SAFETY: the block is there still; nobody writes it any more.
    let told = unsafe { look(block.cast()) };
    // SAFETY: the operation is over, or was refused; the block came from a box.
    drop(unsafe { Box::from_raw(block) });
    if alertable.is_some() {
        apc::run_pending();
    }
    if let Some(got) = begun? {
        return Ok(got);
    }
    let (nt, len) = told.unwrap_or_default();
    let nt = u32::try_from(nt & 0xFFFF_FFFF).unwrap_or_default();
    let more = nt == Failure::from(ErrorKind::MoreData).nt;
    if nt == 0 || more { Ok(Recv { len, more }) } else { Err(Failure::new(code_of(nt), nt)) }
}

/// `NtFlushBuffersFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtFlushBuffersFile(file: HANDLE, block: *mut IO_STATUS_BLOCK) -> NTSTATUS {
    status(|| {
        let object = handle::get(file)?.object;
        let flush = || match &object {
            Object::Pipe(pipe) => pipe.flush().map(|()| (0, 0)),
            Object::File(file) => file.flush().map(|()| (0, 0)),
            other => Err(not_a_file(other)),
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, flush) }
    })
}

/// `NtCancelIoFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCancelIoFile(file: HANDLE, block: *mut IO_STATUS_BLOCK) -> NTSTATUS {
    status(|| {
        let io = handle::get(file)?.object.io().map_err(|_| Failure::TYPE_MISMATCH)?.clone();
        let mine = thread::current().id;
        let cancel = || {
            io.cancel(|_, thread| thread == mine);
            Ok((0, 0))
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, cancel) }
    })
}

/// `NtCancelIoFileEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCancelIoFileEx(
    file: HANDLE,
    which: *mut IO_STATUS_BLOCK,
    block: *mut IO_STATUS_BLOCK,
) -> NTSTATUS {
    status(|| {
        let object = handle::get(file)?.object;
        let io = object.io().map_err(|_| Failure::TYPE_MISMATCH)?;
        let which = which.addr();
        let cancel = || {
            let mut found = io.cancel(|place, _| which == 0 || place == which);
            if let Object::Pipe(pipe) = &object
                && which == 0
                && pipe.is_in_use()
            {
                pipe.pipe().cancel_io();
                found = true;
            }
            //= observed: the block tells it too
            Ok((if found { 0 } else { Failure::from(ErrorKind::ElementNotFound).nt }, 0))
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, cancel) }
    })
}

/// `NtCancelSynchronousIoFile`. A thread waits in one call at most, so that is the one, whichever block is
/// given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCancelSynchronousIoFile(
    thread: HANDLE,
    _which: *mut IO_STATUS_BLOCK,
    block: *mut IO_STATUS_BLOCK,
) -> NTSTATUS {
    status(|| {
        let thread = processthreadsapi::thread(thread)?;
        let cancel = || match thread.io.cancel_synchronous_io() {
            Ok(()) => Ok((0, 0)),
            Err(error) if error.kind() == ErrorKind::ElementNotFound => {
                Ok((Failure::from(error).nt, 0))
            }
            Err(error) => Err(error.into()),
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, cancel) }
    })
}
