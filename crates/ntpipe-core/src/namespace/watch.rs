//! How to learn that an instance may have become free, without asking all the time.

use std::os::fd::{AsFd, BorrowedFd};

use ntpipe_shm::watchdir::WatchDir;
use rustix::io::Errno;

use super::{Namespace, open_dir_at};
use crate::error::{Error, Result};
use crate::name::PipeName;

/// A descriptor that becomes readable when an instance of a pipe may have appeared.
///
/// Use it so: watch; ask; while the answer does not please, poll, [`clear`](Self::clear), ask
/// again. It also becomes readable when the pipe goes away cleanly, but not when its server is
/// killed, and it may be readable for nothing.
#[derive(Debug)]
pub struct Watch {
    namespace: Namespace,
    directory: String,
    watch: WatchDir,
}

impl Namespace {
    /// Watches for instances of `name`, whether there is such a pipe yet or not.
    ///
    /// # Errors
    /// [`AccessDenied`](crate::ErrorKind::AccessDenied), or that descriptors are exhausted.
    pub fn watch(&self, name: &PipeName) -> Result<Watch> {
        let told = |error: Error| error.during("watch").on(name);
        let watch = WatchDir::new().map_err(|e| told(Error::os("inotify_init", e)))?;
        let watch = Watch { namespace: self.clone(), directory: name.directory(), watch };
        watch.arm().map_err(told)?;
        Ok(watch)
    }
}

impl Watch {
    /// Forgets what happened so far. Ask after this, not before.
    ///
    /// # Errors
    /// As [`Namespace::watch`].
    pub fn clear(&self) -> Result<()> {
        self.watch.clear().map_err(|e| Error::os("read of inotify", e))?;
        self.arm()
    }

    /// Watches the pipe's directory, or the root while there is none.
    fn arm(&self) -> Result<()> {
        if !self.arm_directory()? {
            self.watch
                .add(self.namespace.root())
                .map_err(|e| Error::os("watching the namespace", e))?;
            // It may have come between the two.
            self.arm_directory()?;
        }
        Ok(())
    }

    fn arm_directory(&self) -> Result<bool> {
        let directory = match open_dir_at(self.namespace.root(), &self.directory) {
            Ok(directory) => directory,
            Err(Errno::NOENT) => return Ok(false),
            Err(error) => return Err(Error::os("open", error)),
        };
        match self.watch.add(&directory) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(Error::os("watching the pipe", error)),
        }
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}
