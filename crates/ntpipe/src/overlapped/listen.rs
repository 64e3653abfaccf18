//! `ConnectNamedPipe` with an `OVERLAPPED`.

use std::sync::{Arc, Weak};
use std::task::Poll;

use super::{Cancelled, Started};
use crate::end::End;
use crate::server::{NamedPipeServer, ServerSide, Since};
use crate::{Error, ErrorKind, Result};

/// A wait for a client that goes on. One client ends all that wait on its instance.
///
/// Dropping it leaves the instance listening.
#[derive(Debug)]
pub struct Listen {
    end: Weak<End>,
    since: Since,
    over: bool,
}

impl NamedPipeServer {
    /// `ConnectNamedPipe` with an `OVERLAPPED`—starts to wait for a client, after a disconnect for the next
    /// one. Never waits itself.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_CONNECTED` if a client is here already, which is a good connection; `ERROR_NO_DATA` if it
    /// has closed and was not disconnected; `ERROR_PIPE_LISTENING` with `PIPE_NOWAIT` and nobody there.
    pub fn start_listen(&self) -> Started<(), Listen> {
        let end = &self.pipe.end;
        match side(end).start_listening(end) {
            Ok(Some(since)) => {
                Started::Pending(Listen { end: Arc::downgrade(end), since, over: false })
            }
            Ok(None) => Started::Done(Ok(())),
            Err(error) => Started::Done(self.pipe.named("connect", Err(error))),
        }
    }
}

fn side(end: &End) -> &ServerSide {
    end.server.as_ref().expect("a server end")
}

impl Listen {
    /// Looks whether a client has come. Never waits.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` when the end was disconnected before a client came, `ERROR_BROKEN_PIPE`
    /// when its last handle was dropped, `ERROR_INVALID_PARAMETER` when the wait is over already.
    pub fn step(&mut self) -> Poll<Result<()>> {
        if self.over {
            let error = Error::new(ErrorKind::InvalidParameter).because("the operation is over");
            return Poll::Ready(Err(error.during("connect")));
        }
        let Some(end) = self.end.upgrade() else {
            self.over = true;
            return Poll::Ready(Err(Error::new(ErrorKind::BrokenPipe).during("connect")));
        };
        match side(&end).look(&end, self.since) {
            None => Poll::Pending,
            Some(result) => {
                self.over = true;
                Poll::Ready(end.named("connect", result))
            }
        }
    }

    /// `CancelIoEx`—ends the wait; the instance goes on listening.
    pub fn cancel(&mut self) -> Cancelled<()> {
        match self.step() {
            Poll::Ready(result) => Cancelled::Completed(result),
            Poll::Pending => {
                self.over = true;
                Cancelled::Aborted
            }
        }
    }

    /// Whether it is known that the wait is over; without a system call. The coming of a client is told by
    /// the descriptor, or by a step.
    #[must_use]
    pub fn is_worth_trying(&self) -> bool {
        self.end.upgrade().is_none_or(|end| self.since.outcome(&end).is_some())
    }

    /// Asks for the end's [`Readiness`](super::Readiness) to tell of a client, a disconnect or the end of
    /// the end; `true` if one of them is known already.
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES` for what it says.
    pub fn arm(&mut self) -> Result<bool> {
        let Some(end) = self.end.upgrade() else { return Ok(true) };
        end.named("connect", end.readiness())?.chime().arm();
        Ok(self.since.outcome(&end).is_some())
    }
}
