//! A token: who somebody is, and how much of that counts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ntpipe::{ErrorKind, context};
use ntpipe_core::security::Sid;
use ntpipe_shm::generation::Settled;

use crate::failure::{Failure, Result};
use crate::privilege::{self, BY_DEFAULT, ENABLED, Privilege, REMOVED};

/// `SECURITY_IMPERSONATION_LEVEL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// Not even who it is can be told.
    Anonymous = 0,
    /// Who it is can be told, and no more.
    Identification = 1,
    /// The thread acts as him.
    Impersonation = 2,
    /// The same here, where no other computer is reached.
    Delegation = 3,
}

impl Level {
    /// The level with this number.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER`.
    pub fn of(number: u32) -> Result<Self> {
        match number {
            0 => Ok(Self::Anonymous),
            1 => Ok(Self::Identification),
            2 => Ok(Self::Impersonation),
            3 => Ok(Self::Delegation),
            _ => Err(ErrorKind::InvalidParameter.into()),
        }
    }
}

/// What a thread says with its writes; the bits are in docs/segment.md.
pub mod said {
    /// It has fewer privileges enabled than its user has.
    pub const FEWER_PRIVILEGES: u8 = 0x1;
    /// It may itself only identify.
    pub const IDENTIFIES: u8 = 0x2;
    /// It acts for nobody, or for somebody else than its process.
    pub const FOREIGN: u8 = 0x4;
    /// At the open: what counts is what was said then.
    pub const STATIC: u32 = 0x4;
    /// At the open: only privileges that are enabled.
    pub const EFFECTIVE_ONLY: u32 = 0x8;

    /// The level at the open.
    #[must_use]
    pub fn level(level: super::Level) -> u32 {
        match level {
            super::Level::Impersonation => 0,
            super::Level::Anonymous => 1,
            super::Level::Identification => 2,
            super::Level::Delegation => 3,
        }
    }
}

/// A user with his groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub uid: u32,
    /// His group.
    pub gid: u32,
    /// The groups that he is a member of as well.
    pub groups: Vec<u32>,
}

impl User {
    /// Whom this process runs as.
    #[must_use]
    pub fn of_process() -> Self {
        let groups = rustix::process::getgroups().unwrap_or_default();
        Self {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            groups: groups.iter().map(|gid| gid.as_raw()).collect(),
        }
    }
}

/// A token behind handles.
#[derive(Debug)]
pub struct TokenObject {
    /// Which token it is.
    pub id: u32,
    /// `None` for one of nobody.
    pub user: Option<User>,
    /// How much of it counts; `None` for the token of a process.
    pub level: Option<Level>,
    /// The session of its user; 0 if unknown.
    pub session: u32,
    privileges: Mutex<Vec<Privilege>>,
    /// Counts its changes.
    modified: AtomicU32,
}

/// What becomes of a token's privileges.
#[derive(Clone, Copy, Debug)]
pub enum Adjust<'a> {
    /// All of them are disabled.
    DisableAll,
    /// These get other attributes.
    Set(&'a [Privilege]),
}

