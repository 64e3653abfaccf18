//! Access-control lists, changed in place.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ops::{Range, RangeInclusive};

use ntpipe::ErrorKind;
use ntpipe_core::security::descriptor::{ALLOWED, AUDIT, DENIED, LABEL};
use ntpipe_core::security::{Ace, Sid};

use crate::boundary::{bytes, bytes_mut, out, put, succeeds};
use crate::failure::{Failure, Result};
use crate::security::{PACL, PSID, acl_bytes, fill, length, sid};
use crate::types::{BOOL, DWORD};

/// `MIN_ACL_REVISION` to `MAX_ACL_REVISION`.
const REVISIONS: RangeInclusive<u8> = 2..=4;
const HEADER: usize = 8;
const ACE_HEADER: usize = 4;
/// Where the identifier of an entry begins.
const ACE_SID: usize = 8;
/// The flags of an entry that say who inherits it.
const INHERITANCE: u32 = 0x1F;

fn word(bytes: &[u8], at: usize) -> usize {
    u16::from_le_bytes([bytes[at], bytes[at + 1]]).into()
}

/// The places of the entries of a list, and where the free part begins; `None` if it is no list.
fn entries(acl: &[u8]) -> Option<(Vec<Range<usize>>, usize)> {
    if acl.len() < HEADER || !REVISIONS.contains(&acl[0]) {
        return None;
    }
    let mut at = HEADER;
    let mut found = Vec::new();
    for _ in 0..word(acl, 4) {
        let head = acl.get(at..at + ACE_HEADER)?;
        let size = word(head, 2);
        let end = at + size;
        if size < ACE_HEADER || !size.is_multiple_of(4) || end > acl.len() {
            return None;
        }
        found.push(at..end);
        at = end;
    }
    Some((found, at))
}

/// Whether it is a list whose entries of the kinds that pipes know are whole, with their identifiers.
pub(crate) fn is_valid(acl: &[u8]) -> bool {
    let whole = |at: &Range<usize>| {
        let known = [ALLOWED, DENIED, AUDIT, LABEL].contains(&acl[at.start]);
        let sid = acl[at.clone()].get(ACE_SID..);
        !known || sid.is_some_and(|sid| Sid::from_bytes(sid).is_some())
    };
    entries(acl).is_some_and(|(there, _)| there.iter().all(whole))
}

/// The bytes of a list, to change them.
///
/// # Safety
/// `acl` is null, or points to a list that nobody else touches while the call lasts.
unsafe fn changed<'a>(acl: PACL) -> Result<&'a mut [u8]> {
    // SAFETY: the caller's promise.
    let size = unsafe { acl_bytes(acl) }.map(length).ok_or(Failure::INVALID_ACL)?;
    // SAFETY: the list is as long as it says, by the caller's promise.
    Ok(unsafe { bytes_mut(acl.cast(), size) })
}

/// Puts entries before the one with this index, or at the end.
fn insert(acl: &mut [u8], revision: u8, index: usize, added: &[u8], full: Failure) -> Result<()> {
    let (there, end) = entries(acl).ok_or(Failure::INVALID_ACL)?;
    let at = there.get(index).map_or(end, |range| range.start);
    // What is added is walked as if it were a list of its own.
    let mut count = 0;
    let mut rest = added;
    while !rest.is_empty() {
        let size = rest.get(..ACE_HEADER).map_or(0, |head| word(head, 2));
        let fits = size >= ACE_HEADER && size <= rest.len();
        rest = if fits { &rest[size..] } else { return Err(ErrorKind::InvalidParameter.into()) };
        count += 1;
    }
    if end + added.len() > acl.len() {
        return Err(full);
    }
    acl.copy_within(at..end, at + added.len());
    acl[at..at + added.len()].copy_from_slice(added);
    let count = u16::try_from(there.len() + count).map_err(|_| Failure::INVALID_ACL)?;
    acl[4..6].copy_from_slice(&count.to_le_bytes());
    acl[0] = acl[0].max(revision);
    Ok(())
}

fn known(revision: u32) -> Option<u8> {
    u8::try_from(revision).ok().filter(|it| REVISIONS.contains(it))
}

/// `InitializeAcl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeAcl(acl: PACL, size: DWORD, revision: DWORD) -> BOOL {
    succeeds(|| {
        let revision = known(revision).ok_or(ErrorKind::InvalidParameter)?;
        let size = u16::try_from(size & !3).map_err(|_| ErrorKind::InvalidParameter)?;
        if usize::from(size) < HEADER {
            return Err(ErrorKind::InsufficientBuffer.into());
        }
        let [low, high] = size.to_le_bytes();
        // SAFETY: null or valid for `size` bytes, by the caller's promise.
        unsafe { fill(acl, size.into(), &[revision, 0, low, high, 0, 0, 0, 0]) }
    })
}

/// `IsValidAcl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsValidAcl(acl: PACL) -> BOOL {
    // SAFETY: null or valid, by the caller's promise.
    i32::from(unsafe { acl_bytes(acl) }.is_some_and(is_valid))
}

