//! Who may open a pipe, and in which direction.
//!
//! A [`Security`] is an ordered list of allowing and denying entries, as a Windows DACL is. Two
//! lines hold it: the file system decides who reaches the pipe at all (mode bits, or an ACL), and
//! both ends compare the list itself, which also tells reading from writing.

mod apply;
pub mod descriptor;
mod sddl;
pub mod sid;

pub(crate) use apply::{Grants, Target, acl_error};
pub use descriptor::{Ace, Descriptor};
pub use sddl::Malformed;
pub use sid::Sid;

use crate::error::{Error, ErrorKind, Result};

/// More entries than this are refused.
const MAX_ENTRIES: usize = 128;

/// The encoded size of one entry.
const ENTRY_LEN: usize = 8;

/// What somebody may do with a pipe, seen from the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// May read what the server sends.
    pub read: bool,
    /// May write to the server.
    pub write: bool,
}

impl Rights {
    const ALL: Self = Self { read: true, write: true };

    fn of_bits(bits: u32) -> Self {
        Self { read: bits & 4 != 0, write: bits & 2 != 0 }
    }

    fn without(self, other: Self) -> Self {
        Self { read: self.read && !other.read, write: self.write && !other.write }
    }

    /// Whether they let somebody in at all.
    pub(crate) fn any(self) -> bool {
        self.read || self.write
    }
}

/// Whom an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// The user that owns the pipe.
    Owner,
    /// The group of the server, until [`Security::group`] names another.
    OwningGroup,
    /// Everybody on this computer.
    Everyone,
    /// One user.
    User(u32),
    /// The members of one group.
    Group(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    allow: bool,
    who: Who,
    rights: Rights,
}

/// Who may open a pipe; by default only the user who creates it, and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    entries: Vec<Entry>,
}

impl Default for Security {
    fn default() -> Self {
        Self::current_user()
    }
}

impl Security {
    /// Only the user who creates the pipe, and root.
    #[must_use]
    pub fn current_user() -> Self {
        Self { entries: vec![allow(Who::Owner, Rights::ALL), allow(Who::User(0), Rights::ALL)] }
    }

    /// Every user of this computer; what a NULL DACL means.
    #[must_use]
    pub fn everyone() -> Self {
        Self { entries: vec![allow(Who::Everyone, Rights::ALL)] }
    }

    /// The classes of Unix: owner, group, other, each with `r` to read and `w` to write.
    ///
    /// The group is that of the server unless [`group`](Self::group) names another. Root may
    /// always.
    #[must_use]
    pub fn unix_mode(mode: u32) -> Self {
        let mut entries = vec![allow(Who::User(0), Rights::ALL)];
        for (who, shift) in [(Who::Owner, 6), (Who::OwningGroup, 3)] {
            let rights = Rights::of_bits(mode >> shift);
            entries.push(allow(who, rights));
            // A class that matches is the last word, even when a later one would give more.
            entries.push(Entry { allow: false, who, rights: Rights::ALL.without(rights) });
        }
        entries.push(allow(Who::Everyone, Rights::of_bits(mode)));
        Self { entries }
    }

    /// Names the group of [`unix_mode`](Self::unix_mode): a number, or a name in `/etc/group`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when there is no such group.
    pub fn group(mut self, group: &str) -> Result<Self> {
        let gid = match group.parse() {
            Ok(gid) => gid,
            Err(_) => group_by_name(group)?,
        };
        self.resolve_group(gid);
        Ok(self)
    }

    /// Reads a security descriptor in Windows' notation, such as `D:P(A;;GA;;;OW)(A;;GR;;;WD)`.
    ///
    /// Only the DACL counts; without one everyone may open the pipe. Known trustees are the owner
    /// (`OW`, `CO`), everyone (`WD`, `BU`, `AU`, `IU`), root (`SY`, `BA`), users
    /// (`S-1-22-1-uid`), groups (`S-1-22-2-gid`), the server's group (`CG`), and Windows' other
    /// classes, such as `NU` and `AN`, who never come here.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when the text is malformed or names an unknown trustee.
    pub fn sddl(text: &str) -> Result<Self> {
        let descriptor = Descriptor::parse(text)?;
        if let Some(sid) = descriptor.stranger() {
            let why = format!("security descriptor {text:?}: nobody here is {sid}");
            return Err(Error::new(ErrorKind::InvalidParameter).because(why));
        }
        Ok(descriptor.security()?.unwrap_or_else(Self::everyone))
    }

    /// What `uid`, a member of `gids`, may do with a pipe of `owner`.
    #[must_use]
    pub fn allows(&self, owner: u32, uid: u32, gids: &[u32]) -> Rights {
        self.rights_of(|who| match who {
            Who::Owner => uid == owner,
            Who::User(user) => uid == user,
            Who::Group(group) => gids.contains(&group),
            Who::OwningGroup => false,
            Who::Everyone => true,
        })
    }

