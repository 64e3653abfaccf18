//! The producing end: reserve, copy, publish; and withdraw what was not consumed yet.

use std::sync::Arc;

use super::{
    CLAIMED, Cursor, HOLDER_SHIFT, RECORD_BYTES_MAX, REST, REVOCABLE, RecordHeader, SECOND,
    TAG_SHIFT, VOID, offset,
};
use crate::crash;
use crate::error::Corrupt;
use crate::prefetch::LINE_BYTES;
use crate::segment::Segment;
use crate::sync::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::relax;

/// How far ahead of the tail lines are asked for, in units: enough for a dozen small records.
const AHEAD: u32 = 96;
/// Units of a cache line.
const LINE_UNITS: u32 = 8;
/// Pauses of the processor in [`Producer::let_run`].
const LET_RUN_PAUSES: u32 = 100;

/// Appends records to one ring. Dropping it leaves the ring as it is.
#[derive(Debug)]
pub struct Producer {
    pub(super) segment: Arc<Segment>,
    pub(super) ring: usize,
    pub(super) tail: Cursor,
    /// The consumer's cursor as last seen; its line is touched only when this says "full".
    pub(super) head: Cursor,
    /// Withdrawn records that the consumer has not passed yet: end position, payload end, bytes.
    pub(super) voids: Vec<(Cursor, u32)>,
    /// The number of this holder of the producing end; 0 for the first or only one.
    pub(super) holder: u8,
    /// What the records say that are appended now; see [`set_tag`](Self::set_tag).
    tag: u8,
    /// How many withdrawals of this side are known in `voids`.
    pub(super) withdrawals: u32,
}

/// Where a record was placed: its start, and the payload count at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The position of the record.
    pub units: u32,
    /// The payload count at its end.
    pub end_bytes: u32,
}

/// What became of records that were to be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// They had been consumed entirely.
    TooLate,
    /// What was unread of them is gone.
    Done,
}

impl Producer {
    /// The producing end of a ring, at the positions that the segment holds.
    #[must_use]
    pub fn new(segment: Arc<Segment>, ring: usize) -> Self {
        let mut producer = Self {
            segment,
            ring,
            tail: Cursor::default(),
            head: Cursor::default(),
            voids: Vec::new(),
            holder: 0,
            tag: 0,
            withdrawals: 0,
        };
        // SYNC(handover): Acquire. As in `resync`.
        producer.tail = Cursor::unpack(producer.segment.ring(ring).tail.0.load(Acquire));
        // As if the ring were full: the consumer's cursor is looked at, and checked, before it counts.
        producer.head = Cursor {
            units: producer.tail.units.wrapping_sub(producer.capacity_units()),
            bytes: producer.tail.bytes.wrapping_sub(producer.segment.spec().capacities[ring]),
        };
        producer
    }

    /// The ring's capacity in units.
    pub(super) fn capacity_units(&self) -> u32 {
        self.segment.spec().capacities[self.ring] / 8
    }

    /// Looks at the consumer's cursor. Returns the raw word, for waiting until it changes.
    ///
    /// # Errors
    ///
    /// If the cursor is ahead of what was produced.
    pub fn refresh(&mut self) -> Result<u64, Corrupt> {
        // SYNC(consume): Acquire. Pairs with the Release store in `Consumer::publish`: the space before
        // the head may be overwritten only after the consumer's copies out of it.
        let word = self.segment.ring(self.ring).head.0.load(Acquire);
        let head = Cursor::unpack(word);
        if self.tail.units.wrapping_sub(head.units) > self.capacity_units()
            || self.tail.bytes.wrapping_sub(head.bytes) > self.segment.spec().capacities[self.ring]
        {
            return Err(Corrupt::new("the head of a ring"));
        }
        self.head = head;
        if !self.voids.is_empty() {
            let tail = self.tail.units;
            let filled = tail.wrapping_sub(head.units);
            self.voids.retain(|(end, _)| tail.wrapping_sub(end.units) < filled);
        }
        Ok(word)
    }

