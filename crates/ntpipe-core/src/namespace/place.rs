//! An instance's place in its pipe, and the socket it listens with.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ntpipe_shm::crash;
use ntpipe_shm::lockfile::{self, LockKind};
use ntpipe_shm::socket;
use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;

use super::publish::Pipe;
use super::setup::{Setup, Slot, place_byte};
use super::{Carried, ListeningName, Policy, own_groups};
use crate::error::{Error, ErrorKind, Result};
use crate::security::{Grants, Target, acl_error};

/// One of the instances of a pipe, whether it listens or not; given up on drop.
///
/// The last one to go takes the pipe with it.
#[derive(Debug)]
pub struct Place {
    pipe: Arc<Pipe>,
    index: u32,
    in_quota: u32,
    out_quota: u32,
    /// What holds the place instead of the pipe's own descriptors, once several processes do.
    pub(super) carried: OnceLock<Carried>,
}

impl Place {
    /// Takes the lowest place that none of `live`, in rising order, has.
    pub(super) fn take(
        setup: &Setup<'_>,
        pipe: Arc<Pipe>,
        live: &[u32],
        (in_quota, out_quota): (u32, u32),
    ) -> Result<Self> {
        let index = (0..).zip(live).take_while(|(at, taken)| at == *taken).count();
        let index = u32::try_from(index).map_err(|_| Error::new(ErrorKind::PipeBusy))?;
        let locks = |e| Error::os("F_OFD_SETLK", e);
        let mut places = pipe.places.lock().unwrap_or_else(PoisonError::into_inner);
        setup.write_slot(index, Slot::own(0)).map_err(|e| Error::os("write", e))?;
        lockfile::try_lock(&pipe.file, LockKind::Shared, 0..1).map_err(locks)?;
        if !lockfile::try_lock(&pipe.lock, LockKind::Exclusive, place_byte(index)).map_err(locks)? {
            return Err(Error::new(ErrorKind::GenFailure).because("a free place was locked"));
        }
        *places += 1;
        drop(places);
        Ok(Self::new(pipe, index, (in_quota, out_quota), OnceLock::new()))
    }

    pub(super) fn new(
        pipe: Arc<Pipe>,
        index: u32,
        (in_quota, out_quota): (u32, u32),
        carried: OnceLock<Carried>,
    ) -> Self {
        Self { pipe, index, in_quota, out_quota, carried }
    }

    /// Its number among the instances.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The pipe it is in.
    #[must_use]
    pub fn pipe(&self) -> &Arc<Pipe> {
        &self.pipe
    }

    /// Room for data from the client.
    #[must_use]
    pub fn in_quota(&self) -> u32 {
        self.in_quota
    }

    /// Room for data to the client.
    #[must_use]
    pub fn out_quota(&self) -> u32 {
        self.out_quota
    }

    /// How many instances the pipe has, in all processes.
    ///
    /// # Errors
    /// The system call's.
    pub fn instances(&self) -> Result<u32> {
        self.pipe.instances()
    }

    /// Listens, behind all those that listen already. Only one [`Listening`] per place counts.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] when the security takes access lists and the file system has
    /// none; or what the system calls say.
    pub fn listen(&self) -> Result<Listening> {
        let told = |error: Error| error.during("listen").on(&self.pipe.meta.name);
        let gone = || told(Error::new(ErrorKind::NotFound).because("its directory was removed"));
        let setup = Setup::begin(&self.pipe.dir)
            .map_err(|errno| told(Error::os("locking the pipe", errno)))?
            .ok_or_else(gone)?;
        self.listen_by(&setup)
    }

