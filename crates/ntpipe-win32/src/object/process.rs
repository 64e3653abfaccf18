//! A process behind handles.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use ntpipe::ErrorKind;
use ntpipe_shm::generation::PerProcess;
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
static ORPHANS: PerProcess<Mutex<Vec<OwnedFd>>> = PerProcess::new();
/// The processes that somebody has a handle for. All handles of one stand for the same object: the system
/// tells how a child ended once only, and how it was terminated or suspended is known here alone. In a copy
/// by `fork` they are no children.
static KNOWN: PerProcess<Mutex<Vec<Weak<ProcessObject>>>> = PerProcess::new();
/// The calling process.
static OWN: PerProcess<Mutex<Option<Arc<ProcessObject>>>> = PerProcess::new();

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    (lock(OWN.get()), lock(KNOWN.get()), lock(ORPHANS.get()))
}

impl ProcessObject {
    /// The process with this number.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` if there is none.
    pub fn open(pid: u32) -> Result<Arc<Self>> {
        sweep();
        let mut known = lock(KNOWN.get());
        known.retain(|process| process.strong_count() > 0);
        let mut processes = known.iter().filter_map(Weak::upgrade);
        // The number of one that has ended may be another's by now, unless it is a child to be collected.
        let lives = |it: &Arc<Self>| it.pid == pid && (!it.has_ended() || is_child(&it.pidfd));
        if let Some(process) = processes.find(lives) {
            return Ok(process);
        }
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let number = number.ok_or(ErrorKind::InvalidParameter)?;
        let pidfd = pidfd_open(number, PidfdFlags::empty()).map_err(|errno| match errno {
            rustix::io::Errno::SRCH => ErrorKind::InvalidParameter.into(),
            errno => Failure::from(errno),
        })?;
        let process = Arc::new(Self::inherited(pidfd, pid));
        known.push(Arc::downgrade(&process));
        Ok(process)
    }

    /// The calling process.
    ///
    /// # Errors
    /// The system call's.
    pub fn current() -> Result<Arc<Self>> {
        let mut own = lock(OWN.get());
        match &*own {
            Some(process) if process.pid == std::process::id() => Ok(process.clone()),
            _ => Ok(own.insert(Self::open(std::process::id())?).clone()),
        }
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
    pub fn set_suspended(&self) {
        self.suspended.store(1, Ordering::Relaxed);
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
            let status = status.ok().flatten();
            // Of one that ended by itself before it could be terminated, that counts.
            if let Some(code) = status.as_ref().and_then(|status| status.exit_status()) {
                return code.cast_unsigned();
            }
            let signal = status.and_then(|status| status.terminating_signal());
            let told = signal.map_or(0, |signal| 128 + signal.cast_unsigned());
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
            && is_child(&self.pidfd)
            && let Ok(pidfd) = self.pidfd.try_clone()
        {
            lock(ORPHANS.get()).push(pidfd);
            sweep();
        }
    }
}

/// Lets children go that have ended and that nobody asks for any more.
fn sweep() {
    // One that somebody else has collected is none any more.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    lock(ORPHANS.get())
        .retain(|pidfd| matches!(waitid(WaitId::PidFd(pidfd.as_fd()), options), Ok(None)));
}

/// Whether it is a child of this process that has not been collected.
fn is_child(pidfd: &OwnedFd) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::PidFd(pidfd.as_fd()), options).is_ok()
}

fn is_over(pidfd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptors() -> usize {
        let to_processes = |link: &std::path::PathBuf| link.to_string_lossy().contains("pidfd");
        let entries = std::fs::read_dir("/proc/self/fd").expect("a directory").flatten();
        entries.filter_map(|it| std::fs::read_link(it.path()).ok()).filter(to_processes).count()
    }

    #[test]
    fn whoever_is_no_child_leaves_nothing_behind_and_this_process_is_one_object() {
        let own = ProcessObject::current().expect("this process");
        let parent = rustix::process::getppid().expect("a parent").as_raw_nonzero().get();
        for _ in 0..100 {
            assert!(Arc::ptr_eq(&own, &ProcessObject::current().expect("this process")));
            assert!(Arc::ptr_eq(&own, &ProcessObject::open(own.pid).expect("this process")));
            drop(ProcessObject::open(parent.cast_unsigned()).expect("the parent"));
        }
        // Other tests may have some open meanwhile.
        assert!(descriptors() < 100);
    }

    #[test]
    fn how_a_child_ended_is_known_to_all_who_have_it() {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "read x; exit 7"]).stdin(std::process::Stdio::piped());
        let mut child = shell.spawn().expect("a shell");
        let first = ProcessObject::open(child.id()).expect("the child");
        let second = ProcessObject::open(child.id()).expect("the child");
        drop(child.stdin.take());
        while !first.has_ended() {
            std::thread::yield_now();
        }
        let third = ProcessObject::open(child.id()).expect("it is not collected");
        drop((second, third));
        sweep();
        assert_eq!(first.exit_code(), 7);
        assert!(ProcessObject::open(child.id()).is_err());
        assert!(child.wait().is_err(), "it is collected");
    }
}
