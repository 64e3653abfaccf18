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
