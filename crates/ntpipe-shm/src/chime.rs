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

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Result;

use crate::sync::full_fence;

/// A descriptor that becomes readable when somebody rings, if it was armed.
#[derive(Debug)]
pub struct Chime {
    fd: OwnedFd,
    armed: AtomicBool,
}

impl Chime {
    /// A chime that is not armed.
    ///
    /// # Errors
    ///
    /// What the system answers to the wish for a descriptor.
    pub fn new() -> Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { fd, armed: AtomicBool::new(false) })
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
            // A full counter is readable already.
            let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
        }
    }

    /// Makes the descriptor unreadable again. What rang before is seen by who looks after this.
    pub fn clear(&self) {
        let _ = rustix::io::read(&self.fd, &mut [0; 8]);
    }
}

impl AsFd for Chime {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
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
}