    /// As [`listen`](Self::listen), with the right to set up.
    pub(super) fn listen_by(&self, setup: &Setup<'_>) -> Result<Listening> {
        let pipe = &self.pipe;
        let told = |error: Error| error.during("listen").on(&pipe.meta.name);
        let os = |call| move |errno| told(Error::os(call, errno));
        crash::point("listen.before-bind");
        let order = setup.next_order().map_err(os("write"))?;
        if let Some(swept) = &mut *pipe.swept.lock().unwrap_or_else(PoisonError::into_inner)
            && swept.order == order.wrapping_sub(1)
        {
            // It was this process that went on.
            swept.order = order;
        }
        setup.write_slot(self.index, Slot::own(order)).map_err(os("write"))?;
        let changed = Policy::read(&pipe.dir)
            .map_err(told)?
            .map(|said| Grants::new(&said.security, pipe.owner, &own_groups()));
        let grants = changed.as_ref().unwrap_or(&pipe.grants);
        let name = ListeningName { order, in_quota: self.in_quota, out_quota: self.out_quota };
        let file = name.file();
        let mut refused = None;
        let socket = socket::listen_at(
            &pipe.dir,
            &format!("t{order}"),
            &file,
            grants.mode(Target::Socket),
            grants.gid(),
            |path| grants.apply_acl_at(path).inspect_err(|errno| refused = Some(*errno)),
        );
        match (socket, refused) {
            (Ok(socket), _) => {
                Ok(Listening { pipe: Arc::clone(pipe), socket, file: Mutex::new(Some(file)) })
            }
            (Err(_), Some(errno)) => Err(told(acl_error(errno))),
            (Err(errno), None) => Err(told(Error::os("listen", errno))),
        }
    }
}

impl Place {
    /// Gives up what the pipe's own descriptors hold of it.
    pub(super) fn release(&self) {
        let pipe = &self.pipe;
        let mut places = pipe.places.lock().unwrap_or_else(PoisonError::into_inner);
        *places = places.saturating_sub(1);
        lockfile::unlock(&pipe.lock, place_byte(self.index)).ok();
        if *places == 0 {
            lockfile::unlock(&pipe.file, 0..1).ok();
        }
    }
}

impl Drop for Place {
    /// Gives the place up. If this fails, the kernel does it at the latest when the process ends,
    /// and the next server sweeps the rest.
    fn drop(&mut self) {
        let pipe = &self.pipe;
        if pipe.process != std::process::id() {
            return;
        }
        let setup = Setup::begin(&pipe.dir).ok().flatten();
        if self.carried.take().is_none() {
            self.release();
        }
        let Some(setup) = setup else { return };
        if setup.live().is_ok_and(|live| live.is_empty())
            && setup.is_current(&pipe.namespace, &pipe.directory).unwrap_or(false)
        {
            setup.discard(&pipe.namespace, &pipe.directory).ok();
        }
    }
}

/// The socket of an instance that waits for its client; nobody finds it any more after drop.
#[derive(Debug)]
pub struct Listening {
    pipe: Arc<Pipe>,
    socket: OwnedFd,
    /// Its file, until a client is there.
    file: Mutex<Option<String>>,
}

impl Listening {
    /// The client, if it came. From then on this one listens no more, and gives no other.
    ///
    /// # Errors
    /// The system call's.
    pub fn try_accept(&self) -> Result<Option<OwnedFd>> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            return Ok(None);
        }
        let client = match socket::accept_only(&self.socket) {
            // Shut and empty: nobody can come any more.
            Err(Errno::INVAL | Errno::AGAIN) => None,
            other => other.map_err(|e| Error::os("accept", e).on(&self.pipe.meta.name))?,
        };
        if client.is_some() {
            self.unlink(&mut file);
        }
        Ok(client)
    }

    fn unlink(&self, file: &mut Option<String>) {
        let owned = self.pipe.process == std::process::id();
        if let Some(file) = file.take().filter(|_| owned) {
            unlinkat(&self.pipe.dir, file, AtFlags::empty()).ok();
        }
    }
}

impl AsFd for Listening {
    /// Readable when a client came.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        self.unlink(&mut file);
    }
}
