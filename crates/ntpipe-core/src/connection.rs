//! A connection: the segment between one server end and one client end, seen from one of them.
//!
//! Says who is still there. Ring 0 is inbound (the server consumes it), ring 1 outbound, so side 0 of
//! the segment is the server's and side 1 the client's.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use ntpipe_shm::chime::Chime;
use ntpipe_shm::doorbell::Doorbell;
use ntpipe_shm::layout::{LIFE_CLOSED, LIFE_OPEN, LIFE_SEVERED, SideBlock};
use ntpipe_shm::segment::{OpenError, Segment, Spec};

use crate::error::{Error, ErrorKind, Result};
use crate::mode::{PipeEnd, PipeType};
use crate::namespace::Trace;
use crate::security::Rights;
use crate::sharing::Sharing;

/// Quotas of the two directions, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// From client to server (`nInBufferSize`).
    pub inbound: u32,
    /// From server to client (`nOutBufferSize`).
    pub outbound: u32,
}

/// The largest quota; more is refused with `ERROR_INVALID_PARAMETER`.
pub const QUOTA_BYTES_MAX: u32 = 1 << 28;

/// The longest message, in bytes; a longer one is refused with `ERROR_INVALID_PARAMETER`. Counts of payload
/// have 32 bits, and less than half of them may lie between two that are compared.
pub const MESSAGE_BYTES_MAX: u32 = 1 << 30;

/// One end's view of a connection.
#[derive(Debug)]
pub struct Connection {
    segment: Arc<Segment>,
    socket: OwnedFd,
    end: PipeEnd,
    pipe_type: PipeType,
    /// Set when the kernel told that nobody holds the other end of the socket.
    gone: AtomicBool,
    /// Set when the kernel watches the socket for us.
    watched: AtomicBool,
    /// Set once somebody may poll the socket for readiness.
    polled: AtomicBool,
    /// What else is polled in this process, for what happens on this side.
    chime: OnceLock<Arc<Chime>>,
    /// The segment's descriptor, for further holders of this end.
    memory: Arc<OwnedFd>,
    /// Set once other processes may hold this end as well.
    sharing: OnceLock<Arc<Sharing>>,
    peer_rights: Rights,
    /// A server's client's, kept since nobody can tell of a process that has ended.
    peer_session: Option<u32>,
    /// A client's; the last of the fields, which are dropped in their order: the socket is closed then.
    trace: Option<Trace>,
}

/// What is known of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerLife {
    /// It holds its end.
    Here,
    /// It closed, or died; what it wrote before may be read.
    Gone,
    /// It disconnected; nothing may be read any more.
    Severed,
}

impl Connection {
    /// Makes the segment of a new connection: the client's part. The descriptor goes to the server.
    ///
    /// # Errors
    ///
    /// What the system answers to the wish for memory, or [`ErrorKind::Corrupt`] for quotas that no server
    /// of ours has.
    pub fn segment(pipe_type: PipeType, quotas: Quotas) -> Result<(Arc<Segment>, OwnedFd)> {
        if quotas.inbound.max(quotas.outbound) > QUOTA_BYTES_MAX {
            return Err(
                Error::new(ErrorKind::Corrupt).because("the server asks for too large quotas")
            );
        }
        let spec = spec(pipe_type, quotas);
        let (segment, fd) = Segment::create(spec).map_err(|e| segment_error(&e))?;
        Ok((Arc::new(segment), fd))
    }

    /// Maps the segment that a client sent: the server's part. It must be exactly the one that this
    /// instance's quotas ask for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Corrupt`] if it is not what the protocol demands.
    pub fn adopt(fd: &OwnedFd, pipe_type: PipeType, quotas: Quotas) -> Result<Arc<Segment>> {
        let segment = Segment::open(fd).map_err(|e| segment_error(&e))?;
        if segment.spec() != spec(pipe_type, quotas) {
            return Err(Error::new(ErrorKind::Corrupt)
                .because("the client's segment does not have this instance's quotas and type"));
        }
        Ok(Arc::new(segment))
    }

