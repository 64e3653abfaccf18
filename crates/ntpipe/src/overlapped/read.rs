//! `ReadFile` with an `OVERLAPPED`.

use std::sync::Arc;
use std::task::Poll;

use ntpipe_core::connection::PeerLife;
use ntpipe_core::mode::{ReadMode, WaitMode};
use ntpipe_core::ops::{Need, ReadProgress, Reader, Recv, Step};

use super::site::Site;
use super::{Cancelled, Started};
use crate::end::End;
use crate::pipe::Pipe;
use crate::wait::Until;
use crate::{Error, ErrorKind, Result, kernel};

/// A read that goes on. Several on one end are served in the order in which they were started.
///
/// Dropping it cancels it.
#[derive(Debug)]
pub struct Read {
    site: Site,
    mode: ReadMode,
    progress: ReadProgress,
    len: usize,
}

impl Pipe {
    /// `ReadFile` with an `OVERLAPPED`—starts to read, in the read mode of this moment.
    ///
    /// Never waits. What is there is taken at once; otherwise, unless the end is in `PIPE_NOWAIT`, the read
    /// goes on and is to be given a buffer of the same length at each step.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), but `ERROR_OPERATION_ABORTED`.
    pub fn start_read(&self, into: &mut [u8]) -> Started<Recv, Read> {
        match start(&self.end, into) {
            Ok(started) => started,
            Err(error) => Started::Done(self.named("read", Err(error))),
        }
    }
}

fn start(end: &Arc<End>, into: &mut [u8]) -> Result<Started<Recv, Read>> {
    end.check_process()?;
    if !end.rights.read {
        return Err(ErrorKind::AccessDenied.into());
    }
    if end.is_no_wait() {
        return end.recv(into, Until::Forever, true).map(|recv| Started::Done(Ok(recv)));
    }
    end.waiter.end_streak(Need::Room);
    let mode = end.read_mode();
    let mut progress = ReadProgress::default();
    let mut slot = end.reader.lock();
    if slot.is_none() {
        drop(slot);
        end.settle(false)?;
        slot = end.reader.lock();
    }
    let Some(reader) = slot.as_mut() else { return Err(ErrorKind::PipeNotConnected.into()) };
    let pending = match attempt(end, reader, into, mode, &mut progress)? {
        Step::Done(recv) => return Ok(Started::Done(Ok(recv))),
        Step::Wait(pending) => pending,
    };
    let site = Site::new("read", end, reader.connection().clone(), Some(pending));
    drop(slot);
    let read = Read { site, mode, progress, len: into.len() };
    read.site.watch()?;
    Ok(Started::Pending(read))
}

fn attempt(
    end: &End,
    reader: &mut Reader,
    into: &mut [u8],
    mode: ReadMode,
    progress: &mut ReadProgress,
) -> Result<Step<Recv>> {
    match end.beside() {
        None => reader.read(into, mode, WaitMode::Wait, progress),
        // An end has become a program's standard stream.
        Some(source) => kernel::read(reader, source, into, WaitMode::Wait, progress),
    }
}

impl Read {
    /// Tries again. Never waits; announces nothing.
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer has closed and everything was read, or the last handle of this end
    /// was dropped, `ERROR_PIPE_NOT_CONNECTED` after a disconnect, `ERROR_INVALID_PARAMETER` for a buffer of
    /// another length, or when the read is over already.
    pub fn step(&mut self, into: &mut [u8]) -> Poll<Result<Recv>> {
        let Self { site, mode, progress, len } = self;
        if into.len() != *len {
            return Poll::Ready(Err(other_length()));
        }
        site.answer(|site, end| {
            let mut slot = end.reader.lock();
            let reader = site.half(&mut slot, Reader::connection)?;
            Ok(site.note(attempt(end, reader, into, *mode, progress)?))
        })
    }

    /// `CancelIoEx`—ends the read. A message of which it had taken a part is not lost: the read has
    /// completed with that part then. Data that has come and that no step has taken stays in the pipe.
    pub fn cancel(&mut self) -> Cancelled<Recv> {
        let Self { site, progress, .. } = self;
        site.cancel(|site, end| give_up(site, end, progress))
    }

    /// Whether there is reason to step again; without a system call. A read from a kernel pipe, whose
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

impl Drop for Read {
    fn drop(&mut self) {
        if !self.site.is_over() {
            self.cancel();
        }
    }
}

/// Ends a read that waits; what it was over with, if it was.
pub(super) fn give_up(site: &Site, end: &End, progress: &ReadProgress) -> Result<Option<Recv>> {
    let mut slot = end.reader.lock();
    let reader = site.half(&mut slot, Reader::connection)?;
    let part = reader.give_up(progress);
    if part.is_some() || end.beside().is_some() {
        return Ok(part);
    }
    match site.connection.peer_life() {
        PeerLife::Here => Ok(None),
        PeerLife::Severed => Err(ErrorKind::PipeNotConnected.into()),
        PeerLife::Gone if reader.is_empty()? => Err(ErrorKind::BrokenPipe.into()),
        PeerLife::Gone => Ok(None),
    }
}

pub(super) fn other_length() -> Error {
    Error::new(ErrorKind::InvalidParameter)
        .because("each step of an operation takes the buffer that it was started with")
}
