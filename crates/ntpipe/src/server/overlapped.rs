//! Waiting for a client as an operation that is started.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::Ordering;

use ntpipe_core::instance::ListenProgress;
use ntpipe_core::mode::WaitMode;
use ntpipe_core::ops::Step;

use super::ServerSide;
use crate::end::End;
use crate::{Error, ErrorKind, Result};

/// What had happened on an end when somebody began to wait for its next client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since {
    arrivals: u32,
    endings: u32,
}

impl Since {
    fn of(end: &End) -> Self {
        let [arrivals, endings] = [&end.arrivals, &end.endings].map(|n| n.load(Ordering::Relaxed));
        Self { arrivals, endings }
    }

    /// What became of the wait: a client came, or the end was disconnected before one did.
    pub(crate) fn outcome(self, end: &End) -> Option<Result<()>> {
        let now = Self::of(end);
        if now.arrivals != self.arrivals {
            Some(Ok(()))
        } else if now.endings != self.endings {
            Some(Err(ErrorKind::PipeNotConnected.into()))
        } else {
            None
        }
    }
}

impl ServerSide {
    /// Begins to wait for a client, as `ConnectNamedPipe` does.
    pub(crate) fn start_listening(
        &self,
        end: &End,
        progress: &mut ListenProgress,
    ) -> Result<Since> {
        let wait = if end.is_no_wait() { WaitMode::NoWait } else { WaitMode::Wait };
        let mut since = Since::of(end);
        self.step(end, |instance| {
            since = Since::of(end);
            instance.listen(wait, progress)
        })?;
        Ok(since)
    }

    /// Looks whether a client has come since.
    pub(crate) fn look(
        &self,
        end: &End,
        since: Since,
        progress: &mut ListenProgress,
    ) -> Option<Result<()>> {
        if let Some(outcome) = since.outcome(end) {
            return Some(outcome);
        }
        match self.step(end, |instance| instance.listen(WaitMode::Wait, progress)) {
            Ok(Step::Wait(_)) => None,
            Ok(Step::Done(())) => {
                self.news.store(false, Ordering::Relaxed);
                Some(Ok(()))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// The descriptor that follows the phases, for somebody who keeps it.
    pub(crate) fn descriptor(&self, _end: &End) -> Result<OwnedFd> {
        let readiness = self.readiness()?;
        readiness.as_fd().try_clone_to_owned().map_err(|error| Error::from_io("dup", &error))
    }
}
