//! Ends that several processes hold: a parent leaves its own to a child, or a process sends it to another.
//!
//! All holders of an end use it as the threads of one process do: writes stay whole, each message is
//! read once, and a holder that dies keeps nobody waiting. The other end sees this one closed when the
//! last holder has closed it: by Linux' rules, when no process has its socket open any more.

mod poll;
mod read;
mod token;

use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::process::Command;
use std::sync::Arc;

use ntpipe_core::connection::Connection;
use ntpipe_core::instance::Instance;
use ntpipe_core::mode::PipeEnd;
use ntpipe_core::namespace::{Carried, Namespace};
use ntpipe_core::ops;
use ntpipe_shm::handover;

use crate::end::{End, Facts};
use crate::pipe::Pipe;
use crate::server::ServerSide;
use crate::wait::{WaitStrategy, Waiter};
use crate::{
    Error, ErrorKind, NamedPipeClient, NamedPipeServer, PipeReader, PipeWriter, Result, watch,
};
pub(crate) use poll::{Polled, take_edges};
use token::{Kind, Token};

/// An end on its way to another process.
///
/// ```no_run
/// use std::process::Command;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let name = r"\\.\pipe\work";
/// let client = ntpipe::ClientOptions::new().open(name)?;
/// let mut command = Command::new("worker");
/// client.inherit()?.pass_to(&mut command, "WORK_PIPE")?;
/// let mut worker = command.spawn()?;
/// drop(command);
/// client.send(b"from the parent")?;
/// // In the worker: NamedPipeClient::from_env("WORK_PIPE")?.send(b"from the child")?;
/// worker.wait()?;
/// # Ok(())
/// # }
/// ```
///
/// This is the only way to have an end in two processes. In the copy of a process that a plain `fork` makes,
/// the ends are there but of no use: what is done with them answers `ERROR_INVALID_HANDLE`, and closing them
/// there closes nothing. But the kernel sees the connection open as long as the copy lives, if the
/// parent is killed.
///
/// It counts as a holder of the end until it is dropped, and so does a [`Command`] that it was
/// [passed to](Self::pass_to): drop both, or the other end never sees this one closed.
#[derive(Debug)]
pub struct Inheritable {
    fds: Vec<OwnedFd>,
    token: Token,
}

impl Inheritable {
    /// Lets the program that `command` starts have the end; it finds it with `from_env(key)`. No other
    /// child gets the descriptors.
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES`.
    pub fn pass_to(&self, command: &mut Command, key: &str) -> Result<()> {
        let fds = copies(self.fds.iter())?;
        command.env(key, self.token.with(&handover::numbers(&fds)));
        handover::leave_to(command, fds);
        Ok(())
    }

    /// A text that tells a child what it inherits, for those who start it by other means than a
    /// [`Command`]. The trap: from now on *every* program that this one starts gets the descriptors,
    /// until this value is dropped.
    ///
    /// # Errors
    ///
    /// The system call's.
    pub fn token(&self) -> Result<String> {
        for fd in &self.fds {
            handover::uncover(fd).map_err(|errno| Error::os("fcntl", errno))?;
        }
        Ok(self.token.with(&handover::numbers(&self.fds)))
    }

    /// The end as a text and descriptors, for a process that is there already: what it needs is sent to
    /// it, the descriptors over a Unix socket (`SCM_RIGHTS`) and in this order, and `from_parts` makes the
    /// end of it there. This process may have dropped its own end by then, or have ended: as long as the
    /// descriptors are on their way, the end is open.
    ///
    /// For several processes, prepare the end once for each.
    ///
    /// ```no_run
    /// # use std::os::fd::OwnedFd;
    /// # fn send(text: &str, fds: &[OwnedFd]) {}
    /// # fn receive() -> (String, Vec<OwnedFd>) { unimplemented!() }
    /// # fn main() -> ntpipe::Result<()> {
    /// let client = ntpipe::ClientOptions::new().open(r"\\.\pipe\work")?;
    /// let (text, fds) = client.inherit()?.into_parts();
    /// send(&text, &fds);
    /// // In the other process:
    /// let (text, fds) = receive();
    /// ntpipe::NamedPipeClient::from_parts(&text, fds)?.send(b"from the other process")?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (String, Vec<OwnedFd>) {
        (self.token.with(&[]), self.fds)
    }
}