fn new_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0x1_0000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl TokenObject {
    /// A token of a user, or of nobody.
    #[must_use]
    pub fn new(
        user: Option<User>,
        level: Option<Level>,
        session: u32,
        privileges: Vec<Privilege>,
    ) -> Arc<Self> {
        let modified = AtomicU32::new(new_id());
        let privileges = Mutex::new(privileges);
        Arc::new(Self { id: new_id(), user, level, session, privileges, modified })
    }

    /// The token of this process.
    #[must_use]
    pub fn of_process() -> Arc<Self> {
        static OWN: Settled<Arc<TokenObject>> = Settled::new();
        let own = OWN.get_or_make(|| {
            let session = ntpipe_shm::peer::session(std::process::id()).unwrap_or(0);
            Box::new(TokenObject::of_user(User::of_process(), session))
        });
        own.clone()
    }

    /// The token of a process of that user.
    #[must_use]
    pub fn of_user(user: User, session: u32) -> Arc<Self> {
        let privileges = privilege::of_user(user.uid);
        Self::new(Some(user), None, session, privileges)
    }

    /// A token of nobody.
    #[must_use]
    pub fn anonymous(level: Level) -> Arc<Self> {
        Self::new(None, Some(level), 0, Vec::new())
    }

    /// The privileges as they are now.
    #[must_use]
    pub fn privileges(&self) -> Vec<Privilege> {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Vec<Privilege>> {
        self.privileges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which change it had last.
    #[must_use]
    pub fn modified(&self) -> u32 {
        self.modified.load(Ordering::Relaxed)
    }

    /// Changes privileges; gives those that were changed, as they were, and whether all were there.
    pub fn adjust(&self, adjust: Adjust<'_>) -> (Vec<Privilege>, bool) {
        let mut held = self.held();
        let before = held.clone();
        let mut all = true;
        match adjust {
            Adjust::DisableAll => held.iter_mut().for_each(|it| it.attributes &= !ENABLED),
            Adjust::Set(wished) => {
                for wish in wished {
                    match held.iter_mut().find(|it| it.number == wish.number) {
                        Some(it) => {
                            it.attributes =
                                it.attributes & !ENABLED | wish.attributes & (ENABLED | REMOVED);
                        }
                        None => all = false,
                    }
                }
            }
        }
        let changed = before.iter().zip(held.iter()).filter(|(old, new)| old != new);
        let changed = changed.map(|(old, _)| *old).collect();
        held.retain(|it| it.attributes & REMOVED == 0);
        self.modified.store(new_id(), Ordering::Relaxed);
        (changed, all)
    }

    /// A copy, of another type and level.
    ///
    /// # Errors
    /// `ERROR_BAD_IMPERSONATION_LEVEL` for more than this one allows.
    pub fn duplicate(&self, level: Option<Level>) -> Result<Arc<Self>> {
        let allowed = match (self.level, level) {
            (None, _) => true,
            (Some(own), Some(level)) => level <= own,
            (Some(own), None) => own >= Level::Impersonation,
        };
        if !allowed {
            return Err(Failure::BAD_IMPERSONATION_LEVEL);
        }
        Ok(Self::new(self.user.clone(), level, self.session, self.privileges()))
    }

    /// What a thread with this token says with its writes.
    #[must_use]
    pub fn says(&self) -> u8 {
        let held = self.held();
        let lowered = |wanted: &Privilege| {
            let on = |it: &Privilege| it.number == wanted.number && it.attributes & ENABLED != 0;
            wanted.attributes & BY_DEFAULT != 0 && !held.iter().any(on)
        };
        let own = rustix::process::geteuid().as_raw();
        let foreign = self.level == Some(Level::Anonymous)
            || self.user.as_ref().is_none_or(|user| user.uid != own);
        let mut says = 0;
        if privilege::of_user(own).iter().any(lowered) {
            says |= said::FEWER_PRIVILEGES;
        }
        if self.level == Some(Level::Identification) {
            says |= said::IDENTIFIES;
        }
        if foreign {
            says |= said::FOREIGN;
        }
        says
    }

    /// The token of a client, as the kernel and, to its own harm, it says itself.
    ///
    /// # Errors
    /// `ERROR_CANNOT_IMPERSONATE` if it has said nothing yet.
    pub fn of_client(user: User, session: u32, told: context::Told) -> Result<Arc<Self>> {
        let asked = match told.at_open & 3 {
            0 => Level::Impersonation,
            1 => Level::Anonymous,
            2 => Level::Identification,
            _ => Level::Delegation,
        };
        let at_open = told.at_open.to_le_bytes()[1];
        let fixed = told.at_open & said::STATIC != 0;
        //= observed: nothing to impersonate before the first read, unless the context is static
        let says = if fixed { Some(at_open) } else { told.last };
        let says = says.ok_or(ErrorKind::CannotImpersonate)?;
        if says & said::FOREIGN != 0 || asked == Level::Anonymous {
            return Ok(Self::anonymous(Level::Anonymous));
        }
        let level = if says & said::IDENTIFIES != 0 { Level::Identification } else { asked };
        let mut privileges = privilege::of_user(user.uid);
        if says & said::FEWER_PRIVILEGES != 0 {
            privileges.iter_mut().for_each(|it| it.attributes &= !ENABLED);
        }
        if told.at_open & said::EFFECTIVE_ONLY != 0 {
            privileges.retain(|it| it.attributes & ENABLED != 0);
        }
        Ok(Self::new(Some(user), Some(level), session, privileges))
    }

    /// The identifier of its user.
    #[must_use]
    pub fn sid(&self) -> Sid {
        let anonymous = || Sid::new(5, &[7]).expect("a short one");
        self.user.as_ref().map_or_else(anonymous, |user| Sid::user(user.uid))
    }

    /// The identifier of its user's group.
    #[must_use]
    pub fn group(&self) -> Sid {
        self.user.as_ref().map_or_else(|| self.sid(), |user| Sid::group(user.gid))
    }

    /// The identifiers of its groups, with their attributes.
    #[must_use]
    pub fn groups(&self) -> Vec<(Sid, u32)> {
        /// `SE_GROUP_MANDATORY`, `…_ENABLED_BY_DEFAULT`, `…_ENABLED`.
        const MEMBER: u32 = 7;
        const OWNER: u32 = 8;
        const LOGON_ID: u32 = 0xC000_0000;
        let class = |authority, subs: &[u32]| Sid::new(authority, subs).expect("a short one");
        let mut groups = vec![(Sid::everyone(), MEMBER)];
        let Some(user) = &self.user else { return groups };
        let own = std::iter::once(user.gid).chain(user.groups.iter().copied());
        for gid in own {
            let sid = Sid::group(gid);
            if !groups.iter().any(|group| group.0 == sid) {
                groups.push((sid, MEMBER));
            }
        }
        if user.uid == 0 {
            groups.push((class(5, &[32, 544]), MEMBER | OWNER));
        }
        groups.push((class(5, &[32, 545]), MEMBER));
        groups.push((class(5, &[4]), MEMBER));
        groups.push((class(5, &[11]), MEMBER));
        groups.push((Sid::logon(user.uid), MEMBER | LOGON_ID));
        groups.push((class(2, &[0]), MEMBER));
        groups
    }

    /// Whether it is of root, who is as trusted as an elevated administrator.
    #[must_use]
    pub fn is_elevated(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.uid == 0)
    }

    /// Whether he can make it the owner of something: himself, or, as root, whom he wants.
    #[must_use]
    pub fn may_name_owner(&self, sid: &Sid) -> bool {
        self.is_elevated() || *sid == self.sid()
    }

    /// Whether an identifier is its user's or one of its groups'.
    #[must_use]
    pub fn is(&self, sid: &Sid) -> bool {
        let system = self.is_elevated() && sid.covers(0, &[]);
        system || *sid == self.sid() || self.groups().iter().any(|group| group.0 == *sid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32) -> User {
        User { uid, gid: uid, groups: vec![77] }
    }

    fn told(at_open: u32, last: Option<u8>) -> context::Told {
        context::Told { at_open, last }
    }

    #[test]
    fn a_client_says_nothing_to_its_advantage() {
        let token =
            |at_open, last| TokenObject::of_client(user(5), 0, told(at_open, last)).unwrap();
        for last in 0..=u8::MAX {
            for at_open in [0, 2, 3, 4, 8, 0xFFFF_FF00] {
                let token = token(at_open, Some(last));
                assert!(token.user.as_ref().is_none_or(|it| *it == user(5)));
                let full = privilege::of_user(5);
                let held = token.privileges();
                assert!(held.iter().all(|it| full.iter().any(|known| known.number == it.number)));
            }
        }
        assert_eq!(token(0, Some(0)).level, Some(Level::Impersonation));
        assert_eq!(token(0, Some(said::IDENTIFIES)).level, Some(Level::Identification));
        assert_eq!(token(0, Some(said::FOREIGN)).user, None);
        assert_eq!(token(said::STATIC, Some(said::FOREIGN)).user, Some(user(5)));
        assert_eq!(token(said::STATIC | 0x400, None).user, None);
        assert_eq!(token(said::level(Level::Delegation), Some(0)).level, Some(Level::Delegation));
        assert!(TokenObject::of_client(user(5), 0, told(0, None)).is_err());
    }

    #[test]
    fn privileges_are_taken_away_and_counted() {
        let token = TokenObject::of_user(user(0), 0);
        let (changed, all) = token.adjust(Adjust::DisableAll);
        assert!(all && changed.len() == 3, "{changed:?}");
        let wish = [
            Privilege { number: 23, attributes: ENABLED },
            Privilege { number: 2, attributes: ENABLED },
            Privilege { number: 20, attributes: REMOVED },
        ];
        let (changed, all) = token.adjust(Adjust::Set(&wish));
        assert!(!all && changed.len() == 2);
        let held = token.privileges();
        assert!(held.iter().any(|it| it.number == 23 && it.attributes & ENABLED != 0));
        assert!(!held.iter().any(|it| it.number == 20 || it.number == 2));
    }

    #[test]
    fn a_copy_allows_no_more() {
        let process = TokenObject::of_user(user(5), 0);
        let one = process.duplicate(Some(Level::Identification)).unwrap();
        assert!(one.duplicate(Some(Level::Impersonation)).is_err() && one.duplicate(None).is_err());
        assert!(one.duplicate(Some(Level::Anonymous)).is_ok());
        let other = process.duplicate(Some(Level::Impersonation)).unwrap();
        assert!(other.duplicate(None).unwrap().level.is_none());
    }

    #[test]
    fn a_token_is_its_user_and_its_groups() {
        let token = TokenObject::of_user(user(5), 0);
        for text in ["S-1-22-1-5", "S-1-22-2-5", "S-1-22-2-77", "WD", "AU", "BU", "IU"] {
            assert!(token.is(&Sid::parse(text).unwrap()), "{text}");
        }
        for text in ["S-1-22-1-6", "BA", "SY", "NU", "S-1-5-21-1"] {
            assert!(!token.is(&Sid::parse(text).unwrap()), "{text}");
        }
        let owners = ["S-1-22-1-5", "S-1-22-2-5", "SY", "WD"].map(|it| Sid::parse(it).unwrap());
        assert_eq!(
            owners.each_ref().map(|it| token.may_name_owner(it)),
            [true, false, false, false]
        );
        let root = TokenObject::of_user(user(0), 0);
        assert!(owners.iter().all(|it| root.may_name_owner(it)));
        assert!(["BA", "SY"].iter().all(|it| root.is(&Sid::parse(it).unwrap())));
    }
}
