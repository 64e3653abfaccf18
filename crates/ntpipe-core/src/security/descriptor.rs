//! Security descriptors as Windows has them: owner, group and lists of entries, and their bytes.
//!
//! ```text
//! descriptor  0 revision 1, 1 zero, 2 control, 4 owner, 8 group, 12 SACL, 16 DACL: offsets, or 0
//! list        0 revision, 1 zero, 2 size, 4 entries, 6 zero, 8 the entries
//! entry       0 type, 1 flags, 2 size, 4 mask, 8 identifier
//! ```
//!
//! All numbers are little-endian. The bytes come from programs and from files that others may have
//! written: nothing in them is believed.
//= learn: SECURITY_DESCRIPTOR_RELATIVE, ACL, ACE_HEADER

use super::sddl::{self, Malformed};
use super::sid::{Meaning, Sid};
use super::{Entry, MAX_ENTRIES, Rights, Security, Who};
use crate::error::{Error, ErrorKind, Result};

/// Bits of the control word.
pub mod control {
    /// There is a DACL; without its bytes it allows everything.
    pub const DACL_PRESENT: u16 = 0x4;
    /// There is a SACL.
    pub const SACL_PRESENT: u16 = 0x10;
    /// The parts follow the header.
    pub const SELF_RELATIVE: u16 = 0x8000;
    /// The DACL inherits nothing.
    pub const DACL_PROTECTED: u16 = 0x1000;
    /// The SACL inherits nothing.
    pub const SACL_PROTECTED: u16 = 0x2000;
}

/// An entry that allows.
pub const ALLOWED: u8 = 0;
/// An entry that denies.
pub const DENIED: u8 = 1;
/// An entry that audits.
pub const AUDIT: u8 = 2;
/// An entry that tells how trusted something is.
pub const LABEL: u8 = 0x11;
/// The entry is for what inherits it alone.
pub const INHERIT_ONLY: u8 = 0x8;

const HEADER: usize = 20;
const ACL_HEADER: usize = 8;
const ACE_HEADER: usize = 8;

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ace {
    /// [`ALLOWED`], [`DENIED`], [`AUDIT`] or [`LABEL`].
    pub kind: u8,
    /// Who inherits it, and what is audited.
    pub flags: u8,
    /// The rights.
    pub mask: u32,
    /// Whom it is about.
    pub sid: Sid,
}

/// A security descriptor. An outer `None` of a list says that there is none, an inner one that it is
/// null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// The control word, without the bits that say which parts there are.
    pub control: u16,
    /// The owner.
    pub owner: Option<Sid>,
    /// The owner's group.
    pub group: Option<Sid>,
    /// What is audited.
    pub sacl: Option<Option<Vec<Ace>>>,
    /// Who may do what; nobody anything if it is empty, everybody everything if it is null.
    pub dacl: Option<Option<Vec<Ace>>>,
}

/// The bits of the control word that follow from the parts.
const OF_PARTS: u16 = control::DACL_PRESENT | control::SACL_PRESENT | control::SELF_RELATIVE;