    /// One end's view of the connection over `segment`, which is mapped from `memory`, and whose
    /// lifeline is `socket`.
    #[must_use]
    pub fn new(
        segment: Arc<Segment>,
        memory: impl Into<Arc<OwnedFd>>,
        socket: OwnedFd,
        end: PipeEnd,
        pipe_type: PipeType,
    ) -> Self {
        let no = || AtomicBool::new(false);
        Self {
            segment,
            socket,
            end,
            pipe_type,
            gone: no(),
            watched: no(),
            polled: no(),
            chime: OnceLock::new(),
            memory: memory.into(),
            sharing: OnceLock::new(),
            peer_rights: Rights { read: true, write: true },
            peer_session: None,
            trace: None,
        }
    }

    /// The pipe type.
    #[must_use]
    pub fn pipe_type(&self) -> PipeType {
        self.pipe_type
    }

    /// Asks now for the session of the peer's process.
    #[must_use]
    pub(crate) fn with_peer_session(mut self) -> Self {
        let process = ntpipe_shm::peer::credentials(&self.socket).map(|ids| ids.pid);
        self.peer_session = process.ok().and_then(ntpipe_shm::peer::session);
        self
    }

    /// The session of the peer's process: of a client as it was when it came, of a server as it is.
    #[must_use]
    pub fn peer_session(&self) -> Option<u32> {
        self.peer_session.or_else(|| {
            let process = ntpipe_shm::peer::credentials(&self.socket).ok()?.pid;
            ntpipe_shm::peer::session(process)
        })
    }

