//! A named pipe as the standard stream of a program that calls plain `read` and `write`: a thread of
//! this process carries the bytes between the pipe and a kernel pipe.
//!
//! The thread holds the pipe as a handle of the program would: that of the one who started it is usually
//! closed at once.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use ntpipe::{Waitable, wait_any};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::pipe::End;
use super::{FileObject, PipeObject};
use crate::failure::Result;
use crate::token;

const PIECE_BYTES: usize = 65_536;

/// A pipe that counts as open until this is dropped.
struct Held(Arc<PipeObject>);

impl Held {
    fn new(pipe: Arc<PipeObject>) -> Self {
        pipe.opened();
        Self(pipe)
    }

    /// Waits until there is something to read; `None` if the program that reads it ends before.
    fn wait(&self, program: &FileObject) -> Option<()> {
        let end: &dyn Waitable = match self.0.end() {
            End::Server(server) => server,
            End::Client(client) => client,
            End::Reader(_) | End::Writer(_) => return Some(()),
        };
        // A descriptor to write to is ready to be read when nobody reads from its other side any more.
        let ready = wait_any(&[&program.as_fd(), end], None);
        matches!(ready, Ok(Some(1))).then_some(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// What a program writes to the descriptor is written to the pipe.
///
/// # Errors
/// The system calls'.
pub fn sink(pipe: Arc<PipeObject>) -> Result<OwnedFd> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    let source = FileObject::new(read, false)?;
    let held = Held::new(pipe);
    carry("ntpipe-relay", move |piece| {
        let len = source.read(piece, None).ok()?;
        held.0.pipe().send(&piece[..len]).ok().map(drop)
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
    let held = Held::new(pipe);
    carry("ntpipe-relay", move |piece| {
        held.wait(&sink)?;
        let got = held.0.pipe().recv(piece).ok()?;
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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use ntpipe::{ClientOptions, ErrorKind, NamedPipeServer, ServerOptions};

    use super::*;
    use crate::handle::{self, Entry};
    use crate::object::Object;
    use crate::types::access;

    /// A server, and its client behind a handle that is closed when `use_it` has looked at it.
    fn lent<T>(name: &str, use_it: impl FnOnce(Arc<PipeObject>) -> T) -> (NamedPipeServer, T) {
        let name = format!("test-relay-{name}-{}", std::process::id());
        let server = ServerOptions::new().create(&name).expect("a server");
        let client = ClientOptions::new().open(&name).expect("a client");
        server.connect().expect("connected");
        let client = Arc::new(PipeObject::new(End::Client(client), false).expect("an object"));
        let entry = Entry::new(Object::Pipe(client.clone()), access::FILE_ALL_ACCESS);
        let handle = handle::insert(entry).expect("a handle");
        let used = use_it(client);
        handle::close(handle).expect("closed");
        (server, used)
    }

    #[test]
    fn a_program_reads_what_comes_after_the_handle_was_closed_until_it_ends() {
        let (server, read) = lent("source", |pipe| source(pipe).expect("a descriptor"));
        let mut read = File::from(read);
        let mut text = [0; 5];
        for sent in [b"hello", b"again"] {
            server.send(sent).expect("sent");
            read.read_exact(&mut text).expect("read");
            assert_eq!(&text, sent);
        }
        drop(read);
        let ended = server.recv(&mut text).expect_err("the program has ended");
        assert_eq!(ended.kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_program_writes_after_the_handle_was_closed_until_it_ends() {
        let (server, write) = lent("sink", |pipe| sink(pipe).expect("a descriptor"));
        // More than the pipe takes at once: a write of the relay's has to wait.
        let written = vec![7; 1 << 20];
        std::thread::scope(|scope| {
            scope.spawn(|| File::from(write).write_all(&written).expect("written"));
            let mut text = vec![0; written.len()];
            (&server).read_exact(&mut text).expect("read");
            assert_eq!(text, written);
        });
        let mut text = [0; 5];
        let ended = server.recv(&mut text).expect_err("the program has ended");
        assert_eq!(ended.kind(), ErrorKind::BrokenPipe);
    }
}
