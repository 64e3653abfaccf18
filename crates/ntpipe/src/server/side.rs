//! What only a server end has: its instance, and what those who wait for a client poll.
//!
//! How a client comes and goes is a rule, and in `ntpipe-core`. Here is who waits for it, and who is told.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};

use ntpipe_core::instance::{Instance, ListenProgress, Source};
use ntpipe_core::mode::WaitMode;
use ntpipe_core::ops::Step;
use ntpipe_core::state::State;
use rustix::event::{PollFd, PollFlags};

use super::readiness::Readiness;
use crate::end::{End, lock};
use crate::overlapped::Spot;
use crate::wait::Until;
use crate::{Error, ErrorKind, Result, cancel};

/// What only a server end has.
#[derive(Debug)]
pub(crate) struct ServerSide {
    /// Locked before the halves of the end, where both are.
    instance: Mutex<Instance>,
    /// What pollers of the instance's source also poll; replaced each time it was used.
    wake: Mutex<Option<Arc<OwnedFd>>>,
    /// What [`AsFd`] gives, once somebody asked.
    readiness: OnceLock<Readiness>,
    /// A client has come that nobody was told of yet.
    pub(super) news: AtomicBool,
}

/// What a call that waits for a client polls: either is readable when there is reason to go on.
#[derive(Debug)]
pub(crate) struct Waiting {
    source: Source,
    wake: Arc<OwnedFd>,
}

impl Waiting {
    pub(crate) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.source.as_fd(), self.wake.as_fd()]
    }
}

impl ServerSide {
    pub(crate) fn new(instance: Instance) -> Self {
        Self {
            instance: Mutex::new(instance),
            wake: Mutex::new(None),
            readiness: OnceLock::new(),
            news: AtomicBool::new(false),
        }
    }

