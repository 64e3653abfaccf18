//! What `GetTokenInformation` tells: bytes as the structures of winnt.h have them, with the pointers
//! that they would have at the caller's place.

use ntpipe::{ErrorKind, Security};
use ntpipe_core::security::Sid;
use ntpipe_core::security::descriptor::acl_to_bytes;

use crate::failure::{Failure, Result};
use crate::object::TokenObject;
use crate::privilege::Privilege;

/// `TokenSource`, which takes a right of its own.
pub(super) const SOURCE: u32 = 7;

const POINTER: usize = size_of::<usize>();
/// A pointer, attributes, and nothing.
const SID_AND_ATTRIBUTES: usize = 2 * POINTER;

/// What one class of information comes to at the address `base`.
pub(super) fn tell(token: &TokenObject, class: u32, base: usize) -> Result<Vec<u8>> {
    let number = |number: u32| Ok(number.to_ne_bytes().to_vec());
    let pointer = |to: &[u8]| {
        let mut told = (base + POINTER).to_ne_bytes().to_vec();
        told.extend(to);
        Ok(told)
    };
    Ok(match class {
        1 => sids(&[(token.sid(), 0)], 0, base),
        2 => groups(&token.groups(), base),
        3 => privileges(&token.privileges()),
        4 => return pointer(&token.sid().to_bytes()),
        5 => return pointer(&token.group().to_bytes()),
        6 => return pointer(&default_dacl(token)?),
        SOURCE => [b"ntpipe\0\0".to_vec(), luid(0u32)].concat(),
        8 => return number(if token.level.is_none() { 1 } else { 2 }),
        9 => return number(token.level.ok_or(ErrorKind::InvalidParameter)? as u32),
        10 => statistics(token),
        // Restricted identifiers, and capabilities: none.
        11 | 30 => groups(&[], base),
        12 => return number(token.session),
        17 => luid(0u32),
        // `TokenElevationTypeDefault`: nobody has two tokens.
        18 => return number(1),
        20 => return number(token.is_elevated().into()),
        // Inert, restricted, virtual, above the screen, in a container: no.
        15 | 21 | 23 | 24 | 26 | 29 => return number(0),
        25 => sids(&[(label(token), 0x60)], 0, base),
        // `TOKEN_MANDATORY_POLICY_OFF`: no label is looked at.
        27 => return number(0),
        28 => {
            let logon = |(sid, attributes): &(Sid, u32)| {
                (attributes >> 30 == 3).then(|| (sid.clone(), *attributes))
            };
            groups(&token.groups().iter().filter_map(logon).collect::<Vec<_>>(), base)
        }
        _ => return Err(ErrorKind::InvalidParameter.into()),
    })
}

fn luid(number: impl Into<u64>) -> Vec<u8> {
    number.into().to_ne_bytes().to_vec()
}

/// An array of identifiers with attributes, `head` bytes behind the beginning, then their bytes.
fn sids(list: &[(Sid, u32)], head: usize, base: usize) -> Vec<u8> {
    let mut told = vec![0; head];
    let mut at = base + head + list.len() * SID_AND_ATTRIBUTES;
    for (sid, attributes) in list {
        told.extend(at.to_ne_bytes());
        told.extend(attributes.to_ne_bytes());
        told.resize(told.len().next_multiple_of(POINTER), 0);
        at += sid.to_bytes().len();
    }
    told.extend(list.iter().flat_map(|(sid, _)| sid.to_bytes()));
    told
}

fn groups(list: &[(Sid, u32)], base: usize) -> Vec<u8> {
    let mut told = sids(list, POINTER, base);
    told[..4].copy_from_slice(&u32::try_from(list.len()).unwrap_or(0).to_ne_bytes());
    told
}

/// `TOKEN_PRIVILEGES`.
pub(super) fn privileges(list: &[Privilege]) -> Vec<u8> {
    let mut told = u32::try_from(list.len()).unwrap_or(0).to_ne_bytes().to_vec();
    for it in list {
        told.extend(luid(it.number));
        told.extend(it.attributes.to_ne_bytes());
    }
    told
}

/// What its user's objects are protected by unless something else is said.
fn default_dacl(token: &TokenObject) -> Result<Vec<u8>> {
    let user = token.user.as_ref().ok_or(ErrorKind::InvalidParameter)?;
    let list = Security::current_user().descriptor(user.uid, user.gid).dacl.flatten();
    list.and_then(|list| acl_to_bytes(&list)).ok_or(Failure::INVALID_ACL)
}

fn label(token: &TokenObject) -> Sid {
    let trust = match &token.user {
        None => 0,
        Some(_) if token.is_elevated() => 0x3000,
        Some(_) => 0x2000,
    };
    Sid::new(16, &[trust]).expect("a short one")
}

/// `TOKEN_STATISTICS`.
fn statistics(token: &TokenObject) -> Vec<u8> {
    /// The logons of the system and of nobody.
    const SYSTEM: u64 = 0x3E7;
    const NOBODY: u64 = 0x3E6;
    let logon = match &token.user {
        None => NOBODY,
        Some(user) if user.uid == 0 => SYSTEM,
        Some(user) => 0x1_0000 + u64::from(user.uid),
    };
    let count = |len: usize| u32::try_from(len).unwrap_or(0);
    let words = [
        if token.level.is_none() { 1 } else { 2 },
        token.level.map_or(0, |level| level as u32),
        0,
        0,
        count(token.groups().len()),
        count(token.privileges().len()),
    ];
    let mut told = [luid(token.id), luid(logon), i64::MAX.to_ne_bytes().to_vec()].concat();
    told.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
    told.extend(luid(token.modified()));
    told
}
