//! `libloaderapi.h`: modules, and functions by name.
//!
//! There are no DLLs here: all functions are in this library. Their names are found in the module that has
//! them on Windows, and nowhere else; what Windows has and this library lacks is not found, so that a
//! program that asks before it calls does the right thing.
#![allow(unsafe_code)]

mod module;

use std::ffi::{CStr, c_char};

use ntpipe::ErrorKind;

use module::Module;
pub use module::{Address, FARPROC};

use crate::boundary::{answer, out, set_last_error, succeeds};
use crate::failure::{Failure, Result};
use crate::text::{self, Filled};
use crate::types::{BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR};

/// A module: an address on Windows, a number here.
pub type HMODULE = HANDLE;

const FROM_ADDRESS: u32 = 4;
/// `GET_MODULE_HANDLE_EX_FLAG_PIN`, `…_UNCHANGED_REFCOUNT`: nothing is ever unloaded.
const COUNT_FLAGS: u32 = 3;

fn null() -> HMODULE {
    std::ptr::null_mut()
}

fn named(name: Option<&str>) -> Result<HMODULE> {
    Ok(name.map_or(Ok(Module::Program), Module::named)?.handle())
}

fn load(name: Option<String>) -> Result<HMODULE> {
    named(Some(&name.ok_or(ErrorKind::InvalidParameter)?))
}

/// `GetModuleHandleA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleA(name: LPCSTR) -> HMODULE {
    // SAFETY: null or a string, by the caller's promise.
    answer(null(), || named(unsafe { text::ansi(name) }.as_deref()))
}

/// `GetModuleHandleW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleW(name: LPCWSTR) -> HMODULE {
    // SAFETY: null or a string, by the caller's promise.
    answer(null(), || named(unsafe { text::wide(name) }.as_deref()))
}

/// What both forms do with flags; `read` reads the name.
fn find(flags: u32, address: usize, read: impl FnOnce() -> Option<String>) -> Result<HMODULE> {
    if flags & !(FROM_ADDRESS | COUNT_FLAGS) != 0 || flags & COUNT_FLAGS == COUNT_FLAGS {
        return Err(ErrorKind::InvalidParameter.into());
    }
    match flags & FROM_ADDRESS {
        0 => named(read().as_deref()),
        _ => Ok(Module::at(address)?.handle()),
    }
}

/// `GetModuleHandleExA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleExA(
    flags: DWORD,
    name: LPCSTR,
    module: *mut HMODULE,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let module = unsafe { out(module) }.ok_or(ErrorKind::InvalidParameter)?;
        let module = module.write(null());
        // SAFETY: null or a string unless the flags say an address, by the caller's promise.
        *module = find(flags, name.addr(), || unsafe { text::ansi(name) })?;
        Ok(())
    })
}

/// `GetModuleHandleExW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleHandleExW(
    flags: DWORD,
    name: LPCWSTR,
    module: *mut HMODULE,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let module = unsafe { out(module) }.ok_or(ErrorKind::InvalidParameter)?;
        let module = module.write(null());
        // SAFETY: null or a string unless the flags say an address, by the caller's promise.
        *module = find(flags, name.addr(), || unsafe { text::wide(name) })?;
        Ok(())
    })
}

/// The length, or what Windows does with too small a buffer: it is filled, and the last error says so.
fn cut(filled: Filled, size: u32, fill: impl FnOnce()) -> u32 {
    match filled {
        Filled::Whole(len) => {
            set_last_error(0);
            len
        }
        Filled::Needs(_) => {
            fill();
            set_last_error(Failure::from(ErrorKind::InsufficientBuffer).win32);
            size
        }
    }
}

/// `GetModuleFileNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleFileNameA(
    module: HMODULE,
    buffer: *mut c_char,
    size: DWORD,
) -> DWORD {
    answer(0, || {
        let path = Module::of(module)?.path()?;
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        let filled = unsafe { text::put_ansi(&path, buffer, size) };
        Ok(cut(filled, size, || {
            // SAFETY: as above.
            unsafe { text::put_start(path.as_bytes(), buffer.cast(), size) };
        }))
    })
}

/// `GetModuleFileNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetModuleFileNameW(
    module: HMODULE,
    buffer: *mut u16,
    size: DWORD,
) -> DWORD {
    answer(0, || {
        let path = Module::of(module)?.path()?;
        // SAFETY: null or valid for that many units, by the caller's promise.
        let filled = unsafe { text::put_wide(&path, buffer, size) };
        Ok(cut(filled, size, || {
            // SAFETY: as above.
            unsafe { text::put_start(&text::to_wide(&path), buffer, size) };
        }))
    })
}

/// `LoadLibraryA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryA(name: LPCSTR) -> HMODULE {
    // SAFETY: null or a string, by the caller's promise.
    answer(null(), || load(unsafe { text::ansi(name) }))
}

/// `LoadLibraryW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryW(name: LPCWSTR) -> HMODULE {
    // SAFETY: null or a string, by the caller's promise.
    answer(null(), || load(unsafe { text::wide(name) }))
}

/// `LoadLibraryExA`. Where to look makes no difference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryExA(name: LPCSTR, _file: HANDLE, _flags: DWORD) -> HMODULE {
    // SAFETY: the caller's promise is the same.
    unsafe { LoadLibraryA(name) }
}

/// `LoadLibraryExW`. Where to look makes no difference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn LoadLibraryExW(name: LPCWSTR, _file: HANDLE, _flags: DWORD) -> HMODULE {
    // SAFETY: the caller's promise is the same.
    unsafe { LoadLibraryW(name) }
}

/// `FreeLibrary`: a module stays as long as the program does.
#[unsafe(no_mangle)]
pub extern "C" fn FreeLibrary(module: HMODULE) -> BOOL {
    succeeds(|| match Module::of(module)? {
        _ if module.is_null() => Err(ErrorKind::InvalidHandle.into()),
        _ => Ok(()),
    })
}

/// `DisableThreadLibraryCalls`: there are none.
#[unsafe(no_mangle)]
pub extern "C" fn DisableThreadLibraryCalls(module: HMODULE) -> BOOL {
    succeeds(|| Module::of(module).map(drop))
}

/// `GetProcAddress`. A program's own functions are found if it was linked with `-rdynamic`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetProcAddress(module: HMODULE, name: LPCSTR) -> FARPROC {
    answer(None, || {
        let module = Module::of(module)?;
        // A number takes the place of a name; no function has one here.
        if name.addr() <= usize::from(u16::MAX) {
            return Err(Failure::PROC_NOT_FOUND);
        }
        // SAFETY: a string, by the caller's promise.
        module.function(unsafe { CStr::from_ptr(name) }).map(Some)
    })
}

/// Whether a handle is that of `ntdll`.
pub(crate) fn is_native(module: *const std::ffi::c_void) -> Result<bool> {
    let module = Module::of(module.cast_mut())?;
    Ok(module == Module::named("ntdll")?)
}

#[cfg(test)]
mod tests;
