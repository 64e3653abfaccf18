//! The word of an event, in this process or in a page that several map.
//!
//! ```text
//! bit 0        SET: the event is signalled
//! manual reset:
//!   bits 1-31  releases: how often a set or a pulse released whoever waited
//! auto reset:
//!   bits 1-15  waiters: who wants to be released
//!   bits 16-31 grants: releases meant for waiters that have not taken them yet; at most `waiters`
//! ```
//!
//! **Manual.** A waiter notes the count when its wait begins. It is released when it finds SET, or
//! another count: whoever waited at the moment of a set or a pulse is released, however soon a reset
//! follows.
//!
//! **Auto.** A set while more wait than have grants is one grant more; otherwise it is SET. Two sets
//! so release two waiters, even if neither has run in between. A pulse grants too, but leaves nothing
//! behind if nobody waits. Taking lowers `grants` or clears SET; a waiter that leaves with nothing
//! turns a grant that nobody else can want into SET.
//!
//! ```text
//! waiter                                   setter
//!   seen := word                             change word
//!   take? -> done                            futex wake all
//!   futex wait while word = seen
//! ```
//!
//! No wake is lost: every change that may release someone changes the word, so it comes before `seen`
//! was loaded, and then the look after it finds it, or after, and then the futex does not sleep.
//!
//! A waiter that is killed stays counted. Then one set more than Windows would remember may be
//! remembered, as a grant; since whoever comes may take a grant, none is ever stuck.

use crate::futex;
use crate::sync::{AtomicU32, Ordering};

const SET: u32 = 1;
/// One release of a manual-reset event.
const RELEASE: u32 = 2;
const WAITER: u32 = 2;
const WAITERS: u32 = 0xFFFE;
const GRANT: u32 = 1 << 16;

/// A view of an event's word.
#[derive(Clone, Copy, Debug)]
pub struct Signal<'a> {
    word: &'a AtomicU32,
    manual: bool,
}

/// What a wait keeps from its beginning to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Manual reset: the word when the wait began.
    begun: u32,
    /// Auto reset: whether this wait is among the waiters.
    counted: bool,
}

/// The word of a new event.
#[must_use]
pub fn initial(signalled: bool) -> u32 {
    u32::from(signalled)
}

impl<'a> Signal<'a> {
    /// A view of `word` as an event that is reset by hand, or by the wait that it releases.
    #[inline]
    #[must_use]
    pub fn new(word: &'a AtomicU32, manual: bool) -> Self {
        Self { word, manual }
    }

    /// Signals, and wakes.
    pub fn set(self) {
        self.change(|now| match self.manual {
            true if now & SET != 0 => now,
            true => now.wrapping_add(RELEASE) | SET,
            false if wants_grant(now) => now.wrapping_add(GRANT),
            false => now | SET,
        });
        futex::wake_all(self.word);
    }

    /// Takes the signal back; whoever it released stays released.
    pub fn reset(self) {
        self.change(|now| now & !SET);
    }

    /// Releases who waits now: all, or with auto reset one; nothing stays signalled.
    pub fn pulse(self) {
        self.change(|now| match self.manual {
            true => now.wrapping_add(RELEASE) & !SET,
            false if wants_grant(now) => now.wrapping_add(GRANT) & !SET,
            false => now & !SET,
        });
        futex::wake_all(self.word);
    }

