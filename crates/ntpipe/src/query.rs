//! Calls that need no end of their own: call, wait, list.

use std::path::PathBuf;
use std::time::Duration;

use ntpipe_core::mode::Access;
use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::Namespace;
use ntpipe_core::ops::Recv;

use crate::client::ClientOptions;
use crate::end::End;
use crate::news::{Look, await_pipe};
use crate::pipe::PipeMode;
use crate::wait::Until;
use crate::{ErrorKind, Result};

/// How long to wait for an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Timeout {
    /// As long as the server set (`NMPWAIT_USE_DEFAULT_WAIT`).
    #[default]
    Default,
    /// So long.
    After(Duration),
    /// For ever (`NMPWAIT_WAIT_FOREVER`).
    Never,
}

impl From<Duration> for Timeout {
    fn from(timeout: Duration) -> Self {
        Self::After(timeout)
    }
}

impl Timeout {
    fn until(self, namespace: &Namespace, name: &PipeName) -> Result<Until> {
        Ok(match self {
            Self::Never => Until::Forever,
            Self::After(timeout) => Until::after(timeout),
            Self::Default => {
                let millis = namespace.meta(name)?.default_timeout_ms;
                Until::after(Duration::from_millis(millis.into()))
            }
        })
    }
}

/// `WaitNamedPipe`—waits until an instance of the pipe listens. It reserves nothing: another client may
/// be faster.
///
/// # Errors
///
/// `ERROR_FILE_NOT_FOUND` at once if there is no such pipe, `ERROR_SEM_TIMEOUT` when the time is over.
#[doc(alias = "WaitNamedPipe")]
pub fn wait_named_pipe(name: impl AsRef<str>, timeout: impl Into<Timeout>) -> Result<()> {
    let text = name.as_ref();
    let wait = || {
        //= model: a name outside the pipes: ERROR_BAD_PATHNAME
        let name: PipeName = text.parse().map_err(|error: crate::Error| match error.kind() {
            ErrorKind::InvalidName => crate::Error::new(ErrorKind::BadPathname),
            _ => error,
        })?;
        let namespace = Namespace::from_env()?;
        if namespace.listening(&name)? {
            return Ok(());
        }
        let until = timeout.into().until(&namespace, &name)?;
        await_pipe(&namespace, &name, until, || match namespace.listening(&name) {
            Ok(true) => Ok(Look::Found(())),
            Ok(false) => Ok(Look::NotYet(ErrorKind::SemTimeout.into())),
            //= observed: the last server closes, a client is open: waits on
            // That it closes is told, but not that it is killed.
            Err(error) if error.kind() == ErrorKind::NotFound && namespace.has_client(&name)? => {
                Ok(Look::NotYetUntold(ErrorKind::SemTimeout.into()))
            }
            Err(error) => Err(error),
        })
    };
    wait().map_err(|error: crate::Error| error.during("wait for").on(text))
}

/// `CallNamedPipe`—opens a message pipe, sends a request, reads the reply and closes. What does not fit
/// the buffer is lost, and `more` tells.
///
/// # Errors
///
/// `ERROR_FILE_NOT_FOUND` if there is no such pipe, `ERROR_SEM_TIMEOUT` if all instances are busy for the
/// whole time, `ERROR_INVALID_PARAMETER` on a byte pipe, and what [`Pipe::transact`](crate::Pipe::transact)
/// gives.
#[doc(alias = "CallNamedPipe")]
pub fn call(
    name: impl AsRef<str>,
    request: &[u8],
    reply: &mut [u8],
    timeout: impl Into<Timeout>,
) -> Result<Recv> {
    let name = name.as_ref();
    let timeout = timeout.into();
    let client = loop {
        match ClientOptions::new().pipe_mode(PipeMode::Message).open(name) {
            Err(error) if error.is_busy() => wait_named_pipe(name, timeout)?,
            result => break result?,
        }
    };
    client.transact(request, reply)
}

/// A pipe as [`list`] shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PipeEntry {
    /// The name without its prefix, as its first server spelled it.
    pub name: String,
    /// Instances; only those that listen if the pipe is another user's.
    pub instances: u32,
    /// Instances that listen.
    pub listening: u32,
    /// The limit; 255 is none.
    pub max_instances: u32,
    /// The pipe type.
    pub mode: PipeMode,
    /// The directions.
    pub access: Access,
    /// The user it belongs to.
    pub owner_uid: u32,
    /// The server processes; empty if it is another user's.
    pub pids: Vec<u32>,
    /// The directory behind it.
    pub path: PathBuf,
}

/// The pipes of the namespace. Touches no instance.
///
/// # Errors
///
/// `ERROR_ACCESS_DENIED` if the namespace is refused or may not be read.
pub fn list() -> Result<Vec<PipeEntry>> {
    let entries = Namespace::from_env()?.list()?;
    let entry = |e: ntpipe_core::namespace::Entry| PipeEntry {
        name: e.name.as_str().to_owned(),
        instances: e.instances,
        listening: e.listening,
        max_instances: e.meta.max_instances,
        mode: e.meta.pipe_type.into(),
        access: e.meta.access,
        owner_uid: e.owner_uid,
        pids: e.pids,
        path: e.path,
    };
    Ok(entries.into_iter().map(entry).collect())
}

/// One pipe of the namespace. Touches no instance.
///
/// # Errors
///
/// `ERROR_FILE_NOT_FOUND` if there is no such pipe.
pub fn info(name: impl AsRef<str>) -> Result<PipeEntry> {
    let text = name.as_ref();
    let name: PipeName = text.parse().map_err(|e: crate::Error| e.during("query").on(text))?;
    let found = list()?
        .into_iter()
        .find(|entry| entry.name.parse::<PipeName>().is_ok_and(|other| other == name));
    found.ok_or_else(|| crate::Error::new(ErrorKind::NotFound).during("query").on(name))
}

/// Where the namespace is, and why there.
///
/// # Errors
///
/// `ERROR_ACCESS_DENIED` if that directory is refused.
pub fn root() -> Result<(PathBuf, &'static str)> {
    let namespace = Namespace::from_env()?;
    Ok((namespace.path().to_owned(), namespace.why()))
}

/// Instances of an end's pipe; 1 for an anonymous pipe.
pub(crate) fn instances(end: &End) -> u32 {
    let count = match &end.server {
        _ if end.is_copy() => Ok(1),
        Some(server) => server.instance().place().instances(),
        None => match end.facts.name.parse() {
            Ok(name) => Namespace::from_env().and_then(|ns| ns.instances(&name)),
            Err(error) => Err(error),
        },
    };
    count.unwrap_or(1)
}
