//! Tokens.
#![allow(unsafe_code)]

mod told;

use std::ffi::c_void;
use std::sync::Arc;

use ntpipe::ErrorKind;

use crate::boundary::{bytes, out, put, set_last_error, succeeds, value};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::token::{Adjust, Level};
use crate::object::{Object, TokenObject};
use crate::privilege::Privilege;
use crate::security::{PSID, fill, length, sid};
use crate::securitybaseapi::check::to_impersonate;
use crate::token;
use crate::types::{BOOL, DWORD, HANDLE, SECURITY_ATTRIBUTES, access};

const TOKEN_DUPLICATE: u32 = 0x2;
const TOKEN_QUERY: u32 = 0x8;
const TOKEN_QUERY_SOURCE: u32 = 0x10;
const TOKEN_ADJUST_PRIVILEGES: u32 = 0x20;
const TOKEN_ALL_ACCESS: u32 = 0xF_01FF;
/// `TokenPrimary`.
const PRIMARY: u32 = 1;
/// `TokenImpersonation`.
const IMPERSONATION: u32 = 2;
/// The bytes of a `LUID_AND_ATTRIBUTES`.
const LUID_BYTES: u32 = 12;

/// The mask with the generic bits replaced by what they mean for a token.
pub(crate) fn specific(mask: u32) -> u32 {
    let generic = [
        (access::GENERIC_READ, 0x2_0008),
        (access::GENERIC_WRITE, 0x2_00E0),
        (access::GENERIC_EXECUTE, 0x2_0000),
        (access::GENERIC_ALL | access::MAXIMUM_ALLOWED, TOKEN_ALL_ACCESS),
    ];
    let named = mask & TOKEN_ALL_ACCESS;
    generic.iter().fold(named, |all, (bit, meant)| if mask & bit != 0 { all | meant } else { all })
}

/// A new handle for a token.
pub(crate) fn opened(token: Arc<TokenObject>, access: u32) -> Result<HANDLE> {
    handle::insert(Entry::new(Object::Token(token), access))
}

/// `GetTokenInformation`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetTokenInformation(
    handle: HANDLE,
    class: u32,
    to: *mut c_void,
    size: DWORD,
    needed: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        let right = if class == told::SOURCE { TOKEN_QUERY_SOURCE } else { TOKEN_QUERY };
        let told = told::tell(&*token::get(handle, right)?, class, to.addr())?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(needed) }, length(&told));
        // SAFETY: null or valid for `size` bytes, by the caller's promise.
        unsafe { fill(to, size, &told) }
    })
}

/// `SetTokenInformation`: nothing of what it sets has a meaning here.
#[unsafe(no_mangle)]
pub extern "C" fn SetTokenInformation(
    handle: HANDLE,
    _class: u32,
    _from: *const c_void,
    _size: DWORD,
) -> BOOL {
    succeeds(|| token::get(handle, 0).and(Err(ErrorKind::NotSupported.into())))
}

/// The privileges in `bytes`, each with a number and attributes.
fn privileges(bytes: &[u8]) -> Vec<Privilege> {
    let word =
        |it: &[u8], at: usize| u32::from_ne_bytes([it[at], it[at + 1], it[at + 2], it[at + 3]]);
    let one = |it: &[u8]| match word(it, 4) {
        0 => Privilege { number: word(it, 0), attributes: word(it, 8) },
        // No privilege has a number that large.
        _ => Privilege { number: 0, attributes: 0 },
    };
    bytes.chunks_exact(LUID_BYTES as usize).map(one).collect()
}

/// `AdjustTokenPrivileges`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AdjustTokenPrivileges(
    handle: HANDLE,
    disable_all: BOOL,
    wished: *const c_void,
    size: DWORD,
    before: *mut c_void,
    needed: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        let right = if before.is_null() { 0 } else { TOKEN_QUERY };
        let token = token::get(handle, TOKEN_ADJUST_PRIVILEGES | right)?;
        let wished = if disable_all == 0 {
            // SAFETY: null or valid, by the caller's promise.
            let count =
                *unsafe { value(wished.cast::<u32>()) }.ok_or(ErrorKind::InvalidParameter)?;
            let len = count.checked_mul(LUID_BYTES).ok_or(ErrorKind::InvalidParameter)?;
            // SAFETY: that many follow the count, by the caller's promise.
            Some(privileges(unsafe { bytes(wished.wrapping_byte_add(4).cast(), len) }))
        } else {
            None
        };
        let adjust = wished.as_deref().map_or(Adjust::DisableAll, Adjust::Set);
        if !before.is_null() {
            // At most as many change as are named, or as there are.
            let most = wished.as_ref().map_or(token.privileges().len(), Vec::len);
            let most = 4 + LUID_BYTES * u32::try_from(most).unwrap_or(0);
            // SAFETY: null or valid, by the caller's promise.
            put(unsafe { out(needed) }, most);
            if size < most {
                return Err(ErrorKind::InsufficientBuffer.into());
            }
        }
        let (changed, all) = token.adjust(adjust);
        token::changed(&token);
        if !before.is_null() {
            let told = told::privileges(&changed);
            // SAFETY: as above.
            put(unsafe { out(needed) }, length(&told));
            // SAFETY: null or valid for `size` bytes, by the caller's promise.
            unsafe { fill(before, size, &told) }?;
        }
        //= learn: AdjustTokenPrivileges: succeeds, and the last error tells whether all were there
        set_last_error(if all { 0 } else { Failure::NOT_ALL_ASSIGNED.win32 });
        Ok(())
    })
}

