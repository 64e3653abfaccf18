//! Writing where nobody may read any more: the answer is an error, and no signal.
//!
//! The kernel sends `SIGPIPE` to the thread that writes, which ends a program that does not expect it. A
//! socket can be written to without; for other descriptors the signal is held back in this thread during the
//! call, and taken away if the call has raised it. Nothing of that is seen outside: the program's handler
//! stays as it is, and so does what its children inherit.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::ptr::{from_ref, null, null_mut};

use rustix::io::Result;

/// As `write`, without the signal.
///
/// # Errors
/// What `write` gives; `EPIPE` if nobody reads any more.
pub fn write(fd: impl AsFd, data: &[u8]) -> Result<usize> {
    if is_ignored() {
        return rustix::io::write(fd, data);
    }
    let held = Held::back();
    let result = rustix::io::write(fd, data);
    if result.is_err_and(|errno| errno.raw_os_error() == libc::EPIPE) {
        held.take();
    }
    result
}

/// Whether the program lets the signal pass unseen, as Rust's do.
fn is_ignored() -> bool {
    let mut now = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: no new action is given, and the place of the old one is ours.
    if unsafe { libc::sigaction(libc::SIGPIPE, null(), now.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: all bits zero are a value of this type, and the call has overwritten them with another.
    unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// The signal does not reach this thread until this is dropped.
struct Held {
    before: libc::sigset_t,
    /// One waits already, which is none of ours.
    was_pending: bool,
    /// It stays with its thread.
    _stays: std::marker::PhantomData<*const ()>,
}

impl Held {
    fn back() -> Self {
        let (signal, mut before) = (signal(), none());
        // SAFETY: both sets are values of ours.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signal, &raw mut before) };
        // One that is not held back does not wait.
        let was_pending = contains(&before) && is_pending();
        Self { before, was_pending, _stays: std::marker::PhantomData }
    }

    /// Takes away the one that the call has raised. That is the thread's own, and comes before one that is
    /// for the whole process.
    fn take(&self) {
        if self.was_pending {
            return;
        }
        let (signal, at_once) = (signal(), libc::timespec { tv_sec: 0, tv_nsec: 0 });
        // SAFETY: set and time are values of ours, and no further information is asked for.
        unsafe { libc::sigtimedwait(&raw const signal, null_mut(), &raw const at_once) };
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let before = from_ref(&self.before);
        // SAFETY: the set is the one that the thread had before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, null_mut()) };
    }
}

fn none() -> libc::sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: the place is ours.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: all bits zero are a value of this type, and the call has made them the empty set.
    unsafe { set.assume_init() }
}

fn signal() -> libc::sigset_t {
    let mut set = none();
    // SAFETY: the set is a value of ours, and the number is that of a signal.
    unsafe { libc::sigaddset(&raw mut set, libc::SIGPIPE) };
    set
}

fn contains(set: &libc::sigset_t) -> bool {
    // SAFETY: the reference is to a set, and the number is that of a signal.
    unsafe { libc::sigismember(from_ref(set), libc::SIGPIPE) == 1 }
}

fn is_pending() -> bool {
    let mut set = none();
    // SAFETY: the set is a value of ours.
    unsafe { libc::sigpending(&raw mut set) };
    contains(&set)
}
