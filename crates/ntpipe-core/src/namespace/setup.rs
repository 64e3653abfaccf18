//! The lock file of a pipe, and the short exclusive right to change the pipe's directory.
//!
//! ```text
//!       byte 0        locked while somebody sets up
//!       byte 1+i      locked while instance i lives
//!  8         8 bytes  order of the youngest listening instance
//! 64+16i     4 bytes  process of instance i
//! 68+16i     4 bytes  its PID namespace: the low half of what `process::namespace` tells, or 0
//! 72+16i     8 bytes  order under which instance i listens, or listened last
//! ```
//!
//! The order never restarts while the directory exists, so the name of a listening instance never
//! means another one.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ntpipe_shm::lockfile::{self, LockKind};
use ntpipe_shm::process::{self, Process};
use rustix::fs::{AtFlags, Mode, OFlags, fstat, openat, renameat, statat, unlinkat};
use rustix::io::{self, Errno};

use super::{LOCK, META, Namespace, TEMP, files_in};

/// More instances than this one pipe cannot have, whatever its limit.
pub(super) const MAX_PLACES: u32 = 1 << 16;

const ORDER_AT: u64 = 8;
const SLOTS_AT: u64 = 64;
const SLOT_LEN: u64 = 16;

/// What the lock file tells about an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) pid: u32,
    pid_namespace: u32,
    pub(super) order: u64,
}

impl Slot {
    /// An instance of this process.
    pub(super) fn own(order: u64) -> Self {
        Self { pid: std::process::id(), pid_namespace: pid_namespace(), order }
    }

    /// The instance's process, if its number means the same process here, and it has not ended.
    pub(super) fn process(self) -> Option<Process> {
        let known = self.pid_namespace != 0 && self.pid_namespace == pid_namespace();
        let process = known.then(|| Process::open(self.pid)).flatten();
        process.filter(|process| !process.has_ended())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half")]
fn pid_namespace() -> u32 {
    process::namespace().unwrap_or(0) as u32
}

/// The byte that an instance keeps locked.
pub(super) fn place_byte(index: u32) -> std::ops::Range<u64> {
    let at = 1 + u64::from(index);
    at..at + 1
}

/// The instances that live, by the locks that others than the open file `lock` hold.
pub(super) fn live(lock: impl AsFd) -> io::Result<Vec<u32>> {
    let ranges = lockfile::held(lock, 1..1 + u64::from(MAX_PLACES))?;
    Ok(ranges.into_iter().flatten().filter_map(|byte| u32::try_from(byte - 1).ok()).collect())
}

/// What the lock file tells about instance `index`.
pub(super) fn slot(lock: impl AsFd, index: u32) -> io::Result<Slot> {
    let mut bytes = [0; 16];
    let len = io::pread(lock, &mut bytes, SLOTS_AT + SLOT_LEN * u64::from(index))?;
    if len < bytes.len() {
        bytes = [0; 16];
    }
    let [p0, p1, p2, p3, n0, n1, n2, n3, order @ ..] = bytes;
    Ok(Slot {
        pid: u32::from_le_bytes([p0, p1, p2, p3]),
        pid_namespace: u32::from_le_bytes([n0, n1, n2, n3]),
        order: u64::from_le_bytes(order),
    })
}

/// The exclusive right to change a pipe's directory; given back on drop.
#[derive(Debug)]
pub(super) struct Setup<'dir> {
    dir: BorrowedFd<'dir>,
    lock: OwnedFd,
}

impl Drop for Setup<'_> {
    fn drop(&mut self) {
        // A copy of this process has the same open file, so closing is not enough.
        let _ = lockfile::unlock(&self.lock, 0..1);
    }
}

impl<'dir> Setup<'dir> {
    /// Waits for the right; `None` when the directory went away meanwhile.
    pub(super) fn begin(dir: &'dir OwnedFd) -> io::Result<Option<Self>> {
        let dir = dir.as_fd();
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let lock = match openat(dir, LOCK, flags, Mode::RUSR | Mode::WUSR) {
                Ok(lock) => lock,
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(error),
            };
            lockfile::lock(&lock, LockKind::Exclusive, 0..1)?;
            // Somebody may have removed the file while this one waited for it.
            if fstat(&lock)?.st_nlink > 0 {
                return Ok(Some(Self { dir, lock }));
            }
        }
    }

    /// The instances that live, those of this process included.
    pub(super) fn live(&self) -> io::Result<Vec<u32>> {
        live(&self.lock)
    }

    /// The order of the youngest listening instance.
    pub(super) fn order(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        io::pread(&self.lock, &mut bytes, ORDER_AT)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The order of the next listening instance.
    pub(super) fn next_order(&self) -> io::Result<u64> {
        let next = self.order()?.wrapping_add(1);
        io::pwrite(&self.lock, &next.to_le_bytes(), ORDER_AT)?;
        Ok(next)
    }

    /// Tells what instance `index` is.
    pub(super) fn write_slot(&self, index: u32, slot: Slot) -> io::Result<()> {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&slot.pid.to_le_bytes());
        bytes[4..8].copy_from_slice(&slot.pid_namespace.to_le_bytes());
        bytes[8..].copy_from_slice(&slot.order.to_le_bytes());
        io::pwrite(&self.lock, &bytes, SLOTS_AT + SLOT_LEN * u64::from(index)).map(drop)
    }

    /// Removes what dead servers left behind while others of `live` go on.
    pub(super) fn sweep(&self, live: &[u32]) -> io::Result<()> {
        let orders: Vec<_> =
            live.iter().map(|index| slot(&self.lock, *index)).collect::<io::Result<_>>()?;
        for file in files_in(self.dir)? {
            let dead = match super::ListeningName::parse(&file) {
                Some(name) => !orders.iter().any(|slot| slot.order == name.order),
                None => file.starts_with(TEMP),
            };
            if dead {
                self.remove(&file)?;
            }
        }
        Ok(())
    }

    /// Removes everything but the lock file; those who watch the directory wake up.
    pub(super) fn clear(&self) -> io::Result<()> {
        renameat(self.dir, META, self.dir, "t.gone").ok();
        for file in files_in(self.dir)? {
            if file != LOCK {
                self.remove(&file)?;
            }
        }
        Ok(())
    }

    /// Removes the pipe.
    pub(super) fn discard(self, namespace: &Namespace, directory: &str) -> io::Result<()> {
        self.clear()?;
        self.remove(LOCK)?;
        unlinkat(namespace.root(), directory, AtFlags::REMOVEDIR)
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        match unlinkat(self.dir, file, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }

    /// Whether the directory still is what `directory` in the root means.
    pub(super) fn is_current(&self, namespace: &Namespace, directory: &str) -> io::Result<bool> {
        let own = fstat(self.dir)?;
        match statat(namespace.root(), directory, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) => Ok((there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_is_given_back_though_a_copy_of_the_process_has_the_open_file_too() {
        let path = std::env::temp_dir().join(format!("ntpipe-setup-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        let dir = OwnedFd::from(std::fs::File::open(&path).unwrap());
        let setup = Setup::begin(&dir).unwrap().unwrap();
        let copied = io::dup(&setup.lock).unwrap();
        let other = OwnedFd::from(std::fs::File::create(path.join(LOCK)).unwrap());
        let is_free = || lockfile::try_lock(&other, LockKind::Exclusive, 0..1).unwrap();
        assert!(!is_free());
        drop(setup);
        assert!(is_free());
        drop(copied);
        std::fs::remove_dir_all(path).unwrap();
    }
}
