//! Whether a descriptor lets somebody do something.
#![allow(unsafe_code)]

use std::ffi::c_void;

use ntpipe::ErrorKind;
use ntpipe_core::security::Descriptor;
use ntpipe_core::security::descriptor::{ALLOWED, DENIED, INHERIT_ONLY};

use crate::boundary::{out, put, set_last_error, succeeds, value};
use crate::failure::{Failure, Result};
use crate::object::TokenObject;
use crate::object::token::Level;
use crate::security::{PSECURITY_DESCRIPTOR, descriptor, fill};
use crate::token;
use crate::types::{BOOL, DWORD, HANDLE, access};

const TOKEN_QUERY: u32 = 0x8;
const WRITE_DAC: u32 = 0x4_0000;

/// `GENERIC_MAPPING`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GENERIC_MAPPING {
    /// What reading takes.
    pub GenericRead: DWORD,
    /// What writing takes.
    pub GenericWrite: DWORD,
    /// What executing takes.
    pub GenericExecute: DWORD,
    /// All there is.
    pub GenericAll: DWORD,
}

impl GENERIC_MAPPING {
    fn apply(&self, mask: u32) -> u32 {
        let generic = [
            (access::GENERIC_READ, self.GenericRead),
            (access::GENERIC_WRITE, self.GenericWrite),
            (access::GENERIC_EXECUTE, self.GenericExecute),
            (access::GENERIC_ALL, self.GenericAll),
        ];
        let meant = generic.iter().filter(|(bit, _)| mask & bit != 0);
        meant.fold(mask & 0x0FFF_FFFF, |all, (_, meant)| all | meant)
    }
}

/// `MapGenericMask`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MapGenericMask(mask: *mut DWORD, mapping: *const GENERIC_MAPPING) {
    // SAFETY: null or valid, by the caller's promise, here and below.
    let (Some(&from), Some(mapping)) = (unsafe { value(mask) }, unsafe { value(mapping) }) else {
        return;
    };
    // SAFETY: as above.
    put(unsafe { out(mask) }, mapping.apply(from));
}

/// Which of the rights in `asked` the token has; `None` if it lacks one of them.
fn granted(
    descriptor: &Descriptor,
    token: &TokenObject,
    asked: u32,
    mapping: &GENERIC_MAPPING,
) -> Option<u32> {
    /// The owner, in an entry about his rights.
    const OWNER_RIGHTS: &str = "OW";
    let most = asked & access::MAXIMUM_ALLOWED != 0;
    let asked = asked & !access::MAXIMUM_ALLOWED;
    let Some(Some(list)) = &descriptor.dacl else {
        return Some(if most { mapping.GenericAll | asked } else { asked });
    };
    let is_owner = descriptor.owner.as_ref().is_some_and(|owner| token.is(owner));
    let limits_owner = list.iter().any(|ace| ace.sid.letters() == Some(OWNER_RIGHTS));
    let mut allowed = if is_owner && !limits_owner { access::READ_CONTROL | WRITE_DAC } else { 0 };
    let mut denied = 0;
    for ace in list.iter().filter(|ace| ace.flags & INHERIT_ONLY == 0) {
        let about = token.is(&ace.sid) || is_owner && ace.sid.letters() == Some(OWNER_RIGHTS);
        let mask = mapping.apply(ace.mask);
        match ace.kind {
            ALLOWED if about => allowed |= mask & !denied,
            DENIED if about => denied |= mask & !allowed,
            _ => {}
        }
    }
    let lacks = asked & !allowed != 0 || most && allowed == 0;
    if lacks { None } else { Some(if most { allowed } else { asked }) }
}

/// `AccessCheck`. No privilege counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AccessCheck(
    it: PSECURITY_DESCRIPTOR,
    client: HANDLE,
    asked: DWORD,
    mapping: *const GENERIC_MAPPING,
    privileges: *mut c_void,
    privileges_size: *mut DWORD,
    rights: *mut DWORD,
    status: *mut BOOL,
) -> BOOL {
    /// The bytes of a `PRIVILEGE_SET` with room for one.
    const SET: u32 = 20;
    succeeds(|| {
        let token = to_impersonate(client)?;
        // SAFETY: null or valid, by the caller's promise, here and below.
        let mapping = unsafe { value(mapping) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: as above.
        let descriptor = unsafe { descriptor(it) }?;
        if asked & 0xF000_0000 != 0 {
            return Err(Failure::GENERIC_NOT_MAPPED);
        }
        if descriptor.owner.is_none() || descriptor.group.is_none() {
            return Err(Failure::INVALID_SECURITY_DESCR);
        }
        // SAFETY: as above.
        let room = unsafe { value(privileges_size) }.copied().unwrap_or(0);
        if room < SET || privileges.is_null() {
            // SAFETY: as above.
            put(unsafe { out(privileges_size) }, SET);
            return Err(ErrorKind::InsufficientBuffer.into());
        }
        // SAFETY: valid for `room` bytes, by the caller's promise.
        unsafe { fill(privileges, room, &[0; SET as usize]) }?;
        let granted = granted(&descriptor, &token, asked, mapping);
        // SAFETY: as above.
        put(unsafe { out(rights) }, granted.unwrap_or(0));
        // SAFETY: as above.
        put(unsafe { out(status) }, i32::from(granted.is_some()));
        if granted.is_none() {
            set_last_error(Failure::from(ErrorKind::AccessDenied).win32);
        }
        Ok(())
    })
}

/// The token of a call that wants one to impersonate with.
pub(super) fn to_impersonate(handle: HANDLE) -> Result<std::sync::Arc<TokenObject>> {
    let token = token::get(handle, TOKEN_QUERY)?;
    match token.level {
        None => Err(Failure::NO_IMPERSONATION_TOKEN),
        Some(Level::Anonymous) => Err(Failure::BAD_IMPERSONATION_LEVEL),
        Some(_) => Ok(token),
    }
}
