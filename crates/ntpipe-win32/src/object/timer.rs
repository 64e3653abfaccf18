//! A waitable timer behind handles: with it goes a call that a thread makes when it is due.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use ntpipe::sync::{Timer, When};

use super::ThreadObject;
use super::thread;

/// A timer.
#[derive(Debug)]
pub struct TimerObject {
    /// The timer.
    pub timer: Timer,
    /// Who makes its call.
    setter: Mutex<Weak<ThreadObject>>,
}

impl TimerObject {
    /// A timer behind a handle.
    #[must_use]
    pub fn new(timer: Timer) -> Arc<Self> {
        Arc::new(Self { timer, setter: Mutex::default() })
    }

    /// `SetWaitableTimer`; `call` is made by this thread.
    pub fn set<F>(&self, when: When, period: Duration, call: Option<F>)
    where
        F: Fn() + Send + Sync + 'static,
    {
        let mut setter = self.forget();
        self.timer.set(when, period);
        if let Some(call) = call {
            let thread = thread::current();
            let left = match when {
                When::After(left) => left,
                When::At(time) => {
                    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
                    time.saturating_sub(now)
                }
            };
            // A time that no clock reaches never comes.
            if let Some(due) = Instant::now().checked_add(left) {
                thread.apcs().set_timer(self.number(), due, period, call);
                *setter = Arc::downgrade(&thread);
            }
        }
    }

    /// `CancelWaitableTimer`.
    pub fn cancel(&self) {
        let _setter = self.forget();
        self.timer.cancel();
    }

    /// The call is not made any more, unless it was left already.
    fn forget(&self) -> MutexGuard<'_, Weak<ThreadObject>> {
        let mut setter = self.setter.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = std::mem::take(&mut *setter).upgrade() {
            thread.apcs().forget_timer(self.number());
        }
        setter
    }

    /// Tells timers of this process apart, as long as they are there.
    fn number(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Drop for TimerObject {
    fn drop(&mut self) {
        drop(self.forget());
    }
}
