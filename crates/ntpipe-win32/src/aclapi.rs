//! `aclapi.h`: lists from lists of trustees; the security of pipes by handle and by name.
#![allow(unsafe_code)]

mod info;
mod trustee;

use ntpipe::ErrorKind;
use ntpipe_core::security::descriptor::{ALLOWED, AUDIT, DENIED, acl_to_bytes};
use ntpipe_core::security::{Ace, Sid};

pub use info::*;
pub use trustee::*;
use trustee::{ansi_name, changes, wide_name};

use crate::boundary::{guarded, out};
use crate::failure::{Failure, Result};
use crate::security::{PACL, acl, allocate};
use crate::types::DWORD;

const GRANT_ACCESS: u32 = 1;
const SET_ACCESS: u32 = 2;
const DENY_ACCESS: u32 = 3;
const REVOKE_ACCESS: u32 = 4;
const SET_AUDIT_SUCCESS: u32 = 5;
const SET_AUDIT_FAILURE: u32 = 6;
/// `SUCCESSFUL_ACCESS_ACE_FLAG`.
const AUDITS_SUCCESS: u8 = 0x40;
/// `FAILED_ACCESS_ACE_FLAG`.
const AUDITS_FAILURE: u8 = 0x80;

/// A function that answers an error code.
fn code(body: impl FnOnce() -> Result<()>) -> DWORD {
    guarded(body).map_or_else(|failure| failure.win32, |()| 0)
}

/// What is to happen to one trustee.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    mode: u32,
    mask: u32,
    flags: u8,
    sid: Sid,
}

/// The list with changes.
//= learn: SetEntriesInAcl: new entries that deny come first, new ones that allow before those that do
//= learn: ACCESS_MODE: a revocation removes what allows or audits; who is denied stays so
fn changed(mut old: Vec<Ace>, changes: Vec<Change>) -> Result<Vec<Ace>> {
    let (mut first, mut allowing) = (Vec::new(), Vec::new());
    for Change { mode, mask, flags, sid } in changes {
        let (kind, flags) = match mode {
            GRANT_ACCESS | SET_ACCESS | REVOKE_ACCESS => (ALLOWED, flags),
            DENY_ACCESS => (DENIED, flags),
            SET_AUDIT_SUCCESS => (AUDIT, flags | AUDITS_SUCCESS),
            SET_AUDIT_FAILURE => (AUDIT, flags | AUDITS_FAILURE),
            _ => return Err(ErrorKind::InvalidParameter.into()),
        };
        let goes = |ace: &Ace| match mode {
            SET_ACCESS => ace.sid == sid,
            REVOKE_ACCESS => ace.sid == sid && ace.kind != DENIED,
            _ => false,
        };
        for list in [&mut old, &mut first, &mut allowing] {
            list.retain(|ace| !goes(ace));
        }
        if mode == REVOKE_ACCESS {
            continue;
        }
        let same = |ace: &&mut Ace| ace.kind == kind && ace.flags == flags && ace.sid == sid;
        let mut all = old.iter_mut().chain(&mut first).chain(&mut allowing);
        match all.find(same) {
            Some(ace) => ace.mask |= mask,
            None => {
                let list = if kind == ALLOWED { &mut allowing } else { &mut first };
                list.push(Ace { kind, flags, mask, sid });
            }
        }
    }
    let at = old.iter().position(|ace| ace.kind == ALLOWED).unwrap_or(old.len());
    old.splice(at..at, allowing);
    old.splice(0..0, first);
    Ok(old)
}

/// What both forms of `SetEntriesInAcl` do.
///
/// # Safety
/// `old` is null or a list, and `made` null or valid.
unsafe fn set_entries(changes: Vec<Change>, old: PACL, made: *mut PACL) -> Result<()> {
    // SAFETY: null or valid, by the caller's promise.
    let made = unsafe { out(made) }.ok_or(ErrorKind::InvalidParameter)?;
    let list = match old.is_null() {
        //= observed: of nothing nothing is made, which as a DACL lets everybody in
        true if changes.is_empty() => {
            made.write(std::ptr::null_mut());
            return Ok(());
        }
        true => Vec::new(),
        // SAFETY: a list, by the caller's promise.
        false => unsafe { acl(old) }?,
    };
    let bytes = acl_to_bytes(&changed(list, changes)?).ok_or(Failure::INVALID_ACL)?;
    made.write(allocate(&bytes)?);
    Ok(())
}

