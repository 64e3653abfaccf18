//! The watcher: one thread per process, asleep in `epoll` until a peer dies.
//!
//! A waiter sleeps on a word of shared memory, which no kernel touches when the peer is killed. Its
//! lifeline, the socket, hangs up then; the watcher notes that and rings. It starts with the first
//! connection that carries data and uses no CPU while nobody dies.
//!
//! In the same way it rings an [`Alarm`] for those who sleep on words and wait for a descriptor, and
//! learns of the deaths among the processes that hold an end together.

mod holders;

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use ntpipe_core::connection::Connection;
use ntpipe_shm::generation::{self, PerProcess};
use rustix::event::epoll;

use crate::end::lock;
use crate::{Error, Result};
use holders::{Company, Mate};

enum Watched {
    Peer(Weak<Connection>),
    Alarm(Arc<AtomicU32>),
    /// Processes come and go that hold this end too.
    Company(Company),
    /// One of them.
    Holder(Mate),
}

/// What the thread and those who give it something to watch have in common.
struct Watches {
    epoll: OwnedFd,
    watched: Mutex<HashMap<u64, Watched>>,
    next: AtomicU64,
}

struct Watcher {
    watches: Arc<Watches>,
    prune_at: usize,
    process: u32,
}

static WATCHER: PerProcess<Mutex<Option<Watcher>>> = PerProcess::new();

/// Makes sure that the death of this connection's peer is noticed.
#[inline]
pub(crate) fn ensure(connection: &Arc<Connection>) -> Result<()> {
    if connection.is_watched() { Ok(()) } else { start(connection) }
}

#[cold]
fn start(connection: &Arc<Connection>) -> Result<()> {
    // Under the lock, so that nobody else does it too, and only a watch that succeeded counts.
    with_watcher(|watcher| {
        if !connection.is_watched() {
            watcher.watch_peer(connection)?;
            connection.set_watched();
        }
        Ok(())
    })
}

/// Makes sure that the death of other processes that hold this end is noticed.
pub(crate) fn company(connection: &Arc<Connection>) -> Result<()> {
    with_watcher(|watcher| holders::watch(&watcher.watches, connection))
}

/// A word that turns from 0 to 1 when a descriptor becomes readable; until dropped.
#[derive(Debug)]
pub(crate) struct Alarm {
    word: Arc<AtomicU32>,
    _watches: Vec<AlarmWatch>,
}

/// A descriptor that rings an alarm.
struct AlarmWatch {
    /// A copy, since `epoll` takes each descriptor once only.
    fd: OwnedFd,
    key: u64,
    watches: Arc<Watches>,
    born: u32,
}

/// An alarm that rings once any of the descriptors is readable.
pub(crate) fn alarm(fds: &[BorrowedFd<'_>]) -> Result<Alarm> {
    with_watcher(|watcher| {
        let word = Arc::new(AtomicU32::new(0));
        let watches = fds.iter().map(|fd| watcher.watch_for(*fd, &word)).collect::<Result<_>>()?;
        Ok(Alarm { word, _watches: watches })
    })
}

impl Alarm {
    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.word
    }
}

impl Drop for AlarmWatch {
    fn drop(&mut self) {
        if self.born != generation::now() {
            // A fork copied it: the watch is the other process's.
            return;
        }
        // The file may stay open elsewhere, and `epoll` goes by the file.
        let _ = epoll::delete(&self.watches.epoll, &self.fd);
        lock(&self.watches.watched).remove(&self.key);
    }
}

impl std::fmt::Debug for AlarmWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlarmWatch").field("fd", &self.fd).finish_non_exhaustive()
    }
}

fn with_watcher<T>(act: impl FnOnce(&mut Watcher) -> Result<T>) -> Result<T> {
    let mut slot = lock(WATCHER.get());
    // A copy by other means than `fork` is not counted; it has no thread either.
    if slot.as_ref().is_none_or(|watcher| watcher.process != std::process::id()) {
        *slot = Some(Watcher::spawn()?);
    }
    act(slot.as_mut().expect("set above"))
}

