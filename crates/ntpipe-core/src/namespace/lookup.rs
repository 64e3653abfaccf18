//! Finding a pipe: opening it, asking for it, listing all of them.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use ntpipe_shm::lockfile;
use ntpipe_shm::socket::{Connect, connect_at};
use rustix::fs::{AtFlags, fstat, unlinkat};
use rustix::io::Errno;

use super::{
    LOCK, ListeningName, META, Meta, Namespace, Policy, Trace, files_in, listening_in, open_dir_at,
    open_file_at, own_groups,
    setup::{self, Slot},
};
use crate::error::{Error, ErrorKind, Result};
use crate::name::PipeName;
use crate::security::Descriptor;

/// A connection to an instance.
#[derive(Debug)]
pub struct Opened {
    /// The socket to the server.
    pub socket: OwnedFd,
    /// What the pipe is.
    pub meta: Meta,
    /// Room for data to the server.
    pub in_quota: u32,
    /// Room for data from the server.
    pub out_quota: u32,
    pub(crate) trace: Trace,
    /// What the client says of itself ([`context`](crate::context)); 0 unless it is set before the
    /// greeting.
    pub context: u32,
    /// Which pipe was found under the name, and who may open it.
    pub protection: Protection,
}

/// A pipe, and who may open it.
#[derive(Clone, Debug)]
pub struct Protection {
    /// Which one of its name it is.
    pub incarnation: u64,
    /// Who may open it, in Windows' words.
    pub descriptor: Descriptor,
}

impl Protection {
    pub(super) fn new(dir: &OwnedFd, incarnation: u64, policy: &Policy) -> Result<Self> {
        let stat = fstat(dir).map_err(|e| Error::os("stat", e))?;
        let descriptor = policy.told(stat.st_uid, stat.st_gid);
        Ok(Self { incarnation, descriptor })
    }
}

/// A pipe as it is listed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name, in the spelling of the first instance.
    pub name: PipeName,
    /// What the pipe is.
    pub meta: Meta,
    /// How many instances it has; only those that listen when it belongs to another user.
    pub instances: u32,
    /// How many instances listen.
    pub listening: u32,
    /// The user it belongs to.
    pub owner_uid: u32,
    /// The processes that serve it; unknown when it belongs to another user.
    pub pids: Vec<u32>,
    /// Its directory.
    pub path: PathBuf,
}

/// A pipe that at least one server process holds.
struct Found {
    dir: OwnedFd,
    meta: Meta,
    owner: u32,
}

/// What the lock file tells, for those who may read it.
pub(super) struct Census {
    listening: Vec<ListeningName>,
    /// The instances; `None` when the lock file is not for us.
    pub(super) servers: Option<Vec<Slot>>,
}

impl Namespace {
    /// Connects to the oldest instance of `name` that listens.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such pipe; [`ErrorKind::PipeBusy`] when no
    /// instance listens; [`ErrorKind::AccessDenied`] when its directions or its security forbid
    /// it.
    pub fn open(&self, name: &PipeName, read: bool, write: bool) -> Result<Opened> {
        self.try_open(name, read, write).map_err(|error| error.during("open").on(name))
    }

    fn try_open(&self, name: &PipeName, read: bool, write: bool) -> Result<Opened> {
        let Found { dir, meta, owner } = self.find(name)?;
        let denied = |why| Err(Error::new(ErrorKind::AccessDenied).because(why));
        if (read && !meta.access.outbound()) || (write && !meta.access.inbound()) {
            return denied("the pipe does not go in this direction");
        }
        let user = rustix::process::geteuid().as_raw();
        let policy = Policy::read(&dir)?.unwrap_or_else(|| meta.security.clone().into());
        let groups = if policy.security.names_groups() { own_groups() } else { Vec::new() };
        let rights = policy.security.allows(owner, user, &groups);
        // As the server's side has it, but for the owner, who may always look at the security.
        let nothing = !rights.any() && user != owner;
        if nothing || (read && !rights.read) || (write && !rights.write) {
            return denied("the pipe's security does not allow it");
        }
        let mark = self.mark(name);
        for instance in listening_in(&dir).map_err(|e| Error::os("reading the pipe", e))? {
            let file = instance.file();
            let ListeningName { in_quota, out_quota, .. } = instance;
            match connect_at(&dir, &file, &mark).map_err(|e| Error::os("connect", e))? {
                Connect::Connected(socket) => {
                    // So that others do not try it; its server does the same.
                    unlinkat(&dir, file, AtFlags::empty()).ok();
                    let trace = self.trace(name);
                    let protection = Protection::new(&dir, meta.incarnation, &policy)?;
                    return Ok(Opened {
                        socket,
                        meta,
                        in_quota,
                        out_quota,
                        context: 0,
                        protection,
                        trace,
                    });
                }
                Connect::Busy | Connect::Refused => {}
            }
        }
        // It may have ended while we looked.
        self.find(name)?;
        Err(Error::new(ErrorKind::PipeBusy))
    }

