//! Whom an entry is about, by identifier or by name.
#![allow(unsafe_code)]

use std::ffi::c_void;

use ntpipe::ErrorKind;
use ntpipe_core::security::descriptor::{ALLOWED, DENIED};
use ntpipe_core::security::{Ace, Sid};

use super::{Change, DENY_ACCESS, GRANT_ACCESS, code};
use crate::account;
use crate::boundary::{out, put};
use crate::failure::{Failure, Result};
use crate::security::{PACL, PSID, acl, allocate, sid};
use crate::text;
use crate::token;
use crate::types::DWORD;

const IS_SID: u32 = 0;
const IS_NAME: u32 = 1;
/// The flags of inheritance that an entry has.
const INHERITANCE: u32 = 0xF;

/// `TRUSTEE_A` or `TRUSTEE_W`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TRUSTEE {
    /// Null.
    pub pMultipleTrustee: *mut c_void,
    /// 0.
    pub MultipleTrusteeOperation: u32,
    /// How it is told.
    pub TrusteeForm: u32,
    /// What it is; not looked at.
    pub TrusteeType: u32,
    /// Its name or its identifier.
    pub ptstrName: *mut c_void,
}

/// `EXPLICIT_ACCESS_A` or `EXPLICIT_ACCESS_W`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct EXPLICIT_ACCESS {
    /// The rights.
    pub grfAccessPermissions: DWORD,
    /// What becomes of them.
    pub grfAccessMode: u32,
    /// Who inherits them.
    pub grfInheritance: DWORD,
    /// Whom it is about.
    pub Trustee: TRUSTEE,
}

const _: () = assert!(size_of::<TRUSTEE>() == 32 && size_of::<EXPLICIT_ACCESS>() == 48);

/// Reads a name of the caller's.
pub(super) type ReadName = unsafe fn(*mut c_void) -> Option<String>;

/// # Safety
/// `name` is null or a string.
pub(super) unsafe fn ansi_name(name: *mut c_void) -> Option<String> {
    // SAFETY: the caller's promise.
    unsafe { text::ansi(name.cast()) }
}

/// # Safety
/// `name` is null or a string of units.
pub(super) unsafe fn wide_name(name: *mut c_void) -> Option<String> {
    // SAFETY: the caller's promise.
    unsafe { text::wide(name.cast()) }
}

/// The identifier behind a name.
fn named(name: &str) -> Result<Sid> {
    if name.eq_ignore_ascii_case("CURRENT_USER") {
        return Ok(token::effective().sid());
    }
    let found = account::by_name(name, &crate::sysinfoapi::host());
    found.map(|account| account.sid).ok_or(Failure::NONE_MAPPED)
}

/// What a list of the caller's asks for.
///
/// # Safety
/// `entries` points to `count` of them, whose trustees are as they say.
pub(super) unsafe fn changes(
    count: DWORD,
    entries: *const EXPLICIT_ACCESS,
    name: ReadName,
) -> Result<Vec<Change>> {
    if entries.is_null() && count != 0 {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let mut changes = Vec::new();
    for index in 0..count as usize {
        // SAFETY: one of the caller's, here and below.
        let place = unsafe { entries.add(index) };
        // SAFETY: as above.
        let entry = unsafe { place.read() };
        let whom = entry.Trustee.ptstrName;
        let sid = match entry.Trustee.TrusteeForm {
            // SAFETY: an identifier, by the caller's promise.
            IS_SID => unsafe { sid(whom) }?,
            // SAFETY: a name, by the caller's promise.
            IS_NAME => named(&unsafe { name(whom) }.ok_or(ErrorKind::InvalidParameter)?)?,
            _ => return Err(ErrorKind::InvalidParameter.into()),
        };
        changes.push(Change {
            mode: entry.grfAccessMode,
            mask: entry.grfAccessPermissions,
            flags: u8::try_from(entry.grfInheritance & INHERITANCE).unwrap_or(0),
            sid,
        });
    }
    Ok(changes)
}

fn trustee(form: u32, name: *mut c_void) -> TRUSTEE {
    TRUSTEE {
        pMultipleTrustee: std::ptr::null_mut(),
        MultipleTrusteeOperation: 0,
        TrusteeForm: form,
        TrusteeType: 0,
        ptstrName: name,
    }
}

/// `BuildTrusteeWithNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BuildTrusteeWithNameA(made: *mut TRUSTEE, name: *mut c_void) {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(made) }, trustee(IS_NAME, name));
}

