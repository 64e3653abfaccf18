//! Mutexes, semaphores and waitable timers, as Windows has them: with or without a name, for threads and
//! processes, and to be waited for together with events, pipe ends and processes.

mod mutex;
mod semaphore;
mod share;
mod timer;

pub use crate::event::{Always, Waited, wait};
pub use mutex::{Acquired, Mutex, abandon_held};
pub use semaphore::Semaphore;
pub use share::{Lease, Shareable};
pub use timer::{Timer, When};
