//! The server end, as a program has it: options, and a handle. What it does is in `server/side.rs`.

mod arrival;
mod overlapped;
mod readiness;
pub(crate) mod side;

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use ntpipe_core::connection::{QUOTA_BYTES_MAX, Quotas};
use ntpipe_core::instance::Instance;
use ntpipe_core::mode::{Access, PipeEnd};
use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::{CreateParams, Namespace, Policy};

use crate::end::{End, Facts, Rights};
use crate::pipe::{Pipe, PipeMode};
use crate::wait::{Until, WaitStrategy, Waiter};
use crate::{Error, ErrorKind, PipeListener, Result, Security};

pub(crate) use overlapped::Since;
pub(crate) use side::ServerSide;

/// The quota of each direction unless set, in bytes.
pub(crate) const QUOTA_BYTES_DEFAULT: u32 = 65_536;

/// How a server end is created; as [`OpenOptions`](std::fs::OpenOptions).
///
/// Unless set: duplex, byte mode, no limit of instances, 64 KiB of quota each way, 50 ms of default
/// wait, only the same user may open.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    inbound: bool,
    outbound: bool,
    first: bool,
    pipe_mode: PipeMode,
    read_mode: Option<PipeMode>,
    nowait: bool,
    max_instances: usize,
    in_quota: u32,
    out_quota: u32,
    default_timeout: Duration,
    policy: Policy,
    takes_ownership: bool,
    strategy: WaitStrategy,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            inbound: true,
            outbound: true,
            first: false,
            pipe_mode: PipeMode::Byte,
            read_mode: None,
            nowait: false,
            max_instances: 255,
            in_quota: QUOTA_BYTES_DEFAULT,
            out_quota: QUOTA_BYTES_DEFAULT,
            default_timeout: Duration::from_millis(50),
            policy: Security::current_user().into(),
            takes_ownership: false,
            strategy: WaitStrategy::default(),
        }
    }

    /// Whether data flows from client to server (`PIPE_ACCESS_INBOUND`).
    pub fn access_inbound(&mut self, allowed: bool) -> &mut Self {
        self.inbound = allowed;
        self
    }

    /// Whether data flows from server to client (`PIPE_ACCESS_OUTBOUND`).
    pub fn access_outbound(&mut self, allowed: bool) -> &mut Self {
        self.outbound = allowed;
        self
    }

    /// Fails if the pipe exists already (`FILE_FLAG_FIRST_PIPE_INSTANCE`).
    pub fn first_pipe_instance(&mut self, first: bool) -> &mut Self {
        self.first = first;
        self
    }

    /// The pipe type, and the read mode unless that is set too.
    pub fn pipe_mode(&mut self, mode: PipeMode) -> &mut Self {
        self.pipe_mode = mode;
        self
    }

    /// How this end reads.
    pub fn read_mode(&mut self, mode: PipeMode) -> &mut Self {
        self.read_mode = Some(mode);
        self
    }

    /// Whether calls on this end do not wait (`PIPE_NOWAIT`).
    pub fn nowait(&mut self, nowait: bool) -> &mut Self {
        self.nowait = nowait;
        self
    }

    /// The limit of instances, 1 to 254; 255 is none. The first instance's counts.
    pub fn max_instances(&mut self, limit: usize) -> &mut Self {
        self.max_instances = limit;
        self
    }

    /// The quota from client to server, in bytes; 0: every write waits for its reader.
    pub fn in_buffer_size(&mut self, bytes: u32) -> &mut Self {
        self.in_quota = bytes;
        self
    }

    /// The quota from server to client, in bytes; 0: every write waits for its reader.
    pub fn out_buffer_size(&mut self, bytes: u32) -> &mut Self {
        self.out_quota = bytes;
        self
    }

    /// How long a client waits for an instance unless it says; zero is 50 ms.
    pub fn default_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.default_timeout = timeout;
        self
    }

    /// Who may open the pipe.
    pub fn security(&mut self, security: Security) -> &mut Self {
        self.policy = security.into();
        self
    }

    /// Who may open the pipe, in Windows' words, and whether a later instance that brings its own
    /// asks to become the owner, which is denied. For the C library.
    #[doc(hidden)]
    pub fn policy(&mut self, policy: Policy, takes_ownership: bool) -> &mut Self {
        self.policy = policy;
        self.takes_ownership = takes_ownership;
        self
    }

    /// How blocking calls wait.
    pub fn wait_strategy(&mut self, strategy: WaitStrategy) -> &mut Self {
        self.strategy = strategy;
        self
    }

    /// `CreateNamedPipe`—creates an instance, which listens at once.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_BUSY` at the limit of instances, `ERROR_ACCESS_DENIED` if the pipe exists and this was
    /// to be the first, or with other directions, or if it is somebody else's;
    /// `ERROR_INVALID_PARAMETER` and `ERROR_INVALID_NAME` for what they say.
    #[doc(alias = "CreateNamedPipe")]
    pub fn create(&self, name: impl AsRef<str>) -> Result<NamedPipeServer> {
        let name = name.as_ref();
        self.create_quietly(name).map_err(|error| error.during("create").on(name))
    }

    /// A listener with this many instances that wait for clients; see [`PipeListener`].
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn listener(&self, name: impl AsRef<str>, spares: usize) -> Result<PipeListener> {
        PipeListener::with(self.clone(), name.as_ref().to_owned(), spares)
    }

    fn create_quietly(&self, name: &str) -> Result<NamedPipeServer> {
        let name: PipeName = name.parse()?;
        let access = match (self.inbound, self.outbound) {
            (true, true) => Access::Duplex,
            (true, false) => Access::Inbound,
            (false, true) => Access::Outbound,
            (false, false) => return Err(invalid("a pipe needs a direction")),
        };
        let read_mode = self.read_mode.unwrap_or(self.pipe_mode);
        if read_mode == PipeMode::Message && self.pipe_mode == PipeMode::Byte {
            return Err(invalid("a byte pipe has no messages to read"));
        }
        let max_instances = u32::try_from(self.max_instances).unwrap_or(0);
        if !(1..=255).contains(&max_instances) {
            return Err(invalid("the limit of instances is 1 to 254, or 255 for none"));
        }
        if self.in_quota.max(self.out_quota) > QUOTA_BYTES_MAX {
            return Err(invalid("a quota is at most 256 MiB"));
        }
        let millis = u32::try_from(self.default_timeout.as_millis()).unwrap_or(u32::MAX);
        let params = CreateParams {
            pipe_type: self.pipe_mode.pipe_type(),
            access,
            max_instances,
            in_quota: self.in_quota,
            out_quota: self.out_quota,
            default_timeout_ms: millis,
            first: self.first,
            policy: self.policy.clone(),
            takes_ownership: self.takes_ownership,
        };
        let created = Namespace::from_env()?.create(&name, &params)?;
        let meta = created.pipe.meta();
        let facts = Facts {
            name: name.to_string(),
            end: PipeEnd::Server,
            pipe_type: meta.pipe_type,
            max_instances: meta.max_instances,
            quotas: Quotas { inbound: self.in_quota, outbound: self.out_quota },
        };
        //= observed: access masks of DUPLEX, INBOUND and OUTBOUND handles
        let rights = Rights {
            read: self.inbound,
            write: self.outbound,
            read_attributes: self.inbound,
            write_attributes: self.outbound,
        };
        let server = ServerSide::new(Instance::new(created));
        let end = End::new(facts, rights, Waiter::new(self.strategy), None, Some(server));
        // A later instance has the type of the first; a read mode that does not fit is byte mode.
        let read_mode = if end.facts.pipe_type == PipeMode::Message.pipe_type() {
            read_mode
        } else {
            PipeMode::Byte
        };
        end.set_modes(read_mode.read_mode(), self.nowait);
        Ok(NamedPipeServer { pipe: Pipe { end: Arc::new(end) } })
    }
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter).because(why)
}

