//! `processenv.h`: standard streams, the command line.
#![allow(unsafe_code)]

mod environment;
mod search;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::Settled;

pub use environment::*;
pub use search::*;

use crate::boundary::{answer, succeeds};
use crate::failure::Result;
use crate::handle::{self, Entry};
use crate::object::{FileObject, Object};
use crate::types::{BOOL, DWORD, HANDLE, INVALID_HANDLE_VALUE, access};
use crate::{command_line, text};

/// Nobody has asked for the stream, or set it.
const UNSET: usize = usize::MAX - 1;

static STREAMS: [AtomicUsize; 3] = [const { AtomicUsize::new(UNSET) }; 3];

/// `STD_INPUT_HANDLE` and the others are -10, -11 and -12.
fn stream(number: u32) -> Result<usize> {
    match number.wrapping_neg() {
        stream @ 10..=12 => Ok(stream as usize - 10),
        _ => Err(ErrorKind::InvalidHandle.into()),
    }
}

/// The handle that stands for this stream, if the program has set or asked for it.
#[must_use]
pub fn set_stream_of(stream: usize) -> Option<HANDLE> {
    let number = STREAMS[stream].load(Ordering::Relaxed);
    (number != UNSET).then(|| std::ptr::without_provenance_mut(number))
}

/// Makes a handle stand for this stream.
pub fn set_stream(stream: usize, handle: HANDLE) {
    STREAMS[stream].store(handle.addr(), Ordering::Relaxed);
}

/// The next who asks for this stream gets a handle of what it is by then.
pub(crate) fn forget_stream(stream: usize) {
    STREAMS[stream].store(UNSET, Ordering::Relaxed);
}

/// `GetStdHandle`.
#[unsafe(no_mangle)]
pub extern "C" fn GetStdHandle(number: DWORD) -> HANDLE {
    answer(INVALID_HANDLE_VALUE, || {
        let stream = stream(number)?;
        crate::inherit::adopt();
        if let Some(handle) = set_stream_of(stream) {
            return Ok(handle);
        }
        let handle = match FileObject::of_stream(stream) {
            Ok(file) => {
                let entry = Entry::new(Object::File(Arc::new(file)), access::FILE_ALL_ACCESS);
                handle::insert(entry.inherited(true))?
            }
            // A program without this stream has no handle for it, which is no error.
            Err(_) => std::ptr::null_mut(),
        };
        let first = STREAMS[stream].compare_exchange(
            UNSET,
            handle.addr(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        Ok(match first {
            Ok(_) => handle,
            Err(other) => std::ptr::without_provenance_mut(other),
        })
    })
}

/// `SetStdHandle`.
#[unsafe(no_mangle)]
pub extern "C" fn SetStdHandle(number: DWORD, handle: HANDLE) -> BOOL {
    succeeds(|| {
        set_stream(stream(number)?, handle);
        Ok(())
    })
}

fn command_line_text() -> &'static str {
    static TEXT: Settled<String> = Settled::new();
    TEXT.get_or_make(|| {
        let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
        Box::new(command_line::join(words))
    })
}

/// `GetCommandLineA`.
#[unsafe(no_mangle)]
pub extern "C" fn GetCommandLineA() -> *const std::ffi::c_char {
    static TEXT: Settled<std::ffi::CString> = Settled::new();
    let text = || Box::new(std::ffi::CString::new(command_line_text()).unwrap_or_default());
    answer(std::ptr::null(), || Ok(TEXT.get_or_make(text).as_ptr()))
}

/// `GetCommandLineW`.
#[unsafe(no_mangle)]
pub extern "C" fn GetCommandLineW() -> *const u16 {
    static TEXT: Settled<Vec<u16>> = Settled::new();
    answer(std::ptr::null(), || {
        Ok(TEXT.get_or_make(|| Box::new(text::to_wide(command_line_text()))).as_ptr())
    })
}
