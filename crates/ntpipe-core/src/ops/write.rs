//! `WriteFile` on a connected end.
//!
//! The quota decides when a write completes: when its unread remainder fits. Its data is in the ring,
//! and so visible to the reader, long before; as long as the write waits, its records are revocable,
//! and cancelling it takes what is unread of them away. A write larger than the ring goes in pieces;
//! until its last piece is in, it holds the turn, so that no other write comes between.
//!
//= learn: WriteFile; observed: write quota, pending writes, cancelled writes

use std::collections::VecDeque;
use std::sync::Arc;

use ntpipe_shm::ring::{Placed, Producer, Withdrawn};
use ntpipe_shm::sync::{AtomicU64, Ordering};

use super::{Need, Pending, Step};
use crate::connection::{Connection, MESSAGE_BYTES_MAX, PeerLife};
use crate::context;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::{PipeType, WaitMode};

/// The writing half of an end.
#[derive(Debug)]
pub struct Writer {
    pub(super) connection: Arc<Connection>,
    pub(super) producer: Producer,
    /// The write that goes in pieces, if there is one.
    turn: Option<u64>,
    /// The writes that wait for room in the ring, in the order of their issue: only the first of them
    /// may place anything, so none overtakes another.
    queue: VecDeque<u64>,
    next_ticket: u64,
    /// Another process has the turn: what to wait for.
    pub(super) foreign: Option<Pending>,
}

/// How far a write has come; one value per call, kept across its waits. The thread that makes it is the
/// one that writes, whichever takes the steps.
#[derive(Clone, Copy, Debug)]
pub struct WriteProgress {
    /// What the thread says of itself.
    tag: u8,
    ticket: u64,
    written: usize,
    first: Option<u32>,
    end_bytes: u32,
}

impl Default for WriteProgress {
    #[inline]
    fn default() -> Self {
        Self { tag: context::of_thread(), ticket: 0, written: 0, first: None, end_bytes: 0 }
    }
}

impl WriteProgress {
    /// Whether it was accepted and waits, whether or not something of it was placed.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.ticket != 0
    }

    /// How many bytes of it have been placed so far.
    #[must_use]
    pub fn placed(&self) -> usize {
        self.written
    }
}

/// What a cancellation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The write had completed; nothing was taken away.
    Completed,
    /// What was unread of it is gone.
    Done,
}