/// The server end of an instance. See [`Pipe`] for reading and writing.
///
/// Dropping the last clone closes it; the client can still read what was written.
#[derive(Debug)]
pub struct NamedPipeServer {
    pub(crate) pipe: Pipe,
}

impl NamedPipeServer {
    /// Waits for a client; at once if one is here already.
    ///
    /// # Errors
    ///
    /// As [`listen`](Self::listen), but a client that is here already is no error.
    pub fn connect(&self) -> Result<()> {
        self.connect_until(Until::Forever)
    }

    /// As [`connect`](Self::connect), but gives up after `timeout`.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and `WAIT_TIMEOUT`.
    pub fn connect_timeout(&self, timeout: Duration) -> Result<()> {
        self.connect_until(Until::after(timeout))
    }

    fn connect_until(&self, until: Until) -> Result<()> {
        match self.listen_until(until) {
            Err(error) if error.kind() == ErrorKind::PipeConnected => Ok(()),
            result => result,
        }
    }

    /// `ConnectNamedPipe`—exactly: waits for a client, after a disconnect for the next one.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_CONNECTED` if a client was here already, which is a good connection; `ERROR_NO_DATA` if
    /// it has closed and was not disconnected; `ERROR_PIPE_LISTENING` with `PIPE_NOWAIT` and nobody
    /// there; `ERROR_OPERATION_ABORTED` when cancelled; `ERROR_PIPE_NOT_CONNECTED` when disconnected
    /// meanwhile.
    #[doc(alias = "ConnectNamedPipe")]
    pub fn listen(&self) -> Result<()> {
        self.listen_until(Until::Forever)
    }

