//! What every kind of end has in common: two halves behind locks, rights, modes, one waiter.
//!
//! A half is absent while its connection does not exist: a server end that listens, or one that has
//! disconnected. No lock is held while a call waits.

mod process;

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ntpipe_core::connection::{Connection, PeerLife, Quotas};
use ntpipe_core::mode::{PipeEnd, PipeType, ReadMode, WaitMode};
use ntpipe_core::namespace::Protection;
use ntpipe_core::ops::{
    Cancelled, Need, Peek, Pending, ReadProgress, Reader, Recv, Step, WriteProgress, Writer,
    transact,
};
use ntpipe_shm::generation;
use ntpipe_shm::lock::Lock;

use crate::anonymous::Pair;
use crate::inherit::Polled;
use crate::kernel;
use crate::overlapped::Readiness;
use crate::server::ServerSide;
use crate::wait::{Blocked, Until, Waiter, announce_poller};
use crate::{Error, ErrorKind, Result, watch};

/// What an end may do; Windows' access mask, as far as pipes look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) read_attributes: bool,
    pub(crate) write_attributes: bool,
}

/// What does not change while an end lives.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) end: PipeEnd,
    pub(crate) pipe_type: PipeType,
    pub(crate) max_instances: u32,
    pub(crate) quotas: Quotas,
}

#[derive(Debug)]
pub(crate) struct End {
    pub(crate) facts: Facts,
    pub(crate) rights: Rights,
    pub(crate) writer: Lock<Option<Writer>>,
    pub(crate) reader: Lock<Option<Reader>>,
    by_message: AtomicBool,
    no_wait: AtomicBool,
    pub(crate) waiter: Waiter,
    pub(crate) server: Option<ServerSide>,
    /// For the ends of an anonymous pipe: each other, and what comes in the place of the ring.
    pub(crate) pair: Option<Pair>,
    /// For a client: its pipe, and who may open that, as last seen.
    pub(crate) protection: OnceLock<Mutex<Protection>>,
    /// What a driver of started operations polls, once there is one.
    pub(crate) readiness: OnceLock<Arc<Readiness>>,
    /// What is polled of a client's end that other processes hold too.
    pub(crate) polled: Polled,
    /// How many clients have come, and how many connections, or waits for one, were ended here.
    pub(crate) arrivals: AtomicU32,
    pub(crate) endings: AtomicU32,
    /// The process that made it.
    born: u32,
    /// The process in which somebody looks after the connection; 0 if nobody does, yet.
    tended: AtomicU32,
}

/// The state of a handle (`GetNamedPipeHandleState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandleState {
    /// How this end reads.
    pub read_mode: crate::PipeMode,
    /// Whether this end does not wait (`PIPE_NOWAIT`).
    pub nowait: bool,
    /// Server instances of the pipe's name.
    pub instances: u32,
}

impl End {
    pub(crate) fn new(
        facts: Facts,
        rights: Rights,
        waiter: Waiter,
        connection: Option<&Arc<Connection>>,
        server: Option<ServerSide>,
    ) -> Self {
        Self {
            facts,
            rights,
            writer: Lock::new(connection.map(|c| Writer::new(c.clone()))),
            reader: Lock::new(connection.map(|c| Reader::new(c.clone()))),
            by_message: AtomicBool::new(false),
            no_wait: AtomicBool::new(false),
            waiter,
            server,
            pair: None,
            protection: OnceLock::new(),
            readiness: OnceLock::new(),
            polled: Polled::default(),
            arrivals: AtomicU32::new(0),
            endings: AtomicU32::new(0),
            born: generation::noted(),
            tended: AtomicU32::new(0),
        }
    }

    /// Adds operation and name to an error.
    pub(crate) fn named<T>(&self, operation: &'static str, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.during(operation).on(&self.facts.name))
    }

    #[inline]
    pub(crate) fn read_mode(&self) -> ReadMode {
        if self.by_message.load(Ordering::Relaxed) { ReadMode::Message } else { ReadMode::Byte }
    }

    pub(crate) fn set_modes(&self, read_mode: ReadMode, nowait: bool) {
        self.by_message.store(read_mode == ReadMode::Message, Ordering::Relaxed);
        self.no_wait.store(nowait, Ordering::Relaxed);
    }

