//! The only place that copies payload, and the only one that touches a ring's data.
//!
//! What if the peer breaks the protocol and writes while we copy? The copied bytes may be torn: a
//! mix of old and new. They are bytes, so no invalid value can arise, and every offset and length is
//! ours, checked against the capacity here, so nothing is touched out of bounds. Formally a racing
//! plain copy is outside the language's model, as in every system that shares memory with another
//! program; it is contained in this file, behind raw pointers, and no reference to payload exists.
#![allow(unsafe_code)]

#[cfg(not(loom))]
use crate::prefetch;
use crate::sync::AtomicU64;

/// The data of one ring. Offsets are taken modulo the capacity, a power of two.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct SharedBytes {
    base: std::ptr::NonNull<u8>,
    capacity: usize,
}

#[cfg(not(loom))]
impl SharedBytes {
    /// # Safety
    ///
    /// `base` is aligned to 8 and points to `capacity` readable and writable bytes that stay mapped
    /// as long as this value lives; `capacity` is a power of two.
    pub(crate) unsafe fn new(base: std::ptr::NonNull<u8>, capacity: usize) -> Self {
        assert!(capacity.is_power_of_two());
        assert!(base.cast::<u64>().is_aligned());
        Self { base, capacity }
    }

    /// The two stretches of `len` bytes from `offset`: up to the end, and from the start.
    #[inline]
    fn stretches(&self, offset: usize, len: usize) -> (usize, usize, usize) {
        assert!(len <= self.capacity);
        let start = offset & (self.capacity - 1);
        let first = len.min(self.capacity - start);
        (start, first, len - first)
    }

    /// Copies `from` into the ring.
    #[inline]
    pub(crate) fn copy_in(&self, offset: usize, from: &[u8]) {
        let (start, first, second) = self.stretches(offset, from.len());
        let source = from.as_ptr();
        // SAFETY: `start < capacity`, by the mask in `stretches`; the base covers the capacity (`new`).
        let target = unsafe { self.base.as_ptr().add(start) };
        // SAFETY: `start + first <= capacity` and `first <= from.len()`, from `stretches`; the mapping
        // cannot overlap a slice of this process.
        unsafe { std::ptr::copy_nonoverlapping(source, target, first) };
        if second != 0 {
            // SAFETY: `first < from.len()`, since `second` is what remains of it.
            let rest = unsafe { source.add(first) };
            // SAFETY: `second <= capacity`, from `stretches`; the regions cannot overlap, as above.
            unsafe { std::ptr::copy_nonoverlapping(rest, self.base.as_ptr(), second) };
        }
    }

    /// Copies out of the ring into `into`.
    #[inline]
    pub(crate) fn copy_out(&self, offset: usize, into: &mut [u8]) {
        let (start, first, second) = self.stretches(offset, into.len());
        let target = into.as_mut_ptr();
        // SAFETY: `start < capacity`, by the mask in `stretches`; the base covers the capacity (`new`).
        let source = unsafe { self.base.as_ptr().add(start) };
        // SAFETY: `start + first <= capacity` and `first <= into.len()`, from `stretches`; the mapping
        // cannot overlap a slice of this process.
        unsafe { std::ptr::copy_nonoverlapping(source, target, first) };
        if second != 0 {
            // SAFETY: `first < into.len()`, since `second` is what remains of it.
            let rest = unsafe { target.add(first) };
            // SAFETY: `second <= capacity`, from `stretches`; the regions cannot overlap, as above.
            unsafe { std::ptr::copy_nonoverlapping(self.base.as_ptr(), rest, second) };
        }
    }

    /// The address of the byte at `offset`, for a hint to the processor.
    #[inline]
    fn address(&self, offset: usize) -> *const u8 {
        self.base.as_ptr().wrapping_add(offset & (self.capacity - 1))
    }

    /// Asks the processor for the line at `offset`, to be read.
    #[inline]
    pub(crate) fn expect_read(&self, offset: usize) {
        prefetch::to_read(self.address(offset));
    }

    /// Asks the processor for the line at `offset`, to be written.
    #[inline]
    pub(crate) fn expect_write(&self, offset: usize) {
        prefetch::to_write(self.address(offset));
    }

    /// The word at `offset`, a multiple of 8.
    #[inline]
    pub(crate) fn word(&self, offset: usize) -> &AtomicU64 {
        let start = offset & (self.capacity - 1) & !7;
        // SAFETY: `start < capacity`, by the mask; the base covers the capacity (`new`).
        let at = unsafe { self.base.as_ptr().add(start) };
        // SAFETY: `at` is aligned to 8 (base and `start` are), inside the mapping with 8 bytes to
        // spare (the capacity is a multiple of 8), and lives as long as `self` (`new`).
        unsafe { AtomicU64::from_ptr(at.cast()) }
    }
}

/// The data of one ring under loom: words, so that loom sees each access.
#[cfg(loom)]
#[derive(Debug)]
pub(crate) struct SharedBytes {
    words: Vec<AtomicU64>,
    /// One per word, without content: loom objects if a copy in and a copy out of the same word are
    /// not ordered. An atomic alone would not show a word that is overwritten too early.
    cells: Vec<loom::cell::UnsafeCell<()>>,
}

// SAFETY: the cells have no content, and loom checks every access to them.
#[cfg(loom)]
unsafe impl Sync for SharedBytes {}

#[cfg(loom)]
impl SharedBytes {
    pub(crate) fn heap(capacity: usize) -> Self {
        let units = 0..capacity / 8;
        Self {
            words: units.clone().map(|_| AtomicU64::new(0)).collect(),
            cells: units.map(|_| loom::cell::UnsafeCell::new(())).collect(),
        }
    }

    fn cell(&self, offset: usize) -> &loom::cell::UnsafeCell<()> {
        &self.cells[(offset / 8) & (self.cells.len() - 1)]
    }

    pub(crate) fn copy_in(&self, offset: usize, from: &[u8]) {
        use crate::sync::Ordering::Relaxed;
        for (at, chunk) in from.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.cell(offset + at * 8).with_mut(|_| ());
            self.word(offset + at * 8).store(u64::from_le_bytes(word), Relaxed);
        }
    }

    pub(crate) fn copy_out(&self, offset: usize, into: &mut [u8]) {
        use crate::sync::Ordering::Relaxed;
        for (at, chunk) in into.chunks_mut(8).enumerate() {
            self.cell(offset + at * 8).with(|_| ());
            let word = self.word(offset + at * 8).load(Relaxed).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }

    pub(crate) fn expect_read(&self, _offset: usize) {}

    pub(crate) fn expect_write(&self, _offset: usize) {}

    pub(crate) fn word(&self, offset: usize) -> &AtomicU64 {
        &self.words[(offset / 8) & (self.words.len() - 1)]
    }
}
