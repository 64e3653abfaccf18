//! A bell for everyone who has a copy of one descriptor.
//!
//! An event counter that nobody reads: each ring counts it up, and every `epoll` that watches the
//! descriptor for edges learns of it, in whichever process, however many there are.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Result;

/// A bell.
///
/// # Errors
/// What `eventfd2` gives.
pub fn create() -> Result<OwnedFd> {
    eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
}

/// Rings.
pub fn ring(bell: impl AsFd) {
    // It fails only when the counter is full, which would take centuries.
    let _ = rustix::io::write(bell, &1u64.to_ne_bytes());
}

/// Whether this descriptor can be a bell.
#[must_use]
pub fn is_bell(fd: impl AsFd) -> bool {
    let path = format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd());
    std::fs::read_link(path).is_ok_and(|name| name.as_os_str() == "anon_inode:[eventfd]")
}
