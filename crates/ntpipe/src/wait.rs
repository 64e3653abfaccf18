//! The one loop that waits: every blocking call of this crate on a connected end goes through it.
//!
//! Spins first, for a bounded time and only while that pays; then announces itself at the doorbell,
//! looks once more, and sleeps.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ntpipe_core::connection::Connection;
use ntpipe_core::ops::{Need, Pending};
use ntpipe_shm::doorbell::{Doorbell, POLLER, SLEEPER};
use rustix::event::{PollFd, PollFlags};

use crate::cancel::{self, Pollers, Sleep, Sleepers};
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
    /// The kernel pipe that it waits for, if it is that.
    pub(crate) beside: Option<Arc<OwnedFd>>,
}

/// The waiting state of one end.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) strategy: WaitStrategy,
    /// Counts cancellations; a call that sees it move ends with `ERROR_OPERATION_ABORTED`.
    pub(crate) cancels: AtomicU32,
    /// Set before the last of them is counted: no call may wait any more. Relaxed: `cancels` orders it.
    pub(crate) is_over: AtomicBool,
    /// The threads that sleep at a bell.
    pub(crate) sleepers: Sleepers,
    /// The threads that poll, which no bell wakes.
    pub(crate) pollers: Pollers,
    /// Nanoseconds that a wait may spin.
    budget: AtomicU32,
    /// When this end last slept, its peer had slept on the same CPU: to spin would only keep it from
    /// running.
    same_cpu: AtomicBool,
    /// Waits in a row, for data and for room, that ended at once, without a transfer the other way
    /// between them: data streams one way, and it pays to let some of it gather.
    streaks: [AtomicU32; 2],
}

/// A sleep and its wake-up cost this much, more or less; to spin longer never pays.
const BUDGET_NS_MAX: u32 = 50_000;
/// Looks before the first look at the clock.
const QUICK_SPINS: u32 = 64;
/// So many waits in a row that ended at once are a stream.
const STREAK: u32 = 64;
/// How long a stream is left to gather, in pauses of the processor.
const GATHER_SPINS: u32 = 150;
/// How often whoever wakes sleepers lets them run before it rings again, and how long it waits then.
const YIELDS: u32 = 10;
const PAUSE_MIN: Duration = Duration::from_micros(20);
const PAUSE_MAX: Duration = Duration::from_millis(1);
/// Larger writes gain nothing by that.
const GATHER_BYTES_MAX: u32 = 4096;