    /// This end's side of the kernel pipe that the pipe has become, if it has; as the lock of a half keeps
    /// it.
    #[inline]
    pub(crate) fn beside(&self) -> Option<&Arc<OwnedFd>> {
        match &self.pair {
            Some(pair) => pair.beside(),
            None => None,
        }
    }

    /// The error of what needs the ring, if that is not in use any more.
    pub(crate) fn check_ring(&self) -> Result<()> {
        match self.beside() {
            Some(_) => Err(Error::new(ErrorKind::NotSupported)
                .because("an end of this pipe has become a standard stream")),
            None => Ok(()),
        }
    }

    fn blocked(&self, connection: &Arc<Connection>, pending: Pending) -> Blocked {
        let beside = self.beside().filter(|_| pending.elsewhere).cloned();
        Blocked { connection: connection.clone(), pending, beside }
    }

    pub(crate) fn is_no_wait(&self) -> bool {
        self.no_wait.load(Ordering::Relaxed)
    }

    /// Runs an operation on a half until it is done.
    ///
    /// `nowait`: the answer of an operation that would have to wait, if it must not.
    #[inline]
    pub(crate) fn run<Half, T>(
        &self,
        until: Until,
        half: &Lock<Option<Half>>,
        connection: impl Fn(&Half) -> &Arc<Connection>,
        nowait: Option<&dyn Fn() -> Result<T>>,
        mut step: impl FnMut(&mut Half) -> Result<Step<T>>,
    ) -> Result<T> {
        let mut blocked = None;
        // The common case, with nothing that waiting needs.
        if self.is_tended()
            && let Some(half) = half.lock().as_mut()
        {
            match step(half)? {
                Step::Done(done) => return Ok(done),
                Step::Wait(_) if nowait.is_some() => {}
                Step::Wait(pending) => {
                    blocked = Some(self.blocked(connection(half), pending));
                }
            }
        }
        self.run_slowly(until, half, connection, nowait, blocked, step)
    }

    fn run_slowly<Half, T>(
        &self,
        until: Until,
        half: &Lock<Option<Half>>,
        connection: impl Fn(&Half) -> &Arc<Connection>,
        nowait: Option<&dyn Fn() -> Result<T>>,
        blocked: Option<Blocked>,
        mut step: impl FnMut(&mut Half) -> Result<Step<T>>,
    ) -> Result<T> {
        self.check_process()?;
        // By address, since a clone costs as much as the operation: what is blocked on it keeps the
        // connection, and so its address, until the next attempt has looked.
        let mut first = blocked.as_ref().map(|blocked| Arc::as_ptr(&blocked.connection));
        self.waiter.run(until, blocked, || {
            let mut slot = half.lock();
            if slot.is_none() {
                drop(slot);
                self.settle(first.is_some())?;
                slot = half.lock();
            }
            let Some(half) = slot.as_mut() else { return Err(ErrorKind::PipeNotConnected.into()) };
            let now = Arc::as_ptr(connection(half));
            if *first.get_or_insert(now) != now {
                // Disconnected while this call waited, and connected to somebody else by now.
                return Err(ErrorKind::PipeNotConnected.into());
            }
            watch::ensure(connection(half))?;
            self.tended.store(self.born, Ordering::Relaxed);
            loop {
                let pending = match step(half)? {
                    Step::Done(done) => return Ok(Ok(done)),
                    Step::Wait(pending) => pending,
                };
                let blocked = self.blocked(connection(half), pending);
                let Some(answer) = nowait else { return Ok(Err(blocked)) };
                if blocked.connection.is_polled() && self.announce_poller(&blocked) {
                    continue;
                }
                if blocked.connection.ask_kernel() == pending.life {
                    return answer().map(Ok);
                }
            }
        })
    }

    /// A server that a client has opened meanwhile gets its halves; without a client it is this error.
    pub(crate) fn settled(&self, kind: ErrorKind) -> Result<()> {
        self.check_process()?;
        match &self.server {
            Some(server) if self.reader.lock().is_none() => {
                server.settle(self).map_err(|_| Error::new(kind))
            }
            _ => Ok(()),
        }
    }

