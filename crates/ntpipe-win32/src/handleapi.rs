//! `handleapi.h`: closing and duplicating handles.
#![allow(unsafe_code)]

use crate::boundary::{out, put, succeeds};
use crate::handle;
use crate::types::{BOOL, DWORD, HANDLE};

/// `HANDLE_FLAG_INHERIT`.
const INHERIT: u32 = 1;
/// `HANDLE_FLAG_PROTECT_FROM_CLOSE`.
const PROTECT_FROM_CLOSE: u32 = 2;

/// `CloseHandle`.
#[unsafe(no_mangle)]
pub extern "C" fn CloseHandle(handle: HANDLE) -> BOOL {
    succeeds(|| handle::close(handle))
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
