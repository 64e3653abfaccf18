//! Locks on ranges of a file that belong to the open file, not to the process.
//!
//! The kernel releases them when the last descriptor of that open file is closed, also when the
//! process is killed. Locks of one open file never stand in each other's way; those of another
//! open file do, even in the same process.
#![allow(unsafe_code)]

use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, memfd_create, open};
use rustix::io::{Errno, Result};

/// Whether others may hold the range too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// Many open files may hold it together; needs a file opened for reading.
    Shared,
    /// One open file holds it alone; needs a file opened for writing.
    Exclusive,
}

impl LockKind {
    fn raw(self) -> libc::c_int {
        match self {
            Self::Shared => libc::F_RDLCK,
            Self::Exclusive => libc::F_WRLCK,
        }
    }
}

/// Takes the range if nobody is in the way; gives `false` if somebody is.
///
/// # Errors
/// What `fcntl` gives, except that the range is taken.
pub fn try_lock(file: impl AsFd, kind: LockKind, range: Range<u64>) -> Result<bool> {
    match control(&file, libc::F_OFD_SETLK, &mut request(kind.raw(), &range)?) {
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        other => other.map(|()| true),
    }
}

/// Takes the range, and sleeps until nobody is in the way.
///
/// # Errors
/// What `fcntl` gives.
pub fn lock(file: impl AsFd, kind: LockKind, range: Range<u64>) -> Result<()> {
    loop {
        match control(&file, libc::F_OFD_SETLKW, &mut request(kind.raw(), &range)?) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

/// Gives the range back.
///
/// # Errors
/// What `fcntl` gives.
pub fn unlock(file: impl AsFd, range: Range<u64>) -> Result<()> {
    control(&file, libc::F_OFD_SETLK, &mut request(libc::F_UNLCK, &range)?)
}

/// A file without a name, of `len` zero bytes, for locks and notes among those who get a copy of its
/// descriptor.
///
/// # Errors
/// What `memfd_create` and `ftruncate` give.
pub fn anonymous(len: u64) -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = memfd_create("ntpipe-locks", flags)?;
    rustix::fs::ftruncate(&file, len)?;
    rustix::fs::fcntl_add_seals(&file, LOCK_SEALS)?;
    Ok(file)
}

/// Whether this is a file that [`anonymous`] made, of this length.
#[must_use]
pub fn is_anonymous(file: impl AsFd, len: u64) -> bool {
    let long = || rustix::fs::fstat(&file).is_ok_and(|stat| u64::try_from(stat.st_size) == Ok(len));
    rustix::fs::fcntl_get_seals(&file).is_ok_and(|seals| seals == LOCK_SEALS) && long()
}

const LOCK_SEALS: SealFlags = SealFlags::GROW.union(SealFlags::SHRINK).union(SealFlags::SEAL);

/// The note at `at`: as many bytes as asked for.
///
/// # Errors
/// What `pread` gives, and `EIO` if the file ends before.
pub fn note<const LEN: usize>(file: impl AsFd, at: u64) -> Result<[u8; LEN]> {
    let mut note = [0; LEN];
    let len = rustix::io::retry_on_intr(|| rustix::io::pread(&file, &mut note[..], at))?;
    if len == LEN { Ok(note) } else { Err(Errno::IO) }
}

/// Writes a note.
///
/// # Errors
/// What `pwrite` gives, and `EIO` if the file ends before.
pub fn set_note(file: impl AsFd, at: u64, note: &[u8]) -> Result<()> {
    let len = rustix::io::retry_on_intr(|| rustix::io::pwrite(&file, note, at))?;
    if len == note.len() { Ok(()) } else { Err(Errno::IO) }
}

/// The same file opened once more: its locks are others.
///
/// # Errors
/// What `open` gives.
pub fn reopen(file: impl AsFd) -> Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", file.as_fd().as_raw_fd());
    open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
}

/// The parts of `within` that other open files hold in any kind, in rising order.
///
/// # Errors
/// What `fcntl` gives.
pub fn held(file: impl AsFd, within: Range<u64>) -> Result<Vec<Range<u64>>> {
    let mut found = Vec::new();
    let mut open = vec![within];
    // The kernel names any one lock in the way, so ask again on either side of it.
    while let Some(range) = open.pop() {
        let Some(hit) = conflict(&file, &range)? else { continue };
        open.push(range.start..hit.start);
        open.push(hit.end..range.end);
        found.push(hit);
    }
    found.sort_unstable_by_key(|range| range.start);
    Ok(found)
}

