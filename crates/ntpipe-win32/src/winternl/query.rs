//! `NtQueryInformationFile`.
#![allow(unsafe_code)]

mod file;
mod pipe;

use std::ffi::c_void;

use ntpipe::ErrorKind;

use super::answer::Answer;
use super::open::{FILE_SYNCHRONOUS_IO_ALERT, FILE_SYNCHRONOUS_IO_NONALERT};
use super::types::{IO_STATUS_BLOCK, NTSTATUS};
use super::{transfer, with_block};
use crate::boundary::{bytes_mut, status};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::Object;
use crate::types::{HANDLE, access};

pub(crate) const BASIC: u32 = 4;
pub(crate) const STANDARD: u32 = 5;
pub(super) const INTERNAL: u32 = 6;
pub(super) const EA: u32 = 7;
pub(super) const ACCESS: u32 = 8;
pub(crate) const NAME: u32 = 9;
pub(super) const DISPOSITION: u32 = 13;
pub(super) const POSITION: u32 = 14;
pub(super) const MODE: u32 = 16;
pub(super) const ALIGNMENT: u32 = 17;
pub(super) const ALL: u32 = 18;
pub(super) const ALLOCATION: u32 = 19;
pub(super) const END_OF_FILE: u32 = 20;
pub(super) const PIPE: u32 = 23;
pub(super) const PIPE_LOCAL: u32 = 24;
pub(super) const PIPE_REMOTE: u32 = 25;
pub(super) const COMPLETION: u32 = 30;
pub(super) const NETWORK_OPEN: u32 = 34;
pub(crate) const ATTRIBUTE_TAG: u32 = 35;
pub(super) const NOTIFICATION: u32 = 41;
pub(super) const IS_REMOTE: u32 = 51;

/// The number behind the last class that there is.
pub(super) const CLASSES_END: u32 = 77;

/// `FILE_ATTRIBUTE_NORMAL`.
pub(super) const NORMAL: u32 = 0x80;

/// `NtQueryInformationFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueryInformationFile(
    file: HANDLE,
    block: *mut IO_STATUS_BLOCK,
    information: *mut c_void,
    len: u32,
    class: u32,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let into = unsafe { bytes_mut(information.cast(), len) };
        if information.is_null() && len != 0 {
            return Err(Failure::NO_ACCESS);
        }
        let query = || {
            if class == 0 || class >= CLASSES_END {
                return Err(Failure::INVALID_INFO_CLASS);
            }
            let entry = handle::get(file)?;
            let (answer, least) = query(&entry, class)?;
            answer.deliver(into, least)
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, query) }
    })
}

/// The answer, and how much of it a buffer must hold.
pub(crate) fn query(entry: &Entry, class: u32) -> Result<(Answer, usize)> {
    let answer = match class {
        ACCESS => Answer::new().u32(entry.access),
        MODE => Answer::new().u32(mode_of(&entry.object)?),
        ALIGNMENT => Answer::new().u32(0),
        NOTIFICATION => {
            Answer::new().u32(entry.object.io().map_err(|_| Failure::TYPE_MISMATCH)?.modes())
        }
        IS_REMOTE => Answer::new().byte(0),
        NAME => return Ok((name(&entry.object)?, 8)),
        ALL => return all(entry),
        class => {
            if needs_attributes(class) && entry.access & access::FILE_READ_ATTRIBUTES == 0 {
                return Err(ErrorKind::AccessDenied.into());
            }
            of_object(&entry.object, class)?
        }
    };
    let least = answer.len();
    Ok((answer, least))
}

/// The classes that ask for what the handle may have no right to know.
fn needs_attributes(class: u32) -> bool {
    matches!(class, BASIC | PIPE | PIPE_LOCAL | PIPE_REMOTE | NETWORK_OPEN | ATTRIBUTE_TAG)
}

fn of_object(object: &Object, class: u32) -> Result<Answer> {
    match object {
        Object::Pipe(pipe) => pipe::query(pipe, class),
        Object::File(file) => file::query(file, class),
        Object::Pipes(_) => directory(class),
        other => Err(transfer::not_a_file(other)),
    }
}

/// The device of all pipes, and its directory.
fn directory(class: u32) -> Result<Answer> {
    /// `FILE_ATTRIBUTE_DIRECTORY`.
    const DIRECTORY: u32 = 0x10;
    match class {
        BASIC => Ok(Answer::new().padded(32).u32(DIRECTORY).padded(40)),
        STANDARD => Ok(Answer::new().padded(16).u32(1).byte(0).byte(1).padded(24)),
        INTERNAL => Ok(Answer::new().u64(0)),
        EA => Ok(Answer::new().u32(0)),
        _ => Err(ErrorKind::InvalidParameter.into()),
    }
}

/// How its operations wait.
fn mode_of(object: &Object) -> Result<u32> {
    Ok(match object {
        Object::Pipe(pipe) if pipe.overlapped => 0,
        Object::Pipe(pipe) if pipe.is_alertable() => FILE_SYNCHRONOUS_IO_ALERT,
        Object::File(file) if file.overlapped => 0,
        Object::Pipes(pipes) if pipes.overlapped => 0,
        Object::Pipe(_) | Object::File(_) | Object::Pipes(_) => FILE_SYNCHRONOUS_IO_NONALERT,
        other => return Err(transfer::not_a_file(other)),
    })
}

/// Its name within its volume.
pub(super) fn name_of(object: &Object) -> Result<String> {
    Ok(match object {
        Object::Pipe(pipe) => format!(r"\{}", crate::fileapi::name_of_pipe(pipe)),
        Object::Pipes(pipes) if pipes.is_root => r"\".to_owned(),
        Object::Pipes(_) => String::new(),
        Object::File(file) => file.path()?.to_string_lossy().replace('/', r"\"),
        other => return Err(transfer::not_a_file(other)),
    })
}

fn name(object: &Object) -> Result<Answer> {
    let name = name_of(object)?;
    let bytes = u32::try_from(name.encode_utf16().count() * 2).unwrap_or(u32::MAX);
    Ok(Answer::new().u32(bytes).text(&name).padded(8))
}

/// `FileAllInformation`: the others, one after the other.
fn all(entry: &Entry) -> Result<(Answer, usize)> {
    let mut all = Answer::new();
    for (class, end) in [(BASIC, 40), (STANDARD, 64), (INTERNAL, 72), (EA, 76), (ACCESS, 80)]
        .into_iter()
        .chain([(POSITION, 88), (MODE, 92), (ALIGNMENT, 96)])
    {
        all = all.bytes(query(entry, class)?.0.as_bytes()).padded(end);
    }
    Ok((all.bytes(name(&entry.object)?.as_bytes()), 104))
}
