//! `WriteFile` with an `OVERLAPPED`.

use std::sync::Arc;
use std::task::Poll;

use ntpipe_core::connection::PeerLife;
use ntpipe_core::mode::WaitMode;
use ntpipe_core::ops::{Cancelled as Withdrawn, Need, Step, WriteProgress, Writer};

use super::read::other_length;
use super::site::Site;
use super::{Cancelled, Started};
use crate::end::End;
use crate::pipe::Pipe;
use crate::wait::Until;
use crate::{ErrorKind, Result, kernel};

/// A write that goes on: what is unread of it does not fit the quota yet. The peer sees its data already,
/// as far as the memory of the pipe has room; further steps bring the rest.
///
/// Several on one end are served in the order in which they were started. Dropping it cancels it.
#[derive(Debug)]
pub struct Write {
    site: Site,
    progress: WriteProgress,
    len: usize,
    /// How much of it is in the kernel pipe, once it goes there.
    fed: Option<usize>,
}

impl Pipe {
    /// `WriteFile` with an `OVERLAPPED`—starts to write all of `data`; on a message pipe as one message.
    ///
    /// Never waits. What fits the quota is written at once; otherwise, unless the end is in
    /// `PIPE_NOWAIT` (then the result is 0), the write goes on and is to be given the same data at each step.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but `ERROR_OPERATION_ABORTED`.
    pub fn start_write(&self, data: &[u8]) -> Started<usize, Write> {
        match start(&self.end, data) {
            Ok(started) => started,
            Err(error) => Started::Done(self.named("write", Err(error))),
        }
    }
}

fn start(end: &Arc<End>, data: &[u8]) -> Result<Started<usize, Write>> {
    end.check_process()?;
    if !end.rights.write {
        return Err(ErrorKind::AccessDenied.into());
    }
    if end.is_no_wait() {
        return end.send(data, Until::Forever, true).map(|len| Started::Done(Ok(len)));
    }
    end.waiter.end_streak(Need::Data);
    let mut progress = WriteProgress::default();
    let mut slot = end.writer.lock();
    if slot.is_none() {
        drop(slot);
        end.settle(false)?;
        slot = end.writer.lock();
    }
    let Some(writer) = slot.as_mut() else { return Err(ErrorKind::PipeNotConnected.into()) };
    let mut fed = None;
    let pending = match attempt(end, writer, data, &mut progress, &mut fed)? {
        Step::Done(len) => return Ok(Started::Done(Ok(len))),
        Step::Wait(pending) => pending,
    };
    let site = Site::new("write", end, writer.connection().clone(), Some(pending));
    drop(slot);
    let write = Write { site, progress, len: data.len(), fed };
    write.site.watch()?;
    Ok(Started::Pending(write))
}

fn attempt(
    end: &End,
    writer: &mut Writer,
    data: &[u8],
    progress: &mut WriteProgress,
    fed: &mut Option<usize>,
) -> Result<Step<usize>> {
    let step = match end.beside() {
        None => writer.write(data, WaitMode::Wait, progress),
        // An end has become a program's standard stream.
        Some(sink) => kernel::write(writer, sink, data, WaitMode::Wait, progress, fed),
    };
    if step.is_err() {
        // Whatever ended it, it keeps no other write waiting.
        let _ = writer.cancel(progress);
    }
    step
}

impl Write {
    /// Tries again, and brings more of the data into the pipe. Never waits; announces nothing.
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer has closed or the last handle of this end was dropped,
    /// `ERROR_PIPE_NOT_CONNECTED` after a disconnect, `ERROR_INVALID_PARAMETER` for data of another length,
    /// or when the write is over already.
    pub fn step(&mut self, data: &[u8]) -> Poll<Result<usize>> {
        if data.len() != self.len {
            return Poll::Ready(Err(other_length()));
        }
        let Self { site, progress, fed, .. } = self;
        site.answer(|site, end| {
            let mut slot = end.writer.lock();
            let writer = site.half(&mut slot, Writer::connection)?;
            Ok(site.note(attempt(end, writer, data, progress, fed)?))
        })
    }

    /// `CancelIoEx`—ends the write. What is unread of it vanishes, also when a part was read; if what is
    /// unread fits the quota, it has completed, and stays.
    pub fn cancel(&mut self) -> Cancelled<usize> {
        let Self { site, progress, len, .. } = self;
        site.cancel(|site, end| {
            let mut slot = end.writer.lock();
            let writer = site.half(&mut slot, Writer::connection)?;
            let life = site.connection.peer_life();
            match (writer.cancel(progress)?, life) {
                (Withdrawn::Completed, _) => Ok(Some(*len)),
                (_, PeerLife::Here) => Ok(None),
                (_, PeerLife::Gone) if end.beside().is_some() => Ok(None),
                (_, PeerLife::Gone) => Err(ErrorKind::BrokenPipe.into()),
                (_, PeerLife::Severed) => Err(ErrorKind::PipeNotConnected.into()),
            }
        })
    }

    /// Whether there is reason to step again; without a system call. A write to a kernel pipe, whose
    /// other end is a program's standard stream, is told of by the descriptor only.
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

impl Drop for Write {
    fn drop(&mut self) {
        if !self.site.is_over() {
            self.cancel();
        }
    }
}
