//! `TransactNamedPipe` with an `OVERLAPPED`.

use std::sync::Arc;
use std::task::Poll;

use ntpipe_core::mode::{ReadMode, WaitMode};
use ntpipe_core::ops::{ReadProgress, Reader, Recv, WriteProgress, Writer, transact};

use super::read::{give_up, other_length};
use super::site::Site;
use super::{Cancelled, Started};
use crate::end::End;
use crate::pipe::Pipe;
use crate::{Error, ErrorKind, Result};

/// A transaction that goes on: its request is sent, or waits for room; its reply has not come.
///
/// Dropping it cancels it.
#[derive(Debug)]
pub struct Transact {
    site: Site,
    mode: ReadMode,
    posted: bool,
    post: WriteProgress,
    progress: ReadProgress,
    lens: (usize, usize),
}

impl Pipe {
    /// `TransactNamedPipe` with an `OVERLAPPED`—sends a request and starts to read its reply.
    ///
    /// Never waits. If the reply has not come, the transaction goes on and is to be given the same request
    /// and a buffer of the same length at each step.
    ///
    /// # Errors
    ///
    /// As [`transact`](Self::transact), but `ERROR_OPERATION_ABORTED`.
    pub fn start_transact(&self, request: &[u8], reply: &mut [u8]) -> Started<Recv, Transact> {
        match start(&self.end, request, reply) {
            Ok(started) => started,
            Err(error) => Started::Done(self.named("transact", Err(error))),
        }
    }
}

fn start(end: &Arc<End>, request: &[u8], reply: &mut [u8]) -> Result<Started<Recv, Transact>> {
    end.check_process()?;
    if !end.rights.write || !end.rights.read {
        return Err(ErrorKind::AccessDenied.into());
    }
    if end.server.is_some() && end.reader.lock().is_none() {
        end.settle(false).map_err(|_| Error::new(ErrorKind::BadPipe))?;
    }
    let connection = end.connection().ok_or(ErrorKind::BadPipe)?;
    let mut transact = Transact {
        site: Site::new("transact", end, connection, None),
        mode: end.read_mode(),
        posted: false,
        post: WriteProgress::default(),
        progress: ReadProgress::default(),
        lens: (request.len(), reply.len()),
    };
    transact.site.watch()?;
    Ok(match transact.step(request, reply) {
        Poll::Ready(result) => Started::Done(result),
        Poll::Pending => Started::Pending(transact),
    })
}

impl Transact {
    /// Tries again. Never waits; announces nothing.
    ///
    /// # Errors
    ///
    /// As [`Read::step`](super::Read::step).
    pub fn step(&mut self, request: &[u8], reply: &mut [u8]) -> Poll<Result<Recv>> {
        let Self { site, mode, posted, post, progress, lens } = self;
        if *lens != (request.len(), reply.len()) {
            return Poll::Ready(Err(other_length()));
        }
        site.answer(|site, end| {
            if !*posted {
                let mut slot = end.writer.lock();
                let writer = site.half(&mut slot, Writer::connection)?;
                let mut slot = end.reader.lock();
                let reader = site.half(&mut slot, Reader::connection)?;
                let step = transact::request(reader, writer, *mode, request, post)?;
                if site.note(step).is_none() {
                    return Ok(None);
                }
                *posted = true;
            }
            let mut slot = end.reader.lock();
            let reader = site.half(&mut slot, Reader::connection)?;
            Ok(site.note(reader.read(reply, *mode, WaitMode::Wait, progress)?))
        })
    }

    /// `CancelIoEx`—gives the reply up. A request that was sent stays in the pipe.
    pub fn cancel(&mut self) -> Cancelled<Recv> {
        let Self { site, posted, post, progress, .. } = self;
        site.cancel(|site, end| {
            if !*posted {
                let mut slot = end.writer.lock();
                site.half(&mut slot, Writer::connection)?.cancel(post)?;
            }
            give_up(site, end, progress)
        })
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

impl Drop for Transact {
    fn drop(&mut self) {
        if !self.site.is_over() {
            self.cancel();
        }
    }
}
