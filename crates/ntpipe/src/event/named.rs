//! A named event: a small file that every process maps.
//!
//! ```text
//! byte 0   locked while somebody makes, opens or removes the event
//! byte 1   locked, shared, by everyone who has it
//! ```
//!
//! Who can lock byte 1 for itself alone knows that nobody has the event: the file is new, or what
//! killed processes left behind, or its own and the last. The kernel releases the locks of a killed
//! process.

use std::ops::Range;
use std::os::fd::OwnedFd;

use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::Namespace;
use ntpipe_shm::lockfile::{self, LockKind};
use ntpipe_shm::segment::OpenError;
use ntpipe_shm::signal::{Mapping, Signal};
use rustix::fs::{AtFlags, Mode, OFlags, Stat, fstat, openat, unlinkat};

use crate::{Error, ErrorKind, Result};

const SETUP: Range<u64> = 0..1;
const HELD: Range<u64> = 1..2;

#[derive(Debug)]
pub(super) struct Named {
    mapping: Mapping,
    file: OwnedFd,
    inode: u64,
    dir: OwnedFd,
    file_name: String,
}

impl Named {
    /// Opens or makes the event; whether it was made.
    pub(super) fn create(name: &str, manual: bool, initially: bool) -> Result<(Self, bool)> {
        let place = Place::of(name)?;
        loop {
            let Some((file, inode)) = place.begin(OFlags::CREATE)? else { continue };
            let created = lock(&file, LockKind::Exclusive)?;
            let mapping = if created {
                Mapping::create(&file, manual, initially)
            } else {
                Mapping::open(&file)
            };
            return Ok((place.finish(file, inode, mapping)?, created));
        }
    }

    pub(super) fn open(name: &str) -> Result<Self> {
        let place = Place::of(name)?;
        loop {
            let Some((file, inode)) = place.begin(OFlags::empty())? else { continue };
            if lock(&file, LockKind::Exclusive)? {
                place.remove();
                return Err(ErrorKind::NotFound.into());
            }
            let mapping = Mapping::open(&file);
            return place.finish(file, inode, mapping);
        }
    }

    pub(super) fn signal(&self) -> Signal<'_> {
        self.mapping.signal()
    }

    pub(super) fn inode(&self) -> u64 {
        self.inode
    }
}

impl Drop for Named {
    fn drop(&mut self) {
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

/// Where an event's file is.
struct Place {
    dir: OwnedFd,
    file_name: String,
}

impl Place {
    fn of(name: &str) -> Result<Self> {
        let name: PipeName = name.parse()?;
        Ok(Self { dir: Namespace::from_env()?.events()?, file_name: name.directory() })
    }

    /// The file, with its set-up lock held; `None` if it was removed before that.
    fn begin(&self, create: OFlags) -> Result<Option<(OwnedFd, u64)>> {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | create;
        let file = openat(&self.dir, &self.file_name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|errno| Error::os("open", errno))?;
        lockfile::lock(&file, LockKind::Exclusive, SETUP)
            .map_err(|errno| Error::os("fcntl", errno))?;
        let Stat { st_nlink, st_ino, .. } =
            fstat(&file).map_err(|errno| Error::os("stat", errno))?;
        Ok((st_nlink > 0).then_some((file, st_ino)))
    }

    /// Takes a share of the event, and ends the set-up.
    fn finish(
        self,
        file: OwnedFd,
        inode: u64,
        mapping: std::result::Result<Mapping, OpenError>,
    ) -> Result<Named> {
        let mapping = mapping.map_err(|error| match error {
            OpenError::Os(call, errno) => Error::os(call, errno),
            OpenError::Refused(why) => Error::new(ErrorKind::Corrupt).because(why),
            _ => ErrorKind::Corrupt.into(),
        })?;
        let os = |errno| Error::os("fcntl", errno);
        // Others hold it shared only, except during a set-up, which is ours.
        lockfile::lock(&file, LockKind::Shared, HELD).map_err(os)?;
        lockfile::unlock(&file, SETUP).map_err(os)?;
        let Self { dir, file_name } = self;
        Ok(Named { mapping, file, inode, dir, file_name })
    }

    fn remove(&self) {
        let _ = unlinkat(&self.dir, &self.file_name, AtFlags::empty());
    }
}

/// Locks byte 1, if nobody is in the way.
fn lock(file: &OwnedFd, kind: LockKind) -> Result<bool> {
    lockfile::try_lock(file, kind, HELD).map_err(|errno| Error::os("fcntl", errno))
}
