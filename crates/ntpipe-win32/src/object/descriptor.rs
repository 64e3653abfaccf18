//! A pipe as a descriptor of the program's own, for `_open_osfhandle`: the program's end of a socket, from
//! and to which threads carry the bytes.
//!
//! Where the program only writes, each of its writes is one of the pipe's, and so one message. What it
//! reads has no boundaries.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use ntpipe::PipeMode;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, recv, send, shutdown,
    socketpair,
};

use super::PipeObject;
use crate::failure::Result;

const PIECE_BYTES: usize = 65_536;

/// This library's side of what the program writes.
#[derive(Debug)]
pub struct Sink {
    socket: OwnedFd,
    pipe: Arc<PipeObject>,
    /// Held from the moment at which bytes leave the socket until they are in the pipe; whether no more
    /// will be carried.
    carried: Mutex<bool>,
}

impl Sink {
    /// Carries what the program writes; whether that ended because it has closed its descriptor.
    fn run(&self) -> bool {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
            if matches!(poll(&mut fds, None), Err(errno) if errno != Errno::INTR) {
                return false;
            }
            let mut over = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
            match recv(&self.socket, &mut piece[..], RecvFlags::DONTWAIT) {
                Ok((0, _)) => {
                    *over = true;
                    return true;
                }
                Ok((len, _)) if self.pipe.pipe().send(&piece[..len]).is_ok() => {}
                Err(Errno::INTR | Errno::AGAIN) => {}
                Ok(_) | Err(_) => {
                    *over = true;
                    let _ = shutdown(&self.socket, Shutdown::Read);
                    return false;
                }
            }
        }
    }

    /// Waits until all that was written is in the pipe, or cannot get there.
    pub fn drain(&self) {
        loop {
            let over = self.carried.lock().unwrap_or_else(PoisonError::into_inner);
            if *over || !matches!(ioctl_fionread(&self.socket), Ok(1..)) {
                return;
            }
            drop(over);
            std::thread::yield_now();
        }
    }

    /// Carries what comes from the pipe.
    fn run_back(&self) {
        let mut piece = vec![0; PIECE_BYTES];
        while let Ok(got) = self.pipe.pipe().recv(&mut piece) {
            let mut rest = &piece[..got.len];
            while !rest.is_empty() {
                match send(&self.socket, rest, SendFlags::NOSIGNAL) {
                    Ok(len) => rest = &rest[len..],
                    Err(Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        }
        let _ = shutdown(&self.socket, Shutdown::Write);
    }
}

/// The program's descriptor for a pipe that it may read, write or both. `closed` runs when the program
/// has closed it.
///
/// # Errors
/// The system calls'.
pub fn of_pipe(
    pipe: Arc<PipeObject>,
    reads: bool,
    writes: bool,
    closed: impl FnOnce() + Send + 'static,
) -> Result<(OwnedFd, Arc<Sink>)> {
    let by_message = !reads && pipe.pipe().info().is_ok_and(|it| it.mode == PipeMode::Message);
    let kind = if by_message { SocketType::SEQPACKET } else { SocketType::STREAM };
    let (theirs, ours) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    if !reads {
        shutdown(&ours, Shutdown::Write)?;
    }
    if !writes {
        shutdown(&theirs, Shutdown::Write)?;
    }
    let sink = Arc::new(Sink { socket: ours, pipe, carried: Mutex::new(false) });
    let start = |run: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().name("ntpipe-descriptor".into()).spawn(run).map(drop)
    };
    if reads {
        let back = sink.clone();
        start(Box::new(move || back.run_back()))?;
    }
    if writes {
        let there = sink.clone();
        start(Box::new(move || {
            if there.run() {
                closed();
            }
        }))?;
    }
    Ok((theirs, sink))
}
