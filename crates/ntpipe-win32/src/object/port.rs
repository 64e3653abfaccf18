//! A completion port behind handles.
//!
//! Those who wait stand in a stack: a packet goes to the one that came last. Who waits looks for a short
//! time at the ends of this port on which something was started lately, and completes what can be; before
//! it sleeps it leaves them to the service thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use ntpipe::{ErrorKind, Event};
use ntpipe_shm::generation::Settled;

use super::io::Io;
use super::wait::{self, INFINITE, wait_before_calls};
use super::{Object, service};
use crate::apc;
use crate::failure::{Failure, Result};
use crate::handle::Entry;
use crate::overlapped::Ending;
use crate::types::access;

/// So many ends at most are looked at by those who wait; the others are left to the service.
const HOT_MAX: usize = 8;
/// So long a wait looks before it sleeps, at most. A sleep and its end cost about as much.
const SPIN_NS_MAX: u32 = 50_000;
/// Looks between two looks at the clock.
const LOOKS: u32 = 32;

/// A completion port.
#[derive(Debug, Default)]
pub struct PortObject {
    state: Mutex<State>,
    hot: Mutex<Hot>,
    /// Counts the changes to `hot`.
    listings: AtomicU32,
    /// How long a wait looks: less after waits for which that did not pay. In nanoseconds, from the most.
    saved_ns: AtomicU32,
    handles: AtomicUsize,
    /// Set while packets are there, once somebody waited for the handle.
    signal: OnceLock<Event>,
}

#[derive(Debug, Default)]
struct State {
    packets: VecDeque<Packet>,
    waiters: Vec<Arc<Waiter>>,
    closed: bool,
}

/// The ends that those who wait look at.
#[derive(Debug, Default)]
struct Hot {
    ends: Vec<Weak<Io>>,
    /// The service looks in from time to time.
    visited: bool,
}

/// What a completion port tells.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// The key of the file object.
    pub key: usize,
    /// The address of the `OVERLAPPED`, or what was posted instead.
    pub context: usize,
    /// How the operation ended.
    pub ending: Ending,
}

/// A thread that waits at a port; each has one.
#[derive(Debug)]
struct Waiter {
    given: Mutex<Option<Given>>,
    /// A hint that something was given.
    ready: AtomicBool,
    wake: Event,
}

#[derive(Debug)]
enum Given {
    Packet(Packet),
    Closed,
}

thread_local! {
    static WAITER: RefCell<Option<Arc<Waiter>>> = const { RefCell::new(None) };
}

impl Waiter {
    fn of_this_thread() -> Result<Arc<Self>> {
        let mine = WAITER.try_with(|mine| mine.borrow().clone()).ok().flatten();
        if let Some(waiter) = mine {
            return Ok(waiter);
        }
        let wake = Event::new(false, false)?;
        let (given, ready) = (Mutex::new(None), AtomicBool::new(false));
        let waiter = Arc::new(Self { given, ready, wake });
        // A thread in its last moments makes one for each wait.
        let _ = WAITER.try_with(|mine| *mine.borrow_mut() = Some(waiter.clone()));
        Ok(waiter)
    }

    /// Under the lock of the port, so that who leaves the stack knows whether it was given something.
    fn give(&self, given: Given) {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
        // Relaxed: the lock orders what was given.
        self.ready.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> Option<Result<Packet>> {
        if !self.ready.load(Ordering::Relaxed) {
            return None;
        }
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        self.ready.store(false, Ordering::Relaxed);
        match given {
            Given::Packet(packet) => Some(Ok(packet)),
            Given::Closed => Some(Err(Failure::ABANDONED_WAIT)),
        }
    }
}

impl PortObject {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hot(&self) -> MutexGuard<'_, Hot> {
        self.hot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn opened(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// With the last handle end the waits.
    pub(super) fn closed(&self) {
        if self.handles.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        let mut state = self.state();
        state.closed = true;
        state.packets.clear();
        for waiter in std::mem::take(&mut state.waiters) {
            waiter.give(Given::Closed);
            waiter.wake.set();
        }
    }

    /// Leaves a packet, for the thread that came last to wait.
    pub fn post(&self, packet: Packet) {
        let mut state = self.state();
        match state.waiters.pop() {
            Some(waiter) => {
                waiter.give(Given::Packet(packet));
                drop(state);
                waiter.wake.set();
            }
            None if state.closed => {}
            None => {
                state.packets.push_back(packet);
                if let Some(signal) = self.signal.get() {
                    signal.set();
                }
            }
        }
    }

    /// A packet that is there.
    pub fn try_next(&self) -> Option<Packet> {
        self.pop(&mut self.state())
    }

    fn pop(&self, state: &mut State) -> Option<Packet> {
        let packet = state.packets.pop_front();
        if state.packets.is_empty()
            && let Some(signal) = self.signal.get()
        {
            signal.reset();
        }
        packet
    }

    /// What a wait for the handle waits for.
    pub fn signal(&self) -> &Event {
        let state = self.state();
        let new = || Event::new(true, !state.packets.is_empty());
        self.signal.get_or_init(|| new().expect("an event of this process needs nothing"))
    }

    /// How many threads wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().waiters.len()
    }

