//! Blocks that can be handed to another process later on: parts of one memory file.
//!
//! A place that was handed over is never used again: nobody here knows when the other process is
//! through with it. A place that was not is used again when its block is gone. After a `fork` the child
//! begins a memory of its own.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

use crate::block::{Block, Mapping, PAGE_BYTES};
use crate::generation::PerProcess;
use crate::segment::OpenError;

/// A block in the memory of this process.
#[derive(Debug)]
pub struct Slot {
    block: &'static Block,
    offset: u64,
    memory: Arc<OwnedFd>,
    handed: AtomicBool,
}

struct Arena {
    memory: Arc<OwnedFd>,
    /// How much of it is mapped.
    len: u64,
    free: Vec<(u64, &'static Block)>,
    process: u32,
}

static ARENA: PerProcess<Mutex<Option<Arena>>> = PerProcess::new();

fn arena() -> MutexGuard<'static, Option<Arena>> {
    ARENA.get().lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    /// A new block.
    ///
    /// # Errors
    ///
    /// What `memfd_create`, `ftruncate`, `fcntl` or `mmap` answer.
    pub fn new(kind: u32, argument: u32, word: u32) -> Result<Self, OpenError> {
        let mut slot = arena();
        if slot.as_ref().is_none_or(|arena| arena.process != std::process::id()) {
            *slot = Some(Arena::new()?);
        }
        let arena = slot.as_mut().ok_or(OpenError::Refused("no memory"))?;
        if arena.free.is_empty() {
            arena.grow()?;
        }
        let (offset, block) = arena.free.pop().ok_or(OpenError::Refused("no memory"))?;
        block.begin(kind, argument, word);
        Ok(Self { block, offset, memory: arena.memory.clone(), handed: AtomicBool::new(false) })
    }

    /// The block.
    #[must_use]
    pub fn block(&self) -> &Block {
        self.block
    }

    /// The memory that it is in.
    #[must_use]
    pub fn memory(&self) -> &OwnedFd {
        &self.memory
    }

    /// Where in the memory it is.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The memory and the block's offset in it, for another process: from now on the place is its too.
    pub fn hand_over(&self) -> (&OwnedFd, u64) {
        self.handed.store(true, Ordering::Relaxed);
        (&self.memory, self.offset)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.handed.load(Ordering::Relaxed) {
            return;
        }
        if let Some(arena) = &mut *arena()
            && Arc::ptr_eq(&arena.memory, &self.memory)
            && arena.process == std::process::id()
        {
            self.block.end();
            arena.free.push((self.offset, self.block));
        }
    }
}

impl Arena {
    fn new() -> Result<Self, OpenError> {
        let os = |call| move |errno| OpenError::Os(call, errno);
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = memfd_create("ntpipe-blocks", flags).map_err(os("memfd_create"))?;
        // Nobody who gets it can cut it short.
        fcntl_add_seals(&memory, SealFlags::SHRINK).map_err(os("fcntl"))?;
        let process = std::process::id();
        Ok(Self { memory: Arc::new(memory), len: 0, free: Vec::new(), process })
    }

    fn grow(&mut self) -> Result<(), OpenError> {
        let len = self.len + PAGE_BYTES as u64;
        ftruncate(&self.memory, len).map_err(|errno| OpenError::Os("ftruncate", errno))?;
        let blocks = Mapping::forever(&self.memory, self.len)?;
        let places = (self.len..).step_by(size_of::<Block>());
        self.free.extend(places.zip(blocks));
        self.len = len;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_unless_it_was_handed_over() {
        // More than a page of them, all at different places.
        let slots: Vec<_> = (0..100).map(|kind| Slot::new(kind, 0, 7).unwrap()).collect();
        let mut places: Vec<_> = slots.iter().map(|slot| slot.offset).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 100);
        let (memory, offset) = slots[99].hand_over();
        let there = Mapping::open(memory, offset).unwrap();
        drop(slots);
        let later: Vec<_> = (0..100).map(|_| Slot::new(5, 0, 8).unwrap()).collect();
        assert!(later.iter().all(|slot| slot.offset != offset));
        assert_eq!((there.block().kind(), there.block().word.load(Ordering::Relaxed)), (99, 7));
    }

    #[test]
    fn nothing_is_found_where_nothing_was_made() {
        let slot = Slot::new(1, 0, 0).unwrap();
        let (memory, offset) = slot.hand_over();
        assert!(Mapping::open(memory, offset).is_ok());
        for wrong in [offset + 1, offset + 32, 1 << 40, u64::MAX - 63] {
            assert!(Mapping::open(memory, wrong).is_err(), "{wrong}");
        }
    }
}
