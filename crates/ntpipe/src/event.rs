//! Events: something that happened, for whoever waits for it.
//!
//! One place sleeps for all of them, and for whatever else can be waited for: `wait_many.rs`.

mod named;
pub(crate) mod owner;
pub(crate) mod store;
mod wait_many;
mod waitable;

use std::time::Duration;

use ntpipe_shm::signal::{self, Signal};

use crate::Result;
use store::{Kind, Spec, Store};

pub use wait_many::{Waited, wait, wait_all, wait_any};
pub use waitable::{Always, ChildProcess, Waitable};

/// An event: threads and processes wait until another one sets it.
///
/// A manual-reset event releases everyone until it is [`reset`](Self::reset); an auto-reset event
/// releases one wait per [`set`](Self::set). Clones are the same event.
///
/// ```
/// # fn main() -> ntpipe::Result<()> {
/// let stop = ntpipe::Event::new(true, false)?;
/// let worker = std::thread::spawn({
///     let stop = stop.clone();
///     move || stop.wait()
/// });
/// stop.set();
/// worker.join().expect("no panic")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Event {
    pub(crate) store: Store,
}

impl Event {
    /// `CompareObjectHandles`—whether this is the same event, however it was come by.
    #[doc(alias = "CompareObjectHandles")]
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.store.key() == other.store.key()
    }

    /// `CreateEvent` without a name—an event of this process.
    ///
    /// # Errors
    ///
    /// None today.
    #[doc(alias = "CreateEvent")]
    pub fn new(manual: bool, initially: bool) -> Result<Self> {
        Ok(Self { store: Store::own(spec(manual, initially)) })
    }

    /// An event without a name that can be [given to other processes](crate::sync::Shareable).
    ///
    /// # Errors
    ///
    /// What the system says when asked for memory.
    pub fn shareable(manual: bool, initially: bool) -> Result<Self> {
        let store = Store::shareable(spec(manual, initially));
        Ok(Self { store: store.map_err(|error| error.during("create event"))? })
    }

    /// `CreateEvent` with a name—makes the event, or opens the one that processes of this user have
    /// under this name; then `manual` and `initially` mean nothing.
    ///
    /// It lives as long as somebody has it. Names may begin with `Local\` or `Global\`, which mean the
    /// same here; case counts.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_NAME`; `ERROR_INVALID_HANDLE` if the name is that of a mutex, a semaphore or a
    /// timer; and what the file system of the namespace says.
    pub fn create(name: impl AsRef<str>, manual: bool, initially: bool) -> Result<Self> {
        let name = name.as_ref();
        let made = Store::create(name, spec(manual, initially));
        Ok(Self { store: made.map_err(|error| error.during("create event").on(name))? })
    }

    /// `OpenEvent`—opens the event that a process of this user has under this name.
    ///
    /// # Errors
    ///
    /// `ERROR_FILE_NOT_FOUND` if there is none, `ERROR_INVALID_HANDLE` if it is something else.
    #[doc(alias = "OpenEvent")]
    pub fn open(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let found = Store::open(name, Kind::Event);
        Ok(Self { store: found.map_err(|error| error.during("open event").on(name))? })
    }

    /// Whether this call made the event; `false` stands for `ERROR_ALREADY_EXISTS`.
    #[must_use]
    pub fn created_new(&self) -> bool {
        self.store.created()
    }

    /// `SetEvent`—signals: releases all waits, or with auto reset one, now or later.
    #[doc(alias = "SetEvent")]
    pub fn set(&self) {
        self.signal().set();
    }

    /// `ResetEvent`—takes the signal back. Waits that it released stay released.
    #[doc(alias = "ResetEvent")]
    pub fn reset(&self) {
        self.signal().reset();
    }

    /// `PulseEvent`—releases the waits of this moment, or with auto reset one of them, and leaves the
    /// event without signal. A [`wait_all`] does not see it.
    #[doc(alias = "PulseEvent")]
    pub fn pulse(&self) {
        self.signal().pulse();
    }

    /// Whether the event is signalled. Takes nothing.
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.signal().is_set()
    }

    /// `WaitForSingleObject`—waits until the event is signalled, and with auto reset takes the signal.
    ///
    /// # Errors
    ///
    /// What the system says if it cannot sleep.
    #[doc(alias = "WaitForSingleObject")]
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

    #[inline]
    pub(crate) fn signal(&self) -> Signal<'_> {
        let block = self.store.block();
        Signal::new(&block.word, block.argument() != 0)
    }
}

fn spec(manual: bool, initially: bool) -> Spec<'static> {
    Spec::new(Kind::Event, manual.into(), signal::initial(initially))
}
