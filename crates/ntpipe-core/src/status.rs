//! The one table of error codes: kind, Win32 code and name, NTSTATUS, `io::ErrorKind`, meaning.
//!
//! Every door looks its numbers up here; no other file of the workspace spells one.

use std::io;

/// What went wrong, in Windows' terms. The doc of each variant tells when Windows gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum ErrorKind {
    /// The function does not apply to this end (`ConnectNamedPipe` on a client).
    InvalidFunction,
    /// No pipe of this name.
    NotFound,
    /// The name is missing, or has no such path.
    PathNotFound,
    /// Descriptors are exhausted in this process or system.
    TooManyOpenFiles,
    /// The security descriptor, the direction or the handle's rights forbid it.
    AccessDenied,
    /// The handle is stale or of another type.
    InvalidHandle,
    /// Memory or address space is exhausted.
    NotEnoughMemory,
    /// Not supported by this system.
    NotSupported,
    /// An argument is out of range or contradicts another.
    InvalidParameter,
    /// The pipe has been ended: the peer closed, and nothing is left to read.
    BrokenPipe,
    /// The storage behind the namespace is full.
    DiskFull,
    /// A wait for an instance ended without one.
    SemTimeout,
    /// The caller's buffer argument is missing or too small.
    InsufficientBuffer,
    /// The name is malformed.
    InvalidName,
    /// The path lacks its pipe prefix.
    BadPathname,
    /// The name exceeds its limit of 256 characters.
    FilenameTooLong,
    /// The pipe is local; it has no remote computer name.
    PipeLocal,
    /// The state or the read mode does not allow the operation.
    BadPipe,
    /// All instances are busy, the limit is reached, or unread data forbids a transaction.
    PipeBusy,
    /// Non-blocking and nothing there, or the peer is closing.
    NoData,
    /// No process is on the other end any more.
    PipeNotConnected,
    /// The message did not fit; its rest stays in the pipe.
    MoreData,
    /// A wait reached its deadline.
    WaitTimeout,
    /// The peer broke the protocol of the shared memory; the connection is over.
    Corrupt,
    /// The client is connected already; it is a good connection.
    PipeConnected,
    /// The instance waits for a client.
    PipeListening,
    /// The call was cancelled.
    OperationAborted,
    /// The overlapped operation has not completed.
    IoIncomplete,
    /// The overlapped operation will complete later.
    IoPending,
    /// No token on this thread.
    NoToken,
    /// There is nothing to cancel, or no such peer.
    ElementNotFound,
    /// No client context to impersonate.
    CannotImpersonate,
    /// The operating system failed in a way that has no Windows meaning of its own.
    GenFailure,
    /// The mutex is not the caller's to release.
    NotOwner,
    /// The semaphore's count would exceed its maximum.
    TooManyPosts,
}

/// A Win32 error code, as `GetLastError` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Win32Error(pub u32);

/// An NTSTATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct NtStatus(pub u32);

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The kind.
    pub kind: ErrorKind,
    /// The Win32 code.
    pub win32: Win32Error,
    /// The Win32 name.
    pub name: &'static str,
    /// The status an NT-level door answers with.
    pub nt: NtStatus,
    /// The kind of the `io::Error`.
    pub io: io::ErrorKind,
    /// What it means, in words.
    pub meaning: &'static str,
}

const fn row(
    kind: ErrorKind,
    win32: u32,
    name: &'static str,
    nt: u32,
    io: io::ErrorKind,
    meaning: &'static str,
) -> Row {
    Row { kind, win32: Win32Error(win32), name, nt: NtStatus(nt), io, meaning }
}

use ErrorKind as K;
use io::ErrorKind as Io;

