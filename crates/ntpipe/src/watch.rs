//! The watcher: one thread per process, asleep in `epoll` until a peer dies.
//!
//! A waiter sleeps on a word of shared memory, which no kernel touches when the peer is killed. Its
//! lifeline, the socket, hangs up then; the watcher notes that and rings. It starts with the first
//! connection that carries data and uses no CPU while nobody dies.
//!
//! In the same way it rings an [`Alarm`] for those who sleep on words and wait for a descriptor.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use ntpipe_core::connection::Connection;
use rustix::event::epoll;

use crate::end::lock;
use crate::{Error, Result};

enum Watched {
    Peer(Weak<Connection>),
    Alarm(Arc<AtomicU32>),
}

struct Watcher {
    epoll: Arc<OwnedFd>,
    watched: Arc<Mutex<HashMap<u64, Watched>>>,
    next: u64,
    prune_at: usize,
    process: u32,
}

static WATCHER: Mutex<Option<Watcher>> = Mutex::new(None);

/// Makes sure that the death of this connection's peer is noticed.
#[inline]
pub(crate) fn ensure(connection: &Arc<Connection>) -> Result<()> {
    if connection.is_watched() { Ok(()) } else { start(connection) }
}

#[cold]
fn start(connection: &Arc<Connection>) -> Result<()> {
    with_watcher(
        |watcher| {
            if connection.set_watched() { Ok(()) } else { watcher.watch_peer(connection) }
        },
    )
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
    epoll: Arc<OwnedFd>,
    watched: Arc<Mutex<HashMap<u64, Watched>>>,
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
        // The file may stay open elsewhere, and `epoll` goes by the file.
        let _ = epoll::delete(&self.epoll, &self.fd);
        lock(&self.watched).remove(&self.key);
    }
}

impl std::fmt::Debug for AlarmWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlarmWatch").field("fd", &self.fd).finish_non_exhaustive()
    }
}

fn with_watcher<T>(act: impl FnOnce(&mut Watcher) -> Result<T>) -> Result<T> {
    let mut slot = lock(&WATCHER);
    // A thread does not survive `fork`; the child starts its own.
    if slot.as_ref().is_none_or(|watcher| watcher.process != std::process::id()) {
        *slot = Some(Watcher::spawn()?);
    }
    act(slot.as_mut().expect("set above"))
}

impl Watcher {
    fn spawn() -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|errno| Error::os("epoll_create1", errno))?;
        let watcher = Self {
            epoll: Arc::new(epoll),
            watched: Arc::default(),
            next: 0,
            prune_at: 64,
            process: std::process::id(),
        };
        let (epoll, watched) = (watcher.epoll.clone(), watcher.watched.clone());
        std::thread::Builder::new()
            .name("ntpipe-watch".into())
            .stack_size(64 * 1024)
            .spawn(move || run(&epoll, &watched))
            .map_err(|error| Error::from_io("clone", &error))?;
        Ok(watcher)
    }

    fn watch_peer(&mut self, connection: &Arc<Connection>) -> Result<()> {
        let mut watched = lock(&self.watched);
        if watched.len() >= self.prune_at {
            watched.retain(|_, it| !matches!(it, Watched::Peer(peer) if peer.strong_count() == 0));
            self.prune_at = (watched.len() * 2).max(64);
        }
        drop(watched);
        let key = self.note(Watched::Peer(Arc::downgrade(connection)));
        self.add(connection.as_ref(), key, epoll::EventFlags::RDHUP)
    }

    fn watch_for(&mut self, fd: BorrowedFd<'_>, word: &Arc<AtomicU32>) -> Result<AlarmWatch> {
        let fd = rustix::io::fcntl_dupfd_cloexec(fd, 0).map_err(|errno| Error::os("dup", errno))?;
        let key = self.note(Watched::Alarm(word.clone()));
        let watch =
            AlarmWatch { fd, key, epoll: self.epoll.clone(), watched: self.watched.clone() };
        self.add(&watch.fd, key, epoll::EventFlags::IN)?;
        Ok(watch)
    }

    fn note(&mut self, what: Watched) -> u64 {
        self.next += 1;
        lock(&self.watched).insert(self.next, what);
        self.next
    }

    fn add(&self, fd: impl AsFd, key: u64, flags: epoll::EventFlags) -> Result<()> {
        let data = epoll::EventData::new_u64(key);
        epoll::add(&self.epoll, fd, data, flags | epoll::EventFlags::ONESHOT)
            .map_err(|errno| Error::os("epoll_ctl", errno))
    }
}

fn run(epoll: &OwnedFd, watched: &Mutex<HashMap<u64, Watched>>) {
    let mut events = Vec::with_capacity(64);
    loop {
        events.clear();
        let buffer = rustix::buffer::spare_capacity(&mut events);
        if epoll::wait(epoll, buffer, None).is_err() {
            continue; // A signal.
        }
        for event in &events {
            let found = lock(watched).remove(&event.data.u64());
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
                None => {}
            }
        }
    }
}
