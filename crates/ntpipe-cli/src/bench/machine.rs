//! The machine: which CPUs to use, and what to say about it.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// The two CPUs of a measurement; the same twice when there is only one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cpus {
    /// Where this process runs.
    pub(crate) first: usize,
    /// Where the other one runs.
    pub(crate) second: usize,
}

impl Cpus {
    /// Two CPUs this process may use, of different cores if there are such.
    pub(crate) fn choose() -> io::Result<Self> {
        let allowed = sched_getaffinity(None)?;
        let cpus: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
        let first = cpus.first().copied().unwrap_or(0);
        let other_core = cpus.iter().skip(1).find(|&&cpu| core(cpu) != core(first));
        let second = other_core.or(cpus.get(1)).copied().unwrap_or(first);
        Ok(Self { first, second })
    }

    /// Whether two processes can run at once.
    pub(crate) fn are_two(self) -> bool {
        self.first != self.second
    }
}

/// The hyper-threads that share a core with this one, as the kernel writes them.
fn core(cpu: usize) -> Option<String> {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    std::fs::read_to_string(path).ok()
}

/// Binds this thread to one CPU.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// This thread bound to one CPU, until dropped.
pub(crate) struct Pinned(CpuSet);

impl Pinned {
    /// Binds it.
    pub(crate) fn to(cpu: usize) -> io::Result<Self> {
        let before = sched_getaffinity(None)?;
        pin(cpu)?;
        Ok(Self(before))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The set was this thread's a moment ago; at worst it stays bound.
        let _ = sched_setaffinity(None, &self.0);
    }
}

/// What a reader of the figures must know.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// The model.
    pub(crate) cpu: String,
    /// How many CPUs this process may use.
    pub(crate) cpus: usize,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// The CPUs measured on.
    pub(crate) pinned: [usize; 2],
}

/// Describes this machine.
pub(crate) fn describe(cpus: Cpus) -> Machine {
    Machine {
        cpu: model(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        kernel: kernel(),
        pinned: [cpus.first, cpus.second],
    }
}

/// The kernel's release.
pub(crate) fn kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// The CPU's model, or its architecture where the kernel names none.
pub(crate) fn model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
