//! A list of entries as the file system understands it: mode bits, or a POSIX ACL.
//!
//! The file system only decides who may open the pipe at all. Where it cannot say a thing exactly
//! (a user of whom one group is allowed and another denied), it says yes, and the list decides.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;

use rustix::fs::{
    Gid, Mode, XattrFlags, fchmod, fchown, fremovexattr, fsetxattr, removexattr, setxattr,
};
use rustix::io::{self, Errno};

use super::{Security, Who};
use crate::error::{Error, ErrorKind, Result};

const ACL_NAME: &str = "system.posix_acl_access";

/// What the permissions are for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// The pipe's directory: others read and search it.
    Directory,
    /// The pipe's metadata: others read it.
    Metadata,
    /// The socket of a listening instance: others connect, which takes both bits.
    Socket,
}

/// Who may open the pipe, in the file system's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grants {
    owner: bool,
    group: bool,
    other: bool,
    /// The group that `group` is about, when it is not that of the server.
    gid: Option<u32>,
    /// Users and groups that take an ACL: tag, number, whether they may.
    named: Vec<(u16, u32, bool)>,
}

const TAG_USER: u16 = 2;
const TAG_GROUP: u16 = 8;

impl Grants {
    /// What `security` comes to for a server of `owner` in `own_groups`, the effective one first.
    pub(crate) fn new(security: &Security, owner: u32, own_groups: &[u32]) -> Self {
        let mut users = BTreeSet::new();
        let mut groups = BTreeSet::new();
        for entry in &security.entries {
            match entry.who {
                // The file system lets root in anyway.
                Who::User(uid) if uid != owner && uid != 0 => drop(users.insert(uid)),
                Who::Group(gid) => drop(groups.insert(gid)),
                _ => {}
            }
        }
        let user = |uid| {
            [false, true].into_iter().any(|member| {
                let is = |who| match who {
                    Who::Owner => uid == owner,
                    Who::User(user) => user == uid,
                    Who::Group(_) | Who::OwningGroup => member,
                    Who::Everyone => true,
                };
                security.rights_of(is).any()
            })
        };
        let group = |gid| {
            let is = |who| who == Who::Group(gid) || who == Who::Everyone;
            security.rights_of(is).any()
        };
        let other = security.rights_of(|who| who == Who::Everyone).any();
        let own = own_groups.first().copied().unwrap_or_default();
        let mut grants =
            Self { owner: user(owner), group: group(own), other, gid: None, named: Vec::new() };
        groups.remove(&own);
        let sole = groups.first().copied().filter(|_| groups.len() == 1 && users.is_empty());
        match sole.filter(|gid| own_groups.contains(gid) || owner == 0) {
            // The sole group may own the files, if ours is nothing special.
            Some(gid) if grants.group == other => {
                grants.gid = Some(gid);
                grants.group = group(gid);
            }
            _ => {
                grants.named.extend(users.into_iter().map(|uid| (TAG_USER, uid, user(uid))));
                grants.named.extend(groups.into_iter().map(|gid| (TAG_GROUP, gid, group(gid))));
            }
        }
        grants
    }

    /// The mode bits; those of the group are the mask of the ACL, if there is one.
    pub(crate) fn mode(&self, target: Target) -> u32 {
        let (owner, others) = match target {
            Target::Directory => (7, 5),
            Target::Metadata => (6, 4),
            Target::Socket => (if self.owner { 6 } else { 0 }, 6),
        };
        let bits = |may: bool| if may { others } else { 0 };
        owner << 6 | bits(self.group) << 3 | bits(self.other)
    }

    /// The group the files shall belong to, when it is not that of the server.
    pub(crate) fn gid(&self) -> Option<u32> {
        self.gid
    }

    /// Applies all of it to an open file or directory.
    pub(crate) fn apply(&self, file: BorrowedFd<'_>, target: Target) -> Result<()> {
        if let Some(gid) = self.gid {
            fchown(file, None, Some(Gid::from_raw(gid))).map_err(|e| Error::os("chown", e))?;
        }
        let mode = Mode::from_raw_mode(self.mode(target));
        fchmod(file, mode).map_err(|e| Error::os("chmod", e))?;
        if let Some(acl) = self.acl(target) {
            fsetxattr(file, ACL_NAME, &acl, XattrFlags::empty()).map_err(acl_error)?;
        }
        Ok(())
    }

    /// Applies the ACL, if there is one, to the socket at `path`.
    pub(crate) fn apply_acl_at(&self, path: &str) -> io::Result<()> {
        match self.acl(Target::Socket) {
            Some(acl) => setxattr(path, ACL_NAME, &acl, XattrFlags::empty()),
            None => Ok(()),
        }
    }

