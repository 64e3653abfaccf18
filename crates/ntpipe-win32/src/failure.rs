//! Why a function fails: a code for `GetLastError`, and the status for the NT level.

use ntpipe::ErrorKind;

/// The result of what stands behind a function.
pub type Result<T> = std::result::Result<T, Failure>;

/// A Win32 code and its NTSTATUS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For `GetLastError`.
    pub win32: u32,
    /// For `Nt…` functions.
    pub nt: u32,
}

impl Failure {
    /// A code that the engine's own table does not have.
    #[must_use]
    pub const fn new(win32: u32, nt: u32) -> Self {
        Self { win32, nt }
    }

    /// An event, a mutex … of this name is there already. Not always a failure.
    pub const ALREADY_EXISTS: Self = Self::new(183, 0xC000_0035);
    /// A file that was to be new is there already.
    pub const FILE_EXISTS: Self = Self::new(80, 0xC000_0035);
    /// The end of a file, read at a position.
    pub const HANDLE_EOF: Self = Self::new(38, 0xC000_0011);
    /// A file that is no program.
    pub const BAD_EXE_FORMAT: Self = Self::new(193, 0xC000_007B);
    /// What is no character in a string of characters.
    pub const NO_UNICODE_TRANSLATION: Self = Self::new(1113, 0xC000_0162);
    /// A text is longer than the buffer for it.
    pub const BUFFER_OVERFLOW: Self = Self::new(111, 0x8000_0005);
    /// No variable of this name.
    pub const ENVVAR_NOT_FOUND: Self = Self::new(203, 0xC000_0100);
    /// No module of this name, or none behind this handle.
    pub const MOD_NOT_FOUND: Self = Self::new(126, 0xC000_0135);
    /// The module has no such function.
    pub const PROC_NOT_FOUND: Self = Self::new(127, 0xC000_0139);
    /// No text for a message of this number.
    pub const MR_MID_NOT_FOUND: Self = Self::new(317, 0xC000_0109);
    /// The type of a box with a message is none.
    pub const INVALID_MSGBOX_STYLE: Self = Self::new(1438, 0xC000_000D);
    /// A panic was caught at the boundary.
    pub const INTERNAL: Self = Self::new(1359, 0xC000_00E5);
    /// All indices for values of threads are in use.
    pub const NO_MORE_ITEMS: Self = Self::new(259, 0x8000_001A);
    /// A wait for a condition or an address took too long.
    pub const TIMEOUT: Self = Self::new(1460, 0x102);
    /// A pointer that must not be null is.
    pub const NO_ACCESS: Self = Self::new(998, 0xC000_0005);
    /// A completion port was closed while somebody waited for it.
    pub const ABANDONED_WAIT: Self = Self::new(735, 0x80);
    /// A wait ended because the thread had calls to run. No failure, but no answer either.
    pub const IO_COMPLETION: Self = Self::new(192, 0xC0);
    /// A buffer's size is not what the call takes.
    pub const BAD_LENGTH: Self = Self::new(24, 0xC000_0004);
}

/// The code that belongs to a status of an operation that has completed.
#[must_use]
pub fn win32_of(status: usize) -> u32 {
    if status == 0 {
        return 0;
    }
    let own = [Failure::HANDLE_EOF, Failure::INTERNAL, Failure::NO_ACCESS, Failure::ABANDONED_WAIT];
    let own = own.iter().map(|failure| (failure.nt, failure.win32));
    let table = ntpipe_core::status::TABLE.iter().map(|row| (row.nt.0, row.win32.0));
    let found = table.chain(own).find(|(nt, _)| *nt as usize == status);
    //= learn: RtlNtStatusToDosError: ERROR_MR_MID_NOT_FOUND for one without a code
    found.map_or(317, |(_, win32)| win32)
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        let row = kind.row();
        Self::new(row.win32.0, row.nt.0)
    }
}

impl From<ntpipe::Error> for Failure {
    fn from(error: ntpipe::Error) -> Self {
        error.kind().into()
    }
}

impl From<rustix::io::Errno> for Failure {
    fn from(errno: rustix::io::Errno) -> Self {
        ntpipe::Error::os("", errno).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        ntpipe::Error::from_io("", &error).into()
    }
}
