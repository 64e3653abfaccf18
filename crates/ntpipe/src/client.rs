//! The client end: opens a pipe, and waits for an instance if asked to.

use std::sync::Arc;
use std::time::Duration;

use ntpipe_core::connection::{Connection, Quotas};
use ntpipe_core::greeting;
use ntpipe_core::mode::PipeEnd;
use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::{Namespace, Opened};

use crate::end::{End, Facts, Rights};
use crate::news::{Look, await_pipe};
use crate::pipe::{Pipe, PipeMode, deadline};
use crate::wait::{Until, WaitStrategy, Waiter};
use crate::{Error, ErrorKind, Result};

/// So many instances may end between their connection and our greeting before `open` gives up.
const GREETINGS_MAX: u32 = 1000;

/// How a client end is opened; as [`OpenOptions`](std::fs::OpenOptions).
///
/// Unless set: for reading and writing, byte-read mode, without waiting for an instance.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    read: bool,
    write: bool,
    write_attributes: bool,
    read_mode: PipeMode,
    connect_timeout: Option<Duration>,
    await_server: bool,
    server_uid: Option<u32>,
    context: u32,
    strategy: WaitStrategy,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            read: true,
            write: true,
            write_attributes: false,
            read_mode: PipeMode::Byte,
            connect_timeout: None,
            await_server: false,
            server_uid: None,
            context: 0,
            strategy: WaitStrategy::default(),
        }
    }

    /// Whether to read (`GENERIC_READ`).
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.read = read;
        self
    }

    /// Whether to write (`GENERIC_WRITE`).
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.write = write;
        self
    }

    /// Whether a client that may only read may change its state too (`FILE_WRITE_ATTRIBUTES`).
    pub fn write_attributes(&mut self, allowed: bool) -> &mut Self {
        self.write_attributes = allowed;
        self
    }

    /// How the end reads; set right after it opened.
    pub fn pipe_mode(&mut self, mode: PipeMode) -> &mut Self {
        self.read_mode = mode;
        self
    }

    /// How long to wait for an instance while all are busy. Whoever waits is woken; nothing polls.
    pub fn connect_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Whether to wait, within the [`connect_timeout`](Self::connect_timeout), for a pipe that does not
    /// exist yet.
    pub fn await_server(&mut self, wait: bool) -> &mut Self {
        self.await_server = wait;
        self
    }

    /// Demands that the server runs as this user; otherwise `ERROR_ACCESS_DENIED`. Guards against
    /// squatting: a name is whose who creates it first.
    pub fn server_uid(&mut self, uid: u32) -> &mut Self {
        self.server_uid = Some(uid);
        self
    }

    /// What this client says of itself when it opens; [`Pipe::peer_context`] is where its server gets it.
    /// For the C library, which gives it a meaning.
    #[doc(hidden)]
    pub fn context(&mut self, context: u32) -> &mut Self {
        self.context = context;
        self
    }

    /// How blocking calls wait.
    pub fn wait_strategy(&mut self, strategy: WaitStrategy) -> &mut Self {
        self.strategy = strategy;
        self
    }

    /// `CreateFile`—opens the oldest instance that listens. It is connected at once; the server need
    /// not have called `connect` yet.
    ///
    /// # Errors
    ///
    /// `ERROR_FILE_NOT_FOUND` if there is no such pipe, `ERROR_PIPE_BUSY` if no instance listens (within
    /// the [`connect_timeout`](Self::connect_timeout)), `ERROR_ACCESS_DENIED` for a direction that the pipe
    /// does not have, or by its security.
    #[doc(alias = "CreateFile")]
    pub fn open(&self, name: impl AsRef<str>) -> Result<NamedPipeClient> {
        let name = name.as_ref();
        self.open_quietly(name).map_err(|error| error.during("open").on(name))
    }

    fn open_quietly(&self, name: &str) -> Result<NamedPipeClient> {
        let name: PipeName = name.parse()?;
        let namespace = Namespace::from_env()?;
        let until = deadline(self.connect_timeout);
        // A server that throws its clients out before the greeting cannot keep us here.
        for _ in 0..GREETINGS_MAX {
            let opened = match namespace.open(&name, self.read, self.write) {
                Err(error) if self.connect_timeout.is_some() && self.is_worth_waiting(&error) => {
                    self.open_waiting(&namespace, &name, until)?
                }
                result => result?,
            };
            if let Some(client) = self.start(opened)? {
                return Ok(client);
            }
        }
        Err(ErrorKind::PipeBusy.into())
    }

    fn is_worth_waiting(&self, error: &Error) -> bool {
        error.is_busy() || self.await_server && error.kind() == ErrorKind::NotFound
    }

    fn open_waiting(&self, ns: &Namespace, name: &PipeName, until: Until) -> Result<Opened> {
        await_pipe(ns, name, until, || match ns.open(name, self.read, self.write) {
            Err(error) if self.is_worth_waiting(&error) => Ok(Look::NotYet(error)),
            result => result.map(Look::Found),
        })
    }

    /// `None` if the instance ended before it was greeted: as if it had not been there.
    fn start(&self, mut opened: Opened) -> Result<Option<NamedPipeClient>> {
        if let Some(uid) = self.server_uid {
            greeting::check_server(&opened, uid)?;
        }
        if self.read_mode == PipeMode::Message
            && opened.meta.pipe_type != self.read_mode.pipe_type()
        {
            return Err(Error::new(ErrorKind::InvalidParameter)
                .because("a byte pipe has no messages to read"));
        }
        let facts = Facts {
            name: opened.meta.name.to_string(),
            end: PipeEnd::Client,
            pipe_type: opened.meta.pipe_type,
            max_instances: opened.meta.max_instances,
            quotas: Quotas { inbound: opened.in_quota, outbound: opened.out_quota },
        };
        opened.context = self.context;
        let protection = opened.protection.clone();
        let Some(connection) = greeting::send(opened)? else { return Ok(None) };
        let rights = Rights {
            read: self.read,
            write: self.write,
            read_attributes: true,
            write_attributes: self.write || self.write_attributes,
        };
        let waiter = Waiter::new(self.strategy);
        let end = End::new(facts, rights, waiter, Some(&connection), None);
        end.set_modes(self.read_mode.read_mode(), false);
        let _ = end.protection.set(protection.into());
        Ok(Some(NamedPipeClient { pipe: Pipe { end: Arc::new(end) }, connection }))
    }
}

/// The client end of a pipe. See [`Pipe`] for reading and writing.
///
/// Dropping the last clone closes it; the server can still read what was written.
#[derive(Debug)]
pub struct NamedPipeClient {
    pub(crate) pipe: Pipe,
    pub(crate) connection: Arc<Connection>,
}

impl NamedPipeClient {
    /// Another handle to the same end.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { pipe: self.pipe.share(), connection: self.connection.clone() })
    }
}
