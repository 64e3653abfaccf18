//! A process behind handles.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use ntpipe::ErrorKind;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
};

use crate::failure::{Failure, Result};
use crate::sysinfoapi;

/// `STILL_ACTIVE`.
pub const STILL_ACTIVE: u32 = 259;

/// A process: a child of this one, or another.
#[derive(Debug)]
pub struct ProcessObject {
    /// Its number.
    pub pid: u32,
    pidfd: OwnedFd,
    exit_code: OnceLock<u32>,
    /// What it was terminated with, which the system does not keep.
    terminated_with: OnceLock<u32>,
    /// How often it was suspended before it began.
    suspended: AtomicU32,
    /// What the system does not know any more when its exit code has been asked for.
    last_times: OnceLock<Times>,
}

/// When a process began and ended, and how long it has run, in the system and in the program: units of
/// 100 ns, since 1601 for the first two. One that runs has ended at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it began.
    pub created: i64,
    /// When it ended.
    pub exited: i64,
    /// How long it has run in the system.
    pub kernel: i64,
    /// How long it has run in the program.
    pub user: i64,
}

impl Times {
    /// Of a process that the system knows.
    fn read(pid: u32) -> Result<Self> {
        let line = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // Behind the name, which may have spaces, the state is the third of the fields.
        let fields = line.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks_per_second = rustix::param::clock_ticks_per_second();
        let field = |number: usize| -> Result<i64> {
            let ticks = fields.split(' ').nth(number - 3).and_then(|it| it.parse::<u64>().ok());
            let ticks = ticks.ok_or(Failure::INTERNAL)?;
            Ok((ticks * 10_000_000 / ticks_per_second).cast_signed())
        };
        let booted = sysinfoapi::file_time() - sysinfoapi::since_boot();
        Ok(Self { created: booted + field(22)?, exited: 0, kernel: field(15)?, user: field(14)? })
    }
}

/// Children that nobody has a handle for any more, but that have not ended.
static ORPHANS: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());

impl ProcessObject {
    /// The process with this number.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` if there is none.
    pub fn open(pid: u32) -> Result<Self> {
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let number = number.ok_or(ErrorKind::InvalidParameter)?;
        let pidfd = pidfd_open(number, PidfdFlags::empty()).map_err(|errno| match errno {
            rustix::io::Errno::SRCH => ErrorKind::InvalidParameter.into(),
            errno => Failure::from(errno),
        })?;
        sweep();
        Ok(Self::inherited(pidfd, pid))
    }

    /// The process behind a descriptor that a parent left.
    #[must_use]
    pub fn inherited(pidfd: OwnedFd, pid: u32) -> Self {
        Self {
            pid,
            pidfd,
            exit_code: OnceLock::new(),
            terminated_with: OnceLock::new(),
            suspended: AtomicU32::new(0),
            last_times: OnceLock::new(),
        }
    }

    /// It was started stopped: it runs when it has been resumed.
    #[must_use]
    pub fn suspended(mut self) -> Self {
        self.suspended = AtomicU32::new(1);
        self
    }

    /// `ResumeThread` of its first thread: how often it had been suspended.
    #[must_use]
    pub fn resume(&self) -> u32 {
        let less = |count: u32| count.checked_sub(1);
        let before = self.suspended.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        if before == Ok(1) {
            let _ = pidfd_send_signal(&self.pidfd, Signal::CONT);
        }
        before.unwrap_or(0)
    }

    /// `SuspendThread` of its first thread: how often it had been suspended.
    ///
    /// # Errors
    /// `ERROR_NOT_SUPPORTED` for a program that runs.
    pub fn suspend(&self) -> Result<u32> {
        let more = |count: u32| (count > 0).then_some(count + 1);
        let before = self.suspended.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        before.map_err(|_| ErrorKind::NotSupported.into())
    }

    /// `GetProcessTimes`.
    ///
    /// # Errors
    /// What reading them gives: also of a process that was no child and has ended.
    pub fn times(&self) -> Result<Times> {
        if self.has_ended() {
            let _ = self.exit_code();
        }
        self.last_times.get().map_or_else(|| Times::read(self.pid), |times| Ok(*times))
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.exit_code.get().is_some() || is_over(&self.pidfd)
    }

    /// `GetExitCodeProcess`. The system tells it of children alone; for others it is 0, and for those
    /// that a signal ended 128 and the signal's number, as shells have it.
    #[must_use]
    pub fn exit_code(&self) -> u32 {
        if !self.has_ended() {
            return STILL_ACTIVE;
        }
        *self.exit_code.get_or_init(|| {
            // Until it is collected, the system knows its times.
            if let Ok(times) = Times::read(self.pid) {
                let exited = sysinfoapi::file_time();
                let _ = self.last_times.set(Times { exited, ..times });
            }
            let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
            let told = status.ok().flatten().map_or(0, |status| {
                let signal = status.terminating_signal().map(|signal| 128 + signal);
                status.exit_status().or(signal).map_or(0, i32::cast_unsigned)
            });
            self.terminated_with.get().copied().unwrap_or(told)
        })
    }

    /// `TerminateProcess`.
    ///
    /// # Errors
    /// `ERROR_ACCESS_DENIED` for somebody else's process, or one that has ended.
    pub fn terminate(&self, exit_code: u32) -> Result<()> {
        if self.has_ended() {
            return Err(ErrorKind::AccessDenied.into());
        }
        let _ = self.terminated_with.set(exit_code);
        pidfd_send_signal(&self.pidfd, Signal::KILL).map_err(|_| ErrorKind::AccessDenied.into())
    }
}

impl AsFd for ProcessObject {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for ProcessObject {
    fn drop(&mut self) {
        if self.exit_code.get().is_none()
            && let Ok(pidfd) = self.pidfd.try_clone()
        {
            ORPHANS.lock().unwrap_or_else(PoisonError::into_inner).push(pidfd);
            sweep();
        }
    }
}

/// Lets children go that have ended and that nobody asks for any more.
fn sweep() {
    let mut orphans = ORPHANS.lock().unwrap_or_else(PoisonError::into_inner);
    orphans.retain(|pidfd| {
        !is_over(pidfd) || {
            // Of a process that is no child there is nothing to collect.
            let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
            false
        }
    });
}

fn is_over(pidfd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(1))
}