    /// As [`apply`](Self::apply), to what others were applied to before.
    pub(crate) fn renew(&self, file: BorrowedFd<'_>, target: Target) -> Result<()> {
        match fremovexattr(file, ACL_NAME) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(acl_error(errno)),
        }
        if self.gid.is_none() {
            let own = rustix::process::getegid();
            fchown(file, None, Some(own)).map_err(|e| Error::os("chown", e))?;
        }
        self.apply(file, target)
    }

    /// As [`apply_acl_at`](Self::apply_acl_at), to a socket that may have another one.
    pub(crate) fn renew_acl_at(&self, path: &str) -> io::Result<()> {
        match removexattr(path, ACL_NAME) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => self.apply_acl_at(path),
            Err(errno) => Err(errno),
        }
    }

    /// The ACL as the kernel takes it: a version, then tag, permissions and number of each entry.
    fn acl(&self, target: Target) -> Option<Vec<u8>> {
        if self.named.is_empty() {
            return None;
        }
        const NOBODY: u32 = u32::MAX;
        let mode = self.mode(target);
        let class = |shift: u32| u16::try_from(mode >> shift & 7).unwrap_or_default();
        let full: u16 = match target {
            Target::Directory => 5,
            Target::Metadata => 4,
            Target::Socket => 6,
        };
        let named = |tag| {
            let of_tag = self.named.iter().filter(move |entry| entry.0 == tag);
            of_tag.map(|&(tag, id, may)| (tag, if may { full } else { 0 }, id))
        };
        let mut acl = 2u32.to_le_bytes().to_vec();
        let entries = std::iter::once((0x01, class(6), NOBODY))
            .chain(named(TAG_USER))
            .chain([(0x04, class(3), NOBODY)])
            .chain(named(TAG_GROUP))
            .chain([(0x10, full, NOBODY), (0x20, class(0), NOBODY)]);
        for (tag, bits, id) in entries {
            acl.extend(tag.to_le_bytes());
            acl.extend(bits.to_le_bytes());
            acl.extend(id.to_le_bytes());
        }
        Some(acl)
    }
}

/// What a failed ACL means to the caller.
pub(crate) fn acl_error(errno: Errno) -> Error {
    let error = Error::os("setting the access list", errno);
    match error.kind() {
        ErrorKind::NotSupported => error.because(
            "the file system of the namespace has no access lists; \
             name only the owner, one group of yours, and everyone, or choose another root",
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(security: &Security) -> Grants {
        Grants::new(security, 1000, &[100, 101])
    }

    fn modes(security: &Security) -> [u32; 3] {
        let grants = grants(security);
        assert_eq!(grants.acl(Target::Socket), None);
        [Target::Directory, Target::Metadata, Target::Socket].map(|target| grants.mode(target))
    }

    #[test]
    fn common_lists_are_mode_bits() {
        assert_eq!(modes(&Security::current_user()), [0o700, 0o600, 0o600]);
        assert_eq!(modes(&Security::everyone()), [0o755, 0o644, 0o666]);
        let group = Security::unix_mode(0o660).group("101").unwrap();
        assert_eq!(modes(&group), [0o750, 0o640, 0o660]);
        assert_eq!(grants(&group).gid(), Some(101));
        let own = Security::unix_mode(0o640).group("100").unwrap();
        assert_eq!((modes(&own), grants(&own).gid()), ([0o750, 0o640, 0o660], None));
        assert_eq!(modes(&Security::sddl("D:").unwrap()), [0o700, 0o600, 0]);
    }

    #[test]
    fn others_take_an_acl() {
        let security = Security::sddl("D:(D;;GA;;;S-1-22-1-7)(A;;GA;;;WD)").unwrap();
        let acl = grants(&security).acl(Target::Socket).unwrap();
        #[rustfmt::skip]
        let wanted = [
            2, 0, 0, 0,
            1, 0, 6, 0, 255, 255, 255, 255,
            2, 0, 0, 0, 7, 0, 0, 0,
            4, 0, 6, 0, 255, 255, 255, 255,
            0x10, 0, 6, 0, 255, 255, 255, 255,
            0x20, 0, 6, 0, 255, 255, 255, 255,
        ];
        assert_eq!(acl, wanted);
        let stranger = Security::unix_mode(0o660).group("555").unwrap();
        assert!(grants(&stranger).acl(Target::Directory).is_some());
    }
}