impl Descriptor {
    /// Reads Windows' notation, such as `O:BAD:P(A;;GA;;;OW)(A;;GR;;;WD)`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when the text is malformed.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(|malformed| {
            let why = format!("security descriptor {text:?}: {}", malformed.why());
            Error::new(ErrorKind::InvalidParameter).because(why)
        })
    }

    /// As [`parse`](Self::parse), for those who ask what is malformed.
    ///
    /// # Errors
    /// What of the text is not understood.
    pub fn read(text: &str) -> std::result::Result<Self, Malformed> {
        sddl::parse(text)
    }

    /// Reads its bytes, of one that is self-relative.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER>()?;
        let control = u16::from_le_bytes([header[2], header[3]]);
        if header[0] != 1 || control & control::SELF_RELATIVE == 0 {
            return None;
        }
        let part = |at: usize| {
            let offset = u32::from_le_bytes(header[at..at + 4].try_into().ok()?);
            match usize::try_from(offset).ok()? {
                0 => Some(None),
                offset => bytes.get(offset..).map(Some),
            }
        };
        let sid = |at| match part(at)? {
            None => Some(None),
            Some(bytes) => Sid::from_bytes(bytes).map(Some),
        };
        let list = |at, present| match part(at)? {
            _ if control & present == 0 => Some(None),
            None => Some(Some(None)),
            Some(bytes) => acl_from_bytes(bytes).map(|list| Some(Some(list))),
        };
        Some(Self {
            control: control & !OF_PARTS,
            owner: sid(4)?,
            group: sid(8)?,
            sacl: list(12, control::SACL_PRESENT)?,
            dacl: list(16, control::DACL_PRESENT)?,
        })
    }

    /// Its bytes, self-relative; `None` if a list is longer than lists can be.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let present = |list: bool, bit| if list { bit } else { 0 };
        let control = self.control
            | control::SELF_RELATIVE
            | present(self.dacl.is_some(), control::DACL_PRESENT)
            | present(self.sacl.is_some(), control::SACL_PRESENT);
        let mut bytes = vec![1, 0];
        bytes.extend(control.to_le_bytes());
        bytes.resize(HEADER, 0);
        let mut add = |at: usize, part: Vec<u8>| {
            let offset = u32::try_from(bytes.len()).ok()?;
            bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
            bytes.extend(part);
            Some(())
        };
        for (at, sid) in [(4, &self.owner), (8, &self.group)] {
            if let Some(sid) = sid {
                add(at, sid.to_bytes())?;
            }
        }
        for (at, list) in [(12, &self.sacl), (16, &self.dacl)] {
            if let Some(Some(list)) = list {
                add(at, acl_to_bytes(list)?)?;
            }
        }
        Some(bytes)
    }

    /// Who may open a pipe by its DACL; `None` if it has none. Entries for those who never come here,
    /// or whom this computer does not know, count for nobody.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] when the list is longer than a pipe's can be.
    pub fn security(&self) -> Result<Option<Security>> {
        let Some(dacl) = &self.dacl else { return Ok(None) };
        let Some(dacl) = dacl else { return Ok(Some(Security::everyone())) };
        let entry = |ace: &Ace| match ace.sid.meaning() {
            _ if ace.kind > DENIED || ace.flags & INHERIT_ONLY != 0 => None,
            Meaning::Some(who) => {
                Some(Entry { allow: ace.kind == ALLOWED, who, rights: rights_of(ace.mask) })
            }
            Meaning::Nobody | Meaning::Unknown => None,
        };
        let entries: Vec<_> = dacl.iter().filter_map(entry).collect();
        if entries.len() > MAX_ENTRIES {
            return Err(Error::new(ErrorKind::InvalidParameter)
                .because(format!("a security descriptor has at most {MAX_ENTRIES} entries here")));
        }
        Ok(Some(Security { entries }))
    }

    /// An identifier of an entry that this computer does not know.
    pub(super) fn stranger(&self) -> Option<&Sid> {
        let aces = self.dacl.iter().flatten().flatten();
        let mut sids = aces.map(|ace| &ace.sid).chain(&self.owner).chain(&self.group);
        sids.find(|sid| sid.meaning() == Meaning::Unknown)
    }
}

impl Security {
    /// The same in Windows' terms, for a pipe of `owner` in the group `gid`.
    #[must_use]
    pub fn descriptor(&self, owner: u32, gid: u32) -> Descriptor {
        const READ: u32 = 0x12_0089;
        const WRITE: u32 = 0x12_0116;
        const ALL: u32 = 0x1F_01FF;
        let ace = |entry: &Entry| {
            let Rights { read, write } = entry.rights;
            let mask = match (read, write) {
                (true, true) => ALL,
                (false, false) => return None,
                // To deny more than what the entry is about would deny the handle as such.
                _ if !entry.allow => u32::from(read) | u32::from(write) << 1,
                (true, false) => READ,
                (false, true) => WRITE,
            };
            let sid = match entry.who {
                Who::Owner => Sid::user(owner),
                Who::OwningGroup => Sid::group(gid),
                Who::Everyone => Sid::everyone(),
                Who::User(uid) => Sid::user(uid),
                Who::Group(gid) => Sid::group(gid),
            };
            Some(Ace { kind: if entry.allow { ALLOWED } else { DENIED }, flags: 0, mask, sid })
        };
        let mut list: Vec<_> = self.entries.iter().filter_map(ace).collect();
        list.dedup();
        let (owner, group) = (Some(Sid::user(owner)), Some(Sid::group(gid)));
        Descriptor { owner, group, dacl: Some(Some(list)), ..Descriptor::default() }
    }
}

