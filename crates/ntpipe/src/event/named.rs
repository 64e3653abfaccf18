//! An event, a mutex, a semaphore or a timer with a name: a small file that every process maps.
//!
//! ```text
//! byte 0   locked while somebody makes, opens or removes it
//! byte 1   locked, shared, by everyone who has it
//! ```
//!
//! Who can lock byte 1 for itself alone knows that nobody has it: the file is new, or what
//! killed processes left behind, or its own and the last. The kernel releases the locks of a killed
//! process.

use std::ops::Range;
use std::os::fd::OwnedFd;

use ntpipe_core::ObjectName;
use ntpipe_core::namespace::Namespace;
use ntpipe_shm::block::{Block, Mapping};
use ntpipe_shm::generation;
use ntpipe_shm::lockfile::{self, LockKind};
use ntpipe_shm::segment::OpenError;
use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, openat, statat, unlinkat};

use super::store::{Kind, Spec, opened};

use crate::{Error, ErrorKind, Result};

const SETUP: Range<u64> = 0..1;
const HELD: Range<u64> = 1..2;

#[derive(Debug)]
pub(super) struct Named {
    mapping: Mapping,
    file: OwnedFd,
    dir: OwnedFd,
    file_name: String,
    /// The process that has it, by its generation: a copy by `fork` has the same open file and its locks.
    born: u32,
}

impl Named {
    /// Opens or makes it; whether it was made.
    pub(super) fn create(name: &str, spec: Spec<'_>) -> Result<(Self, bool)> {
        let place = Place::of(name)?;
        loop {
            let Some(file) = place.begin(OFlags::CREATE)? else { continue };
            let (mapping, created) = set_up(&file, || {
                let created = lock(&file, LockKind::Exclusive)?;
                let mapping = if created {
                    Mapping::create(&file).inspect(|mapping| spec.begin(mapping.block()))
                } else {
                    Mapping::open(&file, 0)
                };
                Ok((share_of(&file, mapping, spec.kind)?, created))
            })?;
            return Ok((place.named(file, mapping), created));
        }
    }

    pub(super) fn open(name: &str, kind: Kind) -> Result<Self> {
        let place = Place::of(name)?;
        loop {
            let Some(file) = place.begin(OFlags::empty())? else { continue };
            let mapping = set_up(&file, || {
                if lock(&file, LockKind::Exclusive)? {
                    place.remove();
                    return Err(ErrorKind::NotFound.into());
                }
                share_of(&file, Mapping::open(&file, 0), kind)
            })?;
            return Ok(place.named(file, mapping));
        }
    }

    pub(super) fn block(&self) -> &Block {
        self.mapping.block()
    }

    pub(super) fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// A share for another process, and the name of the file.
    pub(super) fn share(&self) -> Result<(OwnedFd, &str)> {
        let file = lockfile::reopen(&self.file).map_err(|errno| Error::os("open", errno))?;
        // Nobody holds it alone while it is held here.
        lockfile::lock(&file, LockKind::Shared, HELD).map_err(|errno| Error::os("fcntl", errno))?;
        Ok((file, &self.file_name))
    }

    /// The share that another process left.
    pub(super) fn adopt(file: OwnedFd, file_name: &str, kind: Kind) -> Result<Self> {
        let place =
            Place { dir: Namespace::from_env()?.events()?, file_name: file_name.to_owned() };
        let there = statat(&place.dir, file_name, AtFlags::SYMLINK_NOFOLLOW);
        let stat = fstat(&file);
        let same =
            |there: Stat, stat: Stat| (there.st_dev, there.st_ino) == (stat.st_dev, stat.st_ino);
        if !matches!((there, stat), (Ok(there), Ok(stat)) if same(there, stat)) {
            return Err(ErrorKind::InvalidHandle.into());
        }
        let mapping = share_of(&file, Mapping::open(&file, 0), kind)?;
        Ok(place.named(file, mapping))
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        if self.born != generation::now() {
            return;
        }
        // What fails here leaves a file behind that the next one takes over.
        if lockfile::lock(&self.file, LockKind::Exclusive, SETUP).is_ok() {
            if matches!(lock(&self.file, LockKind::Exclusive), Ok(true)) {
                let _ = unlinkat(&self.dir, &self.file_name, AtFlags::empty());
            }
            // A child between `fork` and `exec` has the locks as well, so closing is not enough.
            let _ = lockfile::unlock(&self.file, SETUP.start..HELD.end);
        }
    }
}

/// Where the file is.
struct Place {
    dir: OwnedFd,
    file_name: String,
}

impl Place {
    fn of(name: &str) -> Result<Self> {
        let file_name = ObjectName::new(name)?.file();
        Ok(Self { dir: Namespace::from_env()?.events()?, file_name })
    }

    /// The file, with its set-up lock held; `None` if it was removed before that.
    fn begin(&self, create: OFlags) -> Result<Option<OwnedFd>> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | create;
        let file = openat(&self.dir, &self.file_name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| Error::os("open", errno))?;
        lockfile::lock(&file, LockKind::Exclusive, SETUP)
            .map_err(|errno| Error::os("fcntl", errno))?;
        let Stat { st_nlink, .. } = fstat(&file).map_err(|errno| Error::os("stat", errno))?;
        Ok((st_nlink > 0).then_some(file))
    }

    fn named(self, file: OwnedFd, mapping: Mapping) -> Named {
        let Self { dir, file_name } = self;
        Named { mapping, file, dir, file_name, born: generation::noted() }
    }

    fn remove(&self) {
        let _ = unlinkat(&self.dir, &self.file_name, AtFlags::empty());
    }
}

/// Ends the set-up when it is done or has failed. A copy of this process by `fork` has the same open file, so
/// closing is not enough.
fn set_up<T>(file: &OwnedFd, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let unlock = |range| lockfile::unlock(file, range).map_err(|errno| Error::os("fcntl", errno));
    let done = act().inspect_err(|_| drop(unlock(SETUP.start..HELD.end)))?;
    unlock(SETUP).map(|()| done)
}

/// Takes a share of it.
fn share_of(
    file: &OwnedFd,
    mapping: std::result::Result<Mapping, OpenError>,
    kind: Kind,
) -> Result<Mapping> {
    let mapping = opened(mapping)?;
    if mapping.block().kind() != kind as u32 {
        return Err(ErrorKind::InvalidHandle.into());
    }
    // Others hold it shared only, except during a set-up, which is ours.
    lockfile::lock(file, LockKind::Shared, HELD).map_err(|errno| Error::os("fcntl", errno))?;
    Ok(mapping)
}

/// Locks byte 1, if nobody is in the way.
fn lock(file: &OwnedFd, kind: LockKind) -> Result<bool> {
    lockfile::try_lock(file, kind, HELD).map_err(|errno| Error::os("fcntl", errno))
}