    /// Lets the consumer run ahead for about a microsecond.
    #[cold]
    pub fn let_run(&self) {
        for _ in 0..LET_RUN_PAUSES {
            relax();
        }
    }

    /// Payload bytes not consumed yet, withdrawn ones excluded, as of the last refresh: an upper
    /// bound of what it is now.
    #[inline]
    #[must_use]
    pub fn unread(&self) -> u32 {
        self.unread_before(self.tail.bytes)
    }

    /// The same, counting only payload before the payload count `end_bytes`.
    #[inline]
    #[must_use]
    pub fn unread_before(&self, end_bytes: u32) -> u32 {
        let whole = end_bytes.wrapping_sub(self.head.bytes);
        if whole > self.tail.bytes.wrapping_sub(self.head.bytes) {
            return 0; // The consumer is beyond it.
        }
        if self.voids.is_empty() {
            return whole;
        }
        let gone = self
            .voids
            .iter()
            .filter(|(end, _)| end.bytes.wrapping_sub(self.head.bytes) <= whole)
            .fold(0, |sum: u32, (_, bytes)| sum.saturating_add(*bytes));
        whole.saturating_sub(gone)
    }

    /// The largest payload that a record may have now, with a second word or without, as of the last
    /// refresh; `None` if not even an empty one has room. A unit is always kept back, for a record that
    /// ends what continues.
    #[inline]
    #[must_use]
    pub fn room(&self, second: bool) -> Option<u32> {
        // A consumer that goes back may be found by `refresh` after `cut` has used the unit kept back.
        let filled = self.tail.units.wrapping_sub(self.head.units);
        let vacant = self.capacity_units().checked_sub(filled)?;
        let payload = vacant.checked_sub(2 + u32::from(second))?;
        Some((payload * 8).min(RECORD_BYTES_MAX))
    }

    /// From now on records have this tag, which the consumer gets with each of them. It is free for the
    /// layer above, and costs nothing while it is 0. Those that [`commit`](Self::commit) publishes have
    /// none.
    #[inline]
    pub fn set_tag(&mut self, tag: u8) {
        self.tag = tag;
    }

    /// Whether a record that completes what it begins has a second word.
    #[inline]
    #[must_use]
    pub fn has_second(&self, revocable: bool) -> bool {
        self.tag != 0 || revocable && self.holder != 0
    }

    /// Appends a record, if there is room. `rest` is how many bytes will follow in further records;
    /// a revocable record can be withdrawn until it is consumed.
    ///
    /// # Errors
    ///
    /// If the consumer's cursor is corrupt.
    #[inline]
    pub fn push(
        &mut self,
        payload: &[u8],
        rest: u64,
        revocable: bool,
    ) -> Result<Option<Placed>, Corrupt> {
        let second = rest != 0 || self.has_second(revocable);
        let fits = |producer: &Self| {
            producer.room(second).is_some_and(|room| room as usize >= payload.len())
        };
        if !fits(self) {
            self.refresh()?;
            if !fits(self) {
                return Ok(None);
            }
        }
        let length = u32::try_from(payload.len()).expect("the room is at most RECORD_BYTES_MAX");
        let flags = if second { SECOND } else { 0 } | if revocable { REVOCABLE } else { 0 };
        let header = RecordHeader { start: self.tail.bytes, length, flags };
        let bytes = self.segment.bytes(self.ring);
        let at = self.tail.units;
        bytes.copy_in(offset(at.wrapping_add(header.head_units())), payload);
        if second {
            let marks = u64::from(self.tag) << TAG_SHIFT | u64::from(self.holder) << HOLDER_SHIFT;
            let word = rest & REST | marks;
            bytes.word(offset(at.wrapping_add(1))).store(word, Relaxed);
        }
        bytes.word(offset(at)).store(header.pack(), Relaxed);
        let placed = self.advance(header);
        self.expect_writes(header);
        Ok(Some(placed))
    }

