//! The two halves of an end that other processes hold as well: each step under the lock, at the
//! positions that the last process left, and a turn for what goes in pieces.
//!
//! A process that dies gives its locks back but leaves its marks in the segment: a mark without a
//! lock is cleared by the next one, who ends the write or skips the rest of the message.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ntpipe_shm::layout::{PARTIAL, TURN};
use ntpipe_shm::ring::Seen;

use super::{Need, Pending, ReadProgress, Reader, Recv, Step, Writer};
use crate::connection::PeerLife;
use crate::error::{ErrorKind, Result};
use crate::sharing::{Half, Held, Sharing};

impl Writer {
    /// Keeps other processes that hold this end from writing, until dropped.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` when one of them disconnected.
    #[inline]
    pub fn hold(&mut self) -> Result<Option<Held>> {
        match self.connection.sharing() {
            None => Ok(None),
            Some(sharing) => self.hold_shared(&sharing.clone()).map(Some),
        }
    }

    #[cold]
    fn hold_shared(&mut self, sharing: &Arc<Sharing>) -> Result<Held> {
        let held = sharing.hold(Half::Writing)?;
        if self.connection.is_left() {
            return Err(ErrorKind::PipeNotConnected.into());
        }
        self.producer.resync()?;
        self.foreign = None;
        let changes = self.connection.changes();
        // SYNC(turn): Acquire. Pairs with the Release stores of the word by whoever held the lock.
        let mark = self.connection.own().streaming.load(Ordering::Acquire);
        if mark == 0 || self.has_turn() {
            return Ok(held);
        }
        if sharing.try_turn(Half::Writing)? {
            self.producer.withdraw(low(mark), self.producer.produced())?;
            self.producer.cut();
            self.end_turn();
            self.connection.announce_data();
            self.connection.set_changed();
        } else {
            self.foreign = Some(changes);
            sharing.watch_turn(Half::Writing, Arc::downgrade(&self.connection))?;
        }
        Ok(held)
    }

    /// Before the first piece of a write.
    pub(super) fn take_turn(&mut self) -> Result<()> {
        if let Some(sharing) = self.connection.sharing() {
            sharing.turn(Half::Writing)?;
            let mark = TURN | u64::from(self.producer.position());
            // SYNC(turn): Release. Pairs with the Acquire load in `hold_shared`.
            self.connection.own().streaming.store(mark, Ordering::Release);
        }
        Ok(())
    }

    /// After its last piece.
    pub(super) fn end_turn(&self) {
        if let Some(sharing) = self.connection.sharing() {
            self.connection.own().streaming.store(0, Ordering::Release);
            sharing.end_turn(Half::Writing);
        }
    }

    /// The end is about to be shared: tells the others of a write that is under way.
    ///
    /// # Errors
    ///
    /// The system call's.
    pub fn begin_sharing(&mut self) -> Result<()> {
        if self.has_turn() { self.take_turn() } else { Ok(()) }
    }
}

impl Reader {
    /// Keeps other processes that hold this end from reading, until dropped.
    ///
    /// # Errors
    ///
    /// `ERROR_PIPE_NOT_CONNECTED` when one of them disconnected.
    #[inline]
    pub fn hold(&mut self) -> Result<Option<Held>> {
        match self.connection.sharing() {
            None => Ok(None),
            Some(sharing) => self.hold_shared(&sharing.clone()).map(Some),
        }
    }

    #[cold]
    fn hold_shared(&mut self, sharing: &Arc<Sharing>) -> Result<Held> {
        let held = sharing.hold(Half::Reading)?;
        if self.connection.is_left() {
            return Err(ErrorKind::PipeNotConnected.into());
        }
        let pending = Pending {
            need: Need::Data,
            seen: self.consumer.tail_word(),
            life: self.connection.peer_life(),
            changes: self.connection.changes(),
            wanted: 0,
        };
        self.consumer.resync();
        self.foreign = None;
        // SYNC(turn): Acquire. Pairs with the Release stores of the word by whoever held the lock.
        let mark = self.connection.own().partial.load(Ordering::Acquire);
        let end = low(mark);
        let inside = mark & PARTIAL != 0 && self.is_before(end);
        self.inside = inside.then_some(end);
        if mark & TURN == 0 || self.has_turn {
            return Ok(held);
        }
        if sharing.try_turn(Half::Reading)? {
            // The rest of a message was the dead reader's.
            if self.skip_to(end)? {
                self.inside = None;
                self.connection.own().partial.store(0, Ordering::Release);
            } else {
                self.foreign = Some(pending);
            }
            sharing.end_turn(Half::Reading);
            self.connection.announce_room();
        } else {
            self.foreign = Some(pending);
            sharing.watch_turn(Half::Reading, Arc::downgrade(&self.connection))?;
        }
        Ok(held)
    }

