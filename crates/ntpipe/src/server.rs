//! The server end: creates an instance, waits for clients, disconnects them.

mod arrival;
mod overlapped;
mod readiness;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use ntpipe_core::connection::{Connection, PeerLife, QUOTA_BYTES_MAX, Quotas};
use ntpipe_core::mode::{Access, PipeEnd};
use ntpipe_core::name::PipeName;
use ntpipe_core::namespace::{CreateParams, Listening, Namespace, Place};
use ntpipe_core::security::Rights as PeerRights;
use ntpipe_core::state::{Event, State};
use rustix::event::{PollFd, PollFlags};

pub(crate) use self::overlapped::Since;
use self::readiness::Readiness;
use crate::end::{End, Facts, Rights, lock};
use crate::pipe::{Pipe, PipeMode};
use crate::wait::{Until, WaitStrategy, Waiter};
use crate::{Error, ErrorKind, PipeListener, Result, Security, cancel};

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
    security: Security,
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
            security: Security::current_user(),
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
        self.security = security;
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
            security: self.security.clone(),
        };
        let created = Namespace::from_env()?.create(&name, &params)?;
        let (place, listening) = (created.place, created.listening);
        let meta = place.pipe().meta();
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
        let phase = Mutex::new(Phase::Listening(Arc::new(listening)));
        let server = ServerSide {
            place,
            phase,
            wake: Mutex::new(None),
            readiness: OnceLock::new(),
            news: AtomicBool::new(false),
        };
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

/// What only a server end has: its place among the instances, and how far it is with a client.
#[derive(Debug)]
pub(crate) struct ServerSide {
    pub(crate) place: Place,
    phase: Mutex<Phase>,
    /// What pollers of the listening socket also poll; replaced each time it was used.
    wake: Mutex<Option<Arc<OwnedFd>>>,
    /// What [`AsFd`] gives, once somebody asked.
    readiness: OnceLock<Readiness>,
    /// A client has come that nobody was told of yet.
    news: AtomicBool,
}

#[derive(Debug)]
enum Phase {
    /// Waits for a client.
    Listening(Arc<Listening>),
    /// A client is let in whose segment has not come yet.
    Arriving(Arc<OwnedFd>, PeerRights),
    Connected,
    Disconnected,
}

/// A descriptor whose readiness moves the phase on.
enum Source {
    Listening(Arc<Listening>),
    Arriving(Arc<OwnedFd>),
}

impl ServerSide {
    /// Of an end that another process gave us together with its client.
    pub(crate) fn connected(place: Place) -> Self {
        Self {
            place,
            phase: Mutex::new(Phase::Connected),
            wake: Mutex::new(None),
            readiness: OnceLock::new(),
            news: AtomicBool::new(false),
        }
    }

    /// Lets a client in that has come meanwhile; otherwise the error of an end without one.
    pub(crate) fn settle(&self, end: &End) -> Result<()> {
        let mut phase = lock(&self.phase);
        match self.advance(end, &mut phase)? {
            None => Ok(()),
            Some(_) => Err(ErrorKind::PipeListening.into()),
        }
    }

    /// Moves on as far as possible without waiting: `None` when connected.
    fn advance(&self, end: &End, phase: &mut Phase) -> Result<Option<Source>> {
        let source = self.advance_quietly(end, phase)?;
        self.follow(end, phase)?;
        Ok(source)
    }

    /// Keeps the descriptor that is polled up with the phase.
    fn follow(&self, end: &End, phase: &Phase) -> Result<()> {
        self.readiness.get().map_or(Ok(()), |readiness| readiness.follow(end, phase))
    }

    /// The descriptor to poll, whatever this end waits for.
    fn readiness(&self, end: &End) -> Result<&Readiness> {
        let phase = lock(&self.phase);
        if self.readiness.get().is_none() {
            // Only under the lock of the phase.
            let _ = self.readiness.set(Readiness::new()?);
        }
        self.follow(end, &phase)?;
        Ok(self.readiness.get().expect("set above"))
    }

    fn advance_quietly(&self, end: &End, phase: &mut Phase) -> Result<Option<Source>> {
        loop {
            match phase {
                Phase::Connected => return Ok(None),
                Phase::Disconnected => return Err(ErrorKind::PipeNotConnected.into()),
                Phase::Listening(listening) => match listening.try_accept()? {
                    None => return Ok(Some(Source::Listening(listening.clone()))),
                    Some(socket) => self.welcome(socket, phase)?,
                },
                Phase::Arriving(socket, rights) => match self.receive(end, socket, *rights) {
                    Ok(None) => return Ok(Some(Source::Arriving(socket.clone()))),
                    Ok(Some(connection)) => {
                        end.install(&connection);
                        *phase = Phase::Connected;
                        // Several calls may wait for this client.
                        self.wake();
                    }
                    // It left half-way, or sent something else: as if it had never come.
                    Err(_) => self.relisten(phase)?,
                },
            }
        }
    }

    /// The kernel let this client in; whoever it is, the rule is asked again.
    fn welcome(&self, socket: OwnedFd, phase: &mut Phase) -> Result<()> {
        match self.place.pipe().rights_of(&socket) {
            Ok(rights) if rights.read || rights.write => {
                *phase = Phase::Arriving(Arc::new(socket), rights);
                Ok(())
            }
            _ => self.relisten(phase),
        }
    }

