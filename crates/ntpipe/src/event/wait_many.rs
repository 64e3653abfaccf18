//! The one place that sleeps for events, pipe ends and processes together.
//!
//! Look at all; arm each, so that its word changes when it becomes ready; look again; sleep on all
//! words at once. Whatever becomes ready after it was armed ends the sleep.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use ntpipe_shm::futex;

use super::waitable::{Armed, Wait, Waitable};
use crate::end::until;
use crate::wait::Until;
use crate::{Error, ErrorKind, Result};

/// How many things one call waits for at most (`MAXIMUM_WAIT_OBJECTS`).
const MAXIMUM: usize = 64;

/// `WaitForMultipleObjects`—waits until one of them is ready: the first one in their order. An
/// auto-reset event that is returned has been taken. `None` when the time is over.
///
/// # Errors
///
/// `ERROR_INVALID_PARAMETER` for none or more than 64; what the system says if it cannot sleep.
#[doc(alias = "WaitForMultipleObjects")]
pub fn wait_any(things: &[&dyn Waitable], timeout: Option<Duration>) -> Result<Option<usize>> {
    let found = wait(things, until(timeout), true, |waits| {
        let found = waits.iter_mut().position(Wait::take)?;
        waits[found].tell();
        Some(found)
    });
    found.map_err(|error| error.during("wait for any"))
}

/// `WaitForMultipleObjects` with `bWaitAll`—waits until all of them are ready at the same moment.
/// Auto-reset events are taken only then, together. `false` when the time is over.
///
/// While events are taken that another one takes at the same time, they may for an instant look taken
/// to third parties, and be given back.
///
/// # Errors
///
/// As [`wait_any`], and `ERROR_INVALID_PARAMETER` for an event that is there twice.
pub fn wait_all(things: &[&dyn Waitable], timeout: Option<Duration>) -> Result<bool> {
    let mut events: Vec<_> =
        things.iter().filter_map(|thing| Wait::begin(*thing).event()).collect();
    events.sort_unstable();
    if events.windows(2).any(|pair| pair[0] == pair[1]) {
        let twice = Error::new(ErrorKind::InvalidParameter).because("an event is there twice");
        return Err(twice.during("wait for all"));
    }
    let found = wait(things, until(timeout), false, |waits| {
        if !waits.iter_mut().all(Wait::is_ready) {
            return None;
        }
        let taken = take_all(waits);
        if taken {
            waits.iter_mut().for_each(Wait::tell);
        }
        taken.then_some(())
    });
    found.map(|all| all.is_some()).map_err(|error| error.during("wait for all"))
}

/// Takes all events or none; in the same order in every process, so that of several who try, one
/// always succeeds.
fn take_all(waits: &mut [Wait<'_>]) -> bool {
    let mut order: Vec<_> =
        (0..waits.len()).filter_map(|at| Some((waits[at].event()?, at))).collect();
    order.sort_unstable();
    for (taken, &(_, at)) in order.iter().enumerate() {
        if !waits[at].take() {
            order[..taken].iter().for_each(|&(_, at)| waits[at].give_back());
            return false;
        }
    }
    true
}

/// Waits until `look` finds what it looks for. `enter`: whether a set may hand an auto-reset event to
/// this wait, and a pulse release it.
fn wait<T>(
    things: &[&dyn Waitable],
    until: Until,
    enter: bool,
    mut look: impl FnMut(&mut [Wait<'_>]) -> Option<T>,
) -> Result<Option<T>> {
    if !(1..=MAXIMUM).contains(&things.len()) {
        return Err(Error::new(ErrorKind::InvalidParameter).because("a wait is for 1 to 64 things"));
    }
    let mut waits: Vec<_> = things.iter().map(|thing| Wait::begin(*thing)).collect();
    loop {
        if let Some(found) = look(&mut waits) {
            return Ok(Some(found));
        }
        if until.is_over() {
            return Ok(None);
        }
        if enter {
            waits.iter_mut().for_each(Wait::enter);
        }
        let armed = waits.iter().map(Wait::arm).collect::<Result<Vec<_>>>()?;
        if let Some(found) = look(&mut waits) {
            return Ok(Some(found));
        }
        sleep(&armed, until)?;
    }
}

/// Sleeps until a word changes, or the time is over: the caller looks again.
fn sleep(armed: &[Armed<'_>], until: Until) -> Result<()> {
    let words: Vec<(&AtomicU32, u32)> = armed.iter().filter_map(Armed::word).collect();
    if let [(word, seen)] = words[..]
        && armed.len() == 1
    {
        futex::wait(word, seen, until.left());
        return Ok(());
    }
    // A server that a client opened between the looks has no word.
    if words.len() < armed.len() {
        return Ok(());
    }
    let slept = futex::wait_many(&words, until.left());
    slept.map(drop).map_err(|errno| Error::os("futex_waitv", errno))
}
