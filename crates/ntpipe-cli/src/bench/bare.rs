//! The two limits of the machine as links.

use std::io;
use std::os::fd::OwnedFd;

use ntpipe_shm::bare::{CopyRing, Line};

use super::kernel::Far;
use super::link::Link;

/// Bytes in the ring: it stays in a core's own cache.
const CAPACITY: usize = 256 << 10;

/// Both sides on one cache line: a count, and the signal in its lowest two bits.
pub(crate) struct LineLink {
    line: Line,
    last: u64,
}

impl LineLink {
    /// A new line.
    pub(crate) fn pair() -> io::Result<(Self, Far)> {
        let (line, fd) = Line::create()?;
        Ok((Self { line, last: 0 }, (fd.try_clone()?, fd)))
    }

    /// The other side of a line.
    pub(crate) fn open(fd: &OwnedFd) -> io::Result<Self> {
        Ok(Self { line: Line::open(fd)?, last: 0 })
    }
}

impl Link for LineLink {
    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        self.last = ((self.last >> 2) + 1) << 2 | u64::from(data[0] & 3);
        self.line.store(self.last);
        Ok(())
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.last = self.line.wait_while(self.last)?;
        buffer[0] = self.last.to_le_bytes()[0] & 3;
        Ok(())
    }
}

/// One direction of copies.
pub(crate) struct RingLink(CopyRing);

impl RingLink {
    /// A new ring.
    pub(crate) fn pair() -> io::Result<(Self, Far)> {
        let (ring, fd) = CopyRing::create(CAPACITY)?;
        Ok((Self(ring), (fd.try_clone()?, fd)))
    }

    /// The other side of a ring.
    pub(crate) fn open(fd: &OwnedFd) -> io::Result<Self> {
        Ok(Self(CopyRing::open(fd)?))
    }
}

impl Link for RingLink {
    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        Ok(self.0.push(data)?)
    }

    fn recv(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        Ok(self.0.pop(buffer)?)
    }
}
