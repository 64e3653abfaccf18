//! A process, as one that waits for its end has it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::generation::{PerProcess, Settled};

/// A process that was there; its descriptor becomes readable when it ends.
///
/// A number can be another process's by the time it is asked for: what the process does, holding a lock
/// for example, is to be looked at after this.
#[derive(Debug)]
pub struct Process(OwnedFd);

impl Process {
    /// The process of this number; `None` if there is none, or the kernel has no such descriptors.
    #[must_use]
    pub fn open(number: u32) -> Option<Self> {
        let number = i32::try_from(number).ok().and_then(Pid::from_raw)?;
        pidfd_open(number, PidfdFlags::empty()).ok().map(Self)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&at_once)).is_ok_and(|ready| ready != 0)
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What tells the numbers of this process's world from those of others; `None` where the kernel does not
/// tell. A process never leaves its world.
#[must_use]
pub fn namespace() -> Option<u64> {
    static OWN: PerProcess<Settled<Option<u64>>> = PerProcess::new();
    let ask = || rustix::fs::stat("/proc/self/ns/pid").ok().map(|stat| stat.st_ino);
    *OWN.get().get_or_make(|| Box::new(ask()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_ended_when_it_is_killed() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let process = Process::open(child.id()).unwrap();
        assert!(!process.has_ended());
        child.kill().unwrap();
        let mut fds = [PollFd::new(&process, PollFlags::IN)];
        poll(&mut fds, None).unwrap();
        assert!(process.has_ended());
        child.wait().unwrap();
        assert!(Process::open(child.id()).is_none());
        assert!(Process::open(0).is_none());
    }
}
