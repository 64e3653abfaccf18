//! Giving an event, a mutex, a semaphore or a timer to another process.

use std::os::fd::OwnedFd;

use super::{Mutex, Semaphore, Timer};
use crate::event::store::{Kind, Store};
use crate::{Event, Result};

/// What another process needs: a descriptor, and a text that tells what is where in it.
#[derive(Debug)]
pub struct Lease {
    /// To be passed to the other process, under any number.
    pub memory: OwnedFd,
    /// To be told to it.
    pub place: String,
}

/// What can be given to another process: whatever has a name, or was made by a `shareable` function.
///
/// The other process is trusted: with something that has no name it gets at everything else that this
/// process made by these functions.
pub trait Shareable: Sized + sealed::Sealed {
    /// Prepares it for another process.
    ///
    /// # Errors
    ///
    /// `ERROR_NOT_SUPPORTED` for what was made for this process alone; `ERROR_TOO_MANY_OPEN_FILES`.
    fn lease(&self) -> Result<Lease>;

    /// What another process has prepared.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_HANDLE` if it is not there, or something else.
    fn adopt(memory: OwnedFd, place: &str) -> Result<Self>;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! shareable {
    ($type:ident) => {
        impl sealed::Sealed for $type {}

        impl Shareable for $type {
            fn lease(&self) -> Result<Lease> {
                let shared = self.store.share();
                let (memory, place) = shared.map_err(|error| error.during("give to a process"))?;
                Ok(Lease { memory, place })
            }

            fn adopt(memory: OwnedFd, place: &str) -> Result<Self> {
                let store = Store::adopt(memory, place, Kind::$type);
                Ok(Self { store: store.map_err(|error| error.during("take from a process"))? })
            }
        }
    };
}

shareable!(Event);
shareable!(Mutex);
shareable!(Semaphore);
shareable!(Timer);
