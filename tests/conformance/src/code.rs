//! The Win32 codes the cases assert.
//!
//! They are spelled here a second time on purpose: the suite is the oracle, and a wrong number in
//! the table of `ntpipe-core` must not make both sides agree.

/// `ERROR_INVALID_FUNCTION`.
pub const INVALID_FUNCTION: u32 = 1;
/// `ERROR_FILE_NOT_FOUND`.
pub const NOT_FOUND: u32 = 2;
/// `ERROR_PATH_NOT_FOUND`.
pub const PATH_NOT_FOUND: u32 = 3;
/// `ERROR_ACCESS_DENIED`.
pub const ACCESS_DENIED: u32 = 5;
/// `ERROR_INVALID_HANDLE`.
pub const INVALID_HANDLE: u32 = 6;
/// `ERROR_INVALID_PARAMETER`.
pub const INVALID_PARAMETER: u32 = 87;
/// `ERROR_BROKEN_PIPE`.
pub const BROKEN_PIPE: u32 = 109;
/// `ERROR_SEM_TIMEOUT`.
pub const SEM_TIMEOUT: u32 = 121;
/// `ERROR_INVALID_NAME`.
pub const INVALID_NAME: u32 = 123;
/// `ERROR_BAD_PATHNAME`.
pub const BAD_PATHNAME: u32 = 161;
/// `ERROR_FILENAME_EXCED_RANGE`.
pub const FILENAME_TOO_LONG: u32 = 206;
/// `ERROR_BAD_PIPE`.
pub const BAD_PIPE: u32 = 230;
/// `ERROR_PIPE_BUSY`.
pub const PIPE_BUSY: u32 = 231;
/// `ERROR_NO_DATA`.
pub const NO_DATA: u32 = 232;
/// `ERROR_PIPE_NOT_CONNECTED`.
pub const NOT_CONNECTED: u32 = 233;
/// `ERROR_MORE_DATA`.
pub const MORE_DATA: u32 = 234;
/// `ERROR_PIPE_CONNECTED`.
pub const PIPE_CONNECTED: u32 = 535;
/// `ERROR_PIPE_LISTENING`.
pub const PIPE_LISTENING: u32 = 536;
/// `ERROR_OPERATION_ABORTED`.
pub const ABORTED: u32 = 995;
/// `ERROR_NOT_FOUND`.
pub const ELEMENT_NOT_FOUND: u32 = 1168;
