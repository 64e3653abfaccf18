//! The trait every implementation stands behind: the Win32 pipe calls with plain values.
//!
//! A door translates and decides nothing; where its types make a call impossible (a client has no
//! `connect`), it answers with the code Windows would give.

use std::fmt::Debug;

/// The directions of a pipe, seen from the server (`PIPE_ACCESS_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No bit at all, which is an error.
    None,
    /// Both directions.
    Duplex,
    /// From client to server only.
    Inbound,
    /// From server to client only.
    Outbound,
}

/// The arguments of `CreateNamedPipe`.
#[derive(Clone, Copy, Debug)]
pub struct Create<'a> {
    /// The whole name, with its prefix.
    pub name: &'a str,
    /// The directions.
    pub access: Access,
    /// `FILE_FLAG_FIRST_PIPE_INSTANCE`.
    pub first: bool,
    /// `PIPE_TYPE_MESSAGE`, else `PIPE_TYPE_BYTE`.
    pub type_message: bool,
    /// `PIPE_READMODE_MESSAGE`, else `PIPE_READMODE_BYTE`.
    pub read_message: bool,
    /// `PIPE_NOWAIT`, else `PIPE_WAIT`.
    pub nowait: bool,
    /// `nMaxInstances`; 255 is unlimited.
    pub max_instances: u32,
    /// `nOutBufferSize`: the quota from server to client.
    pub out_size: u32,
    /// `nInBufferSize`: the quota from client to server.
    pub in_size: u32,
    /// `nDefaultTimeOut`.
    pub default_ms: u32,
}

impl<'a> Create<'a> {
    /// A blocking duplex byte pipe of this name, without limit, 4096 bytes in each direction.
    #[must_use]
    pub fn bytes(name: &'a str) -> Self {
        Self {
            name,
            access: Access::Duplex,
            first: false,
            type_message: false,
            read_message: false,
            nowait: false,
            max_instances: 255,
            out_size: 4096,
            in_size: 4096,
            default_ms: 1000,
        }
    }

    /// The same as a message pipe read in messages.
    #[must_use]
    pub fn messages(name: &'a str) -> Self {
        Self { type_message: true, read_message: true, ..Self::bytes(name) }
    }

    /// The same with this quota in both directions.
    #[must_use]
    pub fn quota(self, size: u32) -> Self {
        Self { out_size: size, in_size: size, ..self }
    }

    /// The same with these directions.
    #[must_use]
    pub fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The same with this limit of instances.
    #[must_use]
    pub fn max(self, max_instances: u32) -> Self {
        Self { max_instances, ..self }
    }

    /// The same with `PIPE_NOWAIT`.
    #[must_use]
    pub fn nowait(self) -> Self {
        Self { nowait: true, ..self }
    }
}

/// The desired access of `CreateFile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// `GENERIC_READ`.
    pub read: bool,
    /// `GENERIC_WRITE`.
    pub write: bool,
}

impl Open {
    /// Both.
    pub const BOTH: Self = Self { read: true, write: true };
    /// `GENERIC_READ` alone.
    pub const READ: Self = Self { read: true, write: false };
    /// `GENERIC_WRITE` alone.
    pub const WRITE: Self = Self { read: false, write: true };
    /// No access at all.
    pub const NONE: Self = Self { read: false, write: false };
}

/// A call that failed, with the data it delivered all the same (`ERROR_MORE_DATA`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The Win32 code.
    pub code: u32,
    /// What stands in the buffer.
    pub data: Vec<u8>,
}

impl From<u32> for Failed {
    fn from(code: u32) -> Self {
        Self { code, data: Vec::new() }
    }
}

/// The answer of `PeekNamedPipe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peeked {
    /// What was copied.
    pub data: Vec<u8>,
    /// `lpTotalBytesAvail`.
    pub available: u32,
    /// `lpBytesLeftThisMessage`.
    pub left: u32,
}

/// The state of a handle (`GetNamedPipeHandleState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// `PIPE_READMODE_MESSAGE`.
    pub read_message: bool,
    /// `PIPE_NOWAIT`.
    pub nowait: bool,
    /// `lpCurInstances`.
    pub instances: u32,
}

