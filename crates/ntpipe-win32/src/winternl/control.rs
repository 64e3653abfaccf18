//! Control codes: what `NtFsControlFile` and `DeviceIoControl` ask of pipes.
#![allow(unsafe_code)]

mod pipe;
mod wait;

use std::ffi::c_void;

pub(super) use pipe::number_of;

use ntpipe::{ErrorKind, Recv};

use super::transfer::{Completion, told, waited};
use super::types::{IO_STATUS_BLOCK, NTSTATUS};
use crate::boundary::{bytes, bytes_mut, out, status, succeeds};
use crate::failure::{Failure, Result};
use crate::fileapi::tell;
use crate::handle;
use crate::object::Object;
use crate::object::io::Begun;
use crate::overlapped::{ApcRoutine, Input, Output, Place};
use crate::types::{BOOL, HANDLE, OVERLAPPED, access};

const FSCTL_PIPE_DISCONNECT: u32 = 0x11_0004;
const FSCTL_PIPE_LISTEN: u32 = 0x11_0008;
const FSCTL_PIPE_PEEK: u32 = 0x11_400C;
const FSCTL_PIPE_TRANSCEIVE: u32 = 0x11_C017;
const FSCTL_PIPE_WAIT: u32 = 0x11_0018;
const FSCTL_PIPE_IMPERSONATE: u32 = 0x11_001C;
const FSCTL_PIPE_SET_CLIENT_PROCESS: u32 = 0x11_0020;
const FSCTL_PIPE_QUERY_CLIENT_PROCESS: u32 = 0x11_0024;
const FSCTL_PIPE_GET_PIPE_ATTRIBUTE: u32 = 0x11_0028;
const FSCTL_PIPE_SET_PIPE_ATTRIBUTE: u32 = 0x11_002C;
const FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE: u32 = 0x11_0030;
const FSCTL_PIPE_SET_CONNECTION_ATTRIBUTE: u32 = 0x11_0034;
const FSCTL_PIPE_GET_HANDLE_ATTRIBUTE: u32 = 0x11_0038;
const FSCTL_PIPE_SET_HANDLE_ATTRIBUTE: u32 = 0x11_003C;
const FSCTL_PIPE_FLUSH: u32 = 0x11_8040;
const FSCTL_PIPE_INTERNAL_READ: u32 = 0x11_5FF4;
const FSCTL_PIPE_INTERNAL_WRITE: u32 = 0x11_9FF8;
const FSCTL_PIPE_INTERNAL_TRANSCEIVE: u32 = 0x11_DFFF;
const FSCTL_PIPE_INTERNAL_READ_OVFLOW: u32 = 0x11_6000;

/// A code and its buffers.
#[derive(Debug)]
struct Request {
    code: u32,
    input: (*const c_void, u32),
    output: (*mut c_void, u32),
}

impl Request {
    /// Its input, which is used while the call lasts.
    ///
    /// # Safety
    /// The input is valid for its length while the call lasts.
    unsafe fn input<'a>(&self) -> &'a [u8] {
        // SAFETY: the caller's promise.
        unsafe { bytes(self.input.0.cast(), self.input.1) }
    }

    /// Its output, which is used while the call lasts.
    ///
    /// # Safety
    /// The output is valid for its length while the call lasts, and nothing else uses it.
    unsafe fn output<'a>(&self) -> &'a mut [u8] {
        // SAFETY: the caller's promise.
        unsafe { bytes_mut(self.output.0.cast(), self.output.1) }
    }
}

/// `NtFsControlFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtFsControlFile(
    file: HANDLE,
    event: HANDLE,
    routine: Option<ApcRoutine>,
    context: *mut c_void,
    block: *mut IO_STATUS_BLOCK,
    code: u32,
    input: *const c_void,
    input_len: u32,
    output: *mut c_void,
    output_len: u32,
) -> NTSTATUS {
    status(|| {
        let request = Request { code, input: (input, input_len), output: (output, output_len) };
        let object = permitted(file, code)?;
        // SAFETY: as long as the operation goes on, by the caller's promise.
        let place = unsafe { Completion { event, routine, context, block }.place(0) }?;
        // SAFETY: as above.
        told(unsafe { control(&object, &request, place) })
    })
}

