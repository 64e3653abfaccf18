//! A lock that a thread owns, as often as it takes it, and that outlives its owner.
//!
//! ```text
//! word      bits 0-23  the owner's process; 0: nobody's
//!           bit 30     WAITED: somebody sleeps on the word
//!           bit 31     ABANDONED: the last owner ended without releasing it
//! small[0]  the owner's thread; small[1]  how often it has taken it
//! large[0]  the owner's process (upper 24 bits) and when that began (lower 40)
//! large[1]  where its number means something
//! ```
//!
//! Only the owner writes `small` and `large`: after it took the word, and `small` again before it gives
//! the word back. A thread that finds its own process in the word and its own number in `small` is
//! the owner. The word of a process that was killed stays as it is; whoever waits finds that out from the
//! kernel, and passes it on as abandoned.

use crate::block::Block;
use crate::futex;
use crate::sync::{AtomicU32, Ordering};

const PROCESS: u32 = 0xFF_FFFF;
const WAITED: u32 = 1 << 30;
const ABANDONED: u32 = 1 << 31;
const SINCE_BITS: u32 = 40;

/// Who takes and gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The process.
    pub process: u32,
    /// The thread.
    pub thread: u32,
    /// When the process began, in any unit; it tells processes of the same number apart.
    pub since: u64,
    /// Where the number of the process is its own.
    pub world: u64,
}

/// How a lock was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// From nobody.
    Free,
    /// By its owner, once more.
    Again,
    /// From somebody who ended without releasing it.
    Abandoned,
}

/// A view of a lock's block.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    block: &'a Block,
}

impl<'a> Owner<'a> {
    /// A view of the block as a lock.
    #[must_use]
    pub fn new(block: &'a Block) -> Self {
        Self { block }
    }

    /// Takes it, if it is nobody's or one's own.
    #[must_use]
    pub fn take(self, me: Identity) -> Option<Taken> {
        let [thread, depth] = &self.block.small;
        if self.is_held_by(me) {
            depth.fetch_add(1, Ordering::Relaxed);
            return Some(Taken::Again);
        }
        let free = |now| (now & PROCESS == 0).then_some(me.process | now & WAITED);
        // SYNC(owner): Acquire. Pairs with the Release in `give`: what the last owner wrote is seen.
        let order = (Ordering::Acquire, Ordering::Relaxed);
        let before = self.block.word.fetch_update(order.0, order.1, free).ok()?;
        self.block.large[1].store(me.world, Ordering::Relaxed);
        self.block.large[0].store(tell(me), Ordering::Relaxed);
        depth.store(1, Ordering::Relaxed);
        thread.store(me.thread, Ordering::Relaxed);
        Some(if before & ABANDONED != 0 { Taken::Abandoned } else { Taken::Free })
    }

    /// Whether a wait that begins now would not sleep.
    #[must_use]
    pub fn is_available(self, me: Identity) -> bool {
        self.process() == 0 || self.is_held_by(me)
    }

    /// Gives it back once; whether that was the last time. `None` if it is somebody else's.
    #[must_use]
    pub fn release(self, me: Identity) -> Option<bool> {
        if !self.is_held_by(me) {
            return None;
        }
        let depth = &self.block.small[1];
        let left = depth.load(Ordering::Relaxed).saturating_sub(1);
        depth.store(left, Ordering::Relaxed);
        if left == 0 {
            self.give(0);
        }
        Some(left == 0)
    }

    /// Undoes a [`take`](Self::take).
    pub fn give_back(self, me: Identity, taken: Taken) {
        if taken == Taken::Abandoned {
            self.abandon(me);
        } else {
            let _ = self.release(me);
        }
    }

    /// The owner ends.
    pub fn abandon(self, me: Identity) {
        if self.is_held_by(me) {
            self.give(ABANDONED);
        }
    }

