//! Descriptors that a program leaves to a child: which numbers they have is told by other means.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::{Errno, FdFlags, Result, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd};
use rustix::net::{AddressFamily, SocketType, sockopt};

/// Lets the program that `command` starts have these descriptors, under their numbers. They stay
/// closed to every other child, and open here as long as `command` exists.
pub fn leave_to(command: &mut Command, fds: Vec<OwnedFd>) {
    let uncover = move || {
        for fd in &fds {
            fcntl_setfd(fd, FdFlags::empty())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes plain system calls on descriptors that it owns;
    // it neither allocates nor locks.
    unsafe { command.pre_exec(uncover) };
}

/// The same for descriptors that somebody else owns; one that is closed by then is passed over.
pub fn leave_numbers_to(command: &mut Command, numbers: Vec<RawFd>) {
    if numbers.is_empty() {
        return;
    }
    let uncover = move || {
        for number in numbers.iter().filter(|number| **number >= 0) {
            // SAFETY: not -1 (above); used for one call, which answers `EBADF` if it is not open.
            let fd = unsafe { BorrowedFd::borrow_raw(*number) };
            let _ = fcntl_setfd(fd, FdFlags::empty());
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes plain system calls; it neither allocates nor locks.
    unsafe { command.pre_exec(uncover) };
}

/// Lets every child of this program have the descriptor.
///
/// # Errors
/// What `fcntl` gives.
pub fn uncover(fd: impl AsFd) -> Result<()> {
    fcntl_setfd(fd, FdFlags::empty())
}

/// Takes what the parent left under this number, once: from then on it is closed to children.
///
/// # Errors
/// `EBADF` if there is nothing, or something that this program opened or took itself.
pub fn take(number: RawFd) -> Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    if number <= 2 {
        return Err(Errno::BADF);
    }
    // SAFETY: the descriptor is used for two calls only; if it is not open, they answer `EBADF`.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    if fcntl_getfd(fd)?.contains(FdFlags::CLOEXEC) {
        return Err(Errno::BADF);
    }
    fcntl_setfd(fd, FdFlags::CLOEXEC)?;
    // SAFETY: nobody in this program owns it: descriptors that Rust code opens are closed on exec, and
    // this one was not, so it was inherited; the flag, now set, keeps it from being taken again.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A copy for a child.
///
/// # Errors
/// What `fcntl` gives.
pub fn copy(fd: impl AsFd) -> Result<OwnedFd> {
    fcntl_dupfd_cloexec(fd, 3)
}

/// The numbers, in order.
#[must_use]
pub fn numbers(fds: &[OwnedFd]) -> Vec<RawFd> {
    fds.iter().map(AsRawFd::as_raw_fd).collect()
}

/// Whether this can be the socket of a connection.
#[must_use]
pub fn is_lifeline(socket: impl AsFd) -> bool {
    let socket = socket.as_fd();
    sockopt::socket_type(socket).is_ok_and(|kind| kind == SocketType::SEQPACKET)
        && sockopt::socket_domain(socket).is_ok_and(|domain| domain == AddressFamily::UNIX)
}
