//! Waiting for a client as an operation that is started.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ntpipe_core::connection::PeerLife;
use ntpipe_core::state::{Event, State};

use super::{Phase, ServerSide};
use crate::end::{End, lock};
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
    pub(crate) fn start_listening(&self, end: &End) -> Result<Since> {
        let mut phase = lock(&self.phase);
        let mut put_back = false;
        if matches!(*phase, Phase::Disconnected) {
            *phase = Phase::Listening(Arc::new(self.place.listen()?));
            put_back = true;
        }
        let since = Since::of(end);
        if self.advance(end, &mut phase)?.is_some() {
            //= observed: PIPE_NOWAIT: ERROR_PIPE_LISTENING, also from the first call after a disconnect
            return if end.is_no_wait() { Err(ErrorKind::PipeListening.into()) } else { Ok(since) };
        }
        self.news.store(false, Ordering::Relaxed);
        if put_back {
            // So fast that it came after this call had begun to wait.
            return Ok(since);
        }
        let gone = end.connection().is_some_and(|c| c.ask_kernel() != PeerLife::Here);
        let state = if gone { State::Closing } else { State::Connected };
        state.on(Event::Listen).map_err(Error::new)?;
        Ok(since)
    }

    /// Looks whether a client has come since.
    pub(crate) fn look(&self, end: &End, since: Since) -> Option<Result<()>> {
        let mut phase = lock(&self.phase);
        if let Some(outcome) = since.outcome(end) {
            return Some(outcome);
        }
        match self.advance(end, &mut phase) {
            Ok(Some(_)) => None,
            Ok(None) => {
                self.news.store(false, Ordering::Relaxed);
                Some(Ok(()))
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// The descriptor that follows the phases, for somebody who keeps it.
    pub(crate) fn descriptor(&self, end: &End) -> Result<OwnedFd> {
        let readiness = self.readiness(end)?;
        readiness.as_fd().try_clone_to_owned().map_err(|error| Error::from_io("dup", &error))
    }
}
