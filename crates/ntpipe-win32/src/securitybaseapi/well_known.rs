//! The identifiers that Windows numbers as well-known.
#![allow(unsafe_code)]

use ntpipe::ErrorKind;
use ntpipe_core::security::Sid;

use crate::boundary::{answer, out, put, succeeds, value};
use crate::failure::Result;
use crate::security::{PSID, fill, length, sid, sid_bytes};
use crate::types::{BOOL, DWORD};

/// Number, authority, parts.
#[rustfmt::skip]
const WELL_KNOWN: &[(u32, u64, &[u32])] = &[
    (0, 0, &[0]), (1, 1, &[0]), (2, 2, &[0]),
    (3, 3, &[0]), (4, 3, &[1]), (5, 3, &[2]), (6, 3, &[3]), (71, 3, &[4]),
    (7, 5, &[]), (8, 5, &[1]), (9, 5, &[2]), (10, 5, &[3]), (11, 5, &[4]), (12, 5, &[6]),
    (13, 5, &[7]), (14, 5, &[8]), (15, 5, &[9]), (16, 5, &[10]), (17, 5, &[11]), (18, 5, &[12]),
    (19, 5, &[13]), (20, 5, &[14]), (21, 5, &[5]), (22, 5, &[18]), (23, 5, &[19]), (24, 5, &[20]),
    (25, 5, &[32]), (26, 5, &[32, 544]), (27, 5, &[32, 545]), (28, 5, &[32, 546]),
    (29, 5, &[32, 547]), (30, 5, &[32, 548]), (31, 5, &[32, 549]), (32, 5, &[32, 550]),
    (33, 5, &[32, 551]), (34, 5, &[32, 552]), (35, 5, &[32, 554]), (36, 5, &[32, 555]),
    (37, 5, &[32, 556]), (70, 5, &[33]),
    (65, 16, &[0]), (66, 16, &[0x1000]), (67, 16, &[0x2000]), (68, 16, &[0x3000]),
    (69, 16, &[0x4000]), (84, 15, &[2, 1]),
];
/// Number, and the last part behind the identifier of a domain.
const OF_DOMAIN: &[(u32, u32)] =
    &[(38, 500), (39, 501), (41, 512), (42, 513), (43, 514), (44, 515), (45, 516)];

fn well_known(number: u32, domain: Option<Sid>) -> Result<Sid> {
    let unknown = ErrorKind::InvalidParameter;
    if let Some((_, authority, subs)) = WELL_KNOWN.iter().find(|row| row.0 == number) {
        return Ok(Sid::new(*authority, subs).ok_or(unknown)?);
    }
    let last = OF_DOMAIN.iter().find(|row| row.0 == number).ok_or(unknown)?.1;
    let domain = domain.ok_or(unknown)?;
    let subs: Vec<_> = domain.subs().iter().copied().chain([last]).collect();
    Ok(Sid::new(domain.authority(), &subs).ok_or(unknown)?)
}

/// `CreateWellKnownSid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn CreateWellKnownSid(
    number: u32,
    domain: PSID,
    to: PSID,
    size: *mut DWORD,
) -> BOOL {
    succeeds(|| {
        // SAFETY: null or valid, by the caller's promise.
        let room = *unsafe { value(size) }.ok_or(ErrorKind::InvalidParameter)?;
        // SAFETY: as above.
        let domain = unsafe { sid_bytes(domain) }.and_then(Sid::from_bytes);
        let made = well_known(number, domain)?.to_bytes();
        // SAFETY: as above.
        put(unsafe { out(size) }, length(&made));
        // SAFETY: null or valid for that many bytes, by the caller's promise.
        unsafe { fill(to, room, &made) }
    })
}

/// `IsWellKnownSid`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IsWellKnownSid(one: PSID, number: u32) -> BOOL {
    answer(0, || {
        // SAFETY: null or valid, by the caller's promise.
        let one = unsafe { sid(one) }?;
        let domain = one.subs().split_last().and_then(|it| Sid::new(one.authority(), it.1));
        Ok(i32::from(well_known(number, domain).is_ok_and(|known| known == one)))
    })
}
