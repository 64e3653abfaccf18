//! The caller's memory that an operation uses after its call has returned: buffers, and the place where
//! it tells how it went.
//!
//! This is the only file that turns them into references. A program that starts an operation promises
//! Windows that both stay where they are, and are left alone, until the operation has completed; the values
//! here are made under that promise and live no longer than the operation. Whether one has completed is
//! decided once: by whoever takes it out of its queue (`object/io.rs`).
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ntpipe::{ErrorKind, Event};

use crate::boundary;
use crate::failure::{Failure, Result};
use crate::object::{Object, ThreadObject, thread};
use crate::types::{HANDLE, OVERLAPPED};
use crate::{apc, handle};

/// `STATUS_PENDING`.
pub const STATUS_PENDING: usize = 0x103;

/// What an `OVERLAPPED` begins with, and all of an `IO_STATUS_BLOCK`: written here while the program reads.
#[repr(C)]
struct StatusBlock {
    status: AtomicUsize,
    information: AtomicUsize,
}

const _: () = assert!(size_of::<StatusBlock>() == std::mem::offset_of!(OVERLAPPED, Offset));

/// `LPOVERLAPPED_COMPLETION_ROUTINE`.
pub type OverlappedRoutine = unsafe extern "C" fn(u32, u32, *mut OVERLAPPED);
/// `PIO_APC_ROUTINE`.
pub type ApcRoutine = unsafe extern "C" fn(*mut c_void, *mut c_void, u32);

/// What a thread calls in an alertable wait once its operation has completed.
#[derive(Clone, Copy, Debug)]
pub enum Routine {
    /// Of `ReadFileEx` and `WriteFileEx`.
    Overlapped(OverlappedRoutine),
    /// Of `NtReadFile` and its kind.
    Apc(ApcRoutine, usize),
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its code and status; zeros for success.
    pub failure: Failure,
    /// The bytes transferred.
    pub bytes: usize,
}

impl Ending {
    /// With success, or with a part of a message.
    #[must_use]
    pub fn of(got: ntpipe::Recv) -> Self {
        let success = Failure::new(0, 0);
        let failure = if got.more { ErrorKind::MoreData.into() } else { success };
        Self { failure, bytes: got.len }
    }

    /// Without a transfer.
    #[must_use]
    pub fn failed(failure: Failure) -> Self {
        Self { failure, bytes: 0 }
    }

    /// Whether it was success, and nothing less.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failure.nt == 0
    }
}

/// Where an operation tells how it went.
pub struct Place {
    block: NonNull<StatusBlock>,
    /// Set when the operation has completed.
    pub event: Option<Event>,
    /// What a completion port is told, besides the key; 0 for nothing.
    pub context: usize,
    /// A file's position, of no use to a pipe.
    pub position: u64,
    routine: Option<(Routine, Arc<ThreadObject>)>,
}

// SAFETY: the block belongs to no thread; who completes the operation writes it, through atomics.
unsafe impl Send for Place {}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("block", &self.block).finish_non_exhaustive()
    }
}

impl Place {
    /// An `OVERLAPPED`, marked as pending.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` if its event is none; `ERROR_INVALID_PARAMETER` for null.
    ///
    /// # Safety
    /// `overlapped` is null or points to an `OVERLAPPED` that stays until the operation has completed, or was
    /// refused.
    pub unsafe fn of_overlapped(overlapped: *mut OVERLAPPED) -> Result<Self> {
        // SAFETY: the caller's promise.
        let (place, handle) = unsafe { Self::pending(overlapped) }?;
        //= observed: an event with its low bit set: no packet
        let context = if handle.addr() & 1 == 0 { overlapped.expose_provenance() } else { 0 };
        Ok(Self { event: event(handle)?, context, ..place })
    }

    /// An `OVERLAPPED`, marked as pending, and the event in it.
    ///
    /// # Safety
    /// As [`of_overlapped`](Self::of_overlapped).
    unsafe fn pending(overlapped: *mut OVERLAPPED) -> Result<(Self, HANDLE)> {
        let block = NonNull::new(overlapped).ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: valid by the caller's promise, and not in use by an operation yet.
        let given = unsafe { block.as_ref() };
        let position = u64::from(given.OffsetHigh) << 32 | u64::from(given.Offset);
        let event = given.hEvent;
        let block = block.cast();
        let place = Self { block, event: None, context: 0, position, routine: None };
        place.block().status.store(STATUS_PENDING, Ordering::Relaxed);
        Ok((place, event))
    }

    /// The `OVERLAPPED` of a call with a completion routine, whose event is the program's own affair.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` for null.
    ///
    /// # Safety
    /// As [`of_overlapped`](Self::of_overlapped).
    pub unsafe fn with_routine(
        overlapped: *mut OVERLAPPED,
        routine: Option<OverlappedRoutine>,
    ) -> Result<Self> {
        // SAFETY: the caller's promise.
        let (place, _) = unsafe { Self::pending(overlapped) }?;
        overlapped.expose_provenance();
        let routine = routine.map(|routine| (Routine::Overlapped(routine), thread::current()));
        Ok(Self { routine, ..place })
    }

    /// An `IO_STATUS_BLOCK`, with what the functions of the NT level take besides.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` if the event is none; `ERROR_NOACCESS` for null.
    ///
    /// # Safety
    /// `block` is null or points to an `IO_STATUS_BLOCK` that stays until the operation has completed, or was
    /// refused.
    pub unsafe fn of_status_block(
        block: *mut c_void,
        signal: HANDLE,
        routine: Option<ApcRoutine>,
        context: usize,
        position: u64,
    ) -> Result<Self> {
        block.expose_provenance();
        let block = NonNull::new(block).ok_or(Failure::NO_ACCESS)?.cast();
        let routine = routine.map(|routine| (Routine::Apc(routine, context), thread::current()));
        //= learn: the context goes to the routine, or without one to the port
        let context = if routine.is_none() { context } else { 0 };
        Ok(Self { block, event: event(signal)?, context, position, routine })
    }

