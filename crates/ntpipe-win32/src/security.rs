//! Identifiers, lists and descriptors in the caller's memory. What they mean is in `ntpipe-core`.
//!
//! Users and groups of Linux are `S-1-22-1-uid` and `S-1-22-2-gid`, in a token as in a list; root is
//! `S-1-22-1-0`, and `S-1-5-18` and `S-1-5-32-544` in a list mean him too.
#![allow(unsafe_code)]

use std::ffi::c_void;

use ntpipe_core::security::descriptor::{self, acl_from_bytes, control};
use ntpipe_core::security::{Ace, Descriptor, Sid};

use crate::boundary::bytes;
use crate::failure::{Failure, Result};
use crate::memory;
use crate::types::LPVOID;

/// An identifier in the caller's memory.
pub type PSID = *mut c_void;
/// A list in the caller's memory.
pub type PACL = *mut c_void;
/// A descriptor in the caller's memory, absolute or self-relative.
pub type PSECURITY_DESCRIPTOR = *mut c_void;

/// `OWNER_SECURITY_INFORMATION`.
pub const OWNER: u32 = 0x1;
/// `GROUP_SECURITY_INFORMATION`.
pub const GROUP: u32 = 0x2;
/// `DACL_SECURITY_INFORMATION`.
pub const DACL: u32 = 0x4;
/// `SACL_SECURITY_INFORMATION`.
pub const SACL: u32 = 0x8;
/// `LABEL_SECURITY_INFORMATION`.
pub const LABEL: u32 = 0x10;

/// `SECURITY_DESCRIPTOR`, the absolute form.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SECURITY_DESCRIPTOR {
    /// 1.
    pub Revision: u8,
    /// 0.
    pub Sbz1: u8,
    /// Which parts there are, and how they came to be.
    pub Control: u16,
    /// The owner, or null.
    pub Owner: PSID,
    /// The owner's group, or null.
    pub Group: PSID,
    /// What is audited, or null.
    pub Sacl: PACL,
    /// Who may do what, or null.
    pub Dacl: PACL,
}

const _: () = assert!(size_of::<SECURITY_DESCRIPTOR>() == 40);

/// Where the parts of a self-relative descriptor begin.
const RELATIVE_BYTES: usize = 20;

/// The bytes of an identifier, if it is one.
///
/// # Safety
/// `sid` is null, or points to an identifier that nobody writes while the call lasts.
#[must_use]
pub unsafe fn sid_bytes<'a>(sid: *const c_void) -> Option<&'a [u8]> {
    // SAFETY: null or valid for the eight bytes that each has, by the caller's promise.
    let head = unsafe { bytes(sid.cast(), 8) };
    let (&revision, &count) = (head.first()?, head.get(1)?);
    if revision != 1 || count > 15 {
        return None;
    }
    // SAFETY: valid for as long as it says, by the caller's promise.
    Some(unsafe { bytes(sid.cast(), 8 + 4 * u32::from(count)) })
}

/// An identifier of the caller's.
///
/// # Errors
/// `ERROR_INVALID_SID`.
///
/// # Safety
/// As [`sid_bytes`].
pub unsafe fn sid(sid: *const c_void) -> Result<Sid> {
    // SAFETY: the caller's promise.
    unsafe { sid_bytes(sid) }.and_then(Sid::from_bytes).ok_or(Failure::INVALID_SID)
}

/// The bytes of a list, as many as it says.
///
/// # Safety
/// `acl` is null, or points to a list that nobody writes while the call lasts.
#[must_use]
pub unsafe fn acl_bytes<'a>(acl: *const c_void) -> Option<&'a [u8]> {
    // SAFETY: null or valid for the eight bytes that each has, by the caller's promise.
    let head = unsafe { bytes(acl.cast(), 8) };
    let size = u16::from_le_bytes([*head.get(2)?, *head.get(3)?]);
    // SAFETY: valid for as long as it says, by the caller's promise.
    (size >= 8).then(|| unsafe { bytes(acl.cast(), size.into()) })
}

/// A list of the caller's.
///
/// # Errors
/// `ERROR_INVALID_ACL`, also for entries of a kind that pipes do not know.
///
/// # Safety
/// As [`acl_bytes`].
pub unsafe fn acl(acl: *const c_void) -> Result<Vec<Ace>> {
    // SAFETY: the caller's promise.
    unsafe { acl_bytes(acl) }.and_then(acl_from_bytes).ok_or(Failure::INVALID_ACL)
}

