//! What handles stand for.

pub mod file;
pub mod pipe;
pub mod process;
pub mod relay;
pub mod thread;
pub mod token;

use std::sync::Arc;

use ntpipe::{ErrorKind, Event};

pub use file::FileObject;
pub use pipe::PipeObject;
pub use process::ProcessObject;
pub use thread::ThreadObject;
pub use token::TokenObject;

use crate::failure::Result;

/// An object; clones are the same one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Object {
    /// An end of a pipe.
    Pipe(Arc<PipeObject>),
    /// A file, a terminal, a kernel pipe.
    File(Arc<FileObject>),
    /// An event.
    Event(Event),
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
        if let Self::Pipe(pipe) = self {
            pipe.opened();
        }
    }

    /// A handle less stands for it.
    pub fn closed(&self) {
        if let Self::Pipe(pipe) = self {
            pipe.closed();
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
