//! Polling an end that several processes hold: the byte that tells of a change wakes all who poll the
//! socket, but the first of them to look takes it away, perhaps before another one has seen it. Whoever
//! does rings the holders' bell, and that is polled together with the socket.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use ntpipe_core::connection::Connection;
use ntpipe_core::sharing::Sharing;
use rustix::event::epoll::{self, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

use crate::{Error, Result};

/// What a client that is shared polls, once somebody asked.
#[derive(Debug, Default)]
pub(crate) struct Polled(OnceLock<OwnedFd>);

impl Polled {
    /// The descriptor; the socket's while nobody else holds the end, or if there is none left.
    pub(crate) fn descriptor<'a>(&'a self, connection: &'a Connection) -> BorrowedFd<'a> {
        if self.0.get().is_none()
            && let Some(sharing) = connection.sharing()
            && let Ok(epoll) = behind_one(connection, sharing)
        {
            let _ = self.0.set(epoll);
        }
        self.0.get().map_or(connection.as_fd(), AsFd::as_fd)
    }

    /// Forgets that the holders' bell has rung.
    pub(crate) fn take_edges(&self) {
        if let Some(epoll) = self.0.get() {
            take_edges(epoll);
        }
    }
}

fn behind_one(connection: &Connection, sharing: &Sharing) -> Result<OwnedFd> {
    let os = |call| move |errno| Error::os(call, errno);
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(os("epoll_create1"))?;
    let data = epoll::EventData::new_u64(0);
    epoll::add(&epoll, connection, data, EventFlags::IN).map_err(os("epoll_ctl"))?;
    add_bell(&epoll, sharing)?;
    Ok(epoll)
}

/// Makes an `epoll` descriptor readable each time the bell rings, until the edges are taken.
fn add_bell(epoll: &OwnedFd, sharing: &Sharing) -> Result<()> {
    let data = epoll::EventData::new_u64(0);
    match epoll::add(epoll, sharing.bell(), data, EventFlags::IN | EventFlags::ET) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(Error::os("epoll_ctl", errno)),
    }
}

/// Takes the edges; what is watched for its state stays as it is.
pub(crate) fn take_edges(epoll: &OwnedFd) {
    let mut events = Vec::with_capacity(8);
    let buffer = rustix::buffer::spare_capacity(&mut events);
    let _ = epoll::wait(epoll, buffer, Some(&Timespec::default()));
}
