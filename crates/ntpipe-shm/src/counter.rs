//! A count of permits: each wait takes one, a release gives some.
//!
//! ```text
//! waiter                             releaser
//!   seen := word                       word += n
//!   word > 0? word -= 1 -> done        futex wake all
//!   futex wait while word = seen
//! ```
//!
//! All are woken, since one that waits for other things too may be content with another of them.

use crate::futex;
use crate::sync::{AtomicU32, Ordering};

/// A view of a counter's word.
#[derive(Clone, Copy, Debug)]
pub struct Counter<'a> {
    word: &'a AtomicU32,
    most: u32,
}

impl<'a> Counter<'a> {
    /// A view of `word` as a count that never exceeds `most`.
    #[must_use]
    pub fn new(word: &'a AtomicU32, most: u32) -> Self {
        Self { word, most }
    }

    /// Gives permits; how many there were, or `None` if they would be too many.
    #[must_use]
    pub fn release(self, permits: u32) -> Option<u32> {
        let most = self.most;
        let before = self.change(|now| now.checked_add(permits).filter(|next| *next <= most))?;
        futex::wake_all(self.word);
        Some(before)
    }

    /// Takes a permit, if there is one.
    #[must_use]
    pub fn take(self) -> bool {
        self.change(|now| now.checked_sub(1)).is_some()
    }

    /// Whether there is a permit.
    #[must_use]
    pub fn is_available(self) -> bool {
        // SYNC(counter): Acquire. Pairs with the release in `change`.
        self.word.load(Ordering::Acquire) > 0
    }

    /// The word, and what it holds now, for [`futex::wait`]: to be asked for before the last look.
    #[must_use]
    pub fn announce(self) -> (&'a AtomicU32, u32) {
        (self.word, self.word.load(Ordering::Relaxed))
    }

    fn change(self, next: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        // SYNC(counter): AcqRel. Pairs with itself and with the Acquire load above: what was written
        // before a release is seen by whoever takes its permit.
        self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, next).ok()
    }
}