impl Watcher {
    fn spawn() -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|errno| Error::os("epoll_create1", errno))?;
        let watches = Watches { epoll, watched: Mutex::default(), next: AtomicU64::new(1) };
        let watches = Arc::new(watches);
        let watcher = Self { watches: watches.clone(), prune_at: 64, process: std::process::id() };
        std::thread::Builder::new()
            .name("ntpipe-watch".into())
            .stack_size(64 * 1024)
            .spawn(move || watches.run())
            .map_err(|error| Error::from_io("clone", &error))?;
        Ok(watcher)
    }

    fn watch_peer(&mut self, connection: &Arc<Connection>) -> Result<()> {
        let mut watched = lock(&self.watches.watched);
        if watched.len() >= self.prune_at {
            watched.retain(|_, it| !matches!(it, Watched::Peer(peer) if peer.strong_count() == 0));
            self.prune_at = (watched.len() * 2).max(64);
        }
        drop(watched);
        let key = self.watches.note(Watched::Peer(Arc::downgrade(connection)));
        let flags = epoll::EventFlags::RDHUP | epoll::EventFlags::ONESHOT;
        self.watches.add(connection.as_ref(), key, flags).inspect_err(|_| {
            lock(&self.watches.watched).remove(&key);
        })
    }

    fn watch_for(&mut self, fd: BorrowedFd<'_>, word: &Arc<AtomicU32>) -> Result<AlarmWatch> {
        let fd = rustix::io::fcntl_dupfd_cloexec(fd, 0).map_err(|errno| Error::os("dup", errno))?;
        let key = self.watches.note(Watched::Alarm(word.clone()));
        let watch =
            AlarmWatch { fd, key, watches: self.watches.clone(), born: generation::noted() };
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ONESHOT;
        self.watches.add(&watch.fd, key, flags)?;
        Ok(watch)
    }
}

impl Watches {
    fn key(&self) -> u64 {
        // Relaxed: a number of its own for each.
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn note(&self, what: Watched) -> u64 {
        let key = self.key();
        lock(&self.watched).insert(key, what);
        key
    }

    fn add(&self, fd: impl AsFd, key: u64, flags: epoll::EventFlags) -> Result<()> {
        let data = epoll::EventData::new_u64(key);
        epoll::add(&self.epoll, fd, data, flags).map_err(|errno| Error::os("epoll_ctl", errno))
    }

    fn run(&self) {
        // It takes a while, and this thread has time: without it the locks of the ends are slower.
        let _ = ntpipe_shm::lock::prepare();
        let mut events = Vec::with_capacity(64);
        loop {
            events.clear();
            let buffer = rustix::buffer::spare_capacity(&mut events);
            if epoll::wait(&self.epoll, buffer, None).is_err() {
                continue; // A signal.
            }
            for event in &events {
                self.tell(event.data.u64());
            }
        }
    }

    fn tell(&self, key: u64) {
        let mut watched = lock(&self.watched);
        if let Some(Watched::Company(company)) = watched.get(&key) {
            let connection = company.connection();
            drop(watched);
            if let Some(connection) = &connection {
                connection.ring_chime();
            }
            return holders::look(self, connection.as_ref());
        }
        let found = watched.remove(&key);
        drop(watched);
        match found {
            Some(Watched::Peer(peer)) => {
                if let Some(connection) = peer.upgrade() {
                    connection.set_gone();
                }
            }
            Some(Watched::Alarm(word)) => {
                // Relaxed: whoever sleeps on the word looks at the descriptor itself.
                word.store(1, Ordering::Relaxed);
                ntpipe_shm::futex::wake_all(&word);
            }
            Some(Watched::Holder(mate)) => mate.bury(),
            Some(Watched::Company(_)) | None => {}
        }
    }
}