/// Where the parts of a descriptor are, of either form.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// The control word as it is.
    pub control: u16,
    /// The owner, or null.
    pub owner: PSID,
    /// The group, or null.
    pub group: PSID,
    /// The SACL, or null.
    pub sacl: PACL,
    /// The DACL, or null.
    pub dacl: PACL,
}

impl Parts {
    /// Whether it is self-relative.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        self.control & control::SELF_RELATIVE != 0
    }

    /// Whether it has a DACL, a null one as well.
    #[must_use]
    pub fn has_dacl(&self) -> bool {
        self.control & control::DACL_PRESENT != 0
    }

    /// Whether it has a SACL, a null one as well.
    #[must_use]
    pub fn has_sacl(&self) -> bool {
        self.control & control::SACL_PRESENT != 0
    }
}

/// The parts of a descriptor of the caller's.
///
/// # Errors
/// `ERROR_INVALID_SECURITY_DESCR`.
///
/// # Safety
/// `descriptor` is null, or points to a descriptor that nobody writes while the call lasts.
pub unsafe fn parts(descriptor: PSECURITY_DESCRIPTOR) -> Result<Parts> {
    // SAFETY: null or valid for the head that both forms have, by the caller's promise.
    let head = unsafe { bytes(descriptor.cast::<u8>(), 4) };
    let &[1, _, low, high] = head else { return Err(Failure::INVALID_SECURITY_DESCR) };
    let control = u16::from_le_bytes([low, high]);
    if control & control::SELF_RELATIVE == 0 {
        // SAFETY: an absolute one, by the caller's promise; it need not be aligned.
        let it = unsafe { descriptor.cast::<SECURITY_DESCRIPTOR>().read_unaligned() };
        let SECURITY_DESCRIPTOR { Owner, Group, Sacl, Dacl, .. } = it;
        return Ok(Parts { control, owner: Owner, group: Group, sacl: Sacl, dacl: Dacl });
    }
    // SAFETY: a self-relative one, by the caller's promise.
    let header = unsafe { bytes(descriptor.cast::<u8>(), 20) };
    let part = |at: usize| {
        let offset = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        match u32::from_le_bytes(offset) {
            0 => std::ptr::null_mut(),
            offset => descriptor.wrapping_byte_add(offset as usize),
        }
    };
    Ok(Parts { control, owner: part(4), group: part(8), sacl: part(12), dacl: part(16) })
}

/// A descriptor of the caller's.
///
/// # Errors
/// `ERROR_INVALID_SECURITY_DESCR`, `ERROR_INVALID_SID`, `ERROR_INVALID_ACL`.
///
/// # Safety
/// As [`parts`], and its parts are what they should be.
pub unsafe fn descriptor(descriptor: PSECURITY_DESCRIPTOR) -> Result<Descriptor> {
    // SAFETY: the caller's promise.
    let parts = unsafe { parts(descriptor) }?;
    let one = |at: PSID| match at.is_null() {
        true => Ok(None),
        // SAFETY: a part of the descriptor, by the caller's promise.
        false => unsafe { sid(at) }.map(Some),
    };
    let list = |present: bool, at: PACL| match at.is_null() {
        _ if !present => Ok(None),
        true => Ok(Some(None)),
        // SAFETY: as above.
        false => unsafe { acl(at) }.map(|list| Some(Some(list))),
    };
    let of_parts = control::SELF_RELATIVE | control::DACL_PRESENT | control::SACL_PRESENT;
    Ok(Descriptor {
        control: parts.control & !of_parts,
        owner: one(parts.owner)?,
        group: one(parts.group)?,
        sacl: list(parts.has_sacl(), parts.sacl)?,
        dacl: list(parts.has_dacl(), parts.dacl)?,
    })
}

