//! Semaphores.

use std::time::Duration;

use ntpipe_shm::counter::Counter;

use crate::event::store::{Kind, Spec, Store};
use crate::event::wait_any;
use crate::{Error, ErrorKind, Result};

/// A semaphore: a count between zero and a maximum. A wait lowers it by one, and waits while it is zero.
/// Clones are the same semaphore.
///
/// ```
/// # fn main() -> ntpipe::Result<()> {
/// use std::time::Duration;
///
/// let workers = ntpipe::sync::Semaphore::new(2, 2)?;
/// workers.wait()?;
/// workers.wait()?;
/// assert!(!workers.wait_timeout(Duration::ZERO)?);
/// assert_eq!(workers.release(1)?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Semaphore {
    pub(crate) store: Store,
}

impl Semaphore {
    /// `CompareObjectHandles`—whether this is the same semaphore, however it was come by.
    #[doc(alias = "CompareObjectHandles")]
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.store.key() == other.store.key()
    }

    /// `CreateSemaphore` without a name.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_PARAMETER` if the maximum is zero or beyond 2³¹ − 1, or less than `initially`.
    #[doc(alias = "CreateSemaphore")]
    pub fn new(initially: u32, maximum: u32) -> Result<Self> {
        Ok(Self { store: Store::own(spec(initially, maximum)?) })
    }

    /// A semaphore without a name that can be [given to other processes](crate::sync::Shareable).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); what the system says when asked for memory.
    pub fn shareable(initially: u32, maximum: u32) -> Result<Self> {
        let store = Store::shareable(spec(initially, maximum)?);
        Ok(Self { store: store.map_err(|error| error.during("create semaphore"))? })
    }

    /// `CreateSemaphore` with a name—makes the semaphore, or opens the one that processes of this user
    /// have under this name; then the counts mean nothing.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new) and [`Event::create`](crate::Event::create).
    pub fn create(name: impl AsRef<str>, initially: u32, maximum: u32) -> Result<Self> {
        let name = name.as_ref();
        let store = spec(initially, maximum).and_then(|spec| Store::create(name, spec));
        Ok(Self { store: store.map_err(|error| error.during("create semaphore").on(name))? })
    }

    /// `OpenSemaphore`—opens the semaphore that a process of this user has under this name.
    ///
    /// # Errors
    ///
    /// As [`Event::open`](crate::Event::open).
    #[doc(alias = "OpenSemaphore")]
    pub fn open(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let store = Store::open(name, Kind::Semaphore);
        Ok(Self { store: store.map_err(|error| error.during("open semaphore").on(name))? })
    }

    /// Whether this call made the semaphore; `false` stands for `ERROR_ALREADY_EXISTS`.
    #[must_use]
    pub fn created_new(&self) -> bool {
        self.store.created()
    }

    /// `WaitForSingleObject`—waits until the count is above zero, and lowers it.
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

    /// `ReleaseSemaphore`—raises the count; gives what it was.
    ///
    /// # Errors
    ///
    /// `ERROR_INVALID_PARAMETER` for none, `ERROR_TOO_MANY_POSTS` beyond the maximum: then it stays as it
    /// was.
    #[doc(alias = "ReleaseSemaphore")]
    pub fn release(&self, count: u32) -> Result<u32> {
        let released = match count {
            0 => Err(Error::from(ErrorKind::InvalidParameter)),
            count => self.counter().release(count).ok_or(ErrorKind::TooManyPosts.into()),
        };
        released.map_err(|error| error.during("release semaphore"))
    }

    pub(crate) fn counter(&self) -> Counter<'_> {
        let block = self.store.block();
        Counter::new(&block.word, block.argument())
    }
}

fn spec(initially: u32, maximum: u32) -> Result<Spec<'static>> {
    let sound = maximum > 0 && maximum <= i32::MAX.unsigned_abs() && initially <= maximum;
    if !sound {
        let why = "the maximum is zero, too great, or less than the first count";
        return Err(Error::new(ErrorKind::InvalidParameter).because(why));
    }
    Ok(Spec::new(Kind::Semaphore, maximum, initially))
}
