//! `handleapi.h`: closing and duplicating handles.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use ntpipe::ErrorKind;

use crate::boundary::{out, put, succeeds};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::{Object, ProcessObject};
use crate::types::{BOOL, DWORD, HANDLE, access};
use crate::{channel, processthreadsapi};

/// `HANDLE_FLAG_INHERIT`.
const INHERIT: u32 = 1;
/// `HANDLE_FLAG_PROTECT_FROM_CLOSE`.
const PROTECT_FROM_CLOSE: u32 = 2;

/// `DUPLICATE_CLOSE_SOURCE`.
const CLOSE_SOURCE: u32 = 1;
/// `DUPLICATE_SAME_ACCESS`.
const SAME_ACCESS: u32 = 2;

/// `CloseHandle`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseHandle(handle: HANDLE) -> BOOL {
    succeeds(|| close(handle))
}

/// Closes a handle.
///
/// # Errors
/// `ERROR_INVALID_HANDLE`.
pub(crate) fn close(handle: HANDLE) -> Result<()> {
    let calling = [processthreadsapi::GetCurrentProcess(), processthreadsapi::GetCurrentThread()];
    //= learn: GetCurrentProcess, remarks: to close what stands for the caller has no effect
    if calling.contains(&handle) { Ok(()) } else { handle::close(handle) }
}

/// `GetHandleInformation`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetHandleInformation(handle: HANDLE, flags: *mut DWORD) -> BOOL {
    succeeds(|| {
        let entry = handle::get(handle)?;
        let bits = u32::from(entry.inherit) | u32::from(entry.protected) << 1;
        // SAFETY: null or valid by the caller's promise.
        put(unsafe { out(flags) }, bits);
        Ok(())
    })
}

/// `SetHandleInformation`.
#[unsafe(no_mangle)]
pub extern "C" fn SetHandleInformation(handle: HANDLE, mask: DWORD, flags: DWORD) -> BOOL {
    succeeds(|| {
        handle::change(handle, |entry| {
            if mask & INHERIT != 0 {
                entry.inherit = flags & INHERIT != 0;
            }
            if mask & PROTECT_FROM_CLOSE != 0 {
                entry.protected = flags & PROTECT_FROM_CLOSE != 0;
            }
            Ok(())
        })
    })
}

/// `CompareObjectHandles`: whether both stand for the same object.
#[unsafe(no_mangle)]
pub extern "C" fn CompareObjectHandles(one: HANDLE, other: HANDLE) -> BOOL {
    succeeds(|| {
        let (one, other) = (copy(one, None)?.object, copy(other, None)?.object);
        if one.is_same(&other) { Ok(()) } else { Err(Failure::NOT_SAME_OBJECT) }
    })
}

/// `DuplicateHandle`, within the calling process, from it to a child that `CreateProcess` made, or to the
/// process that made this one so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DuplicateHandle(
    source_process: HANDLE,
    source: HANDLE,
    target_process: HANDLE,
    target: *mut HANDLE,
    mask: DWORD,
    inherit: BOOL,
    options: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let target = unsafe { out(target) };
        let wish = Duplicate { mask, inherit: inherit != 0, options };
        duplicate(source_process, source, target_process, target, wish)
    })
}

/// How a handle is to be duplicated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duplicate {
    pub(crate) mask: u32,
    pub(crate) inherit: bool,
    pub(crate) options: u32,
}

/// What stands behind `DuplicateHandle`.
///
/// # Errors
/// Its own. `ERROR_NOT_SUPPORTED` where the source is another process: that would have to give its handle
/// away; and where the target is one that this process has no [`channel`] to.
pub(crate) fn duplicate(
    source_process: HANDLE,
    source: HANDLE,
    target_process: HANDLE,
    target: Option<&mut MaybeUninit<HANDLE>>,
    wish: Duplicate,
) -> Result<()> {
    let Duplicate { mask, inherit, options } = wish;
    if options & !(CLOSE_SOURCE | SAME_ACCESS) != 0 {
        return Err(ErrorKind::InvalidParameter.into());
    }
    if processthreadsapi::process_for_handles(source_process)?.pid != std::process::id() {
        return Err(ErrorKind::NotSupported.into());
    }
    let wanted = (options & SAME_ACCESS == 0).then_some(mask);
    //= learn: DuplicateHandle, remarks: without a target process the source is closed only
    if target_process.is_null() && options & CLOSE_SOURCE != 0 {
        return handle::close(source);
    }
    let copied = processthreadsapi::process_for_handles(target_process).and_then(|process| {
        let entry = copy(source, wanted)?.inherited(inherit);
        if process.pid != std::process::id() {
            let number = give(&process, &entry)?;
            put(target, number);
        } else if let Some(target) = target {
            target.write(handle::insert(entry)?);
        }
        Ok(())
    });
    //= learn: DuplicateHandle, dwOptions: closed whether or not the call fails
    if options & CLOSE_SOURCE != 0 {
        let closed = handle::close(source);
        copied?;
        return closed;
    }
    copied
}

/// Puts a handle into the table of another process; its number there.
fn give(process: &ProcessObject, entry: &Entry) -> Result<HANDLE> {
    //= observed: ERROR_ACCESS_DENIED for a process that has ended
    if process.has_ended() {
        return Err(ErrorKind::AccessDenied.into());
    }
    channel::send(process.pid, entry)
}

