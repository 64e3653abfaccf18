//! `FlushFileBuffers`, started.

use std::sync::Arc;
use std::task::Poll;

use ntpipe_core::ops::Writer;

use super::site::Site;
use super::{Cancelled, Started};
use crate::end::End;
use crate::pipe::Pipe;
use crate::{ErrorKind, Result};

/// A flush that goes on: the peer has unread data.
#[derive(Debug)]
pub struct Flush {
    site: Site,
    started: bool,
}

impl Pipe {
    /// `FlushFileBuffers`—starts to wait until the peer has read everything. Never waits itself.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    ///
    /// # Differences from Windows
    ///
    /// There a flush always blocks its caller, on an overlapped handle too.
    pub fn start_flush(&self) -> Started<(), Flush> {
        match start(&self.end) {
            Ok(started) => started,
            Err(error) => Started::Done(self.named("flush", Err(error))),
        }
    }
}

fn start(end: &Arc<End>) -> Result<Started<(), Flush>> {
    end.check_process()?;
    if !end.rights.write {
        return Err(ErrorKind::AccessDenied.into());
    }
    let slot = end.writer.lock();
    let Some(connection) = slot.as_ref().map(|writer| writer.connection().clone()) else {
        //= observed: listening or disconnected server end: TRUE
        return Ok(Started::Done(Ok(())));
    };
    drop(slot);
    let mut flush = Flush { site: Site::new("flush", end, connection, None), started: false };
    flush.site.watch()?;
    Ok(match flush.step() {
        Poll::Ready(result) => Started::Done(result),
        Poll::Pending => Started::Pending(flush),
    })
}

impl Flush {
    /// Looks again. Never waits; announces nothing.
    ///
    /// # Errors
    ///
    /// As [`Write::step`](super::Write::step).
    pub fn step(&mut self) -> Poll<Result<()>> {
        let Self { site, started } = self;
        site.answer(|site, end| {
            let mut slot = end.writer.lock();
            let writer = site.half(&mut slot, Writer::connection)?;
            Ok(site.note(writer.flush(started)?))
        })
    }

    /// Ends the flush; nothing is lost by that.
    pub fn cancel(&mut self) -> Cancelled<()> {
        match self.step() {
            Poll::Ready(result) => Cancelled::Completed(result),
            Poll::Pending => self.site.cancel(|_, _| Ok(None)),
        }
    }

    /// Whether there is reason to step again; without a system call.
    #[must_use]
    pub fn is_worth_trying(&self) -> bool {
        self.site.is_worth_trying()
    }

    /// Asks for the end's [`Readiness`](super::Readiness) to tell of the next change; `true` if there has
    /// been one already.
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES` for what it says.
    pub fn arm(&mut self) -> Result<bool> {
        self.site.arm()
    }
}
