//! Asynchronous procedure calls: what is left for a thread to run in its next alertable wait.
//!
//! The call of a timer that is due is left by the thread itself, when it looks: nobody else keeps time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ntpipe::{ErrorKind, Event};

use crate::boundary;
use crate::failure::Result;
use crate::object::ThreadObject;
use crate::object::thread;

type Call = Box<dyn FnOnce() + Send>;

/// The calls that wait for a thread.
#[derive(Debug)]
pub struct Queue {
    calls: Mutex<Calls>,
    /// Set while calls are there: ends an alertable wait.
    alert: Event,
}

#[derive(Default)]
struct Calls {
    waiting: VecDeque<Call>,
    timers: Vec<TimerCall>,
    /// The thread has ended; nothing can be left for it any more.
    closed: bool,
}

/// The call of a timer.
struct TimerCall {
    timer: usize,
    /// `None`: it was due for the last time.
    due: Option<Instant>,
    period: Duration,
    call: Arc<dyn Fn() + Send + Sync>,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} calls", self.waiting.len())
    }
}

impl Queue {
    /// A queue for a thread.
    ///
    /// # Errors
    /// What making an event gives.
    pub fn new() -> Result<Self> {
        Ok(Self { calls: Mutex::default(), alert: Event::new(true, false)? })
    }

    /// The event that ends an alertable wait.
    #[must_use]
    pub fn alert(&self) -> &Event {
        &self.alert
    }

    /// The thread ends: whatever waits for it never runs.
    pub fn close(&self) {
        let mut calls = self.lock();
        calls.closed = true;
        let dropped = (std::mem::take(&mut calls.waiting), std::mem::take(&mut calls.timers));
        drop(calls);
        drop(dropped);
    }

    /// Has `call` made when this timer is due, and in each period after that.
    pub fn set_timer(
        &self,
        timer: usize,
        due: Instant,
        period: Duration,
        call: impl Fn() + Send + Sync + 'static,
    ) {
        self.forget_timer(timer);
        let mut calls = self.lock();
        if !calls.closed {
            let call = Arc::new(call);
            calls.timers.push(TimerCall { timer, due: Some(due), period, call });
        }
    }

    /// Makes no call of this timer any more.
    pub fn forget_timer(&self, timer: usize) {
        self.lock().timers.retain(|call| call.timer != timer);
    }

    /// Leaves the calls of the timers that are due; how long it takes until the next one is.
    #[must_use]
    pub fn look_at_timers(&self) -> Option<Duration> {
        let mut calls = self.lock();
        if calls.timers.is_empty() {
            return None;
        }
        let now = Instant::now();
        let Calls { waiting, timers, .. } = &mut *calls;
        for timer in timers.iter_mut() {
            if timer.due.is_some_and(|due| due <= now) {
                let call = timer.call.clone();
                waiting.push_back(Box::new(move || call()));
                timer.due = timer.next(now);
                self.alert.set();
            }
        }
        timers.retain(|timer| timer.due.is_some());
        timers.iter().filter_map(|timer| timer.due).map(|due| due - now).min()
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Call> {
        let mut calls = self.lock();
        let call = calls.waiting.pop_front();
        if call.is_none() {
            self.alert.reset();
        }
        call
    }
}

impl TimerCall {
    /// The next time after this one.
    fn next(&self, now: Instant) -> Option<Instant> {
        let due = self.due.filter(|_| self.period > Duration::ZERO)?.checked_add(self.period)?;
        Some(due.max(now))
    }
}

/// Leaves a call for a thread: [`current`](thread::current) or the one behind a handle.
///
/// # Errors
/// `ERROR_GEN_FAILURE` when the thread has ended.
pub fn queue(thread: &ThreadObject, call: impl FnOnce() + Send + 'static) -> Result<()> {
    queue_after(thread, || {}, call)
}

/// As [`queue`], and does something first, in any case. If the thread sees that, it finds the call as well.
///
/// # Errors
/// As [`queue`].
pub fn queue_after(
    thread: &ThreadObject,
    first: impl FnOnce(),
    call: impl FnOnce() + Send + 'static,
) -> Result<()> {
    let queue = thread.apcs();
    let mut calls = queue.lock();
    first();
    if calls.closed {
        return Err(ErrorKind::GenFailure.into());
    }
    calls.waiting.push_back(Box::new(call));
    queue.alert.set();
    Ok(())
}

/// Runs what is left for the calling thread, also what those calls leave; whether there was anything.
pub fn run_pending() -> bool {
    let thread = thread::current();
    let _ = thread.apcs().look_at_timers();
    let mut ran = false;
    while let Some(call) = thread.apcs().next() {
        ran = true;
        boundary::outward(call);
    }
    ran
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::{queue, run_pending};
    use crate::object::thread;

    #[test]
    fn calls_run_in_their_order_on_the_thread_they_were_left_for() {
        let ran = Arc::new(AtomicU32::new(0));
        let target = thread::current();
        let left = ran.clone();
        std::thread::spawn(move || {
            for digit in 1..=3 {
                let ran = left.clone();
                queue(&target, move || {
                    ran.store(ran.load(Ordering::Relaxed) * 10 + digit, Ordering::Relaxed);
                })
                .expect("the thread lives");
            }
            assert!(!run_pending());
        })
        .join()
        .expect("no panic");
        assert!(thread::current().apcs().alert().is_set());
        assert!(run_pending() && !run_pending());
        assert_eq!(ran.load(Ordering::Relaxed), 123);
        assert!(!thread::current().apcs().alert().is_set());
    }

    #[test]
    fn a_call_may_leave_another_one() {
        let again = Arc::new(AtomicU32::new(0));
        let ran = again.clone();
        let leave = move || {
            let _ = queue(&thread::current(), move || ran.store(1, Ordering::Relaxed));
        };
        queue(&thread::current(), leave).expect("this thread lives");
        assert!(run_pending());
        assert_eq!(again.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn nothing_can_be_left_for_a_thread_that_has_ended() {
        let ended = std::thread::spawn(thread::current).join().expect("no panic");
        assert_eq!(queue(&ended, || ()).map_err(|failure| failure.win32), Err(31));
    }
}