    /// Makes the polled descriptor tell of the pending change; whether it came meanwhile.
    fn announce_poller(&self, blocked: &Blocked) -> bool {
        if blocked.connection.sharing().is_some() {
            self.polled.take_edges();
            if let Some(server) = &self.server {
                server.take_edges();
            }
        }
        announce_poller(blocked)
    }

    /// Why a half is absent; a server that a client has opened meanwhile gets its halves here.
    #[cold]
    pub(crate) fn settle(&self, waited: bool) -> Result<()> {
        match &self.server {
            Some(server) if !waited => server.settle(self),
            _ => Err(ErrorKind::PipeNotConnected.into()),
        }
    }

    /// As [`recv`](Self::recv) and [`send`](Self::send), if it takes no more than a look and a copy.
    #[inline]
    pub(crate) fn recv_at_once(&self, into: &mut [u8]) -> Option<Recv> {
        if !self.rights.read || !self.is_tended() {
            return None;
        }
        let mut slot = self.reader.lock();
        let reader = slot.as_mut().filter(|_| self.beside().is_none())?;
        let got = reader.read_at_once(into, self.read_mode())?;
        self.waiter.end_streak(Need::Room);
        Some(got)
    }

    #[inline]
    pub(crate) fn send_at_once(&self, data: &[u8]) -> bool {
        if !self.rights.write || !self.is_tended() {
            return false;
        }
        let mut slot = self.writer.lock();
        let writer = slot.as_mut().filter(|_| self.beside().is_none());
        if !writer.is_some_and(|writer| writer.write_at_once(data)) {
            return false;
        }
        self.waiter.end_streak(Need::Data);
        true
    }

    #[inline]
    pub(crate) fn recv(&self, into: &mut [u8], until: Until, nowait: bool) -> Result<Recv> {
        if !self.rights.read {
            return Err(ErrorKind::AccessDenied.into());
        }
        self.waiter.end_streak(Need::Room);
        let mode = self.read_mode();
        let mut progress = ReadProgress::default();
        let answer = || Err(Reader::would_block());
        let nowait = nowait || self.is_no_wait();
        let wait = if nowait { WaitMode::NoWait } else { WaitMode::Wait };
        let answer: Option<&dyn Fn() -> Result<Recv>> = if nowait { Some(&answer) } else { None };
        let result = self.run(until, &self.reader, Reader::connection, answer, |reader| {
            let Some(source) = self.beside() else {
                return reader.read(into, mode, wait, &mut progress);
            };
            kernel::read(reader, source, into, wait, &mut progress)
        });
        match result {
            Ok(recv) => Ok(recv),
            Err(error) => self.recv_failed(error, &progress),
        }
    }

    #[cold]
    fn recv_failed(&self, error: Error, progress: &ReadProgress) -> Result<Recv> {
        if self.is_copy() {
            return Err(error);
        }
        let early = self.reader.lock().as_mut().and_then(|reader| reader.give_up(progress));
        match early {
            // A read that may not wait gives up with `ERROR_NO_DATA`.
            Some(early) if gave_up(&error) || error.kind() == ErrorKind::NoData => Ok(early),
            _ => Err(error),
        }
    }

    #[inline]
    pub(crate) fn send(&self, data: &[u8], until: Until, nowait: bool) -> Result<usize> {
        // The common case, with nothing that a wait or a refusal needs.
        if self.send_at_once(data) {
            return Ok(data.len());
        }
        self.send_slowly(data, until, nowait)
    }

    #[inline(never)]
    fn send_slowly(&self, data: &[u8], until: Until, nowait: bool) -> Result<usize> {
        if !self.rights.write {
            return Err(ErrorKind::AccessDenied.into());
        }
        self.waiter.end_streak(Need::Data);
        let mut progress = WriteProgress::default();
        let nowait = nowait || self.is_no_wait();
        let mut fed = None;
        let wait = if nowait { WaitMode::NoWait } else { WaitMode::Wait };
        // For an empty message, 0 would mean that it was sent.
        let nothing = || if data.is_empty() { Err(ErrorKind::NoData.into()) } else { Ok(0) };
        let answer: Option<&dyn Fn() -> Result<usize>> = if nowait { Some(&nothing) } else { None };
        let result = self.run(until, &self.writer, Writer::connection, answer, |writer| {
            let Some(sink) = self.beside() else {
                return writer.write(data, wait, &mut progress);
            };
            kernel::write(writer, sink, data, wait, &mut progress, &mut fed)
        });
        match result {
            Ok(written) => Ok(written),
            Err(error) => self.send_failed(error, data.len(), &progress),
        }
    }

