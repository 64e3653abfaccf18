//! The consuming end: look, take, give the space back.

use std::sync::Arc;

use super::{CLAIMED, Cursor, REST, REVOCABLE, RecordHeader, SECOND, TAG_SHIFT, VOID, offset};
use crate::crash;
use crate::error::Corrupt;
use crate::segment::Segment;
use crate::sync::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// Takes records from one ring. Dropping it leaves the ring as it is.
#[derive(Debug)]
pub struct Consumer {
    segment: Arc<Segment>,
    ring: usize,
    head: Cursor,
    /// The producer's cursor as last seen; its line is touched only when this says "empty".
    tail: Cursor,
}

/// The record in front, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Front {
    /// Payload bytes of it that are not consumed yet.
    pub left: u32,
    /// Bytes that follow in further records, zero if the record completes.
    pub rest: u64,
    /// Whether the producer may still withdraw it.
    pub revocable: bool,
    /// The payload count at its end.
    pub end_bytes: u32,
    /// What its producer marked it with.
    pub tag: u8,
    header: RecordHeader,
}

/// What stands in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing. The word is the producer's cursor, for waiting until it changes.
    Empty(u64),
    /// A record.
    Record(Front),
    /// A withdrawn record was skipped: what continued before it ends here.
    Cut,
}

impl Consumer {
    /// The consuming end of a ring, at the positions that the segment holds.
    #[must_use]
    pub fn new(segment: Arc<Segment>, ring: usize) -> Self {
        let mut consumer = Self { segment, ring, head: Cursor::default(), tail: Cursor::default() };
        consumer.resync();
        consumer
    }

    /// Takes the positions from the segment again, after another process may have consumed.
    pub fn resync(&mut self) {
        // SYNC(handover): Acquire. Pairs with the publishing store of the head by the process that
        // consumed before this one.
        self.head = Cursor::unpack(self.segment.ring(self.ring).head.0.load(Acquire));
        self.tail = self.head;
    }

    /// Payload bytes consumed so far, wrapping.
    #[must_use]
    pub fn consumed(&self) -> u32 {
        self.head.bytes
    }

    /// The producer's cursor word, for waiting until it changes.
    #[must_use]
    pub fn tail_word(&self) -> u64 {
        // Relaxed: compared only, never used as a position.
        self.segment.ring(self.ring).tail.0.load(Relaxed)
    }

    fn refresh(&mut self) -> Result<u64, Corrupt> {
        // SYNC(publish): Acquire. Pairs with the Release store in `Producer::advance`: header and
        // payload before the tail are the producer's.
        let word = self.segment.ring(self.ring).tail.0.load(Acquire);
        let tail = Cursor::unpack(word);
        let capacity = self.segment.spec().capacities[self.ring];
        if tail.units.wrapping_sub(self.head.units) > capacity / 8
            || tail.bytes.wrapping_sub(self.head.bytes) > capacity
        {
            return Err(Corrupt::new("the tail of a ring"));
        }
        self.tail = tail;
        Ok(word)
    }

    /// What stands in front; skips withdrawn records.
    ///
    /// # Errors
    ///
    /// If a cursor or a record header contradicts the protocol.
    #[inline]
    pub fn front(&mut self) -> Result<Seen, Corrupt> {
        if self.head.units == self.tail.units {
            let word = self.refresh()?;
            if self.head.units == self.tail.units {
                return Ok(Seen::Empty(word));
            }
        }
        let (header, second) = self.header_at(self.head.units)?;
        let consumed = self.head.bytes.wrapping_sub(header.start);
        if consumed > header.length {
            return Err(Corrupt::new("the start of a record"));
        }
        if header.flags & VOID != 0 {
            self.pass(header);
            return Ok(Seen::Cut);
        }
        Ok(Seen::Record(Front {
            left: header.length - consumed,
            rest: second & REST,
            revocable: header.flags & REVOCABLE != 0,
            end_bytes: header.start.wrapping_add(header.length),
            tag: tag_of(second),
            header,
        }))
    }

    /// Reads and checks the header at a position between head and tail; gives the second word too.
    #[inline]
    fn header_at(&self, units: u32) -> Result<(RecordHeader, u64), Corrupt> {
        let bytes = self.segment.bytes(self.ring);
        let header = RecordHeader::unpack(bytes.word(offset(units)).load(Relaxed));
        if header.units() > self.tail.units.wrapping_sub(units) {
            return Err(Corrupt::new("the length of a record"));
        }
        let second = if header.flags & SECOND == 0 {
            0
        } else {
            bytes.word(offset(units.wrapping_add(1))).load(Relaxed)
        };
        Ok((header, second))
    }