    /// Asks for the lines in which a record such as this one will be written some records later. The other
    /// side has read them when they were last used: to take them away from it takes as long as several
    /// records.
    #[inline]
    fn expect_writes(&self, header: RecordHeader) {
        let filled = self.tail.units.wrapping_sub(self.head.units);
        let vacant = self.capacity_units().wrapping_sub(filled);
        // What is behind the head is about to be read, and a large record takes its time anyway.
        if vacant < 2 * AHEAD || header.units() > 4 * LINE_UNITS {
            return;
        }
        let bytes = self.segment.bytes(self.ring);
        let ahead = offset(self.tail.units.wrapping_add(AHEAD));
        bytes.expect_write(ahead);
        if header.units() > LINE_UNITS {
            bytes.expect_write(ahead.wrapping_add(LINE_BYTES));
        }
    }

    /// Publishes the record that was written at the tail.
    #[inline]
    fn advance(&mut self, header: RecordHeader) -> Placed {
        let placed =
            Placed { units: self.tail.units, end_bytes: header.start.wrapping_add(header.length) };
        self.tail =
            Cursor { units: self.tail.units.wrapping_add(header.units()), bytes: placed.end_bytes };
        // SYNC(publish): Release. Pairs with the Acquire load of the tail in `Consumer::refresh`.
        // Orders header and payload before the new tail; without it the consumer may see stale bytes.
        // SYNC(handover): Release. Pairs with `resync` of the next producer.
        crash::point("push.before-publish");
        self.segment.ring(self.ring).tail.0.store(self.tail.pack(), Release);
        crash::point("push.after-publish");
        placed
    }

    /// Whether `len` bytes fit as one record; looks at the consumer's cursor if needed.
    ///
    /// # Errors
    ///
    /// If the consumer's cursor is corrupt.
    pub fn has_room(&mut self, len: u32) -> Result<bool, Corrupt> {
        if self.room(false).is_some_and(|room| room >= len) {
            return Ok(true);
        }
        self.refresh()?;
        Ok(self.room(false).is_some_and(|room| room >= len))
    }

    /// Copies `payload` to `at` of a record of the length `total` that is being written beyond the
    /// tail; nothing is visible before [`commit`](Self::commit). The room was checked by
    /// [`has_room`](Self::has_room) for `total`.
    ///
    /// # Panics
    ///
    /// If the bytes reach beyond the record or the record beyond the room.
    pub fn fill(&mut self, total: u32, at: u32, payload: &[u8]) {
        let room = self.room(false).expect("has_room was asked");
        assert!(total <= room && at as usize + payload.len() <= total as usize);
        let start = offset(self.tail.units.wrapping_add(1)) + at as usize;
        self.segment.bytes(self.ring).copy_in(start, payload);
    }

    /// Publishes the record filled so far, cut to `length` bytes.
    ///
    /// # Panics
    ///
    /// If the record reaches beyond the room.
    pub fn commit(&mut self, length: u32) -> Placed {
        assert!(self.room(false).is_some_and(|room| length <= room));
        let header = RecordHeader { start: self.tail.bytes, length, flags: 0 };
        self.segment.bytes(self.ring).word(offset(self.tail.units)).store(header.pack(), Relaxed);
        self.advance(header)
    }

    /// Ends a run of continuing records that will not be completed.
    pub fn cut(&mut self) {
        let header = RecordHeader { start: self.tail.bytes, length: 0, flags: VOID };
        // `room` always keeps one unit back for this.
        self.segment.bytes(self.ring).word(offset(self.tail.units)).store(header.pack(), Relaxed);
        self.advance(header);
    }

