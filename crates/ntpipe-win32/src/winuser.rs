//! `winuser.h`: waiting for messages, of which there are none; boxes; letters.
#![allow(unsafe_code)]

mod case;
mod message_box;

pub use case::{CharLowerA, CharLowerW, CharUpperA, CharUpperW};
pub use message_box::{MessageBoxA, MessageBoxW};

use crate::synchapi::{WaitForMultipleObjectsEx, sleep};
use crate::types::{BOOL, DWORD, HANDLE};

/// `MWMO_WAITALL`.
const WAIT_ALL: u32 = 1;
/// `MWMO_ALERTABLE`.
const ALERTABLE: u32 = 2;

/// `MsgWaitForMultipleObjects`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MsgWaitForMultipleObjects(
    count: DWORD,
    handles: *const HANDLE,
    all: BOOL,
    milliseconds: DWORD,
    mask: DWORD,
) -> DWORD {
    let flags = if all != 0 { WAIT_ALL } else { 0 };
    // SAFETY: the caller's promises are the same.
    unsafe { MsgWaitForMultipleObjectsEx(count, handles, milliseconds, mask, flags) }
}

/// `MsgWaitForMultipleObjectsEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MsgWaitForMultipleObjectsEx(
    count: DWORD,
    handles: *const HANDLE,
    milliseconds: DWORD,
    _mask: DWORD,
    flags: DWORD,
) -> DWORD {
    let alertable = flags & ALERTABLE != 0;
    if count == 0 {
        return sleep(milliseconds, alertable);
    }
    let all = BOOL::from(flags & WAIT_ALL != 0);
    // SAFETY: the caller's promises are the same.
    unsafe { WaitForMultipleObjectsEx(count, handles, all, milliseconds, alertable.into()) }
}
