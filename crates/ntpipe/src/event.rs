//! Events: something that happened, for whoever waits for it.
//!
//! One place sleeps for all of them, and for pipe ends and processes as well: `wait_many.rs`.

mod named;
mod wait_many;
mod waitable;

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use ntpipe_shm::signal::{self, Signal};

use crate::Result;
use named::Named;

pub use wait_many::{wait_all, wait_any};
pub use waitable::{ChildProcess, Waitable};

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
    store: Arc<Store>,
    created: bool,
}

#[derive(Debug)]
enum Store {
    Unnamed { word: AtomicU32, manual: bool },
    Named(Named),
}

impl Event {
    /// `CreateEvent` without a name—an event of this process.
    ///
    /// # Errors
    ///
    /// None today.
    #[doc(alias = "CreateEvent")]
    pub fn new(manual: bool, initially: bool) -> Result<Self> {
        let word = AtomicU32::new(signal::initial(initially));
        Ok(Self { store: Arc::new(Store::Unnamed { word, manual }), created: true })
    }

    /// `CreateEvent` with a name—makes the event, or opens the one that processes of this user have
    /// under this name; then `manual` and `initially` mean nothing.
    ///
    /// It lives as long as somebody has it. The names are not those of pipes, but spelled like them.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_NAME`, and what the file system of the namespace says.
    pub fn create(name: impl AsRef<str>, manual: bool, initially: bool) -> Result<Self> {
        let name = name.as_ref();
        let made = Named::create(name, manual, initially);
        let (named, created) = made.map_err(|e| e.during("create event").on(name))?;
        Ok(Self { store: Arc::new(Store::Named(named)), created })
    }

    /// `OpenEvent`—opens the event that a process of this user has under this name.
    ///
    /// # Errors
    ///
    /// `ERROR_FILE_NOT_FOUND` if there is none.
    #[doc(alias = "OpenEvent")]
    pub fn open(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let named = Named::open(name).map_err(|e| e.during("open event").on(name))?;
        Ok(Self { store: Arc::new(Store::Named(named)), created: false })
    }

    /// Whether this call made the event; `false` stands for `ERROR_ALREADY_EXISTS`.
    #[must_use]
    pub fn created_new(&self) -> bool {
        self.created
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

    fn signal(&self) -> Signal<'_> {
        match &*self.store {
            Store::Unnamed { word, manual } => Signal::new(word, *manual),
            Store::Named(named) => named.signal(),
        }
    }

    /// Tells events apart, and orders them the same way in every process.
    fn key(&self) -> (u64, usize) {
        match &*self.store {
            Store::Unnamed { .. } => (0, Arc::as_ptr(&self.store).addr()),
            Store::Named(named) => (named.inode(), 0),
        }
    }
}
