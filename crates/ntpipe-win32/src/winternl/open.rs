//! Creating instances of pipes, and opening pipes and files.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ntpipe::{ErrorKind, PipeMode, ServerOptions};

use super::name::{self, Attributes, Named};
use super::types::{IO_STATUS_BLOCK, NTSTATUS, OBJECT_ATTRIBUTES};
use super::{Operation, refine, with_block};
use crate::boundary::{last_error, out, put, set_last_error, status, value};
use crate::failure::{Failure, Result};
use crate::fileapi::{self, FILE_FLAG_OVERLAPPED};
use crate::handle::{self, Entry};
use crate::object::pipe::End;
use crate::object::{Object, PipeObject, PipesObject};
use crate::types::{HANDLE, access};

const FILE_SUPERSEDE: u32 = 0;
const FILE_OPEN: u32 = 1;
const FILE_CREATE: u32 = 2;
const FILE_OPEN_IF: u32 = 3;
const FILE_OVERWRITE: u32 = 4;
const FILE_OVERWRITE_IF: u32 = 5;

/// What happened, as the status block tells it: `FILE_SUPERSEDED`, `FILE_OPENED`, `FILE_CREATED`,
/// `FILE_OVERWRITTEN`.
const SUPERSEDED: usize = 0;
const OPENED: usize = 1;
const CREATED: usize = 2;
const OVERWRITTEN: usize = 3;

const FILE_DIRECTORY_FILE: u32 = 0x1;
pub(super) const FILE_SYNCHRONOUS_IO_ALERT: u32 = 0x10;
pub(super) const FILE_SYNCHRONOUS_IO_NONALERT: u32 = 0x20;
const SYNCHRONOUS: u32 = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT;
const FILE_NON_DIRECTORY_FILE: u32 = 0x40;
const FILE_DELETE_ON_CLOSE: u32 = 0x1000;
const OPTIONS_KNOWN: u32 = 0x00FF_FFFF;

const FILE_SHARE_READ: u32 = 1;
const FILE_SHARE_WRITE: u32 = 2;

/// Whether a handle with these options waits in its calls.
///
/// # Errors
/// `STATUS_INVALID_PARAMETER` if it may not, or for options that contradict each other.
fn is_synchronous(options: u32, desired: u32) -> Result<bool> {
    let synchronous = options & SYNCHRONOUS;
    //= learn: NtCreateFile: synchronous handles need SYNCHRONIZE; both kinds at once are refused
    if options & !OPTIONS_KNOWN != 0
        || synchronous == SYNCHRONOUS
        || synchronous != 0 && desired & access::SYNCHRONIZE == 0
    {
        return Err(ErrorKind::InvalidParameter.into());
    }
    Ok(synchronous != 0)
}

/// `NtCreateNamedPipeFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateNamedPipeFile(
    place: *mut HANDLE,
    desired: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    share: u32,
    disposition: u32,
    options: u32,
    pipe_type: u32,
    read_mode: u32,
    completion_mode: u32,
    max_instances: u32,
    in_quota: u32,
    out_quota: u32,
    timeout: *const i64,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = Some(unsafe { out(place) }.ok_or(Failure::NO_ACCESS)?);
        // SAFETY: null or valid with what it points to, by the caller's promise.
        let attributes = unsafe { name::attributes(attributes) }?;
        // SAFETY: null or valid, by the caller's promise.
        let timeout = unsafe { value(timeout) }.copied();
        let wish = Instance {
            desired,
            share,
            disposition,
            options,
            modes: [pipe_type, read_mode, completion_mode],
            max_instances,
            quotas: [in_quota, out_quota],
            timeout,
        };
        let create = || {
            let (handle, information) = wish.create(attributes)?;
            put(place, handle);
            Ok((0, information))
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, create) }
    })
}

/// What `NtCreateNamedPipeFile` is asked for, without the name.
#[derive(Clone, Copy, Debug)]
struct Instance {
    desired: u32,
    share: u32,
    disposition: u32,
    options: u32,
    /// Type, read mode, completion mode.
    modes: [u32; 3],
    max_instances: u32,
    /// Inbound, outbound.
    quotas: [u32; 2],
    timeout: Option<i64>,
}

