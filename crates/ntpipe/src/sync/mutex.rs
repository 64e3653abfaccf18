//! Mutexes.

use std::cell::RefCell;
use std::time::Duration;

use ntpipe_shm::block::Block;
use ntpipe_shm::owner::{Owner, Taken};

use crate::event::owner::me;
use crate::event::store::{Kind, Spec, Store};
use crate::event::{Waited, wait};
use crate::{Error, ErrorKind, Result};

/// A mutex: owned by one thread, as often as that thread takes it.
///
/// A thread that ends without releasing it abandons it; so does a process that is killed. The next one
/// is told ([`Acquired::Abandoned`]): what the mutex guards may be half changed. Clones are the same
/// mutex. For data of one process [`std::sync::Mutex`] is the better choice.
///
/// ```
/// # fn main() -> ntpipe::Result<()> {
/// use ntpipe::sync::{Acquired, Mutex};
///
/// # let name = format!("doc-mutex-{}", std::process::id());
/// let mutex = Mutex::create(&name, false)?;
/// assert_eq!(mutex.acquire()?, Acquired::Released);
/// // Nobody else on this machine is here now.
/// mutex.release()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Mutex {
    pub(crate) store: Store,
}

/// From whom a mutex was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// From nobody, or from one who had released it.
    Released,
    /// From one who ended without releasing it (`WAIT_ABANDONED`).
    Abandoned,
}

thread_local! {
    static HELD: Held = const { Held(RefCell::new(Vec::new())) };
}

/// What a thread owns; abandoned with the thread.
struct Held(RefCell<Vec<Store>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Held {
    fn abandon(&self) {
        let me = me();
        for store in self.0.take() {
            Owner::new(store.block()).abandon(me);
        }
    }
}

/// Abandons every mutex that the calling thread owns, as the thread's end does.
pub fn abandon_held() {
    // What a thread owns that has lost its variables was abandoned with them.
    let _ = HELD.try_with(Held::abandon);
}

fn hold(store: &Store) {
    let _ = HELD.try_with(|held| held.0.borrow_mut().push(store.clone()));
}

impl Mutex {
    /// `CompareObjectHandles`—whether this is the same mutex, however it was come by.
    #[doc(alias = "CompareObjectHandles")]
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.store.key() == other.store.key()
    }

    /// `CreateMutex` without a name; `owned`: whether this thread owns it from the start.
    ///
    /// # Errors
    ///
    /// None today.
    #[doc(alias = "CreateMutex")]
    pub fn new(owned: bool) -> Result<Self> {
        Ok(Self::made(Store::own(spec(&begin(owned))), owned))
    }

    /// A mutex without a name that can be [given to other processes](crate::sync::Shareable).
    ///
    /// # Errors
    ///
    /// What the system says when asked for memory.
    pub fn shareable(owned: bool) -> Result<Self> {
        let store = Store::shareable(spec(&begin(owned)));
        Ok(Self::made(store.map_err(|error| error.during("create mutex"))?, owned))
    }

    /// `CreateMutex` with a name—makes the mutex, or opens the one that processes of this user have
    /// under this name; then `owned` means nothing.
    ///
    /// # Errors
    ///
    /// As [`Event::create`](crate::Event::create).
    pub fn create(name: impl AsRef<str>, owned: bool) -> Result<Self> {
        let name = name.as_ref();
        let store = Store::create(name, spec(&begin(owned)));
        Ok(Self::made(store.map_err(|error| error.during("create mutex").on(name))?, owned))
    }

    /// `OpenMutex`—opens the mutex that a process of this user has under this name.
    ///
    /// # Errors
    ///
    /// As [`Event::open`](crate::Event::open).
    #[doc(alias = "OpenMutex")]
    pub fn open(name: impl AsRef<str>) -> Result<Self> {
        let name = name.as_ref();
        let store = Store::open(name, Kind::Mutex);
        Ok(Self { store: store.map_err(|error| error.during("open mutex").on(name))? })
    }

    fn made(store: Store, owned: bool) -> Self {
        if owned && store.created() {
            hold(&store);
        }
        Self { store }
    }

    /// Whether this call made the mutex; `false` stands for `ERROR_ALREADY_EXISTS`.
    #[must_use]
    pub fn created_new(&self) -> bool {
        self.store.created()
    }

    /// `WaitForSingleObject`—waits until nobody else owns it, and takes it.
    ///
    /// # Errors
    ///
    /// What the system says if it cannot sleep.
    pub fn acquire(&self) -> Result<Acquired> {
        self.acquire_within(None).map(|acquired| acquired.unwrap_or(Acquired::Released))
    }

    /// As [`acquire`](Self::acquire), but gives up after `timeout`: `None`.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Option<Acquired>> {
        self.acquire_within(Some(timeout))
    }

    fn acquire_within(&self, timeout: Option<Duration>) -> Result<Option<Acquired>> {
        Ok(match wait(&[self], false, None, timeout)? {
            Waited::Ready(_) => Some(Acquired::Released),
            Waited::Abandoned(_) => Some(Acquired::Abandoned),
            Waited::Alerted | Waited::TimedOut => None,
        })
    }

    /// `ReleaseMutex`—gives it back, as often as it was taken.
    ///
    /// # Errors
    ///
    /// `ERROR_NOT_OWNER` if this thread does not own it.
    #[doc(alias = "ReleaseMutex")]
    pub fn release(&self) -> Result<()> {
        match self.owner().release(me()) {
            None => Err(Error::new(ErrorKind::NotOwner).during("release mutex")),
            Some(false) => Ok(()),
            Some(true) => {
                let _ = HELD.try_with(|held| {
                    let mut held = held.0.borrow_mut();
                    if let Some(at) = held.iter().rposition(|it| it.is_same(&self.store)) {
                        held.swap_remove(at);
                    }
                });
                Ok(())
            }
        }
    }

    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner::new(self.store.block())
    }

    pub(crate) fn take(&self) -> Option<Taken> {
        let taken = self.owner().take(me())?;
        if taken != Taken::Again {
            hold(&self.store);
        }
        Some(taken)
    }

    pub(crate) fn give_back(&self, taken: Taken) {
        let _ = match taken {
            Taken::Abandoned => {
                self.owner().abandon(me());
                HELD.try_with(|held| held.0.borrow_mut().retain(|it| !it.is_same(&self.store)))
            }
            Taken::Free | Taken::Again => {
                let _ = self.release();
                Ok(())
            }
        };
    }
}

fn spec<'a>(first: &'a dyn Fn(&Block)) -> Spec<'a> {
    Spec::new(Kind::Mutex, 0, 0).first(first)
}

fn begin(owned: bool) -> impl Fn(&Block) {
    move |block| {
        if owned {
            let _ = Owner::new(block).take(me());
        }
    }
}
