//! Waiting for a client as an operation that is started.

use std::sync::atomic::Ordering;

use ntpipe_core::instance::{Instance, ListenProgress};
use ntpipe_core::mode::WaitMode;
use ntpipe_core::ops::Step;
use ntpipe_core::state::State;

use super::ServerSide;
use crate::end::End;
use crate::overlapped::Spot;
use crate::{ErrorKind, Result};

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
    /// Begins to wait for a client, as `ConnectNamedPipe` does; `None` if one has come at once.
    pub(crate) fn start_listening(&self, end: &End) -> Result<Option<Since>> {
        let wait = if end.is_no_wait() { WaitMode::NoWait } else { WaitMode::Wait };
        self.step(end, |instance| {
            // Under the lock of the instance, as what it counts.
            let since = Since::of(end);
            let step = instance.listen(wait, &mut ListenProgress::default());
            self.tell_no_news(instance);
            Ok(matches!(step?, Step::Wait(_)).then_some(since))
        })
    }

    /// Looks whether a client has come since.
    pub(crate) fn look(&self, end: &End, since: Since) -> Option<Result<()>> {
        let look = |instance: &mut Instance| {
            if let Some(outcome) = since.outcome(end) {
                return outcome.map(Some);
            }
            instance.advance()?;
            self.tell_no_news(instance);
            match instance.state() {
                State::Connected | State::Closing => Ok(Some(())),
                State::Listening => Ok(None),
                State::Disconnected => Err(ErrorKind::PipeNotConnected.into()),
            }
        };
        self.step(end, look).transpose()
    }

    /// Who waits for a client is told of it thereby.
    fn tell_no_news(&self, instance: &Instance) {
        if instance.state() == State::Connected {
            self.news.store(false, Ordering::Relaxed);
        }
    }

    /// Where the instance's sources are watched, for somebody who keeps it.
    pub(crate) fn spot(&self) -> Result<Spot> {
        self.readiness().map(|readiness| readiness.spot().clone())
    }
}
