//! Waitable timers.

use std::time::Duration;

use ntpipe_shm::due::Due;
pub use ntpipe_shm::due::When;

use crate::Result;
use crate::event::store::{Kind, Spec, Store};
use crate::event::wait_any;

/// A waitable timer: signalled from its due time on, until it is set anew (manual reset), or until a wait
/// takes it. With a period it is signalled again and again. Clones are the same timer.
///
/// No thread stands behind it: whoever waits computes how long. One that goes by the clock on the wall
/// ([`When::At`]) notices a clock that is set while it sleeps when it wakes.
///
/// ```
/// # fn main() -> ntpipe::Result<()> {
/// use std::time::Duration;
/// use ntpipe::sync::{Timer, When};
///
/// let tick = Timer::new(false)?;
/// tick.set(When::After(Duration::ZERO), Duration::from_millis(1));
/// for _ in 0..3 {
///     tick.wait()?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Timer {
    pub(crate) store: Store,
}

impl Timer {
    /// `CompareObjectHandles`—whether this is the same timer, however it was come by.
    #[doc(alias = "CompareObjectHandles")]
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.store.key() == other.store.key()
    }

    /// `CreateWaitableTimer` without a name. It is not set yet.
    ///
    /// # Errors
    ///
    /// None today.
    #[doc(alias = "CreateWaitableTimer")]
    pub fn new(manual: bool) -> Result<Self> {
        Ok(Self { store: Store::own(spec(manual)) })
    }

    /// A timer without a name that can be [given to other processes](crate::sync::Shareable).
    ///
    /// # Errors
    ///
    /// What the system says when asked for memory.
    pub fn shareable(manual: bool) -> Result<Self> {
        let store = Store::shareable(spec(manual));
        Ok(Self { store: store.map_err(|error| error.during("create timer"))? })
    }

    /// `CreateWaitableTimer` with a name—makes the timer, or opens the one that processes of this user
    /// have under this name; then `manual` means nothing.
    ///
    /// # Errors
    ///
    /// As [`Event::create`](crate::Event::create).
    pub fn create(name: impl AsRef<str>, manual: bool) -> Result<Self> {
        let name = name.as_ref();
        let store = Store::create(name, spec(manual));
        Ok(Self { store: store.map_err(|error| error.during("create timer").on(name))? })
    }

    /// `OpenWaitableTimer`—opens the timer that a process of this user has under this name.
    ///
    /// # Errors
    ///
    /// As [`Event::open`](crate::Event::open).
    #[doc(alias = "OpenWaitableTimer")]
    pub fn open(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let store = Store::open(name, Kind::Timer);
        Ok(Self { store: store.map_err(|error| error.during("open timer").on(name))? })
    }

    /// Whether this call made the timer; `false` stands for `ERROR_ALREADY_EXISTS`.
    #[must_use]
    pub fn created_new(&self) -> bool {
        self.store.created()
    }

    /// `SetWaitableTimer`—is no longer signalled, and will be at this time, and with a period above zero
    /// after each period from then on.
    #[doc(alias = "SetWaitableTimer")]
    pub fn set(&self, when: When, period: Duration) {
        self.due().set(when, period);
    }

    /// `CancelWaitableTimer`—stops it. If it is signalled it stays so.
    #[doc(alias = "CancelWaitableTimer")]
    pub fn cancel(&self) {
        self.due().cancel();
    }

    /// Whether it is signalled. Takes nothing.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.due().is_available()
    }

    /// `WaitForSingleObject`—waits until it is signalled, and without manual reset takes the signal.
    ///
    /// # Errors
    ///
    /// What the system says if it cannot sleep.
    pub fn wait(&self) -> Result<()> {
        wait_any(&[self], None).map(drop)
    }

    /// As [`wait`](Self::wait), but gives up after `timeout`: `false`.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool> {
        wait_any(&[self], Some(timeout)).map(|ready| ready.is_some())
    }

    pub(crate) fn due(&self) -> Due<'_> {
        let block = self.store.block();
        Due::new(block, block.argument() != 0)
    }
}

fn spec(manual: bool) -> Spec<'static> {
    Spec::new(Kind::Timer, manual.into(), 0)
}
