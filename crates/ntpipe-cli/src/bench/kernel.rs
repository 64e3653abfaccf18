//! The kernel's transports: pipe, sockets, eventfd.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::EventfdFlags;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::pipe::PipeFlags;

use super::link::Link;

/// What the other process gets as its standard input and output.
pub(crate) type Far = (OwnedFd, OwnedFd);

/// A stream: one descriptor to read, one to write.
pub(crate) struct Stream {
    input: File,
    output: File,
}

impl Stream {
    /// A kernel pipe each way.
    pub(crate) fn pipes() -> io::Result<(Self, Far)> {
        let (far_in, output) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (input, far_out) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        Ok((Self::new(input, output), (far_in, far_out)))
    }

    /// A stream socket.
    pub(crate) fn socket() -> io::Result<(Self, Far)> {
        let (near, far) = pair(SocketType::STREAM)?;
        Ok((Self::new(near.try_clone()?, near), (far.try_clone()?, far)))
    }

    /// From descriptors.
    pub(crate) fn new(input: OwnedFd, output: OwnedFd) -> Self {
        Self { input: input.into(), output: output.into() }
    }
}

impl Link for Stream {
    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        self.output.write_all(data)
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.input.read_exact(buffer)
    }
}

/// A socket that keeps messages.
pub(crate) struct Seqpacket(OwnedFd);

impl Seqpacket {
    /// A connected pair.
    pub(crate) fn pair() -> io::Result<(Self, Far)> {
        let (near, far) = pair(SocketType::SEQPACKET)?;
        Ok((Self(near), (far.try_clone()?, far)))
    }

    /// From a descriptor.
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }
}

impl Link for Seqpacket {
    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        let sent = rustix::net::send(&self.0, data, SendFlags::NOSIGNAL)?;
        whole(sent, data.len())
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let wanted = buffer.len();
        let (got, _) = rustix::net::recv(&self.0, buffer, RecvFlags::empty())?;
        whole(got, wanted)
    }
}

/// An eventfd each way; the signal is the value.
pub(crate) struct Eventfd {
    input: OwnedFd,
    output: OwnedFd,
}

impl Eventfd {
    /// Two eventfds, crossed.
    pub(crate) fn pair() -> io::Result<(Self, Far)> {
        let to = rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?;
        let from = rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?;
        let far = (to.try_clone()?, from.try_clone()?);
        Ok((Self { input: from, output: to }, far))
    }

    /// From descriptors.
    pub(crate) fn new(input: OwnedFd, output: OwnedFd) -> Self {
        Self { input, output }
    }
}

impl Link for Eventfd {
    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        let value = u64::from(data[0]).to_ne_bytes();
        whole(rustix::io::write(&self.output, &value)?, value.len())
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let mut value = [0; 8];
        whole(rustix::io::read(self.input.as_fd(), &mut value)?, 8)?;
        buffer[0] = u64::from_ne_bytes(value).to_le_bytes()[0];
        Ok(())
    }
}

fn pair(kind: SocketType) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    Ok(rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None)?)
}

fn whole(moved: usize, wanted: usize) -> io::Result<()> {
    if moved == wanted {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a message of another size"))
    }
}
