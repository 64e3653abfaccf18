//! Writing straight into the pipe's memory and reading straight out of it.
//!
//! Payload is shared with another process that may change it at any time, so it is never lent as a
//! `&[u8]`: bytes are copied once, between the pipe and wherever they come from or go.

use std::io;

use ntpipe_core::ops::{Reader, Recv, Step, Writer};
use ntpipe_core::sharing::Held;
use ntpipe_shm::lock::Guard;

use crate::pipe::Pipe;
use crate::{ErrorKind, Result};

/// Space in the pipe, to be filled piece by piece and then sent as one write.
///
/// It holds the end's writing half: other writers of this end wait until it is committed or dropped.
/// Dropping it sends nothing.
#[derive(Debug)]
pub struct Reservation<'a> {
    /// Given back before the lock of this process.
    _held: Option<Held>,
    writer: Guard<'a, Option<Writer>>,
    total: u32,
    filled: u32,
}

impl Reservation<'_> {
    /// Bytes that can still be written.
    #[must_use]
    pub fn left(&self) -> usize {
        (self.total - self.filled) as usize
    }

    /// Sends what was written so far; on a message pipe as one message.
    pub fn commit(mut self) -> usize {
        if let Some(writer) = self.writer.as_mut() {
            writer.commit(self.filled);
        }
        self.filled as usize
    }
}

impl io::Write for Reservation<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.left());
        if let Some(writer) = self.writer.as_mut() {
            writer.fill(self.total, self.filled, &bytes[..count]);
        }
        self.filled += u32::try_from(count).expect("at most `left`");
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is in front of the pipe, not taken yet.
///
/// It holds the end's reading half: other readers of this end wait until it is dropped.
#[derive(Debug)]
pub struct Borrowed<'a> {
    /// Given back before the lock of this process.
    _held: Option<Held>,
    reader: Guard<'a, Option<Reader>>,
    len: usize,
}

impl Borrowed<'_> {
    /// Bytes that are there: of the first message, or all on a byte pipe.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the message is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies from the front without taking.
    ///
    /// # Errors
    ///
    /// If the peer corrupted the pipe or the server disconnected.
    pub fn copy_to(&mut self, into: &mut [u8]) -> Result<usize> {
        match self.reader.as_mut() {
            Some(reader) => Ok(reader.peek(into)?.len),
            None => Err(ErrorKind::PipeNotConnected.into()),
        }
    }

    /// Takes up to `into.len()` bytes into the buffer.
    ///
    /// # Errors
    ///
    /// As [`copy_to`](Self::copy_to).
    pub fn consume(mut self, into: &mut [u8]) -> Result<Recv> {
        let Some(reader) = self.reader.as_mut() else {
            return Err(ErrorKind::PipeNotConnected.into());
        };
        let mut progress = ntpipe_core::ops::ReadProgress::default();
        let mode = ntpipe_core::mode::ReadMode::Message;
        match reader.read(into, mode, ntpipe_core::mode::WaitMode::NoWait, &mut progress)? {
            Step::Done(recv) => Ok(recv),
            Step::Wait(_) => {
                let early = reader.give_up(&progress);
                Ok(early.unwrap_or(Recv { len: 0, more: false }))
            }
        }
    }
}

impl Pipe {
    /// Reserves room for up to `len` bytes, to be written in place.
    ///
    /// # Blocking
    ///
    /// Until that much fits the quota.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and `ERROR_INVALID_PARAMETER` if `len` exceeds the quota.
    pub fn reserve(&self, len: u32) -> Result<Reservation<'_>> {
        if !self.end.rights.write {
            return self.named("reserve", Err(ErrorKind::AccessDenied.into()));
        }
        loop {
            let room = self.end.wait_for_room(len);
            self.named("reserve", room)?;
            let mut writer = self.end.writer.lock();
            let mut held = None;
            let step = match writer.as_mut() {
                Some(writer) => self.end.check_ring().and_then(|()| {
                    held = writer.hold()?;
                    writer.reserve(len)
                }),
                None => Err(ErrorKind::PipeNotConnected.into()),
            };
            // Another writer may have been faster.
            if let Step::Done(()) = self.named("reserve", step)? {
                return Ok(Reservation { _held: held, writer, total: len, filled: 0 });
            }
        }
    }

    /// Looks at what is in front, to copy it where it belongs and take it then.
    ///
    /// # Blocking
    ///
    /// Until something is there.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn borrow(&self) -> Result<Borrowed<'_>> {
        if !self.end.rights.read {
            return self.named("borrow", Err(ErrorKind::AccessDenied.into()));
        }
        loop {
            let there = self.end.wait_for_data();
            self.named("borrow", there)?;
            let mut reader = self.end.reader.lock();
            let mut held = None;
            let front = match reader.as_mut() {
                Some(half) => self.end.check_ring().and_then(|()| {
                    held = half.hold()?;
                    half.front_len()
                }),
                None => Err(ErrorKind::PipeNotConnected.into()),
            };
            // Another reader may have been faster.
            if let Step::Done(len) = self.named("borrow", front)? {
                return Ok(Borrowed { _held: held, reader, len });
            }
        }
    }
}
