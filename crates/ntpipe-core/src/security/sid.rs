//! Security identifiers: their bytes, their text, and whom on this computer they mean.
//= learn: SID Components, Well-known SIDs, SID Strings

use std::fmt;

use super::Who;

/// The most parts after the authority.
pub const SUB_AUTHORITIES_MAX: usize = 15;

/// The authority of Windows itself.
const NT: u64 = 5;
/// The authority of users and groups of Unix.
const UNIX: u64 = 22;

/// An identifier of a user, a group, or a class of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sid {
    authority: u64,
    subs: Vec<u32>,
}

/// Two letters of SDDL, the authority, and the parts after it.
type Known = (&'static str, u64, &'static [u32]);

/// The identifiers that have letters of their own.
#[rustfmt::skip]
const KNOWN: &[Known] = &[
    ("WD", 1, &[0]), ("CO", 3, &[0]), ("CG", 3, &[1]), ("OW", 3, &[4]),
    ("NU", NT, &[2]), ("IU", NT, &[4]), ("SU", NT, &[6]), ("AN", NT, &[7]), ("ED", NT, &[9]),
    ("PS", NT, &[10]), ("AU", NT, &[11]), ("RC", NT, &[12]), ("SY", NT, &[18]), ("LS", NT, &[19]),
    ("NS", NT, &[20]), ("WR", NT, &[33]),
    ("BA", NT, &[32, 544]), ("BU", NT, &[32, 545]), ("BG", NT, &[32, 546]), ("PU", NT, &[32, 547]),
    ("AO", NT, &[32, 548]), ("SO", NT, &[32, 549]), ("PO", NT, &[32, 550]), ("BO", NT, &[32, 551]),
    ("RE", NT, &[32, 552]), ("RU", NT, &[32, 554]), ("RD", NT, &[32, 555]), ("NO", NT, &[32, 556]),
    ("AC", 15, &[2, 1]),
    ("LW", 16, &[0x1000]), ("ME", 16, &[0x2000]), ("MP", 16, &[0x2100]), ("HI", 16, &[0x3000]),
    ("SI", 16, &[0x4000]),
];

/// Whom an identifier means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Somebody who may come to a pipe.
    Some(Who),
    /// A class of which nobody ever comes to a local pipe.
    Nobody,
    /// What this computer knows nothing of.
    Unknown,
}

impl Sid {
    /// An identifier of its parts; `None` if the authority has more than 48 bits or the rest more than
    /// fifteen parts.
    #[must_use]
    pub fn new(authority: u64, subs: &[u32]) -> Option<Self> {
        let fits = authority < 1 << 48 && subs.len() <= SUB_AUTHORITIES_MAX;
        fits.then(|| Self { authority, subs: subs.to_vec() })
    }

    fn known(authority: u64, subs: &[u32]) -> Self {
        Self { authority, subs: subs.to_vec() }
    }

    /// A user of this computer.
    #[must_use]
    pub fn user(uid: u32) -> Self {
        Self::known(UNIX, &[1, uid])
    }

    /// A group of this computer.
    #[must_use]
    pub fn group(gid: u32) -> Self {
        Self::known(UNIX, &[2, gid])
    }

    /// The logon of a user: all of his processes have the same one here.
    #[must_use]
    pub fn logon(uid: u32) -> Self {
        Self::known(NT, &[5, 0, uid])
    }

    /// Everyone.
    #[must_use]
    pub fn everyone() -> Self {
        Self::known(1, &[0])
    }

    /// What comes before the parts.
    #[must_use]
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The parts after the authority.
    #[must_use]
    pub fn subs(&self) -> &[u32] {
        &self.subs
    }

