//! Copies of the process for tests, which see that none hangs.
#![allow(unsafe_code)]

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, Result, retry_on_intr};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, waitpid};

/// So long a copy may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a copy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// What it ran answered `true`.
    Well,
    /// It answered `false`, or there was no answer.
    Badly,
    /// It did not end, and was killed.
    Never,
}

/// For tests: runs something in a copy of this process by `fork`, in which the calling thread alone goes on,
/// and the copy ends with it. What this thread has borrowed or locked stays so in the copy, as what other
/// threads have.
///
/// # Errors
///
/// What `fork` and the calls that watch the copy give.
///
/// # Blocking
///
/// Until the copy has ended, or was killed after 20 seconds.
#[doc(hidden)]
pub fn in_copy(run: impl FnOnce() -> bool) -> Result<Ended> {
    in_copy_for(PATIENCE, run)
}

/// For tests: whether this process runs this test and nothing else, so that its copies hold open what belongs
/// to no other. If not, the test runs once more, in one that does.
///
/// # Panics
///
/// If it fails there.
#[doc(hidden)]
#[must_use]
pub fn is_alone(test: &str) -> bool {
    const ALONE: &str = "NTPIPE_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let mut again = Command::new(env::current_exe().expect("this program"));
    again.args(["--exact", test, "--nocapture"]).env(ALONE, "1");
    let output = again.output().expect("this program runs");
    let told = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    let ran = told.contains("test result: ok. 1 passed");
    assert!(output.status.success() && ran, "{told}");
    false
}

pub(super) fn in_copy_for(patience: Duration, run: impl FnOnce() -> bool) -> Result<Ended> {
    // SAFETY: the copy has the memory as it is at this moment. Of what other threads were in the middle of,
    // nothing can be touched without its lock, which stays taken in the copy; the allocator's are taken care
    // of by the C library.
    let number = unsafe { libc::fork() };
    if number == 0 {
        let well = catch_unwind(AssertUnwindSafe(run)).unwrap_or(false);
        // SAFETY: ends the copy; nothing of the other process, which has all this too, is run for it.
        unsafe { libc::_exit(if well { 0 } else { 1 }) };
    }
    let copy = Pid::from_raw(number).filter(|_| number > 0).ok_or(Errno::AGAIN)?;
    let pidfd = pidfd_open(copy, PidfdFlags::empty())?;
    let timeout = Timespec::try_from(patience).map_err(|_| Errno::INVAL)?;
    let mut watched = [PollFd::new(&pidfd, PollFlags::IN)];
    let over = retry_on_intr(|| poll(&mut watched, Some(&timeout)))? > 0;
    if !over {
        kill_process(copy, Signal::KILL)?;
    }
    let status = waitpid(Some(copy), WaitOptions::empty())?.ok_or(Errno::CHILD)?.1;
    Ok(match status.exit_status() {
        Some(0) => Ended::Well,
        Some(_) => Ended::Badly,
        None if over => Ended::Badly,
        None => Ended::Never,
    })
}