/// What a pipe looks at of an access mask.
pub(super) fn rights_of(mask: u32) -> Rights {
    const READ: u32 = 0x1 | 0x8000_0000 | 0x1000_0000;
    const WRITE: u32 = 0x2 | 0x4000_0000 | 0x1000_0000;
    Rights { read: mask & READ != 0, write: mask & WRITE != 0 }
}

/// Reads the bytes of a list; what follows it is not looked at.
#[must_use]
pub fn acl_from_bytes(bytes: &[u8]) -> Option<Vec<Ace>> {
    let &[revision, _, a, b, c, d, _, _] = bytes.first_chunk::<ACL_HEADER>()?;
    let size = usize::from(u16::from_le_bytes([a, b]));
    let mut rest = bytes.get(ACL_HEADER..size)?;
    if !(2..=4).contains(&revision) {
        return None;
    }
    let mut list = Vec::new();
    for _ in 0..u16::from_le_bytes([c, d]) {
        let &[kind, flags, a, b, m, n, o, p] = rest.first_chunk::<ACE_HEADER>()?;
        let size = usize::from(u16::from_le_bytes([a, b]));
        let sid = Sid::from_bytes(rest.get(ACE_HEADER..size)?)?;
        if ![ALLOWED, DENIED, AUDIT, LABEL].contains(&kind) {
            return None;
        }
        list.push(Ace { kind, flags, mask: u32::from_le_bytes([m, n, o, p]), sid });
        rest = rest.get(size..)?;
    }
    Some(list)
}

/// The bytes of a list; `None` if it is too long.
#[must_use]
pub fn acl_to_bytes(list: &[Ace]) -> Option<Vec<u8>> {
    let mut bytes = vec![2, 0, 0, 0];
    bytes.extend(u16::try_from(list.len()).ok()?.to_le_bytes());
    bytes.extend([0, 0]);
    list.iter().for_each(|ace| bytes.extend(ace.to_bytes()));
    let size = u16::try_from(bytes.len()).ok()?;
    bytes[2..4].copy_from_slice(&size.to_le_bytes());
    Some(bytes)
}

impl Ace {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let sid = self.sid.to_bytes();
        let size = u16::try_from(ACE_HEADER + sid.len()).unwrap_or(u16::MAX);
        let mut bytes = vec![self.kind, self.flags];
        bytes.extend(size.to_le_bytes());
        bytes.extend(self.mask.to_le_bytes());
        bytes.extend(sid);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_back_and_garbage_does_not() {
        for text in [
            "O:BAG:SYD:P(A;OICI;FA;;;BA)(D;;GR;;;S-1-22-1-5)S:(ML;;NW;;;LW)",
            "D:NO_ACCESS_CONTROL",
            "D:",
            "O:SY",
        ] {
            let descriptor = Descriptor::parse(text).unwrap();
            let bytes = descriptor.to_bytes().unwrap();
            assert_eq!(Descriptor::from_bytes(&bytes), Some(descriptor), "{text}");
            for len in 0..bytes.len() {
                assert_eq!(Descriptor::from_bytes(&bytes[..len]), None, "{text} {len}");
            }
            for at in 0..bytes.len() {
                let mut bad = bytes.clone();
                bad[at] = 0xFF;
                let _ = Descriptor::from_bytes(&bad);
            }
        }
    }

    #[test]
    fn a_list_for_files_is_the_same_list() {
        for security in [
            Security::current_user(),
            Security::everyone(),
            Security::unix_mode(0o640).group("77").unwrap(),
            Security::sddl("D:(D;;GW;;;S-1-22-1-9)(A;;GA;;;WD)").unwrap(),
        ] {
            let back = security.descriptor(5, 50).security().unwrap().unwrap();
            for uid in [0, 5, 6, 9] {
                for gids in [&[][..], &[50], &[77]] {
                    assert_eq!(
                        back.allows(5, uid, gids),
                        security.allows(5, uid, gids),
                        "{back:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn whom_nobody_knows_is_let_in_by_nothing() {
        let text = "D:(A;;GA;;;S-1-5-21-1-2-3-500)(A;;GR;;;S-1-22-1-9)";
        let security = Descriptor::parse(text).unwrap().security().unwrap().unwrap();
        assert!(!security.allows(5, 5, &[]).read && security.allows(5, 9, &[]).read);
    }
}
