//! Events, and waiting.
#![allow(unsafe_code)]

use ntpipe::{ErrorKind, Event};

use super::entry;
use super::name;
use super::types::{NTSTATUS, OBJ_INHERIT, OBJ_OPENIF, OBJECT_ATTRIBUTES};
use crate::boundary::{out, put, status, value};
use crate::failure::{Failure, Result};
use crate::handle::{self, Entry};
use crate::object::Object;
use crate::object::wait::{INFINITE, wait_for};
use crate::synchapi;
use crate::sysinfoapi;
use crate::types::{HANDLE, access};

/// `STATUS_OBJECT_NAME_EXISTS`.
const NAME_EXISTS: u32 = 0x4000_0000;
const UNITS_PER_MS: u64 = 10_000;

/// A time of the NT level as milliseconds from now: relative if it is negative, otherwise a point in time.
pub(super) fn milliseconds(timeout: Option<i64>) -> u32 {
    let Some(timeout) = timeout else { return INFINITE };
    let units = match timeout {
        ..0 => timeout.unsigned_abs(),
        _ => u64::try_from(timeout - sysinfoapi::file_time()).unwrap_or(0),
    };
    u32::try_from(units.div_ceil(UNITS_PER_MS)).unwrap_or(INFINITE)
}

/// The event that a handle stands for, if it may be changed.
fn event(handle: HANDLE) -> Result<Event> {
    match entry(handle, access::MODIFY_STATE)?.object {
        Object::Event(event) => Ok(event),
        _ => Err(Failure::TYPE_MISMATCH),
    }
}

/// `NtCreateEvent`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtCreateEvent(
    place: *mut HANDLE,
    desired: u32,
    attributes: *const OBJECT_ATTRIBUTES,
    event_type: u32,
    initially: u8,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = Some(unsafe { out(place) }.ok_or(Failure::NO_ACCESS)?);
        // SAFETY: null or valid with what it points to, by the caller's promise.
        let (name, flags) = unsafe { object_name(attributes) }?;
        let manual = match event_type {
            0 => true,
            1 => false,
            _ => return Err(ErrorKind::InvalidParameter.into()),
        };
        let event = match &name {
            Some(name) => Event::create(name, manual, initially != 0)?,
            None => Event::shareable(manual, initially != 0)?,
        };
        let exists = name.is_some() && !event.created_new();
        //= learn: NtCreateEvent: an existing one is opened where the attributes allow it
        if exists && flags & OBJ_OPENIF == 0 {
            return Err(Failure::ALREADY_EXISTS);
        }
        let entry = Entry::new(Object::Event(event), access::of_sync(desired));
        put(place, handle::insert(entry.inherited(flags & OBJ_INHERIT != 0))?);
        Ok(if exists { NAME_EXISTS } else { 0 })
    })
}

/// `NtOpenEvent`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtOpenEvent(
    place: *mut HANDLE,
    desired: u32,
    attributes: *const OBJECT_ATTRIBUTES,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let place = Some(unsafe { out(place) }.ok_or(Failure::NO_ACCESS)?);
        // SAFETY: null or valid with what it points to, by the caller's promise.
        let (name, flags) = unsafe { object_name(attributes) }?;
        let event = Event::open(name.ok_or(Failure::PATH_SYNTAX_BAD)?)?;
        let entry = Entry::new(Object::Event(event), access::of_sync(desired));
        put(place, handle::insert(entry.inherited(flags & OBJ_INHERIT != 0))?);
        Ok(0)
    })
}

/// The name of an event, as Win32 spells it, and the flags; neither where there are no attributes.
///
/// # Safety
/// As [`name::attributes`].
unsafe fn object_name(attributes: *const OBJECT_ATTRIBUTES) -> Result<(Option<String>, u32)> {
    // SAFETY: the caller's promise.
    let Some(given) = (unsafe { value(attributes) }) else { return Ok((None, 0)) };
    if given.Length as usize != size_of::<OBJECT_ATTRIBUTES>() {
        return Err(ErrorKind::InvalidParameter.into());
    }
    // SAFETY: the caller's promise.
    let whole = unsafe { name::string(given.ObjectName) };
    if whole.is_empty() {
        return Ok((None, given.Attributes));
    }
    if given.RootDirectory.is_null() && !whole.starts_with('\\') {
        return Err(Failure::PATH_SYNTAX_BAD);
    }
    // Where Win32 keeps its names: one directory for all sessions, one for each.
    let bare = whole.rsplit('\\').next().unwrap_or_default();
    if bare.is_empty() {
        return Err(ErrorKind::InvalidName.into());
    }
    let global = whole.starts_with(r"\BaseNamedObjects\");
    let name = if global { format!(r"Global\{bare}") } else { bare.to_owned() };
    Ok((Some(name), given.Attributes))
}

/// `NtSetEvent`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtSetEvent(handle: HANDLE, before: *mut i32) -> NTSTATUS {
    status(|| {
        let event = event(handle)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(before) }, i32::from(event.is_set()));
        event.set();
        Ok(0)
    })
}

/// `NtResetEvent`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtResetEvent(handle: HANDLE, before: *mut i32) -> NTSTATUS {
    status(|| {
        let event = event(handle)?;
        // SAFETY: null or valid, by the caller's promise.
        put(unsafe { out(before) }, i32::from(event.is_set()));
        event.reset();
        Ok(0)
    })
}

/// `NtWaitForSingleObject`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtWaitForSingleObject(
    handle: HANDLE,
    alertable: u8,
    timeout: *const i64,
) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let timeout = unsafe { value(timeout) }.copied();
        wait_for(&[synchapi::entry(handle)?], false, milliseconds(timeout), alertable != 0)
    })
}

/// `NtDelayExecution`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtDelayExecution(alertable: u8, interval: *const i64) -> NTSTATUS {
    /// `STATUS_USER_APC`.
    const USER_APC: u32 = 0xC0;
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        let interval = unsafe { value(interval) }.copied().ok_or(Failure::NO_ACCESS)?;
        let alerted = synchapi::sleep(milliseconds(Some(interval)), alertable != 0) == USER_APC;
        Ok(if alerted { USER_APC } else { 0 })
    })
}

/// `NtQuerySystemTime`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NtQuerySystemTime(time: *mut i64) -> NTSTATUS {
    status(|| {
        // SAFETY: null or valid, by the caller's promise.
        put(Some(unsafe { out(time) }.ok_or(Failure::NO_ACCESS)?), sysinfoapi::file_time());
        Ok(0)
    })
}

#[cfg(test)]
mod tests {
    use super::milliseconds;
    use crate::object::wait::INFINITE;
    use crate::sysinfoapi::file_time;

    #[test]
    fn times_are_relative_or_absolute_and_never_too_short() {
        assert_eq!(milliseconds(None), INFINITE);
        assert_eq!(milliseconds(Some(0)), 0);
        assert_eq!(milliseconds(Some(-10_001)), 2);
        assert_eq!(milliseconds(Some(1)), 0);
        assert_eq!(milliseconds(Some(i64::MIN)), INFINITE);
        let soon = milliseconds(Some(file_time() + 600_000_000));
        assert!((50_000..=60_000).contains(&soon), "{soon}");
    }
}