/// `DuplicateToken`: to impersonate with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DuplicateToken(handle: HANDLE, level: u32, made: *mut HANDLE) -> BOOL {
    succeeds(|| {
        let copy = token::get(handle, TOKEN_DUPLICATE)?.duplicate(Some(Level::of(level)?))?;
        // SAFETY: null or valid, by the caller's promise.
        let made = unsafe { out(made) }.ok_or(ErrorKind::InvalidParameter)?;
        //= learn: DuplicateToken: TOKEN_IMPERSONATE and TOKEN_QUERY
        made.write(opened(copy, 0x4 | TOKEN_QUERY)?);
        Ok(())
    })
}

/// `DuplicateTokenEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DuplicateTokenEx(
    handle: HANDLE,
    access: DWORD,
    security: *const SECURITY_ATTRIBUTES,
    level: u32,
    kind: u32,
    made: *mut HANDLE,
) -> BOOL {
    succeeds(|| {
        let level = match kind {
            PRIMARY => None,
            IMPERSONATION => Some(Level::of(level)?),
            _ => return Err(ErrorKind::InvalidParameter.into()),
        };
        let copy = token::get(handle, TOKEN_DUPLICATE)?.duplicate(level)?;
        let granted = match access {
            // As the handle that it is a copy of; a pseudo-handle has no mask to be asked for.
            0 => handle::get(handle).map_or(TOKEN_QUERY, |entry| entry.access),
            access => specific(access),
        };
        // SAFETY: null or valid, by the caller's promise.
        let inherit = unsafe { value(security) }.is_some_and(|it| it.bInheritHandle != 0);
        // SAFETY: as above.
        let made = unsafe { out(made) }.ok_or(ErrorKind::InvalidParameter)?;
        let entry = Entry::new(Object::Token(copy), granted).inherited(inherit);
        made.write(handle::insert(entry)?);
        Ok(())
    })
}

/// The token of a call that wants one to impersonate with; null is the calling thread's or process's.
fn to_check(handle: HANDLE) -> Result<Arc<TokenObject>> {
    if handle.is_null() { Ok(token::effective()) } else { to_impersonate(handle) }
}

/// `CheckTokenMembership`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CheckTokenMembership(
    handle: HANDLE,
    whom: PSID,
    member: *mut BOOL,
) -> BOOL {
    succeeds(|| {
        let token = to_check(handle)?;
        // SAFETY: null or valid, by the caller's promise.
        let is = token.is(&unsafe { sid(whom) }?);
        // SAFETY: as above.
        put(unsafe { out(member) }, i32::from(is));
        Ok(())
    })
}

/// `PrivilegeCheck`: whether all, or any, of a set are enabled; those are marked as used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PrivilegeCheck(
    handle: HANDLE,
    set: *mut c_void,
    result: *mut BOOL,
) -> BOOL {
    const ALL_NECESSARY: u32 = 1;
    const USED: u32 = 0x8000_0000;
    succeeds(|| {
        // Of a process as well, unlike membership.
        let token = token::get(handle, TOKEN_QUERY)?;
        if token.level == Some(Level::Anonymous) {
            return Err(Failure::BAD_IMPERSONATION_LEVEL);
        }
        let held = token.privileges();
        // SAFETY: null or valid, by the caller's promise.
        let [count, control] =
            *unsafe { value(set.cast::<[u32; 2]>()) }.ok_or(ErrorKind::InvalidParameter)?;
        let len = count.checked_mul(LUID_BYTES).ok_or(ErrorKind::InvalidParameter)?;
        let first = set.wrapping_byte_add(8).cast::<u8>();
        // SAFETY: that many follow the head, by the caller's promise.
        let asked = privileges(unsafe { bytes(first, len) });
        let on = |asked: &Privilege| {
            held.iter().any(|it| it.number == asked.number && it.attributes & 2 != 0)
        };
        for (index, asked) in asked.iter().enumerate().filter(|(_, asked)| on(asked)) {
            let place = first.wrapping_add(12 * index + 8).cast::<[u8; 4]>();
            // SAFETY: the attributes of an entry that was just read.
            put(unsafe { out(place) }, (asked.attributes | USED).to_ne_bytes());
        }
        let all = control & ALL_NECESSARY != 0;
        let granted = if all { asked.iter().all(on) } else { asked.iter().any(on) };
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(result) }, i32::from(granted));
        Ok(())
    })
}