/// `GetAclInformation`: the revision, or how many entries and bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetAclInformation(
    acl: PACL,
    told: *mut c_void,
    size: DWORD,
    class: DWORD,
) -> BOOL {
    const REVISION: u32 = 1;
    const SIZE: u32 = 2;
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let acl = unsafe { acl_bytes(acl) }.ok_or(Failure::INVALID_ACL)?;
        let (there, end) = entries(acl).ok_or(Failure::INVALID_ACL)?;
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let words = match class {
            REVISION => vec![u32::from(acl[0])],
            SIZE => vec![number(there.len()), number(end), number(acl.len() - end)],
            _ => return Err(ErrorKind::InvalidParameter.into()),
        };
        let words: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        // SAFETY: null or valid for `size` bytes, by the caller's promise.
        unsafe { fill(told, size, &words) }
    })
}

/// Adds an entry at the end.
///
/// # Safety
/// `acl` and `whom` are null or valid.
unsafe fn add(acl: PACL, revision: DWORD, kind: u8, flags: DWORD, mask: DWORD, whom: PSID) -> BOOL {
    succeeds(|| {
        // SAFETY: the caller's promise.
        let sid = unsafe { sid(whom) }?;
        // One that is older than the list's changes nothing.
        let revision = u8::try_from(revision).ok().filter(|it| it <= REVISIONS.end());
        let revision = revision.ok_or(Failure::REVISION_MISMATCH)?;
        let flags = u8::try_from(flags & INHERITANCE).ok().filter(|it| u32::from(*it) == flags);
        let flags = flags.ok_or(ErrorKind::InvalidParameter)?;
        let ace = Ace { kind, flags, mask, sid }.to_bytes();
        // SAFETY: the caller's promise; the identifier was copied.
        let acl = unsafe { changed(acl) }?;
        insert(acl, revision, usize::MAX, &ace, Failure::ALLOTTED_SPACE_EXCEEDED)
    })
}

/// `AddAccessAllowedAce`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AddAccessAllowedAce(
    acl: PACL,
    revision: DWORD,
    mask: DWORD,
    whom: PSID,
) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { add(acl, revision, ALLOWED, 0, mask, whom) }
}

/// `AddAccessAllowedAceEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AddAccessAllowedAceEx(
    acl: PACL,
    revision: DWORD,
    flags: DWORD,
    mask: DWORD,
    whom: PSID,
) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { add(acl, revision, ALLOWED, flags, mask, whom) }
}

/// `AddAccessDeniedAce`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AddAccessDeniedAce(
    acl: PACL,
    revision: DWORD,
    mask: DWORD,
    whom: PSID,
) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { add(acl, revision, DENIED, 0, mask, whom) }
}

/// `AddAccessDeniedAceEx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AddAccessDeniedAceEx(
    acl: PACL,
    revision: DWORD,
    flags: DWORD,
    mask: DWORD,
    whom: PSID,
) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { add(acl, revision, DENIED, flags, mask, whom) }
}

/// `AddMandatoryAce`: a label, which pipes here keep and do not look at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AddMandatoryAce(
    acl: PACL,
    revision: DWORD,
    flags: DWORD,
    policy: DWORD,
    label: PSID,
) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { add(acl, revision, LABEL, flags, policy, label) }
}

/// `AddAce`: entries one after the other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AddAce(
    acl: PACL,
    revision: DWORD,
    index: DWORD,
    added: *const c_void,
    size: DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid for `size` bytes, by the caller's promise. Copied, for they may be of
        // the same list.
        let added = unsafe { bytes(added.cast(), size) }.to_vec();
        let revision = known(revision).ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: the caller's promise.
        let acl = unsafe { changed(acl) }?;
        insert(acl, revision, index as usize, &added, ErrorKind::InsufficientBuffer.into())
    })
}

/// `GetAce`: where an entry is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetAce(acl: PACL, index: DWORD, ace: *mut *mut c_void) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let (there, _) = unsafe { acl_bytes(acl) }.and_then(entries).ok_or(Failure::INVALID_ACL)?;
        let at = there.get(index as usize).ok_or(ErrorKind::InvalidParameter)?.start;
        // SAFETY: as above.
        put(unsafe { out(ace) }, acl.wrapping_byte_add(at));
        Ok(())
    })
}

/// `DeleteAce`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn DeleteAce(acl: PACL, index: DWORD) -> BOOL {
    succeeds(|| {
        // SAFETY: null or a list, by the caller's promise.
        let acl = unsafe { changed(acl) }?;
        let (there, end) = entries(acl).ok_or(Failure::INVALID_ACL)?;
        let gone = there.get(index as usize).ok_or(ErrorKind::InvalidParameter)?.clone();
        let count = u16::try_from(there.len() - 1).unwrap_or(0);
        acl.copy_within(gone.end..end, gone.start);
        acl[4..6].copy_from_slice(&count.to_le_bytes());
        Ok(())
    })
}