    fn listen_until(&self, until: Until) -> Result<()> {
        let end = &self.pipe.end;
        let side = end.server.as_ref().expect("a server end");
        self.pipe.named("connect", side.listen(end, until))
    }

    /// `DisconnectNamedPipe`—ends the connection; what is unread is thrown away.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` if it is disconnected already.
    #[doc(alias = "DisconnectNamedPipe")]
    pub fn disconnect(&self) -> Result<()> {
        let end = &self.pipe.end;
        let side = end.server.as_ref().expect("a server end");
        self.pipe.named("disconnect", side.disconnect(end))
    }

    /// Another handle to the same end.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { pipe: self.pipe.share() })
    }
}

/// The descriptor to poll for reading; it stays the same while clients come and go. After a call that
/// would have had to wait ([`Pipe::try_recv`], [`Pipe::try_send`], a server's
/// [`connect`](NamedPipeServer::connect) with `PIPE_NOWAIT`) it becomes readable when that call may go on.
/// Get it before the first such call.
///
/// # Panics
///
/// If the first call finds no descriptor left. [`NamedPipeServer::poll_fd`] gives an error instead.
impl AsFd for NamedPipeServer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.poll_fd() {
            Ok(fd) => fd,
            Err(error) => panic!("{error}"),
        }
    }
}

impl NamedPipeServer {
    /// Gives the descriptor of [`AsFd`] back; nobody else holds the end yet.
    pub(crate) fn forget_readiness(&mut self) {
        if let Some(side) = Arc::get_mut(&mut self.pipe.end).and_then(|end| end.server.as_mut()) {
            side.forget_readiness();
        }
    }

    /// The descriptor of [`AsFd`], or why there is none.
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES` for what it says.
    pub fn poll_fd(&self) -> Result<BorrowedFd<'_>> {
        let end = &self.pipe.end;
        let side = end.server.as_ref().expect("a server end");
        let readiness = end.check_process().and_then(|()| side.readiness());
        self.pipe.named("poll", readiness).map(AsFd::as_fd)
    }
}
