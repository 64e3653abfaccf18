//! Ends that several processes hold: who of them uses a half now, and who is in the middle of it.
//!
//! Locks of a small file that only the holders of this end have, never the peer, so it cannot stop
//! them. Each holder locks through an open file of its own; the kernel gives the locks of a dead one
//! back.
//!
//! ```text
//! lock of byte 0, 1     the reading, the writing half, for the moment of one step
//! lock of byte 4096+n   holder n is there
//! bytes at 16·n         holder n: its process (4), zero (4), its PID namespace (8); zero: it left
//! ```
//!
//! What goes in pieces needs a turn: a mark in the side's block with the number of the holder whose
//! turn it is. What else they have to agree on stands there too. A bell tells everyone that somebody
//! came or left, so that each can have the kernel tell it of the death of the others.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ntpipe_shm::layout::{HOLDER_SHIFT, TURN};
use ntpipe_shm::lockfile::{self, LockKind};
use ntpipe_shm::{broadcast, generation, process};

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
    /// The same.
    bell: OwnedFd,
    /// This process's own open file, whose locks are its own.
    locks: OwnedFd,
    /// Which holder this process is.
    number: u8,
    /// Whether the last holder of this number did not leave it in order.
    inherits: bool,
    /// How often this process holds each half.
    depth: [AtomicU32; 2],
    /// The process that entered: a copy of it leaves nothing.
    born: u32,
}

/// A process that holds the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number among the holders.
    pub number: u8,
    /// Its process, as it sees itself.
    pub process: u32,
    /// Its PID namespace.
    namespace: u64,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nobody's, or this process's.
    Free,
    /// That of another process.
    Other,
    /// That of a process that is no more.
    Dead(u8),
}

/// The number of no holder.
pub(crate) const NOBODY: u8 = u8::MAX;

const FILE_BYTES: u64 = 4096;
const NOTE_BYTES: usize = 16;
const ALL_NOTES_BYTES: usize = NOBODY as usize * NOTE_BYTES;

impl Sharing {
    /// The first holder's.
    pub(crate) fn create() -> Result<Self> {
        let file = lockfile::anonymous(FILE_BYTES).map_err(|e| Error::os("memfd_create", e))?;
        let bell = broadcast::create().map_err(|e| Error::os("eventfd2", e))?;
        Self::enter(file, bell)
    }

    /// A further holder's: from the descriptors that another one [gave](Self::fds).
    pub(crate) fn join(file: OwnedFd, bell: OwnedFd) -> Result<Self> {
        if !lockfile::is_anonymous(&file, FILE_BYTES) || !broadcast::is_bell(&bell) {
            return Err(ErrorKind::InvalidHandle.into());
        }
        Self::enter(file, bell)
    }

    fn enter(file: OwnedFd, bell: OwnedFd) -> Result<Self> {
        let mut sharing = Self::without_number(file, bell)?;
        for number in 0..NOBODY {
            if sharing.try_take(number)? {
                sharing.inherits = sharing.holder(number)?.is_some();
                let namespace = process::namespace().unwrap_or(0);
                sharing.set_note(number, std::process::id(), namespace)?;
                sharing.number = number;
                broadcast::ring(&sharing.bell);
                return Ok(sharing);
            }
        }
        Err(Error::new(ErrorKind::TooManyOpenFiles).because("255 processes hold this end already"))
    }

    fn without_number(file: OwnedFd, bell: OwnedFd) -> Result<Self> {
        let locks = lockfile::reopen(&file).map_err(|e| Error::os("open", e))?;
        let (number, inherits, depth, born) =
            (NOBODY, false, Default::default(), generation::noted());
        Ok(Self { file, bell, locks, number, inherits, depth, born })
    }

    /// As if it were another process that has no turn of its own.
    pub(crate) fn apart(&self) -> Result<Arc<Self>> {
        let copy = |fd: &OwnedFd| fd.try_clone().map_err(|e| Error::from_io("dup", &e));
        Ok(Arc::new(Self::without_number(copy(&self.file)?, copy(&self.bell)?)?))
    }

