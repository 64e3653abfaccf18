//! The one place that sleeps for events, mutexes, semaphores, timers, pipe ends and processes together.
//!
//! Look at all; arm each, so that a word changes when it becomes ready; look again; sleep on all
//! words at once. Whatever becomes ready after it was armed ends the sleep.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use ntpipe_shm::futex;
use rustix::io::Errno;

use super::Event;
use super::waitable::{Armed, Wait, Waitable};
use crate::end::until;
use crate::wait::Until;
use crate::{Error, ErrorKind, Result, watch};

/// How many things one call waits for at most (`MAXIMUM_WAIT_OBJECTS`).
const MAXIMUM: usize = 64;

/// How long a sleep is where the kernel cannot sleep on several words.
const SLICE: Duration = Duration::from_millis(1);

/// How a [`wait`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waited {
    /// The thing with this index is ready, and taken; of all that were waited for, the first.
    Ready(usize),
    /// The same, and it is a mutex whose owner ended without releasing it (`WAIT_ABANDONED`).
    Abandoned(usize),
    /// The alert was set before anything was ready (`WAIT_IO_COMPLETION`).
    Alerted,
    /// The time is over (`WAIT_TIMEOUT`).
    TimedOut,
}

/// `WaitForMultipleObjects`—waits until one of them is ready: the first one in their order. An
/// auto-reset event that is returned has been taken, as have a mutex, a semaphore and a timer. `None`
/// when the time is over.
///
/// # Errors
///
/// `ERROR_INVALID_PARAMETER` for none or more than 64; what the system says if it cannot sleep.
#[doc(alias = "WaitForMultipleObjects")]
pub fn wait_any(things: &[&dyn Waitable], timeout: Option<Duration>) -> Result<Option<usize>> {
    Ok(match wait(things, false, None, timeout)? {
        Waited::Ready(index) | Waited::Abandoned(index) => Some(index),
        Waited::Alerted | Waited::TimedOut => None,
    })
}

/// `WaitForMultipleObjects` with `bWaitAll`—waits until all of them are ready at the same moment.
/// What a wait takes is taken only then, together. `false` when the time is over.
///
/// While things are taken that another one takes at the same time, they may for an instant look taken
/// to third parties, and be given back.
///
/// # Errors
///
/// As [`wait_any`], and `ERROR_INVALID_PARAMETER` for something that is there twice.
pub fn wait_all(things: &[&dyn Waitable], timeout: Option<Duration>) -> Result<bool> {
    Ok(matches!(wait(things, true, None, timeout)?, Waited::Ready(_) | Waited::Abandoned(_)))
}

/// `WaitForMultipleObjectsEx`—[`wait_any`] or [`wait_all`], telling more, and ended by `alert` as well,
/// if that is set when nothing is ready. The alert is not taken. With an alert there may be nothing
/// else to wait for (`SleepEx`).
///
/// # Errors
///
/// As [`wait_all`].
#[doc(alias = "WaitForMultipleObjectsEx")]
pub fn wait(
    things: &[&dyn Waitable],
    all: bool,
    alert: Option<&Event>,
    timeout: Option<Duration>,
) -> Result<Waited> {
    let call = if all { "wait for all" } else { "wait for any" };
    let waited = if all && !things.is_empty() {
        each_once(things).and_then(|()| run(things, alert, until(timeout), false, look_for_all))
    } else {
        run(things, alert, until(timeout), true, look_for_any)
    };
    waited.map_err(|error| error.during(call))
}

fn each_once(things: &[&dyn Waitable]) -> Result<()> {
    let mut keys: Vec<_> = things.iter().filter_map(|thing| Wait::begin(*thing).key()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::new(ErrorKind::InvalidParameter).because("something is there twice"));
    }
    Ok(())
}

fn look_for_any(waits: &mut [Wait<'_>]) -> Option<Waited> {
    let found = waits.iter_mut().position(Wait::take)?;
    waits[found].tell();
    let abandoned = waits[found].is_abandoned();
    Some(if abandoned { Waited::Abandoned(found) } else { Waited::Ready(found) })
}

fn look_for_all(waits: &mut [Wait<'_>]) -> Option<Waited> {
    if !waits.iter_mut().all(Wait::is_ready) || !take_all(waits) {
        return None;
    }
    waits.iter_mut().for_each(Wait::tell);
    let abandoned = waits.iter().position(Wait::is_abandoned);
    Some(abandoned.map_or(Waited::Ready(0), Waited::Abandoned))
}

/// Takes all or none; in the same order in every process, so that of several who try, one always
/// succeeds.
fn take_all(waits: &mut [Wait<'_>]) -> bool {
    let mut order: Vec<_> =
        (0..waits.len()).filter_map(|at| Some((waits[at].key()?, at))).collect();
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
fn run(
    things: &[&dyn Waitable],
    alert: Option<&Event>,
    until: Until,
    enter: bool,
    mut look: impl FnMut(&mut [Wait<'_>]) -> Option<Waited>,
) -> Result<Waited> {
    let least = usize::from(alert.is_none());
    if !(least..=MAXIMUM).contains(&things.len()) {
        return Err(Error::new(ErrorKind::InvalidParameter).because("a wait is for 1 to 64 things"));
    }
    let mut waits: Vec<_> = things.iter().map(|thing| Wait::begin(*thing)).collect();
    let mut look = |waits: &mut [Wait<'_>]| {
        let alerted = || alert.is_some_and(Event::is_set).then_some(Waited::Alerted);
        look(waits).or_else(alerted)
    };
    loop {
        if let Some(found) = look(&mut waits) {
            return Ok(found);
        }
        if until.is_over() {
            return Ok(Waited::TimedOut);
        }
        if enter {
            waits.iter_mut().for_each(Wait::enter);
        }
        let mut armed = arm(&waits)?;
        armed.extend(alert.map(|alert| Armed::plain(alert.signal().announce())));
        if let Some(found) = look(&mut waits) {
            return Ok(found);
        }
        if waits.iter().any(Wait::is_unarmed) {
            continue;
        }
        let left = waits.iter().filter_map(Wait::left).chain(until.left()).min();
        sleep(&armed, left)?;
    }
}

/// Arms each; one alarm rings for all descriptors.
fn arm<'a>(waits: &[Wait<'a>]) -> Result<Vec<Armed<'a>>> {
    let mut fds = Vec::new();
    let mut armed = waits.iter().map(|wait| wait.arm(&mut fds)).collect::<Result<Vec<_>>>()?;
    if !fds.is_empty() {
        armed.push(Armed::alarm(watch::alarm(&fds)?));
    }
    Ok(armed)
}

/// Sleeps until a word changes, or the time is over: the caller looks again.
fn sleep(armed: &[Armed<'_>], left: Option<Duration>) -> Result<()> {
    // A server that a client opened between the looks has no word.
    if armed.iter().any(Armed::is_at_once) {
        return Ok(());
    }
    let words: Vec<(&AtomicU32, u32)> = armed.iter().filter_map(Armed::word).collect();
    if let [(word, seen)] = words[..] {
        futex::wait(word, seen, left);
        return Ok(());
    }
    match (futex::wait_many(&words, left), words.first()) {
        (Ok(_), _) => Ok(()),
        // A kernel before 5.16, or an emulator of one, sleeps on one word at a time.
        (Err(Errno::NOSYS), Some((word, seen))) => {
            futex::wait(word, *seen, Some(left.map_or(SLICE, |left| left.min(SLICE))));
            Ok(())
        }
        (Err(errno), _) => Err(Error::os("futex_waitv", errno)),
    }
}
