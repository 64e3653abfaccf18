//! Where an operation stands that could not finish at once.

use std::sync::{Arc, Weak};
use std::task::Poll;

use ntpipe_core::connection::Connection;
use ntpipe_core::ops::{Need, Pending, Step};
use ntpipe_shm::doorbell::{Doorbell, POLLER};
use ntpipe_shm::generation;
use ntpipe_shm::sync::Ordering;

use super::Cancelled;
use crate::end::End;
use crate::{Error, ErrorKind, Result, watch};

/// What the operations on a connected end have in common.
#[derive(Debug)]
pub(super) struct Site {
    operation: &'static str,
    /// Not a share of the end: an operation does not keep it open.
    end: Weak<End>,
    pub(super) connection: Arc<Connection>,
    /// What has to change at the ring, if anything.
    pub(super) ring: Option<Pending>,
    /// Whether it waits for the kernel pipe beside the ring.
    pub(super) kernel: bool,
    /// The peer was told how much a read wants.
    wished: bool,
    over: bool,
    /// The process that started it.
    born: u32,
}

impl Site {
    pub(super) fn new(
        operation: &'static str,
        end: &Arc<End>,
        connection: Arc<Connection>,
        ring: Option<Pending>,
    ) -> Self {
        let end = Arc::downgrade(end);
        let (kernel, wished, over, born) = (false, false, false, generation::now());
        let mut site = Self { operation, end, connection, ring, kernel, wished, over, born };
        if let Some(pending) = ring {
            site.note_pending(pending);
        }
        site
    }

    /// What a step gave; `None` is "not yet".
    pub(super) fn note<T>(&mut self, step: Step<T>) -> Option<T> {
        match step {
            Step::Done(done) => Some(done),
            Step::Wait(pending) => {
                self.note_pending(pending);
                None
            }
        }
    }

    fn note_pending(&mut self, pending: Pending) {
        self.kernel = pending.elsewhere;
        self.ring = Some(pending);
    }

    /// Makes sure that the death of the peer is noticed.
    pub(super) fn watch(&self) -> Result<()> {
        watch::ensure(&self.connection)
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// The end, or what an operation without one gives.
    pub(super) fn end(&self) -> Result<Arc<End>> {
        if self.over {
            return Err(Error::new(ErrorKind::InvalidParameter).because("the operation is over"));
        }
        //= observed: last handle closed while it pends: PIPE_BROKEN
        let end = self.end.upgrade().ok_or(ErrorKind::BrokenPipe)?;
        end.check_process()?;
        Ok(end)
    }

    /// The half of the end, if it still is that of the same connection.
    pub(super) fn half<'a, Half>(
        &self,
        slot: &'a mut Option<Half>,
        connection: impl Fn(&Half) -> &Arc<Connection>,
    ) -> Result<&'a mut Half> {
        match slot {
            Some(half) if Arc::ptr_eq(connection(half), &self.connection) => Ok(half),
            // Disconnected meanwhile, perhaps connected to somebody else by now.
            _ => Err(ErrorKind::PipeNotConnected.into()),
        }
    }

    /// Runs one attempt; `None` is "not yet".
    pub(super) fn answer<T>(
        &mut self,
        attempt: impl FnOnce(&mut Self, &End) -> Result<Option<T>>,
    ) -> Poll<Result<T>> {
        let end = match self.end() {
            Ok(end) => end,
            Err(error) => {
                self.finish();
                return Poll::Ready(Err(error.during(self.operation)));
            }
        };
        self.kernel = false;
        match attempt(self, &end).transpose() {
            None => Poll::Pending,
            Some(result) => {
                self.finish();
                Poll::Ready(end.named(self.operation, result))
            }
        }
    }

    /// Cancels: `attempt` tells whether it was over, and with what.
    pub(super) fn cancel<T>(
        &mut self,
        attempt: impl FnOnce(&mut Self, &End) -> Result<Option<T>>,
    ) -> Cancelled<T> {
        match self.answer(attempt) {
            Poll::Ready(result) => Cancelled::Completed(result),
            Poll::Pending => {
                self.finish();
                Cancelled::Aborted
            }
        }
    }

    fn finish(&mut self) {
        self.over = true;
        if self.wished && self.born == generation::now() {
            self.connection.own().wanted.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn is_worth_trying(&self) -> bool {
        self.end.strong_count() == 0
            || self.born != generation::now()
            || self.ring.is_some_and(|pending| pending.is_over(&self.connection))
    }

    pub(super) fn arm(&mut self) -> Result<bool> {
        let Ok(end) = self.end() else { return Ok(true) };
        end.named(self.operation, self.arm_on(&end))
    }

    fn arm_on(&mut self, end: &Arc<End>) -> Result<bool> {
        self.watch()?;
        let readiness = end.readiness()?;
        self.connection.set_chime(readiness.chime());
        readiness.chime().arm();
        if let Some(pending) = self.ring {
            if pending.need == Need::Data {
                self.wished = true;
                let wish = pending.wanted.saturating_add(1);
                self.connection.own().wanted.store(wish, Ordering::Relaxed);
            }
            Doorbell(pending.bell(&self.connection)).announce(POLLER);
        }
        if self.kernel {
            readiness.arm_kernel(end)?;
        }
        // A ring that is over by itself has nothing more to tell, but the end may be left.
        Ok(self.is_worth_trying())
    }
}
