//! Users and groups by name, as `/etc/passwd` and `/etc/group` have them, and what Windows calls
//! those that it knows everywhere.

use ntpipe_core::security::Sid;

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// `SID_NAME_USE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Use {
    /// A user.
    User = 1,
    /// A group.
    Group = 2,
    /// A group that Windows has on every computer.
    Alias = 4,
    /// A class of users.
    WellKnownGroup = 5,
    /// How trusted something is.
    Label = 10,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who it is.
    pub sid: Sid,
    /// The name.
    pub name: String,
    /// Where the name comes from: a computer, or a part of Windows.
    pub domain: String,
    /// What it is.
    pub kind: Use,
}

const NT: &str = "NT AUTHORITY";
const BUILTIN: &str = "BUILTIN";
const LABEL: &str = "Mandatory Label";

/// Identifier, domain, name and use.
#[rustfmt::skip]
const KNOWN: &[(&str, &str, &str, Use)] = &[
    ("S-1-0-0", "", "NULL SID", Use::WellKnownGroup),
    ("S-1-1-0", "", "Everyone", Use::WellKnownGroup),
    ("S-1-2-0", "", "LOCAL", Use::WellKnownGroup),
    ("S-1-3-0", "", "CREATOR OWNER", Use::WellKnownGroup),
    ("S-1-3-1", "", "CREATOR GROUP", Use::WellKnownGroup),
    ("S-1-3-4", "", "OWNER RIGHTS", Use::WellKnownGroup),
    ("S-1-5-2", NT, "NETWORK", Use::WellKnownGroup),
    ("S-1-5-3", NT, "BATCH", Use::WellKnownGroup),
    ("S-1-5-4", NT, "INTERACTIVE", Use::WellKnownGroup),
    ("S-1-5-6", NT, "SERVICE", Use::WellKnownGroup),
    ("S-1-5-7", NT, "ANONYMOUS LOGON", Use::WellKnownGroup),
    ("S-1-5-10", NT, "SELF", Use::WellKnownGroup),
    ("S-1-5-11", NT, "Authenticated Users", Use::WellKnownGroup),
    ("S-1-5-12", NT, "RESTRICTED", Use::WellKnownGroup),
    ("S-1-5-18", NT, "SYSTEM", Use::WellKnownGroup),
    ("S-1-5-19", NT, "LOCAL SERVICE", Use::WellKnownGroup),
    ("S-1-5-20", NT, "NETWORK SERVICE", Use::WellKnownGroup),
    ("S-1-5-32-544", BUILTIN, "Administrators", Use::Alias),
    ("S-1-5-32-545", BUILTIN, "Users", Use::Alias),
    ("S-1-5-32-546", BUILTIN, "Guests", Use::Alias),
    ("S-1-5-32-547", BUILTIN, "Power Users", Use::Alias),
    ("S-1-16-4096", LABEL, "Low Mandatory Level", Use::Label),
    ("S-1-16-8192", LABEL, "Medium Mandatory Level", Use::Label),
    ("S-1-16-12288", LABEL, "High Mandatory Level", Use::Label),
    ("S-1-16-16384", LABEL, "System Mandatory Level", Use::Label),
];

/// In a file of lines `name:…:number:…`, the first line that `fits` tells the name and the number of.
fn line(file: &str, fits: impl Fn(&str, u32) -> bool) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number = fields.nth(1)?.parse().ok()?;
        fits(name, number).then(|| (name.to_owned(), number))
    })
}

/// The name of a user; its number if it has none there.
#[must_use]
pub fn name(uid: u32) -> String {
    line(USERS, |_, number| number == uid).map_or_else(|| uid.to_string(), |found| found.0)
}

/// The account with this identifier. Users and groups that are there by number alone are called by it.
#[must_use]
pub fn by_sid(sid: &Sid, computer: &str) -> Option<Account> {
    let local = |name, kind| Account { sid: sid.clone(), name, domain: computer.into(), kind };
    if let (22, [class @ (1 | 2), number]) = (sid.authority(), sid.subs()) {
        let found = |file| line(file, |_, other| other == *number).map(|found| found.0);
        let file = if *class == 1 { USERS } else { GROUPS };
        let name = found(file).unwrap_or_else(|| number.to_string());
        return Some(local(name, if *class == 1 { Use::User } else { Use::Group }));
    }
    let text = sid.to_string();
    known(|row| row.0 == text)
}

fn known(fits: impl Fn(&(&str, &str, &str, Use)) -> bool) -> Option<Account> {
    let (sid, domain, name, kind) = *KNOWN.iter().find(|row| fits(row))?;
    Some(Account { sid: Sid::parse(sid)?, name: name.into(), domain: domain.into(), kind })
}

/// The account of this name, which may have its domain before it.
#[must_use]
pub fn by_name(name: &str, computer: &str) -> Option<Account> {
    let (domain, name) = name.split_once('\\').map_or((None, name), |it| (Some(it.0), it.1));
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let here = domain.is_none_or(|it| same(it, computer) || it == ".");
    if here && let Some((name, uid)) = line(USERS, |other, _| other == name) {
        return by_sid(&Sid::user(uid), computer).map(|account| Account { name, ..account });
    }
    let fits = |row: &(&str, &str, &str, Use)| {
        same(row.2, name) && domain.is_none_or(|it| same(it, row.1))
    };
    known(fits).or_else(|| {
        let (_, gid) = line(GROUPS, |other, _| here && other == name)?;
        by_sid(&Sid::group(gid), computer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_identifier_and_by_name() {
        let root = by_sid(&Sid::user(0), "here").unwrap();
        assert_eq!(
            (root.name.as_str(), root.domain.as_str(), root.kind),
            ("root", "here", Use::User)
        );
        assert_eq!(by_name("root", "here"), Some(root.clone()));
        assert_eq!(by_name(r"HERE\root", "here"), Some(root));
        assert_eq!(by_name(r"there\root", "here"), None);
        let everyone = by_name("everyone", "here").unwrap();
        assert_eq!((everyone.sid, everyone.kind), (Sid::everyone(), Use::WellKnownGroup));
        let system = by_name(r"NT AUTHORITY\SYSTEM", "here").unwrap();
        assert_eq!(by_sid(&system.sid, "here"), Some(system));
        assert_eq!(by_sid(&Sid::user(4_000_000), "here").unwrap().name, "4000000");
        assert_eq!(by_name("no such account", "here"), None);
        assert_eq!(by_sid(&Sid::parse("S-1-5-21-1").unwrap(), "here"), None);
    }
}