    /// Whether not everything before the payload count `end` is consumed.
    fn is_before(&self, end: u32) -> bool {
        let left = end.wrapping_sub(self.consumer.consumed());
        left != 0 && left < 1 << 31
    }

    /// Skips what is there of a message; whether that was all.
    fn skip_to(&mut self, end: u32) -> Result<bool> {
        // A peer that floods us with records without bytes keeps nobody beyond his deadline.
        for _ in 0..self.records_max() {
            if !self.is_before(end) {
                return Ok(true);
            }
            match self.consumer.front()? {
                Seen::Record(front) => {
                    self.consumer.skip(front);
                    if front.rest == 0 {
                        return Ok(true);
                    }
                }
                Seen::Cut => return Ok(true),
                Seen::Empty(_) => return Ok(self.connection.peer_life() != PeerLife::Here),
            }
        }
        Ok(!self.is_before(end))
    }

    /// A part of the message that ends at `end` is about to be taken; the rest of it belongs to this
    /// read, unless it joins messages.
    #[inline]
    pub(super) fn note_part(&mut self, end: u32, by_message: bool) -> Result<()> {
        match self.connection.sharing() {
            None => Ok(()),
            Some(sharing) => self.note_shared(&sharing.clone(), end, by_message),
        }
    }

    #[cold]
    fn note_shared(&mut self, sharing: &Sharing, end: u32, by_message: bool) -> Result<()> {
        if by_message && !self.has_turn {
            sharing.turn(Half::Reading)?;
            self.has_turn = true;
        }
        let turn = if self.has_turn { TURN } else { 0 };
        let mark = PARTIAL | turn | u64::from(end);
        // SYNC(turn): Release. Pairs with the Acquire load in `hold_shared`; as the two below.
        self.connection.own().partial.store(mark, Ordering::Release);
        Ok(())
    }

    /// After a step: keeps the turn for the rest of a message, or gives it back.
    #[inline]
    pub(super) fn settle_turn(&mut self, step: &Result<Step<Recv>>, progress: &ReadProgress) {
        match self.connection.sharing() {
            None => {}
            Some(_) => self.settle_shared(step, progress),
        }
    }

    #[cold]
    fn settle_shared(&mut self, step: &Result<Step<Recv>>, progress: &ReadProgress) {
        if matches!(step, Ok(Step::Wait(_))) && self.inside.is_some() && progress.filled() > 0 {
            return;
        }
        if self.inside.is_none() {
            self.connection.own().partial.store(0, Ordering::Release);
        }
        self.end_turn();
    }

    /// Gives the turn back, if this process has it.
    pub(super) fn end_turn(&mut self) {
        if let Some(sharing) = self.connection.sharing()
            && std::mem::take(&mut self.has_turn)
        {
            self.connection.own().partial.fetch_and(!TURN, Ordering::AcqRel);
            sharing.end_turn(Half::Reading);
            self.connection.set_changed();
        }
    }

    /// The end is about to be shared: tells the others of a message that is under way.
    ///
    /// # Errors
    ///
    /// The system call's.
    pub fn begin_sharing(&mut self) -> Result<()> {
        let waits = self.has_waiters();
        self.inside.map_or(Ok(()), |end| self.note_part(end, waits))
    }
}

/// The low half: of a mark its position, of a count what counts are compared by.
#[expect(clippy::cast_possible_truncation, reason = "the low half of the word")]
pub(super) fn low(word: u64) -> u32 {
    word as u32
}
