//! The service thread: completes what pends while the program does something else. One per process,
//! started by the first operation that pends.
//!
//! It sleeps at a hub, to which each end is attached when something pends on it for the first time. While
//! operations are left to those who wait at a port, it looks in every millisecond, so that none waits for
//! somebody who does not come.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use ntpipe::overlapped::{Hub, Readiness};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::io::Io;
use super::port::PortObject;
use crate::failure::{Failure, Result};
use crate::token;

const TICK: Duration = Duration::from_millis(1);
/// So many ticks without work, and it sleeps until there is some.
const IDLE_TICKS: u32 = 20;
/// What ends a long sleep; the keys of ends are above.
const WAKE: u64 = 0;

struct Service {
    hub: Arc<Hub>,
    ends: Mutex<HashMap<u64, Weak<Io>>>,
    visits: Mutex<Visits>,
    /// Held by who takes what the hub has to tell, until that is done.
    serving: Mutex<Vec<u64>>,
    process: u32,
}

/// Where to look in at the next tick.
#[derive(Default)]
struct Visits {
    ports: Vec<Weak<PortObject>>,
    ends: Vec<Weak<Io>>,
    /// The thread ticks.
    awake: bool,
}

static SERVICE: Mutex<Option<Arc<Service>>> = Mutex::new(None);
static NEXT_KEY: AtomicU64 = AtomicU64::new(WAKE + 1);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The service of this process, if it has been started.
fn running() -> Option<Arc<Service>> {
    // A thread does not survive `fork`; the child starts its own.
    lock(&SERVICE).clone().filter(|service| service.process == std::process::id())
}

fn service() -> Result<Arc<Service>> {
    let mut slot = lock(&SERVICE);
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
    let service = service()?;
    let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
    lock(&service.ends).insert(key, Arc::downgrade(io));
    match attach(&service.hub, key) {
        Ok(readiness) => Ok((readiness, key)),
        Err(failure) => {
            lock(&service.ends).remove(&key);
            Err(failure)
        }
    }
}

/// An end is gone.
pub(super) fn forget(key: u64) {
    if let Some(service) = running() {
        lock(&service.ends).remove(&key);
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

/// Completes, in this call, what can be: for who asks whether something has completed and does not wait.
/// Whether anything may have been pending.
pub fn settle() -> bool {
    let Some(service) = running() else { return false };
    service.serve();
    let ports = lock(&service.visits).ports.clone();
    ports.iter().filter_map(Weak::upgrade).for_each(|port| port.glance());
    true
}

impl Service {
    fn spawn() -> Result<Arc<Self>> {
        let service = Arc::new(Self {
            hub: Hub::new()?,
            ends: Mutex::default(),
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
                idle = if self.tick() { 0 } else { idle + 1 };
                if idle >= IDLE_TICKS {
                    let mut visits = lock(&self.visits);
                    visits.awake = !(visits.ports.is_empty() && visits.ends.is_empty());
                }
            }
        }
    }

    /// Serves the ends on which something has changed.
    fn serve(&self) {
        let mut keys = lock(&self.serving);
        // What was taken before an error is served.
        let _ = self.hub.take(&mut keys);
        for key in keys.drain(..) {
            let io = lock(&self.ends).get(&key).and_then(Weak::upgrade);
            if let Some(io) = io {
                io.serve();
            }
        }
    }

    /// Looks in where it was asked to; whether there was something.
    fn tick(&self) -> bool {
        let (ports, ends) = {
            let mut visits = lock(&self.visits);
            (std::mem::take(&mut visits.ports), std::mem::take(&mut visits.ends))
        };
        let any = !ports.is_empty() || !ends.is_empty();
        {
            let _serving = lock(&self.serving);
            ends.iter().filter_map(Weak::upgrade).for_each(|io| io.serve());
        }
        for port in ports {
            if port.upgrade().is_some_and(|port| port.is_hot()) {
                lock(&self.visits).ports.push(port);
            }
        }
        any
    }
}
