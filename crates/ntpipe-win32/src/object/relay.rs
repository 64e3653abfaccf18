//! A named pipe as the standard stream of a program that calls plain `read` and `write`: a thread of
//! this process carries the bytes between the pipe and a kernel pipe.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::{FileObject, PipeObject};
use crate::failure::Result;
use crate::token;

const PIECE_BYTES: usize = 65_536;

/// What a program writes to the descriptor is written to the pipe.
///
/// # Errors
/// The system calls'.
pub fn sink(pipe: Arc<PipeObject>) -> Result<OwnedFd> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    let source = FileObject::new(read, false)?;
    carry("ntpipe-relay", move |piece| {
        let len = source.read(piece, None).ok()?;
        pipe.pipe().send(&piece[..len]).ok().map(drop)
    })?;
    Ok(write)
}

/// What comes from the pipe can be read from the descriptor.
///
/// # Errors
/// The system calls'.
pub fn source(pipe: Arc<PipeObject>) -> Result<OwnedFd> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    let sink = FileObject::new(write, false)?;
    carry("ntpipe-relay", move |piece| {
        let got = pipe.pipe().recv(piece).ok()?;
        sink.write(&piece[..got.len], None).ok().map(drop)
    })?;
    Ok(read)
}

/// Repeats `step` on a thread until it gives up.
fn carry(name: &str, mut step: impl FnMut(&mut [u8]) -> Option<()> + Send + 'static) -> Result<()> {
    let run = move || {
        let mut piece = vec![0; PIECE_BYTES];
        while step(&mut piece).is_some() {}
    };
    match token::spawn(name, run) {
        Ok(_) => Ok(()),
        Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::AGAIN).into()),
    }
}