    /// Waits for another client; if that cannot be, the end is disconnected, and the next `connect`
    /// tries again.
    fn relisten(&self, phase: &mut Phase) -> Result<()> {
        *phase = Phase::Disconnected;
        *phase = Phase::Listening(Arc::new(self.place.listen()?));
        Ok(())
    }

    fn receive(
        &self,
        end: &End,
        socket: &Arc<OwnedFd>,
        rights: PeerRights,
    ) -> Result<Option<Arc<Connection>>> {
        let mut greeting = [0; 16];
        let corrupt = || Error::from(ErrorKind::Corrupt);
        match ntpipe_shm::socket::recv_with_fd(socket, &mut greeting) {
            Ok((len, Some(fd))) if len == GREETING.len() && greeting[..len] == GREETING => {
                let facts = &end.facts;
                let segment = Connection::adopt(&fd, facts.pipe_type, facts.quotas)?;
                let socket = socket.try_clone().map_err(|e| Error::from_io("dup", &e))?;
                let server = PipeEnd::Server;
                let connection = Connection::new(segment, fd, socket, server, facts.pipe_type);
                Ok(Some(Arc::new(connection.with_peer_rights(rights))))
            }
            Ok(_) => Err(corrupt()),
            Err(rustix::io::Errno::AGAIN) => Ok(None),
            Err(errno) => Err(Error::os("recvmsg", errno)),
        }
    }

    /// Wakes whoever polls for a client.
    pub(crate) fn wake(&self) {
        if let Some(wake) = lock(&self.wake).take() {
            let _ = rustix::io::write(&wake, &1u64.to_ne_bytes());
        }
    }

    fn wake_fd(&self) -> Result<Arc<OwnedFd>> {
        let mut wake = lock(&self.wake);
        if let Some(wake) = &*wake {
            return Ok(wake.clone());
        }
        let fd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC)
            .map_err(|errno| Error::os("eventfd", errno))?;
        Ok(wake.insert(Arc::new(fd)).clone())
    }

    /// `ConnectNamedPipe`.
    fn listen(&self, end: &End, until: Until, nowait: bool) -> Result<()> {
        // SYNC(cancels): Acquire, here and below. Pairs with the Release addition in `End::cancel`.
        let cancels = end.waiter.cancels.load(Ordering::Acquire);
        let mut waited = false;
        loop {
            let wake = self.wake_fd()?;
            let mut phase = lock(&self.phase);
            if matches!(*phase, Phase::Disconnected) {
                if waited {
                    return Err(ErrorKind::PipeNotConnected.into());
                }
                *phase = Phase::Listening(Arc::new(self.place.listen()?));
                if nowait {
                    //= observed: PIPE_NOWAIT, first call after a disconnect
                    return Err(ErrorKind::PipeListening.into());
                }
            }
            let advanced = self.advance(end, &mut phase)?;
            if advanced.is_none() {
                self.news.store(false, Ordering::Relaxed);
            }
            let source = match advanced {
                None if waited => return Ok(()),
                None => {
                    let gone = end.connection().is_some_and(|c| c.ask_kernel() != PeerLife::Here);
                    let state = if gone { State::Closing } else { State::Connected };
                    return state.on(Event::Listen).map(drop).map_err(Error::new);
                }
                Some(source) => source,
            };
            drop(phase);
            if nowait {
                return Err(ErrorKind::PipeListening.into());
            }
            if until.is_over() {
                return Err(ErrorKind::WaitTimeout.into());
            }
            if end.waiter.cancels.load(Ordering::Acquire) != cancels {
                return Err(ErrorKind::OperationAborted.into());
            }
            poll_two(&source, &wake, until)?;
            waited = true;
            if end.waiter.cancels.load(Ordering::Acquire) != cancels {
                return Err(ErrorKind::OperationAborted.into());
            }
        }
    }

    /// Whether a client is here; lets one in that has come. An end that was disconnected, for want of
    /// something, listens again.
    pub(crate) fn is_connected(&self, end: &End) -> Result<bool> {
        let mut phase = lock(&self.phase);
        if matches!(*phase, Phase::Disconnected) {
            self.relisten(&mut phase)?;
        }
        Ok(self.advance(end, &mut phase)?.is_none())
    }

    fn disconnect(&self, end: &End) -> Result<()> {
        let mut phase = lock(&self.phase);
        let _ = self.advance(end, &mut phase);
        let state = match *phase {
            Phase::Disconnected => State::Disconnected,
            Phase::Listening(_) => State::Listening,
            Phase::Arriving(..) | Phase::Connected => State::Connected,
        };
        state.on(Event::Disconnect)?;
        *phase = Phase::Disconnected;
        self.news.store(false, Ordering::Relaxed);
        end.leave(true);
        let followed = self.follow(end, &phase);
        drop(phase);
        self.wake();
        followed
    }
}

/// What a client sends along with its segment.
pub(crate) const GREETING: [u8; 8] = *b"ntpipe\0\x01";

fn poll_two(source: &Source, wake: &OwnedFd, until: Until) -> Result<()> {
    let fd = match source {
        Source::Listening(listening) => listening.as_fd(),
        Source::Arriving(socket) => socket.as_fd(),
    };
    let fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
    cancel::poll(fds, until)
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
        self.pipe.named("connect", side.listen(end, until, end.is_no_wait()))
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
            side.readiness.take();
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
        self.pipe.named("poll", side.readiness(end)).map(AsFd::as_fd)
    }
}
