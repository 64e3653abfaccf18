//! The one loop that waits: every blocking call of this crate on a connected end goes through it.
//!
//! Spins first, for a bounded time and only while that pays; then announces itself at the doorbell,
//! looks once more, and sleeps.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ntpipe_core::connection::Connection;
use ntpipe_core::ops::{Need, Pending};
use ntpipe_shm::doorbell::{Doorbell, POLLER, SLEEPER};

use crate::{Error, ErrorKind, Result, watch};

/// How a blocking call spends the time until the peer moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitStrategy {
    /// Spins as long as that has paid lately and more than one CPU is there, then sleeps.
    #[default]
    Adaptive,
    /// Sleeps at once.
    Block,
    /// Never sleeps: the lowest latency, at the price of a CPU.
    Spin,
}

/// An attempt that cannot finish yet.
pub(crate) struct Blocked {
    pub(crate) connection: Arc<Connection>,
    pub(crate) pending: Pending,
}

/// The waiting state of one end.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) strategy: WaitStrategy,
    /// Counts cancellations; a call that sees it move ends with `ERROR_OPERATION_ABORTED`.
    pub(crate) cancels: AtomicU32,
    /// Nanoseconds that a wait may spin.
    budget: AtomicU32,
}

/// A sleep and its wake-up cost this much, more or less; to spin longer never pays.
const BUDGET_NS_MAX: u32 = 50_000;
/// What an unlucky end still tries now and then.
const BUDGET_NS_MIN: u32 = 500;

/// When a call gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    Forever,
    Deadline(Instant),
}

impl Until {
    pub(crate) fn after(timeout: Duration) -> Self {
        Instant::now().checked_add(timeout).map_or(Self::Forever, Self::Deadline)
    }

    /// Time left; `None` is for ever.
    pub(crate) fn left(self) -> Option<Duration> {
        match self {
            Self::Forever => None,
            Self::Deadline(at) => Some(at.saturating_duration_since(Instant::now())),
        }
    }

    pub(crate) fn is_over(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }
}

impl Waiter {
    pub(crate) fn new(strategy: WaitStrategy) -> Self {
        Self { strategy, cancels: AtomicU32::new(0), budget: AtomicU32::new(BUDGET_NS_MAX) }
    }

    /// Runs `attempt` until it is done, fails, or the time is over.
    #[inline]
    pub(crate) fn run<T>(
        &self,
        until: Until,
        mut attempt: impl FnMut() -> Result<std::result::Result<T, Blocked>>,
    ) -> Result<T> {
        match attempt()? {
            Ok(done) => Ok(done),
            Err(blocked) => self.run_slowly(until, blocked, attempt),
        }
    }

    fn run_slowly<T>(
        &self,
        until: Until,
        mut blocked: Blocked,
        mut attempt: impl FnMut() -> Result<std::result::Result<T, Blocked>>,
    ) -> Result<T> {
        let cancels = self.cancels.load(Ordering::Acquire);
        loop {
            if !self.spin(&blocked) {
                self.sleep(&blocked, until, cancels)?;
            }
            blocked = match attempt()? {
                Ok(done) => return Ok(done),
                Err(blocked) => blocked,
            };
            if self.cancels.load(Ordering::Acquire) != cancels {
                return Err(ErrorKind::OperationAborted.into());
            }
            if until.is_over() {
                return Err(ErrorKind::WaitTimeout.into());
            }
        }
    }

    /// Spins for the budget; whether something changed.
    fn spin(&self, blocked: &Blocked) -> bool {
        let budget = match self.strategy {
            WaitStrategy::Block => return false,
            WaitStrategy::Adaptive if !several_cpus() => return false,
            WaitStrategy::Adaptive => self.budget.load(Ordering::Relaxed),
            WaitStrategy::Spin => BUDGET_NS_MAX,
        };
        let over = || blocked.pending.is_over(&blocked.connection);
        for _ in 0..64 {
            if over() {
                return true;
            }
            std::hint::spin_loop();
        }
        let start = Instant::now();
        let budget_time = Duration::from_nanos(budget.into());
        loop {
            for _ in 0..32 {
                if over() {
                    self.budget
                        .store(budget.saturating_mul(2).min(BUDGET_NS_MAX), Ordering::Relaxed);
                    return true;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() >= budget_time {
                break;
            }
        }
        self.budget.store((budget / 2).max(BUDGET_NS_MIN), Ordering::Relaxed);
        false
    }

    #[cold]
    fn sleep(&self, blocked: &Blocked, until: Until, cancels: u32) -> Result<()> {
        let Blocked { connection, pending } = blocked;
        if self.strategy == WaitStrategy::Spin {
            // The watcher rings for sleepers; a spinner asks for itself.
            let _ = connection.ask_kernel();
            return Ok(());
        }
        count_cpus();
        watch::ensure(connection)?;
        let wanted = &connection.own().wanted;
        if pending.need == Need::Data {
            wanted.store(pending.wanted.saturating_add(1), Ordering::Relaxed);
        }
        let bell = Doorbell(pending.bell(connection));
        let announced = bell.announce(SLEEPER);
        let still = !pending.is_over(connection)
            && self.cancels.load(Ordering::Acquire) == cancels
            && !until.is_over();
        if still {
            // Whether by a ring, a signal or the deadline: the caller looks again.
            let _ = bell.wait(announced, until.left());
        }
        if pending.need == Need::Data {
            wanted.store(0, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Asks for a byte on the socket when the pending change comes; whether it came meanwhile.
pub(crate) fn announce_poller(blocked: &Blocked) -> bool {
    let Blocked { connection, pending } = blocked;
    ntpipe_shm::socket::drain(connection.as_ref());
    Doorbell(pending.bell(connection)).announce(POLLER);
    pending.is_over(connection)
}

thread_local! {
    /// On how many CPUs this thread may run, as of its last sleep; 0: not asked yet.
    static CPUS: Cell<u32> = const { Cell::new(0) };
}

fn several_cpus() -> bool {
    let cpus = CPUS.get();
    if cpus == 0 { count_cpus() > 1 } else { cpus > 1 }
}

fn count_cpus() -> u32 {
    let cpus = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count());
    CPUS.set(cpus.max(1));
    cpus
}

/// The error of a wait that failed below.
pub(crate) fn poll_error(errno: rustix::io::Errno) -> Error {
    Error::os("poll", errno)
}
