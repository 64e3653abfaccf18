//! What a client leaves for others to see: that a pipe without a server has a client still.
//!
//! Windows keeps such a pipe, and lets those wait on who wait for an instance of it. Here its directory is
//! gone; but the client's socket has an address that tells of the pipe for as long as it is open, and a
//! client that closes after its server touches the root, which those watch who wait.
//!
//! ```text
//! who waits                                the client
//!   finds no directory, watches the root     closes its socket
//!   looks for the socket: there -> sleeps    looks for the directory: gone -> touches the root
//! ```
//!
//! The directory is gone before the first of these steps, so one of the two finds what the other did.

use std::path::PathBuf;

use ntpipe_shm::socket::is_marked;
use rustix::fs::{
    Access, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, access, fstat, futimens, open,
};
use rustix::io::{self, Errno};

use super::Namespace;
use crate::error::{Error, Result};
use crate::name::PipeName;

/// Held by a client's connection behind its socket, so that it goes when the socket is closed.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The pipe's directory, in the root.
    directory: PathBuf,
    /// Device and number of the root.
    root: (u64, u64),
}

impl Namespace {
    pub(super) fn trace(&self, name: &PipeName) -> Trace {
        let directory = self.path().join(name.directory());
        // The working directory may be another one by then.
        let directory = std::path::absolute(&directory).unwrap_or(directory);
        Trace { directory, root: self.id() }
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
        if access(&self.directory, Access::EXISTS) == Err(Errno::NOENT) {
            // A root that is not ours to touch: who waits is told at its deadline.
            let _ = self.touch_root();
        }
    }
}

impl Trace {
    /// Lets those know who watch the root, if it still is the one that it was.
    fn touch_root(&self) -> io::Result<()> {
        let root = self.directory.parent().ok_or(Errno::NOENT)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = open(root, flags, Mode::empty())?;
        let stat = fstat(&root)?;
        if (stat.st_dev, stat.st_ino) != self.root {
            return Ok(());
        }
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        futimens(&root, &Timestamps { last_access: now, last_modification: now })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_root_is_touched_when_the_pipe_is_gone_and_the_root_is_the_same() {
        let path = std::env::temp_dir().join(format!("nttrace-{}", std::process::id()));
        let (namespace, name) = (Namespace::at(&path).unwrap(), PipeName::new("x").unwrap());
        let directory = path.join(name.directory());
        std::fs::create_dir(&directory).unwrap();
        let [long_ago, now] = [0, UTIME_NOW].map(|tv_nsec| Timespec { tv_sec: 0, tv_nsec });
        let times = Timestamps { last_access: now, last_modification: long_ago };
        let is_touched = |trace: Trace| {
            futimens(namespace.root(), &times).unwrap();
            drop(trace);
            std::fs::metadata(&path).unwrap().mtime() != 0
        };
        assert!(!is_touched(namespace.trace(&name)), "the pipe is there");
        std::fs::remove_dir(&directory).unwrap();
        assert!(is_touched(namespace.trace(&name)));
        let mut other = namespace.trace(&name);
        other.root.1 += 1;
        assert!(!is_touched(other), "the root is another one");
        std::fs::remove_dir_all(&path).unwrap();
    }
}
