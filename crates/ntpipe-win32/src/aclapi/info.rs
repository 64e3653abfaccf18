//! The security of a pipe, by a handle or by its name.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;
use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::{Namespace, Policy};
use ntpipe_core::security::Descriptor;

use super::code;
use crate::boundary::{out, put};
use crate::failure::Result;
use crate::path::Target;
use crate::security::{
    DACL, GROUP, LABEL, OWNER, PACL, PSECURITY_DESCRIPTOR, PSID, SACL, acl, allocate, parts,
    select, sid,
};
use crate::securitybaseapi::object::{bytes_of, change, merge, query};
use crate::text;
use crate::types::{DWORD, HANDLE, LPCSTR, LPCWSTR};

/// Where the parts of a descriptor are to be told.
#[derive(Clone, Copy)]
struct Places {
    owner: *mut PSID,
    group: *mut PSID,
    dacl: *mut PACL,
    sacl: *mut PACL,
    whole: *mut PSECURITY_DESCRIPTOR,
}

/// Tells a descriptor in a block of its own, and its parts in it. Who does not want the whole has no way
/// to free the block, here as on Windows.
///
/// # Safety
/// The places are null or valid.
unsafe fn tell(it: &Descriptor, asked: u32, places: Places) -> Result<()> {
    let lost = |bits: u32, untold: bool| asked & bits != 0 && untold;
    let untold = lost(OWNER, places.owner.is_null())
        || lost(GROUP, places.group.is_null())
        || lost(DACL, places.dacl.is_null())
        || lost(SACL | LABEL, places.sacl.is_null());
    if places.whole.is_null() && untold {
        return Err(ErrorKind::InvalidParameter.into());
    }
    let block = allocate(&bytes_of(it)?)?;
    // SAFETY: the block holds a descriptor.
    let parts = unsafe { parts(block) }?;
    // SAFETY: the caller's promise, here and below.
    put(unsafe { out(places.owner) }, parts.owner);
    // SAFETY: as above.
    put(unsafe { out(places.group) }, parts.group);
    // SAFETY: as above.
    put(unsafe { out(places.dacl) }, parts.dacl);
    // SAFETY: as above.
    put(unsafe { out(places.sacl) }, parts.sacl);
    // SAFETY: as above.
    put(unsafe { out(places.whole) }, block);
    Ok(())
}

/// A descriptor of those parts that are named.
///
/// # Safety
/// The parts that are named are null or what they should be.
unsafe fn given(
    asked: u32,
    owner: PSID,
    group: PSID,
    dacl: PACL,
    sacl: PACL,
) -> Result<Descriptor> {
    let one = |bit, at: PSID| match asked & bit {
        0 => Ok(None),
        // SAFETY: the caller's promise.
        _ => unsafe { sid(at) }.map(Some),
    };
    let list = |bits, at: PACL| match asked & bits {
        0 => Ok(None),
        _ if at.is_null() => Ok(Some(None)),
        // SAFETY: the caller's promise.
        _ => unsafe { acl(at) }.map(|list| Some(Some(list))),
    };
    Ok(Descriptor {
        control: 0,
        owner: one(OWNER, owner)?,
        group: one(GROUP, group)?,
        sacl: list(SACL | LABEL, sacl)?,
        dacl: list(DACL, dacl)?,
    })
}

/// `GetSecurityInfo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetSecurityInfo(
    object: HANDLE,
    _kind: u32,
    asked: DWORD,
    owner: *mut PSID,
    group: *mut PSID,
    dacl: *mut PACL,
    sacl: *mut PACL,
    whole: *mut PSECURITY_DESCRIPTOR,
) -> DWORD {
    let places = Places { owner, group, dacl, sacl, whole };
    // SAFETY: null or valid, by the caller's promise.
    code(|| unsafe { tell(&query(object, asked)?, asked, places) })
}

/// `SetSecurityInfo`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetSecurityInfo(
    object: HANDLE,
    _kind: u32,
    asked: DWORD,
    owner: PSID,
    group: PSID,
    dacl: PACL,
    sacl: PACL,
) -> DWORD {
    // SAFETY: null or valid, by the caller's promise.
    code(|| change(object, asked, unsafe { given(asked, owner, group, dacl, sacl) }?))
}

/// The pipe of this name; files are protected by other means here.
fn pipe(name: Option<String>) -> Result<PipeName> {
    match Target::of(&name.ok_or(ErrorKind::InvalidParameter)?) {
        Target::Pipe(name) => Ok(name.parse()?),
        _ => Err(ErrorKind::NotSupported.into()),
    }
}

fn query_named(name: Option<String>, asked: u32) -> Result<Descriptor> {
    Ok(select(Namespace::from_env()?.descriptor(&pipe(name)?, None)?, asked))
}

fn change_named(name: Option<String>, asked: u32, to: Descriptor) -> Result<()> {
    let (namespace, name) = (Namespace::from_env()?, pipe(name)?);
    let all = merge(namespace.descriptor(&name, None)?, asked, to)?;
    Ok(namespace.set_policy(&name, None, Policy::of(all)?)?)
}