    /// What another process needs to join.
    #[must_use]
    pub fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.file.as_fd(), self.bell.as_fd()]
    }

    /// The bell that rings when a process begins or ceases to hold the end, and when one took away what
    /// would have told another one that it may go on.
    #[must_use]
    pub fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Which holder this process is.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Whether a dead process had this number and was not [buried](crate::ops::bury).
    #[must_use]
    pub fn inherits(&self) -> bool {
        self.inherits
    }

    /// The other holders, dead ones that nobody has buried yet among them.
    ///
    /// # Errors
    ///
    /// The system call's.
    pub fn others(&self) -> Result<Vec<Holder>> {
        let notes: [u8; ALL_NOTES_BYTES] =
            lockfile::note(&self.file, 0).map_err(|e| Error::os("pread", e))?;
        let holders = (0..NOBODY).zip(notes.chunks_exact(NOTE_BYTES));
        let holders = holders.filter_map(|(number, note)| Holder::parse(number, note));
        Ok(holders.filter(|holder| holder.number != self.number).collect())
    }

    /// Whether a process still holds the end under this number.
    ///
    /// # Errors
    ///
    /// The system call's.
    pub fn is_held_by(&self, holder: Holder) -> Result<bool> {
        Ok(self.holder(holder.number)? == Some(holder) && self.is_there(holder.number)?)
    }

    fn holder(&self, number: u8) -> Result<Option<Holder>> {
        let note: [u8; NOTE_BYTES] =
            lockfile::note(&self.file, note_at(number)).map_err(|e| Error::os("pread", e))?;
        Ok(Holder::parse(number, &note))
    }

    fn set_note(&self, number: u8, process: u32, namespace: u64) -> Result<()> {
        let mut note = [0; NOTE_BYTES];
        note[..4].copy_from_slice(&process.to_ne_bytes());
        note[8..].copy_from_slice(&namespace.to_ne_bytes());
        lockfile::set_note(&self.file, note_at(number), &note).map_err(|e| Error::os("pwrite", e))
    }

    fn is_there(&self, number: u8) -> Result<bool> {
        lockfile::is_held(&self.locks, holder_byte(number)).map_err(|e| Error::os("F_OFD_GETLK", e))
    }

    /// Takes a number that nobody alive has.
    pub(crate) fn try_take(&self, number: u8) -> Result<bool> {
        lockfile::try_lock(&self.locks, LockKind::Exclusive, holder_byte(number))
            .map_err(|e| Error::os("F_OFD_SETLK", e))
    }

    /// Whether the note of this number is that of `process`.
    pub(crate) fn is_of(&self, number: u8, process: u32) -> Result<bool> {
        Ok(self.holder(number)?.is_some_and(|holder| holder.process == process))
    }

    /// After the burial of a holder whose number this has taken.
    pub(crate) fn forget(&self, number: u8) -> Result<()> {
        self.set_note(number, 0, 0)
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

    /// Whose turn a mark tells of.
    pub(crate) fn turn(&self, mark: u64) -> Result<Turn> {
        match turn_of(mark) {
            None => Ok(Turn::Free),
            Some(number) if number == self.number => Ok(Turn::Free),
            Some(NOBODY) => Ok(Turn::Dead(NOBODY)),
            Some(number) if self.is_there(number)? => Ok(Turn::Other),
            Some(number) => Ok(Turn::Dead(number)),
        }
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        if self.number != NOBODY && self.born == generation::now() {
            let _ = self.forget(self.number);
            broadcast::ring(&self.bell);
        }
    }
}

impl Holder {
    fn parse(number: u8, note: &[u8]) -> Option<Self> {
        let process = u32::from_ne_bytes(note.get(..4)?.try_into().ok()?);
        let namespace = u64::from_ne_bytes(note.get(8..16)?.try_into().ok()?);
        (process != 0).then_some(Self { number, process, namespace })
    }

    /// Whether its process has the same number in this process's eyes.
    #[must_use]
    pub fn is_in_this_namespace(&self) -> bool {
        self.namespace != 0 && process::namespace() == Some(self.namespace)
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

/// What says in a mark that this holder has the turn.
pub(crate) fn turn_mark(number: u8) -> u64 {
    TURN | u64::from(number) << HOLDER_SHIFT
}

/// The holder who has the turn, if one has.
pub(crate) fn turn_of(mark: u64) -> Option<u8> {
    (mark & TURN != 0).then_some(mark.to_le_bytes()[HOLDER_SHIFT as usize / 8])
}

fn step_byte(half: Half) -> Range<u64> {
    let at = half as u64;
    at..at + 1
}

fn holder_byte(number: u8) -> Range<u64> {
    let at = FILE_BYTES + u64::from(number);
    at..at + 1
}

fn note_at(number: u8) -> u64 {
    NOTE_BYTES as u64 * u64::from(number)
}