/// The answer of `GetNamedPipeInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// `PIPE_SERVER_END`.
    pub server_end: bool,
    /// `PIPE_TYPE_MESSAGE`.
    pub type_message: bool,
    /// The size from server to client.
    pub out_size: u32,
    /// The size from client to server.
    pub in_size: u32,
    /// The limit of instances.
    pub max_instances: u32,
}

/// `NMPWAIT_USE_DEFAULT_WAIT`.
pub const DEFAULT_WAIT: u32 = 0;
/// `NMPWAIT_NOWAIT`: one millisecond.
pub const NO_WAIT: u32 = 1;
/// `NMPWAIT_WAIT_FOREVER`.
pub const FOREVER: u32 = u32::MAX;

/// The Win32 pipe calls. Every error is the code that `GetLastError` gives.
///
/// Calls from several threads on one handle do not wait for each other; on Windows that takes
/// handles made with `FILE_FLAG_OVERLAPPED`, on which the door waits for each result.
#[expect(clippy::missing_errors_doc, reason = "which error when is what the cases are about")]
pub trait Door: Clone + Send + Sync + 'static {
    /// A handle; clones are the same handle, not duplicates.
    type Handle: Clone + Debug + Send + Sync + 'static;

    /// `CreateNamedPipe`.
    fn create(&self, options: &Create<'_>) -> Result<Self::Handle, u32>;
    /// `CreateFile`; the handle reads bytes and waits, as on Windows.
    fn open(&self, name: &str, access: Open) -> Result<Self::Handle, u32>;
    /// `ConnectNamedPipe`.
    fn connect(&self, handle: &Self::Handle) -> Result<(), u32>;
    /// `DisconnectNamedPipe`.
    fn disconnect(&self, handle: &Self::Handle) -> Result<(), u32>;
    /// `CloseHandle`; no call on the handle is in progress.
    fn close(&self, handle: &Self::Handle) -> Result<(), u32>;
    /// `ReadFile`.
    fn read(&self, handle: &Self::Handle, len: usize) -> Result<Vec<u8>, Failed>;
    /// `WriteFile`.
    fn write(&self, handle: &Self::Handle, data: &[u8]) -> Result<usize, u32>;
    /// `PeekNamedPipe`.
    fn peek(&self, handle: &Self::Handle, len: usize) -> Result<Peeked, u32>;
    /// `TransactNamedPipe`.
    fn transact(
        &self,
        handle: &Self::Handle,
        request: &[u8],
        len: usize,
    ) -> Result<Vec<u8>, Failed>;
    /// `CallNamedPipe`.
    fn call(&self, name: &str, request: &[u8], len: usize, ms: u32) -> Result<Vec<u8>, Failed>;
    /// `WaitNamedPipe`.
    fn wait(&self, name: &str, ms: u32) -> Result<(), u32>;
    /// `FlushFileBuffers`.
    fn flush(&self, handle: &Self::Handle) -> Result<(), u32>;
    /// `GetNamedPipeHandleState`.
    fn get_state(&self, handle: &Self::Handle) -> Result<State, u32>;
    /// `SetNamedPipeHandleState`.
    fn set_state(&self, handle: &Self::Handle, read_message: bool, nowait: bool)
    -> Result<(), u32>;
    /// `GetNamedPipeInfo`.
    fn info(&self, handle: &Self::Handle) -> Result<Info, u32>;
    /// `GetNamedPipeClientProcessId`.
    fn client_pid(&self, handle: &Self::Handle) -> Result<u32, u32>;
    /// `GetNamedPipeServerProcessId`.
    fn server_pid(&self, handle: &Self::Handle) -> Result<u32, u32>;
    /// `CancelIoEx` on everything: each call blocked on the handle ends with 995.
    fn cancel(&self, handle: &Self::Handle);
    /// `CreatePipe`: the read end and the write end; size 0 is the default.
    fn anonymous(&self, size: u32) -> Result<(Self::Handle, Self::Handle), u32>;

    /// What `PeekNamedPipe` says is left of the message on a byte pipe.
    ///
    /// Windows subtracts what it copied from a message of length 0 and lets the DWORD wrap. A
    /// door whose API has no DWORD there may say 0.
    fn left_of_bytes(&self, copied: u32) -> u32 {
        0_u32.wrapping_sub(copied)
    }
}
