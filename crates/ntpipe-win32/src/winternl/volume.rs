//! `NtQueryVolumeInformationFile`: the file system of all pipes, and that of a plain file.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::os::fd::AsFd;

use rustix::fs::{StatVfs, fstatvfs};

use super::answer::Answer;
use super::types::{IO_STATUS_BLOCK, NTSTATUS};
use super::{transfer, with_block};
use crate::boundary::{bytes_mut, status};
use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::{FileObject, Object, file};
use crate::types::HANDLE;

const VOLUME: u32 = 1;
const SIZE: u32 = 3;
const DEVICE: u32 = 4;
const ATTRIBUTE: u32 = 5;
const FULL_SIZE: u32 = 7;
const CLASSES_END: u32 = 15;

/// `FILE_DEVICE_*`.
const DEVICE_NAMED_PIPE: u32 = 0x11;
const DEVICE_DISK: u32 = 0x7;
const DEVICE_NULL: u32 = 0x15;
const DEVICE_CONSOLE: u32 = 0x50;

/// `FILE_CASE_SENSITIVE_SEARCH`, `FILE_CASE_PRESERVED_NAMES`, `FILE_UNICODE_ON_DISK`.
const CASE_SENSITIVE: u32 = 1;
const CASE_PRESERVED: u32 = 2;
const UNICODE: u32 = 4;

/// `NtQueryVolumeInformationFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueryVolumeInformationFile(
    file: HANDLE,
    block: *mut IO_STATUS_BLOCK,
    information: *mut c_void,
    len: u32,
    class: u32,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let into = unsafe { bytes_mut(information.cast(), len) };
        let query = || {
            if class == 0 || class >= CLASSES_END {
                return Err(Failure::INVALID_INFO_CLASS);
            }
            let (answer, least) = match handle::get(file)?.object {
                Object::Pipe(_) | Object::Pipes(_) => of_pipes(class)?,
                Object::File(file) => of_file(&file, class)?,
                other => return Err(transfer::not_a_file(&other)),
            };
            answer.deliver(into, least)
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, query) }
    })
}

fn counted(before: Answer, text: &str) -> Answer {
    let bytes = u32::try_from(text.encode_utf16().count() * 2).unwrap_or(u32::MAX);
    before.u32(bytes).text(text)
}

fn of_pipes(class: u32) -> Result<(Answer, usize)> {
    Ok(match class {
        VOLUME => (volume("NamedPipe"), 24),
        SIZE => (Answer::new().u64(0).u64(0).u32(1).u32(1), 24),
        DEVICE => (Answer::new().u32(DEVICE_NAMED_PIPE).u32(0), 8),
        ATTRIBUTE => (counted(Answer::new().u32(CASE_PRESERVED).u32(u32::MAX), "NPFS"), 16),
        FULL_SIZE => (Answer::new().u64(0).u64(0).u64(0).u32(1).u32(1), 32),
        _ => return Err(ntpipe::ErrorKind::InvalidParameter.into()),
    })
}

/// `FILE_FS_VOLUME_INFORMATION`, whose label stands behind a flag and a gap of a byte.
fn volume(label: &str) -> Answer {
    let bytes = u32::try_from(label.encode_utf16().count() * 2).unwrap_or(u32::MAX);
    Answer::new().u64(0).u32(0).u32(bytes).byte(0).byte(0).text(label).padded(24)
}

fn of_file(file: &FileObject, class: u32) -> Result<(Answer, usize)> {
    let device = match file.kind() {
        file::Kind::Pipe => DEVICE_NAMED_PIPE,
        file::Kind::Char if file.path()?.as_os_str() == "/dev/null" => DEVICE_NULL,
        file::Kind::Char => DEVICE_CONSOLE,
        file::Kind::Disk | file::Kind::Unknown => DEVICE_DISK,
    };
    if class == DEVICE {
        return Ok((Answer::new().u32(device).u32(0), 8));
    }
    let StatVfs { f_blocks, f_bavail, f_bfree, f_frsize, f_namemax, .. } = fstatvfs(file.as_fd())?;
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(match class {
        VOLUME => (volume(""), 24),
        SIZE => (Answer::new().u64(f_blocks).u64(f_bavail).u32(1).u32(number(f_frsize)), 24),
        ATTRIBUTE => {
            let flags = CASE_SENSITIVE | CASE_PRESERVED | UNICODE;
            (counted(Answer::new().u32(flags).u32(number(f_namemax)), "NTFS"), 16)
        }
        FULL_SIZE => {
            let free = Answer::new().u64(f_blocks).u64(f_bavail).u64(f_bfree);
            (free.u32(1).u32(number(f_frsize)), 32)
        }
        _ => return Err(ntpipe::ErrorKind::InvalidParameter.into()),
    })
}
