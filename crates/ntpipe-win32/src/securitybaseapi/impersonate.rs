//! Acting as somebody else.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;

use crate::boundary::{succeeds, value};
use crate::failure::{Failure, Result};
use crate::object::thread;
use crate::object::token::{Level, TokenObject};
use crate::processthreadsapi::thread as thread_of;
use crate::token;
use crate::types::{BOOL, HANDLE};

const TOKEN_DUPLICATE: u32 = 0x2;
const TOKEN_IMPERSONATE: u32 = 0x4;
const TOKEN_QUERY: u32 = 0x8;

/// `RevertToSelf`.
#[unsafe(no_mangle)]
pub extern "C" fn RevertToSelf() -> BOOL {
    succeeds(|| {
        token::revert();
        Ok(())
    })
}

/// `ImpersonateSelf`: a token of the thread's own, like the process's.
#[unsafe(no_mangle)]
pub extern "C" fn ImpersonateSelf(level: u32) -> BOOL {
    succeeds(|| {
        let own = TokenObject::of_process().duplicate(Some(Level::of(level)?))?;
        token::assume(Some(own))
    })
}

/// `ImpersonateLoggedOnUser`.
#[unsafe(no_mangle)]
pub extern "C" fn ImpersonateLoggedOnUser(handle: HANDLE) -> BOOL {
    succeeds(|| {
        let from = token::get(handle, TOKEN_QUERY)?;
        match from.level {
            None => {
                token::get(handle, TOKEN_DUPLICATE)?;
                token::assume(Some(from.duplicate(Some(Level::Impersonation))?))
            }
            Some(_) => {
                token::get(handle, TOKEN_IMPERSONATE)?;
                token::assume(Some(from))
            }
        }
    })
}

/// Only the calling thread: what another one is to the kernel is its own to say.
fn own_thread(handle: HANDLE) -> Result<()> {
    let own = thread_of(handle)?.id == thread::current().id;
    if own { Ok(()) } else { Err(ErrorKind::NotSupported.into()) }
}

/// `ImpersonateAnonymousToken`, for the calling thread.
#[unsafe(no_mangle)]
pub extern "C" fn ImpersonateAnonymousToken(handle: HANDLE) -> BOOL {
    succeeds(|| {
        own_thread(handle)?;
        token::assume(Some(TokenObject::anonymous(Level::Impersonation)))
    })
}

/// `SetThreadToken`, for the calling thread; a null token is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetThreadToken(place: *const HANDLE, handle: HANDLE) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        if let Some(handle) = unsafe { value(place) } {
            own_thread(*handle)?;
        }
        if handle.is_null() {
            token::revert();
            return Ok(());
        }
        let to = token::get(handle, TOKEN_IMPERSONATE)?;
        if to.level.is_none() {
            return Err(Failure::BAD_TOKEN_TYPE);
        }
        token::assume(Some(to))
    })
}
