//! The two halves of an end that other processes hold as well: each step under the lock, at the
//! positions that the last process left, and a turn for what goes in pieces.
//!
//! A process that dies gives its locks back but leaves its marks in the segment. Whoever comes upon the
//! mark of a dead one, or is told of the death, buries it: ends its write, or skips the rest of its
//! message.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ntpipe_shm::layout::{HOLDER_SHIFT, PARTIAL, TURN};
use ntpipe_shm::ring::Seen;

use super::{Need, Pending, ReadProgress, Reader, Recv, Step, Writer};
use crate::connection::{Connection, PeerLife};
use crate::error::{ErrorKind, Result};
use crate::sharing::{Half, Held, Holder, NOBODY, Sharing, Turn, turn_mark, turn_of};

/// What both halves do for it, each in its way.
trait SharedHalf {
    const HALF: Half;
    const NEED: Need;

    fn connection(&self) -> &Arc<Connection>;

    /// The cursor word, for waiting until it changes.
    fn seen(&self) -> u64;

    /// Goes on where another process stopped.
    fn resume(&mut self) -> Result<()>;

    /// What is in pieces now, and whose turn it is.
    fn mark(&self) -> u64;

    /// Notes that another process has the turn, or that none has.
    fn set_foreign(&mut self, foreign: Option<Pending>);

    /// Ends what this holder, who is dead, was in the middle of; whether that is over.
    fn bury(&mut self, holder: u8) -> Result<bool>;
}

#[cold]
fn hold<H: SharedHalf>(half: &mut H, sharing: &Arc<Sharing>) -> Result<Held> {
    let held = sharing.hold(H::HALF)?;
    let connection = half.connection();
    if connection.is_left() {
        return Err(ErrorKind::PipeNotConnected.into());
    }
    let mut pending = Pending {
        need: H::NEED,
        seen: half.seen(),
        life: connection.peer_life(),
        changes: connection.changes(),
        wanted: 0,
        behind: false,
        elsewhere: false,
    };
    half.resume()?;
    let over = match sharing.turn(half.mark())? {
        Turn::Free => true,
        Turn::Dead(holder) => half.bury(holder)?,
        Turn::Other => {
            pending.behind = true;
            false
        }
    };
    half.set_foreign((!over).then_some(pending));
    Ok(held)
}

/// Ends what a holder was in the middle of when it died. Waits for the steps of the others; what a
/// dead holder does not come to an end with now, the next one will.
///
/// # Errors
///
/// If the peer corrupted a ring, and the system calls'.
pub fn bury(connection: &Arc<Connection>, dead: Holder) -> Result<()> {
    let Some(sharing) = connection.sharing() else { return Ok(()) };
    let apart = sharing.apart()?;
    let taken = apart.try_take(dead.number)?;
    // A child that the dead one was about to start may keep its locks for a moment.
    if !apart.is_of(dead.number, dead.process)? {
        return Ok(());
    }
    bury_number(connection, &apart, dead.number)?;
    if taken { apart.forget(dead.number) } else { Ok(()) }
}

/// The same for a dead process that had the number which is this one's now.
///
/// # Errors
///
/// As of [`bury`].
pub fn bury_predecessor(connection: &Arc<Connection>) -> Result<()> {
    match connection.sharing() {
        Some(sharing) if sharing.inherits() => {
            bury_number(connection, &sharing.apart()?, sharing.number())
        }
        _ => Ok(()),
    }
}

fn bury_number(connection: &Arc<Connection>, apart: &Arc<Sharing>, number: u8) -> Result<()> {
    fn half<H: SharedHalf>(mut half: H, apart: &Arc<Sharing>, number: u8) -> Result<()> {
        let _held = apart.hold(H::HALF)?;
        if !half.connection().is_left() {
            half.resume()?;
            half.bury(number)?;
            half.connection().set_changed();
        }
        Ok(())
    }
    half(Writer::new(connection.clone()), apart, number)?;
    half(Reader::new(connection.clone()), apart, number)
}

impl SharedHalf for Writer {
    const HALF: Half = Half::Writing;
    const NEED: Need = Need::Room;

    fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    fn seen(&self) -> u64 {
        // Relaxed: compared only, never used as a position.
        self.connection.shared().ring(self.connection.outward()).head.0.load(Ordering::Relaxed)
    }

    fn resume(&mut self) -> Result<()> {
        Ok(self.producer.resync()?)
    }

    fn mark(&self) -> u64 {
        // SYNC(turn): Acquire. Pairs with the Release stores of the word by whoever held the lock.
        self.connection.own().streaming.load(Ordering::Acquire)
    }

    fn set_foreign(&mut self, foreign: Option<Pending>) {
        self.foreign = foreign;
    }

