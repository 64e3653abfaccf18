//! Security identifiers.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;
use ntpipe_core::security::Sid;

use crate::boundary::{answer, bytes, out, put, set_last_error, succeeds};
use crate::failure::{Failure, Result};
use crate::memory;
use crate::security::{PSID, allocate, fill, length, sid, sid_bytes};
use crate::types::{BOOL, DWORD};

const HEAD: u32 = 8;

/// `GetSidLengthRequired`.
#[unsafe(no_mangle)]
pub extern "C" fn GetSidLengthRequired(count: u8) -> DWORD {
    HEAD + 4 * u32::from(count)
}

/// `IsValidSid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsValidSid(one: PSID) -> BOOL {
    // SAFETY: null or valid, by the caller's promise.
    i32::from(unsafe { sid_bytes(one) }.is_some())
}

/// `EqualSid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EqualSid(one: PSID, other: PSID) -> BOOL {
    answer(0, || {
        // SAFETY: null or valid, by the caller's promise.
        let one = unsafe { sid(one) }?;
        // SAFETY: as above.
        let other = unsafe { sid(other) }?;
        //= observed: EqualSid: the last error tells two that differ from one that is none
        set_last_error(0);
        Ok(i32::from(one == other))
    })
}

/// `EqualPrefixSid`: equal but for the last part.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn EqualPrefixSid(one: PSID, other: PSID) -> BOOL {
    answer(0, || {
        // SAFETY: null or valid, by the caller's promise.
        let one = unsafe { sid(one) }?;
        // SAFETY: as above.
        let other = unsafe { sid(other) }?;
        let prefix = |sid: &Sid| sid.subs().split_last().map(|it| it.1.to_vec());
        Ok(i32::from(one.authority() == other.authority() && prefix(&one) == prefix(&other)))
    })
}

/// `GetLengthSid`; 0 for what is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetLengthSid(one: PSID) -> DWORD {
    // SAFETY: null or valid, by the caller's promise.
    answer(0, || unsafe { sid_bytes(one) }.map(length).ok_or(Failure::INVALID_SID))
}

/// `CopySid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CopySid(size: DWORD, to: PSID, from: PSID) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let from = unsafe { sid_bytes(from) }.ok_or(Failure::INVALID_SID)?;
        // SAFETY: null or valid for `size` bytes, by the caller's promise.
        unsafe { fill(to, size, from) }
    })
}

/// `InitializeSid`: its parts are zero until they are set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeSid(to: PSID, authority: *const [u8; 6], count: u8) -> BOOL {
    succeeds(|| {
        let no_parts: Vec<_> = std::iter::repeat_n(0, count.into()).collect();
        // SAFETY: null or valid, by the caller's promise.
        let made = unsafe { new(authority, &no_parts) }?.to_bytes();
        // SAFETY: valid for an identifier of that many parts, by the caller's promise.
        unsafe { fill(to, length(&made), &made) }
    })
}

/// # Safety
/// `authority` is null or valid.
unsafe fn new(authority: *const [u8; 6], subs: &[u32]) -> Result<Sid> {
    // SAFETY: null or valid, by the caller's promise.
    let authority = unsafe { bytes(authority.cast(), 6) };
    let &[a, b, c, d, e, f] = authority else { return Err(ErrorKind::InvalidParameter.into()) };
    let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    Sid::new(authority, subs).ok_or(ErrorKind::InvalidParameter.into())
}

/// `AllocateAndInitializeSid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AllocateAndInitializeSid(
    authority: *const [u8; 6],
    count: u8,
    sub0: DWORD,
    sub1: DWORD,
    sub2: DWORD,
    sub3: DWORD,
    sub4: DWORD,
    sub5: DWORD,
    sub6: DWORD,
    sub7: DWORD,
    made: *mut PSID,
) -> BOOL {
    succeeds(|| {
        let subs = [sub0, sub1, sub2, sub3, sub4, sub5, sub6, sub7];
        let subs = subs.get(..count.into()).ok_or(Failure::INVALID_SID)?;
        // SAFETY: null or valid, by the caller's promise.
        let sid = unsafe { new(authority, subs) }?;
        // SAFETY: as above.
        put(unsafe { out(made) }, allocate(&sid.to_bytes())?);
        Ok(())
    })
}

/// `FreeSid`: null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn FreeSid(sid: PSID) -> PSID {
    // SAFETY: null, or from `AllocateAndInitializeSid` and not freed, by the caller's promise.
    unsafe { memory::free(sid) };
    std::ptr::null_mut()
}

/// `GetSidIdentifierAuthority`: where its six bytes are.
#[unsafe(no_mangle)]
pub extern "C" fn GetSidIdentifierAuthority(sid: PSID) -> *mut [u8; 6] {
    sid.wrapping_byte_add(2).cast()
}

/// `GetSidSubAuthorityCount`: where it is.
#[unsafe(no_mangle)]
pub extern "C" fn GetSidSubAuthorityCount(sid: PSID) -> *mut u8 {
    sid.wrapping_byte_add(1).cast()
}

/// `GetSidSubAuthority`: where a part is.
#[unsafe(no_mangle)]
pub extern "C" fn GetSidSubAuthority(sid: PSID, index: DWORD) -> *mut DWORD {
    sid.wrapping_byte_add(8 + 4 * index as usize).cast()
}
