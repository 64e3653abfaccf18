//! Waiting for objects: what each one's signal is, and the alertable wait.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use ntpipe::sync::{Always, Waited, wait};
use ntpipe::{ErrorKind, Waitable};

use super::{Object, file, service, thread};
use crate::apc;
use crate::failure::Result;
use crate::handle::Entry;
use crate::types::access;

/// `WAIT_ABANDONED_0`.
const ABANDONED: u32 = 0x80;
/// `WAIT_IO_COMPLETION`.
pub const IO_COMPLETION: u32 = 0xC0;
/// `WAIT_TIMEOUT`.
pub const TIMEOUT: u32 = 258;
/// `INFINITE`.
pub const INFINITE: u32 = u32::MAX;

/// What a wait for an object waits for.
enum Signal<'a> {
    Of(&'a dyn Waitable),
    Fd(BorrowedFd<'a>),
    Always(Always),
}

impl<'a> Signal<'a> {
    fn of(object: &'a Object) -> Self {
        match object {
            Object::Pipe(pipe) => Self::Of(&pipe.signal),
            // Of a terminal, whether there is something to read; other files never have something under
            // way when they can be waited for.
            Object::File(it) if it.kind() == file::Kind::Char => Self::Fd(it.as_fd()),
            Object::File(_) | Object::Find(_) => Self::Always(Always),
            Object::Pipes(pipes) => Self::Of(&pipes.io.signal),
            Object::Event(event) => Self::Of(event),
            Object::Port(port) => Self::Of(port.signal()),
            Object::Mutex(mutex) => Self::Of(mutex),
            Object::Semaphore(semaphore) => Self::Of(semaphore),
            Object::Timer(timer) => Self::Of(&timer.timer),
            Object::Process(process) => Self::Fd(process.as_fd()),
            Object::Thread(thread) => Self::Of(&thread.ended),
            // No handle of a token may be waited for, so this is never asked.
            Object::Token(_) => Self::Always(Always),
        }
    }

    fn as_waitable(&self) -> &dyn Waitable {
        match self {
            Self::Of(thing) => *thing,
            Self::Fd(fd) => fd,
            Self::Always(always) => always,
        }
    }
}

/// `WaitForMultipleObjectsEx`: what it answers.
///
/// # Errors
/// `ERROR_ACCESS_DENIED` without the right to wait, `ERROR_INVALID_PARAMETER` for more than 64 objects, or
/// one that is there twice where all are waited for.
pub fn wait_for(entries: &[Entry], all: bool, milliseconds: u32, alertable: bool) -> Result<u32> {
    let answer = wait_before_calls(entries, all, milliseconds, alertable)?;
    if answer == IO_COMPLETION {
        apc::run_pending();
    }
    Ok(answer)
}

/// The same, but the calls that end it are left to the caller to [run](apc::run_pending): to one who has to
/// put something in order before, since they may do anything, even end the thread.
///
/// # Errors
/// As for [`wait_for`].
pub(super) fn wait_before_calls(
    entries: &[Entry],
    all: bool,
    milliseconds: u32,
    alertable: bool,
) -> Result<u32> {
    if entries.iter().any(|entry| entry.access & access::SYNCHRONIZE == 0) {
        return Err(ErrorKind::AccessDenied.into());
    }
    let signals: Vec<_> = entries.iter().map(|entry| Signal::of(&entry.object)).collect();
    let things: Vec<_> = signals.iter().map(Signal::as_waitable).collect();
    let timeout = Duration::from_millis(milliseconds.into());
    if !alertable {
        let timeout = (milliseconds != INFINITE).then_some(timeout);
        let waited = wait(&things, all, None, timeout)?;
        if matches!(waited, Waited::TimedOut) && milliseconds == 0 && service::settle() {
            // Who does not wait is told of what has completed by now, as on Windows.
            return Ok(answer(wait(&things, all, None, timeout)?));
        }
        return Ok(answer(waited));
    }
    let until = (milliseconds != INFINITE).then(|| Instant::now() + timeout);
    let thread = thread::current();
    loop {
        let timer = thread.apcs().look_at_timers();
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let patience = timer.into_iter().chain(left).min();
        match wait(&things, all, Some(thread.apcs().alert()), patience)? {
            // It was the time of a timer.
            Waited::TimedOut if timer.is_some() && left != Some(Duration::ZERO) => {}
            waited => return Ok(answer(waited)),
        }
    }
}

fn answer(waited: Waited) -> u32 {
    let index = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    match waited {
        Waited::Ready(at) => index(at),
        Waited::Abandoned(at) => ABANDONED + index(at),
        Waited::Alerted => IO_COMPLETION,
        _ => TIMEOUT,
    }
}
