//! Either end of a pipe, where a command does not care which.

use std::io::{self, Read as _, Write as _};

use ntpipe::{NamedPipeClient, NamedPipeServer, Recv};

/// A server's or a client's end.
#[derive(Debug)]
pub(crate) enum End {
    /// The server's.
    Server(NamedPipeServer),
    /// The client's.
    Client(NamedPipeClient),
}

impl End {
    /// Sends one message.
    pub(crate) fn send(&self, data: &[u8]) -> io::Result<()> {
        match self {
            Self::Server(end) => end.send(data)?,
            Self::Client(end) => end.send(data)?,
        };
        Ok(())
    }

    /// Receives one message or its next part.
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<Recv> {
        Ok(match self {
            Self::Server(end) => end.recv(buffer)?,
            Self::Client(end) => end.recv(buffer)?,
        })
    }

    /// Writes all bytes.
    pub(crate) fn write_all(&self, data: &[u8]) -> io::Result<()> {
        match self {
            Self::Server(end) => (&mut &*end).write_all(data),
            Self::Client(end) => (&mut &*end).write_all(data),
        }
    }

    /// Reads what is there; 0 at the end.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Server(end) => (&mut &*end).read(buffer),
            Self::Client(end) => (&mut &*end).read(buffer),
        }
    }

    /// Waits until the peer has read everything.
    pub(crate) fn flush(&self) -> io::Result<()> {
        match self {
            Self::Server(end) => end.flush()?,
            Self::Client(end) => end.flush()?,
        }
        Ok(())
    }

    /// Ends the connection under every call on it, in this or another thread.
    pub(crate) fn hang_up(&self) {
        // Fails only for a connection that is over already.
        match self {
            Self::Server(end) => drop(end.disconnect()),
            Self::Client(end) => end.cancel_io(),
        }
    }
}
