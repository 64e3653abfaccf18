//! `FlushFileBuffers`: waits until the peer has read everything.
//!
//= learn: FlushFileBuffers

use super::{Step, Writer};
use crate::connection::PeerLife;
use crate::error::{ErrorKind, Result};

impl Writer {
    /// Done when nothing unread is left. `started` is false on the first call of a flush and is set.
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer goes while data is unread, `ERROR_PIPE_NOT_CONNECTED` when the
    /// server disconnected.
    pub fn flush(&mut self, started: &mut bool) -> Result<Step<()>> {
        let waited = std::mem::replace(started, true);
        let life = self.connection.peer_life();
        if life == PeerLife::Severed {
            return Err(ErrorKind::PipeNotConnected.into());
        }
        let seen = self.producer.refresh()?;
        if self.producer.unread() == 0 && !self.is_taken() {
            return Ok(Step::Done(()));
        }
        match life {
            PeerLife::Here => Ok(Step::Wait(self.pending(seen, usize::MAX))),
            //= observed: peer closed before the flush: TRUE; while flushing: ERROR_BROKEN_PIPE
            _ if waited => Err(ErrorKind::BrokenPipe.into()),
            _ => Ok(Step::Done(())),
        }
    }
}
