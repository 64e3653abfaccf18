//! The two limits of the machine, for measuring: one shared cache line, and one ring of copies.
//!
//! Nothing here knows of pipes. `ntpipe bench` runs them between two processes to learn what no
//! transport can beat, and gives its own figures as ratios of these. The peer is this very program
//! and is trusted, so this file copies by itself and not through `bytes`.
#![allow(unsafe_code)]

use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::{Errno, Result};
use rustix::mm::{MapFlags, ProtFlags};

use crate::sync::{AtomicU64, Ordering};

/// Two cache lines: the unit that adjacent-line prefetchers move.
const LINE: usize = 128;
/// Where the bytes of a ring begin; the page before holds its two indices.
const DATA: usize = 4096;
/// Bytes published at once, so that the reader copies while the writer does.
const CHUNK: usize = 16 << 10;
/// How long a spin lasts before the peer is taken for dead.
const STALLED: Duration = Duration::from_secs(10);

/// A shared mapping of a memfd whose size is sealed.
struct Map {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a `Map` owns its mapping; which thread uses or unmaps it does not matter.
unsafe impl Send for Map {}

impl Map {
    fn create(len: usize) -> Result<(Self, OwnedFd)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let fd = rustix::fs::memfd_create("ntpipe-bare", flags)?;
        rustix::fs::ftruncate(&fd, u64::try_from(len).map_err(|_| Errno::INVAL)?)?;
        rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Ok((Self::open(&fd)?, fd))
    }

    fn open(fd: impl AsFd) -> Result<Self> {
        if !rustix::fs::fcntl_get_seals(&fd)?.contains(SealFlags::SHRINK) {
            return Err(Errno::PERM);
        }
        let size = rustix::fs::fstat(&fd)?.st_size;
        let len = usize::try_from(size).map_err(|_| Errno::INVAL)?;
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address the kernel chooses touches no memory in use.
        let base =
            unsafe { rustix::mm::mmap(ptr::null_mut(), len, prot, MapFlags::SHARED, fd, 0) }?;
        let base = NonNull::new(base.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { base, len })
    }

    /// The word at the start of line `index`.
    fn word(&self, index: usize) -> &AtomicU64 {
        assert!((index + 1) * LINE <= self.len, "a word outside its mapping");
        let word = self.base.as_ptr().wrapping_add(index * LINE).cast();
        // SAFETY: inside the mapping (checked above), aligned to a line, alive as long as `self`;
        // both processes touch it only as an atomic.
        unsafe { AtomicU64::from_ptr(word) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping made in `open`; references into it borrow `self`.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "munmap of an own mapping");
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("len", &self.len).finish_non_exhaustive()
    }
}

/// One cache line shared by two processes: a word to spin on.
#[derive(Debug)]
pub struct Line(Map);

impl Line {
    /// A new line holding 0, and the descriptor by which another process opens it.
    ///
    /// # Errors
    /// Those of `memfd_create` and `mmap`.
    pub fn create() -> Result<(Self, OwnedFd)> {
        let (map, fd) = Map::create(DATA)?;
        Ok((Self(map), fd))
    }

    /// The line behind a descriptor that [`create`](Self::create) gave.
    ///
    /// # Errors
    /// `EPERM` for a descriptor whose size is not sealed, `EINVAL` for one too small.
    pub fn open(fd: impl AsFd) -> Result<Self> {
        let map = Map::open(fd)?;
        if map.len < LINE { Err(Errno::INVAL) } else { Ok(Self(map)) }
    }

    /// The word, with Acquire.
    #[must_use]
    #[inline]
    pub fn load(&self) -> u64 {
        // SYNC(bare-line): Acquire. Sees what the other side did before its store.
        self.0.word(0).load(Ordering::Acquire)
    }

    /// Sets the word, with Release.
    #[inline]
    pub fn store(&self, value: u64) {
        // SYNC(bare-line): Release. Pairs with the load of the other side.
        self.0.word(0).store(value, Ordering::Release);
    }

    /// Spins until the word is no longer `old` and gives the new value.
    ///
    /// # Errors
    /// `ETIMEDOUT` when nothing changed for ten seconds.
    #[inline]
    pub fn wait_while(&self, old: u64) -> Result<u64> {
        spin(|| Some(self.load()).filter(|&new| new != old))
    }
}

/// A ring of bytes from one process to another, spinning at both ends.
///
/// One side only pushes and the other only pops.
#[derive(Debug)]
pub struct CopyRing {
    map: Map,
    capacity: usize,
    /// Bytes this side has moved since the beginning.
    own: u64,
    /// What was last seen of the other side's count.
    far: u64,
}

/// The line of the writer's count.
const TAIL: usize = 0;
/// The line of the reader's count.
const HEAD: usize = 1;

impl CopyRing {
    /// An empty ring, and the descriptor by which another process opens it.
    ///
    /// # Errors
    /// `EINVAL` unless `capacity` is a power of two of at least 4096; those of `memfd_create`, `mmap`.
    pub fn create(capacity: usize) -> Result<(Self, OwnedFd)> {
        if capacity < DATA || !capacity.is_power_of_two() {
            return Err(Errno::INVAL);
        }
        let (map, fd) = Map::create(DATA + capacity)?;
        Ok((Self { map, capacity, own: 0, far: 0 }, fd))
    }

