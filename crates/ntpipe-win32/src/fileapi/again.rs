//! Other ways to `CreateFile`.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd};
use std::ptr::{null, null_mut};

use ntpipe::ErrorKind;

use super::{CreateFileW, OPEN_EXISTING};
use crate::boundary::{gives_file, value};
use crate::failure::Result;
use crate::object::Object;
use crate::object::pipe::End;
use crate::types::{DWORD, HANDLE, INVALID_HANDLE_VALUE, LPCWSTR, SECURITY_ATTRIBUTES};
use crate::{boundary, handle, text};

/// `CREATEFILE2_EXTENDED_PARAMETERS`.
#[repr(C)]
#[derive(Debug)]
pub struct CREATEFILE2_EXTENDED_PARAMETERS {
    /// The size of this structure, in bytes.
    pub dwSize: DWORD,
    /// `FILE_ATTRIBUTE_*`.
    pub dwFileAttributes: DWORD,
    /// `FILE_FLAG_*`.
    pub dwFileFlags: DWORD,
    /// `SECURITY_*`.
    pub dwSecurityQosFlags: DWORD,
    /// Whether children inherit it, and more.
    pub lpSecurityAttributes: *const SECURITY_ATTRIBUTES,
    /// A file to take attributes from.
    pub hTemplateFile: HANDLE,
}

const _: () = assert!(size_of::<CREATEFILE2_EXTENDED_PARAMETERS>() == 32);

/// `CreateFile2`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateFile2(
    name: LPCWSTR,
    access: DWORD,
    share: DWORD,
    disposition: DWORD,
    parameters: *const CREATEFILE2_EXTENDED_PARAMETERS,
) -> HANDLE {
    // SAFETY: null or valid, by the caller's promise.
    let (flags, security, template) = match unsafe { value(parameters) } {
        None => (0, null(), null_mut()),
        Some(all) if all.dwSize as usize >= size_of::<CREATEFILE2_EXTENDED_PARAMETERS>() => {
            let flags = all.dwFileAttributes | all.dwFileFlags | all.dwSecurityQosFlags;
            (flags, all.lpSecurityAttributes, all.hTemplateFile)
        }
        Some(_) => return gives_file(|| Err(ErrorKind::InvalidParameter.into())),
    };
    // SAFETY: the caller's promises are those of `CreateFileW`.
    unsafe { CreateFileW(name, access, share, security, disposition, flags, template) }
}

/// What `CreateFile` would open again.
fn name_of(handle: HANDLE) -> Result<String> {
    match handle::get(handle)?.object {
        // The link opens the same file, whatever has become of its name.
        Object::File(file) => Ok(format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())),
        Object::Pipe(pipe) => match pipe.end() {
            End::Server(_) | End::Client(_) => Ok(format!(r"\\.\pipe\{}", pipe.pipe().name())),
            // Its one instance has its client.
            End::Reader(_) | End::Writer(_) => Err(ErrorKind::PipeBusy.into()),
        },
        _ => Err(ErrorKind::InvalidHandle.into()),
    }
}

/// `ReOpenFile`: of a file; of a pipe, another client.
#[unsafe(no_mangle)]
pub extern "C" fn ReOpenFile(file: HANDLE, access: DWORD, share: DWORD, flags: DWORD) -> HANDLE {
    let name = boundary::answer(None, || Ok(Some(text::to_wide(&name_of(file)?))));
    let Some(name) = name else { return INVALID_HANDLE_VALUE };
    // SAFETY: a string that lives as long as the call; the other pointers may be null.
    unsafe { CreateFileW(name.as_ptr(), access, share, null(), OPEN_EXISTING, flags, null_mut()) }
}
