//! `processthreadsapi.h`: processes and threads.
#![allow(unsafe_code)]

mod attributes;
mod create;
mod query;
mod suspend;
mod thread;
mod tls;
mod token;

use crate::boundary::{gives_object, out, put, succeeds};
use crate::failure::Result;
use crate::handle::{self, Entry};
use crate::object::{Object, ProcessObject};
use crate::types::{BOOL, DWORD, HANDLE, access};
use ntpipe::ErrorKind;
use std::sync::Arc;

pub use attributes::{
    AttributeList, DeleteProcThreadAttributeList, InitializeProcThreadAttributeList,
    UpdateProcThreadAttribute,
};
pub use create::{CreateProcessA, CreateProcessW, PROCESS_INFORMATION, STARTUPINFO, WinExec};
pub use query::*;
pub use thread::{
    _beginthread, _beginthreadex, CancelSynchronousIo, CreateThread, GetCurrentThread,
    GetCurrentThreadId, GetExitCodeThread, GetProcessIdOfThread, GetThreadId, GetThreadPriority,
    OpenThread, QueueUserAPC, ResumeThread, SetThreadPriority, SuspendThread, SwitchToThread,
    TerminateThread,
};
pub(crate) use thread::{own_stack, thread};
pub use tls::{TlsAlloc, TlsFree, TlsGetValue, TlsSetValue};
pub use token::{OpenProcessToken, OpenThreadToken};

/// `PROCESS_ALL_ACCESS` and `THREAD_ALL_ACCESS`.
pub(crate) const ALL_ACCESS: u32 = 0x1F_FFFF;
/// `PROCESS_DUP_HANDLE`, as part of whatever contains it.
const DUP_HANDLE: u32 = 0x40 | access::GENERIC_ALL | access::MAXIMUM_ALLOWED;
/// What `GetCurrentProcess` answers.
const CURRENT_PROCESS: usize = usize::MAX;

/// `GetCurrentProcess`.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentProcess() -> HANDLE {
    std::ptr::without_provenance_mut(CURRENT_PROCESS)
}

/// `GetCurrentProcessId`.
#[unsafe(no_mangle)]
pub extern "C" fn GetCurrentProcessId() -> DWORD {
    std::process::id()
}

/// The process that a handle, or `GetCurrentProcess`, stands for.
pub(crate) fn process(handle: HANDLE) -> Result<Arc<ProcessObject>> {
    if handle.addr() == CURRENT_PROCESS {
        return ProcessObject::current();
    }
    handle::with(handle, |entry| entry.object.process().cloned())
}

/// The same, if its handles may be duplicated.
///
/// # Errors
/// `ERROR_ACCESS_DENIED` if not.
pub(crate) fn process_for_handles(handle: HANDLE) -> Result<Arc<ProcessObject>> {
    if handle.addr() == CURRENT_PROCESS {
        return process(handle);
    }
    handle::with(handle, |entry| {
        let process = entry.object.process()?.clone();
        let allowed = entry.access & DUP_HANDLE != 0;
        if allowed { Ok(process) } else { Err(ErrorKind::AccessDenied.into()) }
    })
}

/// `GetProcessId`.
#[unsafe(no_mangle)]
pub extern "C" fn GetProcessId(handle: HANDLE) -> DWORD {
    crate::boundary::answer(0, || Ok(process(handle)?.pid))
}

/// `OpenProcess`.
#[unsafe(no_mangle)]
pub extern "C" fn OpenProcess(access: DWORD, inherit: BOOL, pid: DWORD) -> HANDLE {
    gives_object(|| {
        let object = Object::Process(ProcessObject::open(pid)?);
        handle::insert(Entry::new(object, access).inherited(inherit != 0))
    })
}

/// `GetExitCodeProcess`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetExitCodeProcess(handle: HANDLE, code: *mut DWORD) -> BOOL {
    succeeds(|| {
        let exit_code = process(handle)?.exit_code();
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(code) }, exit_code);
        Ok(())
    })
}

/// `TerminateProcess`.
#[unsafe(no_mangle)]
pub extern "C" fn TerminateProcess(handle: HANDLE, code: DWORD) -> BOOL {
    succeeds(|| {
        if handle.addr() == CURRENT_PROCESS {
            std::process::exit(code.cast_signed());
        }
        process(handle)?.terminate(code)
    })
}

/// `ExitProcess`.
#[unsafe(no_mangle)]
pub extern "C" fn ExitProcess(code: DWORD) -> ! {
    std::process::exit(code.cast_signed())
}
