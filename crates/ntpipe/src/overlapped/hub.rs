//! One descriptor for the operations of many ends.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use ntpipe_shm::chime::{Chime, Tower};
use ntpipe_shm::generation;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::Timespec;

use crate::{Error, ErrorKind, Result};

/// What a driver of many ends polls instead of each end's own descriptor: a hub takes two descriptors, and
/// an end that is attached to it none. See [`Pipe::attach`](crate::Pipe::attach).
///
/// It is readable when there is something to [`take`](Self::take).
#[derive(Debug)]
pub struct Hub {
    epoll: Arc<OwnedFd>,
    tower: Arc<Tower>,
    /// The process that made it; a copy by `fork` has the same descriptors, and would take its news away.
    born: u32,
}

/// The key of the tower itself, which no end has.
const TOWER: u64 = u64::MAX;
/// So many events are taken at once.
const EVENTS: usize = 64;

impl Hub {
    /// A hub without ends.
    ///
    /// # Errors
    ///
    /// `ERROR_TOO_MANY_OPEN_FILES` for what it says.
    pub fn new() -> Result<Arc<Self>> {
        let tower = Tower::new().map_err(|errno| Error::os("eventfd", errno))?;
        let spot = Spot::own()?;
        spot.add_as(TOWER, &tower, EventFlags::IN)?;
        let born = generation::noted();
        Ok(Arc::new(Self { epoll: spot.epoll, tower: Arc::new(tower), born }))
    }

    pub(super) fn check_process(&self) -> Result<()> {
        if self.born == generation::now() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidHandle).because("a fork copied this hub"))
    }

    /// Adds to `keys` the ends on which something has changed since the last time, some perhaps twice. Never
    /// waits. Each of them is to be cleared, and its operations stepped and armed again.
    ///
    /// # Errors
    ///
    /// The system calls'; `ERROR_INVALID_HANDLE` in a copy of the process by `fork`.
    pub fn take(&self, keys: &mut Vec<u64>) -> Result<()> {
        self.check_process()?;
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&Timespec::default()))
            {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(Error::os("epoll_wait", errno)),
            }
            for event in &events {
                match event.data.u64() {
                    TOWER => self.tower.take(keys),
                    key => keys.push(key),
                }
            }
            if events.len() < EVENTS {
                return Ok(());
            }
        }
    }

    /// Makes the descriptor readable; `key` is among the next that are taken.
    pub fn ring(&self, key: u64) {
        self.tower.ring(key);
    }

    /// Has another descriptor tell of itself here, for as long as it is open: `key` is among those that are
    /// taken after more has come to be read, or the other side has gone. Changes are told, so who takes the
    /// key reads until nothing is left.
    ///
    /// # Errors
    ///
    /// The system call's; `ERROR_INVALID_HANDLE` in a copy of the process by `fork`.
    pub fn watch(&self, fd: impl AsFd, key: u64) -> Result<()> {
        self.check_process()?;
        self.spot(key).add(fd, EventFlags::IN)
    }

    pub(super) fn chime(&self, key: u64) -> Chime {
        Chime::at(&self.tower, key)
    }

    pub(super) fn spot(&self, key: u64) -> Spot {
        Spot { epoll: self.epoll.clone(), key, shared: true }
    }
}

impl AsFd for Hub {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// Where the descriptors of an end are watched.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    epoll: Arc<OwnedFd>,
    key: u64,
    /// Together with other ends, by their changes; alone it is by their state.
    shared: bool,
}

impl Spot {
    /// For one end alone.
    pub(crate) fn own() -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC);
        let epoll = epoll.map_err(|errno| Error::os("epoll_create1", errno))?;
        Ok(Self { epoll: Arc::new(epoll), key: 0, shared: false })
    }

    /// Watches a descriptor; one that is watched already stays so.
    pub(crate) fn add(&self, fd: impl AsFd, flags: EventFlags) -> Result<()> {
        let edge = if self.shared { EventFlags::ET } else { EventFlags::empty() };
        self.add_as(self.key, fd, flags | edge)
    }

    fn add_as(&self, key: u64, fd: impl AsFd, flags: EventFlags) -> Result<()> {
        match epoll::add(&self.epoll, fd, EventData::new_u64(key), flags) {
            Ok(()) | Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(Error::os("epoll_ctl", errno)),
        }
    }

    /// Watches for one event of a descriptor, which may have been watched before.
    pub(crate) fn add_once(&self, fd: impl AsFd, flags: EventFlags) -> Result<()> {
        let flags = flags | EventFlags::ONESHOT;
        match epoll::modify(&self.epoll, &fd, EventData::new_u64(self.key), flags) {
            Err(Errno::NOENT) => self.add_as(self.key, fd, flags),
            result => result.map_err(|errno| Error::os("epoll_ctl", errno)),
        }
    }

    /// Watches a descriptor no more.
    pub(crate) fn delete(&self, fd: impl AsFd) -> Result<()> {
        epoll::delete(&self.epoll, fd).map_err(|errno| Error::os("epoll_ctl", errno))
    }

    /// Whether it is a hub's.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Forgets changes of what is watched by its changes. Those of several ends are for who takes them.
    pub(crate) fn take_edges(&self) {
        if !self.shared {
            crate::inherit::take_edges(&self.epoll);
        }
    }
}

impl AsFd for Spot {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