    /// Whether it matters what groups somebody is in.
    pub(crate) fn names_groups(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.who, Who::Group(_) | Who::OwningGroup))
    }

    /// What somebody may do who is all of what `is` says: the first entry on a right decides.
    fn rights_of(&self, is: impl Fn(Who) -> bool) -> Rights {
        let decide = |named: fn(Rights) -> bool| {
            let mut about = self.entries.iter().filter(|e| named(e.rights) && is(e.who));
            about.next().is_some_and(|entry| entry.allow)
        };
        Rights { read: decide(|rights| rights.read), write: decide(|rights| rights.write) }
    }

    /// Puts a number in the place of the server's group.
    pub(crate) fn resolve_group(&mut self, gid: u32) {
        for entry in &mut self.entries {
            if entry.who == Who::OwningGroup {
                entry.who = Who::Group(gid);
            }
        }
    }

    /// The list in bytes, for the metadata of a pipe.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for entry in &self.entries {
            let (kind, id) = match entry.who {
                Who::Owner => (0, 0),
                Who::Everyone => (1, 0),
                Who::User(uid) => (2, uid),
                Who::Group(gid) => (3, gid),
                Who::OwningGroup => (4, 0),
            };
            let Rights { read, write } = entry.rights;
            out.extend([kind, u8::from(entry.allow), u8::from(read), u8::from(write)]);
            out.extend(id.to_le_bytes());
        }
    }

    /// The list out of bytes that somebody else may have written.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<ENTRY_LEN>();
        if !rest.is_empty() || chunks.len() > MAX_ENTRIES {
            return None;
        }
        let entry = |&[kind, allow, read, write, a, b, c, d]: &[u8; ENTRY_LEN]| {
            let id = u32::from_le_bytes([a, b, c, d]);
            let who = match kind {
                0 => Who::Owner,
                1 => Who::Everyone,
                2 => Who::User(id),
                3 => Who::Group(id),
                4 => Who::OwningGroup,
                _ => return None,
            };
            let rights = Rights { read: read != 0, write: write != 0 };
            Some(Entry { allow: allow != 0, who, rights })
        };
        Some(Self { entries: chunks.iter().map(entry).collect::<Option<_>>()? })
    }
}

fn allow(who: Who, rights: Rights) -> Entry {
    Entry { allow: true, who, rights }
}

fn group_by_name(name: &str) -> Result<u32> {
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let gid = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    gid.ok_or_else(|| {
        Error::new(ErrorKind::InvalidParameter)
            .because(format!("no group {name:?} in /etc/group; a number works for any group"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: Rights = Rights { read: true, write: false };
    const NONE: Rights = Rights { read: false, write: false };

    #[test]
    fn by_default_the_owner_and_root_come_in() {
        let security = Security::default();
        assert_eq!(security.allows(5, 5, &[]), Rights::ALL);
        assert_eq!(security.allows(5, 0, &[]), Rights::ALL);
        assert_eq!(security.allows(5, 6, &[5]), NONE);
        assert_eq!(Security::everyone().allows(5, 6, &[]), Rights::ALL);
    }

    #[test]
    fn unix_classes_exclude_each_other() {
        let security = Security::unix_mode(0o604).group("77").unwrap();
        assert_eq!(security.allows(5, 5, &[77]), Rights::ALL);
        assert_eq!(security.allows(5, 6, &[77]), NONE);
        assert_eq!(security.allows(5, 6, &[]), R);
        assert!(Security::unix_mode(0o660).group("no such group").is_err());
        assert!(Security::unix_mode(0o660).group("root").is_ok());
    }

    #[test]
    fn the_first_entry_on_a_right_decides() {
        let security = Security::sddl("D:(D;;GW;;;S-1-22-1-9)(A;;GA;;;WD)").unwrap();
        assert_eq!(security.allows(5, 9, &[]), R);
        assert_eq!(security.allows(5, 8, &[]), Rights::ALL);
        let security = Security::sddl("D:(A;;GA;;;WD)(D;;GA;;;S-1-22-1-9)").unwrap();
        assert_eq!(security.allows(5, 9, &[]), Rights::ALL);
    }

    #[test]
    fn a_list_survives_its_encoding_and_garbage_does_not() {
        let security = Security::sddl("D:(D;;GR;;;S-1-22-2-7)(A;;GW;;;OW)(A;;GA;;;WD)").unwrap();
        let mut bytes = Vec::new();
        security.encode(&mut bytes);
        assert_eq!(Security::decode(&bytes), Some(security));
        assert_eq!(Security::decode(&bytes[1..]), None);
        assert_eq!(Security::decode(&[9; ENTRY_LEN]), None);
        assert_eq!(Security::decode(&[0; ENTRY_LEN * (MAX_ENTRIES + 1)]), None);
    }
}