    fn bury(&mut self, holder: u8) -> Result<bool> {
        // What had completed stays: its unread remainder fits the quota.
        //= observed: a process with a pending write is terminated; its data is gone
        self.producer.withdraw_of(holder, self.connection.write_quota())?;
        if turn_of(self.mark()) == Some(holder) {
            self.producer.cut();
            self.end_turn();
        }
        self.connection.announce_data();
        self.connection.set_changed();
        Ok(true)
    }
}

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
            Some(sharing) => hold(self, &sharing.clone()).map(Some),
        }
    }

    /// Before the first piece of a write.
    pub(super) fn take_turn(&mut self) {
        if let Some(sharing) = self.connection.sharing() {
            let mark = turn_mark(sharing.number());
            // SYNC(turn): Release. Pairs with the Acquire load in `mark`.
            self.connection.own().streaming.store(mark, Ordering::Release);
        }
    }

    /// After its last piece.
    pub(super) fn end_turn(&self) {
        if self.connection.sharing().is_some() {
            self.connection.own().streaming.store(0, Ordering::Release);
        }
    }

    /// The end is about to be shared: tells the others of a write that is under way.
    pub fn begin_sharing(&mut self) {
        if self.has_turn() {
            self.take_turn();
        }
    }
}

impl SharedHalf for Reader {
    const HALF: Half = Half::Reading;
    const NEED: Need = Need::Data;

    fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    fn seen(&self) -> u64 {
        self.consumer.tail_word()
    }

    fn resume(&mut self) -> Result<()> {
        self.consumer.resync();
        if self.cutoff().is_none() && self.agreed_cutoff().is_some() {
            // The kernel has told another holder; what had not completed is not there for this one either.
            self.connection.set_gone();
        }
        let mark = self.mark();
        let end = low(mark);
        let inside = mark & PARTIAL != 0 && self.is_before(end);
        self.inside = inside.then_some(end);
        Ok(())
    }

    fn mark(&self) -> u64 {
        // SYNC(turn): Acquire. Pairs with the Release stores of the word by whoever held the lock.
        self.connection.own().partial.load(Ordering::Acquire)
    }

    fn set_foreign(&mut self, foreign: Option<Pending>) {
        self.foreign = foreign;
    }

    fn bury(&mut self, holder: u8) -> Result<bool> {
        let mark = self.mark();
        if turn_of(mark) != Some(holder) {
            return Ok(true);
        }
        // The rest of its message was the dead reader's; who gets its number has nothing to do with it.
        let end = low(mark);
        let skipping = PARTIAL | turn_mark(NOBODY) | u64::from(end);
        // SYNC(turn): Release. Pairs with the Acquire load in `mark`; as the one below.
        self.connection.own().partial.store(skipping, Ordering::Release);
        let over = self.skip_to(end)?;
        if over {
            self.inside = None;
            self.connection.own().partial.store(0, Ordering::Release);
        }
        self.connection.announce_room();
        Ok(over)
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
            Some(sharing) => hold(self, &sharing.clone()).map(Some),
        }
    }

    /// Whether not everything before the payload count `end` is consumed, of a message: they are short
    /// enough for this comparison.
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
    pub(super) fn note_part(&mut self, end: u32, by_message: bool) {
        if let Some(sharing) = self.connection.sharing() {
            let number = sharing.number();
            self.note_shared(number, end, by_message);
        }
    }

    #[cold]
    fn note_shared(&mut self, number: u8, end: u32, by_message: bool) {
        self.has_turn |= by_message;
        let turn = if self.has_turn { turn_mark(number) } else { 0 };
        let mark = PARTIAL | turn | u64::from(end);
        // SYNC(turn): Release. Pairs with the Acquire load in `mark`; as the two below.
        self.connection.own().partial.store(mark, Ordering::Release);
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
        if self.connection.sharing().is_some() && std::mem::take(&mut self.has_turn) {
            let rest = !(TURN | 0xFF << HOLDER_SHIFT);
            self.connection.own().partial.fetch_and(rest, Ordering::AcqRel);
            self.connection.set_changed();
        }
    }

    /// Up to where the holders of this end read what a peer left that is gone, if one of them has looked.
    pub(super) fn agreed_cutoff(&self) -> Option<u32> {
        // SYNC(cutoff): Acquire. Pairs with the Release store below, by another holder.
        let word = self.connection.own().cutoff.load(Ordering::Acquire);
        (word & PARTIAL != 0 && self.connection.sharing().is_some()).then_some(low(word))
    }

    /// Tells the others.
    pub(super) fn agree_on_cutoff(&self, cutoff: u32) {
        if self.connection.sharing().is_some() {
            let word = PARTIAL | u64::from(cutoff);
            // SYNC(cutoff): Release. Pairs with the Acquire load above, by another holder.
            self.connection.own().cutoff.store(word, Ordering::Release);
        }
    }

    /// The end is about to be shared: tells the others of a message that is under way, and of what is
    /// left of a peer that is gone.
    pub fn begin_sharing(&mut self) {
        if let Some(cutoff) = self.cutoff() {
            self.agree_on_cutoff(cutoff);
        }
        if let Some(end) = self.inside {
            let waits = self.has_waiters();
            self.note_part(end, waits);
        }
    }
}

/// The low half: of a mark its position, of a count what counts are compared by.
#[expect(clippy::cast_possible_truncation, reason = "the low half of the word")]
pub(super) fn low(word: u64) -> u32 {
    word as u32
}
