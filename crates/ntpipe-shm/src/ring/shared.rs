//! A producing end that several processes hold, one after the other. They have numbers; the revocable
//! records of all but the first carry them, so that what a dead one appended can be told.

use super::{Cursor, HOLDER_SHIFT, Producer, REST, REVOCABLE, RecordHeader, SECOND, VOID, offset};
use crate::error::Corrupt;
use crate::layout::SideBlock;
use crate::sync::Ordering::{Acquire, Relaxed};

/// A record that was read back from the ring, in which the consumer's side may have written.
struct ReadBack {
    units: u32,
    header: RecordHeader,
    rest: u64,
    holder: u8,
}

impl Producer {
    /// From now on this is the holder of that number.
    pub fn set_holder(&mut self, number: u8) {
        self.holder = number;
    }

    /// Takes the positions from the segment again, after another process may have produced.
    ///
    /// # Errors
    ///
    /// If they contradict each other.
    pub fn resync(&mut self) -> Result<(), Corrupt> {
        // SYNC(handover): Acquire. Pairs with the publishing store of the tail by the process that
        // produced before this one.
        let tail = Cursor::unpack(self.segment.ring(self.ring).tail.0.load(Acquire));
        let before = std::mem::replace(&mut self.tail, tail);
        if let Err(corrupt) = self.refresh() {
            self.tail = before;
            return Err(corrupt);
        }
        // SYNC(withdrawn): Acquire. Pairs with the Release addition in `Producer::void`: the marks that
        // were set before it are seen.
        let withdrawals = self.side().withdrawals.load(Acquire);
        if withdrawals != self.withdrawals {
            self.withdrawals = withdrawals;
            self.recount();
        }
        Ok(())
    }

    /// The block of the producing side.
    pub(super) fn side(&self) -> &SideBlock {
        self.segment.side(1 - self.ring)
    }

    /// Another holder has withdrawn records: finds those that the consumer has not passed yet.
    fn recount(&mut self) {
        self.voids.clear();
        let mut at = self.head.units;
        while let Some(ReadBack { units, header, .. }) = self.read_back(at) {
            at = at.wrapping_add(units);
            if header.flags & VOID != 0 && header.length != 0 {
                let end = Cursor { units: at, bytes: header.start.wrapping_add(header.length) };
                let consumed = self.head.bytes.wrapping_sub(header.start);
                let unread = header.length.checked_sub(consumed).unwrap_or(header.length);
                self.voids.push((end, unread));
            }
        }
    }

    /// Withdraws the revocable runs of records that this holder appended: the one that has not come to
    /// its end, and those of which more than `unread_max` bytes up to their end are unread.
    ///
    /// # Errors
    ///
    /// If the consumer's cursor is corrupt.
    pub fn withdraw_of(&mut self, holder: u8, unread_max: u32) -> Result<(), Corrupt> {
        self.refresh()?;
        let mut at = self.head.units;
        let mut first = None;
        while let Some(record) = self.read_back(at) {
            let flags = record.header.flags;
            if flags & REVOCABLE == 0 || flags & VOID != 0 || record.holder != holder {
                first = None;
            } else {
                let start = *first.get_or_insert(at);
                let end = record.header.start.wrapping_add(record.header.length);
                if record.rest == 0 {
                    if self.unread_before(end) > unread_max {
                        self.withdraw(start, end)?;
                    }
                    first = None;
                }
            }
            at = at.wrapping_add(record.units);
        }
        match first {
            Some(start) => self.withdraw(start, self.tail.bytes).map(drop),
            None => Ok(()),
        }
    }

    /// The record at a position, if it is one before the tail; of at least one unit, whatever the
    /// consumer's side wrote into it.
    fn read_back(&self, at: u32) -> Option<ReadBack> {
        let filled = self.tail.units.wrapping_sub(at);
        if filled == 0 || filled > self.capacity_units() {
            return None;
        }
        let bytes = self.segment.bytes(self.ring);
        let header = RecordHeader::unpack(bytes.word(offset(at)).load(Relaxed));
        let second = match header.flags & SECOND {
            0 => 0,
            _ => bytes.word(offset(at.wrapping_add(1))).load(Relaxed),
        };
        let holder = second.to_be_bytes()[(56 - HOLDER_SHIFT) as usize / 8];
        Some(ReadBack { units: header.units(), header, rest: second & REST, holder })
    }
}
