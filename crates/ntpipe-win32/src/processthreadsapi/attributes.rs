//! `PROC_THREAD_ATTRIBUTE_LIST`: what `CreateProcess` is told beyond its arguments.
#![allow(unsafe_code)]

use std::ffi::c_void;

use ntpipe::ErrorKind;

use crate::boundary::{out, put, succeeds, value};
use crate::failure::{Failure, Result};
use crate::types::{BOOL, DWORD, HANDLE};

/// `PROC_THREAD_ATTRIBUTE_HANDLE_LIST`, the one attribute that has a meaning here.
const HANDLE_LIST: usize = 0x2_0002;
/// As many as Windows has kinds of attributes.
const COUNT_MAX: u32 = 26;

/// The beginning of a list; as many `Attribute`s as it has room for are behind it.
#[repr(C)]
#[derive(Debug)]
pub struct AttributeList {
    room: u32,
    count: u32,
    reserved: [usize; 2],
}

/// An attribute: its value stays where the program has it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Attribute {
    key: usize,
    size: usize,
    value: *const c_void,
}

/// `InitializeProcThreadAttributeList`: without a list, how large one must be.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn InitializeProcThreadAttributeList(
    list: *mut AttributeList,
    count: DWORD,
    flags: DWORD,
    size: *mut usize,
) -> BOOL {
    succeeds(|| {
        if flags != 0 || count > COUNT_MAX {
            return Err(ErrorKind::InvalidParameter.into());
        }
        let needed = size_of::<AttributeList>() + count as usize * size_of::<Attribute>();
        // SAFETY: null or valid, by the caller's promise.
        let given = *unsafe { value(size) }.ok_or(Failure::NO_ACCESS)?;
        // SAFETY: as above.
        put(unsafe { out(size) }, needed);
        if list.is_null() || given < needed {
            return Err(ErrorKind::InsufficientBuffer.into());
        }
        // SAFETY: not null, and as large as the caller says.
        put(unsafe { out(list) }, AttributeList { room: count, count: 0, reserved: [0; 2] });
        Ok(())
    })
}

/// The attribute at this place of a list, which may be the first free one.
fn place(list: *mut AttributeList, at: u32) -> *mut Attribute {
    list.wrapping_add(1).cast::<Attribute>().wrapping_add(at as usize)
}

/// # Safety
/// `list` is null or an initialized list.
unsafe fn find(list: *mut AttributeList, key: usize) -> Option<Attribute> {
    // SAFETY: the caller's promise.
    let count = unsafe { value(list) }?.count;
    // SAFETY: so many attributes were put behind the list's beginning.
    let attribute = |at| unsafe { place(list, at).read() };
    (0..count).map(attribute).find(|it| it.key == key)
}

/// `UpdateProcThreadAttribute`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn UpdateProcThreadAttribute(
    list: *mut AttributeList,
    flags: DWORD,
    key: usize,
    value: *const c_void,
    size: usize,
    _previous: *mut c_void,
    _previous_size: *mut usize,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or an initialized list, by the caller's promise.
        let head = unsafe { list.as_mut() }.filter(|_| flags == 0);
        let head = head.ok_or(ErrorKind::InvalidParameter)?;
        if key != HANDLE_LIST {
            return Err(ErrorKind::NotSupported.into());
        }
        if size == 0 || !size.is_multiple_of(size_of::<HANDLE>()) {
            return Err(Failure::BAD_LENGTH);
        }
        if head.count >= head.room {
            return Err(ErrorKind::GenFailure.into());
        }
        let at = head.count;
        // SAFETY: an initialized list, by the caller's promise.
        if unsafe { find(list, key) }.is_some() {
            return Err(Failure::OBJECT_NAME_EXISTS);
        }
        // SAFETY: the list has room for it (above).
        unsafe { place(list, at).write(Attribute { key, size, value }) };
        // SAFETY: an initialized list, which nobody else uses during the call.
        unsafe { (*list).count = at + 1 };
        Ok(())
    })
}

/// `DeleteProcThreadAttributeList`: the list is the program's memory.
#[unsafe(no_mangle)]
pub extern "C" fn DeleteProcThreadAttributeList(_list: *mut AttributeList) {}

/// The handles that alone may be inherited, if the list names some.
///
/// # Safety
/// `list` is null or an initialized list whose values are still there.
pub(super) unsafe fn inherited(list: *mut AttributeList) -> Option<Vec<HANDLE>> {
    // SAFETY: the caller's promise.
    let attribute = unsafe { find(list, HANDLE_LIST) }?;
    let len = attribute.size / size_of::<HANDLE>();
    // SAFETY: the caller's promise: the value has this size.
    Some(unsafe { std::slice::from_raw_parts(attribute.value.cast(), len) }.to_vec())
}

/// A handle list that can be inherited.
pub(super) fn check(handles: &[HANDLE], inherits: bool) -> Result<()> {
    let inheritable =
        |handle: &HANDLE| crate::handle::with(*handle, |it| Ok(it.inherit)) == Ok(true);
    //= learn: UpdateProcThreadAttribute: the handles must be inheritable, and bInheritHandles TRUE
    if inherits && handles.iter().all(inheritable) {
        Ok(())
    } else {
        Err(ErrorKind::InvalidParameter.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::last_error;
    use std::ptr::{null, null_mut};

    #[test]
    fn a_list_takes_handles_once() {
        let mut size = 0;
        // SAFETY: no list, and a valid place.
        let done = unsafe { InitializeProcThreadAttributeList(null_mut(), 1, 0, &raw mut size) };
        assert_eq!((done, last_error(), size), (0, 122, 48));
        let mut memory = vec![0usize; 6];
        let list: *mut AttributeList = memory.as_mut_ptr().cast();
        let handles = [null_mut(), std::ptr::without_provenance_mut(4)];
        let add = |key, value: &[HANDLE], size| {
            let value = value.as_ptr().cast();
            let (none, size_none) = (null_mut(), null_mut());
            // SAFETY: the list has been initialized; the value outlives it.
            unsafe { UpdateProcThreadAttribute(list, 0, key, value, size, none, size_none) }
        };
        // SAFETY: memory of that size.
        assert_eq!(unsafe { InitializeProcThreadAttributeList(list, 1, 0, &raw mut size) }, 1);
        assert_eq!((add(HANDLE_LIST, &handles, 15), last_error()), (0, 24));
        assert_eq!((add(0x2_0000, &handles, 8), last_error()), (0, 50));
        assert_eq!(add(HANDLE_LIST, &handles, 16), 1);
        assert_eq!((add(HANDLE_LIST, &handles, 16), last_error()), (0, 31));
        // SAFETY: the list and its value are there.
        assert_eq!(unsafe { inherited(list) }, Some(handles.to_vec()));
        DeleteProcThreadAttributeList(list);
        // SAFETY: no list.
        assert_eq!((unsafe { inherited(null::<AttributeList>().cast_mut()) }), None);
        assert!(check(&handles, true).is_err());
    }
}
