//! A place that several processes hold: given up when the last of them lets go.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{OnceLock, PoisonError};

use ntpipe_shm::lockfile::{self, LockKind};
use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io;

use super::publish::key;
use super::setup::{self, Setup, Slot, place_byte};
use super::{LOCK, META, Namespace, Place, open_file_at};
use crate::error::{Error, ErrorKind, Result};
use crate::name::PipeName;

/// Open files that hold one place, and nothing else; every holder has copies of the descriptors.
#[derive(Debug)]
pub struct Carried {
    /// The pipe's directory.
    pub dir: OwnedFd,
    /// The lock file, with the place's lock.
    pub lock: OwnedFd,
    /// The file that tells what the pipe is, with the lock that tells that it is served.
    pub file: OwnedFd,
}

impl Carried {
    /// The descriptors, for a further holder.
    #[must_use]
    pub fn fds(&self) -> [BorrowedFd<'_>; 3] {
        [self.dir.as_fd(), self.lock.as_fd(), self.file.as_fd()]
    }
}

impl Place {
    /// From now on other processes may hold the place too.
    ///
    /// # Errors
    /// The system calls'.
    pub fn carry(&self) -> Result<&Carried> {
        let told = |call| move |errno| Error::os(call, errno);
        let pipe = self.pipe();
        let gone = || Error::new(ErrorKind::NotFound).because("its directory was removed");
        // While this right is held, nobody takes the place between its two locks.
        let _setup = Setup::begin(&pipe.dir).map_err(told("locking the pipe"))?.ok_or_else(gone)?;
        if let Some(carried) = self.carried.get() {
            return Ok(carried);
        }
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = io::fcntl_dupfd_cloexec(&pipe.dir, 0).map_err(told("dup"))?;
        let lock = openat(&dir, LOCK, flags, Mode::empty()).map_err(told("open"))?;
        let file = open_file_at(&dir, META).map_err(told("open"))?;
        let locks = told("F_OFD_SETLK");
        lockfile::try_lock(&file, LockKind::Shared, 0..1).map_err(locks)?;
        self.release();
        // It counts among those of others from here on, in the place of one that may have died meanwhile.
        *pipe.swept.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // A reader that counts just now sees one instance less, no more than that.
        if !lockfile::try_lock(&lock, LockKind::Exclusive, place_byte(self.index()))
            .map_err(locks)?
        {
            return Err(Error::new(ErrorKind::GenFailure).because("the place was taken"));
        }
        Ok(self.carried.get_or_init(|| Carried { dir, lock, file }))
    }
}

impl Namespace {
    /// A place that another process holds already, which gave us `carried`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidHandle`] when the descriptors are no such thing.
    pub fn join(
        &self,
        name: &PipeName,
        index: u32,
        quotas: (u32, u32),
        carried: Carried,
    ) -> Result<Place> {
        let invalid = || Error::from(ErrorKind::InvalidHandle);
        let same = |fd: &OwnedFd, file: &str| -> Result<bool> {
            let there = open_file_at(&carried.dir, file).map_err(|_| invalid())?;
            Ok(key(&there)? == key(fd)?)
        };
        if index >= setup::MAX_PLACES || !same(&carried.lock, LOCK)? || !same(&carried.file, META)?
        {
            return Err(invalid());
        }
        let owner = fstat(&carried.dir).map_err(|_| invalid())?.st_uid;
        let dir =
            io::fcntl_dupfd_cloexec(&carried.dir, 0).map_err(|errno| Error::os("dup", errno))?;
        let begun = Setup::begin(&carried.dir).map_err(|e| Error::os("locking the pipe", e))?;
        let setup = begun.ok_or_else(invalid)?;
        let live = setup.live().map_err(|e| Error::os("F_OFD_GETLK", e))?;
        if !live.contains(&index) {
            return Err(invalid());
        }
        let slot = setup::slot(&carried.lock, index).map_err(|e| Error::os("read", e))?;
        setup.write_slot(index, Slot::own(slot.order)).map_err(|e| Error::os("write", e))?;
        let pipe = self.join_pipe(dir, &name.directory(), name, owner)?;
        drop(setup);
        Ok(Place::new(pipe, index, quotas, OnceLock::from(carried)))
    }
}
