//! The asynchronous side of a file object: what pends on it, in order, and where completions go.
//!
//! An operation is tried once when it starts. What goes on is kept in a queue and *stepped* from then on,
//! all of one end in their order and under the queue's lock, by whoever has reason to: the service thread,
//! a thread that waits at the end's completion port, one that asks for a result. Who takes an operation out
//! of the queue completes it, and nobody else.
//!
//! ```text
//! start ──▶ done: told at once
//!   │
//!   └─▶ pending ──▶ armed: the service thread is woken by its descriptor
//!          │  ▲        ▲
//!          ▼  │        │ nobody looked for a while, or somebody goes to sleep
//!        deferred: in the list of its port, whose waiters look at it
//! ```
//!
//! Locks, in this order: the queue, the port's list, the port, the service.

mod work;

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::task::Poll;

use ntpipe::overlapped::{Hub, Readiness};
use ntpipe::{ErrorKind, Event, Recv};
use ntpipe_shm::generation;

use super::line::Outlet;
use super::port::{Packet, PortObject};
use super::{service, thread};
use crate::boundary::guarded;
use crate::failure::Result;
use crate::overlapped::{Ending, Place};

pub use work::Work;

/// `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS`.
const SKIP_PORT_ON_SUCCESS: u32 = 1;
/// `FILE_SKIP_SET_EVENT_ON_HANDLE`.
const SKIP_SIGNAL: u32 = 2;
/// So often an operation that was armed is tried again at once when something has changed meanwhile.
const ROUNDS_MAX: u32 = 8;

/// The asynchronous side of a file object.
#[derive(Debug)]
pub struct Io {
    queue: Mutex<Queue>,
    /// What a wait for the handle waits for: signalled while nothing is under way.
    pub signal: Event,
    bound: OnceLock<Bound>,
    modes: AtomicU32,
    readiness: OnceLock<Arc<Readiness>>,
}

/// Where completions are told.
#[derive(Debug)]
enum Bound {
    /// At a port of this process, with this key.
    Here(Arc<PortObject>, usize),
    /// In the process that bound the file object.
    Elsewhere(Arc<Outlet>),
}

impl Bound {
    fn here(&self) -> Option<&Arc<PortObject>> {
        match self {
            Self::Here(port, _) => Some(port),
            Self::Elsewhere(_) => None,
        }
    }
}

#[derive(Debug, Default)]
struct Queue {
    pending: Vec<Pending>,
    care: Care,
    /// No handle stands for the file object any more.
    closed: bool,
    /// The process that started what pends, by its `generation`: a forked child has no part in it.
    process: u32,
    /// How the service of a process knows it.
    watched: Option<(u32, u64)>,
}

impl Queue {
    /// In a child that was forked, nothing pends that it did not start itself.
    fn forget_parents(&mut self) {
        if !self.pending.is_empty() && self.process != generation::now() {
            // To drop them would cancel them in the memory that is shared with the parent.
            std::mem::forget(std::mem::take(&mut self.pending));
        }
    }
}

/// Who looks after what pends.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// The service thread.
    #[default]
    Service,
    /// Those who wait at the port; `stale` if nothing began since the service last looked.
    Port { stale: bool },
}

#[derive(Debug)]
struct Pending {
    work: Work,
    place: Place,
    thread: u32,
}

impl Pending {
    /// Whether the program's memory that it is to fill is there, or a part of it.
    fn lies_in(&self, stack: &Range<usize>) -> bool {
        let fills = self.work.fills();
        stack.contains(&self.place.address()) || fills.is_some_and(|start| stack.contains(&start))
    }
}

/// What starting an operation gave, if it was not refused: its end, or nothing if it goes on.
pub type Begun = Result<Option<Recv>>;

