//! The one opaque error: a Windows code, the operation, the pipe, and what lies behind.

use std::{fmt, io};

use rustix::io::Errno;

pub use crate::status::{ErrorKind, NtStatus, Win32Error};

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What failed: kind, operation, pipe name, and the cause below, if there is one.
///
/// `Display` prints all of it:
/// ``open \\.\pipe\x: all pipe instances are busy (ERROR_PIPE_BUSY 231)``.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    operation: Option<&'static str>,
    name: Option<String>,
    detail: Option<String>,
    source: Option<io::Error>,
}

impl Error {
    /// An error of this kind, without context yet.
    #[cold]
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, operation: None, name: None, detail: None, source: None }))
    }

    /// A failed system call: `call` names it, the errno decides the kind.
    #[cold]
    #[must_use]
    pub fn os(call: &'static str, errno: Errno) -> Self {
        let kind = match errno {
            Errno::ACCESS | Errno::PERM | Errno::ROFS => ErrorKind::AccessDenied,
            Errno::MFILE | Errno::NFILE => ErrorKind::TooManyOpenFiles,
            Errno::NOMEM | Errno::NOBUFS => ErrorKind::NotEnoughMemory,
            Errno::NOSPC | Errno::DQUOT => ErrorKind::DiskFull,
            Errno::NOENT => ErrorKind::NotFound,
            Errno::NOTSUP | Errno::NOSYS => ErrorKind::NotSupported,
            Errno::NAMETOOLONG => ErrorKind::FilenameTooLong,
            _ => ErrorKind::GenFailure,
        };
        let mut error = Self::new(kind);
        error.0.detail = Some(format!("{call} failed"));
        error.0.source = Some(errno.into());
        error
    }

    /// The same for a failure that the standard library reported.
    #[cold]
    #[must_use]
    pub fn from_io(call: &'static str, error: &io::Error) -> Self {
        Self::os(call, Errno::from_io_error(error).unwrap_or(Errno::IO))
    }

    /// Adds the operation, unless one is there already.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Adds the pipe's name, unless one is there already.
    #[must_use]
    pub fn on(mut self, name: impl fmt::Display) -> Self {
        if self.0.name.is_none() {
            self.0.name = Some(name.to_string());
        }
        self
    }

    /// Adds a sentence on why, or on what to do.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// What went wrong, in Windows' terms.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The code that `GetLastError` would give.
    #[must_use]
    pub fn win32(&self) -> Win32Error {
        self.0.kind.win32()
    }

    /// The NTSTATUS behind it.
    #[must_use]
    pub fn ntstatus(&self) -> NtStatus {
        self.0.kind.ntstatus()
    }

    /// Whether every instance is taken (`ERROR_PIPE_BUSY`): wait for one and try again.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.kind() == ErrorKind::PipeBusy
    }

    /// Whether the peer is gone for good.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::BrokenPipe | ErrorKind::NoData | ErrorKind::PipeNotConnected
        )
    }

    /// Whether a deadline passed.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.kind(), ErrorKind::SemTimeout | ErrorKind::WaitTimeout)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.0.kind.row();
        match (self.0.operation, &self.0.name) {
            (Some(operation), Some(name)) => write!(f, "{operation} {name}: ")?,
            (Some(operation), None) => write!(f, "{operation}: ")?,
            (None, Some(name)) => write!(f, "{name}: ")?,
            (None, None) => {}
        }
        write!(f, "{} ({} {})", row.meaning, row.name, row.win32.0)?;
        if let Some(detail) = &self.0.detail {
            write!(f, "; {detail}")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| e as _)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.0.kind.row().io, error)
    }
}