    /// Whether the event is signalled.
    #[inline]
    #[must_use]
    pub fn is_set(self) -> bool {
        // SYNC(signal): Acquire. Pairs with the release in `change`.
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// Whether a wait that begins now would not sleep.
    #[must_use]
    pub fn is_available(self) -> bool {
        // SYNC(signal): Acquire. Pairs with the release in `change`.
        is_available(self.word.load(Ordering::Acquire), self.manual)
    }

    /// Begins a wait, which is not counted yet.
    #[must_use]
    pub fn begin(self) -> Ticket {
        Ticket { begun: self.word.load(Ordering::Relaxed), counted: false }
    }

    /// Counts the wait among the waiters.
    pub fn enter(self, ticket: &mut Ticket) {
        if self.manual || ticket.counted {
            return;
        }
        let before = self.change(|now| if is_full(now) { now } else { now.wrapping_add(WAITER) });
        // One waiter too many is not counted: it can still take what is there.
        ticket.counted = !is_full(before);
    }

    /// Takes what releases this wait, if it is there. The wait is over then.
    #[must_use]
    pub fn take(self, ticket: &mut Ticket) -> bool {
        if self.manual {
            // SYNC(signal): Acquire. Pairs with the release in `change`.
            let now = self.word.load(Ordering::Acquire);
            return now & SET != 0 || (now ^ ticket.begun) & !SET != 0;
        }
        let own = if ticket.counted { WAITER } else { 0 };
        let before = self.change(|now| match (is_available(now, false), now >= GRANT) {
            (false, _) => now,
            // A waiter takes its grant; a passer-by leaves it, as long as there is SET.
            (true, true) if ticket.counted || now & SET == 0 => now.wrapping_sub(GRANT + own),
            (true, _) => (now & !SET).wrapping_sub(own),
        });
        let taken = is_available(before, false);
        ticket.counted &= !taken;
        taken
    }

    /// Gives back what a wait took, which is over.
    pub fn give_back(self) {
        if !self.manual {
            self.set();
        }
    }

    /// Ends a wait that took nothing.
    pub fn leave(self, ticket: &mut Ticket) {
        if !std::mem::take(&mut ticket.counted) {
            return;
        }
        let before = self.change(|now| {
            let now = now.wrapping_sub(WAITER);
            if now / GRANT > waiters(now) { now.wrapping_sub(GRANT) | SET } else { now }
        });
        if before >= GRANT {
            futex::wake_all(self.word);
        }
    }

    /// The word, and what it holds now, for [`futex::wait`]: to be asked for before the last look.
    #[must_use]
    pub fn announce(self) -> (&'a AtomicU32, u32) {
        (self.word, self.word.load(Ordering::Relaxed))
    }

    /// Changes the word; gives what it was.
    fn change(self, next: impl Fn(u32) -> u32) -> u32 {
        let mut now = self.word.load(Ordering::Relaxed);
        loop {
            // SYNC(signal): AcqRel. Pairs with itself and with the Acquire loads above: what was
            // written before a set is seen by whoever the set releases.
            let (ok, failed) = (Ordering::AcqRel, Ordering::Relaxed);
            match self.word.compare_exchange_weak(now, next(now), ok, failed) {
                Ok(before) => return before,
                Err(found) => now = found,
            }
        }
    }
}

fn waiters(word: u32) -> u32 {
    (word & WAITERS) / WAITER
}

fn is_full(word: u32) -> bool {
    word & WAITERS == WAITERS
}

fn wants_grant(word: u32) -> bool {
    word / GRANT < waiters(word)
}

fn is_available(word: u32, manual: bool) -> bool {
    word & SET != 0 || !manual && word >= GRANT
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn waiting(signal: Signal<'_>) -> Ticket {
        let mut ticket = signal.begin();
        signal.enter(&mut ticket);
        ticket
    }

    #[test]
    fn a_manual_set_releases_all_who_wait_even_if_a_reset_follows() {
        let word = AtomicU32::new(initial(false));
        let signal = Signal::new(&word, true);
        let mut tickets = [waiting(signal), waiting(signal)];
        assert!(!signal.take(&mut tickets[0]));
        signal.set();
        signal.reset();
        assert!(tickets.iter_mut().all(|ticket| signal.take(ticket)));
        assert!(!signal.take(&mut signal.begin()));
        signal.set();
        assert!(signal.take(&mut signal.begin()) && signal.is_set());
    }

    #[test]
    fn two_auto_sets_release_two_waiters_and_the_third_stays() {
        let word = AtomicU32::new(initial(false));
        let signal = Signal::new(&word, false);
        let (mut one, mut two) = (waiting(signal), waiting(signal));
        for _ in 0..5 {
            signal.set();
        }
        assert!(signal.take(&mut one) && signal.take(&mut two));
        assert!(signal.is_set() && signal.take(&mut signal.begin()));
        assert_eq!(word.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_auto_pulse_releases_one_waiter_or_nobody() {
        let word = AtomicU32::new(initial(true));
        let signal = Signal::new(&word, false);
        signal.pulse();
        assert!(!signal.is_available());
        let (mut one, mut two) = (waiting(signal), waiting(signal));
        signal.pulse();
        assert!(signal.take(&mut two) && !signal.take(&mut one));
        signal.leave(&mut one);
        assert_eq!(word.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_grant_that_is_left_behind_is_not_lost() {
        let word = AtomicU32::new(initial(false));
        let signal = Signal::new(&word, false);
        let mut ticket = waiting(signal);
        signal.set();
        assert!(!signal.is_set());
        signal.leave(&mut ticket);
        assert!(signal.is_set());
        // A waiter that was killed stays counted; its grant is there for the next one.
        signal.reset();
        let _killed = waiting(signal);
        signal.set();
        assert!(signal.take(&mut signal.begin()));
    }
}