impl Instance {
    fn create(self, attributes: Attributes) -> Result<(HANDLE, usize)> {
        let synchronous = is_synchronous(self.options, self.desired)?;
        let mut options = self.server_options()?;
        let name = match attributes.named {
            Named::Pipe(name) => name,
            Named::Nameless => name::invent(),
            Named::Device | Named::Root => return Err(ErrorKind::InvalidName.into()),
            Named::Same(_) | Named::File(_) => {
                return Err(Failure::INVALID_DEVICE_REQUEST);
            }
        };
        let (server, information) = self.instance(&mut options, &name)?;
        let object = PipeObject::new(End::Server(server), !synchronous)?;
        let alertable = self.options & FILE_SYNCHRONOUS_IO_ALERT != 0;
        object.native.alertable.store(alertable, Ordering::Relaxed);
        let entry = Entry::new(Object::Pipe(Arc::new(object)), access::of_file(self.desired));
        Ok((handle::insert(entry.inherited(attributes.inherit))?, information))
    }

    /// Creates an instance, the first one or another one, as the disposition demands.
    fn instance(
        self,
        options: &mut ServerOptions,
        name: &str,
    ) -> Result<(ntpipe::NamedPipeServer, usize)> {
        let create = |options: &ServerOptions| {
            options.create(name).map_err(|error| refine(Operation::Create, error.into()))
        };
        if self.disposition == FILE_OPEN {
            ntpipe::info(name)?;
            return Ok((create(options)?, OPENED));
        }
        options.first_pipe_instance(true);
        match create(options) {
            Ok(server) => Ok((server, CREATED)),
            Err(failure)
                if self.disposition == FILE_OPEN_IF
                    && failure == ErrorKind::AccessDenied.into() =>
            {
                options.first_pipe_instance(false);
                Ok((create(options)?, OPENED))
            }
            Err(failure) => Err(failure),
        }
    }

    fn server_options(self) -> Result<ServerOptions> {
        let invalid = || Failure::from(ErrorKind::InvalidParameter);
        let [pipe_type, read_mode, completion_mode] = self.modes;
        let known = pipe_type <= 3 && read_mode <= 1 && completion_mode <= 1;
        //= observed: dispositions that overwrite, and no sharing, are refused
        let disposition = matches!(self.disposition, FILE_OPEN | FILE_CREATE | FILE_OPEN_IF);
        let share = matches!(self.share, 1..=3);
        if !known || !disposition || !share || self.max_instances == 0 {
            return Err(invalid());
        }
        //= model: the timeout is relative, and given
        let timeout = self.timeout.filter(|timeout| *timeout < 0).ok_or_else(invalid)?;
        let mode = |bits: u32| if bits & 1 != 0 { PipeMode::Message } else { PipeMode::Byte };
        let mut options = ServerOptions::new();
        options
            //= model: the directions are what is shared with the client
            .access_inbound(self.share & FILE_SHARE_WRITE != 0)
            .access_outbound(self.share & FILE_SHARE_READ != 0)
            .pipe_mode(mode(pipe_type))
            .read_mode(mode(read_mode))
            .nowait(completion_mode & 1 != 0)
            .max_instances(self.max_instances.min(255) as usize)
            .in_buffer_size(self.quotas[0])
            .out_buffer_size(self.quotas[1])
            .default_timeout(units(timeout));
        Ok(options)
    }
}

/// A relative time of the NT level, which is negative.
pub(super) fn units(relative: i64) -> Duration {
    let units = relative.unsigned_abs();
    Duration::from_micros(units / 10) + Duration::from_nanos(units % 10 * 100)
}

/// `NtCreateFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateFile(
    place: *mut HANDLE,
    desired: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    _allocation: *const i64,
    _file_attributes: u32,
    _share: u32,
    disposition: u32,
    options: u32,
    _extended: *const c_void,
    _extended_len: u32,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = Some(unsafe { out(place) }.ok_or(Failure::NO_ACCESS)?);
        // SAFETY: null or valid with what it points to, by the caller's promise.
        let attributes = unsafe { name::attributes(attributes) }?;
        let open = || {
            let (handle, information) = open(attributes, desired, disposition, options)?;
            put(place, handle);
            Ok((0, information))
        };
        // SAFETY: the caller's promise.
        unsafe { with_block(block, open) }
    })
}

