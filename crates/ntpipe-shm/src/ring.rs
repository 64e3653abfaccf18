//! A ring of records: one producer, one consumer, no system calls.
//!
//! Positions are free-running and counted in units of 8 bytes; each cursor packs the position of a
//! record boundary and the count of payload bytes before it, so one store publishes both and a crash
//! between two instructions leaves nothing half done:
//!
//! ```text
//! tail = | position: 32 | payload bytes produced: 32 |     written by the producer alone
//! head = | position: 32 | payload bytes consumed: 32 |     written by the consumer alone
//! ```
//!
//! A record is a header word, for a record that continues or whose producer is told a second word, and
//! the payload, padded to a unit. The header holds the payload count at the record's start, so a partly
//! consumed record needs no state of its own: `consumed = head.bytes - header.start`.
//!
//! ```text
//! header = | flags: 5 | length: 27 | start: 32 |
//! second = | holder: 8 | bytes that follow in further records: 56 |
//! ```

mod consumer;
mod producer;
mod shared;

pub use consumer::{Consumer, Front, Seen};
pub use producer::{Placed, Producer, Withdrawn};

/// A position with the payload count that belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Units of 8 bytes since the beginning, wrapping.
    pub units: u32,
    /// Payload bytes since the beginning, wrapping.
    pub bytes: u32,
}

impl Cursor {
    /// Where in the ring's data it is, before the wrap.
    #[inline]
    pub(crate) fn offset(self) -> usize {
        offset(self.units)
    }

    #[inline]
    fn pack(self) -> u64 {
        u64::from(self.units) << 32 | u64::from(self.bytes)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the word")]
    pub(crate) fn unpack(word: u64) -> Self {
        Self { units: (word >> 32) as u32, bytes: word as u32 }
    }
}

/// A second word follows: how many bytes more the next records add to what this one begins, its tag,
/// and which holder of the producing end appended it.
const SECOND: u32 = 1 << 27;
/// The producer may still withdraw the record.
const REVOCABLE: u32 = 1 << 28;
/// The consumer is copying out of a revocable record.
const CLAIMED: u32 = 1 << 29;
/// The record was withdrawn: it is skipped, and it ends a record that continued.
const VOID: u32 = 1 << 30;
/// The bits of the length.
const LENGTH: u32 = SECOND - 1;

/// Where the second word tells the holder.
const HOLDER_SHIFT: u32 = 56;
/// Where the second word has the tag.
const TAG_SHIFT: u32 = 48;
/// The bits of the second word that count the bytes to follow.
const REST: u64 = (1 << TAG_SHIFT) - 1;

/// The longest payload of one record, in bytes.
pub const RECORD_BYTES_MAX: u32 = LENGTH;

/// A record's header, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RecordHeader {
    start: u32,
    length: u32,
    flags: u32,
}

impl RecordHeader {
    #[inline]
    fn pack(self) -> u64 {
        u64::from(self.length | self.flags) << 32 | u64::from(self.start)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the word")]
    fn unpack(word: u64) -> Self {
        let high = (word >> 32) as u32;
        Self { start: word as u32, length: high & LENGTH, flags: high & !LENGTH }
    }

    /// Units before the payload.
    #[inline]
    fn head_units(self) -> u32 {
        1 + u32::from(self.flags & SECOND != 0)
    }

    /// Units of the whole record.
    #[inline]
    fn units(self) -> u32 {
        self.head_units() + self.length.div_ceil(8)
    }
}

#[inline]
fn offset(units: u32) -> usize {
    units as usize * 8
}

#[cfg(all(test, not(loom)))]
mod tests;