    /// Takes up to `into.len()` bytes of the front record; passes it when nothing of it is left.
    /// `None` if the producer withdrew it at this moment.
    ///
    /// # Errors
    ///
    /// If the record changed under our hands.
    #[inline]
    pub fn take(&mut self, front: Front, into: &mut [u8]) -> Result<Option<usize>, Corrupt> {
        let count = into.len().min(front.left as usize);
        if front.revocable && !self.claim(front)? {
            return Ok(None);
        }
        let header = front.header;
        let consumed = header.length - front.left;
        let start = offset(self.head.units.wrapping_add(header.head_units())) + consumed as usize;
        self.segment.bytes(self.ring).copy_out(start, &mut into[..count]);
        crash::point("take.before-publish");
        let count_bytes = u32::try_from(count).expect("at most `left`");
        if count_bytes == front.left {
            self.pass(header);
        } else {
            self.head.bytes = self.head.bytes.wrapping_add(count_bytes);
            self.publish();
            if front.revocable {
                self.unclaim();
            }
        }
        Ok(Some(count))
    }

    /// Copies up to `into.len()` bytes of the front record from `at` on, without taking them.
    ///
    /// # Panics
    ///
    /// If `at` is beyond what is left of the record.
    pub fn look(&self, front: Front, at: u32, into: &mut [u8]) -> usize {
        let left = front.left.checked_sub(at).expect("inside the record") as usize;
        let count = into.len().min(left);
        let consumed = (front.header.length - front.left + at) as usize;
        let start = offset(self.head.units.wrapping_add(front.header.head_units())) + consumed;
        self.segment.bytes(self.ring).copy_out(start, &mut into[..count]);
        count
    }

    /// Walks over everything that is there: for each record its front and whether it is withdrawn,
    /// and a way to copy from it. Stops when `each` answers `false`.
    ///
    /// # Errors
    ///
    /// If a cursor or a record header contradicts the protocol.
    pub fn scan(
        &mut self,
        mut each: impl FnMut(Front, bool, &dyn Fn(&mut [u8]) -> usize) -> bool,
    ) -> Result<(), Corrupt> {
        self.refresh()?;
        let mut at = self.head.units;
        while at != self.tail.units {
            let (header, second) = self.header_at(at)?;
            let mut consumed = 0;
            if at == self.head.units {
                consumed = self.head.bytes.wrapping_sub(header.start);
                if consumed > header.length {
                    return Err(Corrupt::new("the start of a record"));
                }
            }
            let front = Front {
                left: header.length - consumed,
                rest: second & REST,
                revocable: header.flags & REVOCABLE != 0,
                end_bytes: header.start.wrapping_add(header.length),
                tag: tag_of(second),
                header,
            };
            let start = offset(at.wrapping_add(header.head_units())) + consumed as usize;
            let copy = |into: &mut [u8]| {
                let count = into.len().min(front.left as usize);
                self.segment.bytes(self.ring).copy_out(start, &mut into[..count]);
                count
            };
            if !each(front, header.flags & VOID != 0, &copy) {
                return Ok(());
            }
            at = at.wrapping_add(header.units());
        }
        Ok(())
    }

    /// Skips the whole front record, as if it had been taken.
    pub fn skip(&mut self, front: Front) {
        self.pass(front.header);
    }

    #[inline]
    fn pass(&mut self, header: RecordHeader) {
        self.head = Cursor {
            units: self.head.units.wrapping_add(header.units()),
            bytes: header.start.wrapping_add(header.length),
        };
        self.publish();
    }

    #[inline]
    fn publish(&self) {
        // SYNC(consume): Release. Pairs with the Acquire load of the head in `Producer::refresh`.
        // Orders our copies before the space is given back; without it the producer may overwrite
        // bytes that are still being copied.
        // SYNC(handover): Release. Pairs with `resync` of the next consumer.
        self.segment.ring(self.ring).head.0.store(self.head.pack(), Release);
    }

    /// Claims a revocable record before copying; `false` if it was withdrawn.
    #[cold]
    fn claim(&mut self, front: Front) -> Result<bool, Corrupt> {
        let mut claimed = front.header;
        claimed.flags |= CLAIMED;
        let word = self.segment.bytes(self.ring).word(offset(self.head.units));
        // SYNC(claim): AcqRel. Pairs with the fetch_or in `Producer::void`.
        match word.compare_exchange(front.header.pack(), claimed.pack(), AcqRel, Acquire) {
            Ok(_) => Ok(true),
            Err(now) if RecordHeader::unpack(now).flags & VOID != 0 => Ok(false),
            Err(_) => Err(Corrupt::new("the header of a record")),
        }
    }

    /// Gives a partly taken record back to the producer's power.
    fn unclaim(&self) {
        let word = self.segment.bytes(self.ring).word(offset(self.head.units));
        // SYNC(claim): Release side of AcqRel. Pairs with the fetch_or in `Producer::void`, which after
        // this sees the new head.
        word.fetch_and(!(u64::from(CLAIMED) << 32), AcqRel);
    }
}

#[inline]
fn tag_of(second: u64) -> u8 {
    u8::try_from(second >> TAG_SHIFT & 0xFF).expect("eight bits")
}