impl Io {
    /// Of a file object that is idle.
    ///
    /// # Errors
    /// What making an event gives.
    pub fn new() -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            queue: Mutex::default(),
            signal: Event::new(true, true)?,
            bound: OnceLock::new(),
            modes: AtomicU32::new(0),
            readiness: OnceLock::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.forget_parents();
        queue
    }

    /// `CreateIoCompletionPort`: completions are told there from now on.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` if they are told somewhere already.
    pub fn bind(&self, port: &Arc<PortObject>, key: usize) -> Result<()> {
        let bound = Bound::Here(port.clone(), key);
        self.bound.set(bound).map_err(|_| ErrorKind::InvalidParameter.into())
    }

    /// Another process has bound the file object: completions are told through `line` from now on.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` if they are told somewhere already.
    pub fn bind_elsewhere(&self, line: OwnedFd) -> Result<()> {
        let bound = Bound::Elsewhere(Outlet::new(line));
        self.bound.set(bound).map_err(|_| ErrorKind::InvalidParameter.into())
    }

    /// What another process tells completions through, if they are told anywhere.
    ///
    /// # Errors
    /// What making it gives.
    pub fn lend(&self) -> Result<Option<OwnedFd>> {
        match self.bound.get() {
            None => Ok(None),
            Some(Bound::Here(port, key)) => service::lend(port, *key).map(Some),
            Some(Bound::Elsewhere(outlet)) => outlet.lend().map(Some),
        }
    }

    /// Whether completions are told at a port.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.bound.get().is_some()
    }

    /// `SetFileCompletionNotificationModes`; what is set stays set.
    pub fn add_modes(&self, modes: u32) {
        self.modes.fetch_or(modes, Ordering::Relaxed);
    }

    /// What was set so.
    #[must_use]
    pub fn modes(&self) -> u32 {
        self.modes.load(Ordering::Relaxed)
    }

    fn has_mode(&self, mode: u32) -> bool {
        self.modes.load(Ordering::Relaxed) & mode != 0
    }

    /// A place for completions that this file object can serve.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` for a routine where a port is told.
    fn check(&self, place: &Place) -> Result<()> {
        //= observed: ReadFileEx on a handle bound to a port
        if place.has_routine() && self.is_bound() {
            return Err(ErrorKind::InvalidParameter.into());
        }
        Ok(())
    }

    /// An operation without event shows in the handle's signal; one with an event clears that only.
    fn begin(&self, place: &Place) {
        place.begin();
        if self.signal.is_set() {
            self.signal.reset();
        }
    }

    /// Runs an operation to its end, in this call, and tells it.
    ///
    /// # Errors
    /// What `run` gives; nothing is told then.
    pub fn at_once(&self, place: Place, run: impl FnOnce() -> Result<Recv>) -> Begun {
        self.check(&place)?;
        self.begin(&place);
        let got = run()?;
        self.complete(place, &Ending::of(got), true);
        Ok(Some(got))
    }

    /// Starts an operation: `start` tries it.
    ///
    /// # Errors
    /// What `start` gives; nothing is told then, and the place stays marked as pending.
    pub fn start(
        self: &Arc<Self>,
        place: Place,
        start: impl FnOnce() -> std::result::Result<Work, Result<Recv>>,
        attach: impl FnOnce(&Hub, u64) -> Result<Arc<Readiness>>,
    ) -> Begun {
        self.check(&place)?;
        let mut queue = self.lock();
        self.begin(&place);
        let work = match start() {
            Ok(work) => work,
            Err(result) => {
                let got = result?;
                self.complete(place, &Ending::of(got), true);
                return Ok(Some(got));
            }
        };
        if queue.closed {
            self.complete(place, &Ending::failed(ErrorKind::BrokenPipe.into()), true);
            return Ok(None);
        }
        let bound = self.bound.get().filter(|_| place.context != 0);
        if let Some(Bound::Elsewhere(outlet)) = bound {
            outlet.begun(place.context);
        }
        let port = bound.and_then(Bound::here).filter(|_| work.shows_by_itself());
        queue.process = generation::noted();
        let starter = thread::current();
        starter.note_pending();
        queue.pending.push(Pending { work, place, thread: starter.id });
        if self.readiness.get().is_none() {
            // Otherwise the service looks from time to time.
            if let Ok((readiness, key)) = service::watch(self, attach) {
                let _ = self.readiness.set(readiness);
                queue.watched = Some((queue.process, key));
            }
        }
        let Some(port) = port else {
            if queue.care == Care::Service {
                self.arm(&mut queue);
            }
            return Ok(None);
        };
        let listed = matches!(queue.care, Care::Port { .. });
        queue.care = Care::Port { stale: false };
        if !listed {
            let displaced = port.list(self);
            drop(queue);
            if let Some(displaced) = displaced.and_then(|io| io.upgrade()) {
                displaced.to_service();
            }
        }
        Ok(None)
    }

    /// Tells how an operation ended; `at_once` if it never pended.
    ///
    /// The packet comes last, as on Windows: who takes it may use block and event for the next operation,
    /// which would seem to be over if the event were set after that.
    fn complete(&self, place: Place, ending: &Ending, at_once: bool) {
        let (context, has_event) = (place.context, place.event.is_some());
        place.tell(ending);
        if !has_event && !self.has_mode(SKIP_SIGNAL) {
            self.signal.set();
        }
        let quiet = at_once && ending.is_success() && self.has_mode(SKIP_PORT_ON_SUCCESS);
        if context == 0 || quiet {
            return;
        }
        match self.bound.get() {
            None => {}
            Some(Bound::Here(port, key)) => {
                port.post(Packet { key: *key, context, ending: *ending });
            }
            Some(Bound::Elsewhere(outlet)) => outlet.over(context, ending, at_once),
        }
    }

    /// Tries all that pends; whether anything completed.
    fn step(&self, queue: &mut Queue) -> bool {
        let before = queue.pending.len();
        let mut at = 0;
        while let Some(pending) = queue.pending.get_mut(at) {
            // A bug that shows in it ends the operation, not whoever tried it.
            let stepped = guarded(|| Ok(pending.work.step()));
            match stepped.unwrap_or_else(|failure| Poll::Ready(Err(failure))) {
                Poll::Pending => at += 1,
                Poll::Ready(result) => {
                    let place = queue.pending.remove(at).place;
                    self.complete(place, &ending(result), false);
                }
            }
        }
        queue.pending.len() < before
    }

    /// Asks the service to be told of the next change to what pends.
    fn arm(self: &Arc<Self>, queue: &mut Queue) {
        if queue.pending.is_empty() {
            return;
        }
        if queue.watched.is_some_and(|(process, _)| process == queue.process) {
            for _ in 0..ROUNDS_MAX {
                let mut again = false;
                let mut failed = false;
                for pending in &mut queue.pending {
                    match pending.work.arm() {
                        Ok(changed) => again |= changed,
                        Err(_) => failed = true,
                    }
                }
                if failed {
                    break;
                }
                if !again {
                    return;
                }
                self.step(queue);
            }
            if queue.pending.is_empty() {
                return;
            }
        }
        service::look_at(self);
    }

    /// Something has changed, or it is time to look: tries all, and asks to be told again.
    pub(super) fn serve(self: &Arc<Self>) {
        // Under the lock, as is all else that holds the end for a moment: once `close` has had it, the
        // closing call lets the end go, and with it the name of the pipe.
        let mut queue = self.lock();
        if queue.closed {
            return;
        }
        if let Some(readiness) = self.readiness.get() {
            readiness.clear();
        }
        self.step(&mut queue);
        if queue.care == Care::Service {
            self.arm(&mut queue);
        }
    }

    /// Tries all if there is reason to. Costs no system call if not, and never waits.
    pub fn glance(&self) {
        let mut queue = match self.queue.try_lock() {
            Ok(queue) => queue,
            Err(TryLockError::Poisoned(queue)) => queue.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        queue.forget_parents();
        if queue.pending.iter().any(|pending| pending.work.is_worth_trying()) {
            self.step(&mut queue);
        }
    }

    /// Leaves what pends to the service: nobody else looks any more.
    pub(super) fn to_service(self: &Arc<Self>) {
        let mut queue = self.lock();
        queue.care = Care::Service;
        self.step(&mut queue);
        self.arm(&mut queue);
    }

    /// The service looks at what is left to those who wait at the port; takes it over if nothing pends, or
    /// nothing has begun since the last time.
    pub(super) fn visit(self: &Arc<Self>) {
        let mut queue = self.lock();
        match queue.care {
            Care::Port { stale: false } if !queue.pending.is_empty() => {
                queue.care = Care::Port { stale: true };
            }
            _ => {
                // Under the queue's lock: what begins after this enters the list anew.
                if let Some(port) = self.bound.get().and_then(Bound::here) {
                    port.unlist(self);
                }
                queue.care = Care::Service;
                self.step(&mut queue);
                self.arm(&mut queue);
            }
        }
    }

    /// Cancels what pends and `which` picks, by the address of its place and its thread; whether there
    /// was any.
    pub fn cancel(&self, which: impl Fn(usize, u32) -> bool) -> bool {
        let mut queue = self.lock();
        // What has come meanwhile came before.
        self.step(&mut queue);
        let mut found = false;
        let mut at = 0;
        while let Some(pending) = queue.pending.get_mut(at) {
            if which(pending.place.address(), pending.thread) {
                found = true;
                let result = pending.work.cancel();
                let place = queue.pending.remove(at).place;
                let aborted = Ending::failed(ErrorKind::OperationAborted.into());
                self.complete(place, &result.map_or(aborted, ending), false);
            } else {
                at += 1;
            }
        }
        // A write that is gone may have kept others waiting.
        self.step(&mut queue);
        found
    }

    /// A thread ends, and with it what it started. What lies in its stack is left alone: the functions
    /// that had their variables there have returned, and those that end the thread may be there now.
    pub fn abandon(&self, thread: u32, stack: &Range<usize>) {
        //= learn: ExitThread: pending I/O is cancelled that is not associated with a completion port
        let started = |it: &Pending| it.thread == thread;
        if self.is_bound() || !self.lock().pending.iter().any(started) {
            return;
        }
        let lost = |it: &mut Pending| it.thread == thread && it.lies_in(stack);
        let mut queue = self.lock();
        let lost: Vec<_> = queue.pending.extract_if(.., lost).collect();
        for Pending { mut work, mut place, .. } in lost {
            // Before anything is tried again, which could fill its buffer.
            work.cancel();
            if stack.contains(&place.address()) {
                place.leave();
            }
            self.complete(place, &Ending::failed(ErrorKind::OperationAborted.into()), false);
        }
        drop(queue);
        self.cancel(|_, starter| starter == thread);
    }

    /// The last handle of this process is closed: what pends ends. `elsewhere`: another process may hold
    /// the end.
    pub fn close(&self, elsewhere: bool) {
        let mut queue = self.lock();
        queue.closed = true;
        for mut pending in std::mem::take(&mut queue.pending) {
            let result = pending.work.cancel();
            let tells_port = self.is_bound() && pending.place.context != 0;
            //= observed: pending I/O ends with PIPE_BROKEN
            //= observed: with CANCELLED, if only a port is told and another process holds the end
            let failure = if elsewhere && tells_port && pending.place.event.is_none() {
                ErrorKind::OperationAborted
            } else {
                ErrorKind::BrokenPipe
            };
            let ending = result.map_or(Ending::failed(failure.into()), ending);
            self.complete(pending.place, &ending, false);
        }
    }

    /// Does something to the end that ends operations, and tells them.
    ///
    /// # Errors
    /// What `act` gives.
    pub fn around<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut queue = self.lock();
        let result = act();
        self.step(&mut queue);
        result
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        let queue = self.queue.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = queue.watched {
            service::forget(key);
        }
    }
}

fn ending(result: Result<Recv>) -> Ending {
    result.map_or_else(Ending::failed, Ending::of)
}
