//! A server for many clients: an endless supply of connected ends, with spare instances.

use std::collections::VecDeque;
use std::sync::Mutex;

use rustix::event::{PollFd, PollFlags};

use crate::end::lock;
use crate::server::{NamedPipeServer, ServerOptions};
use crate::wait::Until;
use crate::{Result, cancel};

/// Keeps instances listening and hands out those that a client has opened.
///
/// With several spares a client finds a listening instance even while the server is busy with others:
/// one instance alone makes clients wait for each other.
///
/// ```no_run
/// # fn main() -> ntpipe::Result<()> {
/// let listener = ntpipe::PipeListener::bind(r"\\.\pipe\echo")?;
/// for client in listener.incoming() {
///     let client = client?;
///     std::thread::spawn(move || std::io::copy(&mut &client, &mut &client));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PipeListener {
    options: ServerOptions,
    name: String,
    spares: Mutex<VecDeque<NamedPipeServer>>,
}

impl PipeListener {
    /// Listens on a name with the default options and 4 spare instances. Must be the name's first.
    ///
    /// # Errors
    ///
    /// As [`ServerOptions::create`].
    pub fn bind(name: impl AsRef<str>) -> Result<Self> {
        ServerOptions::new().first_pipe_instance(true).listener(name, 4)
    }

    pub(crate) fn with(mut options: ServerOptions, name: String, spares: usize) -> Result<Self> {
        let mut listening = VecDeque::new();
        for _ in 0..spares.max(1) {
            match options.create(&name) {
                Ok(server) => listening.push_back(server),
                // The limit may be smaller than the wish.
                Err(error) if error.is_busy() && !listening.is_empty() => break,
                Err(error) => return Err(error),
            }
            options.first_pipe_instance(false);
        }
        Ok(Self { options, name, spares: Mutex::new(listening) })
    }

    /// Waits for a client, at all instances at once: one that connects and then does nothing keeps
    /// nobody else from coming in.
    ///
    /// A client that has written and closed already is handed out too: what it wrote can be read.
    ///
    /// # Errors
    ///
    /// As [`NamedPipeServer::connect`] and [`ServerOptions::create`].
    pub fn accept(&self) -> Result<NamedPipeServer> {
        let mut spares = lock(&self.spares);
        loop {
            if spares.is_empty() {
                spares.push_back(self.options.create(&self.name)?);
            }
            if let Some(at) = connected(&spares)? {
                let mut server = spares.remove(at).expect("found there");
                server.forget_readiness();
                match self.options.create(&self.name) {
                    Ok(next) => spares.push_back(next),
                    // At the limit: a later call tries again, when a client's instance may be closed.
                    Err(error) if error.is_busy() => {}
                    Err(error) => {
                        spares.push_front(server);
                        return Err(error);
                    }
                }
                return Ok(server);
            }
            let mut fds = Vec::with_capacity(spares.len());
            for server in &*spares {
                fds.push(PollFd::from_borrowed_fd(server.poll_fd()?, PollFlags::IN));
            }
            cancel::poll(fds, Until::Forever)?;
        }
    }

    /// An endless iterator over [`accept`](Self::accept).
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }
}

/// The first instance that a client has opened.
fn connected(spares: &VecDeque<NamedPipeServer>) -> Result<Option<usize>> {
    for (at, server) in spares.iter().enumerate() {
        let end = &server.pipe.end;
        let side = end.server.as_ref().expect("a server end");
        if server.pipe.named("accept", side.is_connected(end))? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// The clients of a [`PipeListener`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a PipeListener,
}

impl Iterator for Incoming<'_> {
    type Item = Result<NamedPipeServer>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.listener.accept())
    }
}
