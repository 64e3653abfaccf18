//! One descriptor for a server end's whole life, although the one behind it changes: the listening
//! socket, then a client's, then the next listening socket.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Mutex;

use ntpipe_core::instance::Source;
use rustix::event::epoll::EventFlags;

use crate::Result;
use crate::end::lock;
use crate::overlapped::Spot;

/// Where the instance's present source is watched.
#[derive(Debug)]
pub(crate) struct Readiness {
    spot: Spot,
    /// What is behind it at present.
    now: Mutex<Option<Source>>,
}

impl Readiness {
    pub(crate) fn new(spot: Spot) -> Self {
        Self { spot, now: Mutex::new(None) }
    }

    /// Where it is watched.
    pub(super) fn spot(&self) -> &Spot {
        &self.spot
    }

    /// Puts the instance's source behind the stable descriptor.
    pub(super) fn follow(&self, next: Option<Source>) -> Result<()> {
        let mut now = lock(&self.now);
        let bell = |source: &Option<Source>| match source {
            Some(Source::Connected(connection)) => connection.sharing().cloned(),
            _ => None,
        };
        if let Some(sharing) = bell(&next) {
            self.spot.add(sharing.bell(), EventFlags::IN | EventFlags::ET)?;
        }
        match (&*now, &next) {
            (Some(old), Some(new)) if old.is(new) => return Ok(()),
            (Some(old), _) => {
                if let Some(sharing) = bell(&now) {
                    // Other holders have it open, and `epoll` goes by the file.
                    let _ = self.spot.delete(sharing.bell());
                }
                // It is still open: `old` holds it.
                self.spot.delete(old)?;
            }
            (None, _) => {}
        }
        *now = None;
        if let Some(new) = &next {
            if let Source::Connected(connection) = new {
                connection.set_polled();
            }
            self.spot.add(new, EventFlags::IN)?;
        }
        *now = next;
        Ok(())
    }
}

impl Readiness {
    /// Forgets that the holders' bell has rung.
    pub(super) fn take_edges(&self) {
        self.spot.take_edges();
    }
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.spot.as_fd()
    }
}
