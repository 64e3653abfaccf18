//! Waits that the pool makes for the program: each on a thread of its own, which calls the task whenever
//! its object is signalled or the time is over.

use std::collections::HashMap;
use std::sync::Mutex;

use ntpipe::{ErrorKind, Event};
use ntpipe_shm::generation::PerProcess;

use super::{Id, finish, lock, submit};
use crate::failure::Result;
use crate::handle::Entry;
use crate::object::Object;
use crate::object::wait::wait_for;
use crate::token;
use crate::types::access;

/// The events that end waits. In a copy by `fork` nobody waits.
static STOPS: PerProcess<Mutex<HashMap<Id, Event>>> = PerProcess::new();

/// Begins to wait, in the place of an earlier wait of this task. The task is told what the wait answered.
///
/// # Errors
/// What starting a thread gives.
pub fn begin(id: Id, entry: Entry, milliseconds: u32, once: bool) -> Result<()> {
    let stop = Event::new(true, false)?;
    if let Some(earlier) = lock(STOPS.get()).insert(id, stop.clone()) {
        earlier.set();
    }
    let stopper = Entry::new(Object::Event(stop.clone()), access::SYNCHRONIZE);
    let both = [stopper, entry];
    let run = move || {
        while let Ok(answer) = wait_for(&both, false, milliseconds, false)
            && answer != 0
            && !stop.is_set()
        {
            // The stopper is the first of both; the program knows of its own object only.
            let told = if answer == 1 { 0 } else { answer };
            let told = if told == ABANDONED + 1 { ABANDONED } else { told };
            if submit(id, told as usize).is_err() || once {
                return;
            }
            finish(id, false);
        }
    };
    token::spawn("ntpipe-wait", run).map_err(Into::into)
}

const ABANDONED: u32 = 0x80;

/// Waits no more.
///
/// # Errors
/// `ERROR_INVALID_HANDLE` if no wait was begun.
pub fn end(id: Id) -> Result<()> {
    let stop = lock(STOPS.get()).remove(&id);
    stop.ok_or(ErrorKind::InvalidHandle)?.set();
    Ok(())
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    lock(STOPS.get())
}
