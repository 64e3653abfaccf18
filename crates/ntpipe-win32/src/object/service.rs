//! The service thread: completes what pends while the program does something else. One per process,
//! started by the first operation that pends.
//!
//! It sleeps at a hub, to which each end is attached when something pends on it for the first time. While
//! operations are left to those who wait at a port, it looks in every millisecond, so that none waits for
//! somebody who does not come.
//!
//! At the same hub it listens to the processes that hold file objects which are bound to a port here.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use ntpipe::overlapped::{Hub, Readiness};
use ntpipe_shm::generation::PerProcess;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::io::Io;
use super::line::{Heard, Inlet, Outlet};
use super::port::PortObject;
use crate::boundary::guarded;
use crate::failure::{Failure, Result};
use crate::processthreadsapi::own_stack;
use crate::token;

const TICK: Duration = Duration::from_millis(1);
/// So many ticks without work, and it sleeps until there is some.
const IDLE_TICKS: u32 = 20;
/// What ends a long sleep; the keys of ends are above.
const WAKE: u64 = 0;

struct Service {
    hub: Arc<Hub>,
    watched: Mutex<HashMap<u64, Watched>>,
    visits: Mutex<Visits>,
    /// Held by who takes what the hub has to tell, until that is done.
    serving: Mutex<Vec<u64>>,
    process: u32,
}

/// What tells of changes at the hub.
#[derive(Clone)]
enum Watched {
    End(Weak<Io>),
    Line(Arc<Inlet>),
}

/// Where to look in at the next tick.
#[derive(Default)]
struct Visits {
    ports: Vec<Weak<PortObject>>,
    ends: Vec<Weak<Io>>,
    /// Who has more to tell than there was room for.
    outlets: Vec<Arc<Outlet>>,
    /// The thread ticks.
    awake: bool,
}

static SERVICE: PerProcess<Mutex<Option<Arc<Service>>>> = PerProcess::new();
static NEXT_KEY: AtomicU64 = AtomicU64::new(WAKE + 1);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The service of this process, if it has been started.
fn running() -> Option<Arc<Service>> {
    // A copy by other means than `fork` is not counted; it has no thread either.
    lock(SERVICE.get()).clone().filter(|service| service.process == std::process::id())
}

fn service() -> Result<Arc<Service>> {
    let mut slot = lock(SERVICE.get());
    match &*slot {
        Some(service) if service.process == std::process::id() => Ok(service.clone()),
        _ => Ok(slot.insert(Service::spawn()?).clone()),
    }
}

/// Serves this end whenever something changes on it: `attach` has it tell of that at the service's hub. Gives
/// the key for [`forget`].
///
/// # Errors
/// What starting the thread gives, or attaching.
pub(super) fn watch(
    io: &Arc<Io>,
    attach: impl FnOnce(&Hub, u64) -> Result<Arc<Readiness>>,
) -> Result<(Arc<Readiness>, u64)> {
    service()?.enter(Watched::End(Arc::downgrade(io)), attach)
}

/// Something through which another process tells completions to a port of this one.
///
/// # Errors
/// What starting the thread gives, or making a pair of sockets.
pub(super) fn lend(port: &Arc<PortObject>, key: usize) -> Result<OwnedFd> {
    let (inlet, far) = Inlet::open(port, key)?;
    listen(inlet).map(|()| far)
}

/// Hears what comes through this line, until the other side is gone.
///
/// # Errors
/// What starting the thread gives, or the system.
pub(super) fn listen(inlet: Inlet) -> Result<()> {
    let inlet = Arc::new(inlet);
    let line = Watched::Line(inlet.clone());
    service()?.enter(line, |hub, key| Ok(hub.watch(&*inlet, key)?)).map(|_| ())
}

/// An end is gone.
pub(super) fn forget(key: u64) {
    if let Some(service) = running() {
        lock(&service.watched).remove(&key);
    }
}

/// Looks in at a port from time to time.
pub(super) fn visit(port: &Arc<PortObject>) {
    if let Ok(service) = service() {
        service.plan(|visits| visits.ports.push(Arc::downgrade(port)));
    }
}

/// Looks at an end, at the next tick.
pub(super) fn look_at(io: &Arc<Io>) {
    if let Ok(service) = service() {
        service.plan(|visits| visits.ends.push(Arc::downgrade(io)));
    }
}

/// Sends at the next tick what there is no room for now.
pub(super) fn send_later(outlet: &Arc<Outlet>) {
    if let Ok(service) = service() {
        service.plan(|visits| visits.outlets.push(outlet.clone()));
    }
}

