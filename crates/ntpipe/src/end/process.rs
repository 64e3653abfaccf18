//! To which process an end belongs: the one that made it, and no copy of that by `fork`.

use std::sync::atomic::Ordering;

use ntpipe_shm::generation;

use super::End;
use crate::server::ServerSide;
use crate::{Error, ErrorKind, Result};

impl End {
    /// Whether this process is a copy of the one that made the end. It has nothing to do with the pipe then,
    /// and the locks and the halves are as the other threads had them, which it does not have.
    #[inline]
    pub(crate) fn is_copy(&self) -> bool {
        self.born != generation::now()
    }

    /// The error of that.
    pub(crate) fn check_process(&self) -> Result<()> {
        if self.is_copy() {
            return Err(Error::new(ErrorKind::InvalidHandle)
                .because("a fork copied this end; `inherit` gives it to another process"));
        }
        Ok(())
    }

    /// Whether an operation may begin without further ado. One load and a comparison with a static word
    /// say two things, before a lock is taken: the death of the peer is looked for, and this is the process
    /// that made the end. A connection that came this moment may not be looked after yet; whoever waits
    /// makes sure of that.
    #[inline]
    pub(super) fn is_tended(&self) -> bool {
        // Relaxed: a hint, but for the process, whose number changes in none that runs.
        self.tended.load(Ordering::Relaxed) == generation::now()
    }

    /// Closes a copy, of which the peer and the other process are to notice nothing.
    #[cold]
    pub(super) fn abandon(&mut self) {
        // What a thread of the other process was in the middle of cannot be taken apart.
        if self.writer.is_held() {
            std::mem::forget(self.writer.get_mut().take());
        }
        if self.reader.is_held() {
            std::mem::forget(self.reader.get_mut().take());
        }
        if self.server.as_ref().is_some_and(ServerSide::is_held) {
            std::mem::forget(self.server.take());
        }
    }
}
