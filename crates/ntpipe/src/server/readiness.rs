//! One descriptor for a server end's whole life, although the one behind it changes: the listening
//! socket, then a client's, then the next listening socket.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex};

use ntpipe_core::connection::Connection;
use ntpipe_core::namespace::Listening;
use rustix::event::epoll;

use super::Phase;
use crate::end::{End, lock};
use crate::{Error, Result};

/// An epoll descriptor that holds the descriptor of the present phase.
#[derive(Debug)]
pub(crate) struct Readiness {
    epoll: OwnedFd,
    now: Mutex<Option<Behind>>,
}

/// What is behind the descriptor at present.
#[derive(Debug)]
enum Behind {
    Listening(Arc<Listening>),
    Arriving(Arc<OwnedFd>),
    Connected(Arc<Connection>),
}

impl Behind {
    fn of(end: &End, phase: &Phase) -> Option<Self> {
        match phase {
            Phase::Listening(listening) => Some(Self::Listening(listening.clone())),
            Phase::Arriving(socket, _) => Some(Self::Arriving(socket.clone())),
            Phase::Connected => end.connection().map(Self::Connected),
            Phase::Disconnected => None,
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Listening(one), Self::Listening(two)) => Arc::ptr_eq(one, two),
            (Self::Arriving(one), Self::Arriving(two)) => Arc::ptr_eq(one, two),
            (Self::Connected(one), Self::Connected(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Listening(listening) => listening.as_ref().as_fd(),
            Self::Arriving(socket) => socket.as_ref().as_fd(),
            Self::Connected(connection) => connection.as_ref().as_fd(),
        }
    }
}

impl Readiness {
    pub(crate) fn new() -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|errno| Error::os("epoll_create1", errno))?;
        Ok(Self { epoll, now: Mutex::new(None) })
    }

    /// Puts the descriptor of this phase behind the stable one.
    pub(super) fn follow(&self, end: &End, phase: &Phase) -> Result<()> {
        let next = Behind::of(end, phase);
        let mut now = lock(&self.now);
        match (&*now, &next) {
            (Some(old), Some(new)) if old.is(new) => return Ok(()),
            (Some(old), _) => {
                // It is still open: `old` holds it.
                epoll::delete(&self.epoll, old.fd())
                    .map_err(|errno| Error::os("epoll_ctl", errno))?;
            }
            (None, _) => {}
        }
        *now = None;
        if let Some(new) = &next {
            if let Behind::Connected(connection) = new {
                connection.set_polled();
            }
            let data = epoll::EventData::new_u64(0);
            epoll::add(&self.epoll, new.fd(), data, epoll::EventFlags::IN)
                .map_err(|errno| Error::os("epoll_ctl", errno))?;
        }
        *now = next;
        Ok(())
    }
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
