//! The coming of a client, for those who wait for other things as well.

use std::sync::atomic::Ordering;

use ntpipe_core::ops::Step;
use ntpipe_core::state::State;

use super::ServerSide;
use crate::end::End;
use crate::watch::{self, Alarm};
use crate::{ErrorKind, Result};

impl ServerSide {
    /// Whether a client has come that nobody was told of; it counts as told then. Lets it in.
    pub(crate) fn has_news(&self, end: &End) -> bool {
        let connected = end.reader.lock().is_some();
        if !connected && self.settle(end).is_ok() {
            self.keep_news();
        }
        self.news.swap(false, Ordering::Relaxed)
    }

    /// The one who was told did not listen.
    pub(crate) fn keep_news(&self) {
        self.news.store(true, Ordering::Relaxed);
    }

    /// Whether a client may still come that has not.
    pub(crate) fn is_listening(&self, end: &End) -> bool {
        matches!(self.settle(end), Err(error) if error.kind() == ErrorKind::PipeListening)
    }

    /// An alarm for the coming of a client, or for the end of listening; `None` if it is over.
    pub(crate) fn alarm(&self, end: &End) -> Result<Option<Alarm>> {
        let step = self.waiting_step(end, |instance| {
            if instance.advance().is_err() {
                return Ok(Step::Done(false));
            }
            Ok(match (instance.state(), instance.source()) {
                (State::Listening, Some(source)) => Step::Wait(source),
                (state, _) => Step::Done(state == State::Connected),
            })
        })?;
        match step {
            Step::Wait(waiting) => watch::alarm(&waiting.fds()).map(Some),
            Step::Done(connected) => {
                if connected {
                    self.keep_news();
                }
                Ok(None)
            }
        }
    }
}
