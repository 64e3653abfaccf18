//! `NtSetInformationFile`.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::os::fd::AsFd;

use ntpipe::{ErrorKind, PipeMode};
use rustix::fs::{SeekFrom, ftruncate, seek};

use super::answer::Given;
use super::query::{
    ALLOCATION, BASIC, CLASSES_END, COMPLETION, DISPOSITION, END_OF_FILE, MODE, NOTIFICATION, PIPE,
    PIPE_REMOTE, POSITION,
};
use super::types::{IO_STATUS_BLOCK, NTSTATUS};
use super::{ports, transfer, with_block};
use crate::boundary::{bytes, status};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::{FileObject, Object, PipeObject};
use crate::types::{HANDLE, access};

/// `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS`, `FILE_SKIP_SET_EVENT_ON_HANDLE`,
/// `FILE_SKIP_SET_USER_EVENT_ON_FAST_IO`.
const NOTIFICATION_KNOWN: u32 = 7;

/// `NtSetInformationFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetInformationFile(
    file: HANDLE,
    block: *mut IO_STATUS_BLOCK,
    information: *const c_void,
    len: u32,
    class: u32,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let given = Given(unsafe { bytes(information.cast(), len) });
        let set = || {
            if class == 0 || class >= CLASSES_END {
                return Err(Failure::INVALID_INFO_CLASS);
            }
            set(&handle::get(file)?, class, given).map(|()| (0, 0))
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, set) }
    })
}

fn set(entry: &Entry, class: u32, given: Given<'_>) -> Result<()> {
    let io = entry.object.io().map_err(|_| Failure::TYPE_MISMATCH)?;
    match class {
        COMPLETION => {
            let (port, key) = (given.u64(0)?, given.u64(8)?);
            let number =
                |number: u64| usize::try_from(number).map_err(|_| ErrorKind::InvalidHandle);
            let port = ports::port(std::ptr::without_provenance_mut(number(port)?))?;
            //= learn: FileCompletionInformation is for asynchronous handles
            if is_synchronous(&entry.object) {
                return Err(ErrorKind::InvalidParameter.into());
            }
            return io.bind(&port, number(key)?);
        }
        NOTIFICATION => {
            let modes = given.u32(0)?;
            if modes & !NOTIFICATION_KNOWN != 0 || is_synchronous(&entry.object) {
                return Err(ErrorKind::InvalidParameter.into());
            }
            io.add_modes(modes);
            return Ok(());
        }
        _ => {}
    }
    let needed = match class {
        BASIC | PIPE | PIPE_REMOTE => access::FILE_WRITE_ATTRIBUTES,
        END_OF_FILE | ALLOCATION => access::FILE_WRITE_DATA,
        _ => 0,
    };
    if entry.access & needed != needed {
        return Err(ErrorKind::AccessDenied.into());
    }
    match &entry.object {
        Object::Pipe(pipe) => set_pipe(pipe, class, given),
        Object::File(file) => set_file(file, class, given),
        other => Err(transfer::not_a_file(other)),
    }
}

fn is_synchronous(object: &Object) -> bool {
    match object {
        Object::Pipe(pipe) => !pipe.overlapped,
        Object::File(file) => !file.overlapped,
        Object::Pipes(pipes) => !pipes.overlapped,
        _ => true,
    }
}

fn set_pipe(pipe: &PipeObject, class: u32, given: Given<'_>) -> Result<()> {
    match class {
        PIPE => {
            let (read_mode, completion_mode) = (given.u32(0)?, given.u32(4)?);
            let read_mode = match read_mode {
                0 => PipeMode::Byte,
                1 => PipeMode::Message,
                _ => return Err(ErrorKind::InvalidParameter.into()),
            };
            if completion_mode > 1 {
                return Err(ErrorKind::InvalidParameter.into());
            }
            Ok(pipe.pipe().set_state(read_mode, completion_mode == 1)?)
        }
        // Times and attributes of a pipe are not kept; neither has it a position.
        BASIC => given.u32(32).map(drop),
        POSITION => given.u64(0).map(drop),
        _ => Err(ErrorKind::InvalidParameter.into()),
    }
}

fn set_file(file: &FileObject, class: u32, given: Given<'_>) -> Result<()> {
    match class {
        POSITION => {
            seek(file.as_fd(), SeekFrom::Start(given.u64(0)?))?;
            Ok(())
        }
        END_OF_FILE => Ok(ftruncate(file.as_fd(), given.u64(0)?)?),
        // A file takes what it needs.
        ALLOCATION => given.u64(0).map(drop),
        DISPOSITION => {
            let remove = given.0.first().copied().ok_or(Failure::BAD_LENGTH)? != 0;
            if remove { Ok(std::fs::remove_file(file.path()?)?) } else { Ok(()) }
        }
        BASIC | MODE => Err(ErrorKind::NotSupported.into()),
        _ => Err(ErrorKind::InvalidParameter.into()),
    }
}
