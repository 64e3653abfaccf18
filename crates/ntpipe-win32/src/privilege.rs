//! Privileges: their names and numbers, and which of them somebody has.
//!
//! Linux asks nobody for them; programs look for them, and take them away from tokens.

/// `SE_PRIVILEGE_ENABLED_BY_DEFAULT`.
pub const BY_DEFAULT: u32 = 1;
/// `SE_PRIVILEGE_ENABLED`.
pub const ENABLED: u32 = 2;
/// `SE_PRIVILEGE_REMOVED`.
pub const REMOVED: u32 = 4;

/// Who has it: everybody, root, or nobody by himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// Everybody; enabled or not.
    All(bool),
    /// Root; enabled or not.
    Root(bool),
    /// The system itself.
    Nobody,
}

use Holder::{All, Nobody, Root};

#[rustfmt::skip]
const PRIVILEGES: &[(u32, &str, Holder)] = &[
    (2, "SeCreateTokenPrivilege", Nobody), (3, "SeAssignPrimaryTokenPrivilege", Nobody),
    (4, "SeLockMemoryPrivilege", Nobody), (5, "SeIncreaseQuotaPrivilege", Root(false)),
    (6, "SeMachineAccountPrivilege", Nobody), (7, "SeTcbPrivilege", Nobody),
    (8, "SeSecurityPrivilege", Root(false)), (9, "SeTakeOwnershipPrivilege", Root(false)),
    (10, "SeLoadDriverPrivilege", Root(false)), (11, "SeSystemProfilePrivilege", Root(false)),
    (12, "SeSystemtimePrivilege", Root(false)),
    (13, "SeProfileSingleProcessPrivilege", Root(false)),
    (14, "SeIncreaseBasePriorityPrivilege", Root(false)),
    (15, "SeCreatePagefilePrivilege", Root(false)), (16, "SeCreatePermanentPrivilege", Nobody),
    (17, "SeBackupPrivilege", Root(false)), (18, "SeRestorePrivilege", Root(false)),
    (19, "SeShutdownPrivilege", All(false)), (20, "SeDebugPrivilege", Root(false)),
    (21, "SeAuditPrivilege", Nobody), (22, "SeSystemEnvironmentPrivilege", Root(false)),
    (23, "SeChangeNotifyPrivilege", All(true)),
    (24, "SeRemoteShutdownPrivilege", Root(false)), (25, "SeUndockPrivilege", All(false)),
    (26, "SeSyncAgentPrivilege", Nobody), (27, "SeEnableDelegationPrivilege", Nobody),
    (28, "SeManageVolumePrivilege", Root(false)), (29, "SeImpersonatePrivilege", Root(true)),
    (30, "SeCreateGlobalPrivilege", Root(true)),
    (31, "SeTrustedCredManAccessPrivilege", Nobody), (32, "SeRelabelPrivilege", Nobody),
    (33, "SeIncreaseWorkingSetPrivilege", All(false)), (34, "SeTimeZonePrivilege", All(false)),
    (35, "SeCreateSymbolicLinkPrivilege", Root(false)),
    (36, "SeDelegateSessionUserImpersonatePrivilege", Root(false)),
];

/// A privilege in a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privilege {
    /// Its number, the lower half of a `LUID` whose upper half is 0.
    pub number: u32,
    /// [`BY_DEFAULT`] and [`ENABLED`].
    pub attributes: u32,
}

/// Those that a user has.
#[must_use]
pub fn of_user(uid: u32) -> Vec<Privilege> {
    let has = |&(number, _, holder): &(u32, &str, Holder)| {
        let enabled = match holder {
            All(enabled) => enabled,
            Root(enabled) if uid == 0 => enabled,
            _ => return None,
        };
        let attributes = if enabled { BY_DEFAULT | ENABLED } else { 0 };
        Some(Privilege { number, attributes })
    };
    PRIVILEGES.iter().filter_map(has).collect()
}

/// The number of a privilege, whose name may be in any case.
#[must_use]
pub fn number(name: &str) -> Option<u32> {
    PRIVILEGES.iter().find(|row| row.1.eq_ignore_ascii_case(name)).map(|row| row.0)
}

/// The name of a privilege.
#[must_use]
pub fn name(number: u32) -> Option<&'static str> {
    PRIVILEGES.iter().find(|row| row.0 == number).map(|row| row.1)
}
