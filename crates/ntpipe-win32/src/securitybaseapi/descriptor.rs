//! Security descriptors.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;
use ntpipe_core::security::descriptor::control;

use crate::boundary::{answer, out, put, succeeds, value};
use crate::failure::{Failure, Result};
use crate::security::{
    PACL, PSECURITY_DESCRIPTOR, PSID, Parts, SECURITY_DESCRIPTOR, descriptor, fill, length,
    part_bytes, parts, relative,
};
use crate::securitybaseapi::is_valid_acl;
use crate::types::{BOOL, DWORD};

pub(crate) const OWNER_DEFAULTED: u16 = 0x1;
pub(crate) const GROUP_DEFAULTED: u16 = 0x2;
pub(crate) const DACL_DEFAULTED: u16 = 0x8;
const SACL_DEFAULTED: u16 = 0x20;
/// The bits that `SetSecurityDescriptorControl` changes.
const SETTABLE: u16 = 0x3F00;

/// The parts of a descriptor, for functions that tell when its revision is none.
///
/// # Safety
/// As [`parts`].
unsafe fn known_parts(it: PSECURITY_DESCRIPTOR) -> Result<Parts> {
    // SAFETY: the caller's promise.
    unsafe { parts(it) }.map_err(|_| match it.is_null() {
        true => Failure::INVALID_SECURITY_DESCR,
        false => Failure::UNKNOWN_REVISION,
    })
}

/// `InitializeSecurityDescriptor`: absolute, without any part.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeSecurityDescriptor(
    made: PSECURITY_DESCRIPTOR,
    revision: DWORD,
) -> BOOL {
    succeeds(|| {
        if revision != 1 {
            return Err(Failure::UNKNOWN_REVISION);
        }
        let mut bytes = [0; size_of::<SECURITY_DESCRIPTOR>()];
        bytes[0] = 1;
        // SAFETY: null or valid for a descriptor, by the caller's promise.
        unsafe { fill(made, length(&bytes), &bytes) }
    })
}

/// `IsValidSecurityDescriptor`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsValidSecurityDescriptor(it: PSECURITY_DESCRIPTOR) -> BOOL {
    answer(0, || {
        // SAFETY: null or valid, by the caller's promise.
        let parts = unsafe { known_parts(it) }?;
        // SAFETY: as above.
        let [_, _, sacl, dacl] = unsafe { part_bytes(&parts) }?;
        let valid = [sacl, dacl].iter().all(|list| list.is_empty() || is_valid_acl(list));
        if valid { Ok(1) } else { Err(Failure::INVALID_ACL) }
    })
}

/// `GetSecurityDescriptorLength`; 0 for what is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSecurityDescriptorLength(it: PSECURITY_DESCRIPTOR) -> DWORD {
    answer(0, || {
        // SAFETY: null or valid, by the caller's promise.
        let parts = unsafe { parts(it) }?;
        // SAFETY: as above.
        let bytes = unsafe { part_bytes(&parts) }?;
        let head = if parts.is_relative() { 20 } else { 40 };
        Ok(bytes.iter().map(|part| length(part).next_multiple_of(4)).sum::<u32>() + head)
    })
}

/// `GetSecurityDescriptorControl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSecurityDescriptorControl(
    it: PSECURITY_DESCRIPTOR,
    word: *mut u16,
    revision: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let parts = unsafe { known_parts(it) }?;
        // SAFETY: as above.
        put(unsafe { out(word) }, parts.control);
        // SAFETY: as above.
        put(unsafe { out(revision) }, 1);
        Ok(())
    })
}

/// Tells a list, if there is one.
///
/// # Safety
/// The places are null or valid, and `it` null or a descriptor.
unsafe fn tell_list(
    it: PSECURITY_DESCRIPTOR,
    of: impl Fn(&Parts) -> (bool, PACL, u16),
    present: *mut BOOL,
    list: *mut PACL,
    defaulted: *mut BOOL,
) -> BOOL {
    succeeds(|| {
        // SAFETY: the caller's promise, here and below.
        let parts = unsafe { known_parts(it) }?;
        let (there, at, bit) = of(&parts);
        // SAFETY: as above.
        put(unsafe { out(present) }, i32::from(there));
        if there {
            // SAFETY: as above.
            put(unsafe { out(list) }, at);
            // SAFETY: as above.
            put(unsafe { out(defaulted) }, i32::from(parts.control & bit != 0));
        }
        Ok(())
    })
}

/// `GetSecurityDescriptorDacl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSecurityDescriptorDacl(
    it: PSECURITY_DESCRIPTOR,
    present: *mut BOOL,
    list: *mut PACL,
    defaulted: *mut BOOL,
) -> BOOL {
    let of = |parts: &Parts| (parts.has_dacl(), parts.dacl, DACL_DEFAULTED);
    // SAFETY: the caller's promise.
    unsafe { tell_list(it, of, present, list, defaulted) }
}

