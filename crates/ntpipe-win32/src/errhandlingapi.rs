//! `errhandlingapi.h`: the last error.
#![allow(unsafe_code)]

use crate::boundary;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::types::{DWORD, LPVOID};

/// `GetLastError`.
#[unsafe(no_mangle)]
pub extern "C" fn GetLastError() -> DWORD {
    boundary::last_error()
}

/// `SetLastError`.
#[unsafe(no_mangle)]
pub extern "C" fn SetLastError(code: DWORD) {
    boundary::set_last_error(code);
}

/// `SetErrorMode`: no system here shows boxes; what was set is remembered.
#[unsafe(no_mangle)]
pub extern "C" fn SetErrorMode(mode: u32) -> u32 {
    ERROR_MODE.swap(mode, Ordering::Relaxed)
}

/// `GetErrorMode`.
#[unsafe(no_mangle)]
pub extern "C" fn GetErrorMode() -> u32 {
    ERROR_MODE.load(Ordering::Relaxed)
}

static ERROR_MODE: AtomicU32 = AtomicU32::new(0);

/// `SetUnhandledExceptionFilter`: there are no such exceptions here; what was set is remembered.
#[unsafe(no_mangle)]
pub extern "C" fn SetUnhandledExceptionFilter(filter: LPVOID) -> LPVOID {
    FILTER.swap(filter, Ordering::Relaxed)
}

static FILTER: AtomicPtr<std::ffi::c_void> = AtomicPtr::new(std::ptr::null_mut());
