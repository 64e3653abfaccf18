//! What a client leaves for others to see: that a pipe without a server has a client still.
//!
//! Windows keeps such a pipe, and lets those wait on who wait for an instance of it. Here its directory is
//! gone; but the client's socket has an address that tells of the pipe for as long as it is open, and a
//! client that closes after its server touches the root, which those watch who wait.

use std::path::{Path, PathBuf};

use ntpipe_shm::socket::is_marked;
use rustix::fs::{Mode, OFlags, Timespec, Timestamps, UTIME_NOW, fstat, futimens, open};
use rustix::io;

use super::Namespace;
use crate::error::{Error, Result};
use crate::name::PipeName;

/// Held by a client's connection behind its socket, so that it goes when the socket is closed.
#[derive(Debug)]
pub(crate) struct Trace {
    root: PathBuf,
    /// Device and number of the root.
    id: (u64, u64),
    /// Whether the server closed before the client.
    pub(crate) outlives: bool,
}

impl Namespace {
    pub(super) fn trace(&self) -> Trace {
        // The working directory may be another one by then.
        let root = std::path::absolute(self.path()).unwrap_or_else(|_| self.path().to_owned());
        Trace { root, id: self.id(), outlives: false }
    }

    /// What the addresses of this pipe's clients begin with.
    pub(super) fn mark(&self, name: &PipeName) -> String {
        let (device, number) = self.id();
        format!("ntpipe.{device:x}.{number:x}.{:032x}", name.hash())
    }

    /// Whether a client of `name` is open, although the pipe may have no server any more. Of a client in
    /// another network namespace nothing is known.
    ///
    /// # Errors
    ///
    /// What the system says when asked for its sockets.
    pub fn has_client(&self, name: &PipeName) -> Result<bool> {
        let marked = is_marked(&self.mark(name));
        marked.map_err(|error| Error::from_io("reading the sockets", &error).on(name))
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if self.outlives {
            // A root that is not ours to touch: who waits is told at its deadline.
            let _ = touch(&self.root, self.id);
        }
    }
}

/// Lets those know who watch this directory, if it still is the one that it was.
fn touch(root: &Path, id: (u64, u64)) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = open(root, flags, Mode::empty())?;
    let stat = fstat(&dir)?;
    if (stat.st_dev, stat.st_ino) != id {
        return Ok(());
    }
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    futimens(&dir, &Timestamps { last_access: now, last_modification: now })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_root_in_the_place_of_another_is_not_touched() {
        let path = std::env::temp_dir().join(format!("nttrace-{}", std::process::id()));
        let namespace = Namespace::at(&path).unwrap();
        let [long_ago, now] = [0, UTIME_NOW].map(|tv_nsec| Timespec { tv_sec: 0, tv_nsec });
        let times = Timestamps { last_access: now, last_modification: long_ago };
        futimens(namespace.root(), &times).unwrap();
        let mut other = namespace.trace();
        (other.outlives, other.id.1) = (true, other.id.1 + 1);
        drop(other);
        assert_eq!(std::fs::metadata(&path).unwrap().mtime(), 0);
        namespace.trace().outlives = true;
        assert_ne!(std::fs::metadata(&path).unwrap().mtime(), 0);
        std::fs::remove_dir_all(&path).unwrap();
    }
}
