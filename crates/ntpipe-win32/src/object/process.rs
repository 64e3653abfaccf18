//! A process behind handles.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, OnceLock, PoisonError};

use ntpipe::ErrorKind;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
};

use crate::failure::Result;

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
            errno => crate::failure::Failure::from(errno),
        })?;
        sweep();
        Ok(Self::inherited(pidfd, pid))
    }

    /// The process behind a descriptor that a parent left.
    #[must_use]
    pub fn inherited(pidfd: OwnedFd, pid: u32) -> Self {
        Self { pid, pidfd, exit_code: OnceLock::new(), terminated_with: OnceLock::new() }
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
