//! One descriptor for all that an end's operations wait for.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Weak};

use ntpipe_core::connection::PeerLife;
use ntpipe_shm::chime::Chime;
use rustix::event::epoll::EventFlags;

use super::hub::{Hub, Spot};
use crate::end::End;
use crate::pipe::Pipe;
use crate::{Error, ErrorKind, Result};

/// The descriptor of an end to poll for reading, for as long as the end lives: the same for every client
/// of a server end. See [the rules](super#rules-for-a-driver).
///
/// It stays valid while somebody holds it, also after the end was dropped.
#[derive(Debug)]
pub struct Readiness {
    /// Holds what tells of the other side (a socket) and of the own side (the chime).
    spot: Spot,
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

    /// Has this end tell of changes at a hub, under this key, instead of at a descriptor of its own: for the
    /// whole life of the end, and before anything else asked for its readiness. The one that is returned
    /// is there to be cleared; as a descriptor it is the hub's.
    ///
    /// # Errors
    ///
    /// `ERROR_NOT_SUPPORTED` if it has another descriptor already, also one for who polls a server;
    /// `ERROR_TOO_MANY_OPEN_FILES`.
    pub fn attach(&self, hub: &Hub, key: u64) -> Result<Arc<Readiness>> {
        let readiness = Readiness::at(&self.end, hub, key);
        self.named(
            "poll",
            readiness.and_then(|new| {
                let new = Arc::new(new);
                self.end.readiness.set(new.clone()).map_err(|_| elsewhere())?;
                Ok(new)
            }),
        )
    }
}

fn elsewhere() -> Error {
    Error::new(ErrorKind::NotSupported).because("the end is polled by a descriptor of its own")
}

impl End {
    pub(super) fn readiness(self: &Arc<Self>) -> Result<&Arc<Readiness>> {
        self.check_process()?;
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
        let spot = match &end.server {
            // It follows from client to client.
            Some(server) => server.spot()?,
            None => alone(end, Spot::own()?)?,
        };
        spot.add(&chime, EventFlags::IN)?;
        Ok(Self { spot, chime: Arc::new(chime), end: Arc::downgrade(end) })
    }

    fn at(end: &Arc<End>, hub: &Hub, key: u64) -> Result<Self> {
        end.check_process()?;
        hub.check_process()?;
        if end.readiness.get().is_some() {
            return Err(elsewhere());
        }
        let spot = hub.spot(key);
        let spot = match &end.server {
            Some(server) => server.follow_at(spot)?.ok_or_else(elsewhere)?,
            None => alone(end, spot)?,
        };
        Ok(Self { spot, chime: Arc::new(hub.chime(key)), end: Arc::downgrade(end) })
    }

    pub(crate) fn chime(&self) -> &Arc<Chime> {
        &self.chime
    }

    /// Makes the descriptor unreadable again, unless the peer is gone or a client has come. What has changed
    /// before is seen by the steps after this.
    pub fn clear(&self) {
        let end = self.end.upgrade();
        if end.as_ref().is_some_and(|end| end.is_copy()) {
            // It is the same descriptor in both processes.
            return;
        }
        if let Some(end) = end
            && let Some(connection) = end.connection()
        {
            connection.drain_for_chime();
            if connection.ask_kernel() != PeerLife::Here && end.pair.is_some() {
                // The kernel pipe beside the ring may go on, and is to be heard.
                let _ = self.spot.delete(connection.as_ref());
            }
        }
        self.spot.take_edges();
        self.chime.clear();
    }

    /// The end is closed. Another process may go on with its socket, and the hub would hear of that: `epoll`
    /// goes by the file.
    pub(crate) fn leave_hub(&self, end: &End) {
        if !self.spot.is_shared() {
            return;
        }
        match &end.server {
            Some(server) => server.follow_no_more(),
            None => {
                if let Some(connection) = end.connection() {
                    let _ = self.spot.delete(connection.as_ref());
                }
            }
        }
    }

    /// Asks for one event of the kernel pipe behind this end.
    pub(super) fn arm_kernel(&self, end: &End) -> Result<()> {
        let Some(fd) = end.beside() else { return Ok(()) };
        let event = if end.rights.read { EventFlags::IN } else { EventFlags::OUT };
        self.spot.add_once(fd, event)
    }
}

/// Watches the one connection of an end that is no server's.
fn alone(end: &End, spot: Spot) -> Result<Spot> {
    if let Some(connection) = end.connection() {
        spot.add(connection.as_ref(), EventFlags::IN)?;
    }
    Ok(spot)
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.spot.as_fd()
    }
}
