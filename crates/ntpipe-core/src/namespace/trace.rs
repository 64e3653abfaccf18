//! What a client leaves for others to see: that a pipe without a server has a client still.
//!
//! Windows keeps such a pipe, and lets those wait on who wait for an instance of it. Here its directory is
//! gone; but the client's socket has an address that tells of the pipe for as long as it is open, and a
//! client that closes after its server touches the root, which those watch who wait.

use std::path::PathBuf;

use ntpipe_shm::socket::is_marked;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};

use super::Namespace;
use crate::error::{Error, Result};
use crate::name::PipeName;

/// Held by a client's connection behind its socket, so that it goes when the socket is closed.
#[derive(Debug)]
pub(crate) struct Trace {
    root: PathBuf,
    /// Whether the server closed before the client.
    pub(crate) outlives: bool,
}

impl Namespace {
    pub(super) fn trace(&self) -> Trace {
        Trace { root: self.path().to_owned(), outlives: false }
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
            let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
            let times = Timestamps { last_access: now, last_modification: now };
            // A root that is not ours to touch: who waits is told at its deadline.
            let _ = utimensat(CWD, &self.root, &times, AtFlags::empty());
        }
    }
}
