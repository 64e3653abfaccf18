//! Who may do what with an object, and the parts of descriptors.
#![allow(unsafe_code)]

use ntpipe::Security;
use ntpipe_core::security::descriptor::acl_to_bytes;

use super::types::NTSTATUS;
use crate::boundary::{out, put, status};
use crate::failure::{Failure, Result};
use crate::security::{
    PACL, PSECURITY_DESCRIPTOR, PSID, Parts, allocate, descriptor, fill, length, parts,
};
use crate::securitybaseapi::descriptor::{DACL_DEFAULTED, GROUP_DEFAULTED, OWNER_DEFAULTED};
use crate::securitybaseapi::{bytes_of, change, query};
use crate::types::HANDLE;

/// `NtQuerySecurityObject`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQuerySecurityObject(
    handle: HANDLE,
    asked: u32,
    to: PSECURITY_DESCRIPTOR,
    size: u32,
    needed: *mut u32,
) -> NTSTATUS {
    status(|| {
        let bytes = bytes_of(&query(handle, asked)?)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(needed) }, length(&bytes));
        // SAFETY: null or valid for `size` bytes, by the caller's promise.
        unsafe { fill(to, size, &bytes) }.map(|()| 0)
    })
}

/// `NtSetSecurityObject`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetSecurityObject(
    handle: HANDLE,
    asked: u32,
    to: PSECURITY_DESCRIPTOR,
) -> NTSTATUS {
    status(|| {
        if to.is_null() {
            return Err(Failure::NO_ACCESS);
        }
        // SAFETY: a descriptor, by the caller's promise.
        change(handle, asked, unsafe { descriptor(to) }?).map(|()| 0)
    })
}

/// Tells an identifier of a descriptor; null if there is none.
///
/// # Safety
/// The places are null or valid, and `it` null or a descriptor.
unsafe fn tell_sid(
    it: PSECURITY_DESCRIPTOR,
    of: impl FnOnce(&Parts) -> (PSID, u16),
    sid: *mut PSID,
    defaulted: *mut u8,
) -> Result<u32> {
    // SAFETY: the caller's promise.
    let parts = unsafe { parts(it) }?;
    let (at, bit) = of(&parts);
    // SAFETY: the caller's promise, here and below.
    put(unsafe { out(sid) }, at);
    // SAFETY: as above.
    put(unsafe { out(defaulted) }, u8::from(parts.control & bit != 0));
    Ok(0)
}

/// `RtlGetOwnerSecurityDescriptor`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlGetOwnerSecurityDescriptor(
    it: PSECURITY_DESCRIPTOR,
    owner: *mut PSID,
    defaulted: *mut u8,
) -> NTSTATUS {
    let of = |parts: &Parts| (parts.owner, OWNER_DEFAULTED);
    // SAFETY: the caller's promise.
    status(|| unsafe { tell_sid(it, of, owner, defaulted) })
}

/// `RtlGetGroupSecurityDescriptor`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlGetGroupSecurityDescriptor(
    it: PSECURITY_DESCRIPTOR,
    group: *mut PSID,
    defaulted: *mut u8,
) -> NTSTATUS {
    let of = |parts: &Parts| (parts.group, GROUP_DEFAULTED);
    // SAFETY: the caller's promise.
    status(|| unsafe { tell_sid(it, of, group, defaulted) })
}

/// `RtlGetDaclSecurityDescriptor`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlGetDaclSecurityDescriptor(
    it: PSECURITY_DESCRIPTOR,
    present: *mut u8,
    list: *mut PACL,
    defaulted: *mut u8,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or a descriptor, by the caller's promise.
        let parts = unsafe { parts(it) }?;
        // SAFETY: null or valid, by the caller's promise, here and below.
        put(unsafe { out(present) }, u8::from(parts.has_dacl()));
        if parts.has_dacl() {
            // SAFETY: as above.
            put(unsafe { out(list) }, parts.dacl);
            // SAFETY: as above.
            put(unsafe { out(defaulted) }, u8::from(parts.control & DACL_DEFAULTED != 0));
        }
        Ok(0)
    })
}

/// `RtlDefaultNpAcl`: who may open a pipe unless its server says. A block that the program frees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn RtlDefaultNpAcl(list: *mut PACL) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = Some(unsafe { out(list) }.ok_or(Failure::NO_ACCESS)?);
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        let descriptor = Security::current_user().descriptor(uid.as_raw(), gid.as_raw());
        let aces = descriptor.dacl.flatten().unwrap_or_default();
        let bytes = acl_to_bytes(&aces).ok_or(Failure::INVALID_SECURITY_DESCR)?;
        put(place, allocate(&bytes)?);
        Ok(0)
    })
}
