//! `consoleapi.h` and `wincon.h`: the terminal.
#![allow(unsafe_code)]

pub(crate) mod control;
mod screen;

use std::ffi::c_void;
use std::os::fd::AsFd;
use std::sync::Arc;

use ntpipe::ErrorKind;
use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};

pub use control::*;
pub use screen::*;

use crate::boundary::{bytes, bytes_mut, out, put, succeeds};
use crate::failure::Result;
use crate::fileapi::put_len;
use crate::handle;
use crate::object::{FileObject, Object};
use crate::types::{BOOL, DWORD, HANDLE, LPVOID};

const ENABLE_PROCESSED_INPUT: u32 = 1;
const ENABLE_LINE_INPUT: u32 = 2;
const ENABLE_ECHO_INPUT: u32 = 4;
/// `ENABLE_PROCESSED_OUTPUT`, `ENABLE_WRAP_AT_EOL_OUTPUT`, `ENABLE_VIRTUAL_TERMINAL_PROCESSING`.
const OUTPUT_MODE: u32 = 7;

fn terminal(handle: HANDLE) -> Result<Arc<FileObject>> {
    match handle::get(handle)?.object {
        Object::File(file) if isatty(file.as_fd()) => Ok(file),
        _ => Err(ErrorKind::InvalidHandle.into()),
    }
}

unsafe extern "C" {
    safe fn ntpipe_flush_stdout();
}

/// Writes to a terminal, behind what the C library's stream has not written yet.
fn show(console: HANDLE, text: &[u8]) -> Result<usize> {
    let terminal = terminal(console)?;
    ntpipe_flush_stdout();
    terminal.write(text, None)
}

/// Whether the handle is what a program reads.
fn is_input(file: &FileObject) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl};
    file.stream() == Some(0)
        || file.stream().is_none()
            && fcntl_getfl(file.as_fd()).is_ok_and(|flags| !flags.contains(OFlags::WRONLY))
}

/// `GetConsoleMode`; `ERROR_INVALID_HANDLE` for what is no terminal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetConsoleMode(console: HANDLE, mode: *mut DWORD) -> BOOL {
    succeeds(|| {
        let file = terminal(console)?;
        let mut bits = OUTPUT_MODE;
        if is_input(&file) {
            let modes = tcgetattr(file.as_fd())?.local_modes;
            bits = [
                (LocalModes::ISIG, ENABLE_PROCESSED_INPUT),
                (LocalModes::ICANON, ENABLE_LINE_INPUT),
                (LocalModes::ECHO, ENABLE_ECHO_INPUT),
            ]
            .iter()
            .filter(|(flag, _)| modes.contains(*flag))
            .fold(0, |all, (_, bit)| all | bit);
        }
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(mode) }, bits);
        Ok(())
    })
}

/// `SetConsoleMode`. A terminal's output has no modes of its own here.
#[unsafe(no_mangle)]
pub extern "C" fn SetConsoleMode(console: HANDLE, mode: DWORD) -> BOOL {
    succeeds(|| {
        let file = terminal(console)?;
        if !is_input(&file) {
            return Ok(());
        }
        //= learn: SetConsoleMode: echo needs lines
        if mode & ENABLE_ECHO_INPUT != 0 && mode & ENABLE_LINE_INPUT == 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        let mut attributes = tcgetattr(file.as_fd())?;
        let modes = &mut attributes.local_modes;
        modes.set(LocalModes::ISIG, mode & ENABLE_PROCESSED_INPUT != 0);
        modes.set(LocalModes::ICANON, mode & ENABLE_LINE_INPUT != 0);
        modes.set(LocalModes::ECHO, mode & ENABLE_ECHO_INPUT != 0);
        Ok(tcsetattr(file.as_fd(), OptionalActions::Now, &attributes)?)
    })
}

/// `WriteConsoleA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteConsoleA(
    console: HANDLE,
    text: *const c_void,
    len: DWORD,
    written: *mut DWORD,
    _reserved: LPVOID,
) -> BOOL {
    succeeds(|| {
        // SAFETY: valid for that many bytes, by the caller's promise.
        let text = unsafe { bytes(text.cast(), len) };
        let sent = show(console, text)?;
        // SAFETY: null or valid, by the caller's promise.
        put_len(unsafe { out(written) }, sent);
        Ok(())
    })
}

/// `WriteConsoleW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn WriteConsoleW(
    console: HANDLE,
    text: *const c_void,
    len: DWORD,
    written: *mut DWORD,
    _reserved: LPVOID,
) -> BOOL {
    succeeds(|| {
        let units = if text.is_null() || len == 0 {
            &[]
        } else {
            // SAFETY: not null, and valid for that many units by the caller's promise.
            unsafe { std::slice::from_raw_parts(text.cast::<u16>(), len as usize) }
        };
        show(console, String::from_utf16_lossy(units).as_bytes())?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(written) }, len);
        Ok(())
    })
}

/// `ReadConsoleA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadConsoleA(
    console: HANDLE,
    text: *mut c_void,
    len: DWORD,
    read: *mut DWORD,
    _control: LPVOID,
) -> BOOL {
    succeeds(|| {
        // SAFETY: valid for that many bytes, by the caller's promise.
        let buffer = unsafe { bytes_mut(text.cast(), len) };
        let got = terminal(console)?.read(buffer, None)?;
        // SAFETY: null or valid, by the caller's promise.
        put_len(unsafe { out(read) }, got);
        Ok(())
    })
}

/// `ReadConsoleW`. A character that needs more bytes than are left of the line is cut.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ReadConsoleW(
    console: HANDLE,
    text: *mut c_void,
    len: DWORD,
    read: *mut DWORD,
    _control: LPVOID,
) -> BOOL {
    succeeds(|| {
        // No character has more units than bytes.
        let mut line = vec![0; len as usize];
        let got = terminal(console)?.read(&mut line, None)?;
        let units: Vec<u16> = String::from_utf8_lossy(&line[..got]).encode_utf16().collect();
        if !text.is_null() {
            // SAFETY: not null, and valid for `len` units, which are no fewer, by the caller's promise.
            unsafe { text.cast::<u16>().copy_from_nonoverlapping(units.as_ptr(), units.len()) };
        }
        // SAFETY: null or valid, by the caller's promise.
        put_len(unsafe { out(read) }, units.len());
        Ok(())
    })
}

/// `GetConsoleCP`: UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn GetConsoleCP() -> u32 {
    CP_UTF8
}

/// `GetConsoleOutputCP`: UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn GetConsoleOutputCP() -> u32 {
    CP_UTF8
}

const CP_UTF8: u32 = 65001;

/// `SetConsoleCP`: whatever is asked for, it stays UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn SetConsoleCP(_code_page: u32) -> BOOL {
    1
}

/// `SetConsoleOutputCP`: whatever is asked for, it stays UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn SetConsoleOutputCP(_code_page: u32) -> BOOL {
    1
}
