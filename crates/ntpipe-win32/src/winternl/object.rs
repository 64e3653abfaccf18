//! What all objects have: names, types, handles.
#![allow(unsafe_code)]

use std::ffi::c_void;

use ntpipe::ErrorKind;

use super::answer::Answer;
use super::query::name_of;
use super::types::{NTSTATUS, OBJ_INHERIT, OBJECT_ATTRIBUTES};
use crate::boundary::{bytes_mut, out, put, status};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::handleapi::{Duplicate, duplicate};
use crate::object::Object;
use crate::types::HANDLE;

const BASIC: u32 = 0;
const NAME: u32 = 1;
const TYPE: u32 = 2;

/// The size of `UNICODE_STRING`, and of `OBJECT_TYPE_INFORMATION`.
const STRING_BYTES: usize = 16;
const TYPE_BYTES: usize = 104;

/// `NtClose`.
#[unsafe(no_mangle)]
pub extern "C" fn NtClose(handle: HANDLE) -> NTSTATUS {
    status(|| crate::handleapi::close(handle).map(|()| 0))
}

/// `DUPLICATE_SAME_ATTRIBUTES`.
const SAME_ATTRIBUTES: u32 = 4;

/// `NtDuplicateObject`, as far as `DuplicateHandle` goes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtDuplicateObject(
    source_process: HANDLE,
    source: HANDLE,
    target_process: HANDLE,
    target: *mut HANDLE,
    desired: u32,
    attributes: u32,
    options: u32,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let target = unsafe { out(target) };
        let inherit = match options & SAME_ATTRIBUTES {
            0 => attributes & OBJ_INHERIT != 0,
            _ => handle::get(source)?.inherit,
        };
        let options = options & !SAME_ATTRIBUTES;
        let wish = Duplicate { mask: desired, inherit, options };
        duplicate(source_process, source, target_process, target, wish).map(|()| 0)
    })
}

/// `NtQueryObject`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQueryObject(
    handle: HANDLE,
    class: u32,
    information: *mut c_void,
    len: u32,
    needed: *mut u32,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let needed = unsafe { out(needed) };
        let entry = handle::get(handle)?;
        // SAFETY: null or valid for `len` bytes, by the caller's promise.
        let into = unsafe { bytes_mut(information.cast(), len) };
        let at = information.expose_provenance();
        let (answer, least) = match class {
            BASIC => (basic(&entry), 56),
            NAME => (string_before(&object_name(&entry.object)?, STRING_BYTES, at), STRING_BYTES),
            TYPE => (string_before(type_of(&entry.object), TYPE_BYTES, at), TYPE_BYTES),
            _ => return Err(Failure::INVALID_INFO_CLASS),
        };
        put(needed, u32::try_from(answer.len()).unwrap_or(u32::MAX));
        // All or nothing: a string of which a part is there would be none.
        if into.len() < answer.len() && into.len() >= least {
            return Err(Failure::BUFFER_OVERFLOW);
        }
        answer.deliver(into, least).map(|(status, _)| status)
    })
}

fn basic(entry: &Entry) -> Answer {
    let attributes = u32::from(entry.protected) | u32::from(entry.inherit) << 1;
    Answer::new().u32(attributes).u32(entry.access).u32(1).u32(1).padded(56)
}

/// A structure that begins with a string, whose text stands behind it and will lie at `at`.
fn string_before(text: &str, head: usize, at: usize) -> Answer {
    let bytes = u32::try_from(text.encode_utf16().count() * 2).unwrap_or_default();
    if bytes == 0 {
        return Answer::new().padded(head);
    }
    // Length, and the room with the zero in the upper half.
    let lengths = bytes | (bytes + 2) << 16;
    let string = Answer::new().u32(lengths).u32(0).u64((at + head) as u64);
    string.padded(head).text(text).bytes(&[0, 0])
}

fn object_name(object: &Object) -> Result<String> {
    Ok(match object {
        Object::Pipe(_) | Object::Pipes(_) => format!(r"\Device\NamedPipe{}", name_of(object)?),
        Object::File(_) => format!(r"\Device\HarddiskVolume1{}", name_of(object)?),
        // Those that Win32 names are not told.
        _ => String::new(),
    })
}

fn type_of(object: &Object) -> &'static str {
    match object {
        Object::Pipe(_) | Object::File(_) | Object::Pipes(_) | Object::Find(_) => "File",
        Object::Event(_) => "Event",
        Object::Port(_) => "IoCompletion",
        Object::Mutex(_) => "Mutant",
        Object::Semaphore(_) => "Semaphore",
        Object::Timer(_) => "Timer",
        Object::Process(_) => "Process",
        Object::Thread(_) => "Thread",
        Object::Token(_) => "Token",
    }
}

/// `NtCreateDirectoryObject`. There are no directories of objects but those that exist.
#[unsafe(no_mangle)]
pub extern "C" fn NtCreateDirectoryObject(
    _place: *mut HANDLE,
    _desired: u32,
    _attributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    status(|| Err(ErrorKind::NotSupported.into()))
}