fn copies<Fd: AsFd>(fds: impl Iterator<Item = Fd>) -> Result<Vec<OwnedFd>> {
    fds.map(|fd| handover::copy(fd).map_err(|errno| Error::os("dup", errno))).collect()
}

fn inherit(end: &End, kind: Kind) -> Result<Inheritable> {
    end.check_process()?;
    if let Some(server) = &end.server {
        server.settle(end)?;
    }
    // In this order everywhere; no step is under way then.
    let instance = end.server.as_ref().map(ServerSide::instance);
    let mut writer = end.writer.lock();
    let mut reader = end.reader.lock();
    let (Some(writer), Some(reader)) = (writer.as_mut(), reader.as_mut()) else {
        return Err(ErrorKind::PipeNotConnected.into());
    };
    end.check_ring()?;
    let connection = reader.connection().clone();
    let first = connection.sharing().is_none();
    let [locks, bell] = connection.share()?.fds();
    if first {
        writer.begin_sharing();
        reader.begin_sharing();
        watch::company(&connection)?;
        if let (Some(server), Some(instance)) = (&end.server, &instance) {
            // What is polled has to hear the other holders too.
            server.follow(instance)?;
        }
    }
    let mut fds = copies([connection.as_fd(), connection.memory(), locks, bell].iter())?;
    let mut index = 0;
    if let Some(instance) = &instance {
        fds.extend(copies(instance.place().carry()?.fds().iter())?);
        index = instance.place().index();
    }
    let read_mode = end.read_mode();
    let (facts, rights, nowait) = (end.facts.clone(), end.rights, end.is_no_wait());
    let peer_rights = connection.peer_rights();
    let token = Token { kind, facts, rights, peer_rights, read_mode, nowait, index };
    Ok(Inheritable { fds, token })
}

fn invalid() -> Error {
    ErrorKind::InvalidHandle.into()
}

fn parse(text: &str, kind: Kind) -> Result<(Token, Vec<RawFd>)> {
    Token::parse(text)
        .filter(|(token, _)| token.kind == kind)
        .ok_or_else(|| invalid().because("this is no token of an inherited end of this kind"))
}

/// What the parent left: the numbers in the text are those of inherited descriptors.
fn adopt(text: &str, kind: Kind) -> Result<(Pipe, Arc<Connection>)> {
    let (token, numbers) = parse(text, kind)?;
    let taken = numbers.into_iter().map(|number| handover::take(number).map_err(|_| invalid()));
    join(token, taken.collect::<Result<_>>()?)
}

/// What another process sent.
fn assemble(text: &str, fds: Vec<OwnedFd>, kind: Kind) -> Result<(Pipe, Arc<Connection>)> {
    match parse(text, kind)? {
        (token, numbers) if numbers.is_empty() => join(token, fds),
        _ => Err(invalid().because("the descriptors of this end are inherited")),
    }
}

