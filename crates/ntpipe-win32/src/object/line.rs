//! How a completion port learns of operations in other processes: through a line, a pair of sockets, for each
//! time that a file object which is bound to the port was given to another process.
//!
//! ```text
//! b<context>                         an operation has begun and pends
//! o<context>:<code>:<status>:<bytes>      it is over
//! a<context>:<code>:<status>:<bytes>      one was over at once
//! l                                  with a socket: a line more, for a third process
//!
//! context   what the packet tells, the address of an `OVERLAPPED`; all numbers in hexadecimal
//! ```
//!
//! The side of the port is the `Inlet`, where the service thread listens; it knows the key, so the other
//! side need not be believed about it. When the other side has gone, in whatever way, what had begun there
//! ends with `ERROR_OPERATION_ABORTED`. The side of the file object is the `Outlet`.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ntpipe::ErrorKind;
use ntpipe_shm::parcel::{self, Parcel};
use ntpipe_shm::{handover, socket};
use rustix::io::Errno;

use super::port::{Packet, PortObject};
use super::service;
use crate::failure::{Failure, Result};
use crate::overlapped::Ending;

/// So many lines may come from one file object that is bound here; each costs a descriptor.
const LINES_MAX: usize = 256;
/// So many operations are kept in mind for the other side; what it begins beyond them has no packet.
const PENDING_MAX: usize = 1 << 16;
/// So many lines of text wait for a port whose process does not listen.
const WAITING_MAX: usize = 1 << 16;
/// So much is heard at once: more than a socket holds.
const PARCELS_MAX: usize = 4096;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The port's side.
#[derive(Debug)]
pub(super) struct Inlet {
    socket: OwnedFd,
    port: Arc<PortObject>,
    key: usize,
    /// What pends on the other side, in the order in which it began.
    pending: Mutex<Vec<usize>>,
    /// Shared by all lines that come from one.
    family: Arc<()>,
}

/// Whether there is more to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Not for now.
    All,
    /// There may be.
    More,
    /// Never again.
    Over,
}

impl Inlet {
    /// A new line from a port, with its other side.
    ///
    /// # Errors
    /// What making a pair of sockets gives.
    pub(super) fn open(port: &Arc<PortObject>, key: usize) -> Result<(Self, OwnedFd)> {
        let [near, far] = parcel::pair()?;
        let (pending, family) = (Mutex::default(), Arc::default());
        Ok((Self { socket: near, port: port.clone(), key, pending, family }, far))
    }

    /// Takes all that has come.
    pub(super) fn hear(&self) -> Heard {
        // Looked at first: nothing comes after it.
        let gone = socket::is_hung_up(&self.socket).unwrap_or(true);
        for _ in 0..PARCELS_MAX {
            match parcel::receive(&self.socket) {
                Ok(Some(parcel)) => drop(self.take(parcel)),
                Ok(None) if !gone => return Heard::All,
                // More may follow this.
                Err(Errno::CONNRESET) => {}
                Ok(None) | Err(_) => {
                    self.abort();
                    return Heard::Over;
                }
            }
        }
        Heard::More
    }

    /// Believes nothing: what means nothing here is thrown away.
    fn take(&self, Parcel { bytes, fds }: Parcel) -> Option<()> {
        let (kind, rest) = std::str::from_utf8(&bytes).ok()?.split_at_checked(1)?;
        match kind {
            "b" => {
                let context = context(rest)?;
                let mut pending = lock(&self.pending);
                if pending.len() < PENDING_MAX {
                    pending.push(context);
                }
            }
            "o" => {
                let (context, ending) = told(rest)?;
                let mut pending = lock(&self.pending);
                let at = pending.iter().position(|it| *it == context)?;
                pending.remove(at);
                drop(pending);
                self.post(context, ending);
            }
            "a" => {
                let (context, ending) = told(rest)?;
                self.post(context, ending);
            }
            "l" => self.branch(<[OwnedFd; 1]>::try_from(fds).ok()?)?,
            _ => return None,
        }
        Some(())
    }