/// The table, in the order of [`ErrorKind`].
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(K::InvalidFunction,    1,    "ERROR_INVALID_FUNCTION",    0xC000_0010, Io::InvalidInput,      "the operation does not apply to this end"),
    row(K::NotFound,           2,    "ERROR_FILE_NOT_FOUND",      0xC000_0034, Io::NotFound,          "no pipe of this name"),
    row(K::PathNotFound,       3,    "ERROR_PATH_NOT_FOUND",      0xC000_003A, Io::NotFound,          "no such path"),
    row(K::TooManyOpenFiles,   4,    "ERROR_TOO_MANY_OPEN_FILES", 0xC000_011F, Io::Other,             "descriptors are exhausted"),
    row(K::AccessDenied,       5,    "ERROR_ACCESS_DENIED",       0xC000_0022, Io::PermissionDenied,  "access denied"),
    row(K::InvalidHandle,      6,    "ERROR_INVALID_HANDLE",      0xC000_0008, Io::InvalidInput,      "invalid handle"),
    row(K::NotEnoughMemory,    8,    "ERROR_NOT_ENOUGH_MEMORY",   0xC000_0017, Io::OutOfMemory,       "memory is exhausted"),
    row(K::NotSupported,       50,   "ERROR_NOT_SUPPORTED",       0xC000_00BB, Io::Unsupported,       "not supported here"),
    row(K::InvalidParameter,   87,   "ERROR_INVALID_PARAMETER",   0xC000_000D, Io::InvalidInput,      "an argument is invalid"),
    row(K::BrokenPipe,         109,  "ERROR_BROKEN_PIPE",         0xC000_014B, Io::BrokenPipe,        "the pipe has been ended"),
    row(K::DiskFull,           112,  "ERROR_DISK_FULL",           0xC000_007F, Io::StorageFull,       "the storage is full"),
    row(K::SemTimeout,         121,  "ERROR_SEM_TIMEOUT",         0xC000_00B5, Io::TimedOut,          "no instance became free in time"),
    row(K::InsufficientBuffer, 122,  "ERROR_INSUFFICIENT_BUFFER", 0xC000_0023, Io::InvalidInput,      "the buffer is too small"),
    row(K::InvalidName,        123,  "ERROR_INVALID_NAME",        0xC000_0033, Io::InvalidInput,      "the name is malformed"),
    row(K::BadPathname,        161,  "ERROR_BAD_PATHNAME",        0xC000_003B, Io::InvalidInput,      "the path is not that of a pipe"),
    row(K::FilenameTooLong,    206,  "ERROR_FILENAME_EXCED_RANGE",0xC000_0106, Io::InvalidInput,      "the name is longer than 256 characters"),
    row(K::PipeLocal,          229,  "ERROR_PIPE_LOCAL",          0xC000_00BB, Io::Other,             "the pipe is local"),
    row(K::BadPipe,            230,  "ERROR_BAD_PIPE",            0xC000_00AD, Io::InvalidInput,      "the state of the pipe does not allow this"),
    row(K::PipeBusy,           231,  "ERROR_PIPE_BUSY",           0xC000_00AE, Io::ResourceBusy,      "all pipe instances are busy"),
    row(K::NoData,             232,  "ERROR_NO_DATA",             0xC000_00B1, Io::BrokenPipe,        "the pipe is being closed"),
    row(K::PipeNotConnected,   233,  "ERROR_PIPE_NOT_CONNECTED",  0xC000_00B0, Io::NotConnected,      "no process is on the other end of the pipe"),
    row(K::MoreData,           234,  "ERROR_MORE_DATA",           0x8000_0005, Io::Other,             "more data is available"),
    row(K::WaitTimeout,        258,  "WAIT_TIMEOUT",              0x0000_0102, Io::TimedOut,          "the wait timed out"),
    row(K::Corrupt,            1117, "ERROR_IO_DEVICE",           0xC000_0185, Io::InvalidData,       "the peer corrupted the shared memory"),
    row(K::PipeConnected,      535,  "ERROR_PIPE_CONNECTED",      0xC000_00B2, Io::AlreadyExists,     "a client is connected already"),
    row(K::PipeListening,      536,  "ERROR_PIPE_LISTENING",      0xC000_00B3, Io::NotConnected,      "waiting for a client to open the other end"),
    row(K::OperationAborted,   995,  "ERROR_OPERATION_ABORTED",   0xC000_0120, Io::Interrupted,       "the call was cancelled"),
    row(K::IoIncomplete,       996,  "ERROR_IO_INCOMPLETE",       0x0000_0103, Io::WouldBlock,        "the operation has not completed"),
    row(K::IoPending,          997,  "ERROR_IO_PENDING",          0x0000_0103, Io::WouldBlock,        "the operation is in progress"),
    row(K::NoToken,            1008, "ERROR_NO_TOKEN",            0xC000_007C, Io::NotFound,          "the thread has no token"),
    row(K::ElementNotFound,    1168, "ERROR_NOT_FOUND",           0xC000_0225, Io::NotFound,          "nothing was found"),
    row(K::CannotImpersonate,  1368, "ERROR_CANNOT_IMPERSONATE",  0xC000_010D, Io::PermissionDenied,  "nothing to impersonate"),
    row(K::GenFailure,         31,   "ERROR_GEN_FAILURE",         0xC000_0001, Io::Other,             "the system call failed"),
    row(K::NotOwner,           288,  "ERROR_NOT_OWNER",           0xC000_0046, Io::PermissionDenied,  "the thread does not own the mutex"),
    row(K::TooManyPosts,       298,  "ERROR_TOO_MANY_POSTS",      0xC000_0047, Io::InvalidInput,      "the count would exceed its maximum"),
];

impl ErrorKind {
    /// This kind's row.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The Win32 code.
    #[must_use]
    pub fn win32(self) -> Win32Error {
        self.row().win32
    }

    /// The NTSTATUS.
    #[must_use]
    pub fn ntstatus(self) -> NtStatus {
        self.row().nt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_kinds() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.kind as usize, at, "{}", row.name);
            assert_eq!(row.kind.row().name, row.name);
        }
    }

    #[test]
    fn no_win32_code_occurs_twice() {
        let mut codes: Vec<_> = TABLE.iter().map(|r| r.win32.0).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
    }
}