    fn block(&self) -> &StatusBlock {
        // SAFETY: it stays valid until the operation has completed (the constructors' promise), and this
        // value is part of the operation; it is made of atomics, and aligned as those are.
        unsafe { self.block.as_ref() }
    }

    /// Where the block is, by which `CancelIoEx` tells operations apart.
    #[must_use]
    pub fn address(&self) -> usize {
        self.block.addr().get()
    }

    /// The block is no more: it is not told how the operation ends, nor is a routine called.
    pub fn leave(&mut self) {
        static NOWHERE: StatusBlock =
            StatusBlock { status: AtomicUsize::new(0), information: AtomicUsize::new(0) };
        self.block = NonNull::from(&NOWHERE);
        self.routine = None;
    }

    /// Whether a completion routine is to be called.
    #[must_use]
    pub fn has_routine(&self) -> bool {
        self.routine.is_some()
    }

    /// The operation begins.
    pub fn begin(&self) {
        if let Some(event) = &self.event {
            event.reset();
        }
    }

    /// The operation has completed. From now on the block is the program's.
    pub fn tell(mut self, ending: &Ending) {
        let Some((routine, thread)) = self.routine.take() else { return self.write(ending) };
        let block = self.address();
        // A thread that has ended runs nothing any more.
        let _ = apc::queue_after(&thread, || self.write(ending), {
            let ending = *ending;
            // SAFETY: a routine that the program gave for this operation, with the arguments that it is
            // promised; the block is the program's, which expects it back here.
            move || unsafe { call(routine, &ending, block) }
        });
    }

    fn write(&self, ending: &Ending) {
        let block = self.block();
        let status = ending.failure.nt as usize;
        block.information.store(ending.bytes, Ordering::Relaxed);
        // SYNC(overlapped): Release. Pairs with the Acquire load in `look`, and with the program's own.
        block.status.store(status, Ordering::Release);
        if let Some(event) = &self.event {
            event.set();
        }
    }
}

/// # Safety
/// The routine is what its type says, and may be called with this block.
unsafe fn call(routine: Routine, ending: &Ending, block: usize) {
    let bytes = u32::try_from(ending.bytes).unwrap_or(u32::MAX);
    match routine {
        Routine::Overlapped(routine) => {
            // SAFETY: the caller's promise.
            unsafe {
                routine(ending.failure.win32, bytes, std::ptr::with_exposed_provenance_mut(block))
            }
        }
        Routine::Apc(routine, context) => {
            let context = std::ptr::with_exposed_provenance_mut(context);
            // SAFETY: the caller's promise.
            unsafe { routine(context, std::ptr::with_exposed_provenance_mut(block), 0) }
        }
    }
}

/// The event that a handle stands for.
fn event(handle: HANDLE) -> Result<Option<Event>> {
    let handle = handle.map_addr(|number| number & !1);
    if handle.is_null() {
        return Ok(None);
    }
    handle::with(handle, |entry| match &entry.object {
        Object::Event(event) => Ok(Some(event.clone())),
        _ => Err(ErrorKind::InvalidHandle.into()),
    })
}

/// What an `OVERLAPPED` tells at this moment: a status, and a count of bytes.
///
/// # Safety
/// `overlapped` is null or points to an `OVERLAPPED`.
#[must_use]
pub unsafe fn look(overlapped: *const OVERLAPPED) -> Option<(usize, usize)> {
    // SAFETY: the caller's promise; the block is made of atomics, which may be written meanwhile.
    let block = unsafe { overlapped.cast::<StatusBlock>().as_ref() }?;
    // SYNC(overlapped): Acquire. Pairs with the Release store in `Place::tell`.
    let status = block.status.load(Ordering::Acquire);
    Some((status, block.information.load(Ordering::Relaxed)))
}

/// A buffer of the caller's to fill.
#[derive(Debug)]
pub struct Output {
    start: *mut u8,
    len: u32,
}

// SAFETY: the buffer belongs to no thread; who steps the operation fills it.
unsafe impl Send for Output {}

impl Output {
    /// The buffer of an operation.
    ///
    /// # Safety
    /// `start` is null or valid for reads and writes of `len` bytes, which nobody else touches, until the
    /// operation has completed, or was refused.
    #[must_use]
    pub unsafe fn new(start: *mut c_void, len: u32) -> Self {
        Self { start: start.cast(), len }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> usize {
        self.start.addr()
    }

    /// Its bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the promise at `new`; the operation, of which this is a part, has not completed.
        unsafe { boundary::bytes_mut(self.start, self.len) }
    }
}

/// A buffer of the caller's to read.
#[derive(Debug)]
pub struct Input {
    start: *const u8,
    len: u32,
}

// SAFETY: the buffer belongs to no thread, and is only read.
unsafe impl Send for Input {}

impl Input {
    /// The buffer of an operation.
    ///
    /// # Safety
    /// `start` is null or valid for reads of `len` bytes, which nobody writes, until the operation has
    /// completed, or was refused.
    #[must_use]
    pub unsafe fn new(start: *const c_void, len: u32) -> Self {
        Self { start: start.cast(), len }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the promise at `new`; the operation, of which this is a part, has not completed.
        unsafe { boundary::bytes(self.start, self.len) }
    }
}
