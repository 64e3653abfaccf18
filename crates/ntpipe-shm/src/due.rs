//! Something that becomes ready at a time, once or again and again. No thread and no descriptor is behind
//! it: whoever waits computes how long it has to sleep.
//!
//! ```text
//! word      counts changes, so that sleepers compute anew
//! large[0]  when it is due, in nanoseconds; bit 63: by the clock on the wall; 0: never
//! large[1]  the period in nanoseconds; 0: once
//! ```
//!
//! A timer that is reset by hand stays ready from then on. One that is not is ready until a wait takes
//! it, which moves the due time to the next period, or to never.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::block::Block;
use crate::futex;
use crate::sync::{AtomicU32, Ordering};

const WALL: u64 = 1 << 63;
const NEVER: u64 = 0;

/// When a timer is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long after now.
    After(Duration),
    /// So long after the beginning of 1970, by the clock on the wall.
    At(Duration),
}

/// A view of a timer's block.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    block: &'a Block,
    manual: bool,
}

impl<'a> Due<'a> {
    /// A view of the block as a timer that stays ready, or is taken.
    #[must_use]
    pub fn new(block: &'a Block, manual: bool) -> Self {
        Self { block, manual }
    }

    /// Sets it anew.
    pub fn set(self, when: When, period: Duration) {
        let [due, every] = &self.block.large;
        every.store(nanos(period), Ordering::Relaxed);
        // SYNC(due): Release. Pairs with the Acquire in `now_due`: the period is that of this time.
        due.store(when.told(), Ordering::Release);
        self.changed();
    }

    /// Stops it. If it is ready it stays so.
    pub fn cancel(self) {
        let [due, every] = &self.block.large;
        every.store(0, Ordering::Relaxed);
        if !self.is_available() {
            due.store(NEVER, Ordering::Relaxed);
        }
        self.changed();
    }

    /// Takes it, if it is ready: what [`give_back`](Self::give_back) asks for.
    #[must_use]
    pub fn take(self) -> Option<u64> {
        loop {
            let due = self.now_due();
            if left(due)? > Duration::ZERO {
                return None;
            }
            if self.manual || self.replace(due, self.after(due)) {
                return Some(due);
            }
        }
    }

    /// Undoes a [`take`](Self::take).
    pub fn give_back(self, due: u64) {
        if !self.manual && self.replace(self.after(due), due) {
            self.changed();
        }
    }

    /// Whether it is ready.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// How long it takes to become ready; `None` is for ever.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        left(self.now_due())
    }

    /// The word, and what it holds now, for [`futex::wait`]: to be asked for before the last look.
    #[must_use]
    pub fn announce(self) -> (&'a AtomicU32, u32) {
        (&self.block.word, self.block.word.load(Ordering::Relaxed))
    }

    fn changed(self) {
        self.block.word.fetch_add(1, Ordering::Relaxed);
        futex::wake_all(&self.block.word);
    }

    fn now_due(self) -> u64 {
        // SYNC(due): Acquire. Pairs with the Release in `set`.
        self.block.large[0].load(Ordering::Acquire)
    }

    /// When it is due again after this time: in a whole number of periods, in the future.
    fn after(self, due: u64) -> u64 {
        let period = self.block.large[1].load(Ordering::Relaxed);
        if period == 0 {
            return NEVER;
        }
        let late = clock(due & WALL).saturating_sub(due & !WALL);
        let periods = (late / period).saturating_add(1);
        (due & !WALL).saturating_add(period.saturating_mul(periods)).min(!WALL) | due & WALL
    }

    fn replace(self, due: u64, next: u64) -> bool {
        let (ok, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        self.block.large[0].compare_exchange(due, next, ok, failed).is_ok()
    }
}

impl When {
    fn told(self) -> u64 {
        match self {
            Self::After(time) => clock(0).saturating_add(nanos(time)).clamp(1, !WALL),
            Self::At(time) => nanos(time).min(!WALL) | WALL,
        }
    }
}

fn left(due: u64) -> Option<Duration> {
    (due != NEVER).then(|| Duration::from_nanos((due & !WALL).saturating_sub(clock(due & WALL))))
}

fn clock(wall: u64) -> u64 {
    let id = if wall == 0 { ClockId::Monotonic } else { ClockId::Realtime };
    let Timespec { tv_sec, tv_nsec } = clock_gettime(id);
    let (seconds, rest) = (u64::try_from(tv_sec), u64::try_from(tv_nsec));
    seconds.unwrap_or_default().saturating_mul(1_000_000_000) + rest.unwrap_or_default()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn a_timer_is_ready_when_it_is_due_and_once_unless_it_has_a_period() {
        let block = Block::new(0, 0, 0);
        let (auto, manual) = (Due::new(&block, false), Due::new(&block, true));
        assert_eq!((auto.left(), auto.take()), (None, None));
        auto.set(When::After(LONG), NONE);
        assert!(auto.left() > Some(NONE) && auto.take().is_none());
        auto.set(When::After(NONE), NONE);
        assert!(manual.take().is_some() && manual.take().is_some());
        assert!(auto.take().is_some() && auto.take().is_none() && auto.left().is_none());
        auto.set(When::At(Duration::from_secs(1)), LONG);
        let due = auto.take().unwrap();
        assert!(auto.left().is_some_and(|left| left > NONE && left <= LONG));
        auto.give_back(due);
        assert!(auto.is_available());
    }

    #[test]
    fn a_cancelled_timer_stays_ready_if_it_was() {
        let block = Block::new(0, 0, 0);
        let timer = Due::new(&block, false);
        timer.set(When::After(NONE), LONG);
        timer.cancel();
        assert!(timer.take().is_some() && timer.left().is_none());
        timer.set(When::After(LONG), LONG);
        timer.cancel();
        assert_eq!(timer.left(), None);
    }
}