    /// Lets others see for as long as it is open that this client is there.
    #[must_use]
    pub(crate) fn with_trace(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Holds the peer to the rights that the pipe's security gives it: the memory is shared both ways,
    /// whichever directions it opened.
    #[must_use]
    pub fn with_peer_rights(mut self, rights: Rights) -> Self {
        self.peer_rights = rights;
        self
    }

    /// What the pipe's security lets the peer do.
    #[inline]
    #[must_use]
    pub fn peer_rights(&self) -> Rights {
        self.peer_rights
    }

    /// The capacity of the ring that this end writes, in bytes.
    #[must_use]
    pub fn ring_bytes(&self) -> usize {
        self.segment.spec().capacities[self.outward()] as usize
    }

    /// Which end this is.
    #[must_use]
    pub fn end(&self) -> PipeEnd {
        self.end
    }

    /// The segment.
    #[must_use]
    pub fn shared(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// The ring that this end reads.
    #[must_use]
    pub fn inward(&self) -> usize {
        match self.end {
            PipeEnd::Server => 0,
            PipeEnd::Client => 1,
        }
    }

    /// The ring that this end writes.
    #[must_use]
    pub fn outward(&self) -> usize {
        1 - self.inward()
    }

    /// The quota of this end's writes, in bytes.
    #[must_use]
    pub fn write_quota(&self) -> u32 {
        self.segment.spec().quotas[self.outward()]
    }

    /// The quota of the peer's writes, in bytes.
    #[must_use]
    pub fn read_quota(&self) -> u32 {
        self.segment.spec().quotas[self.inward()]
    }

    /// This end's block.
    #[must_use]
    pub fn own(&self) -> &SideBlock {
        self.segment.side(self.inward())
    }

    /// The peer's block.
    #[must_use]
    pub fn peer(&self) -> &SideBlock {
        self.segment.side(self.outward())
    }

    /// What is known of the peer without asking the kernel.
    #[inline]
    #[must_use]
    pub fn peer_life(&self) -> PeerLife {
        // SYNC(life): Acquire. Pairs with the Release store in `leave`: what the peer wrote before it
        // left is seen by whoever sees that it left.
        match self.peer().life.load(Ordering::Acquire) {
            // SYNC(gone): Acquire. Pairs with the Release store in `set_gone`, in this process.
            LIFE_OPEN if !self.gone.load(Ordering::Acquire) => PeerLife::Here,
            LIFE_SEVERED => PeerLife::Severed,
            // Any other value is garbage: such a peer is as good as gone.
            _ => PeerLife::Gone,
        }
    }

    /// Asks the kernel whether the peer still holds its end, and remembers.
    #[must_use]
    pub fn ask_kernel(&self) -> PeerLife {
        if self.peer_life() == PeerLife::Here
            && ntpipe_shm::socket::is_hung_up(&self.socket).unwrap_or(true)
        {
            self.set_gone();
        }
        self.peer_life()
    }

    /// Notes that the kernel saw the peer go, and wakes this end's waiters.
    pub fn set_gone(&self) {
        // SYNC(gone): Release. Pairs with the Acquire load in `peer_life`, in this process.
        self.gone.store(true, Ordering::Release);
        self.wake_own();
    }

    /// Wakes whoever waits on this end, in this process or another one, to look again.
    pub fn wake_own(&self) {
        ntpipe_shm::sync::full_fence();
        let polled = Doorbell(&self.own().data_bell).ring_loudly()
            | Doorbell(&self.own().room_bell).ring_loudly();
        self.ring_chime();
        if polled {
            self.tell_other_holders();
        }
    }

    /// From now on this rings for whatever wakes this side's waiters in this process. One end has one
    /// for its whole life.
    pub fn set_chime(&self, chime: &Arc<Chime>) {
        let _ = self.chime.get_or_init(|| chime.clone());
    }

    /// Tells whoever polls this end in this process to look again.
    pub fn ring_chime(&self) {
        if let Some(chime) = self.chime.get() {
            chime.ring();
        }
    }

    /// Takes the bytes from the socket that the other side sent to who polls it. If there were any, whoever
    /// else polls this end is told, here by the chime and in other processes by their bell.
    pub fn drain(&self) {
        if self.drain_for_chime() {
            self.ring_chime();
        }
    }

    /// The same by who listens to the chime; whether there were any.
    pub fn drain_for_chime(&self) -> bool {
        let drained = ntpipe_shm::socket::drain(&self.socket);
        if drained {
            self.tell_other_holders();
        }
        drained
    }

    fn tell_other_holders(&self) {
        if let Some(sharing) = self.sharing() {
            ntpipe_shm::broadcast::ring(sharing.bell());
        }
    }

    /// How many changes of this end its own waiters have to know of: a turn passed on, a cancelled
    /// write.
    #[inline]
    #[must_use]
    pub fn changes(&self) -> u32 {
        // SYNC(changes): Acquire. Pairs with the Release addition in `set_changed`, on this side.
        self.own().changes.load(Ordering::Acquire)
    }

    /// Notes such a change, and wakes this end's waiters.
    pub fn set_changed(&self) {
        // SYNC(changes): Release. Pairs with the Acquire load in `changes`, on this side.
        self.own().changes.fetch_add(1, Ordering::Release);
        self.wake_own();
    }

    /// Makes the peer's waiters look again.
    pub fn rouse_peer(&self) {
        ntpipe_shm::sync::full_fence();
        let polled = Doorbell(&self.peer().data_bell).ring_loudly()
            | Doorbell(&self.peer().room_bell).ring_loudly();
        if polled {
            ntpipe_shm::socket::nudge(&self.socket);
        }
    }

    /// Notes that the kernel watches the socket for us.
    pub fn set_watched(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Whether the kernel watches the socket for us.
    #[inline]
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// Notes that somebody may poll the socket: from now on a would-be wait asks for a byte.
    pub fn set_polled(&self) {
        self.polled.store(true, Ordering::Relaxed);
    }

    /// Whether somebody may poll the socket.
    #[must_use]
    pub fn is_polled(&self) -> bool {
        self.polled.load(Ordering::Relaxed)
    }

    /// Tells the peer's readers that data is there.
    #[inline]
    pub fn announce_data(&self) {
        if Doorbell(&self.peer().data_bell).ring() {
            ntpipe_shm::socket::nudge(&self.socket);
        }
    }

    /// Tells the peer's writers that room is there.
    #[inline]
    pub fn announce_room(&self) {
        if Doorbell(&self.peer().room_bell).ring() {
            ntpipe_shm::socket::nudge(&self.socket);
        }
    }

    /// Lets other processes hold this end too; the halves have to be told, under their locks.
    ///
    /// # Errors
    ///
    /// The system call's.
    pub fn share(&self) -> Result<&Arc<Sharing>> {
        if self.sharing.get().is_none() {
            let _ = self.sharing.set(Arc::new(Sharing::create()?));
        }
        self.own().shared.store(1, Ordering::Relaxed);
        Ok(self.sharing.get_or_init(|| unreachable!("set above")))
    }

    /// This end as another process holds it already, which gave us [these](Sharing::fds).
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_HANDLE` if they are something else, `ERROR_TOO_MANY_OPEN_FILES` if too many
    /// processes hold it.
    pub fn join(self, locks: OwnedFd, bell: OwnedFd) -> Result<Self> {
        let _ = self.sharing.set(Arc::new(Sharing::join(locks, bell)?));
        Ok(self)
    }

    /// What this end's holders share, if there are several.
    #[inline]
    #[must_use]
    pub fn sharing(&self) -> Option<&Arc<Sharing>> {
        self.sharing.get()
    }

    /// The segment's descriptor.
    #[must_use]
    pub fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    /// Whether several processes hold this end or the peer's.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        // The peer's word is believed to its own harm only.
        self.sharing().is_some() || self.peer().shared.load(Ordering::Relaxed) != 0
    }

    /// Whether another holder of this end has severed the connection.
    #[must_use]
    pub fn is_left(&self) -> bool {
        // SYNC(life): Acquire. Pairs with the Release store in `leave`, of another holder.
        self.own().life.load(Ordering::Acquire) == LIFE_SEVERED
    }

    /// Leaves: closes this end, or severs the connection for both. Of an end that several processes
    /// hold, only the kernel knows the last one: its socket hangs up then.
    pub fn leave(&self, sever: bool) {
        if !sever && self.sharing().is_some() {
            return;
        }
        let life = if sever { LIFE_SEVERED } else { LIFE_CLOSED };
        // SYNC(life): Release. Pairs with the Acquire load in `peer_life`.
        self.own().life.store(life, Ordering::Release);
        self.rouse_peer();
        self.set_changed();
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn spec(pipe_type: PipeType, quotas: Quotas) -> Spec {
    // Twice the quota, so that the write that waits behind a full quota is in the ring as well and its
    // reader never runs dry; and headers for small messages.
    let capacity = |quota: u32| {
        let wish = quota.clamp(8192, QUOTA_BYTES_MAX) * 2 + 4096;
        wish.next_power_of_two()
    };
    Spec {
        capacities: [capacity(quotas.inbound), capacity(quotas.outbound)],
        quotas: [quotas.inbound, quotas.outbound],
        kind: u32::from(pipe_type == PipeType::Message),
    }
}

fn segment_error(error: &OpenError) -> Error {
    match error {
        OpenError::Os(call, errno) => Error::os(call, *errno),
        OpenError::Refused(why) => Error::new(ErrorKind::Corrupt).because(*why),
        _ => Error::new(ErrorKind::Corrupt),
    }
}

impl From<ntpipe_shm::Corrupt> for Error {
    fn from(corrupt: ntpipe_shm::Corrupt) -> Self {
        Self::new(ErrorKind::Corrupt).because(corrupt.to_string())
    }
}