    /// Reads the bytes of one; what follows it is not looked at.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[revision, count, a, b, c, d, e, f], rest) = bytes.split_first_chunk::<8>()?;
        let count = usize::from(count);
        if revision != 1 || count > SUB_AUTHORITIES_MAX {
            return None;
        }
        let subs = rest.get(..count * 4)?.as_chunks::<4>().0;
        let subs = subs.iter().map(|sub| u32::from_le_bytes(*sub)).collect();
        Some(Self { authority: u64::from_be_bytes([0, 0, a, b, c, d, e, f]), subs })
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = u8::try_from(self.subs.len()).unwrap_or(u8::MAX);
        let mut bytes = vec![1, count];
        bytes.extend(&self.authority.to_be_bytes()[2..]);
        bytes.extend(self.subs.iter().flat_map(|sub| sub.to_le_bytes()));
        bytes
    }

    /// Reads `S-1-…`, with numbers in decimal or hexadecimal, or the two letters of SDDL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((_, authority, subs)) = KNOWN.iter().find(|known| known.0 == text) {
            return Some(Self::known(*authority, subs));
        }
        let text = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-"))?;
        let mut parts = text.split('-').map(number);
        let authority = parts.next()??;
        let sub = |part: Option<u64>| part.and_then(|part| u32::try_from(part).ok());
        let subs: Vec<_> = parts.map(sub).collect::<Option<_>>()?;
        Self::new(authority, &subs)
    }

    /// The two letters of SDDL, if it has some.
    #[must_use]
    pub fn letters(&self) -> Option<&'static str> {
        let found = KNOWN.iter().find(|known| known.1 == self.authority && known.2 == self.subs);
        found.map(|known| known.0)
    }

    pub(super) fn meaning(&self) -> Meaning {
        use Meaning::{Nobody, Some, Unknown};
        match (self.authority, &self.subs[..]) {
            (UNIX, [1, uid]) | (NT, [5, 0, uid]) => Some(Who::User(*uid)),
            (UNIX, [2, gid]) => Some(Who::Group(*gid)),
            (3, [0 | 4]) => Some(Who::Owner),
            (3, [1]) => Some(Who::OwningGroup),
            (1 | 2, [0]) | (NT, [4 | 11] | [32, 545]) => Some(Who::Everyone),
            (NT, [18] | [32, 544]) => Some(Who::User(0)),
            _ if self.letters().is_some() => Nobody,
            _ => Unknown,
        }
    }

    /// Whether `uid`, a member of `gids`, is whom this means. The owner of something is nobody in
    /// particular.
    #[must_use]
    pub fn covers(&self, uid: u32, gids: &[u32]) -> bool {
        match self.meaning() {
            Meaning::Some(Who::User(user)) => user == uid,
            Meaning::Some(Who::Group(group)) => gids.contains(&group),
            Meaning::Some(Who::Everyone) => true,
            _ => false,
        }
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.authority >> 32 == 0 {
            write!(f, "S-1-{}", self.authority)?;
        } else {
            write!(f, "S-1-{:#014X}", self.authority)?;
        }
        self.subs.iter().try_for_each(|sub| write!(f, "-{sub}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_windows() {
        let sid = Sid::parse("S-1-5-32-544").unwrap();
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        assert_eq!(sid.to_bytes(), bytes);
        assert_eq!(Sid::from_bytes(&bytes), Some(sid.clone()));
        assert_eq!((sid.letters(), sid.to_string()), (Some("BA"), "S-1-5-32-544".into()));
        assert_eq!(Sid::parse("BA"), Some(sid));
        let large = Sid::parse("S-1-0x123456789ABC-0xA").unwrap();
        assert_eq!(large.to_string(), "S-1-0x123456789ABC-10");
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in
            ["", "S-1", "S-1-", "S-2-5", "S-1-5-", "S-1-5-4294967296", "S-1-+5", "S-1-5-x", "ZZ"]
        {
            assert_eq!(Sid::parse(text), None, "{text}");
        }
        assert_eq!(Sid::parse(&format!("S-1-5{}", "-1".repeat(16))), None);
        assert!(Sid::parse(&format!("S-1-5{}", "-1".repeat(15))).is_some());
        for bytes in [&[1, 1, 0, 0, 0, 0, 0, 5, 1, 0, 0][..], &[2, 0, 0, 0, 0, 0, 0, 5], &[1; 7]] {
            assert_eq!(Sid::from_bytes(bytes), None);
        }
    }

    #[test]
    fn everybody_here_has_an_identifier() {
        assert!(Sid::user(5).covers(5, &[]) && !Sid::user(5).covers(6, &[5]));
        assert!(Sid::group(5).covers(6, &[5]) && Sid::everyone().covers(6, &[]));
        assert!(Sid::logon(5).covers(5, &[]) && !Sid::logon(5).covers(6, &[]));
        for (text, meaning) in [
            ("SY", Meaning::Some(Who::User(0))),
            ("CG", Meaning::Some(Who::OwningGroup)),
            ("NU", Meaning::Nobody),
            ("S-1-5-21-1-2-3-500", Meaning::Unknown),
        ] {
            assert_eq!(Sid::parse(text).unwrap().meaning(), meaning, "{text}");
        }
    }
}
