//! Who owns a mutex: this thread, and whether another process that does still lives.

use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ntpipe_shm::owner::{Identity, Owner};
use ntpipe_shm::{generation, process};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::waitable::is_readable;

/// The calling thread. Without a system call but for the first time, and without a lock, which a `fork`
/// might copy while another thread holds it.
pub(crate) fn me() -> Identity {
    thread_local! {
        static ME: Cell<Option<(u32, Identity)>> = const { Cell::new(None) };
    }
    let now = generation::noted();
    match ME.get() {
        Some((generation, me)) if generation == now => me,
        // A `fork` makes a new process of the same memory.
        _ => {
            let me = ask();
            ME.set(Some((now, me)));
            me
        }
    }
}

fn ask() -> Identity {
    let process = std::process::id();
    let thread = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
    Identity {
        process,
        thread,
        since: began(process).unwrap_or(0),
        world: process::namespace().unwrap_or(0),
    }
}

/// When a process began, in the kernel's ticks.
fn began(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it is in brackets and may hold anything.
    text.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// The process that owns a mutex, watched by one who waits for it.
#[derive(Debug, Default)]
pub(crate) struct OwnerWatch {
    process: u32,
    pidfd: Option<OwnedFd>,
    /// Whether the next sleep is ended by its end.
    armed: Cell<bool>,
}

impl OwnerWatch {
    /// Passes the mutex on if another process that owned it is no more.
    pub(crate) fn look(&mut self, owner: Owner<'_>, me: Identity) {
        let process = owner.process();
        if process == 0 || process == me.process {
            *self = Self::default();
            return;
        }
        if self.process != process {
            *self = Self { process, ..Self::default() };
            // Numbers of another world say nothing here.
            if owner.world() != 0 && owner.world() != me.world {
                return;
            }
            let number = i32::try_from(process).ok().and_then(Pid::from_raw);
            match number.map(|number| pidfd_open(number, PidfdFlags::empty())) {
                Some(Ok(pidfd)) => self.pidfd = Some(pidfd),
                Some(Err(Errno::SRCH)) => owner.bury(process),
                _ => {}
            }
            let other = |(told, found)| told != 0 && told != found;
            if owner.since(process).zip(began(process)).is_some_and(other) {
                owner.bury(process);
            }
        }
        if self.pidfd.as_ref().is_some_and(|pidfd| is_readable(pidfd.as_fd())) {
            owner.bury(process);
        }
    }

    /// Becomes readable when that process ends: to be slept on.
    pub(crate) fn arm(&self) -> Option<BorrowedFd<'_>> {
        self.armed.set(true);
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// Whether another process was found to own it after the last [`arm`](Self::arm), whose end would end no
    /// sleep.
    pub(crate) fn is_unarmed(&self) -> bool {
        self.pidfd.is_some() && !self.armed.get()
    }
}