    #[cold]
    fn send_failed(&self, error: Error, len: usize, progress: &WriteProgress) -> Result<usize> {
        if self.is_copy() {
            return Err(error);
        }
        let cancelled = match self.writer.lock().as_mut() {
            // Whatever ended it, it keeps no other write waiting.
            Some(writer) => writer.cancel(progress)?,
            None => Cancelled::Done,
        };
        let completed = gave_up(&error) && cancelled == Cancelled::Completed;
        if completed { Ok(len) } else { Err(error) }
    }

    pub(crate) fn peek(&self, into: &mut [u8]) -> Result<Peek> {
        self.check_process()?;
        if !self.rights.read {
            return Err(ErrorKind::AccessDenied.into());
        }
        let mut slot = self.reader.lock();
        if slot.is_none() {
            drop(slot);
            //= observed: listening or disconnected server end: ERROR_BAD_PIPE
            self.settle(false).map_err(|_| Error::new(ErrorKind::BadPipe))?;
            slot = self.reader.lock();
        }
        let Some(reader) = slot.as_mut() else { return Err(ErrorKind::BadPipe.into()) };
        if let Some(source) = self.beside() {
            return kernel::peek(source, into);
        }
        // What a killed peer had pending is gone with it, though nobody but who peeks looks.
        watch::ensure(reader.connection())?;
        let peek = reader.peek(into)?;
        if peek.available == 0 && reader.connection().ask_kernel() == PeerLife::Gone {
            return reader.peek(into);
        }
        Ok(peek)
    }

    pub(crate) fn flush(&self, until: Until) -> Result<()> {
        self.check_process()?;
        if !self.rights.write {
            return Err(ErrorKind::AccessDenied.into());
        }
        if self.server.is_some() && self.writer.lock().is_none() {
            return Ok(());
        }
        let mut started = false;
        self.run(until, &self.writer, Writer::connection, None, |w| w.flush(&mut started))
    }

    pub(crate) fn transact(&self, data: &[u8], into: &mut [u8], until: Until) -> Result<Recv> {
        self.check_process()?;
        if !self.rights.write || !self.rights.read {
            return Err(ErrorKind::AccessDenied.into());
        }
        let mode = self.read_mode();
        if let Some(server) = &self.server
            && self.writer.lock().is_none()
        {
            server.settle(self).map_err(|_| Error::new(ErrorKind::BadPipe))?;
        }
        let mut posted = WriteProgress::default();
        self.run(until, &self.writer, Writer::connection, None, |writer| {
            let mut slot = self.reader.lock();
            let Some(reader) = slot.as_mut() else { return Err(ErrorKind::BadPipe.into()) };
            transact::request(reader, writer, mode, data, &mut posted)
        })
        .or_else(|error| self.send_failed(error, data.len(), &posted).map(drop))?;
        let mut progress = ReadProgress::default();
        let result = self.run(until, &self.reader, Reader::connection, None, |reader| {
            reader.read(into, mode, WaitMode::Wait, &mut progress)
        });
        result.or_else(|error| self.recv_failed(error, &progress))
    }

    /// Waits until `len` bytes fit.
    pub(crate) fn wait_for_room(&self, len: u32) -> Result<()> {
        self.run(Until::Forever, &self.writer, Writer::connection, None, |writer| {
            self.check_ring()?;
            writer.reserve(len)
        })
    }

    /// Waits until something is there to read.
    pub(crate) fn wait_for_data(&self) -> Result<usize> {
        self.run(Until::Forever, &self.reader, Reader::connection, None, |reader| {
            self.check_ring()?;
            reader.front_len()
        })
    }

    /// Whether a read would not wait: something is there, or nothing will ever come.
    pub(crate) fn is_readable(&self) -> bool {
        let mut slot = self.reader.lock();
        let Some(reader) = slot.as_mut() else {
            drop(slot);
            return !self.server.as_ref().is_some_and(|server| server.is_listening(self));
        };
        let empty = matches!(reader.is_empty(), Ok(true));
        !empty || reader.connection().ask_kernel() != PeerLife::Here
    }