/// `NtDeviceIoControlFile`: the same codes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtDeviceIoControlFile(
    file: HANDLE,
    event: HANDLE,
    routine: Option<ApcRoutine>,
    context: *mut c_void,
    block: *mut IO_STATUS_BLOCK,
    code: u32,
    input: *const c_void,
    input_len: u32,
    output: *mut c_void,
    output_len: u32,
) -> NTSTATUS {
    // SAFETY: the caller's promise is the same.
    unsafe {
        NtFsControlFile(
            file, event, routine, context, block, code, input, input_len, output, output_len,
        )
    }
}

/// `DeviceIoControl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeviceIoControl(
    file: HANDLE,
    code: u32,
    input: *const c_void,
    input_len: u32,
    output: *mut c_void,
    output_len: u32,
    returned: *mut u32,
    overlapped: *mut OVERLAPPED,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let returned = unsafe { out(returned) };
        let returned = returned.map(|returned| returned.write(0));
        let request = Request { code, input: (input, input_len), output: (output, output_len) };
        let object = permitted(file, code)?;
        if !overlapped.is_null() {
            // SAFETY: as long as the operation goes on, by the caller's promise.
            let place = unsafe { Place::of_overlapped(overlapped) }?;
            // SAFETY: as above.
            return tell(returned, unsafe { control(&object, &request, place) }?);
        }
        // SAFETY: the operation is over when the call is.
        let got = waited(0, None, |place| unsafe { control(&object, &request, place) })?;
        if let Some(returned) = returned {
            *returned = u32::try_from(got.len).unwrap_or(u32::MAX);
        }
        if got.more { Err(ErrorKind::MoreData.into()) } else { Ok(()) }
    })
}

/// What a handle stands for, if it may do what the code says that it takes.
fn permitted(file: HANDLE, code: u32) -> Result<Object> {
    let entry = handle::get(file)?;
    let needed = [(0x4000, access::FILE_READ_DATA), (0x8000, access::FILE_WRITE_DATA)];
    let lacking = |(bit, access): (u32, u32)| code & bit != 0 && entry.access & access == 0;
    if needed.into_iter().any(lacking) {
        return Err(ErrorKind::AccessDenied.into());
    }
    Ok(entry.object)
}

/// Carries a request out, or starts to.
///
/// # Safety
/// Its buffers are valid until the operation has completed, or was refused.
unsafe fn control(object: &Object, request: &Request, place: Place) -> Begun {
    match object {
        Object::Pipe(pipe) if request.code == FSCTL_PIPE_TRANSCEIVE => {
            // SAFETY: the caller's promise.
            let input = unsafe { Input::new(request.input.0, request.input.1) };
            // SAFETY: as above.
            let output = unsafe { Output::new(request.output.0, request.output.1) };
            pipe::transact(pipe, input, output, place)
        }
        Object::Pipe(pipe) if request.code == FSCTL_PIPE_LISTEN => pipe::listen(pipe, place),
        Object::Pipe(pipe) => pipe.io.at_once(place, || {
            // SAFETY: the caller's promise.
            let input = unsafe { request.input() };
            // SAFETY: as above; a buffered code's output is written after its input was read.
            pipe::at_once(pipe, request.code, input, || unsafe { request.output() })
        }),
        Object::Pipes(pipes) => pipes.io.at_once(place, || match request.code {
            FSCTL_PIPE_WAIT if pipes.is_root => {
                // SAFETY: the caller's promise.
                wait::wait(unsafe { request.input() })
            }
            //= observed: FSCTL_PIPE_WAIT on the device; model: the codes of ends
            FSCTL_PIPE_WAIT
            | FSCTL_PIPE_LISTEN
            | FSCTL_PIPE_DISCONNECT
            | FSCTL_PIPE_IMPERSONATE => Err(Failure::ILLEGAL_FUNCTION),
            _ => Err(ErrorKind::InvalidParameter.into()),
        }),
        Object::File(_) => Err(Failure::INVALID_DEVICE_REQUEST),
        _ => Err(Failure::TYPE_MISMATCH),
    }
}

/// How it is told of a call that fills so many bytes.
fn filled(len: usize) -> Recv {
    Recv { len, more: false }
}