impl Writer {
    /// The writing half of a connection.
    #[must_use]
    pub fn new(connection: Arc<Connection>) -> Self {
        let mut producer = Producer::new(connection.shared().clone(), connection.outward());
        producer.set_holder(connection.sharing().map_or(0, |sharing| sharing.number()));
        // Half of the bits tell the writers of a process apart: a progress of an earlier connection means
        // nothing to this one.
        static WRITERS: AtomicU64 = AtomicU64::new(1);
        let next_ticket = WRITERS.fetch_add(1, Ordering::Relaxed) << 32;
        Self {
            connection,
            producer,
            turn: None,
            queue: VecDeque::new(),
            next_ticket,
            foreign: None,
        }
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Writes all of `data`, as one message on a message pipe. With
    /// [`WaitMode::NoWait`], [`Step::Wait`] means that there was no room and nothing was written.
    ///
    /// # Errors
    ///
    /// `ERROR_NO_DATA` when the peer is gone, `ERROR_BROKEN_PIPE` when it goes while the write waits,
    /// `ERROR_PIPE_NOT_CONNECTED` when the server disconnected, `ERROR_INVALID_PARAMETER` for a message
    /// of more than [`MESSAGE_BYTES_MAX`].
    #[inline]
    pub fn write(
        &mut self,
        data: &[u8],
        wait: WaitMode,
        progress: &mut WriteProgress,
    ) -> Result<Step<usize>> {
        let _held = self.hold()?;
        self.producer.set_tag(progress.tag);
        if let Err(error) = self.check_peer(progress) {
            // What the peer had read before it left is written, whatever it did then.
            let done = self.is_complete(data.len(), progress)?;
            self.leave_queue(progress);
            return if done { Ok(Step::Done(data.len())) } else { Err(error) };
        }
        if progress.first.is_none() && self.may_place(progress) {
            // The common case: it fits, and nobody waits before it.
            let quota = self.connection.write_quota() as usize;
            if self.producer.unread() as usize + data.len() <= quota
                && !(data.is_empty() && self.connection.pipe_type() == PipeType::Byte)
                && self.producer.push(data, 0, false)?.is_some()
            {
                self.connection.announce_data();
                self.leave_queue(progress);
                return Ok(Step::Done(data.len()));
            }
        }
        self.write_slowly(data, wait, progress)
    }

    /// Writes all of `data` if that takes neither a wait nor anything out of the ordinary; otherwise nothing
    /// happens, and [`write`](Self::write) tells what is to be done.
    #[inline]
    pub fn write_at_once(&mut self, data: &[u8]) -> bool {
        let plain = self.connection.sharing().is_none()
            && self.queue.is_empty()
            && !data.is_empty()
            && self.producer.unread() as usize + data.len()
                <= self.connection.write_quota() as usize
            && self.connection.peer_life() == PeerLife::Here
            && self.connection.peer_rights().read;
        if !plain {
            return false;
        }
        self.producer.set_tag(context::of_thread());
        let written = matches!(self.producer.push(data, 0, false), Ok(Some(_)));
        if written {
            self.connection.announce_data();
        }
        written
    }

    #[inline]
    fn check_peer(&self, progress: &WriteProgress) -> Result<()> {
        match self.connection.peer_life() {
            PeerLife::Here if self.connection.peer_rights().read => Ok(()),
            PeerLife::Here => Err(Error::new(ErrorKind::AccessDenied)
                .because("the security of the pipe does not let this client read")),
            PeerLife::Severed => Err(ErrorKind::PipeNotConnected.into()),
            PeerLife::Gone if progress.has_begun() => Err(ErrorKind::BrokenPipe.into()),
            PeerLife::Gone => Err(ErrorKind::NoData.into()),
        }
    }

    #[cold]
    fn write_slowly(
        &mut self,
        data: &[u8],
        wait: WaitMode,
        progress: &mut WriteProgress,
    ) -> Result<Step<usize>> {
        if data.is_empty() && self.connection.pipe_type() == PipeType::Byte {
            return Ok(Step::Done(0));
        }
        self.check_length(data)?;
        let quota = self.connection.write_quota();
        let mut seen = self.producer.refresh()?;
        if progress.first.is_none() {
            if wait == WaitMode::Wait && self.is_close_behind(data, quota) {
                self.producer.let_run();
                seen = self.producer.refresh()?;
            }
            if !self.may_place(progress) {
                if wait == WaitMode::Wait {
                    self.enter_queue(progress);
                }
                return Ok(Step::Wait(self.pending(seen, data.len())));
            }
            let unread = self.producer.unread() as usize;
            // More than the quota can be unread already, after a transaction.
            //= observed: a write of no bytes never waits for the quota
            let fits = data.is_empty() || unread + data.len() <= quota as usize;
            if wait == WaitMode::NoWait && !fits {
                return self.write_to_waiting_reader(data, unread, quota, seen);
            }
            if fits && self.producer.push(data, 0, false)?.is_some() {
                self.connection.announce_data();
                self.leave_queue(progress);
                return Ok(Step::Done(data.len()));
            }
            if wait == WaitMode::NoWait {
                return Ok(Step::Wait(self.pending(seen, data.len())));
            }
        }
        self.place(data, progress)?;
        if self.is_complete(data.len(), progress)? {
            return Ok(Step::Done(data.len()));
        }
        Ok(Step::Wait(self.pending(seen, data.len())))
    }

    /// What is longer than any quota comes here before anything of it is written.
    fn check_length(&self, data: &[u8]) -> Result<()> {
        let fits = self.connection.pipe_type() == PipeType::Byte
            || data.len() <= MESSAGE_BYTES_MAX as usize;
        if fits { Ok(()) } else { Err(too_long()) }
    }

    /// A small write to a quota that is all but full: writer and reader move in lockstep, and each look
    /// at the other's cursor takes its cache line away. To look less often makes both faster.
    fn is_close_behind(&self, data: &[u8], quota: u32) -> bool {
        let small = data.len() <= quota as usize / 64;
        small && self.producer.unread() > quota - quota / 8
    }

    /// Whether a write that waited has completed: its unread remainder fits the quota.
    fn is_complete(&mut self, len: usize, progress: &WriteProgress) -> Result<bool> {
        if progress.first.is_none() || progress.written != len {
            return Ok(false);
        }
        self.producer.refresh()?;
        Ok(self.producer.unread_before(progress.end_bytes) <= self.connection.write_quota())
    }

    /// Puts as much of the rest into the ring as has room, as revocable records. What finds none keeps
    /// its place among the writes that wait for it.
    fn place(&mut self, data: &[u8], progress: &mut WriteProgress) -> Result<()> {
        if progress.first.is_some() && self.turn != Some(progress.ticket) {
            return Ok(()); // It is in the ring as a whole.
        }
        self.enter_queue(progress);
        loop {
            let left = &data[progress.written..];
            if left.is_empty() && progress.first.is_some() {
                return Ok(());
            }
            let piece = match self.producer.room(self.producer.has_second(true)) {
                Some(room) if room as usize >= left.len() => left.len(),
                _ => {
                    // Pieces of an eighth of the ring keep reader and writer busy at once.
                    let grain = self.grain();
                    match self.producer.room(true) {
                        Some(room) if room as usize >= grain => grain.min(left.len() - 1),
                        _ => return Ok(()),
                    }
                }
            };
            let rest = (left.len() - piece) as u64;
            if rest != 0 && self.turn.is_none() {
                self.take_turn();
            }
            let Some(placed) = self.producer.push(&left[..piece], rest, true)? else {
                return Ok(());
            };
            self.note(placed, piece, rest, progress);
            self.connection.announce_data();
        }
    }

    fn grain(&self) -> usize {
        self.connection.ring_bytes() / 8
    }

    fn note(&mut self, placed: Placed, piece: usize, rest: u64, progress: &mut WriteProgress) {
        progress.first.get_or_insert(placed.units);
        progress.written += piece;
        progress.end_bytes = placed.end_bytes;
        if rest != 0 {
            self.turn = Some(progress.ticket);
            return;
        }
        self.leave_queue(progress);
        if self.turn == Some(progress.ticket) {
            self.pass_turn();
        }
    }

    /// Takes the last place among the writes that wait, unless it has one.
    fn enter_queue(&mut self, progress: &mut WriteProgress) {
        if progress.ticket == 0 {
            progress.ticket = self.next_ticket;
            self.next_ticket += 1;
            self.queue.push_back(progress.ticket);
        }
    }

    /// Gives up a place among the writes that wait, if it has one.
    #[inline]
    fn leave_queue(&mut self, progress: &WriteProgress) {
        if progress.has_begun() && !self.queue.is_empty() {
            self.leave_queue_slowly(progress.ticket);
        }
    }

    #[cold]
    fn leave_queue_slowly(&mut self, ticket: u64) {
        let before = self.queue.len();
        self.queue.retain(|queued| *queued != ticket);
        if self.queue.len() != before && !self.queue.is_empty() {
            self.connection.set_changed();
        }
    }

    /// For a write that goes, or goes on, elsewhere than into the ring: what it waits for, unless it is the
    /// first. A write that waits takes or keeps its place among the writes of this end, until it
    /// [leaves](Self::leave_elsewhere).
    ///
    /// # Errors
    ///
    /// If the peer corrupted the ring.
    pub fn enter_elsewhere(
        &mut self,
        wait: WaitMode,
        progress: &mut WriteProgress,
    ) -> Result<Option<Pending>> {
        if wait == WaitMode::Wait {
            self.enter_queue(progress);
        }
        if self.turn == Some(progress.ticket) {
            progress.first = None;
            self.pass_turn();
        }
        if self.may_place(progress) { Ok(None) } else { self.no_room().map(Some) }
    }

    /// As [`enter_elsewhere`](Self::enter_elsewhere), but before all writes that wait.
    pub fn enter_elsewhere_first(&mut self, progress: &mut WriteProgress) {
        progress.ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queue.push_front(progress.ticket);
    }

    /// The first of such writes finds no room now.
    ///
    /// # Errors
    ///
    /// If the peer corrupted the ring.
    pub fn wait_elsewhere(&mut self) -> Result<Pending> {
        Ok(Pending { elsewhere: true, ..self.no_room()? })
    }

    fn no_room(&mut self) -> Result<Pending> {
        let seen = self.producer.refresh()?;
        Ok(Pending { life: self.connection.peer_life(), ..self.pending(seen, 0) })
    }

    /// Such a write is over.
    pub fn leave_elsewhere(&mut self, progress: &WriteProgress) {
        self.leave_queue(progress);
    }

    fn pass_turn(&mut self) {
        self.turn = None;
        self.end_turn();
        self.connection.set_changed();
    }

    /// `PIPE_NOWAIT` and too large: what a waiting reader takes does not count.
    //= observed: PIPE_NOWAIT writes with a waiting reader
    fn write_to_waiting_reader(
        &mut self,
        data: &[u8],
        unread: usize,
        quota: u32,
        seen: u64,
    ) -> Result<Step<usize>> {
        let nothing = Ok(Step::Wait(self.pending(seen, data.len())));
        // The peer's word is a wish only: whatever it says, at most the quota more goes in.
        let wanted = match self.connection.peer().wanted.load(Ordering::Relaxed) {
            0 => return nothing,
            wanted => (wanted - 1) as usize,
        };
        if unread != 0 || wanted == 0 {
            return nothing;
        }
        let message = self.connection.pipe_type() == PipeType::Message;
        let count = if data.len() - wanted.min(data.len()) <= quota as usize {
            data.len()
        } else if message {
            0
        } else {
            wanted.min(data.len())
        };
        if count == 0 || self.producer.push(&data[..count], 0, false)?.is_none() {
            return nothing;
        }
        // The reader has its bytes now; a second write must not count on it again.
        self.connection.peer().wanted.store(0, Ordering::Relaxed);
        self.connection.announce_data();
        Ok(Step::Done(count))
    }

    /// How many bytes of the quota are free. What the peer's first read waits for is charged too.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` when another holder of this end disconnected.
    //= observed: WriteQuotaAvailable with a pending read
    pub fn room(&mut self) -> Result<u32> {
        let _held = self.hold()?;
        self.producer.refresh()?;
        let awaited = match self.connection.peer_life() {
            PeerLife::Here => self.connection.peer().wanted.load(Ordering::Relaxed),
            _ => 0,
        };
        let free = self.connection.write_quota().saturating_sub(self.producer.unread());
        Ok(free.saturating_sub(awaited.saturating_sub(1)))
    }

    pub(super) fn pending(&self, seen: u64, len: usize) -> Pending {
        let wanted = u32::try_from(len).unwrap_or(u32::MAX);
        let changes = self.foreign.map_or_else(|| self.connection.changes(), |of| of.changes);
        let behind = self.foreign.is_some();
        let (need, life, elsewhere) = (Need::Room, PeerLife::Here, false);
        Pending { need, seen, life, changes, wanted, behind, elsewhere }
    }

    /// Whether a write of this process goes in pieces.
    pub(super) fn has_turn(&self) -> bool {
        self.turn.is_some()
    }

    /// Whether a write is on its way into the ring.
    pub(super) fn is_taken(&self) -> bool {
        !self.queue.is_empty() || self.foreign.is_some()
    }

    /// Whether no other write comes before this one.
    #[inline]
    fn may_place(&self, progress: &WriteProgress) -> bool {
        self.foreign.is_none() && self.queue.front().is_none_or(|first| *first == progress.ticket)
    }

    /// Cancels a write that waits: what is unread of it vanishes.
    ///
    /// # Errors
    ///
    /// If the peer corrupted the ring.
    pub fn cancel(&mut self, progress: &WriteProgress) -> Result<Cancelled> {
        if progress.ticket >> 32 != self.next_ticket >> 32 {
            return Ok(Cancelled::Done);
        }
        let Some(first) = progress.first else {
            self.leave_queue(progress);
            return Ok(Cancelled::Done);
        };
        let _held = self.hold()?;
        let in_pieces = self.turn == Some(progress.ticket);
        if !in_pieces && self.is_complete(progress.written, progress)? {
            return Ok(Cancelled::Completed);
        }
        self.leave_queue(progress);
        let withdrawn = self.producer.withdraw(first, progress.end_bytes)?;
        if in_pieces {
            self.producer.cut();
            self.pass_turn();
        }
        // A flush or another write may wait behind what is gone now.
        self.connection.set_changed();
        self.connection.announce_data();
        Ok(match withdrawn {
            Withdrawn::TooLate if !in_pieces => Cancelled::Completed,
            _ => Cancelled::Done,
        })
    }

    /// Writes a message without regard to the quota, for a transaction; done when all of it is in the
    /// ring.
    //= observed: the write part of a transaction never blocks on quota
    pub(super) fn post(&mut self, data: &[u8], progress: &mut WriteProgress) -> Result<Step<()>> {
        if let Err(error) = self.check_peer(progress).and_then(|()| self.check_length(data)) {
            self.leave_queue(progress);
            return Err(error);
        }
        self.producer.set_tag(progress.tag);
        let seen = self.producer.refresh()?;
        if progress.first.is_none() && self.may_place(progress) {
            if self.producer.push(data, 0, false)?.is_some() {
                self.connection.announce_data();
                self.leave_queue(progress);
                return Ok(Step::Done(()));
            }
            // What can fit as a whole waits for that; only what cannot goes in pieces.
            if data.len() < self.connection.ring_bytes() / 2 {
                self.enter_queue(progress);
                return Ok(Step::Wait(self.pending(seen, data.len())));
            }
        }
        if progress.first.is_some() || self.may_place(progress) {
            self.place(data, progress)?;
        } else {
            self.enter_queue(progress);
        }
        if progress.first.is_some() && progress.written == data.len() {
            return Ok(Step::Done(()));
        }
        Ok(Step::Wait(self.pending(seen, data.len())))
    }

    /// Room for a record of `len` bytes to be filled in place; as [`write`](Self::write) otherwise.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write), and `ERROR_INVALID_PARAMETER` if it can never fit.
    pub fn reserve(&mut self, len: u32) -> Result<Step<()>> {
        let _held = self.hold()?;
        self.check_peer(&WriteProgress::default())?;
        if len > self.connection.write_quota() {
            return Err(Error::new(ErrorKind::InvalidParameter)
                .because("a reservation must fit the quota of its direction"));
        }
        let seen = self.producer.refresh()?;
        let fits = self.producer.unread() + len <= self.connection.write_quota();
        if !self.is_taken() && fits && self.producer.has_room(len)? {
            return Ok(Step::Done(()));
        }
        Ok(Step::Wait(self.pending(seen, len as usize)))
    }

    /// Fills a part of the reservation.
    ///
    /// # Panics
    ///
    /// If the bytes reach beyond the reservation.
    pub fn fill(&mut self, total: u32, at: u32, bytes: &[u8]) {
        self.producer.fill(total, at, bytes);
    }

    /// Publishes the first `len` bytes of the reservation.
    pub fn commit(&mut self, len: u32) {
        if len != 0 || self.connection.pipe_type() == PipeType::Message {
            self.producer.commit(len);
            self.connection.announce_data();
        }
    }
}

#[cold]
fn too_long() -> Error {
    Error::new(ErrorKind::InvalidParameter).because("a message has at most 1 GiB")
}
