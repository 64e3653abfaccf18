//! What an object consists of for another process: its kind, a text, and descriptors.
//!
//! | kind | object | descriptors | text |
//! |---|---|---|---|
//! | `s c r w` | server, client, read end, write end of a pipe | the engine's | the engine's |
//! | `f` | a file | its own | |
//! | `p` | a process | its own | its number |
//! | `e m n t` | an event, a mutex, a semaphore, a timer | its memory | its place there |
//!
//! A file object that is bound to a completion port has one descriptor more, the last: see `object/line.rs`.

use std::fmt::{Display, Formatter};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use ntpipe::sync::{Lease, Shareable, Timer};
use ntpipe::{ErrorKind, NamedPipeClient, NamedPipeServer, PipeReader, PipeWriter};
use ntpipe_shm::handover;

use crate::failure::Result;
use crate::handle::Entry;
use crate::object::pipe::End;
use crate::object::{FileObject, Object, PipeObject, ProcessObject, TimerObject};
use crate::types::HANDLE;

/// An object, taken apart.
#[derive(Debug)]
pub(crate) struct Form {
    /// One letter.
    pub(crate) kind: char,
    /// What a head tells of the object.
    flags: u32,
    pub(crate) text: String,
    pub(crate) fds: Vec<OwnedFd>,
}

impl Form {
    /// The object for another process, which holds it from now on.
    ///
    /// # Errors
    /// `ERROR_NOT_SUPPORTED` for what no other process can have, `ERROR_PIPE_LISTENING` for an end that
    /// waits for a client; `ERROR_TOO_MANY_OPEN_FILES`.
    pub(crate) fn of(object: &Object) -> Result<Self> {
        let mut form = Self::without_io(object)?;
        if let Ok(io) = object.io() {
            form.flags |= (io.modes() & MODES) << MODES_SHIFT;
            if let Some(line) = io.lend()? {
                form.flags |= BOUND;
                form.fds.push(line);
            }
        }
        Ok(form)
    }

    /// All but where completions are told.
    fn without_io(object: &Object) -> Result<Self> {
        let flags = if object.is_overlapped() { OVERLAPPED } else { 0 };
        let leased = |kind, Lease { memory, place }: Lease| {
            Ok(Self { kind, flags, text: place, fds: vec![memory] })
        };
        match object {
            Object::Pipe(pipe) => {
                let (kind, inheritable) = match pipe.end() {
                    End::Server(end) => ('s', end.inherit()?),
                    End::Client(end) => ('c', end.inherit()?),
                    End::Reader(end) => ('r', end.inherit()?),
                    End::Writer(end) => ('w', end.inherit()?),
                };
                let (text, fds) = inheritable.into_parts();
                Ok(Self { kind, flags, text, fds })
            }
            Object::File(file) => {
                let fds = vec![handover::copy(file.as_fd())?];
                Ok(Self { kind: 'f', flags, text: String::new(), fds })
            }
            Object::Process(process) => {
                let (text, fds) = (process.pid.to_string(), vec![handover::copy(process.as_fd())?]);
                Ok(Self { kind: 'p', flags, text, fds })
            }
            Object::Event(event) => leased('e', event.lease()?),
            Object::Mutex(mutex) => leased('m', mutex.lease()?),
            Object::Semaphore(semaphore) => leased('n', semaphore.lease()?),
            Object::Timer(timer) => leased('t', timer.timer.lease()?),
            _ => Err(ErrorKind::NotSupported.into()),
        }
    }

    /// The object again, in another process. Believes nothing: the text may say anything, and so may the
    /// descriptors.
    pub(crate) fn object(mut self) -> Option<Object> {
        let flags = self.flags;
        let line = if flags & BOUND != 0 { Some(self.fds.pop()?) } else { None };
        let object = self.without_line()?;
        if let Ok(io) = object.io() {
            io.add_modes(flags >> MODES_SHIFT & MODES);
        }
        if let Some(line) = line {
            let line = Some(line).filter(|line| handover::is_lifeline(line))?;
            object.io().ok()?.bind_elsewhere(line).ok()?;
        }
        Some(object)
    }

