//! The segment: made by one process, checked and mapped by the other.
//!
//! A segment is a memfd, sealed against shrinking, growing and further seals, so that no access to
//! the mapping can ever fault. [`Segment::open`] believes nothing: type, seals, size, magic, version
//! and capacities are checked, and the capacities are kept in this process, never read again.
#![cfg_attr(not(loom), allow(unsafe_code))]

#[cfg(not(loom))]
use std::os::fd::{AsFd, OwnedFd};
#[cfg(not(loom))]
use std::ptr::NonNull;

#[cfg(not(loom))]
use rustix::{
    fs::{MemfdFlags, SealFlags},
    mm::{MapFlags, ProtFlags},
};

use crate::bytes::SharedBytes;
#[cfg(not(loom))]
use crate::layout::{HEADER_BYTES, RING_BYTES_MAX, RING_BYTES_MIN};
use crate::layout::{Header, MAGIC, RingBlock, SideBlock, VERSION};
use crate::prefetch::LINE_BYTES;
use crate::ring::Cursor;
use crate::sync::Ordering::Relaxed;

/// What a segment is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Ring capacities in bytes: powers of two between the layout's limits.
    pub capacities: [u32; 2],
    /// The layer above's numbers, one per ring.
    pub quotas: [u32; 2],
    /// The layer above's number for the whole segment.
    pub kind: u32,
}

/// A mapped segment.
#[derive(Debug)]
pub struct Segment {
    #[cfg(not(loom))]
    base: NonNull<u8>,
    #[cfg(not(loom))]
    len: usize,
    #[cfg(loom)]
    header: Header,
    bytes: [SharedBytes; 2],
    spec: Spec,
}

// SAFETY: the mapping belongs to no thread; the header is made of atomics, and the data is reached
// through `SharedBytes` only, whose copies tolerate races by design (bytes.rs).
#[cfg(not(loom))]
unsafe impl Send for Segment {}
// SAFETY: as for `Send`.
#[cfg(not(loom))]
unsafe impl Sync for Segment {}

/// Why a segment was refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// A system call failed.
    Os(&'static str, rustix::io::Errno),
    /// The memory is not what the protocol demands.
    Refused(&'static str),
}

#[cfg(not(loom))]
impl Segment {
    /// Makes a segment; the descriptor is for the other process.
    ///
    /// # Errors
    ///
    /// What `memfd_create`, `ftruncate`, `fcntl` or `mmap` answer.
    ///
    /// # Panics
    ///
    /// If a capacity is no power of two or out of its limits.
    pub fn create(spec: Spec) -> Result<(Self, OwnedFd), OpenError> {
        let os = |call| move |errno| OpenError::Os(call, errno);
        assert!(spec.capacities.into_iter().all(valid_capacity), "ring capacity out of its limits");
        let len = segment_bytes(spec.capacities);
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = rustix::fs::memfd_create("ntpipe", flags).map_err(os("memfd_create"))?;
        rustix::fs::ftruncate(&fd, len as u64).map_err(os("ftruncate"))?;
        rustix::fs::fcntl_add_seals(&fd, SEALS).map_err(os("fcntl"))?;
        let segment = Self::map(&fd, len, spec)?;
        let header = segment.header();
        header.version.store(VERSION, Relaxed);
        header.kind.store(spec.kind, Relaxed);
        for ring in 0..2 {
            header.capacities[ring].store(spec.capacities[ring], Relaxed);
            header.quotas[ring].store(spec.quotas[ring], Relaxed);
        }
        header.magic.store(MAGIC, Relaxed);
        Ok((segment, fd))
    }

    /// Checks and maps a segment that another process made.
    ///
    /// # Errors
    ///
    /// [`OpenError::Refused`] tells what is wrong with it.
    pub fn open(fd: &OwnedFd) -> Result<Self, OpenError> {
        let os = |call| move |errno| OpenError::Os(call, errno);
        // Only a memfd has seals, so this refuses every other kind of file as well.
        let seals =
            rustix::fs::fcntl_get_seals(fd).map_err(|_| OpenError::Refused("no sealed memory"))?;
        if !seals.contains(SEALS) || seals.intersects(SealFlags::WRITE | SealFlags::FUTURE_WRITE) {
            return Err(OpenError::Refused("the memory's seals are wrong"));
        }
        let stat = rustix::fs::fstat(fd).map_err(os("fstat"))?;
        let size = usize::try_from(stat.st_size).map_err(|_| OpenError::Refused("size"))?;
        if size < HEADER_BYTES + 2 * RING_BYTES_MIN as usize {
            return Err(OpenError::Refused("the memory is too small"));
        }
        // The seals keep the size from changing after this look.
        let mut segment =
            Self::map(fd, size, Spec { capacities: [8, 8], quotas: [0; 2], kind: 0 })?;
        let header = segment.header();
        if header.magic.load(Relaxed) != MAGIC || header.version.load(Relaxed) != VERSION {
            return Err(OpenError::Refused("the memory's magic or version is wrong"));
        }
        let spec = Spec {
            capacities: [0, 1].map(|i| header.capacities[i].load(Relaxed)),
            quotas: [0, 1].map(|i| header.quotas[i].load(Relaxed)),
            kind: header.kind.load(Relaxed),
        };
        if !spec.capacities.into_iter().all(valid_capacity)
            || segment_bytes(spec.capacities) != size
        {
            return Err(OpenError::Refused("the memory's ring capacities are wrong"));
        }
        segment.spec = spec;
        segment.bytes = ring_bytes(segment.base, spec.capacities);
        Ok(segment)
    }

    fn map(fd: impl AsFd, len: usize, spec: Spec) -> Result<Self, OpenError> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let null = std::ptr::null_mut();
        // SAFETY: a new mapping at an address of the kernel's choice touches no existing memory.
        let base = unsafe { rustix::mm::mmap(null, len, protection, MapFlags::SHARED, fd, 0) };
        let base = base.map_err(|errno| OpenError::Os("mmap", errno))?;
        let base = NonNull::new(base.cast()).ok_or(OpenError::Refused("mapped at zero"))?;
        // The capacities fit `len`: `create` computed it from them; `open` passes the least possible
        // ones and replaces them after its check.
        let bytes = ring_bytes(base, spec.capacities);
        Ok(Self { base, len, bytes, spec })
    }

    /// The header.
    #[inline]
    #[must_use]
    pub fn header(&self) -> &Header {
        // SAFETY: the mapping starts page-aligned, is at least `HEADER_BYTES` long (`create`, `open`),
        // lives as long as `self`, and the header is made of atomics only.
        unsafe { self.base.cast().as_ref() }
    }
}

