//! `aclapi.h`: lists from lists of trustees; the security of pipes by handle and by name.
#![allow(unsafe_code)]

mod info;
mod trustee;

use ntpipe::ErrorKind;
use ntpipe_core::security::descriptor::{ALLOWED, DENIED, acl_to_bytes};
use ntpipe_core::security::{Ace, Sid};

pub use info::*;
pub use trustee::*;
use trustee::{ansi_name, changes, wide_name};

use crate::boundary::{guarded, out, put};
use crate::failure::{Failure, Result};
use crate::security::{PACL, acl, allocate};
use crate::types::DWORD;

const GRANT_ACCESS: u32 = 1;
const SET_ACCESS: u32 = 2;
const DENY_ACCESS: u32 = 3;
const REVOKE_ACCESS: u32 = 4;

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

/// The list with changes, in which what denies comes first.
fn changed(mut list: Vec<Ace>, changes: Vec<Change>) -> Result<Vec<Ace>> {
    for Change { mode, mask, flags, sid } in changes {
        let kind = if mode == DENY_ACCESS { DENIED } else { ALLOWED };
        match mode {
            SET_ACCESS | REVOKE_ACCESS => list.retain(|ace| ace.sid != sid),
            GRANT_ACCESS | DENY_ACCESS => {
                let same =
                    |ace: &&mut Ace| ace.kind == kind && ace.flags == flags && ace.sid == sid;
                if let Some(ace) = list.iter_mut().find(same) {
                    ace.mask |= mask;
                    continue;
                }
            }
            _ => return Err(ErrorKind::InvalidParameter.into()),
        }
        let ace = Ace { kind, flags, mask, sid };
        match mode {
            REVOKE_ACCESS => {}
            DENY_ACCESS => list.insert(0, ace),
            _ => list.push(ace),
        }
    }
    Ok(list)
}

/// What both forms of `SetEntriesInAcl` do.
///
/// # Safety
/// `old` is null or a list, and `made` null or valid.
unsafe fn set_entries(changes: Vec<Change>, old: PACL, made: *mut PACL) -> Result<()> {
    let list = match old.is_null() {
        true => Vec::new(),
        // SAFETY: a list, by the caller's promise.
        false => unsafe { acl(old) }?,
    };
    let bytes = acl_to_bytes(&changed(list, changes)?).ok_or(Failure::INVALID_ACL)?;
    // SAFETY: null or valid, by the caller's promise.
    put(unsafe { out(made) }, allocate(&bytes)?);
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
        assert_eq!(seen, [(ALLOWED, 8, seven), (ALLOWED, 16, six)]);
        assert!(changed(Vec::new(), vec![change(9, 0, 5)]).is_err());
    }
}
