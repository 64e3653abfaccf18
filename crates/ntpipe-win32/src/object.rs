//! What handles stand for.

pub mod descriptor;
pub mod file;
pub mod io;
pub mod line;
pub mod pipe;
pub mod pipes;
pub mod pool;
pub mod port;
pub mod process;
pub mod relay;
pub mod scan;
pub mod service;
pub mod thread;
pub mod timer;
pub mod token;
pub mod wait;

use std::sync::Arc;

use ntpipe::sync::{Mutex, Semaphore};
use ntpipe::{ErrorKind, Event, Recv};

pub use file::FileObject;
pub use io::Io;
pub use pipe::PipeObject;
pub use pipes::PipesObject;
pub use port::PortObject;
pub use process::ProcessObject;
pub use scan::{FindObject, Scan};
pub use thread::ThreadObject;
pub use timer::TimerObject;
pub use token::TokenObject;

use crate::failure::Result;
use crate::overlapped::{Input, Output, Place};
use io::Begun;

/// An object; clones are the same one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Object {
    /// An end of a pipe.
    Pipe(Arc<PipeObject>),
    /// A file, a terminal, a kernel pipe.
    File(Arc<FileObject>),
    /// The device of all pipes, or its directory.
    Pipes(Arc<PipesObject>),
    /// A search of `FindFirstFile`.
    Find(Arc<FindObject>),
    /// An event.
    Event(Event),
    /// A completion port.
    Port(Arc<PortObject>),
    /// A mutex.
    Mutex(Mutex),
    /// A semaphore.
    Semaphore(Semaphore),
    /// A waitable timer.
    Timer(Arc<TimerObject>),
    /// A process.
    Process(Arc<ProcessObject>),
    /// A thread of this process.
    Thread(Arc<ThreadObject>),
    /// A token.
    Token(Arc<TokenObject>),
}

impl Object {
    /// A handle more stands for it.
    pub fn opened(&self) {
        match self {
            Self::Pipe(pipe) => pipe.opened(),
            Self::Port(port) => port.opened(),
            _ => {}
        }
    }

    /// A handle less stands for it.
    pub fn closed(&self) {
        match self {
            Self::Pipe(pipe) => pipe.closed(),
            Self::Port(port) => port.closed(),
            _ => {}
        }
    }

    /// Whether this is the same object.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pipe(one), Self::Pipe(other)) => Arc::ptr_eq(one, other),
            (Self::File(one), Self::File(other)) => Arc::ptr_eq(one, other),
            (Self::Pipes(one), Self::Pipes(other)) => Arc::ptr_eq(one, other),
            (Self::Find(one), Self::Find(other)) => Arc::ptr_eq(one, other),
            (Self::Event(one), Self::Event(other)) => one.is_same(other),
            (Self::Port(one), Self::Port(other)) => Arc::ptr_eq(one, other),
            (Self::Mutex(one), Self::Mutex(other)) => one.is_same(other),
            (Self::Semaphore(one), Self::Semaphore(other)) => one.is_same(other),
            (Self::Timer(one), Self::Timer(other)) => one.timer.is_same(&other.timer),
            (Self::Process(one), Self::Process(other)) => one.pid == other.pid,
            (Self::Thread(one), Self::Thread(other)) => Arc::ptr_eq(one, other),
            (Self::Token(one), Self::Token(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// The pipe's end that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn pipe(&self) -> Result<&Arc<PipeObject>> {
        match self {
            Self::Pipe(pipe) => Ok(pipe),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The event that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn event(&self) -> Result<&Event> {
        match self {
            Self::Event(event) => Ok(event),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The mutex that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn mutex(&self) -> Result<&Mutex> {
        match self {
            Self::Mutex(mutex) => Ok(mutex),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The semaphore that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn semaphore(&self) -> Result<&Semaphore> {
        match self {
            Self::Semaphore(semaphore) => Ok(semaphore),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The timer that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn timer(&self) -> Result<&Arc<TimerObject>> {
        match self {
            Self::Timer(timer) => Ok(timer),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The thread that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn thread(&self) -> Result<&Arc<ThreadObject>> {
        match self {
            Self::Thread(thread) => Ok(thread),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The token that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn token(&self) -> Result<&Arc<TokenObject>> {
        match self {
            Self::Token(token) => Ok(token),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// `ReadFile` with an `OVERLAPPED`.
    ///
    /// # Errors
    /// What it answers at once.
    pub fn read(&self, mut into: Output, place: Place) -> Begun {
        match self {
            Self::Pipe(pipe) => pipe.read(into, place),
            Self::File(file) => {
                let position = place.position;
                file.io.at_once(place, || {
                    Ok(Recv { len: file.read(into.bytes(), Some(position))?, more: false })
                })
            }
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// `WriteFile` with an `OVERLAPPED`.
    ///
    /// # Errors
    /// What it answers at once.
    pub fn write(&self, data: Input, place: Place) -> Begun {
        match self {
            Self::Pipe(pipe) => pipe.write(data, place),
            Self::File(file) => {
                let position = place.position;
                file.io.at_once(place, || {
                    Ok(Recv { len: file.write(data.bytes(), Some(position))?, more: false })
                })
            }
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The completion port that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn port(&self) -> Result<&Arc<PortObject>> {
        match self {
            Self::Port(port) => Ok(port),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// Whether it was made with `FILE_FLAG_OVERLAPPED`.
    #[must_use]
    pub fn is_overlapped(&self) -> bool {
        match self {
            Self::Pipe(pipe) => pipe.overlapped,
            Self::File(file) => file.overlapped,
            _ => false,
        }
    }

    /// The asynchronous side of a file object.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn io(&self) -> Result<&Arc<Io>> {
        match self {
            Self::Pipe(pipe) => Ok(&pipe.io),
            Self::File(file) => Ok(&file.io),
            Self::Pipes(pipes) => Ok(&pipes.io),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }

    /// The process that this is.
    ///
    /// # Errors
    /// `ERROR_INVALID_HANDLE` for anything else.
    pub fn process(&self) -> Result<&Arc<ProcessObject>> {
        match self {
            Self::Process(process) => Ok(process),
            _ => Err(ErrorKind::InvalidHandle.into()),
        }
    }
}