    /// The ring behind a descriptor that [`create`](Self::create) gave.
    ///
    /// # Errors
    /// `EPERM` for a descriptor whose size is not sealed, `EINVAL` for one of another shape.
    pub fn open(fd: impl AsFd) -> Result<Self> {
        let map = Map::open(fd)?;
        match map.len.checked_sub(DATA) {
            Some(capacity) if capacity >= DATA && capacity.is_power_of_two() => {
                Ok(Self { map, capacity, own: 0, far: 0 })
            }
            _ => Err(Errno::INVAL),
        }
    }

    /// Copies all of `data` in, spinning for room.
    ///
    /// # Errors
    /// `ETIMEDOUT` when the reader took nothing for ten seconds.
    pub fn push(&mut self, mut data: &[u8]) -> Result<()> {
        while !data.is_empty() {
            let room = self.wait(HEAD, |own, far, capacity| {
                capacity.saturating_sub(clamp(own.wrapping_sub(far)))
            })?;
            let (at, n) = self.piece(room, data.len());
            // SAFETY: `piece` keeps `at + n` inside the mapping and `n` inside `data`; the reader
            // leaves these bytes alone until the count below is published.
            unsafe { ptr::copy_nonoverlapping(data.as_ptr(), at, n) };
            self.publish(TAIL, n);
            data = &data[n..];
        }
        Ok(())
    }

    /// Fills all of `buffer`, spinning for data.
    ///
    /// # Errors
    /// `ETIMEDOUT` when the writer gave nothing for ten seconds.
    pub fn pop(&mut self, buffer: &mut [u8]) -> Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            let there =
                self.wait(TAIL, |own, far, capacity| clamp(far.wrapping_sub(own)).min(capacity))?;
            let rest = &mut buffer[filled..];
            let (at, n) = self.piece(there, rest.len());
            // SAFETY: `piece` keeps `at + n` inside the mapping and `n` inside `rest`; the writer
            // leaves these bytes alone until the count below is published.
            unsafe { ptr::copy_nonoverlapping(at, rest.as_mut_ptr(), n) };
            self.publish(HEAD, n);
            filled += n;
        }
        Ok(())
    }

    /// Waits until `amount` of (own count, far count, capacity) is not 0; asks the far side's line
    /// only when the cached count gives nothing.
    #[inline]
    fn wait(&mut self, line: usize, amount: impl Fn(u64, u64, usize) -> usize) -> Result<usize> {
        let cached = amount(self.own, self.far, self.capacity);
        if cached != 0 {
            return Ok(cached);
        }
        let (far, there) = spin(|| {
            // SYNC(bare-ring): Acquire. The bytes, or the room, that the other side published.
            let far = self.map.word(line).load(Ordering::Acquire);
            let there = amount(self.own, far, self.capacity);
            (there != 0).then_some((far, there))
        })?;
        self.far = far;
        Ok(there)
    }

    /// The next contiguous piece: where it is, and how long at most.
    #[inline]
    fn piece(&self, there: usize, wanted: usize) -> (*mut u8, usize) {
        let start = clamp(self.own & (self.capacity as u64 - 1));
        let n = there.min(wanted).min(CHUNK).min(self.capacity - start);
        (self.map.base.as_ptr().wrapping_add(DATA + start), n)
    }

    #[inline]
    fn publish(&mut self, line: usize, n: usize) {
        self.own = self.own.wrapping_add(n as u64);
        // SYNC(bare-ring): Release. The copy above is done before the other side may know.
        self.map.word(line).store(self.own, Ordering::Release);
    }
}

/// A count as a length; what does not fit is as good as endless.
#[inline]
fn clamp(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Spins until `ready` gives something; looks at the clock once in a million turns.
#[inline]
fn spin<T>(ready: impl Fn() -> Option<T>) -> Result<T> {
    let mut began = None;
    loop {
        for _ in 0..1 << 20 {
            if let Some(value) = ready() {
                return Ok(value);
            }
            std::hint::spin_loop();
        }
        let began = *began.get_or_insert_with(Instant::now);
        if began.elapsed() > STALLED {
            return Err(Errno::TIMEDOUT);
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_answers() {
        let (line, fd) = Line::create().unwrap();
        let peer = std::thread::spawn(move || {
            let line = Line::open(fd).unwrap();
            let seen = line.wait_while(0).unwrap();
            line.store(seen + 1);
        });
        line.store(1);
        assert_eq!(line.wait_while(1).unwrap(), 2);
        peer.join().unwrap();
    }

    #[test]
    fn a_ring_keeps_the_bytes_in_order() {
        let (mut ring, fd) = CopyRing::create(4096).unwrap();
        let sent: Vec<u8> =
            (0..100_000u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
        let expected = sent.clone();
        let peer = std::thread::spawn(move || {
            for piece in sent.chunks(777) {
                ring.push(piece).unwrap();
            }
        });
        let mut ring = CopyRing::open(fd).unwrap();
        let mut got = vec![0; expected.len()];
        for piece in got.chunks_mut(1000) {
            ring.pop(piece).unwrap();
        }
        peer.join().unwrap();
        assert_eq!(got, expected);
    }

    #[test]
    fn an_unsealed_descriptor_is_refused() {
        let fd = rustix::fs::memfd_create("x", MemfdFlags::ALLOW_SEALING).unwrap();
        assert_eq!(Line::open(fd).unwrap_err(), Errno::PERM);
    }
}