/// A process whose turn is waited for may die where the watcher cannot see it.
const BEHIND_MAX: Duration = Duration::from_millis(100);

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

    /// The same, or this long from now if that is earlier.
    pub(crate) fn or_after(self, timeout: Duration) -> Self {
        match (self, Self::after(timeout)) {
            (Self::Deadline(one), Self::Deadline(other)) => Self::Deadline(one.min(other)),
            (Self::Forever, other) | (other, Self::Forever) => other,
        }
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
        Self {
            strategy,
            cancels: AtomicU32::new(0),
            is_over: AtomicBool::new(false),
            sleepers: Sleepers::default(),
            pollers: Pollers::default(),
            budget: AtomicU32::new(BUDGET_NS_MAX),
            same_cpu: AtomicBool::new(false),
            streaks: [AtomicU32::new(0), AtomicU32::new(0)],
        }
    }

    /// Runs `attempt` until it is done, fails, or the time is over; after waiting first, if an attempt
    /// was blocked already.
    #[inline(never)]
    pub(crate) fn run<T>(
        &self,
        until: Until,
        blocked: Option<Blocked>,
        mut attempt: impl FnMut() -> Result<std::result::Result<T, Blocked>>,
    ) -> Result<T> {
        // SYNC(cancels): Acquire, here and below. Pairs with the Release addition in `End::cancel`.
        let cancels = self.cancels.load(Ordering::Acquire);
        let mut blocked = match blocked {
            Some(blocked) => blocked,
            None => match attempt()? {
                Ok(done) => return Ok(done),
                Err(blocked) => blocked,
            },
        };
        if self.is_over.load(Ordering::Relaxed) {
            return Err(ErrorKind::OperationAborted.into());
        }
        loop {
            if !self.spin(&blocked) {
                match &blocked.beside {
                    Some(fd) => self.poll(fd, blocked.pending.need, until, cancels)?,
                    None => {
                        let start = Instant::now();
                        self.sleep(&blocked, until, cancels)?;
                        self.learn(start.elapsed());
                    }
                }
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
        if blocked.beside.is_some() {
            return false;
        }
        let budget = match self.strategy {
            WaitStrategy::Block => return false,
            WaitStrategy::Adaptive if self.same_cpu.load(Ordering::Relaxed) => return false,
            WaitStrategy::Adaptive => match self.budget.load(Ordering::Relaxed) {
                0 => return false,
                budget => budget,
            },
            WaitStrategy::Spin => BUDGET_NS_MAX,
        };
        let over = || blocked.pending.is_over_spinning(&blocked.connection);
        for _ in 0..QUICK_SPINS {
            if over() {
                self.gather(&blocked.pending);
                return true;
            }
            std::hint::spin_loop();
        }
        self.streak(blocked.pending.need).store(0, Ordering::Relaxed);
        let start = Instant::now();
        let budget = Duration::from_nanos(budget.into());
        while start.elapsed() < budget {
            for _ in 0..QUICK_SPINS {
                if over() {
                    return true;
                }
                std::hint::spin_loop();
            }
        }
        false
    }

    /// Lets a stream of small writes run ahead for a moment: two sides in lockstep spend their time on
    /// moving cache lines, and one that lags a little takes many messages for each move.
    #[inline]
    fn gather(&self, pending: &Pending) {
        let streak = self.streak(pending.need);
        let waits = streak.load(Ordering::Relaxed);
        if waits < STREAK {
            streak.store(waits + 1, Ordering::Relaxed);
        } else if pending.need == Need::Data || pending.wanted <= GATHER_BYTES_MAX {
            for _ in 0..GATHER_SPINS {
                std::hint::spin_loop();
            }
        }
    }

    fn streak(&self, need: Need) -> &AtomicU32 {
        match need {
            Need::Data => &self.streaks[0],
            Need::Room => &self.streaks[1],
        }
    }

    /// This end transfers the other way: what it waits for next may be an answer, for which every
    /// moment counts.
    #[inline]
    pub(crate) fn end_streak(&self, need: Need) {
        let streak = self.streak(need);
        if streak.load(Ordering::Relaxed) != 0 {
            streak.store(0, Ordering::Relaxed);
        }
    }

    /// After a sleep: would a spin have found it?
    fn learn(&self, slept: Duration) {
        let budget = self.budget.load(Ordering::Relaxed);
        let next = if slept < Duration::from_nanos(u64::from(BUDGET_NS_MAX) * 2) {
            BUDGET_NS_MAX
        } else {
            budget / 2
        };
        self.budget.store(next, Ordering::Relaxed);
    }

    /// Tells on which CPU this end sleeps, and asks where its peer last did.
    fn compare_cpus(&self, connection: &Connection) {
        let cpu = u32::try_from(rustix::thread::sched_getcpu()).unwrap_or(u32::MAX - 1) + 1;
        if connection.own().cpu.load(Ordering::Relaxed) != cpu {
            connection.own().cpu.store(cpu, Ordering::Relaxed);
        }
        let same = connection.peer().cpu.load(Ordering::Relaxed) == cpu;
        self.same_cpu.store(same, Ordering::Relaxed);
    }

    /// Sleeps until the kernel pipe has data or room.
    #[cold]
    fn poll(&self, fd: &OwnedFd, need: Need, until: Until, cancels: u32) -> Result<()> {
        let event = match need {
            Need::Data => PollFlags::IN,
            Need::Room => PollFlags::OUT,
        };
        // SYNC(cancels): Acquire. Whoever cancels counts first and then wakes those who have entered.
        let is_cancelled = || self.cancels.load(Ordering::Acquire) != cancels;
        cancel::poll_among(&self.pollers, is_cancelled, [PollFd::new(fd, event)], until)
    }

    #[cold]
    fn sleep(&self, blocked: &Blocked, until: Until, cancels: u32) -> Result<()> {
        let Blocked { connection, pending, .. } = blocked;
        if self.strategy == WaitStrategy::Spin {
            // The watcher rings for sleepers; a spinner asks for itself.
            let _ = connection.ask_kernel();
            return Ok(());
        }
        self.compare_cpus(connection);
        watch::ensure(connection)?;
        let wanted = &connection.own().wanted;
        if pending.need == Need::Data {
            wanted.store(pending.wanted.saturating_add(1), Ordering::Relaxed);
        }
        let bell = Doorbell(pending.bell(connection));
        let sleep = Sleep::at(connection);
        let entered = self.sleepers.enter(&sleep, connection, cancels);
        let announced = bell.announce(SLEEPER);
        // SYNC(cancels): Acquire, after the entry. Pairs with `End::cancel`.
        let still = !pending.is_over(connection)
            && !sleep.is_cancelled()
            && self.cancels.load(Ordering::Acquire) == cancels
            && !until.is_over();
        if still {
            let left = match until.left() {
                left if !pending.behind => left,
                left => Some(left.map_or(BEHIND_MAX, |left| left.min(BEHIND_MAX))),
            };
            // Whether by a ring, a signal or the deadline: the caller looks again.
            let _ = bell.wait(announced, left);
        }
        drop(entered);
        if pending.need == Need::Data {
            wanted.store(0, Ordering::Relaxed);
        }
        if sleep.end() { Err(ErrorKind::OperationAborted.into()) } else { Ok(()) }
    }
}

/// Rings for own sleepers until they are gone. One ring wakes whoever sleeps. But one that comes between a
/// sleeper's last look and its call of the kernel shows only in the word, which the peer can put back; the
/// next one finds the sleeper asleep.
pub(crate) fn ring_until_gone(asleep: impl Fn() -> Vec<Arc<Connection>>) {
    let mut pause = Duration::ZERO;
    loop {
        let connections = asleep();
        if connections.is_empty() {
            return;
        }
        for connection in &connections {
            connection.wake_own();
        }
        for _ in 0..YIELDS {
            std::thread::yield_now();
            if asleep().is_empty() {
                return;
            }
        }
        pause = (pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
        std::thread::sleep(pause);
    }
}

/// Asks for a byte on the socket when the pending change comes; whether it came meanwhile.
pub(crate) fn announce_poller(blocked: &Blocked) -> bool {
    let Blocked { connection, pending, .. } = blocked;
    connection.drain();
    Doorbell(pending.bell(connection)).announce(POLLER);
    pending.is_over(connection)
}

/// The error of a wait that failed below.
pub(crate) fn poll_error(errno: rustix::io::Errno) -> Error {
    Error::os("poll", errno)
}