    /// The instance, for questions; [`step`](Self::step) moves it.
    pub(crate) fn instance(&self) -> MutexGuard<'_, Instance> {
        lock(&self.instance)
    }

    /// Whether somebody uses the instance.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.instance.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Lets the instance take a step. A client that comes in by it gets its halves, and the descriptor
    /// that is polled keeps up.
    pub(super) fn step<T>(
        &self,
        end: &End,
        step: impl FnOnce(&mut Instance) -> Result<T>,
    ) -> Result<T> {
        end.check_process()?;
        let mut instance = self.instance();
        let answer = step(&mut instance);
        if let Some(connection) = instance.newcomer() {
            end.install(&connection);
            // Several calls may wait for this client.
            self.wake();
        }
        self.follow(&instance).and(answer)
    }

    /// Keeps the descriptor that is polled up with the instance.
    pub(crate) fn follow(&self, instance: &Instance) -> Result<()> {
        self.readiness.get().map_or(Ok(()), |readiness| readiness.follow(instance.source()))
    }

    /// The descriptor to poll, whatever this end waits for.
    pub(super) fn readiness(&self) -> Result<&Readiness> {
        let instance = self.instance();
        if self.readiness.get().is_none() {
            // Only under the lock of the instance.
            let _ = self.readiness.set(Readiness::new(Spot::own()?));
        }
        self.follow(&instance)?;
        Ok(self.readiness.get().expect("set above"))
    }

    /// Watches the instance's sources there; `None` if they are watched elsewhere.
    pub(crate) fn follow_at(&self, spot: Spot) -> Result<Option<Spot>> {
        let instance = self.instance();
        if self.readiness.set(Readiness::new(spot.clone())).is_err() {
            return Ok(None);
        }
        self.follow(&instance)?;
        Ok(Some(spot))
    }

    /// Watches the instance's sources no more.
    pub(crate) fn follow_no_more(&self) {
        if let Some(readiness) = self.readiness.get() {
            let _ = readiness.follow(None);
        }
    }

    /// Forgets that the holders' bell has rung.
    pub(crate) fn take_edges(&self) {
        if let Some(readiness) = self.readiness.get() {
            readiness.take_edges();
        }
    }

    pub(super) fn forget_readiness(&mut self) {
        self.readiness.take();
    }

    /// Lets a client in that has come meanwhile; otherwise the error of an end without one.
    pub(crate) fn settle(&self, end: &End) -> Result<()> {
        self.step(end, Instance::settle)
    }

    /// Wakes whoever polls for a client.
    pub(crate) fn wake(&self) {
        if let Some(wake) = lock(&self.wake).take() {
            let _ = rustix::io::write(&wake, &1u64.to_ne_bytes());
        }
    }

    fn wake_fd(&self) -> Result<Arc<OwnedFd>> {
        let mut wake = lock(&self.wake);
        if let Some(wake) = &*wake {
            return Ok(wake.clone());
        }
        let fd = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC)
            .map_err(|errno| Error::os("eventfd", errno))?;
        Ok(wake.insert(Arc::new(fd)).clone())
    }

    /// Lets the instance take a step that may answer what to wait for.
    pub(super) fn waiting_step<T>(
        &self,
        end: &End,
        step: impl FnOnce(&mut Instance) -> Result<Step<T, Source>>,
    ) -> Result<Step<T, Waiting>> {
        end.check_process()?;
        // Before the look at the instance: what changes that after the look uses up this one.
        let wake = self.wake_fd()?;
        Ok(match self.step(end, step)? {
            Step::Done(done) => Step::Done(done),
            Step::Wait(source) => Step::Wait(Waiting { source, wake }),
        })
    }

    /// `ConnectNamedPipe` as far as it goes without waiting. To be called again with the same progress
    /// when what it waits for is readable; dropping that needs nothing.
    pub(crate) fn listen_step(
        &self,
        end: &End,
        wait: WaitMode,
        progress: &mut ListenProgress,
    ) -> Result<Step<(), Waiting>> {
        self.waiting_step(end, |instance| {
            let answer = instance.listen(wait, progress);
            if instance.state() == State::Connected {
                self.news.store(false, Ordering::Relaxed);
            }
            answer
        })
    }

    /// `ConnectNamedPipe`.
    pub(super) fn listen(&self, end: &End, until: Until) -> Result<()> {
        // SYNC(cancels): Acquire, here and below. Pairs with the Release addition in `End::cancel`.
        let cancels = end.waiter.cancels.load(Ordering::Acquire);
        let wait = if end.is_no_wait() { WaitMode::NoWait } else { WaitMode::Wait };
        let mut progress = ListenProgress::default();
        loop {
            let waiting = match self.listen_step(end, wait, &mut progress)? {
                Step::Done(()) => return Ok(()),
                Step::Wait(waiting) => waiting,
            };
            if until.is_over() {
                return Err(ErrorKind::WaitTimeout.into());
            }
            let is_over = end.waiter.is_over.load(Ordering::Relaxed);
            if is_over || end.waiter.cancels.load(Ordering::Acquire) != cancels {
                return Err(ErrorKind::OperationAborted.into());
            }
            let [source, wake] = waiting.fds();
            let readable = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
            cancel::poll([readable(source), readable(wake)], until)?;
            if end.waiter.cancels.load(Ordering::Acquire) != cancels {
                return Err(ErrorKind::OperationAborted.into());
            }
        }
    }

    /// Whether a client is here; lets one in that has come. An end that was disconnected, for want of
    /// something, listens again.
    pub(crate) fn is_connected(&self, end: &End) -> Result<bool> {
        self.step(end, |instance| {
            instance.relisten()?;
            instance.advance()?;
            Ok(instance.state() == State::Connected)
        })
    }

    /// `DisconnectNamedPipe`.
    pub(super) fn disconnect(&self, end: &End) -> Result<()> {
        // Who waits for a client that has come by now has not waited in vain.
        let _ = self.settle(end);
        self.step(end, |instance| {
            instance.disconnect()?;
            self.news.store(false, Ordering::Relaxed);
            end.leave(true);
            self.wake();
            Ok(())
        })
    }
}
