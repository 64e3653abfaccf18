//! One descriptor for all that an end's operations wait for.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};

use ntpipe_core::connection::PeerLife;
use ntpipe_shm::chime::Chime;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

use crate::end::End;
use crate::inherit::take_edges;
use crate::pipe::Pipe;
use crate::{Error, Result};

/// The descriptor of an end to poll for reading, for as long as the end lives: the same for every client
/// of a server end. See [the rules](super#rules-for-a-driver).
///
/// It stays valid while somebody holds it, also after the end was dropped.
#[derive(Debug)]
pub struct Readiness {
    /// Holds what tells of the other side (a socket) and of the own side (the chime).
    epoll: OwnedFd,
    chime: Arc<Chime>,
    end: Weak<End>,
}

impl Pipe {
    /// The descriptor that tells when a step of an armed operation on this end is worth trying.
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES` for what it says.
    pub fn readiness(&self) -> Result<Arc<Readiness>> {
        self.named("poll", self.end.readiness().cloned())
    }
}

impl End {
    pub(super) fn readiness(self: &Arc<Self>) -> Result<&Arc<Readiness>> {
        if let Some(readiness) = self.readiness.get() {
            return Ok(readiness);
        }
        let readiness = Arc::new(Readiness::new(self)?);
        Ok(self.readiness.get_or_init(|| readiness))
    }
}

impl Readiness {
    fn new(end: &Arc<End>) -> Result<Self> {
        let chime = Chime::new().map_err(|errno| Error::os("eventfd", errno))?;
        let epoll = match &end.server {
            // It follows from client to client.
            Some(server) => server.descriptor()?,
            None => {
                let epoll = epoll::create(CreateFlags::CLOEXEC)
                    .map_err(|errno| Error::os("epoll_create1", errno))?;
                if let Some(connection) = end.connection() {
                    add(&epoll, connection.as_ref(), EventFlags::IN)?;
                }
                epoll
            }
        };
        add(&epoll, &chime, EventFlags::IN)?;
        Ok(Self { epoll, chime: Arc::new(chime), end: Arc::downgrade(end) })
    }

    pub(crate) fn chime(&self) -> &Arc<Chime> {
        &self.chime
    }

    /// Makes the descriptor unreadable again, unless the peer is gone or a client has come. What has changed
    /// before is seen by the steps after this.
    pub fn clear(&self) {
        if let Some(end) = self.end.upgrade()
            && let Some(connection) = end.connection()
        {
            connection.drain_for_chime();
            if connection.ask_kernel() != PeerLife::Here && end.pair.is_some() {
                // The kernel pipe beside the ring may go on, and is to be heard.
                let _ = epoll::delete(&self.epoll, connection.as_ref());
            }
        }
        take_edges(&self.epoll);
        self.chime.clear();
    }

    /// Asks for one event of the kernel pipe behind this end.
    pub(super) fn arm_kernel(&self, end: &End) -> Result<()> {
        let Some(pair) = &end.pair else { return Ok(()) };
        let Some(fd) = pair.own.get() else { return Ok(()) };
        let event = if end.rights.read { EventFlags::IN } else { EventFlags::OUT };
        let flags = event | EventFlags::ONESHOT;
        match epoll::modify(&self.epoll, fd, EventData::new_u64(0), flags) {
            Err(Errno::NOENT) => add(&self.epoll, fd, flags),
            result => result.map_err(|errno| Error::os("epoll_ctl", errno)),
        }
    }
}

fn add(epoll: &OwnedFd, fd: impl AsFd, flags: EventFlags) -> Result<()> {
    epoll::add(epoll, fd, EventData::new_u64(0), flags)
        .map_err(|errno| Error::os("epoll_ctl", errno))
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