/// Whether another open file holds a part of the range, in any kind.
///
/// # Errors
/// What `fcntl` gives.
pub fn is_held(file: impl AsFd, range: Range<u64>) -> Result<bool> {
    Ok(conflict(&file, &range)?.is_some())
}

/// A part of `range` that another open file holds.
fn conflict(file: &impl AsFd, range: &Range<u64>) -> Result<Option<Range<u64>>> {
    if range.is_empty() {
        return Ok(None);
    }
    let mut lock = request(libc::F_WRLCK, range)?;
    control(file, libc::F_OFD_GETLK, &mut lock)?;
    if libc::c_int::from(lock.l_type) == libc::F_UNLCK {
        return Ok(None);
    }
    let start = u64::try_from(lock.l_start).map_err(|_| Errno::INVAL)?;
    let len = u64::try_from(lock.l_len).map_err(|_| Errno::INVAL)?;
    let end = if len == 0 { range.end } else { start.saturating_add(len) };
    let hit = start.max(range.start)..end.min(range.end);
    if hit.is_empty() { Err(Errno::INVAL) } else { Ok(Some(hit)) }
}

fn request(kind: libc::c_int, range: &Range<u64>) -> Result<libc::flock> {
    let invalid = |_| Errno::INVAL;
    let len = range.end.checked_sub(range.start).filter(|len| *len > 0).ok_or(Errno::INVAL)?;
    Ok(libc::flock {
        l_type: kind.try_into().map_err(invalid)?,
        l_whence: libc::SEEK_SET.try_into().map_err(invalid)?,
        l_start: range.start.try_into().map_err(invalid)?,
        l_len: len.try_into().map_err(invalid)?,
        // The kernel refuses these requests unless it is zero.
        l_pid: 0,
    })
}

fn control(file: &impl AsFd, command: libc::c_int, lock: &mut libc::flock) -> Result<()> {
    let fd = file.as_fd().as_raw_fd();
    // SAFETY: `fd` is borrowed and thus open; all three commands take a pointer to a `flock`,
    // which `lock` is, and keep it no longer than the call.
    let answer = unsafe { libc::fcntl(fd, command, std::ptr::from_mut(lock)) };
    if answer == -1 {
        let code = std::io::Error::last_os_error().raw_os_error();
        return Err(Errno::from_raw_os_error(code.unwrap_or(libc::EIO)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twice() -> (OwnedFd, OwnedFd) {
        let one = memfd_create("locks", MemfdFlags::CLOEXEC).unwrap();
        let path = format!("/proc/self/fd/{}", one.as_raw_fd());
        let two = open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).unwrap();
        (one, two)
    }

    #[test]
    fn an_exclusive_range_is_taken_once_and_free_after_close() {
        let (one, two) = twice();
        assert!(try_lock(&one, LockKind::Exclusive, 3..4).unwrap());
        assert!(!try_lock(&two, LockKind::Exclusive, 3..4).unwrap());
        assert!(!try_lock(&two, LockKind::Shared, 3..4).unwrap());
        assert!(try_lock(&two, LockKind::Exclusive, 4..5).unwrap());
        drop(one);
        lock(&two, LockKind::Exclusive, 3..4).unwrap();
    }

    #[test]
    fn held_names_every_part_that_others_hold() {
        let (one, two) = twice();
        for at in [9, 1, 2, 5] {
            assert!(try_lock(&one, LockKind::Exclusive, at..at + 1).unwrap());
        }
        let bytes: Vec<u64> = held(&two, 0..100).unwrap().into_iter().flatten().collect();
        assert_eq!(bytes, [1, 2, 5, 9]);
        assert_eq!(held(&one, 0..100).unwrap(), []);
        unlock(&one, 2..3).unwrap();
        assert_eq!(held(&two, 0..8).unwrap(), [1..2, 5..6]);
    }

    #[test]
    fn an_empty_range_is_no_request() {
        let (one, _two) = twice();
        assert_eq!(try_lock(&one, LockKind::Shared, 3..3), Err(Errno::INVAL));
    }
}
