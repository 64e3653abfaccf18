//! `errhandlingapi.h`: the last error.
#![allow(unsafe_code)]

use crate::boundary;
use crate::types::DWORD;

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