/// A handle more for what this one stands for, with this access or the same.
fn copy(source: HANDLE, wanted: Option<u32>) -> Result<Entry> {
    // What stands for the calling process or thread becomes a handle that others can use, too.
    if source == processthreadsapi::GetCurrentProcess() {
        let object = Object::Process(processthreadsapi::process(source)?);
        return Ok(Entry::new(object, wanted.unwrap_or(processthreadsapi::ALL_ACCESS)));
    }
    if source == processthreadsapi::GetCurrentThread() {
        let object = Object::Thread(processthreadsapi::thread(source)?);
        return Ok(Entry::new(object, wanted.unwrap_or(processthreadsapi::ALL_ACCESS)));
    }
    let Entry { object, access: granted, .. } = handle::get(source)?;
    let wanted = wanted.map(|wanted| match object {
        Object::Pipe(_) | Object::File(_) | Object::Pipes(_) => access::of_file(wanted),
        Object::Event(_) | Object::Mutex(_) | Object::Semaphore(_) | Object::Timer(_) => {
            access::of_sync(wanted)
        }
        _ => wanted & !access::GENERIC,
    });
    match wanted {
        // A file's rights were settled when it was opened.
        Some(more)
            if more & !granted != 0 && matches!(object, Object::Pipe(_) | Object::File(_)) =>
        {
            Err(ErrorKind::AccessDenied.into())
        }
        wanted => Ok(Entry::new(object, wanted.unwrap_or(granted))),
    }
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::boundary::last_error;
    use crate::processthreadsapi::{GetCurrentProcess, GetCurrentThread, GetThreadId};
    use crate::synchapi::{CreateEventW, SetEvent, WaitForSingleObject};

    fn duplicate(source: HANDLE, mask: u32, inherit: i32, options: u32) -> HANDLE {
        let mut target = null_mut();
        let own = GetCurrentProcess();
        // SAFETY: the place is valid.
        let done =
            unsafe { DuplicateHandle(own, source, own, &raw mut target, mask, inherit, options) };
        if done == 0 { null_mut() } else { target }
    }

    #[test]
    fn a_duplicate_stands_for_the_same_object_after_the_source_is_closed() {
        // SAFETY: the pointers are null.
        let source = unsafe { CreateEventW(null(), 1, 0, null()) };
        let copy = duplicate(source, 0, 1, SAME_ACCESS);
        let mut flags = 0;
        // SAFETY: the place is valid.
        assert_eq!(unsafe { GetHandleInformation(copy, &raw mut flags) }, 1);
        assert_eq!(flags, INHERIT);
        let setter = duplicate(source, access::MODIFY_STATE, 0, CLOSE_SOURCE);
        assert_eq!((CloseHandle(source), last_error()), (0, 6));
        assert_eq!((SetEvent(setter), WaitForSingleObject(copy, 0)), (1, 0));
        assert_eq!((WaitForSingleObject(setter, 0), last_error()), (u32::MAX, 5));
        let (own, none) = (GetCurrentProcess(), null_mut());
        // SAFETY: the place is null.
        let closed = unsafe { DuplicateHandle(own, setter, none, null_mut(), 0, 0, CLOSE_SOURCE) };
        assert_eq!((closed, CloseHandle(setter)), (1, 0));
        assert_eq!(CloseHandle(copy), 1);
    }

    #[test]
    fn what_stands_for_the_caller_can_be_closed_and_stays() {
        assert_eq!((CloseHandle(GetCurrentProcess()), CloseHandle(GetCurrentThread())), (1, 1));
        assert_eq!(processthreadsapi::GetProcessId(GetCurrentProcess()), std::process::id());
    }

    #[test]
    fn what_stands_for_the_calling_thread_becomes_a_handle() {
        let handle = duplicate(GetCurrentThread(), 0, 0, SAME_ACCESS);
        assert_ne!(handle, GetCurrentThread());
        let other = std::thread::spawn({
            let number = handle.addr();
            move || GetThreadId(std::ptr::without_provenance_mut(number))
        });
        assert_eq!(other.join().expect("no panic"), GetThreadId(GetCurrentThread()));
        let process = duplicate(GetCurrentProcess(), 0, 0, SAME_ACCESS);
        assert_eq!(processthreadsapi::GetProcessId(process), std::process::id());
        assert_eq!((CloseHandle(handle), CloseHandle(process)), (1, 1));
    }
    #[test]
    fn two_handles_may_stand_for_one_object() {
        let name = crate::text::to_wide(&format!("ntpipe-same-{}", std::process::id()));
        // SAFETY: a string; the other pointer is null.
        let create = |name: *const u16| unsafe { CreateEventW(null(), 1, 0, name) };
        let (own, other) = (create(null()), create(null()));
        let (named, again) = (create(name.as_ptr()), create(name.as_ptr()));
        let copied = duplicate(own, 0, 0, SAME_ACCESS);
        assert_eq!((CompareObjectHandles(own, copied), CompareObjectHandles(named, again)), (1, 1));
        assert_eq!((CompareObjectHandles(own, other), last_error()), (0, 1656));
        let process = duplicate(GetCurrentProcess(), 0, 0, SAME_ACCESS);
        assert_eq!(CompareObjectHandles(process, GetCurrentProcess()), 1);
        assert_eq!(CompareObjectHandles(process, own), 0);
        assert_eq!((CompareObjectHandles(own, null_mut()), last_error()), (0, 6));
        for handle in [own, other, named, again, copied, process] {
            assert_eq!(CloseHandle(handle), 1);
        }
    }
}