#[cfg(not(loom))]
impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: base and length are those of our own mapping, and `header` and `bytes` cannot be
        // used any more.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok());
    }
}

#[cfg(loom)]
impl Segment {
    /// A segment on the heap, for the model checker.
    #[must_use]
    pub fn heap(spec: Spec) -> Self {
        let header = Header::default();
        header.magic.store(MAGIC, Relaxed);
        header.version.store(VERSION, Relaxed);
        let bytes = spec.capacities.map(|c| SharedBytes::heap(c as usize));
        Self { header, bytes, spec }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl Segment {
    /// What the segment is made of, as checked when it was mapped.
    #[must_use]
    pub fn spec(&self) -> Spec {
        self.spec
    }

    /// The block of a side, 0 or 1.
    #[inline]
    #[must_use]
    pub fn side(&self, side: usize) -> &SideBlock {
        &self.header().sides[side & 1].0
    }

    /// The cursors of a ring, 0 or 1.
    #[inline]
    #[must_use]
    pub fn ring(&self, ring: usize) -> &RingBlock {
        &self.header().rings[ring & 1]
    }

    /// Asks the processor for the lines in which the next record of a ring will begin. By who consumes it and
    /// looks again and again whether it is there: then they come at the same time as the tail, and not after
    /// it.
    #[inline]
    pub fn expect_next(&self, ring: usize) {
        // Relaxed: the consumer's own cursor, and only a hint.
        let next = Cursor::unpack(self.ring(ring).head.0.load(Relaxed)).offset();
        self.bytes(ring).expect_read(next);
        self.bytes(ring).expect_read(next.wrapping_add(LINE_BYTES));
    }

    #[inline]
    pub(crate) fn bytes(&self, ring: usize) -> &SharedBytes {
        &self.bytes[ring & 1]
    }
}

#[cfg(not(loom))]
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

#[cfg(not(loom))]
fn valid_capacity(capacity: u32) -> bool {
    capacity.is_power_of_two() && (RING_BYTES_MIN..=RING_BYTES_MAX).contains(&capacity)
}

#[cfg(not(loom))]
fn segment_bytes(capacities: [u32; 2]) -> usize {
    HEADER_BYTES + capacities[0] as usize + capacities[1] as usize
}

#[cfg(not(loom))]
fn ring_bytes(base: NonNull<u8>, capacities: [u32; 2]) -> [SharedBytes; 2] {
    let offsets = [HEADER_BYTES, HEADER_BYTES + capacities[0] as usize];
    [0, 1].map(|ring| {
        // SAFETY: the offset is inside the mapping, whose length is `segment_bytes(capacities)` or more.
        let at = unsafe { base.add(offsets[ring]) };
        // SAFETY: `capacities[ring]` bytes from there are mapped, and stay so while the segment that
        // owns the result lives; page plus power-of-two offsets are aligned to 8.
        unsafe { SharedBytes::new(at, capacities[ring] as usize) }
    })
}