/// The bytes of the parts of a descriptor, in the order owner, group, SACL, DACL; empty where there is
/// none.
///
/// # Errors
/// As [`descriptor()`], but entries are not looked at.
///
/// # Safety
/// As [`descriptor()`].
pub unsafe fn part_bytes<'a>(parts: &Parts) -> Result<[&'a [u8]; 4]> {
    let one = |at: PSID| match at.is_null() {
        true => Ok(&[][..]),
        // SAFETY: a part of the descriptor, by the caller's promise.
        false => unsafe { sid_bytes(at) }.ok_or(Failure::INVALID_SID),
    };
    let list = |present: bool, at: PACL| match at.is_null() || !present {
        true => Ok(&[][..]),
        // SAFETY: as above.
        false => unsafe { acl_bytes(at) }.ok_or(Failure::INVALID_ACL),
    };
    Ok([
        one(parts.owner)?,
        one(parts.group)?,
        list(parts.has_sacl(), parts.sacl)?,
        list(parts.has_dacl(), parts.dacl)?,
    ])
}

/// A self-relative descriptor of these parts.
///
/// # Errors
/// `ERROR_INVALID_SECURITY_DESCR` if it is too long.
pub fn relative(control: u16, parts: [&[u8]; 4]) -> Result<Vec<u8>> {
    let mut made = vec![1, 0];
    made.extend((control | control::SELF_RELATIVE).to_le_bytes());
    made.resize(RELATIVE_BYTES, 0);
    for (index, part) in parts.into_iter().enumerate() {
        if !part.is_empty() {
            let offset = u32::try_from(made.len()).map_err(|_| Failure::INVALID_SECURITY_DESCR)?;
            made[4 + 4 * index..8 + 4 * index].copy_from_slice(&offset.to_le_bytes());
            made.extend(part);
            made.resize(made.len().next_multiple_of(4), 0);
        }
    }
    Ok(made)
}

/// Bytes in a block of their own, which the program frees by `LocalFree`.
///
/// # Errors
/// `ERROR_NOT_ENOUGH_MEMORY`.
pub fn allocate(from: &[u8]) -> Result<LPVOID> {
    let block = memory::allocate(from.len(), false);
    if block.is_null() {
        return Err(ntpipe::ErrorKind::NotEnoughMemory.into());
    }
    // SAFETY: the block is new, not null, and as long as `from`.
    unsafe { block.cast::<u8>().copy_from_nonoverlapping(from.as_ptr(), from.len()) };
    Ok(block)
}

/// The same for units of a text, with its zero.
///
/// # Errors
/// `ERROR_NOT_ENOUGH_MEMORY`.
pub fn allocate_wide(text: &str) -> Result<*mut u16> {
    let units = crate::text::to_wide(text);
    let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_ne_bytes()).collect();
    allocate(&bytes).map(LPVOID::cast)
}

/// The same for the bytes of a text, with its zero.
///
/// # Errors
/// `ERROR_NOT_ENOUGH_MEMORY`.
pub fn allocate_ansi(text: &str) -> Result<*mut std::ffi::c_char> {
    let bytes: Vec<u8> = text.bytes().chain([0]).collect();
    allocate(&bytes).map(LPVOID::cast)
}

/// Copies bytes into a place of the caller's, which has room for `size`.
///
/// # Errors
/// `ERROR_INSUFFICIENT_BUFFER`.
///
/// # Safety
/// `to` is null or valid for writes of `size` bytes.
pub unsafe fn fill(to: *mut c_void, size: u32, from: &[u8]) -> Result<()> {
    if to.is_null() || from.len() > size as usize {
        return Err(ntpipe::ErrorKind::InsufficientBuffer.into());
    }
    // SAFETY: not null, and no longer than the caller promises; what is ours does not overlap it.
    unsafe { to.cast::<u8>().copy_from(from.as_ptr(), from.len()) };
    Ok(())
}

/// A length as functions tell it.
#[must_use]
pub fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Of a descriptor what `SECURITY_INFORMATION` asks for. The label is an entry of the SACL, of which no
/// more is told to who asks for it alone: that takes less of a right.
#[must_use]
pub fn select(descriptor: Descriptor, asked: u32) -> Descriptor {
    let Descriptor { control, owner, group, sacl, dacl } = descriptor;
    let told = |ace: &Ace| asked & SACL != 0 || ace.kind == descriptor::LABEL;
    let sacl = sacl.map(|list| list.map(|list| list.into_iter().filter(told).collect()));
    Descriptor {
        control,
        owner: owner.filter(|_| asked & OWNER != 0),
        group: group.filter(|_| asked & GROUP != 0),
        sacl: sacl.filter(|_| asked & (SACL | LABEL) != 0),
        dacl: dacl.filter(|_| asked & DACL != 0),
    }
}