/// `SetEntriesInAclA`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEntriesInAclA(
    count: DWORD,
    entries: *const EXPLICIT_ACCESS,
    old: PACL,
    made: *mut PACL,
) -> DWORD {
    code(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let changes = unsafe { changes(count, entries, ansi_name) }?;
        // SAFETY: as above.
        unsafe { set_entries(changes, old, made) }
    })
}

/// `SetEntriesInAclW`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn SetEntriesInAclW(
    count: DWORD,
    entries: *const EXPLICIT_ACCESS,
    old: PACL,
    made: *mut PACL,
) -> DWORD {
    code(|| {
        // SAFETY: null or valid, by the caller's promise, here and below.
        let changes = unsafe { changes(count, entries, wide_name) }?;
        // SAFETY: as above.
        unsafe { set_entries(changes, old, made) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_denies_comes_first_and_a_trustee_is_named_once() {
        let change = |mode, mask, uid| Change { mode, mask, flags: 0, sid: Sid::user(uid) };
        let list = changed(
            Vec::new(),
            vec![
                change(GRANT_ACCESS, 1, 5),
                change(GRANT_ACCESS, 2, 5),
                change(DENY_ACCESS, 4, 6),
                change(SET_ACCESS, 8, 7),
            ],
        )
        .unwrap();
        let seen: Vec<_> = list.iter().map(|ace| (ace.kind, ace.mask, ace.sid.clone())).collect();
        let (five, six, seven) = (Sid::user(5), Sid::user(6), Sid::user(7));
        let wanted = [(DENIED, 4, six.clone()), (ALLOWED, 3, five), (ALLOWED, 8, seven.clone())];
        assert_eq!(seen, wanted);
        let list =
            changed(list, vec![change(REVOKE_ACCESS, 0, 5), change(SET_ACCESS, 16, 6)]).unwrap();
        let seen: Vec<_> = list.iter().map(|ace| (ace.kind, ace.mask, ace.sid.clone())).collect();
        assert_eq!(seen, [(ALLOWED, 16, six), (ALLOWED, 8, seven)]);
        assert!(changed(Vec::new(), vec![change(9, 0, 5)]).is_err());
    }

    #[test]
    fn a_revocation_does_not_let_in_who_was_denied() {
        let ace = |kind, mask| Ace { kind, flags: 0, mask, sid: Sid::user(5) };
        let change = |mode, mask| Change { mode, mask, flags: 0, sid: Sid::user(5) };
        let list = || vec![ace(DENIED, 2), ace(ALLOWED, 1)];
        let one = |mode, mask| changed(list(), vec![change(mode, mask)]).unwrap();
        assert_eq!(one(REVOKE_ACCESS, 0), [ace(DENIED, 2)]);
        assert_eq!(one(SET_ACCESS, 4), [ace(ALLOWED, 4)]);
        assert_eq!(one(GRANT_ACCESS, 4), [ace(DENIED, 2), ace(ALLOWED, 5)]);
        assert_eq!(one(DENY_ACCESS, 4), [ace(DENIED, 6), ace(ALLOWED, 1)]);
        let audited = Ace { flags: AUDITS_FAILURE, ..ace(AUDIT, 4) };
        assert_eq!(one(SET_AUDIT_FAILURE, 4), [audited, ace(DENIED, 2), ace(ALLOWED, 1)]);
    }

    #[test]
    fn no_entries_and_no_list_make_none() {
        let (entries, old) = (std::ptr::null(), std::ptr::null_mut());
        let mut made = std::ptr::dangling_mut();
        // SAFETY: the place is valid.
        assert_eq!(unsafe { SetEntriesInAclW(0, entries, old, &raw mut made) }, 0);
        assert!(made.is_null());
        // SAFETY: no place is given.
        assert_eq!(unsafe { SetEntriesInAclW(0, entries, old, std::ptr::null_mut()) }, 87);
    }
}
