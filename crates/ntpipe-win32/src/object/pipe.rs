//! An end of a pipe behind handles: Windows' file object.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ntpipe::{
    ErrorKind, Event, NamedPipeClient, NamedPipeServer, Pipe, PipeReader, PipeWriter, Recv,
};

use super::io::{Begun, Io, Work};
use crate::failure::{Failure, Result};
use crate::overlapped::{Input, Output, Place};

/// What is copied at most while a handle's slot is locked.
const AT_ONCE_BYTES_MAX: usize = 65_536;

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

/// What only the NT level knows of a file object.
#[derive(Debug, Default)]
pub struct Native {
    /// Whether calls left for the thread end a synchronous wait (`FILE_SYNCHRONOUS_IO_ALERT`).
    pub alertable: AtomicBool,
    /// What programs have attached to it by name.
    pub attributes: Mutex<BTreeMap<String, Vec<u8>>>,
}

/// An end of a pipe; several handles may stand for it.
#[derive(Debug)]
pub struct PipeObject {
    end: End,
    /// Whether it was made with `FILE_FLAG_OVERLAPPED`.
    pub overlapped: bool,
    /// What the NT level adds to that.
    pub native: Native,
    handles: AtomicUsize,
    /// What a wait for the handle waits for: signalled while no operation is under way.
    pub signal: Event,
    /// Its asynchronous side.
    pub io: Arc<Io>,
}

impl PipeObject {
    /// An end that no handle stands for yet.
    ///
    /// # Errors
    /// What making its signal gives.
    pub fn new(end: End, overlapped: bool) -> Result<Self> {
        let io = Io::new()?;
        let signal = io.signal.clone();
        Ok(Self {
            end,
            overlapped,
            native: Native::default(),
            handles: AtomicUsize::new(0),
            signal,
            io,
        })
    }

    /// Whether calls left for the thread end its waits for this end.
    #[must_use]
    pub fn is_alertable(&self) -> bool {
        self.native.alertable.load(Ordering::Relaxed)
    }

    /// Whether its operations wait in their calls, whatever happens.
    fn waits(&self) -> bool {
        !self.overlapped && !self.is_alertable()
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

    /// With the last handle end the calls that still wait, or are about to.
    pub(super) fn closed(&self) {
        if self.handles.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.pipe().cancel_io_for_good();
            self.io.close(self.pipe().is_inherited());
        }
    }

    /// `ReadFile` with an `OVERLAPPED`.
    ///
    /// # Errors
    /// What the end answers at once.
    pub fn read(&self, mut into: Output, place: Place) -> Begun {
        if self.waits() {
            return self.io.at_once(place, || Ok(self.pipe().recv(into.bytes())?));
        }
        self.start(place, move || {
            let started = self.pipe().start_read(into.bytes());
            Work::of(started, |got| got, |read| Work::Read(read, into))
        })
    }

    /// `WriteFile` with an `OVERLAPPED`.
    ///
    /// # Errors
    /// What the end answers at once.
    pub fn write(&self, data: Input, place: Place) -> Begun {
        let whole = |len| Recv { len, more: false };
        if self.waits() {
            return self.io.at_once(place, || Ok(whole(self.pipe().send(data.bytes())?)));
        }
        self.start(place, move || {
            let started = self.pipe().start_write(data.bytes());
            Work::of(started, whole, |write| Work::Write(write, data))
        })
    }

    /// `TransactNamedPipe` with an `OVERLAPPED`.
    ///
    /// # Errors
    /// What the end answers at once.
    pub fn transact(&self, request: Input, mut reply: Output, place: Place) -> Begun {
        if self.waits() {
            let run = || Ok(self.pipe().transact(request.bytes(), reply.bytes())?);
            return self.io.at_once(place, run);
        }
        self.start(place, move || {
            let started = self.pipe().start_transact(request.bytes(), reply.bytes());
            Work::of(started, |got| got, |work| Work::Transact(Box::new(work), request, reply))
        })
    }

    /// `ConnectNamedPipe` with an `OVERLAPPED`.
    ///
    /// # Errors
    /// What the end answers at once; `ERROR_PIPE_CONNECTED` is a good connection.
    pub fn connect(&self, place: Place) -> Begun {
        let server = self.server()?;
        let nothing = |()| Recv { len: 0, more: false };
        if self.waits() {
            return self.io.at_once(place, || Ok(nothing(server.listen()?)));
        }
        self.start(place, || Work::of(server.start_listen(), nothing, Work::Listen))
    }

    /// `DisconnectNamedPipe`: what pends ends with it.
    ///
    /// # Errors
    /// [`NamedPipeServer::disconnect`]'s.
    pub fn disconnect(&self) -> Result<()> {
        let server = self.server()?;
        self.io.around(|| Ok(server.disconnect()?))
    }

    fn start(
        &self,
        place: Place,
        start: impl FnOnce() -> std::result::Result<Work, Result<Recv>>,
    ) -> Begun {
        self.io.start(place, start, |hub, key| Ok(self.pipe().attach(hub, key)?))
    }

    /// Whether another call is under way on it; the caller holds it too.
    #[must_use]
    pub fn is_in_use(self: &Arc<Self>) -> bool {
        // Each handle has a share of it, and each call takes one for as long as it lasts.
        Arc::strong_count(self) > self.handles.load(Ordering::Relaxed) + 1
    }

    /// `ReadFile`, if it takes no more than a look and a copy of a few bytes.
    #[inline]
    pub(crate) fn recv_at_once(&self, into: &mut [u8]) -> Option<Recv> {
        if into.len() > AT_ONCE_BYTES_MAX || !self.signal.is_set() {
            return None;
        }
        self.pipe().recv_at_once(into)
    }

    /// `WriteFile`, if it takes no more than a look and a copy of a few bytes.
    #[inline]
    pub(crate) fn send_at_once(&self, data: &[u8]) -> bool {
        data.len() <= AT_ONCE_BYTES_MAX && self.signal.is_set() && self.pipe().send_at_once(data)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::{self, Entry};
    use crate::object::Object;
    use crate::types::access;

    #[test]
    fn a_call_that_found_its_handle_just_before_it_was_closed_does_not_wait() {
        let (reader, _writer) = ntpipe::anonymous().expect("a pipe");
        let pipe = Arc::new(PipeObject::new(End::Reader(reader), false).expect("an object"));
        let entry = Entry::new(Object::Pipe(pipe), access::FILE_ALL_ACCESS);
        let handle = handle::insert(entry).expect("a handle");
        let found = handle::get(handle).expect("open");
        handle::close(handle).expect("closed");
        let pipe = found.object.pipe().expect("a pipe");
        assert_eq!(pipe.recv(&mut [0]), Err(ErrorKind::OperationAborted.into()));
    }
}