/// `GetNamedSecurityInfoA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedSecurityInfoA(
    name: LPCSTR,
    _kind: u32,
    asked: DWORD,
    owner: *mut PSID,
    group: *mut PSID,
    dacl: *mut PACL,
    sacl: *mut PACL,
    whole: *mut PSECURITY_DESCRIPTOR,
) -> DWORD {
    code(|| {
        // SAFETY: null or a string, by the caller's promise.
        let found = query_named(unsafe { text::ansi(name) }, asked)?;
        // SAFETY: null or valid, by the caller's promise.
        unsafe { tell(&found, asked, Places { owner, group, dacl, sacl, whole }) }
    })
}

/// `GetNamedSecurityInfoW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn GetNamedSecurityInfoW(
    name: LPCWSTR,
    _kind: u32,
    asked: DWORD,
    owner: *mut PSID,
    group: *mut PSID,
    dacl: *mut PACL,
    sacl: *mut PACL,
    whole: *mut PSECURITY_DESCRIPTOR,
) -> DWORD {
    code(|| {
        // SAFETY: null or a string, by the caller's promise.
        let found = query_named(unsafe { text::wide(name) }, asked)?;
        // SAFETY: null or valid, by the caller's promise.
        unsafe { tell(&found, asked, Places { owner, group, dacl, sacl, whole }) }
    })
}

/// `SetNamedSecurityInfoA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetNamedSecurityInfoA(
    name: LPCSTR,
    _kind: u32,
    asked: DWORD,
    owner: PSID,
    group: PSID,
    dacl: PACL,
    sacl: PACL,
) -> DWORD {
    code(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::ansi(name) };
        // SAFETY: null or valid, by the caller's promise.
        change_named(name, asked, unsafe { given(asked, owner, group, dacl, sacl) }?)
    })
}

/// `SetNamedSecurityInfoW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetNamedSecurityInfoW(
    name: LPCWSTR,
    _kind: u32,
    asked: DWORD,
    owner: PSID,
    group: PSID,
    dacl: PACL,
    sacl: PACL,
) -> DWORD {
    code(|| {
        // SAFETY: null or a string, by the caller's promise.
        let name = unsafe { text::wide(name) };
        // SAFETY: null or valid, by the caller's promise.
        change_named(name, asked, unsafe { given(asked, owner, group, dacl, sacl) }?)
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::handleapi::CloseHandle;
    use crate::heapapi::LocalFree;
    use crate::namedpipeapi::CreateNamedPipeA;

    const DUPLEX: u32 = 3;
    const WRITE_DAC: u32 = 0x4_0000;
    const WRITE_OWNER: u32 = 0x8_0000;
    const KERNEL_OBJECT: u32 = 6;

    fn acl_of(text: &str) -> Vec<u8> {
        let list = Descriptor::parse(text).unwrap().dacl.flatten().unwrap();
        ntpipe_core::security::descriptor::acl_to_bytes(&list).unwrap()
    }

    #[test]
    fn what_one_function_sets_all_tell() {
        let name = CString::new(format!(r"\\.\pipe\info-{}", std::process::id())).unwrap();
        let (path, open) = (name.as_ptr(), DUPLEX | WRITE_DAC | WRITE_OWNER);
        // SAFETY: a string.
        let pipe = unsafe { CreateNamedPipeA(path, open, 0, 1, 0, 0, 0, null()) };
        let mut list = acl_of("D:(A;;GR;;;WD)(A;;GA;;;BA)");
        let (none, at) = (null_mut(), list.as_mut_ptr().cast());
        // SAFETY: a list, and no other part.
        let set = unsafe { SetSecurityInfo(pipe, KERNEL_OBJECT, DACL, none, none, at, none) };
        assert_eq!(set, 0);
        let (mut dacl, mut owner, mut whole) = (null_mut(), null_mut(), null_mut());
        let (to, no) = (&raw mut dacl, null_mut());
        // SAFETY: a place for the list; without the whole, its block stays.
        let told = unsafe { GetSecurityInfo(pipe, KERNEL_OBJECT, DACL, no, no, to, no, no) };
        // SAFETY: a list, which was told.
        assert_eq!((told, unsafe { acl(dacl) }.unwrap().len()), (0, 2));
        // SAFETY: the block that the list is in begins where the descriptor does.
        unsafe { LocalFree(dacl.wrapping_byte_sub(20)) };
        // SAFETY: the owner, who is asked for as well, has no place.
        let told =
            unsafe { GetSecurityInfo(pipe, KERNEL_OBJECT, DACL | OWNER, no, no, to, no, no) };
        assert_eq!(told, 87);
        let (owner_to, whole_to) = (&raw mut owner, &raw mut whole);
        // SAFETY: a string, and places for the parts and the whole.
        let told = unsafe {
            GetNamedSecurityInfoA(path, KERNEL_OBJECT, OWNER | DACL, owner_to, no, to, no, whole_to)
        };
        assert_eq!(told, 0);
        // SAFETY: parts of the whole, here and below.
        assert_eq!(unsafe { sid(owner) }.unwrap(), crate::token::effective().sid());
        // SAFETY: as above.
        assert_eq!(unsafe { acl(dacl) }.unwrap().len(), 2);
        // SAFETY: the block of the whole.
        unsafe { LocalFree(whole) };
        CloseHandle(pipe);
        // SAFETY: as above.
        let gone =
            unsafe { GetNamedSecurityInfoA(path, KERNEL_OBJECT, DACL, no, no, to, no, whole_to) };
        assert_eq!(gone, 2);
    }
}
