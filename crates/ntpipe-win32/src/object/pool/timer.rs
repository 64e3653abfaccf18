//! The timers of the pool: one thread sleeps until the next is due.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ntpipe_shm::generation::PerProcess;

use super::{Id, lock, submit};
use crate::failure::Result;
use crate::token;

#[derive(Default)]
struct Timers {
    /// In the order in which they are due; the number tells those of one moment apart.
    due: BTreeMap<(Instant, u64), Id>,
    set: HashMap<Id, ((Instant, u64), Duration)>,
    next: u64,
    /// The process in which the thread runs.
    process: u32,
}

/// In a copy by `fork` none is set, as those that the system has for a process.
static TIMERS: PerProcess<(Mutex<Timers>, Condvar)> = PerProcess::new();

/// Has a task called at a time, and then again after each period that is not zero; `None` for never.
///
/// # Errors
/// What starting the thread gives.
pub fn set(id: Id, due: Option<Instant>, period: Duration) -> Result<()> {
    let (timers, changed) = TIMERS.get();
    let mut timers = lock(timers);
    if let Some((key, _)) = timers.set.remove(&id) {
        timers.due.remove(&key);
    }
    let Some(due) = due else { return Ok(()) };
    if timers.process != std::process::id() {
        token::spawn("ntpipe-timer", run)?;
        timers.process = std::process::id();
    }
    timers.add(id, due, period);
    drop(timers);
    changed.notify_all();
    Ok(())
}

/// Whether a task is to be called at a time.
#[must_use]
pub fn is_set(id: Id) -> bool {
    lock(&TIMERS.get().0).set.contains_key(&id)
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    lock(&TIMERS.get().0)
}

impl Timers {
    fn add(&mut self, id: Id, due: Instant, period: Duration) {
        self.next += 1;
        let key = (due, self.next);
        self.due.insert(key, id);
        self.set.insert(id, (key, period));
    }

    /// Takes a timer that is due; otherwise tells how long there is none.
    fn take(&mut self) -> std::result::Result<Id, Option<Duration>> {
        let now = Instant::now();
        let first = self.due.first_entry().ok_or(None)?;
        let (due, _) = *first.key();
        if due > now {
            return Err(Some(due - now));
        }
        let id = first.remove();
        let period = self.set.remove(&id).map_or(Duration::ZERO, |(_, period)| period);
        if !period.is_zero() {
            self.add(id, (due + period).max(now), period);
        }
        Ok(id)
    }
}

fn run() {
    let (mutex, changed) = TIMERS.get();
    let mut timers = lock(mutex);
    loop {
        match timers.take() {
            Ok(id) => {
                drop(timers);
                // One that was closed meanwhile is not called.
                let _ = submit(id, 0);
                timers = lock(mutex);
            }
            Err(None) => timers = changed.wait(timers).unwrap_or_else(PoisonError::into_inner),
            Err(Some(left)) => {
                let waited = changed.wait_timeout(timers, left);
                timers = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}