    /// Waits for a packet; `None` for ever.
    ///
    /// # Errors
    /// `WAIT_TIMEOUT`; `ERROR_ABANDONED_WAIT_0` when the port is closed; `WAIT_IO_COMPLETION` after
    /// calls that were left for the thread, if it is alertable.
    pub fn next(&self, timeout: Option<Duration>, alertable: bool) -> Result<Packet> {
        if let Some(packet) = self.try_next() {
            return Ok(packet);
        }
        if alertable && apc::run_pending() {
            return Err(Failure::IO_COMPLETION);
        }
        if timeout == Some(Duration::ZERO) {
            service::settle();
            return self.try_next().ok_or(ErrorKind::WaitTimeout.into());
        }
        let waiter = Waiter::of_this_thread()?;
        {
            let mut state = self.state();
            if let Some(packet) = self.pop(&mut state) {
                return Ok(packet);
            }
            if state.closed {
                return Err(Failure::ABANDONED_WAIT);
            }
            state.waiters.push(waiter.clone());
        }
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        if self.spin(&waiter, until)
            && let Some(given) = waiter.take()
        {
            return given;
        }
        self.cool();
        let began = Instant::now();
        let given = self.sleep(&waiter, until, alertable);
        self.learn(began.elapsed());
        given
    }

    fn sleep(
        &self,
        waiter: &Arc<Waiter>,
        until: Option<Instant>,
        alertable: bool,
    ) -> Result<Packet> {
        let wake = [Entry::new(Object::Event(waiter.wake.clone()), access::SYNCHRONIZE)];
        loop {
            if let Some(given) = waiter.take() {
                return given;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let left = left.map_or(INFINITE, |left| {
                // Rounded up, or the last part of a millisecond would be spent looking.
                u32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(INFINITE - 1)
            });
            let failure = match wait_before_calls(&wake, false, left, alertable) {
                // What an earlier wait was given may have rung once more.
                Ok(0) => continue,
                Ok(wait::IO_COMPLETION) => Failure::IO_COMPLETION,
                Ok(_) => ErrorKind::WaitTimeout.into(),
                Err(failure) => failure,
            };
            self.state().waiters.retain(|other| !Arc::ptr_eq(other, waiter));
            if let Some(given) = waiter.take() {
                return given;
            }
            if failure == Failure::IO_COMPLETION {
                // Nobody counts on this thread any more: the calls may wait at a port, or end the thread.
                apc::run_pending();
            }
            return Err(failure);
        }
    }

    /// Looks for a while; whether something was given.
    fn spin(&self, waiter: &Waiter, until: Option<Instant>) -> bool {
        let budget = SPIN_NS_MAX.saturating_sub(self.saved_ns.load(Ordering::Relaxed));
        if budget == 0 || !several_cpus() {
            return false;
        }
        let spin_until = Instant::now() + Duration::from_nanos(budget.into());
        let until = until.map_or(spin_until, |until| until.min(spin_until));
        let mut seen = self.listings.load(Ordering::Relaxed);
        let mut hot = self.hot().ends.clone();
        loop {
            for _ in 0..LOOKS {
                for io in hot.iter().filter_map(Weak::upgrade) {
                    io.glance();
                }
                if waiter.ready.load(Ordering::Relaxed) {
                    self.saved_ns.store(0, Ordering::Relaxed);
                    return true;
                }
                std::hint::spin_loop();
            }
            if Instant::now() >= until {
                return false;
            }
            // The peer may be waiting for this CPU.
            std::thread::yield_now();
            let now = self.listings.load(Ordering::Relaxed);
            if now != seen {
                seen = now;
                hot.clone_from(&self.hot().ends);
            }
        }
    }

    /// After a sleep: looking pays if that was short.
    fn learn(&self, slept: Duration) {
        let saved = self.saved_ns.load(Ordering::Relaxed);
        let now = if slept < Duration::from_nanos(2 * u64::from(SPIN_NS_MAX)) {
            0
        } else {
            SPIN_NS_MAX - (SPIN_NS_MAX - saved) / 2
        };
        self.saved_ns.store(now, Ordering::Relaxed);
    }

    /// Something was started on this end: who waits here looks at it. Gives the one that has to go for it.
    pub(super) fn list(self: &Arc<Self>, io: &Arc<Io>) -> Option<Weak<Io>> {
        let mut hot = self.hot();
        let displaced = (hot.ends.len() >= HOT_MAX).then(|| hot.ends.remove(0));
        hot.ends.push(Arc::downgrade(io));
        self.listings.fetch_add(1, Ordering::Relaxed);
        if !std::mem::replace(&mut hot.visited, true) {
            service::visit(self);
        }
        displaced
    }

    /// Nobody looks any more: leaves all to the service.
    fn cool(&self) {
        let ends = std::mem::take(&mut self.hot().ends);
        self.listings.fetch_add(1, Ordering::Relaxed);
        for io in ends.iter().filter_map(Weak::upgrade) {
            io.to_service();
        }
    }

    /// Looks at all ends that are left to those who wait.
    pub(super) fn glance(&self) {
        let ends = self.hot().ends.clone();
        ends.iter().filter_map(Weak::upgrade).for_each(|io| io.glance());
    }

    /// The service looks in: takes over what nobody has looked at lately. Whether it is to come again.
    pub(super) fn is_hot(&self) -> bool {
        let ends = self.hot().ends.clone();
        for io in ends.iter().filter_map(Weak::upgrade) {
            io.visit();
        }
        let mut hot = self.hot();
        hot.ends.retain(|io| io.strong_count() > 0);
        hot.visited = !hot.ends.is_empty();
        hot.visited
    }

    /// Nobody is to look at this end any more.
    pub(super) fn unlist(&self, io: &Arc<Io>) {
        self.hot().ends.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(io)));
        self.listings.fetch_add(1, Ordering::Relaxed);
    }
}

fn several_cpus() -> bool {
    static SEVERAL: Settled<bool> = Settled::new();
    let several = || std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() > 1);
    *SEVERAL.get_or_make(|| Box::new(several()))
}
