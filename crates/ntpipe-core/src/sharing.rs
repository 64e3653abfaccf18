//! Ends that several processes hold: who of them uses a half now, and who is in the middle of it.
//!
//! Locks of a small file that only the holders of this end have, never the peer, so it cannot stop
//! them. Each holder locks through an open file of its own; the kernel gives the locks of a dead one
//! back.
//!
//! ```text
//! byte 0, 1   the reading, the writing half, for the moment of one step
//! byte 2, 3   the turn: a read or a write that goes in pieces, until its last one
//! ```
//!
//! What else they have to agree on stands in the side's block of the segment.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use ntpipe_shm::lockfile::{self, LockKind};

use crate::connection::Connection;
use crate::error::{Error, ErrorKind, Result};

/// A half of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Reading,
    Writing,
}

/// What this process needs to share an end with others.
#[derive(Debug)]
pub struct Sharing {
    /// What other holders get a copy of.
    file: OwnedFd,
    /// This process's own open file, whose locks are its own.
    locks: OwnedFd,
    /// How often this process holds each half.
    depth: [AtomicU32; 2],
    /// Whether a thread waits for the turn's end.
    watched: [AtomicBool; 2],
}

impl Sharing {
    /// The first holder's.
    pub(crate) fn create() -> Result<Self> {
        let file = lockfile::anonymous().map_err(|e| Error::os("memfd_create", e))?;
        Self::join(file)
    }

    /// A further holder's.
    pub(crate) fn join(file: OwnedFd) -> Result<Self> {
        let locks = lockfile::reopen(&file).map_err(|e| Error::os("open", e))?;
        Ok(Self { file, locks, depth: Default::default(), watched: Default::default() })
    }

    /// Waits until no other process is in the middle of a step with this half.
    pub(crate) fn hold(self: &Arc<Self>, half: Half) -> Result<Held> {
        // Relaxed: the half's mutex orders those of this process.
        if self.depth[half as usize].fetch_add(1, Ordering::Relaxed) == 0
            && let Err(errno) = lockfile::lock(&self.locks, LockKind::Exclusive, step_byte(half))
        {
            self.depth[half as usize].fetch_sub(1, Ordering::Relaxed);
            return Err(Error::os("F_OFD_SETLKW", errno));
        }
        Ok(Held { sharing: self.clone(), half })
    }

    /// Takes the turn if no living process has it.
    pub(crate) fn try_turn(&self, half: Half) -> Result<bool> {
        lockfile::try_lock(&self.locks, LockKind::Exclusive, turn_byte(half))
            .map_err(|e| Error::os("F_OFD_SETLK", e))
    }

    /// Takes the turn, which nobody has; who waits for its end may have it for a moment.
    pub(crate) fn turn(&self, half: Half) -> Result<()> {
        lockfile::lock(&self.locks, LockKind::Exclusive, turn_byte(half))
            .map_err(|e| Error::os("F_OFD_SETLKW", e))
    }

    /// Gives the turn back.
    pub(crate) fn end_turn(&self, half: Half) {
        let _ = lockfile::unlock(&self.locks, turn_byte(half));
    }

    /// Notes the end of another process's turn as a change: when that process dies, nobody else does.
    pub(crate) fn watch_turn(
        self: &Arc<Self>,
        half: Half,
        connection: Weak<Connection>,
    ) -> Result<()> {
        // SYNC(turn): AcqRel. Pairs with the Release store below: who finds the flag set is told by the
        // change that the thread notes after it.
        if self.watched[half as usize].swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let sharing = self.clone();
        let watch = move || {
            if let Ok(locks) = lockfile::reopen(&sharing.file) {
                let _ = lockfile::lock(locks, LockKind::Shared, turn_byte(half));
            }
            sharing.watched[half as usize].store(false, Ordering::Release);
            if let Some(connection) = connection.upgrade() {
                connection.set_changed();
            }
        };
        let spawned = std::thread::Builder::new()
            .name("ntpipe-turn".into())
            .stack_size(64 * 1024)
            .spawn(watch);
        if let Err(error) = spawned {
            self.watched[half as usize].store(false, Ordering::Release);
            return Err(Error::from_io("clone", &error));
        }
        Ok(())
    }
}

impl AsFd for Sharing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// A half that no other process touches until this is dropped.
#[derive(Debug)]
pub struct Held {
    sharing: Arc<Sharing>,
    half: Half,
}

impl Drop for Held {
    fn drop(&mut self) {
        let sharing = &self.sharing;
        if sharing.depth[self.half as usize].fetch_sub(1, Ordering::Relaxed) == 1 {
            let _ = lockfile::unlock(&sharing.locks, step_byte(self.half));
        }
    }
}

fn step_byte(half: Half) -> Range<u64> {
    let at = half as u64;
    at..at + 1
}

fn turn_byte(half: Half) -> Range<u64> {
    let at = 2 + half as u64;
    at..at + 1
}

/// Whether a descriptor that was handed over can be the file of the locks.
pub(crate) fn check(file: &OwnedFd) -> Result<()> {
    let fits = lockfile::is_anonymous(file);
    if fits { Ok(()) } else { Err(ErrorKind::InvalidHandle.into()) }
}
