//! The doorbell: how one side wakes the other, and only if it sleeps.
//!
//! ```text
//! sleeper                                  ringer
//!   bell |= SLEEPER      (announce)          publish a cursor or a life
//!   full fence                               full fence
//!   look again: anything new? -> awake       bell has flags? no -> done
//!   futex wait while bell is unchanged       count up, clear flags, wake all
//! ```
//!
//! Each side stores, fences, loads the other's word: one of the two sees the other, so either the
//! sleeper finds the news or the ringer finds the sleeper. Flags are cleared by the ring, so whoever
//! goes back to sleep announces again; the count makes a ring between announcement and sleep visible
//! to the futex.

use std::time::Duration;

use crate::futex;
use crate::sync::{AtomicU32, Ordering, full_fence};

/// Somebody sleeps on the word.
pub const SLEEPER: u32 = 1;
/// Somebody polls the descriptor that belongs to the bell.
pub const POLLER: u32 = 2;
/// One ring.
const COUNT: u32 = 4;

/// A view of a bell's word.
#[derive(Clone, Copy, Debug)]
pub struct Doorbell<'a>(pub &'a AtomicU32);

impl<'a> Doorbell<'a> {
    /// Announces a sleeper or poller; the result is what [`wait`](Self::wait) expects.
    ///
    /// The caller looks at what it waits for after this, and sleeps only if there is nothing new.
    pub fn announce(self, who: u32) -> u32 {
        let before = self.0.fetch_or(who, Ordering::Relaxed);
        full_fence();
        before | who
    }

    /// Sleeps until the bell rings, if it has not since the announcement; `false` on timeout.
    #[must_use]
    pub fn wait(self, announced: u32, timeout: Option<Duration>) -> bool {
        futex::wait(self.0, announced, timeout)
    }

    /// Rings if somebody announced, after the news was published. Returns whether a poller was
    /// among them, whose descriptor the caller then makes readable.
    #[inline]
    pub fn ring(self) -> bool {
        full_fence();
        // Relaxed: the fence above and the sleeper's fence decide who sees whom.
        if self.0.load(Ordering::Relaxed) & (SLEEPER | POLLER) == 0 {
            return false;
        }
        let before = self.count_up();
        if before & SLEEPER != 0 {
            futex::wake_all(self.0);
        }
        before & POLLER != 0
    }

    /// Rings whether or not somebody announced.
    ///
    /// The announcement is not believed: the peer can write to the word, and could take back that of
    /// a sleeper of this process, whom a cancellation or the peer's death then would not wake.
    #[cold]
    pub fn ring_loudly(self) -> bool {
        let before = self.count_up();
        futex::wake_all(self.0);
        before & POLLER != 0
    }

    /// Counts a ring and clears the announcements; the word before.
    #[cold]
    fn count_up(self) -> u32 {
        let mut now = self.0.load(Ordering::Relaxed);
        loop {
            let next = now.wrapping_add(COUNT) & !(SLEEPER | POLLER);
            match self.0.compare_exchange_weak(now, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return now,
                Err(found) => now = found,
            }
        }
    }

    /// The word, for waiting on several bells at once.
    #[must_use]
    pub fn word(self) -> &'a AtomicU32 {
        self.0
    }
}
