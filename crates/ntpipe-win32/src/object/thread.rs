//! A thread of this process behind handles.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use ntpipe::{ErrorKind, Event, ThreadHandle};
use ntpipe_shm::generation::PerProcess;

use super::process::STILL_ACTIVE;
use super::{TokenObject, service};
use crate::apc::Queue;
use crate::failure::{Failure, Result};

/// A thread of this process.
#[derive(Debug)]
pub struct ThreadObject {
    /// Its number.
    pub id: u32,
    /// What `CancelSynchronousIo` works on.
    pub io: ThreadHandle,
    /// What a wait for the thread waits for: set when it has ended.
    pub ended: Event,
    apcs: Queue,
    /// Whether it has started an operation that went on.
    has_pended: AtomicBool,
    exit_code: AtomicU32,
    priority: AtomicU32,
    /// How often it was suspended before it began; `None` once it has.
    suspended: Mutex<Option<u32>>,
    resumed: Condvar,
    handle: Mutex<OwnHandle>,
    /// Whom it acts as, if not as its process.
    token: Mutex<Option<Arc<TokenObject>>>,
}

/// The handle that is closed when the thread ends, if one is.
#[derive(Debug, Default)]
struct OwnHandle {
    wanted: bool,
    ended: bool,
    number: Option<usize>,
}

/// The threads that called in here and live, by number. A copy by `fork` has none of them but the one that is
/// its first, which finds itself without this.
static THREADS: PerProcess<Mutex<BTreeMap<u32, Weak<ThreadObject>>>> = PerProcess::new();

/// Ends with its thread.
struct Current(Arc<ThreadObject>);

thread_local! {
    static CURRENT: Current = Current(enter());
}

fn enter() -> Arc<ThreadObject> {
    let thread = describe();
    threads().insert(thread.id, Arc::downgrade(&thread));
    thread
}

/// The calling thread, newly told.
fn describe() -> Arc<ThreadObject> {
    let event = || Event::new(true, false).expect("an event of this process needs nothing");
    let id = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
    Arc::new(ThreadObject {
        id,
        io: ntpipe::current_thread(),
        ended: event(),
        apcs: Queue::new().expect("an event of this process needs nothing"),
        has_pended: AtomicBool::new(false),
        exit_code: AtomicU32::new(STILL_ACTIVE),
        priority: AtomicU32::new(0),
        suspended: Mutex::new(None),
        resumed: Condvar::new(),
        handle: Mutex::default(),
        token: Mutex::default(),
    })
}

fn threads() -> MutexGuard<'static, BTreeMap<u32, Weak<ThreadObject>>> {
    THREADS.get().lock().unwrap_or_else(PoisonError::into_inner)
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    threads()
}

impl Drop for Current {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The calling thread. In its last moments, when its own variables are gone, a stand-in without queue.
#[must_use]
pub fn current() -> Arc<ThreadObject> {
    CURRENT.try_with(|current| current.0.clone()).unwrap_or_else(|_| {
        let thread = describe();
        thread.apcs.close();
        thread
    })
}

/// The number of the calling thread.
#[must_use]
pub fn current_id() -> u32 {
    CURRENT.try_with(|current| current.0.id).unwrap_or_else(|_| describe().id)
}

/// A thread of this process by its number.
///
/// # Errors
/// `ERROR_INVALID_PARAMETER` for one that has ended, was never here, or has called no function of this
/// library yet.
pub fn open(id: u32) -> Result<Arc<ThreadObject>> {
    if id == current().id {
        return Ok(current());
    }
    let found = threads().get(&id).and_then(Weak::upgrade);
    found.ok_or(ErrorKind::InvalidParameter.into())
}

impl ThreadObject {
    /// The calls that wait for it.
    #[must_use]
    pub fn apcs(&self) -> &Queue {
        &self.apcs
    }

    /// The calling thread, which this is, has started an operation that goes on.
    pub(super) fn note_pending(&self) {
        if !self.has_pended.load(Ordering::Relaxed) {
            self.has_pended.store(true, Ordering::Relaxed);
        }
    }

    /// `GetExitCodeThread`.
    #[must_use]
    pub fn exit_code(&self) -> u32 {
        if self.ended.is_set() { self.exit_code.load(Ordering::Relaxed) } else { STILL_ACTIVE }
    }

    /// The calling thread, which this is, ends.
    pub fn end(&self) {
        self.apcs.close();
        threads().remove(&self.id);
        if self.has_pended.load(Ordering::Relaxed) {
            service::abandon(self.id);
        }
        self.end_with(0);
        // Whoever learns of the thread's end finds its mutexes abandoned.
        ntpipe::sync::abandon_held();
        self.ended.set();
        self.handle(|handle| handle.ended = true);
    }

    /// Notes with what it ends; the first to tell is right.
    pub fn end_with(&self, code: u32) {
        let (ok, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.exit_code.compare_exchange(STILL_ACTIVE, code, ok, failed);
    }

    /// Has the handle that [`give_handle`](Self::give_handle) tells closed when the thread ends.
    pub fn close_handle_at_end(&self) {
        self.handle(|handle| handle.wanted = true);
    }

    /// Tells the first handle that stands for the thread, which may have ended already.
    pub fn give_handle(&self, number: usize) {
        self.handle(|handle| handle.number = Some(number));
    }

    fn handle(&self, tell: impl FnOnce(&mut OwnHandle)) {
        let mut handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        tell(&mut handle);
        let over = handle.wanted && handle.ended;
        let number = if over { handle.number.take() } else { None };
        drop(handle);
        if let Some(number) = number {
            // The program may have closed it itself.
            let _ = crate::handle::close(std::ptr::without_provenance_mut(number));
        }
    }

    /// Whom it acts as, if not as its process.
    #[must_use]
    pub fn token(&self) -> Option<Arc<TokenObject>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes whom it acts as.
    pub fn set_token(&self, token: Option<Arc<TokenObject>>) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// `GetThreadPriority`: what was set, which changes nothing.
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.priority.load(Ordering::Relaxed).cast_signed()
    }

    /// `SetThreadPriority`.
    pub fn set_priority(&self, priority: i32) {
        self.priority.store(priority.cast_unsigned(), Ordering::Relaxed);
    }

    fn gate(&self) -> MutexGuard<'_, Option<u32>> {
        self.suspended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calling thread, which was made suspended, is about to wait at its [`gate`](Self::pass).
    pub fn close_gate(&self) {
        *self.gate() = Some(1);
    }

    /// Waits until it is resumed.
    pub fn pass(&self) {
        let mut gate = self.gate();
        while gate.is_some_and(|count| count > 0) {
            gate = self.resumed.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
        *gate = None;
    }

    /// `ResumeThread`: how often it had been suspended.
    pub fn resume(&self) -> u32 {
        let mut gate = self.gate();
        let before = gate.unwrap_or(0);
        *gate = gate.map(|count| count.saturating_sub(1));
        self.resumed.notify_all();
        before
    }

    /// `SuspendThread`: how often it had been suspended.
    ///
    /// # Errors
    /// `ERROR_NOT_SUPPORTED` for a thread that runs.
    pub fn suspend(&self) -> Result<u32> {
        let mut gate = self.gate();
        match *gate {
            Some(count) if count > 0 => {
                *gate = Some(count + 1);
                Ok(count)
            }
            _ => Err(Failure::from(ErrorKind::NotSupported)),
        }
    }
}
