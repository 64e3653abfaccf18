//! The map of a segment, field by field; docs/segment.md is its text.
//!
//! Everything that both processes touch is an atomic, so a `&Header` is sound whatever the other
//! process writes. Each word that one side writes often has a cache line (128 bytes: two of 64, for
//! the adjacent-line prefetcher) to itself.

use crate::sync::{AtomicU32, AtomicU64};

/// "NTPIPE" and two bytes that reveal a wrong byte order.
pub const MAGIC: u64 = 0x4E54_5049_5045_0102;
/// The version of this layout. A segment of another version is refused.
pub const VERSION: u32 = 3;
/// Bytes before the first ring's data.
pub const HEADER_BYTES: usize = 4096;
/// The smallest ring, in bytes.
pub const RING_BYTES_MIN: u32 = 4096;
/// The largest ring, in bytes.
pub const RING_BYTES_MAX: u32 = 1 << 30;

/// A value on cache lines of its own.
#[derive(Debug, Default)]
#[repr(C, align(128))]
pub struct Line<T>(pub T);

/// What one side says of itself. The other side mostly reads it.
#[derive(Debug, Default)]
#[repr(C)]
pub struct SideBlock {
    /// [`LIFE_OPEN`], [`LIFE_CLOSED`] or [`LIFE_SEVERED`].
    pub life: AtomicU32,
    /// Rung when records arrive for this side.
    pub data_bell: AtomicU32,
    /// Rung when the other side takes what this side produced.
    pub room_bell: AtomicU32,
    /// While this side sleeps for data: how many bytes it asked for, plus one; otherwise 0.
    pub wanted: AtomicU32,
    /// The CPU on which this side last went to sleep, plus one; 0: never. A hint.
    pub cpu: AtomicU32,
    /// Counts what the holders of this side changed that others of them may wait for.
    pub changes: AtomicU32,
    /// Whether this side produces in pieces now: 0, or [`TURN`] and the number of the holder who does.
    pub streaming: AtomicU64,
    /// What this side consumed a part of: 0, or [`PARTIAL`] and the payload count at its end, with
    /// [`TURN`] and the number of a holder while he waits for the rest.
    pub partial: AtomicU64,
    /// Whether several processes hold this side.
    pub shared: AtomicU32,
    /// Counts the records that this side withdrew, for those of its holders who did not do it.
    pub withdrawals: AtomicU32,
    /// Once a holder of this side knows that the other side is gone: [`PARTIAL`] and the payload count
    /// up to which it consumes; otherwise 0.
    pub cutoff: AtomicU64,
    /// Free for the layer above; told by this side before the segment is handed over.
    pub context: AtomicU32,
}

/// One holder of the side has the turn; the others wait.
pub const TURN: u64 = 1 << 32;
/// Where the number of that holder begins: 8 bits.
pub const HOLDER_SHIFT: u32 = 40;
/// A part was consumed.
pub const PARTIAL: u64 = 1 << 33;

/// This side is there.
pub const LIFE_OPEN: u32 = 0;
/// This side has closed; what it produced may be consumed to the end.
pub const LIFE_CLOSED: u32 = 1;
/// This side has severed the connection; nothing may be consumed any more.
pub const LIFE_SEVERED: u32 = 2;

/// The two cursors of one ring, each a packed [`Cursor`](crate::ring::Cursor).
#[derive(Debug, Default)]
#[repr(C)]
pub struct RingBlock {
    /// Written by the producer.
    pub tail: Line<AtomicU64>,
    /// Written by the consumer.
    pub head: Line<AtomicU64>,
}

/// The segment's first page.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: AtomicU64,
    /// [`VERSION`].
    pub version: AtomicU32,
    /// Free for the layer above; fixed before the segment is handed over.
    pub kind: AtomicU32,
    /// Ring capacities in bytes, powers of two.
    pub capacities: [AtomicU32; 2],
    /// Free for the layer above, one per ring; fixed before the segment is handed over.
    pub quotas: [AtomicU32; 2],
    /// The sides. Side `i` consumes ring `i` and produces the other one.
    pub sides: [Line<SideBlock>; 2],
    /// The rings.
    pub rings: [RingBlock; 2],
}

#[cfg(not(loom))]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(offset_of!(Header, magic) == 0);
    assert!(offset_of!(Header, version) == 8);
    assert!(offset_of!(Header, kind) == 12);
    assert!(offset_of!(Header, capacities) == 16);
    assert!(offset_of!(Header, quotas) == 24);
    assert!(offset_of!(Header, sides) == 128);
    assert!(offset_of!(Header, rings) == 384);
    assert!(size_of::<SideBlock>() == 64);
    assert!(size_of::<Header>() == 896);
    assert!(size_of::<Header>() <= HEADER_BYTES);
};