/// Believes nothing: the text may say anything, and so may the descriptors.
fn join(token: Token, fds: Vec<OwnedFd>) -> Result<(Pipe, Arc<Connection>)> {
    let Token { kind, facts, rights, peer_rights, read_mode, nowait, index } = token;
    if fds.len() != kind.descriptors() {
        return Err(invalid().because("these are not the descriptors of an end of this kind"));
    }
    let mut fds = fds.into_iter();
    let mut next = || fds.next().ok_or_else(invalid);
    let (socket, memory, locks, bell) = (next()?, next()?, next()?, next()?);
    if !handover::is_lifeline(&socket) {
        return Err(invalid());
    }
    let quotas = facts.quotas;
    let segment = Connection::adopt(&memory, facts.pipe_type, quotas).map_err(|_| invalid())?;
    let connection =
        Connection::new(segment, memory, socket, facts.end, facts.pipe_type).join(locks, bell)?;
    let connection = Arc::new(connection.with_peer_rights(peer_rights));
    ops::bury_predecessor(&connection)?;
    watch::company(&connection)?;
    let server = if kind == Kind::Server {
        let carried = Carried { dir: next()?, lock: next()?, file: next()? };
        let name = facts.name.parse().map_err(|_| invalid())?;
        let quotas = (quotas.inbound, quotas.outbound);
        let place = Namespace::from_env()?.join(&name, index, quotas, carried)?;
        Some(ServerSide::new(Instance::connected(place, connection.clone())))
    } else {
        None
    };
    let waiter = Waiter::new(WaitStrategy::default());
    let end = End::new(facts, rights, waiter, Some(&connection), server);
    end.set_modes(read_mode, nowait);
    Ok((Pipe { end: Arc::new(end) }, connection))
}

fn from_env(key: &str) -> Result<String> {
    std::env::var(key).map_err(|_| {
        Error::new(ErrorKind::InvalidHandle).because(format!("{key} names no inherited end"))
    })
}

macro_rules! inheritable {
    ($end:ident, $kind:ident, |$adopted:pat_param| $made:expr) => {
        impl $end {
            /// Prepares this end for another process, which holds it too from then on: a child, or one
            /// that is there already (see [`into_parts`](Inheritable::into_parts)).
            ///
            /// # Errors
            ///
            /// `ERROR_PIPE_LISTENING` and `ERROR_PIPE_NOT_CONNECTED` for a server end without a client,
            /// `ERROR_NOT_SUPPORTED` when an end of an anonymous pipe has become a standard stream,
            /// `ERROR_TOO_MANY_OPEN_FILES`.
            pub fn inherit(&self) -> Result<Inheritable> {
                let end = &self.pipe.end;
                end.named("inherit", inherit(end, Kind::$kind))
            }

            /// The end that the parent left under this [token](Inheritable::token), once.
            ///
            /// # Errors
            ///
            /// `ERROR_INVALID_HANDLE` for a text that is no token, or whose descriptors are not there.
            pub fn from_inherited(token: &str) -> Result<Self> {
                let $adopted =
                    adopt(token, Kind::$kind).map_err(|error| error.during("inherit"))?;
                Ok($made)
            }

            /// The end that another process took [apart](Inheritable::into_parts) and sent here.
            ///
            /// # Errors
            ///
            /// `ERROR_INVALID_HANDLE` if this is not what makes such an end, or was taken apart in this
            /// process.
            pub fn from_parts(text: &str, fds: Vec<OwnedFd>) -> Result<Self> {
                let $adopted = assemble(text, fds, Kind::$kind)
                    .map_err(|error| error.during("take from a process"))?;
                Ok($made)
            }

            /// As [`from_inherited`](Self::from_inherited), with the token in this environment variable.
            ///
            /// # Errors
            ///
            /// As [`from_inherited`](Self::from_inherited).
            pub fn from_env(key: &str) -> Result<Self> {
                Self::from_inherited(&from_env(key)?)
            }
        }
    };
}

inheritable!(NamedPipeClient, Client, |(pipe, connection)| Self { pipe, connection });
inheritable!(NamedPipeServer, Server, |(pipe, _)| Self { pipe });
inheritable!(PipeReader, Reader, |(pipe, _)| Self { pipe });
inheritable!(PipeWriter, Writer, |(pipe, _)| Self { pipe });

impl Kind {
    fn end(self) -> PipeEnd {
        match self {
            Self::Server | Self::Reader => PipeEnd::Server,
            Self::Client | Self::Writer => PipeEnd::Client,
        }
    }

    /// How many descriptors an end consists of.
    fn descriptors(self) -> usize {
        if self == Self::Server { 7 } else { 4 }
    }

    fn facts(self, name: &str, numbers: [u32; 4]) -> Option<Facts> {
        token::facts(self.end(), name, numbers)
    }
}