/// `GetSecurityDescriptorSacl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSecurityDescriptorSacl(
    it: PSECURITY_DESCRIPTOR,
    present: *mut BOOL,
    list: *mut PACL,
    defaulted: *mut BOOL,
) -> BOOL {
    let of = |parts: &Parts| (parts.has_sacl(), parts.sacl, SACL_DEFAULTED);
    // SAFETY: the caller's promise.
    unsafe { tell_list(it, of, present, list, defaulted) }
}

/// Tells an identifier; null if there is none.
///
/// # Safety
/// The places are null or valid, and `it` null or a descriptor.
unsafe fn tell_sid(
    it: PSECURITY_DESCRIPTOR,
    of: impl Fn(&Parts) -> (PSID, u16),
    sid: *mut PSID,
    defaulted: *mut BOOL,
) -> BOOL {
    succeeds(|| {
        // SAFETY: the caller's promise, here and below.
        let parts = unsafe { known_parts(it) }?;
        let (at, bit) = of(&parts);
        // SAFETY: as above.
        put(unsafe { out(sid) }, at);
        // SAFETY: as above.
        put(unsafe { out(defaulted) }, i32::from(parts.control & bit != 0));
        Ok(())
    })
}

/// `GetSecurityDescriptorOwner`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSecurityDescriptorOwner(
    it: PSECURITY_DESCRIPTOR,
    sid: *mut PSID,
    defaulted: *mut BOOL,
) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { tell_sid(it, |parts| (parts.owner, OWNER_DEFAULTED), sid, defaulted) }
}

/// `GetSecurityDescriptorGroup`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSecurityDescriptorGroup(
    it: PSECURITY_DESCRIPTOR,
    sid: *mut PSID,
    defaulted: *mut BOOL,
) -> BOOL {
    // SAFETY: the caller's promise.
    unsafe { tell_sid(it, |parts| (parts.group, GROUP_DEFAULTED), sid, defaulted) }
}

/// Changes an absolute descriptor.
///
/// # Safety
/// `it` is null or a descriptor that nobody else touches while the call lasts.
unsafe fn change(it: PSECURITY_DESCRIPTOR, change: impl FnOnce(&mut SECURITY_DESCRIPTOR)) -> BOOL {
    succeeds(|| {
        // SAFETY: the caller's promise.
        if unsafe { known_parts(it) }?.is_relative() {
            return Err(Failure::INVALID_SECURITY_DESCR);
        }
        let place = it.cast::<SECURITY_DESCRIPTOR>();
        // SAFETY: an absolute one, as was just seen; it need not be aligned.
        let mut changed = unsafe { place.read_unaligned() };
        change(&mut changed);
        // SAFETY: as above.
        unsafe { place.write_unaligned(changed) };
        Ok(())
    })
}

fn bits(word: u16, mask: u16, on: bool) -> u16 {
    if on { word | mask } else { word & !mask }
}

/// `SetSecurityDescriptorControl`, of a descriptor of either form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetSecurityDescriptorControl(
    it: PSECURITY_DESCRIPTOR,
    mask: u16,
    set: u16,
) -> BOOL {
    succeeds(|| {
        if mask & !SETTABLE != 0 || set & !mask != 0 {
            return Err(ErrorKind::InvalidParameter.into());
        }
        // SAFETY: the caller's promise.
        let control = unsafe { known_parts(it) }?.control & !mask | set;
        // SAFETY: a descriptor, as was just seen; both forms have the word there.
        put(unsafe { out(it.wrapping_byte_add(2).cast()) }, control.to_ne_bytes());
        Ok(())
    })
}

/// `SetSecurityDescriptorDacl`: a null one lets everybody in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetSecurityDescriptorDacl(
    it: PSECURITY_DESCRIPTOR,
    present: BOOL,
    list: PACL,
    defaulted: BOOL,
) -> BOOL {
    let set = |it: &mut SECURITY_DESCRIPTOR| {
        let there = present != 0;
        it.Dacl = if there { list } else { std::ptr::null_mut() };
        it.Control = bits(it.Control, control::DACL_PRESENT, there);
        it.Control = bits(it.Control, DACL_DEFAULTED, there && defaulted != 0);
    };
    // SAFETY: the caller's promise.
    unsafe { change(it, set) }
}

/// `SetSecurityDescriptorSacl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetSecurityDescriptorSacl(
    it: PSECURITY_DESCRIPTOR,
    present: BOOL,
    list: PACL,
    defaulted: BOOL,
) -> BOOL {
    let set = |it: &mut SECURITY_DESCRIPTOR| {
        let there = present != 0;
        it.Sacl = if there { list } else { std::ptr::null_mut() };
        it.Control = bits(it.Control, control::SACL_PRESENT, there);
        it.Control = bits(it.Control, SACL_DEFAULTED, there && defaulted != 0);
    };
    // SAFETY: the caller's promise.
    unsafe { change(it, set) }
}

