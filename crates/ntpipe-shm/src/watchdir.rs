//! A descriptor that becomes readable when something appears in a directory, or it is touched or goes away.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::{Errno, Result};

/// A watch over directories.
#[derive(Debug)]
pub struct WatchDir(OwnedFd);

impl WatchDir {
    /// A watch over nothing yet.
    ///
    /// # Errors
    /// What `inotify_init1` gives.
    pub fn new() -> Result<Self> {
        inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map(Self)
    }

    /// Watches this directory too; twice is as good as once.
    ///
    /// # Errors
    /// What `inotify_add_watch` gives: the directory has to be readable.
    pub fn add(&self, dir: impl AsFd) -> Result<()> {
        let path = format!("/proc/self/fd/{}/.", dir.as_fd().as_raw_fd());
        let events = WatchFlags::CREATE
            | WatchFlags::ATTRIB
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE_SELF
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&self.0, path, events).map(drop)
    }

    /// Forgets what was reported so far, so that only news make it readable again.
    ///
    /// # Errors
    /// What `read` gives.
    pub fn clear(&self) -> Result<()> {
        let mut space = [MaybeUninit::<u8>::uninit(); 4096];
        loop {
            match rustix::io::read(&self.0, &mut space) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for WatchDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