/// `BuildTrusteeWithNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BuildTrusteeWithNameW(made: *mut TRUSTEE, name: *mut c_void) {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(made) }, trustee(IS_NAME, name));
}

/// `BuildTrusteeWithSidA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BuildTrusteeWithSidA(made: *mut TRUSTEE, sid: PSID) {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(made) }, trustee(IS_SID, sid));
}

/// `BuildTrusteeWithSidW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BuildTrusteeWithSidW(made: *mut TRUSTEE, sid: PSID) {
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(made) }, trustee(IS_SID, sid));
}

/// `BuildExplicitAccessWithNameA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BuildExplicitAccessWithNameA(
    made: *mut EXPLICIT_ACCESS,
    name: *mut c_void,
    mask: DWORD,
    mode: u32,
    inheritance: DWORD,
) {
    let entry = EXPLICIT_ACCESS {
        grfAccessPermissions: mask,
        grfAccessMode: mode,
        grfInheritance: inheritance,
        Trustee: trustee(IS_NAME, name),
    };
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(made) }, entry);
}

/// `BuildExplicitAccessWithNameW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn BuildExplicitAccessWithNameW(
    made: *mut EXPLICIT_ACCESS,
    name: *mut c_void,
    mask: DWORD,
    mode: u32,
    inheritance: DWORD,
) {
    // SAFETY: the caller's promise is the same.
    unsafe { BuildExplicitAccessWithNameA(made, name, mask, mode, inheritance) };
}

/// Entries of a list in one block: the array, then the identifiers that it points to.
///
/// # Safety
/// `from` is null or a list, and the places are null or valid.
unsafe fn explicit(from: PACL, count: *mut DWORD, made: *mut *mut EXPLICIT_ACCESS) -> Result<()> {
    // SAFETY: the caller's promise, here and below.
    let made = unsafe { out(made) }.ok_or(ErrorKind::InvalidParameter)?;
    // SAFETY: as above.
    let list = unsafe { acl(from) }?;
    let list: Vec<&Ace> = list.iter().filter(|ace| ace.kind <= DENIED).collect();
    let array = list.len() * size_of::<EXPLICIT_ACCESS>();
    let sids: Vec<u8> = list.iter().flat_map(|ace| ace.sid.to_bytes()).collect();
    let block = allocate(&[vec![0; array], sids].concat())?;
    let mut at = array;
    for (index, ace) in list.iter().enumerate() {
        let entry = EXPLICIT_ACCESS {
            grfAccessPermissions: ace.mask,
            grfAccessMode: if ace.kind == ALLOWED { GRANT_ACCESS } else { DENY_ACCESS },
            grfInheritance: u32::from(ace.flags) & INHERITANCE,
            Trustee: trustee(IS_SID, block.wrapping_byte_add(at)),
        };
        at += ace.sid.to_bytes().len();
        let place = block.cast::<EXPLICIT_ACCESS>().wrapping_add(index);
        // SAFETY: an entry of the array, for which the block has room.
        put(unsafe { out(place) }, entry);
    }
    // SAFETY: as above.
    put(unsafe { out(count) }, u32::try_from(list.len()).unwrap_or(0));
    made.write(block.cast());
    Ok(())
}

/// `GetExplicitEntriesFromAclA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetExplicitEntriesFromAclA(
    from: PACL,
    count: *mut DWORD,
    made: *mut *mut EXPLICIT_ACCESS,
) -> DWORD {
    // SAFETY: the caller's promise.
    code(|| unsafe { explicit(from, count, made) })
}

/// `GetExplicitEntriesFromAclW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetExplicitEntriesFromAclW(
    from: PACL,
    count: *mut DWORD,
    made: *mut *mut EXPLICIT_ACCESS,
) -> DWORD {
    // SAFETY: the caller's promise.
    code(|| unsafe { explicit(from, count, made) })
}