    /// The process that owns it, if one does.
    #[must_use]
    pub fn process(self) -> u32 {
        // SYNC(owner): Acquire. Pairs with the Release in `give`.
        self.block.word.load(Ordering::Acquire) & PROCESS
    }

    /// When the owner, if it is this process, began, as far as that is known.
    #[must_use]
    pub fn since(self, process: u32) -> Option<u64> {
        let told = self.block.large[0].load(Ordering::Relaxed);
        (told >> SINCE_BITS == u64::from(process)).then_some(told & ((1 << SINCE_BITS) - 1))
    }

    /// Where the last owner's number means something; 0 if that was never told.
    #[must_use]
    pub fn world(self) -> u64 {
        self.block.large[1].load(Ordering::Relaxed)
    }

    /// The process that owned it is no more.
    pub fn bury(self, process: u32) {
        let next = |now| (now & PROCESS == process).then_some(ABANDONED);
        // SYNC(owner): Release. Pairs with the Acquire in `take`; nothing of the dead is passed on.
        if self.block.word.fetch_update(Ordering::Release, Ordering::Relaxed, next).is_ok() {
            futex::wake_all(&self.block.word);
        }
    }

    /// The word, and what it holds now, for [`futex::wait`]: to be asked for before the last look.
    #[must_use]
    pub fn announce(self) -> (&'a AtomicU32, u32) {
        let before = self.block.word.fetch_or(WAITED, Ordering::Relaxed);
        (&self.block.word, before | WAITED)
    }

    fn is_held_by(self, me: Identity) -> bool {
        // No other thread writes this one's number there, so what is read needs no order.
        self.block.word.load(Ordering::Relaxed) & PROCESS == me.process
            && self.block.small[0].load(Ordering::Relaxed) == me.thread
    }

    /// Makes it nobody's.
    fn give(self, mark: u32) {
        self.block.small[0].store(0, Ordering::Relaxed);
        // SYNC(owner): Release. Pairs with the Acquire in `take`.
        if self.block.word.swap(mark, Ordering::Release) & WAITED != 0 {
            futex::wake_all(&self.block.word);
        }
    }
}

fn tell(who: Identity) -> u64 {
    u64::from(who.process) << SINCE_BITS | who.since & ((1 << SINCE_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone(process: u32, thread: u32) -> Identity {
        Identity { process, thread, since: 5, world: 0 }
    }

    #[test]
    fn the_owner_takes_it_again_and_gives_it_back_as_often() {
        let block = Block::new(0, 0, 0);
        let (lock, me, other) = (Owner::new(&block), someone(7, 8), someone(7, 9));
        assert_eq!((lock.take(me), lock.take(me)), (Some(Taken::Free), Some(Taken::Again)));
        assert_eq!((lock.take(other), lock.release(other)), (None, None));
        assert_eq!((lock.release(me), lock.release(me)), (Some(false), Some(true)));
        assert_eq!((lock.release(me), lock.take(other)), (None, Some(Taken::Free)));
    }

    #[test]
    fn what_an_owner_leaves_behind_is_told_once() {
        let block = Block::new(0, 0, 0);
        let (lock, me, other) = (Owner::new(&block), someone(7, 8), someone(10, 9));
        assert_eq!((lock.take(me), lock.take(me)), (Some(Taken::Free), Some(Taken::Again)));
        lock.abandon(me);
        assert_eq!(lock.take(other), Some(Taken::Abandoned));
        assert_eq!((lock.process(), lock.since(10), lock.since(7)), (10, Some(5), None));
        lock.bury(7);
        assert_eq!(lock.process(), 10);
        lock.bury(10);
        assert_eq!(lock.take(me), Some(Taken::Abandoned));
        lock.give_back(me, Taken::Abandoned);
        assert_eq!(lock.take(other), Some(Taken::Abandoned));
        assert_eq!((lock.release(other), lock.take(me)), (Some(true), Some(Taken::Free)));
    }
}
