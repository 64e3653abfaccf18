//! One descriptor for a server end's whole life, although the one behind it changes: the listening
//! socket, then a client's, then the next listening socket.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;

use ntpipe_core::instance::Source;
use rustix::event::epoll;

use crate::end::lock;
use crate::inherit::{add_bell, take_edges};
use crate::{Error, Result};

/// An epoll descriptor that holds the one of the instance's present source.
#[derive(Debug)]
pub(crate) struct Readiness {
    epoll: OwnedFd,
    /// What is behind it at present.
    now: Mutex<Option<Source>>,
}

impl Readiness {
    pub(crate) fn new() -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|errno| Error::os("epoll_create1", errno))?;
        Ok(Self { epoll, now: Mutex::new(None) })
    }

    /// Puts the instance's source behind the stable descriptor.
    pub(super) fn follow(&self, next: Option<Source>) -> Result<()> {
        let mut now = lock(&self.now);
        let bell = |source: &Option<Source>| match source {
            Some(Source::Connected(connection)) => connection.sharing().cloned(),
            _ => None,
        };
        if let Some(sharing) = bell(&next) {
            add_bell(&self.epoll, &sharing)?;
        }
        match (&*now, &next) {
            (Some(old), Some(new)) if old.is(new) => return Ok(()),
            (Some(old), _) => {
                if let Some(sharing) = bell(&now) {
                    // Other holders have it open, and `epoll` goes by the file.
                    let _ = epoll::delete(&self.epoll, sharing.bell());
                }
                // It is still open: `old` holds it.
                epoll::delete(&self.epoll, old).map_err(|errno| Error::os("epoll_ctl", errno))?;
            }
            (None, _) => {}
        }
        *now = None;
        if let Some(new) = &next {
            if let Source::Connected(connection) = new {
                connection.set_polled();
            }
            let data = epoll::EventData::new_u64(0);
            epoll::add(&self.epoll, new, data, epoll::EventFlags::IN)
                .map_err(|errno| Error::os("epoll_ctl", errno))?;
        }
        *now = next;
        Ok(())
    }
}

impl Readiness {
    /// Forgets that the holders' bell has rung.
    pub(super) fn take_edges(&self) {
        take_edges(&self.epoll);
    }
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
