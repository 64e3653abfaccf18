//! The coming of a client, for those who wait for other things as well.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use super::{ServerSide, Source};
use crate::end::{End, lock};
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
        // Before the look at the phase: what changes that after the look uses up this one.
        let wake = self.wake_fd()?;
        match self.advance(end, &mut lock(&self.phase)) {
            Ok(Some(Source::Listening(source))) => {
                watch::alarm(&[source.as_fd(), wake.as_fd()]).map(Some)
            }
            Ok(Some(Source::Arriving(source))) => {
                watch::alarm(&[source.as_fd(), wake.as_fd()]).map(Some)
            }
            Ok(None) => {
                self.keep_news();
                Ok(None)
            }
            Err(_) => Ok(None),
        }
    }
}
