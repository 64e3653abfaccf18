//! The chime: how one thread of a process makes a descriptor readable that another one polls.
//!
//! A connection's socket becomes readable by what the other side does; this by what happens on the own
//! side, in this process. It rings once for each time that it was armed, so who polls nothing pays
//! nothing.
//!
//! ```text
//! poller                                   ringer
//!   armed = true                             publish a change
//!   full fence                               full fence
//!   look again: news? -> no need to poll     armed? no -> done
//!   poll the descriptor                      armed = false, write to the descriptor
//! ```
//!
//! The fences make it lose nothing, as at a [doorbell](crate::doorbell).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Result;

use crate::sync::full_fence;

/// A descriptor that becomes readable when somebody rings, if it was armed.
#[derive(Debug)]
pub struct Chime {
    place: Place,
    armed: AtomicBool,
}

#[derive(Debug)]
enum Place {
    /// A descriptor of its own.
    Own(OwnedFd),
    /// The tower, where it has a number.
    Tower(Arc<Tower>, u64),
}

/// A descriptor that many chimes share: it becomes readable when any of them rings, and tells which did.
#[derive(Debug)]
pub struct Tower {
    fd: OwnedFd,
    rung: Mutex<Vec<u64>>,
}

impl Tower {
    /// A tower without chimes.
    ///
    /// # Errors
    ///
    /// What the system answers to the wish for a descriptor.
    pub fn new() -> Result<Self> {
        Ok(Self { fd: counter()?, rung: Mutex::default() })
    }

    /// Rings a number.
    pub fn ring(&self, number: u64) {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        count(&self.fd);
    }

    /// Takes the numbers that have rung; the descriptor is unreadable then.
    pub fn take(&self, into: &mut Vec<u64>) {
        // In this order: what rings after it makes the descriptor readable again.
        let _ = rustix::io::read(&self.fd, &mut [0; 8]);
        into.append(&mut self.rung.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl AsFd for Tower {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn counter() -> Result<OwnedFd> {
    eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
}

fn count(fd: &OwnedFd) {
    // A full counter is readable already.
    let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
}

impl Chime {
    /// A chime that is not armed.
    ///
    /// # Errors
    ///
    /// What the system answers to the wish for a descriptor.
    pub fn new() -> Result<Self> {
        Ok(Self { place: Place::Own(counter()?), armed: AtomicBool::new(false) })
    }

    /// A chime that is not armed, at a tower, under this number.
    #[must_use]
    pub fn at(tower: &Arc<Tower>, number: u64) -> Self {
        Self { place: Place::Tower(tower.clone(), number), armed: AtomicBool::new(false) }
    }

    /// The next ring makes the descriptor readable. The caller looks at what it waits for after this.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
        full_fence();
    }

    /// Rings, after the news was published.
    pub fn ring(&self) {
        full_fence();
        // Relaxed: the fence above and that of `arm` decide who sees whom.
        if self.armed.load(Ordering::Relaxed) && self.armed.swap(false, Ordering::Relaxed) {
            match &self.place {
                Place::Own(fd) => count(fd),
                Place::Tower(tower, number) => tower.ring(*number),
            }
        }
    }

    /// Makes the descriptor unreadable again. What rang before is seen by who looks after this. Of a tower's
    /// nothing is taken: [`Tower::take`] does that.
    pub fn clear(&self) {
        if let Place::Own(fd) = &self.place {
            let _ = rustix::io::read(fd, &mut [0; 8]);
        }
    }
}

impl AsFd for Chime {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.place {
            Place::Own(fd) => fd.as_fd(),
            Place::Tower(tower, _) => tower.as_ref().as_fd(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn is_readable(chime: &Chime) -> bool {
        poll(&mut [PollFd::new(chime, PollFlags::IN)], Some(&Timespec::default())).unwrap() == 1
    }

    #[test]
    fn it_rings_once_for_each_time_it_was_armed() {
        let chime = Chime::new().unwrap();
        chime.ring();
        assert!(!is_readable(&chime), "nobody had armed it");
        chime.arm();
        assert!(!is_readable(&chime));
        chime.ring();
        assert!(is_readable(&chime));
        chime.clear();
        chime.ring();
        assert!(!is_readable(&chime));
        chime.clear();
    }

    #[test]
    fn a_tower_tells_which_of_its_chimes_rang() {
        let tower = Arc::new(Tower::new().unwrap());
        let [first, second] = [7, 9].map(|number| Chime::at(&tower, number));
        second.arm();
        first.ring();
        second.ring();
        second.ring();
        assert!(is_readable(&second));
        let mut rung = Vec::new();
        tower.take(&mut rung);
        assert_eq!(rung, [9]);
        assert!(!is_readable(&second));
    }
}