/// `NtOpenFile`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtOpenFile(
    place: *mut HANDLE,
    desired: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    block: *mut IO_STATUS_BLOCK,
    share: u32,
    options: u32,
) -> NTSTATUS {
    let none = std::ptr::null();
    let (extended, disposition) = (std::ptr::null(), FILE_OPEN);
    // SAFETY: the caller's promise is the same.
    unsafe {
        NtCreateFile(
            place,
            desired,
            attributes,
            block,
            none,
            0,
            share,
            disposition,
            options,
            extended,
            0,
        )
    }
}

fn open(
    attributes: Attributes,
    desired: u32,
    disposition: u32,
    options: u32,
) -> Result<(HANDLE, usize)> {
    let synchronous = is_synchronous(options, desired)?;
    if disposition > FILE_OVERWRITE_IF {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let Attributes { named, inherit } = attributes;
    let wish = fileapi::Wish {
        access: desired,
        inherit,
        disposition: win32_disposition(disposition),
        flags: if synchronous { 0 } else { FILE_FLAG_OVERLAPPED },
    };
    match named {
        Named::Pipe(name) => open_pipe(&name, wish, options),
        Named::Same(name) => open_pipe(&format!(r"\\.\pipe\{name}"), wish, options),
        Named::Device => Ok((open_pipes(false, wish)?, OPENED)),
        Named::Root | Named::Nameless => Ok((open_pipes(true, wish)?, OPENED)),
        Named::File(path) => open_file(&path, wish, disposition, options),
    }
}

fn open_pipe(name: &str, wish: fileapi::Wish, options: u32) -> Result<(HANDLE, usize)> {
    let opened = fileapi::open_pipe(name, wish);
    let handle = opened.map_err(|failure| refine(Operation::Open, failure))?;
    handle::change(handle, |entry| {
        // Above, Win32 adds rights that nobody here has asked for.
        entry.access = access::of_file(wish.access);
        let alertable = options & FILE_SYNCHRONOUS_IO_ALERT != 0;
        entry.object.pipe()?.native.alertable.store(alertable, Ordering::Relaxed);
        Ok((handle, OPENED))
    })
}

/// Opens the device of all pipes, or the directory on it.
pub(crate) fn open_pipes(root: bool, wish: fileapi::Wish) -> Result<HANDLE> {
    let overlapped = wish.flags & FILE_FLAG_OVERLAPPED != 0;
    let object = Object::Pipes(Arc::new(PipesObject::new(root, overlapped)?));
    let granted = access::of_file(wish.access);
    handle::insert(Entry::new(object, granted).inherited(wish.inherit))
}

fn win32_disposition(disposition: u32) -> u32 {
    match disposition {
        FILE_OPEN => fileapi::OPEN_EXISTING,
        FILE_CREATE => fileapi::CREATE_NEW,
        FILE_OPEN_IF => fileapi::OPEN_ALWAYS,
        FILE_OVERWRITE => fileapi::TRUNCATE_EXISTING,
        _ => fileapi::CREATE_ALWAYS,
    }
}

fn open_file(
    path: &str,
    wish: fileapi::Wish,
    disposition: u32,
    options: u32,
) -> Result<(HANDLE, usize)> {
    if options & FILE_DELETE_ON_CLOSE != 0 {
        return Err(ErrorKind::NotSupported.into());
    }
    let before = std::fs::metadata(path).ok();
    let information = match (&before, disposition) {
        (None, _) => CREATED,
        (Some(_), FILE_SUPERSEDE) => SUPERSEDED,
        (Some(_), FILE_OVERWRITE | FILE_OVERWRITE_IF) => OVERWRITTEN,
        (Some(_), _) => OPENED,
    };
    match before.map(|meta| meta.is_dir()) {
        Some(true) if options & FILE_NON_DIRECTORY_FILE != 0 => {
            return Err(Failure::IS_A_DIRECTORY);
        }
        Some(false) if options & FILE_DIRECTORY_FILE != 0 => return Err(Failure::NOT_A_DIRECTORY),
        None if options & FILE_DIRECTORY_FILE != 0
            && matches!(disposition, FILE_CREATE | FILE_OPEN_IF) =>
        {
            std::fs::create_dir(path)?;
            let wish = fileapi::Wish { disposition: fileapi::OPEN_EXISTING, ..wish };
            return Ok((fileapi::open_file(path, wish)?, CREATED));
        }
        _ => {}
    }
    let last = last_error();
    let opened = fileapi::open_file(path, wish);
    set_last_error(last);
    Ok((opened?, information))
}
