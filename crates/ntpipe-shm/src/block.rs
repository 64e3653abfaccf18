//! The memory of something to wait for, in this process or in a page that several map.
//!
//! ```text
//! offset  0   magic: "NTO" and the version
//!         4   kind: a number of the layer above
//!         8   argument: another one, which stays as it is
//!        12   word: what waiters sleep on
//!        16   small: two words of 32 bits
//!        24   large: two words of 64 bits
//! ```
//!
//! What the words mean is told in `signal.rs` (an event), `counter.rs`, `owner.rs` and `due.rs`.
#![allow(unsafe_code)]

use std::os::fd::AsFd;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags};

use crate::segment::OpenError;
use crate::sync::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The length of a file that holds a block, and of what is mapped of a longer one. The kernel's pages are as
/// long, or longer.
pub const PAGE_BYTES: usize = 4096;
/// "NTO" and the version.
const MAGIC: u32 = 0x4E54_4F01;

/// A block; atomics only.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Block {
    magic: AtomicU32,
    kind: AtomicU32,
    argument: AtomicU32,
    /// What waiters sleep on.
    pub word: AtomicU32,
    /// What belongs to it.
    pub small: [AtomicU32; 2],
    /// What belongs to it.
    pub large: [AtomicU64; 2],
}

const _: () = assert!(size_of::<Block>() == 64 && PAGE_BYTES.is_multiple_of(64));

impl Block {
    /// A block in this process's own memory.
    #[must_use]
    pub fn new(kind: u32, argument: u32, word: u32) -> Self {
        let block = Self::default();
        block.begin(kind, argument, word);
        block
    }

    /// Makes a block that nobody uses a new one.
    pub fn begin(&self, kind: u32, argument: u32, word: u32) {
        self.kind.store(kind, Relaxed);
        self.argument.store(argument, Relaxed);
        self.word.store(word, Relaxed);
        self.small.iter().for_each(|small| small.store(0, Relaxed));
        self.large.iter().for_each(|large| large.store(0, Relaxed));
        self.magic.store(MAGIC, Relaxed);
    }

    /// Makes it no block at all.
    pub fn end(&self) {
        self.magic.store(0, Relaxed);
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> u32 {
        self.kind.load(Relaxed)
    }

    /// What was said of it when it was made.
    #[inline]
    #[must_use]
    pub fn argument(&self) -> u32 {
        self.argument.load(Relaxed)
    }
}

/// A page with blocks, mapped. Only processes of one user map it, and they trust each other as far as
/// that: one that cuts the file short kills those that map it.
#[derive(Debug)]
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
    /// Where in it the block is that this mapping is for.
    at: usize,
}

// SAFETY: the mapping belongs to no thread, and is made of atomics only.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes a block at the beginning of a file that nobody maps.
    ///
    /// # Errors
    ///
    /// What `ftruncate` or `mmap` answer.
    pub fn create(file: impl AsFd) -> Result<Self, OpenError> {
        let os = |errno| OpenError::Os("ftruncate", errno);
        rustix::fs::ftruncate(&file, PAGE_BYTES as u64).map_err(os)?;
        Self::map(file, 0, 0)
    }

    /// Maps the block that another process made at this offset of a file.
    ///
    /// # Errors
    ///
    /// [`OpenError::Refused`] if there is none.
    pub fn open(file: impl AsFd, offset: u64) -> Result<Self, OpenError> {
        let stat = rustix::fs::fstat(&file).map_err(|errno| OpenError::Os("stat", errno))?;
        let at = usize::try_from(offset % PAGE_BYTES as u64).unwrap_or_default();
        let page = offset - at as u64;
        let end = page.checked_add(PAGE_BYTES as u64);
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        if !at.is_multiple_of(size_of::<Block>()) || end.is_none_or(|end| end > size) {
            return Err(OpenError::Refused("the file is too short for what is said to be in it"));
        }
        let mapping = Self::map(file, page, at)?;
        if mapping.block().magic.load(Relaxed) != MAGIC {
            return Err(OpenError::Refused("nothing to wait for is there, or of another version"));
        }
        Ok(mapping)
    }

    /// The page at this offset of a file that is long enough, for as long as the process lives.
    ///
    /// # Errors
    ///
    /// What `mmap` answers.
    pub fn forever(
        file: impl AsFd,
        offset: u64,
    ) -> Result<&'static [Block; PAGE_BYTES / size_of::<Block>()], OpenError> {
        let mapping = std::mem::ManuallyDrop::new(Self::map(file, offset, 0)?);
        // SAFETY: `map_by` has mapped `PAGE_BYTES` from `at` on, which is where this page begins.
        let page = unsafe { mapping.start.add(mapping.at) };
        // SAFETY: `at` is a multiple of `PAGE_BYTES` here, in a mapping that starts page-aligned; the array
        // has that length, is made of atomics only, and the mapping is never dropped.
        Ok(unsafe { page.cast().as_ref() })
    }

    /// The block.
    #[must_use]
    pub fn block(&self) -> &Block {
        // SAFETY: `map_by` has mapped the page that the caller's `at` lies in, from its beginning to its end.
        let block = unsafe { self.start.add(self.at) };
        // SAFETY: the mapping starts page-aligned and lives as long as `self`; `at` is a multiple of the
        // block's size, which divides the page's; and the block is made of atomics only.
        unsafe { block.cast().as_ref() }
    }

    fn map(file: impl AsFd, offset: u64, at: usize) -> Result<Self, OpenError> {
        Self::map_by(rustix::param::page_size(), file, offset, at)
    }

    /// Maps `PAGE_BYTES` from `offset` on, a multiple of that, and what is before it in the kernel's page.
    fn map_by(
        kernel_page: usize,
        file: impl AsFd,
        offset: u64,
        at: usize,
    ) -> Result<Self, OpenError> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let before = usize::try_from(offset % kernel_page as u64).unwrap_or_default();
        let (offset, len) = (offset - before as u64, before + PAGE_BYTES);
        let null = std::ptr::null_mut();
        // SAFETY: a new mapping at an address of the kernel's choice touches no existing memory.
        let base =
            unsafe { rustix::mm::mmap(null, len, protection, MapFlags::SHARED, file, offset) };
        let base = base.map_err(|errno| OpenError::Os("mmap", errno))?;
        let start = NonNull::new(base.cast()).ok_or(OpenError::Refused("mapped at zero"))?;
        Ok(Self { start, len, at: before + at })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: address and length are those of our own mapping, which nobody can use any more.
        let unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_found_where_the_kernels_pages_are_longer() {
        let file = crate::lockfile::anonymous(4 * PAGE_BYTES as u64).unwrap();
        let offset = 3 * PAGE_BYTES as u64;
        Mapping::map(&file, offset, 128).unwrap().block().begin(7, 8, 9);
        let long = Mapping::map_by(16 * PAGE_BYTES, &file, offset, 128).unwrap();
        assert_eq!((long.block().kind(), long.block().argument()), (7, 8));
        long.block().word.store(10, Relaxed);
        let near = Mapping::open(&file, offset + 128).unwrap();
        assert_eq!(near.block().word.load(Relaxed), 10);
    }
}