    /// Whether an instance of `name` listens; it may be taken by the time of the answer.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such pipe.
    pub fn listening(&self, name: &PipeName) -> Result<bool> {
        let told = |error: Error| error.during("look for an instance of").on(name);
        let found = self.find(name).map_err(told)?;
        Ok(!census(&found.dir).map_err(told)?.listening.is_empty())
    }

    /// How many instances `name` has; only those that listen when it belongs to another user.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such pipe.
    pub fn instances(&self, name: &PipeName) -> Result<u32> {
        let told = |error: Error| error.during("count the instances of").on(name);
        let found = self.find(name).map_err(told)?;
        Ok(census(&found.dir).map_err(told)?.instances())
    }

    /// What `name` is.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such pipe.
    pub fn meta(&self, name: &PipeName) -> Result<Meta> {
        self.find(name).map(|found| found.meta).map_err(|e| e.during("look up").on(name))
    }

    /// All pipes that live and that this user may see, in the order of their directories.
    ///
    /// # Errors
    /// When the root cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>> {
        let mut directories =
            files_in(self.root()).map_err(|e| Error::os("reading the namespace", e))?;
        // No pipe's directory begins with a dot; what is private to a user does.
        directories.retain(|directory| !directory.starts_with('.'));
        directories.sort_unstable();
        Ok(directories.iter().filter_map(|directory| self.entry(directory)).collect())
    }

    /// `None` for what is no pipe, is dead, or is not for us.
    fn entry(&self, directory: &str) -> Option<Entry> {
        let Found { dir, meta, owner } = self.find_at(directory).ok()?;
        if meta.name.directory() != directory {
            return None;
        }
        let census = census(&dir).ok()?;
        let instances = census.instances();
        let servers = census.servers.unwrap_or_default();
        let mut pids: Vec<_> = servers.iter().map(|slot| slot.pid).collect();
        pids.sort_unstable();
        pids.dedup();
        Some(Entry {
            name: meta.name.clone(),
            meta,
            instances,
            listening: count(&census.listening),
            owner_uid: owner,
            pids,
            path: self.path().join(directory),
        })
    }

    /// The directory of a pipe that lives, and what it is.
    pub(super) fn find_dir(&self, name: &PipeName) -> Result<(OwnedFd, Meta)> {
        self.find(name).map(|found| (found.dir, found.meta))
    }

    fn find(&self, name: &PipeName) -> Result<Found> {
        let found = self.find_at(&name.directory())?;
        if found.meta.name == *name { Ok(found) } else { Err(ErrorKind::NotFound.into()) }
    }

    fn find_at(&self, directory: &str) -> Result<Found> {
        let missing = |call| {
            move |errno| match errno {
                Errno::NOENT | Errno::NOTDIR | Errno::LOOP => Error::new(ErrorKind::NotFound),
                errno => Error::os(call, errno),
            }
        };
        let dir = open_dir_at(self.root(), directory).map_err(missing("open"))?;
        let file = open_file_at(&dir, META).map_err(missing("open"))?;
        let servers = lockfile::held(&file, 0..1).map_err(|e| Error::os("F_OFD_GETLK", e))?;
        if servers.is_empty() {
            return Err(ErrorKind::NotFound.into());
        }
        let owner = fstat(&file).map_err(|e| Error::os("stat", e))?.st_uid;
        let meta = Meta::read(&file).map_err(|e| Error::os("read", e))?;
        let meta = meta.ok_or_else(|| {
            Error::new(ErrorKind::NotFound).because("what stands there is no pipe of this version")
        })?;
        Ok(Found { dir, meta, owner })
    }
}

impl Census {
    fn instances(&self) -> u32 {
        self.servers.as_deref().map_or_else(|| count(&self.listening), count)
    }
}

/// Counts without touching an instance.
pub(super) fn census(dir: &OwnedFd) -> Result<Census> {
    let mut listening = listening_in(dir).map_err(|e| Error::os("reading the pipe", e))?;
    let lock = match open_file_at(dir, LOCK) {
        Ok(lock) => lock,
        Err(Errno::ACCESS) => return Ok(Census { listening, servers: None }),
        Err(errno) => return Err(Error::os("open", errno)),
    };
    let slots: Vec<_> = setup::live(&lock)
        .map_err(|e| Error::os("F_OFD_GETLK", e))?
        .into_iter()
        .map(|index| setup::slot(&lock, index))
        .collect::<rustix::io::Result<_>>()
        .map_err(|e| Error::os("read", e))?;
    // What a killed process left is still there, but no living instance is called so.
    listening.retain(|name| slots.iter().any(|slot| slot.order == name.order));
    Ok(Census { listening, servers: Some(slots) })
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
