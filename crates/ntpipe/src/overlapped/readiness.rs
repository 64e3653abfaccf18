//! One descriptor for all that an end's operations wait for.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, OnceLock, Weak};

use ntpipe_core::connection::PeerLife;
use ntpipe_shm::chime::Chime;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::end::End;
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
    /// A timer, once other processes hold the end too.
    tick: OnceLock<OwnedFd>,
    end: Weak<End>,
}

/// How long a change can go unnoticed that another process, which holds the same end, was told of.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

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
        Ok(Self { epoll, chime: Arc::new(chime), tick: OnceLock::new(), end: Arc::downgrade(end) })
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
            ntpipe_shm::socket::drain(connection.as_ref());
            if connection.ask_kernel() != PeerLife::Here && end.pair.is_some() {
                // The kernel pipe beside the ring may go on, and is to be heard.
                let _ = epoll::delete(&self.epoll, connection.as_ref());
            }
        }
        if let Some(tick) = self.tick.get() {
            let _ = rustix::io::read(tick, &mut [0; 8]);
        }
        self.chime.clear();
    }

    /// Makes the descriptor readable after a while, whatever happens: the byte that tells of a change goes
    /// to one of the processes that hold the end, and their own changes reach no other one's descriptor.
    pub(super) fn arm_tick(&self) -> Result<()> {
        let tick = match self.tick.get() {
            Some(tick) => tick,
            None => {
                let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
                let tick = timerfd_create(TimerfdClockId::Monotonic, flags)
                    .map_err(|errno| Error::os("timerfd_create", errno))?;
                add(&self.epoll, &tick, EventFlags::IN)?;
                self.tick.get_or_init(|| tick)
            }
        };
        let once = Itimerspec { it_interval: Timespec::default(), it_value: TICK };
        timerfd_settime(tick, TimerfdTimerFlags::empty(), &once)
            .map_err(|errno| Error::os("timerfd_settime", errno))?;
        Ok(())
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