/// The calling thread, of this number, ends, and with it what it has started.
pub(super) fn abandon(thread: u32) {
    let Some(service) = running() else { return };
    let end = |watched: &Watched| match watched {
        Watched::End(io) => io.upgrade(),
        Watched::Line(_) => None,
    };
    let mut ends: Vec<_> = lock(&service.watched).values().filter_map(end).collect();
    // Those that could not be watched.
    ends.extend(lock(&service.visits).ends.iter().filter_map(Weak::upgrade));
    let stack = own_stack();
    ends.iter().for_each(|io| io.abandon(thread, &stack));
}

/// Completes, in this call, what can be: for who asks whether something has completed and does not wait.
/// Whether anything may have been pending.
pub fn settle() -> bool {
    let Some(service) = running() else { return false };
    service.serve();
    let ports = lock(&service.visits).ports.clone();
    ports.iter().filter_map(Weak::upgrade).for_each(|port| port.glance());
    true
}

/// For tests: holds what is locked for the whole process.
#[cfg(test)]
pub(crate) fn hold() -> impl Sized {
    lock(SERVICE.get())
}

impl Visits {
    fn is_empty(&self) -> bool {
        self.ports.is_empty() && self.ends.is_empty() && self.outlets.is_empty()
    }
}

impl Service {
    fn spawn() -> Result<Arc<Self>> {
        let service = Arc::new(Self {
            hub: Hub::new()?,
            watched: Mutex::default(),
            visits: Mutex::default(),
            serving: Mutex::default(),
            process: std::process::id(),
        });
        let run = service.clone();
        match token::spawn("ntpipe-io", move || run.run()) {
            Ok(_) => Ok(service),
            Err(error) => Err(Failure::from(error)),
        }
    }

    fn enter<T>(
        &self,
        watched: Watched,
        attach: impl FnOnce(&Hub, u64) -> Result<T>,
    ) -> Result<(T, u64)> {
        let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
        lock(&self.watched).insert(key, watched);
        let attached = attach(&self.hub, key).map(|attached| (attached, key));
        attached.inspect_err(|_| drop(lock(&self.watched).remove(&key)))
    }

    fn plan(&self, add: impl FnOnce(&mut Visits)) {
        let mut visits = lock(&self.visits);
        add(&mut visits);
        if !std::mem::replace(&mut visits.awake, true) {
            self.hub.ring(WAKE);
        }
    }

    fn run(&self) {
        let mut next = Instant::now();
        let mut idle = 0;
        loop {
            let awake = lock(&self.visits).awake;
            let left = next.saturating_duration_since(Instant::now());
            let timeout = awake.then_some(left).and_then(|left| Timespec::try_from(left).ok());
            // Woken for nothing, it finds nothing.
            let _ = poll(&mut [PollFd::new(&*self.hub, PollFlags::IN)], timeout.as_ref());
            self.serve();
            if awake && Instant::now() >= next {
                next = Instant::now() + TICK;
                // A bug in one tick does not end the thread, on which everybody relies.
                let any = guarded(|| Ok(self.tick())).unwrap_or(true);
                idle = if any { 0 } else { idle + 1 };
                if idle >= IDLE_TICKS {
                    let mut visits = lock(&self.visits);
                    visits.awake = !visits.is_empty();
                }
            }
        }
    }

    /// Serves the ends and lines on which something has changed.
    fn serve(&self) {
        let mut keys = lock(&self.serving);
        // What was taken before an error is served.
        let _ = self.hub.take(&mut keys);
        for key in keys.drain(..) {
            // A bug in one of them is no end for the others.
            let _ = guarded(|| {
                self.serve_one(key);
                Ok(())
            });
        }
    }

    fn serve_one(&self, key: u64) {
        let watched = lock(&self.watched).get(&key).cloned();
        match watched {
            Some(Watched::End(io)) => {
                if let Some(io) = io.upgrade() {
                    io.serve();
                }
            }
            Some(Watched::Line(inlet)) => match inlet.hear() {
                Heard::All => {}
                Heard::More => self.hub.ring(key),
                Heard::Over => drop(lock(&self.watched).remove(&key)),
            },
            None => {}
        }
    }

    /// Looks in where it was asked to; whether there was something.
    fn tick(&self) -> bool {
        let now = {
            let mut visits = lock(&self.visits);
            let awake = visits.awake;
            std::mem::replace(&mut *visits, Visits { awake, ..Visits::default() })
        };
        let any = !now.is_empty();
        let Visits { ports, ends, outlets, .. } = now;
        {
            let _serving = lock(&self.serving);
            ends.iter().filter_map(Weak::upgrade).for_each(|io| io.serve());
        }
        for port in ports {
            if port.upgrade().is_some_and(|port| port.is_hot()) {
                lock(&self.visits).ports.push(port);
            }
        }
        for outlet in outlets {
            if !outlet.flush() {
                lock(&self.visits).outlets.push(outlet);
            }
        }
        any
    }
}
