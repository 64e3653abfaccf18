//! `ReadFile` on a connected end.
//!
//= learn: ReadFile, Named Pipe Type, Read, and Wait Modes

use std::collections::VecDeque;
use std::sync::Arc;

use ntpipe_shm::ring::{Consumer, Front, Seen};
use ntpipe_shm::sync::Ordering;

use super::shared::low;
use super::{Need, Pending, Step};
use crate::connection::{Connection, PeerLife};
use crate::context::Told;
use crate::error::{Error, ErrorKind, Result};
use crate::mode::{PipeType, ReadMode, WaitMode};

/// The reading half of an end.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Arc<Connection>,
    pub(super) consumer: Consumer,
    /// Part of a message was taken; the payload count at its end.
    pub(super) inside: Option<u32>,
    /// What the peer said with the write that was read from last.
    tag: Option<u8>,
    /// Counts withdrawn records that were come upon: a read that waits for the rest of a message
    /// learns by it that there is none, also when a peek came first.
    cuts: u32,
    /// Of the reading half, this process has the turn among several.
    pub(super) has_turn: bool,
    /// Another process has it: what to wait for.
    pub(super) foreign: Option<Pending>,
    /// The reads that wait, in the order of their issue: the first of them has the turn, and keeps
    /// it while it has part of a message.
    queue: VecDeque<u64>,
    next_ticket: u64,
    /// When the peer is gone: the payload count up to which its writes had completed. Writes that
    /// were still pending then are gone with it.
    cutoff: Option<u32>,
}

/// How far a read has come; one value per call, kept across its waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadProgress {
    cuts: u32,
    filled: usize,
    ticket: u64,
}

