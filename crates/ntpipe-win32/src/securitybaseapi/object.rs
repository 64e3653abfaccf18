//! The security of what a handle stands for. Only pipes have one that can be asked for.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;
use ntpipe_core::security::descriptor::{self, control};
use ntpipe_core::security::{Ace, Descriptor};

use crate::boundary::{out, put, succeeds};
use crate::failure::{Failure, Result};
use crate::handle;
use crate::object::{Object, TokenObject};
use crate::security::{
    self, DACL, GROUP, LABEL, OWNER, PSECURITY_DESCRIPTOR, SACL, fill, length, select,
};
use crate::types::{BOOL, DWORD, HANDLE, access};

const WRITE_DAC: u32 = 0x4_0000;
const WRITE_OWNER: u32 = 0x8_0000;
const ACCESS_SYSTEM_SECURITY: u32 = 0x100_0000;
const PROTECTED_DACL: u32 = 0x8000_0000;
const UNPROTECTED_DACL: u32 = 0x2000_0000;

fn pipe(handle: HANDLE, needed: u32) -> Result<std::sync::Arc<crate::object::PipeObject>> {
    handle::with(handle, |entry| match &entry.object {
        Object::Pipe(_) if entry.access & needed != needed => Err(ErrorKind::AccessDenied.into()),
        Object::Pipe(pipe) => Ok(pipe.clone()),
        _ => Err(ErrorKind::NotSupported.into()),
    })
}

/// What `asked` names of the security of a pipe, of any of its ends: what `NtQuerySecurityObject` does.
///
/// # Errors
/// `ERROR_ACCESS_DENIED` without `READ_CONTROL`, `ERROR_NOT_SUPPORTED` for what is no pipe.
pub fn query(handle: HANDLE, asked: u32) -> Result<Descriptor> {
    let sacl = if asked & SACL != 0 { ACCESS_SYSTEM_SECURITY } else { 0 };
    let read = if asked & (OWNER | GROUP | DACL | LABEL) != 0 { access::READ_CONTROL } else { 0 };
    let pipe = pipe(handle, sacl | read)?;
    Ok(select(pipe.pipe().descriptor()?, asked))
}

/// Changes what `asked` names of the security of a pipe, through any of its ends: what
/// `NtSetSecurityObject` does.
///
/// # Errors
/// `ERROR_ACCESS_DENIED` without the rights for that, or for another user's pipe.
pub fn change(handle: HANDLE, asked: u32, to: Descriptor) -> Result<()> {
    let right = |bits: u32, right| if asked & bits != 0 { right } else { 0 };
    let needed = right(OWNER | GROUP | LABEL, WRITE_OWNER)
        | right(DACL, WRITE_DAC)
        | right(SACL, ACCESS_SYSTEM_SECURITY);
    let pipe = pipe(handle, needed)?;
    merge(pipe.pipe().descriptor()?, asked, to)
        .and_then(|all| Ok(pipe.pipe().set_descriptor(all)?))
}

/// A descriptor with some of its parts replaced.
///
/// # Errors
/// `ERROR_INVALID_OWNER` for an owner that this process cannot name, `ERROR_INVALID_SECURITY_DESCR` for
/// none where one is to be set.
pub(crate) fn merge(all: Descriptor, asked: u32, to: Descriptor) -> Result<Descriptor> {
    let mut all = all;
    if asked & OWNER != 0 {
        let owner = to.owner.ok_or(Failure::INVALID_SECURITY_DESCR)?;
        if !TokenObject::of_process().may_name_owner(&owner) {
            return Err(Failure::INVALID_OWNER);
        }
        all.owner = Some(owner);
    }
    if asked & GROUP != 0 {
        all.group = Some(to.group.ok_or(Failure::INVALID_SECURITY_DESCR)?);
    }
    if asked & DACL != 0 {
        // None and a null one are the same to whoever sets it.
        all.dacl = Some(to.dacl.flatten());
        all.control |= to.control & control::DACL_PROTECTED;
    }
    if asked & SACL != 0 {
        all.sacl = Some(to.sacl.flatten());
    } else if asked & LABEL != 0 {
        // What is audited stays: to change it takes another right.
        let is_label = |ace: &Ace| ace.kind == descriptor::LABEL;
        let mut list = all.sacl.flatten().unwrap_or_default();
        list.retain(|ace| !is_label(ace));
        list.extend(to.sacl.flatten().unwrap_or_default().into_iter().filter(is_label));
        all.sacl = Some(Some(list));
    }
    if asked & PROTECTED_DACL != 0 {
        all.control |= control::DACL_PROTECTED;
    }
    if asked & UNPROTECTED_DACL != 0 {
        all.control &= !control::DACL_PROTECTED;
    }
    Ok(all)
}

/// The self-relative bytes of a descriptor.
///
/// # Errors
/// `ERROR_INVALID_SECURITY_DESCR` if it is longer than one can be.
pub fn bytes_of(it: &Descriptor) -> Result<Vec<u8>> {
    it.to_bytes().ok_or(Failure::INVALID_SECURITY_DESCR)
}

/// `GetKernelObjectSecurity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetKernelObjectSecurity(
    object: HANDLE,
    asked: DWORD,
    to: PSECURITY_DESCRIPTOR,
    size: DWORD,
    needed: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        let bytes = bytes_of(&query(object, asked)?)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(needed) }, length(&bytes));
        // SAFETY: null or valid for `size` bytes, by the caller's promise.
        unsafe { fill(to, size, &bytes) }
    })
}

/// `SetKernelObjectSecurity`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetKernelObjectSecurity(
    object: HANDLE,
    asked: DWORD,
    to: PSECURITY_DESCRIPTOR,
) -> BOOL {
    // SAFETY: null or valid, by the caller's promise.
    succeeds(|| change(object, asked, unsafe { security::descriptor(to) }?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_asked_for_and_set_without_what_is_audited() {
        let read = |text| Descriptor::parse(text).unwrap();
        let all = || read("D:(A;;GA;;;WD)S:(AU;SA;GR;;;WD)(ML;;NW;;;LW)");
        assert_eq!(select(all(), LABEL).text(), "S:(ML;;NW;;;LW)");
        assert_eq!(select(all(), SACL).text(), "S:(AU;SA;GR;;;WD)(ML;;NW;;;LW)");
        let set = |asked| merge(all(), asked, read("S:(AU;FA;GA;;;BA)(ML;;NR;;;HI)")).unwrap();
        assert_eq!(set(LABEL).text(), "D:(A;;GA;;;WD)S:(AU;SA;GR;;;WD)(ML;;NR;;;HI)");
        assert_eq!(set(SACL).text(), "D:(A;;GA;;;WD)S:(AU;FA;GA;;;BA)(ML;;NR;;;HI)");
    }
}