    /// Withdraws the revocable records from the one at `first` to the one that ends at `end_bytes`.
    ///
    /// # Errors
    ///
    /// If the consumer's cursor is corrupt.
    pub fn withdraw(&mut self, first: u32, end_bytes: u32) -> Result<Withdrawn, Corrupt> {
        self.refresh()?;
        let mut outcome = Withdrawn::TooLate;
        // What the consumer has passed may be overwritten already: a write in pieces can be longer than
        // the ring. The walk starts at the first record that is still there.
        let unread = self.tail.units.wrapping_sub(self.head.units);
        let since_first = self.tail.units.wrapping_sub(first);
        let mut at = first;
        if since_first > unread {
            at = self.head.units;
            let after_end = self.tail.bytes.wrapping_sub(end_bytes);
            if after_end >= self.tail.bytes.wrapping_sub(self.head.bytes) {
                return Ok(outcome); // All of them are consumed, and what is in front is another's.
            }
        }
        // From the end: a consumer that meets this walk finds a beginning, and then that what it began is
        // withdrawn, but never an end whose beginning is gone. Once the last record is marked, nobody
        // can complete the run; and if that is taken, all before it are.
        let run = self.revocable_run(at, end_bytes);
        // A consumer stopped while it copies is not waited for: not longer than this for all records.
        let mut patience = 10_000;
        for (at, header) in run.into_iter().rev() {
            let filled = self.tail.units.wrapping_sub(at);
            let passed = self.tail.units.wrapping_sub(self.head.units) < filled;
            if passed || !self.void(at, header, &mut patience)? {
                break;
            }
            outcome = Withdrawn::Done;
        }
        Ok(outcome)
    }

    /// The revocable records from a position to the one that ends at `end_bytes`.
    fn revocable_run(&self, mut at: u32, end_bytes: u32) -> Vec<(u32, RecordHeader)> {
        let mut run = Vec::new();
        loop {
            let filled = self.tail.units.wrapping_sub(at);
            if filled == 0 || filled > self.capacity_units() {
                return run;
            }
            let word = self.segment.bytes(self.ring).word(offset(at)).load(Relaxed);
            let header = RecordHeader::unpack(word);
            if header.flags & REVOCABLE != 0 {
                run.push((at, header));
            }
            if header.start.wrapping_add(header.length) == end_bytes {
                return run;
            }
            // The peer may have written anything into the header: the walk stays bounded, since every
            // step moves at least one unit.
            at = at.wrapping_add(header.units());
        }
    }

    /// Marks one record void; `false` if the consumer had taken all of it by then.
    fn void(&mut self, at: u32, header: RecordHeader, patience: &mut u32) -> Result<bool, Corrupt> {
        let mark = u64::from(VOID) << 32;
        let word = self.segment.bytes(self.ring).word(offset(at));
        // SYNC(claim): AcqRel. Pairs with the compare-exchange in `Consumer::claim`: either the consumer
        // sees the mark before it copies, or we see its claim here.
        let before = RecordHeader::unpack(word.fetch_or(mark, AcqRel));
        let end = Cursor {
            units: at.wrapping_add(header.units()),
            bytes: header.start.wrapping_add(header.length),
        };
        let filled = self.tail.units.wrapping_sub(at);
        if before.flags & CLAIMED != 0 {
            // The consumer is copying this very moment. It gives the record up or passes it within
            // some instructions.
            while *patience > 0 {
                *patience -= 1;
                relax();
                self.refresh()?;
                let passed = self.tail.units.wrapping_sub(self.head.units) < filled;
                // A record that was taken to its end keeps its claim; one that is passed without a
                // claim was given up, and passed because it is void.
                match (passed, self.is_claimed(at)) {
                    (true, true) => return Ok(false),
                    (_, false) => break,
                    (false, true) => {}
                }
            }
        }
        self.refresh()?;
        if self.tail.units.wrapping_sub(self.head.units) >= filled {
            let consumed = self.head.bytes.wrapping_sub(header.start);
            self.voids.push((end, header.length.checked_sub(consumed).unwrap_or(header.length)));
        }
        // SYNC(withdrawn): Release. Pairs with the Acquire load in `Producer::resync`, by the next holder.
        self.withdrawals = self.side().withdrawals.fetch_add(1, Release).wrapping_add(1);
        Ok(true)
    }

    fn is_claimed(&self, at: u32) -> bool {
        // SYNC(claim): Acquire. Pairs with the fetch_and in `Consumer::unclaim`: whoever sees the claim
        // given up sees the head that was published before.
        let word = self.segment.bytes(self.ring).word(offset(at)).load(Acquire);
        RecordHeader::unpack(word).flags & CLAIMED != 0
    }
}