/// `SetSecurityDescriptorOwner`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetSecurityDescriptorOwner(
    it: PSECURITY_DESCRIPTOR,
    sid: PSID,
    defaulted: BOOL,
) -> BOOL {
    let set = |it: &mut SECURITY_DESCRIPTOR| {
        it.Owner = sid;
        it.Control = bits(it.Control, OWNER_DEFAULTED, defaulted != 0);
    };
    // SAFETY: the caller's promise.
    unsafe { change(it, set) }
}

/// `SetSecurityDescriptorGroup`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetSecurityDescriptorGroup(
    it: PSECURITY_DESCRIPTOR,
    sid: PSID,
    defaulted: BOOL,
) -> BOOL {
    let set = |it: &mut SECURITY_DESCRIPTOR| {
        it.Group = sid;
        it.Control = bits(it.Control, GROUP_DEFAULTED, defaulted != 0);
    };
    // SAFETY: the caller's promise.
    unsafe { change(it, set) }
}

/// `MakeSelfRelativeSD`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MakeSelfRelativeSD(
    absolute: PSECURITY_DESCRIPTOR,
    made: PSECURITY_DESCRIPTOR,
    size: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let parts = unsafe { parts(absolute) }?;
        if parts.is_relative() {
            return Err(Failure::BAD_DESCRIPTOR_FORMAT);
        }
        // SAFETY: as above.
        let bytes = relative(parts.control, unsafe { part_bytes(&parts) }?)?;
        // SAFETY: as above.
        let room = *unsafe { value(size) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: as above.
        put(unsafe { out(size) }, length(&bytes));
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        unsafe { fill(made, room, &bytes) }
    })
}

/// `MakeAbsoluteSD`: every part in a place of its own. If one of them is too small, each is told how
/// large it has to be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn MakeAbsoluteSD(
    from: PSECURITY_DESCRIPTOR,
    made: PSECURITY_DESCRIPTOR,
    size: *mut DWORD,
    dacl: PACL,
    dacl_size: *mut DWORD,
    sacl: PACL,
    sacl_size: *mut DWORD,
    owner: PSID,
    owner_size: *mut DWORD,
    group: PSID,
    group_size: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let parts = unsafe { parts(from) }?;
        if !parts.is_relative() {
            return Err(Failure::BAD_DESCRIPTOR_FORMAT);
        }
        // SAFETY: as above.
        let [owner_part, group_part, sacl_part, dacl_part] = unsafe { part_bytes(&parts) }?;
        let at = |place: PSID, part: &[u8]| match part {
            [] => std::ptr::null_mut(),
            _ => place,
        };
        let absolute = SECURITY_DESCRIPTOR {
            Revision: 1,
            Sbz1: 0,
            Control: parts.control & !control::SELF_RELATIVE,
            Owner: at(owner, owner_part),
            Group: at(group, group_part),
            Sacl: at(sacl, sacl_part),
            Dacl: at(dacl, dacl_part),
        };
        let places = [
            (owner, owner_size, owner_part),
            (group, group_size, group_part),
            (sacl, sacl_size, sacl_part),
            (dacl, dacl_size, dacl_part),
        ];
        // SAFETY: as above.
        let mut fits = unsafe { ask_room(made, size, size_of::<SECURITY_DESCRIPTOR>()) };
        for (place, size, part) in places {
            // SAFETY: as above.
            fits &= unsafe { ask_room(place, size, part.len()) };
        }
        if !fits {
            return Err(ErrorKind::InsufficientBuffer.into());
        }
        for (place, _, part) in places {
            if !part.is_empty() {
                // SAFETY: valid for that many bytes, as `ask_room` was told.
                unsafe { fill(place, length(part), part) }?;
            }
        }
        // SAFETY: valid for a descriptor, as `ask_room` was told.
        unsafe { made.cast::<SECURITY_DESCRIPTOR>().write_unaligned(absolute) };
        Ok(())
    })
}

/// Whether a place has room for that many bytes; its size is what it needs from then on.
///
/// # Safety
/// `size` is null or valid.
unsafe fn ask_room(place: PSID, size: *mut DWORD, len: usize) -> bool {
    // SAFETY: the caller's promise.
    let room = unsafe { value(size) }.copied().unwrap_or(0);
    // SAFETY: as above.
    put(unsafe { out(size) }, u32::try_from(len).unwrap_or(u32::MAX));
    len == 0 || !place.is_null() && room as usize >= len
}

/// The descriptor of `SECURITY_ATTRIBUTES`, if one is given.
///
/// # Safety
/// `it` is null or a descriptor.
pub(crate) unsafe fn given(
    it: PSECURITY_DESCRIPTOR,
) -> Result<Option<ntpipe_core::security::Descriptor>> {
    if it.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { descriptor(it) }.map(Some)
}
