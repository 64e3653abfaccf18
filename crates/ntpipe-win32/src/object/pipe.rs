//! An end of a pipe behind handles: Windows' file object.

use std::sync::atomic::{AtomicUsize, Ordering};

use ntpipe::{
    ErrorKind, Event, NamedPipeClient, NamedPipeServer, Pipe, PipeReader, PipeWriter, Recv,
};

use crate::failure::{Failure, Result};

/// Which end.
#[derive(Debug)]
pub enum End {
    /// Of `CreateNamedPipe`.
    Server(NamedPipeServer),
    /// Of `CreateFile`.
    Client(NamedPipeClient),
    /// The read end of `CreatePipe`.
    Reader(PipeReader),
    /// The write end of `CreatePipe`.
    Writer(PipeWriter),
}

/// An end of a pipe; several handles may stand for it.
#[derive(Debug)]
pub struct PipeObject {
    end: End,
    /// Whether it was made with `FILE_FLAG_OVERLAPPED`.
    pub overlapped: bool,
    handles: AtomicUsize,
    /// What a wait for the handle waits for: signalled while no operation is under way.
    pub signal: Event,
}

impl PipeObject {
    /// An end that no handle stands for yet.
    ///
    /// # Errors
    /// What making its signal gives.
    pub fn new(end: End, overlapped: bool) -> Result<Self> {
        let signal = Event::new(true, true)?;
        Ok(Self { end, overlapped, handles: AtomicUsize::new(0), signal })
    }

    /// What all ends can do.
    #[must_use]
    pub fn pipe(&self) -> &Pipe {
        match &self.end {
            End::Server(server) => server,
            End::Client(client) => client,
            End::Reader(reader) => reader,
            End::Writer(writer) => writer,
        }
    }

    /// The end.
    #[must_use]
    pub fn end(&self) -> &End {
        &self.end
    }

    /// The server end of a named pipe.
    ///
    /// # Errors
    /// `ERROR_INVALID_FUNCTION` for the others.
    pub fn server(&self) -> Result<&NamedPipeServer> {
        match &self.end {
            End::Server(server) => Ok(server),
            _ => Err(ErrorKind::InvalidFunction.into()),
        }
    }

    pub(super) fn opened(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// With the last handle end the calls that still wait.
    pub(super) fn closed(&self) {
        if self.handles.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.pipe().cancel_io();
        }
    }

    /// `ReadFile`, waiting.
    ///
    /// # Errors
    /// [`Pipe::recv`]'s.
    #[inline]
    pub fn recv(&self, into: &mut [u8]) -> Result<Recv> {
        self.note(self.pipe().recv(into).map_err(Failure::from))
    }

    /// `WriteFile`, waiting.
    ///
    /// # Errors
    /// [`Pipe::send`]'s.
    #[inline]
    pub fn send(&self, data: &[u8]) -> Result<usize> {
        self.note(self.pipe().send(data).map_err(Failure::from))
    }

    /// `FlushFileBuffers`.
    ///
    /// # Errors
    /// [`Pipe::flush`]'s.
    pub fn flush(&self) -> Result<()> {
        self.note(self.pipe().flush().map_err(Failure::from))
    }

    /// Notes how an operation ended that was waited for, for those who wait for the handle.
    #[inline]
    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        match &result {
            Ok(_) if self.signal.is_set() => {}
            Ok(_) => self.signal.set(),
            //= observed: not signalled after a failure
            Err(_) => self.signal.reset(),
        }
        result
    }
}