impl ReadProgress {
    /// Bytes copied so far.
    #[must_use]
    pub fn filled(&self) -> usize {
        self.filled
    }
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recv {
    /// Bytes copied into the buffer.
    pub len: usize,
    /// Whether the message goes on: Windows' `ERROR_MORE_DATA`.
    pub more: bool,
}

impl Reader {
    /// The reading half of a connection.
    #[must_use]
    pub fn new(connection: Arc<Connection>) -> Self {
        let consumer = Consumer::new(connection.shared().clone(), connection.inward());
        Self {
            connection,
            consumer,
            inside: None,
            tag: None,
            cuts: 0,
            has_turn: false,
            foreign: None,
            queue: VecDeque::new(),
            next_ticket: 1,
            cutoff: None,
        }
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// What the peer said of itself. It is believed to the peer's own harm only.
    #[must_use]
    pub fn told(&self) -> Told {
        let at_open = self.connection.peer().context.load(Ordering::Relaxed);
        Told { at_open, last: self.tag }
    }

    /// Reads: bytes up to the buffer's length, or at most one message. A read that waits keeps its
    /// place among the others until it is done or [given up](Self::give_up).
    ///
    /// # Errors
    ///
    /// `ERROR_BROKEN_PIPE` when the peer is gone and nothing is left, `ERROR_PIPE_NOT_CONNECTED` when
    /// the server disconnected.
    #[inline]
    pub fn read(
        &mut self,
        into: &mut [u8],
        mode: ReadMode,
        wait: WaitMode,
        progress: &mut ReadProgress,
    ) -> Result<Step<Recv>> {
        let _held = self.hold()?;
        if let Some(pending) = self.foreign {
            return Ok(Step::Wait(pending));
        }
        if self.queue.front().is_some_and(|first| *first != progress.ticket) {
            return self.wait_for_turn(into.len(), wait, progress);
        }
        let step = self.step(into, mode, progress);
        self.connection.announce_room();
        self.settle_turn(&step, progress);
        match step {
            Ok(Step::Wait(_)) if wait == WaitMode::Wait => self.enqueue(progress),
            _ if self.queue.is_empty() => {}
            _ => self.dequeue(progress),
        }
        step
    }

    /// Reads what [`read`](Self::read) would, if that takes neither a wait nor anything out of the ordinary:
    /// on a message pipe a message that is there as a whole and fits. Otherwise nothing happens.
    #[inline]
    pub fn read_at_once(&mut self, into: &mut [u8], mode: ReadMode) -> Option<Recv> {
        let plain = self.connection.sharing().is_none()
            && self.queue.is_empty()
            && self.inside.is_none()
            && self.connection.peer_life() == PeerLife::Here
            && self.connection.peer_rights().write;
        if !plain {
            return None;
        }
        let by_message =
            self.connection.pipe_type() == PipeType::Message && mode == ReadMode::Message;
        let mut filled = 0;
        loop {
            let front = match self.consumer.front() {
                Ok(Seen::Record(front)) => front,
                Ok(Seen::Cut) => {
                    self.cut();
                    break;
                }
                Ok(Seen::Empty(_)) | Err(_) => break,
            };
            let wanted = into.len() - filled;
            let whole = front.left as usize <= wanted;
            let ordinary = front.left != 0 && front.rest == 0 && !front.revocable;
            if !ordinary || wanted == 0 || by_message && !whole {
                break;
            }
            let Ok(Some(count)) = self.consumer.take(front, &mut into[filled..]) else { break };
            self.tag = Some(front.tag);
            filled += count;
            if by_message {
                break;
            }
        }
        if filled == 0 {
            return None;
        }
        self.connection.announce_room();
        Some(Recv { len: filled, more: false })
    }

    /// Behind the reads that were issued before.
    #[cold]
    fn wait_for_turn(
        &mut self,
        wanted: usize,
        wait: WaitMode,
        progress: &mut ReadProgress,
    ) -> Result<Step<Recv>> {
        if self.connection.peer_life() == PeerLife::Severed {
            return Err(ErrorKind::PipeNotConnected.into());
        }
        if wait == WaitMode::Wait {
            self.enqueue(progress);
        }
        // The word cannot say when the turn comes; the count of changes does.
        Ok(Step::Wait(self.no_data(wanted)))
    }

    /// For a read elsewhere than in the ring: what it waits for, unless it is the first. A read that waits
    /// takes or keeps its place among the reads of this end, until it [leaves](Self::leave_elsewhere).
    pub fn enter_elsewhere(
        &mut self,
        wait: WaitMode,
        progress: &mut ReadProgress,
    ) -> Option<Pending> {
        if wait == WaitMode::Wait {
            self.enqueue(progress);
        }
        let is_first = self.queue.front().is_none_or(|first| *first == progress.ticket);
        (!is_first).then(|| self.no_data(0))
    }

    /// The first of such reads finds nothing yet.
    #[must_use]
    pub fn wait_elsewhere(&self) -> Pending {
        Pending { elsewhere: true, ..self.no_data(0) }
    }

    /// Such a read is over.
    pub fn leave_elsewhere(&mut self, progress: &ReadProgress) {
        self.dequeue(progress);
    }

    /// Takes all that is there, whatever reads wait for it: from now on the data of this pipe goes another
    /// way. No write may be under way.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), but a peer that is gone is none.
    pub fn drain(&mut self) -> Result<Vec<u8>> {
        let _held = self.hold()?;
        let mut all = Vec::new();
        let mut piece = vec![0; 65_536];
        loop {
            match self.step(&mut piece, ReadMode::Byte, &mut ReadProgress::default()) {
                Ok(Step::Done(recv)) => all.extend_from_slice(&piece[..recv.len]),
                // Of withdrawn records alone there are no more than one step passes.
                Ok(Step::Wait(_)) => break,
                Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
                Err(error) => return Err(error),
            }
        }
        self.connection.announce_room();
        Ok(all)
    }

    /// Whether reads of this process wait.
    pub(super) fn has_waiters(&self) -> bool {
        !self.queue.is_empty()
    }

    fn enqueue(&mut self, progress: &mut ReadProgress) {
        if progress.ticket == 0 {
            progress.ticket = self.next_ticket;
            self.next_ticket += 1;
            self.queue.push_back(progress.ticket);
        }
    }

    fn dequeue(&mut self, progress: &ReadProgress) {
        self.queue.retain(|ticket| *ticket != progress.ticket);
        if !self.queue.is_empty() {
            self.connection.set_changed();
        }
    }

    /// The most records that a ring holds at once: who passes more in one call, all without a byte,
    /// has a peer that writes as fast as we read, and has to look at its deadline.
    pub(super) fn records_max(&self) -> u32 {
        self.connection.shared().spec().capacities[self.connection.inward()] / 8
    }

    /// A wait that is over at once.
    #[cold]
    pub(super) fn try_again(&self, wanted: usize) -> Pending {
        let changes = self.connection.changes().wrapping_sub(1);
        Pending { changes, ..self.no_data(wanted) }
    }

    fn no_data(&self, wanted: usize) -> Pending {
        Pending {
            need: Need::Data,
            seen: self.consumer.tail_word(),
            life: self.connection.peer_life(),
            changes: self.connection.changes(),
            wanted: u32::try_from(wanted).unwrap_or(u32::MAX),
            behind: false,
            elsewhere: false,
        }
    }

    /// The front record, or why there is none. `Ok(Err(..))` is "wait".
    #[inline]
    pub(super) fn front(&mut self, wanted: usize) -> Result<std::result::Result<Found, Pending>> {
        let mut life = self.connection.peer_life();
        loop {
            if life == PeerLife::Severed {
                return Err(ErrorKind::PipeNotConnected.into());
            }
            if !self.connection.peer_rights().write {
                return Ok(self.nothing_from_a_reader(life));
            }
            if life == PeerLife::Gone {
                // Before anything more is taken: what had completed is told by what is unread now.
                self.bounds()?;
            }
            let seen = match self.consumer.front()? {
                Seen::Record(front) if life == PeerLife::Here || self.survives(front)? => {
                    return Ok(Ok(Found::Record(front)));
                }
                Seen::Record(front) => {
                    self.consumer.skip(front);
                    return Ok(Ok(self.cut()));
                }
                Seen::Cut => return Ok(Ok(self.cut())),
                Seen::Empty(seen) => seen,
            };
            // Empty, and gone? What the peer wrote before it went is visible to whoever sees that it
            // went: look once more, then believe it.
            if life == PeerLife::Gone {
                return Ok(Ok(Found::End));
            }
            life = self.connection.peer_life();
            if life == PeerLife::Here {
                let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
                return Ok(Err(Pending {
                    need: Need::Data,
                    seen,
                    life,
                    changes: self.connection.changes(),
                    wanted,
                    behind: false,
                    elsewhere: false,
                }));
            }
        }
    }

    /// The pipe's security does not let this client write: whatever it put into the shared memory is
    /// not there.
    #[cold]
    fn nothing_from_a_reader(&self, life: PeerLife) -> std::result::Result<Found, Pending> {
        if life == PeerLife::Gone {
            return Ok(Found::End);
        }
        Err(Pending { life, ..self.no_data(0) })
    }

    /// What continued before a withdrawn record ends there, and its room is free, whatever passed it: a peek
    /// that tells of nothing brings nobody to read.
    #[cold]
    fn cut(&mut self) -> Found {
        self.inside = None;
        self.cuts = self.cuts.wrapping_add(1);
        self.connection.announce_room();
        Found::Cut
    }

    /// Whether the record, of a peer that is gone, belongs to a write that had completed.
    //= observed: a process with a pending write is terminated; its data is gone
    fn survives(&mut self, front: Front) -> Result<bool> {
        Ok(!front.revocable || self.bounds()?.survives(front))
    }

    /// Which records are still there to read if the peer is gone.
    pub(super) fn bounds(&mut self) -> Result<Bounds> {
        let consumed = self.consumer.consumed();
        let cutoff = match self.cutoff {
            Some(cutoff) => cutoff,
            None => {
                let cutoff = match self.agreed_cutoff() {
                    Some(cutoff) => cutoff,
                    None => self.find_cutoff()?,
                };
                self.agree_on_cutoff(cutoff);
                *self.cutoff.insert(cutoff)
            }
        };
        let ahead = cutoff.wrapping_sub(consumed);
        let everything = self.connection.shared().spec().capacities[self.connection.inward()];
        // Beyond it already: nothing that was pending survives.
        Ok(Bounds { consumed, ahead_max: if ahead > everything { 0 } else { ahead } })
    }

    /// Where the peer's writes ended, if it is known to be gone.
    pub(super) fn cutoff(&self) -> Option<u32> {
        self.cutoff
    }

    /// The payload count at the end of the last write that had completed when the peer went: what was
    /// unread up to there fitted the quota, and all of it is in the ring.
    fn find_cutoff(&mut self) -> Result<u32> {
        let quota = u64::from(self.connection.read_quota());
        let mut cutoff = self.consumer.consumed();
        // While a write in pieces has not come to its end: where the one before it ended.
        let mut before = None;
        let mut live = 0;
        self.consumer.scan(|front, void, _| {
            if void {
                before = None;
                return true;
            }
            live += u64::from(front.left);
            let previous = cutoff;
            if live.saturating_add(front.rest) <= quota {
                cutoff = front.end_bytes;
            }
            before = (front.rest != 0).then(|| before.unwrap_or(previous));
            true
        })?;
        Ok(before.unwrap_or(cutoff))
    }

    #[inline]
    fn step(
        &mut self,
        into: &mut [u8],
        mode: ReadMode,
        progress: &mut ReadProgress,
    ) -> Result<Step<Recv>> {
        let messages = self.connection.pipe_type() == PipeType::Message;
        let by_message = messages && mode == ReadMode::Message;
        for _ in 0..self.records_max() {
            if by_message && progress.filled > 0 && progress.cuts != self.cuts {
                // The write was cancelled, whoever came upon that: what this read has of it vanishes
                // with the rest.
                progress.filled = 0;
            }
            let wanted = into.len() - progress.filled;
            let front = match self.front(wanted)? {
                Ok(Found::Record(front)) => front,
                Ok(Found::Cut) => continue,
                Ok(Found::End) => {
                    let torn = self.inside.take().is_some() && by_message;
                    if progress.filled > 0 && !torn {
                        return Ok(done(progress.filled, false));
                    }
                    return Err(ErrorKind::BrokenPipe.into());
                }
                // A byte read takes what is there and does not wait for more.
                Err(_) if progress.filled > 0 && !by_message => {
                    return Ok(done(progress.filled, false));
                }
                Err(pending) => return Ok(Step::Wait(pending)),
            };
            if !by_message && wanted == 0 && front.left > 0 {
                return Ok(done(progress.filled, false));
            }
            let message_end = front.end_bytes.wrapping_add(low(front.rest));
            if front.rest != 0 {
                self.note_part(message_end, by_message);
            }
            let Some(count) = self.consumer.take(front, &mut into[progress.filled..])? else {
                continue;
            };
            progress.filled += count;
            progress.cuts = self.cuts;
            self.tag = Some(front.tag);
            let whole = count == front.left as usize;
            if whole {
                self.inside = (front.rest != 0).then_some(message_end);
            }
            if by_message && (!whole || self.inside.is_none()) {
                return Ok(done(progress.filled, !whole));
            }
            if progress.filled == into.len() && (by_message || progress.filled > 0) {
                return Ok(done(progress.filled, by_message));
            }
        }
        if progress.filled > 0 && !by_message {
            return Ok(done(progress.filled, false));
        }
        Ok(Step::Wait(self.try_again(into.len() - progress.filled)))
    }

    /// Ends a message read early, at a deadline or a cancellation: what was copied is delivered as the
    /// first part of its message, so nothing is lost.
    #[must_use]
    pub fn give_up(&mut self, progress: &ReadProgress) -> Option<Recv> {
        self.dequeue(progress);
        if progress.filled > 0 {
            self.end_turn();
        }
        let more = self.inside.is_some();
        (progress.filled > 0).then_some(Recv { len: progress.filled, more })
    }

    /// Whether nothing is there to read.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), but a peer that is gone is no error.
    pub fn is_empty(&mut self) -> Result<bool> {
        let _held = self.hold()?;
        if self.foreign.is_some() {
            return Ok(true);
        }
        for _ in 0..self.records_max() {
            match self.front(0)? {
                Ok(Found::Record(_)) => return Ok(false),
                Ok(Found::Cut) => {}
                Ok(Found::End) | Err(_) => return Ok(true),
            }
        }
        Ok(false)
    }

    /// The error of a read that may not wait: `ERROR_NO_DATA`.
    //= observed: PIPE_NOWAIT, empty: PIPE_EMPTY
    #[must_use]
    pub fn would_block() -> Error {
        Error::new(ErrorKind::NoData)
    }
}

/// How far from the front a write may end that had completed when the peer went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    consumed: u32,
    ahead_max: u32,
}

impl Bounds {
    pub(super) fn survives(self, front: Front) -> bool {
        !front.revocable || front.end_bytes.wrapping_sub(self.consumed) <= self.ahead_max
    }
}

/// What a look at the front found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    Record(Front),
    /// What continued ends here.
    Cut,
    /// The peer is gone and everything was read.
    End,
}

fn done(len: usize, more: bool) -> Step<Recv> {
    Step::Done(Recv { len, more })
}
