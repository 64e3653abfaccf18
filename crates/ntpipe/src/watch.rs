//! The watcher: one thread per process, asleep in `epoll` until a peer dies.
//!
//! A waiter sleeps on a word of shared memory, which no kernel touches when the peer is killed. Its
//! lifeline, the socket, hangs up then; the watcher notes that and rings. It starts with the first
//! connection that carries data and uses no CPU while nobody dies.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ntpipe_core::connection::Connection;
use rustix::event::epoll;

use crate::{Error, Result};

struct Watcher {
    epoll: Arc<OwnedFd>,
    watched: Arc<Mutex<HashMap<u64, Weak<Connection>>>>,
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
    let mut slot = WATCHER.lock().unwrap_or_else(PoisonError::into_inner);
    // A thread does not survive `fork`; the child starts its own.
    if slot.as_ref().is_none_or(|watcher| watcher.process != std::process::id()) {
        *slot = Some(Watcher::spawn()?);
    }
    let watcher = slot.as_mut().expect("set above");
    if !connection.set_watched() {
        watcher.add(connection)?;
    }
    Ok(())
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

    fn add(&mut self, connection: &Arc<Connection>) -> Result<()> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= self.prune_at {
            watched.retain(|_, connection| connection.strong_count() > 0);
            self.prune_at = (watched.len() * 2).max(64);
        }
        self.next += 1;
        watched.insert(self.next, Arc::downgrade(connection));
        drop(watched);
        let data = epoll::EventData::new_u64(self.next);
        let flags = epoll::EventFlags::RDHUP | epoll::EventFlags::ONESHOT;
        epoll::add(&self.epoll, connection.as_ref(), data, flags)
            .map_err(|errno| Error::os("epoll_ctl", errno))
    }
}

fn run(epoll: &OwnedFd, watched: &Mutex<HashMap<u64, Weak<Connection>>>) {
    let mut events = Vec::with_capacity(64);
    loop {
        events.clear();
        let buffer = rustix::buffer::spare_capacity(&mut events);
        if epoll::wait(epoll, buffer, None).is_err() {
            continue; // A signal.
        }
        for event in &events {
            let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = watched.remove(&event.data.u64());
            drop(watched);
            if let Some(connection) = connection.and_then(|weak| weak.upgrade()) {
                connection.set_gone();
            }
        }
    }
}