    /// The connection, if there is one.
    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        if self.is_copy() {
            return None;
        }
        self.reader.lock().as_ref().map(|reader| reader.connection().clone())
    }

    /// A client whose server disconnected can ask nothing any more.
    pub(crate) fn check_severed(&self) -> Result<()> {
        self.check_process()?;
        match self.connection() {
            Some(c) if c.peer_life() == PeerLife::Severed => {
                Err(ErrorKind::PipeNotConnected.into())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn set_state(&self, read_mode: ReadMode, nowait: bool) -> Result<()> {
        if !self.rights.write_attributes {
            return Err(ErrorKind::AccessDenied.into());
        }
        self.check_severed()?;
        if read_mode == ReadMode::Message && self.facts.pipe_type == PipeType::Byte {
            return Err(Error::new(ErrorKind::InvalidParameter)
                .because("a byte pipe has no messages to read"));
        }
        self.set_modes(read_mode, nowait);
        Ok(())
    }

    pub(crate) fn state(&self, instances: u32) -> Result<HandleState> {
        if !self.rights.read_attributes {
            return Err(ErrorKind::AccessDenied.into());
        }
        self.check_severed()?;
        Ok(HandleState { read_mode: self.read_mode().into(), nowait: self.is_no_wait(), instances })
    }

    /// Ends every blocked call on this end with `ERROR_OPERATION_ABORTED`.
    pub(crate) fn cancel(&self) {
        if self.is_copy() {
            return;
        }
        // SYNC(cancels): Release. Pairs with the Acquire loads in wait.rs and server/side.rs.
        let before = self.waiter.cancels.fetch_add(1, Ordering::Release);
        // Without the lock of a half, which this very thread may hold.
        self.waiter.pollers.wake();
        self.waiter.sleepers.wake_before(before.wrapping_add(1));
        if let Some(server) = &self.server {
            server.wake();
        }
    }

    /// The same, and ends at once whichever call would wait from now on.
    pub(crate) fn cancel_for_good(&self) {
        self.waiter.is_over.store(true, Ordering::Relaxed);
        self.cancel();
    }

    /// Installs the halves of a new connection.
    pub(crate) fn install(&self, connection: &Arc<Connection>) {
        *self.writer.lock() = Some(Writer::new(connection.clone()));
        *self.reader.lock() = Some(Reader::new(connection.clone()));
        // Behind both: a call that had a half of the last connection may have noted that it looks after that.
        self.tended.store(0, Ordering::Relaxed);
        // Relaxed, here and below: the lock of the instance orders it for who asks under that, and for others
        // it is a hint.
        self.arrivals.fetch_add(1, Ordering::Relaxed);
        self.ring_chime();
    }

    /// Wakes who waits for a client by polling.
    fn ring_chime(&self) {
        if let Some(readiness) = self.readiness.get() {
            readiness.chime().ring();
        }
    }

    /// Takes the halves away and leaves the connection.
    pub(crate) fn leave(&self, sever: bool) {
        self.endings.fetch_add(1, Ordering::Relaxed);
        let writer = self.writer.lock().take();
        let reader = self.reader.lock().take();
        let writing = writer.as_ref().map(Writer::connection);
        if let Some(connection) = writing.or(reader.as_ref().map(Reader::connection)) {
            connection.leave(sever);
            self.waiter.sleepers.wake_at(connection);
        }
        self.ring_chime();
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if self.is_copy() {
            return self.abandon();
        }
        if let Some(server) = &self.server {
            // A client that nobody looked at yet is let in, so that it learns at once that we leave.
            let _ = server.settle(self);
        }
        if let Some(readiness) = self.readiness.get() {
            readiness.leave_hub(self);
        }
        self.leave(false);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every value behind such a lock is consistent between two statements; a panic changes nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn gave_up(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::WaitTimeout | ErrorKind::OperationAborted)
}

/// When a call with this timeout gives up.
pub(crate) fn until(timeout: Option<Duration>) -> Until {
    timeout.map_or(Until::Forever, Until::after)
}
