//! The processes that hold an end together: when one of them dies in the middle of a write or a read,
//! the others end that for it, also if none of them has a call under way.
//!
//! A descriptor of each process tells of its death. A process in another PID namespace has no such
//! descriptor here; what it leaves is found by the next call that comes upon it.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use ntpipe_core::connection::Connection;
use ntpipe_core::ops;
use ntpipe_core::sharing::Holder;
use ntpipe_shm::process::Process;
use rustix::event::epoll::{self, EventFlags};

use super::{Watched, Watches};
use crate::end::lock;
use crate::{Error, Result};

/// The holders of one end.
pub(super) struct Company {
    connection: Weak<Connection>,
    /// A copy: the connection's own is closed when its last user drops it, and `epoll` has to be told.
    bell: OwnedFd,
}

impl Company {
    pub(super) fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.upgrade()
    }
}

/// Another process that holds the end.
pub(super) struct Mate {
    connection: Weak<Connection>,
    holder: Holder,
    /// Closing it ends the watch.
    process: Process,
}

impl Mate {
    /// After its death.
    pub(super) fn bury(self) {
        if let Some(connection) = self.connection.upgrade() {
            bury(connection, self.holder);
        }
    }
}

pub(super) fn watch(watches: &Watches, connection: &Arc<Connection>) -> Result<()> {
    let Some(sharing) = connection.sharing() else { return Ok(()) };
    let bell = rustix::io::fcntl_dupfd_cloexec(sharing.bell(), 0)
        .map_err(|errno| Error::os("dup", errno))?;
    let key = watches.key();
    watches.add(&bell, key, EventFlags::IN | EventFlags::ET)?;
    let company = Company { connection: Arc::downgrade(connection), bell };
    lock(&watches.watched).insert(key, Watched::Company(company));
    // Who came before the bell was watched.
    look(watches, Some(connection));
    Ok(())
}

/// Somebody came or left, or this process let go of the end.
pub(super) fn look(watches: &Watches, connection: Option<&Arc<Connection>>) {
    let Some(connection) = connection else { return forget(watches) };
    let Some(sharing) = connection.sharing() else { return };
    // What cannot be asked or watched is found by the next call that comes upon it.
    let others = sharing.others().unwrap_or_default();
    let own = Arc::downgrade(connection);
    let is_own = |mate: &Mate| Weak::ptr_eq(&mate.connection, &own);
    let mut known = Vec::new();
    lock(&watches.watched).retain(|_, it| match it {
        Watched::Holder(mate) if is_own(mate) => {
            let stays = others.contains(&mate.holder);
            known.extend(stays.then_some(mate.holder));
            stays
        }
        _ => true,
    });
    for holder in others.into_iter().filter(|holder| !known.contains(holder)) {
        let process = open(holder);
        match sharing.is_held_by(holder) {
            Ok(true) => {
                if let Some(process) = process {
                    watch_mate(watches, Mate { connection: own.clone(), holder, process });
                }
            }
            Ok(false) => bury(connection.clone(), holder),
            Err(_) => {}
        }
    }
}

fn watch_mate(watches: &Watches, mate: Mate) {
    let key = watches.key();
    let mut watched = lock(&watches.watched);
    // While the map is locked the thread does not miss the key.
    if watches.add(&mate.process, key, EventFlags::IN | EventFlags::ONESHOT).is_ok() {
        watched.insert(key, Watched::Holder(mate));
    }
}

/// The process, if it has a number here. Only after this the caller asks whether the holder is still there:
/// then it is no other process that got the number.
fn open(holder: Holder) -> Option<Process> {
    holder.is_in_this_namespace().then(|| Process::open(holder.process)).flatten()
}

/// Drops what connections that are gone had watched.
fn forget(watches: &Watches) {
    lock(&watches.watched).retain(|_, it| match it {
        Watched::Company(company) if company.connection.strong_count() == 0 => {
            // Other holders have the file open, and `epoll` goes by the file.
            let _ = epoll::delete(&watches.epoll, &company.bell);
            false
        }
        Watched::Holder(mate) => mate.connection.strong_count() != 0,
        _ => true,
    });
}

/// In a thread of its own: the steps of the other holders are waited for.
fn bury(connection: Arc<Connection>, dead: Holder) {
    let bury = move || {
        // A ring that the peer corrupted tells the next call.
        let _ = ops::bury(&connection, dead);
    };
    // Without one, the next call that comes upon it does it.
    let _ =
        std::thread::Builder::new().name("ntpipe-bury".into()).stack_size(64 * 1024).spawn(bury);
}