    fn without_line(self) -> Option<Object> {
        let Self { kind, flags, text, fds } = self;
        let overlapped = flags & OVERLAPPED != 0;
        let pipe = |end| Some(Object::Pipe(Arc::new(PipeObject::new(end, overlapped).ok()?)));
        match kind {
            's' => pipe(End::Server(NamedPipeServer::from_parts(&text, fds).ok()?)),
            'c' => pipe(End::Client(NamedPipeClient::from_parts(&text, fds).ok()?)),
            'r' => pipe(End::Reader(PipeReader::from_parts(&text, fds).ok()?)),
            'w' => pipe(End::Writer(PipeWriter::from_parts(&text, fds).ok()?)),
            _ => {
                let [fd] = <[OwnedFd; 1]>::try_from(fds).ok()?;
                match kind {
                    'f' => {
                        let file = FileObject::new(fd, overlapped).ok()?;
                        Some(Object::File(Arc::new(file)))
                    }
                    'p' => {
                        let process = ProcessObject::inherited(fd, text.parse().ok()?);
                        Some(Object::Process(Arc::new(process)))
                    }
                    'e' => shared(fd, &text, Object::Event),
                    'm' => shared(fd, &text, Object::Mutex),
                    'n' => shared(fd, &text, Object::Semaphore),
                    't' => shared(fd, &text, |it: Timer| Object::Timer(TimerObject::new(it))),
                    _ => None,
                }
            }
        }
    }
}

/// What belongs to a handle rather than to its object, and the latter's kind; as a text
///
/// ```text
/// <number>:<kind>:<access>:<flags>     numbers in hexadecimal
/// flags   1 overlapped, 2 inherited by children, 4 bound to a completion port,
///         16 times what `SetFileCompletionNotificationModes` has set
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) handle: HANDLE,
    pub(crate) kind: char,
    access: u32,
    flags: u32,
}

const OVERLAPPED: u32 = 1;
const INHERITED: u32 = 2;
const BOUND: u32 = 4;
const MODES_SHIFT: u32 = 4;
const MODES: u32 = 7;

impl Head {
    pub(crate) fn of(handle: HANDLE, entry: &Entry, form: &Form) -> Self {
        let inherited = if entry.inherit { INHERITED } else { 0 };
        Self { handle, kind: form.kind, access: entry.access, flags: form.flags | inherited }
    }

    /// The head of a line, and what is behind it.
    pub(crate) fn parse(line: &str) -> Option<(Self, &str)> {
        let mut parts = line.splitn(5, ':');
        let number = usize::from_str_radix(parts.next()?, 16).ok()?;
        let mut kind = parts.next()?.chars();
        let (kind, None) = (kind.next()?, kind.next()) else { return None };
        let access = u32::from_str_radix(parts.next()?, 16).ok()?;
        let flags = u32::from_str_radix(parts.next()?, 16).ok()?;
        let handle = std::ptr::without_provenance_mut(number);
        Some((Self { handle, kind, access, flags }, parts.next()?))
    }

    pub(crate) fn form(&self, text: String, fds: Vec<OwnedFd>) -> Form {
        Form { kind: self.kind, flags: self.flags, text, fds }
    }

    pub(crate) fn entry(&self, object: Object) -> Entry {
        Entry::new(object, self.access).inherited(self.flags & INHERITED != 0)
    }
}

impl Display for Head {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { handle, kind, access, flags } = self;
        write!(f, "{:x}:{kind}:{access:x}:{flags:x}", handle.addr())
    }
}

fn shared<T: Shareable>(
    memory: OwnedFd,
    place: &str,
    object: impl FnOnce(T) -> Object,
) -> Option<Object> {
    T::adopt(memory, place).ok().map(object)
}