    /// One line more to the same port.
    fn branch(&self, [socket]: [OwnedFd; 1]) -> Option<()> {
        if Arc::strong_count(&self.family) >= LINES_MAX || !handover::is_lifeline(&socket) {
            return None;
        }
        let (port, family) = (self.port.clone(), self.family.clone());
        service::listen(Self { socket, port, key: self.key, pending: Mutex::default(), family })
            .ok()
    }

    fn post(&self, context: usize, ending: Ending) {
        self.port.post(Packet { key: self.key, context, ending });
    }

    /// Ends what the other side has left.
    fn abort(&self) {
        let left = std::mem::take(&mut *lock(&self.pending));
        for context in left {
            //= observed: FALSE, 995, 0 bytes
            self.post(context, Ending::failed(ErrorKind::OperationAborted.into()));
        }
    }
}

impl AsFd for Inlet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn context(text: &str) -> Option<usize> {
    usize::from_str_radix(text, 16).ok().filter(|context| *context != 0)
}

/// An operation, and how it ended.
fn told(text: &str) -> Option<(usize, Ending)> {
    let [first, win32, nt, bytes] = text.split(':').collect::<Vec<_>>()[..] else { return None };
    let number = |text| u32::from_str_radix(text, 16).ok();
    let failure = Failure::new(number(win32)?, number(nt)?);
    Some((context(first)?, Ending { failure, bytes: usize::from_str_radix(bytes, 16).ok()? }))
}

/// The file object's side.
#[derive(Debug)]
pub(super) struct Outlet {
    socket: OwnedFd,
    /// What the port's process has had no room for yet.
    waiting: Mutex<VecDeque<String>>,
}

impl Outlet {
    pub(super) fn new(socket: OwnedFd) -> Arc<Self> {
        Arc::new(Self { socket, waiting: Mutex::default() })
    }

    /// An operation pends.
    pub(super) fn begun(self: &Arc<Self>, context: usize) {
        self.tell(format!("b{context:x}"));
    }

    /// An operation is over; `at_once` if it never pended.
    pub(super) fn over(self: &Arc<Self>, context: usize, ending: &Ending, at_once: bool) {
        let Ending { failure, bytes } = ending;
        let kind = if at_once { 'a' } else { 'o' };
        self.tell(format!("{kind}{context:x}:{:x}:{:x}:{bytes:x}", failure.win32, failure.nt));
    }

    fn tell(self: &Arc<Self>, line: String) {
        let mut waiting = lock(&self.waiting);
        let first = waiting.is_empty();
        if waiting.len() < WAITING_MAX {
            waiting.push_back(line);
        }
        if !self.send(&mut waiting) && first {
            service::send_later(self);
        }
    }

    /// Sends what waits; whether nothing does any more.
    pub(super) fn flush(&self) -> bool {
        self.send(&mut lock(&self.waiting))
    }

    fn send(&self, waiting: &mut VecDeque<String>) -> bool {
        while let Some(line) = waiting.front() {
            match parcel::send(&self.socket, line.as_bytes(), &[]) {
                Ok(()) => drop(waiting.pop_front()),
                Err(Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM) => return false,
                // Nobody is there to be told.
                Err(_) => waiting.clear(),
            }
        }
        true
    }

    /// The side of a file object in one process more, which speaks to the port itself.
    ///
    /// # Errors
    /// `ERROR_NO_SYSTEM_RESOURCES` if the port's process has no room for that; what making a pair of sockets
    /// gives.
    pub(super) fn lend(&self) -> Result<OwnedFd> {
        let [near, far] = parcel::pair()?;
        if !self.flush() {
            return Err(Failure::NO_SYSTEM_RESOURCES);
        }
        match parcel::send(&self.socket, b"l", &[near.as_fd()]) {
            // With the port's process gone it speaks to nobody, as this one.
            Ok(()) | Err(Errno::PIPE | Errno::CONNRESET) => Ok(far),
            Err(Errno::AGAIN | Errno::TOOMANYREFS) => Err(Failure::NO_SYSTEM_RESOURCES),
            Err(errno) => Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests;
