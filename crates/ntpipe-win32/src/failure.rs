//! Why a function fails: a code for `GetLastError`, and the status for the NT level.

use ntpipe::ErrorKind;

use crate::winternl::dos_error::code_of;

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
    /// A file cannot be used as another use of it goes on.
    pub const SHARING_VIOLATION: Self = Self::new(32, 0xC000_0043);
    /// A file cannot have a name in another file system.
    pub const NOT_SAME_DEVICE: Self = Self::new(17, 0xC000_00D4);
    /// An attribute is there already.
    pub const OBJECT_NAME_EXISTS: Self = Self::new(698, 0x4000_0000);
    /// Two handles stand for two objects.
    pub const NOT_SAME_OBJECT: Self = Self::new(1656, 0xC000_01AC);
    /// A panic was caught at the boundary.
    pub const INTERNAL: Self = Self::new(1359, 0xC000_00E5);
    /// All indices for values of threads are in use.
    pub const NO_MORE_ITEMS: Self = Self::new(259, 0x8000_001A);
    /// A wait for a condition or an address took too long.
    pub const TIMEOUT: Self = Self::new(1460, 0x102);
    /// A pointer that must not be null is.
    pub const NO_ACCESS: Self = Self::new(998, 0xC000_0005);
    /// Bytes that are no security identifier.
    pub const INVALID_SID: Self = Self::new(1337, 0xC000_0078);
    /// Bytes that are no list, or entries of it that pipes do not know.
    pub const INVALID_ACL: Self = Self::new(1336, 0xC000_0077);
    /// Bytes that are no security descriptor, or one of the other form.
    pub const INVALID_SECURITY_DESCR: Self = Self::new(1338, 0xC000_0079);
    /// A descriptor of the other form.
    pub const BAD_DESCRIPTOR_FORMAT: Self = Self::new(1361, 0xC000_00E7);
    /// A list has no room for one more entry.
    pub const ALLOTTED_SPACE_EXCEEDED: Self = Self::new(1344, 0xC000_0099);
    /// A revision that is not known.
    pub const UNKNOWN_REVISION: Self = Self::new(1305, 0xC000_0058);
    /// A revision that an entry of a list cannot have.
    pub const REVISION_MISMATCH: Self = Self::new(1306, 0xC000_0059);
    /// Who cannot be made the owner of something.
    pub const INVALID_OWNER: Self = Self::new(1307, 0xC000_005A);
    /// No name or identifier of an account.
    pub const NONE_MAPPED: Self = Self::new(1332, 0xC000_0073);
    /// No privilege of this name.
    pub const NO_SUCH_PRIVILEGE: Self = Self::new(1313, 0xC000_0060);
    /// Some privileges were not there to be changed. A success.
    pub const NOT_ALL_ASSIGNED: Self = Self::new(1300, 0x0000_0106);
    /// The token's level allows less than this.
    pub const BAD_IMPERSONATION_LEVEL: Self = Self::new(1346, 0xC000_00A5);
    /// A token of nobody cannot be opened.
    pub const CANT_OPEN_ANONYMOUS: Self = Self::new(1347, 0xC000_00A6);
    /// A token of the other type is wanted.
    pub const BAD_TOKEN_TYPE: Self = Self::new(1349, 0xC000_00A8);
    /// The thread impersonates nobody, and the call wants that.
    pub const NO_IMPERSONATION_TOKEN: Self = Self::new(1309, 0xC000_005C);
    /// Generic rights where specific ones are wanted.
    pub const GENERIC_NOT_MAPPED: Self = Self::new(1360, 0xC000_00E6);
    /// A completion port was closed while somebody waited for it.
    pub const ABANDONED_WAIT: Self = Self::new(735, 0x80);
    /// A wait ended because the thread had calls to run. No failure, but no answer either.
    pub const IO_COMPLETION: Self = Self::new(192, 0xC0);
    /// All instances of the pipe that may be there are.
    pub const INSTANCE_NOT_AVAILABLE: Self = Self::new(231, 0xC000_00AB);
    /// No instance of the pipe listens.
    pub const PIPE_NOT_AVAILABLE: Self = Self::new(231, 0xC000_00AC);
    /// Nothing is there, and the end does not wait.
    pub const PIPE_EMPTY: Self = Self::new(232, 0xC000_00D9);
    /// The end does not read messages.
    pub const INVALID_READ_MODE: Self = Self::new(230, 0xC000_00B4);
    /// What this end of the pipe cannot do.
    pub const ILLEGAL_FUNCTION: Self = Self::new(1, 0xC000_00AF);
    /// What this object cannot do.
    pub const INVALID_DEVICE_REQUEST: Self = Self::new(1, 0xC000_0010);
    /// A handle of another kind of object.
    pub const TYPE_MISMATCH: Self = Self::new(6, 0xC000_0024);
    /// A class of information that there is not.
    pub const INVALID_INFO_CLASS: Self = Self::new(87, 0xC000_0003);
    /// A name that does not begin where names begin.
    pub const PATH_SYNTAX_BAD: Self = Self::new(161, 0xC000_003B);
    /// No entry of a directory has such a name.
    pub const NO_SUCH_FILE: Self = Self::new(2, 0xC000_000F);
    /// All entries of a directory have been told.
    pub const NO_MORE_FILES: Self = Self::new(18, 0x8000_0006);
    /// What this library does not do.
    pub const NOT_IMPLEMENTED: Self = Self::new(1, 0xC000_0002);
    /// A directory where a file was meant.
    pub const IS_A_DIRECTORY: Self = Self::new(5, 0xC000_00BA);
    /// A directory with something in it.
    pub const DIR_NOT_EMPTY: Self = Self::new(145, 0xC000_0101);
    /// What is no directory.
    pub const NOT_A_DIRECTORY: Self = Self::new(267, 0xC000_0103);
    /// The system has no room for more of it.
    pub const NO_SYSTEM_RESOURCES: Self = Self::new(1450, 0xC000_009A);
    /// A buffer's size is not what the call takes.
    pub const BAD_LENGTH: Self = Self::new(24, 0xC000_0004);
}

/// The code that belongs to a status of an operation that has completed.
#[must_use]
pub fn win32_of(status: usize) -> u32 {
    code_of(u32::try_from(status & 0xFFFF_FFFF).unwrap_or_default())
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
